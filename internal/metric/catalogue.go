package metric

// At the edge.
const (
	WebhooksAccepted Name = "WebhooksAccepted"
	WebhooksRefused  Name = "WebhooksRefused"
	EventsEnqueued   Name = "EventsEnqueued"
	EnqueueFailures  Name = "EnqueueFailures"
)

// Behind the inbound queue.
const (
	MessagesStored   Name = "MessagesStored"
	MessagesRepeated Name = "MessagesRepeated"
	MessagesLate     Name = "MessagesLate"
	StoreDelay       Name = "StoreDelay"
	ReceiptsFailed   Name = "ReceiptsFailed"
	SendsReconciled  Name = "SendsReconciled"
	Quarantined      Name = "Quarantined"
	RecordsReturned  Name = "RecordsReturned"
	RecordsPanicked  Name = "RecordsPanicked"
)

// Behind the change streams.
const (
	SendsHandedOn   Name = "SendsHandedOn"
	HandOnFailures  Name = "HandOnFailures"
	EventsPublished Name = "EventsPublished"
	PublishFailures Name = "PublishFailures"
)

// Sends.
const (
	SendsSent     Name = "SendsSent"
	SendDelay     Name = "SendDelay"
	SendsFailed   Name = "SendsFailed"
	SendsRetried  Name = "SendsRetried"
	SendsPaced    Name = "SendsPaced"
	SendsParked   Name = "SendsParked"
	SendsInDoubt  Name = "SendsInDoubt"
	SendsRepeated Name = "SendsRepeated"
	SendsUnknown  Name = "SendsUnknown"
	SendsDue      Name = "SendsDue"
	OldestDue     Name = "OldestDue"
)

// Beside the chain.
const (
	ProfilesStored Name = "ProfilesStored"
	ProfilesAbsent Name = "ProfilesAbsent"
	ProfilesFailed Name = "ProfilesFailed"
	SettingsMisses Name = "SettingsMisses"
	SettingsStale  Name = "SettingsStale"

	TokensRenewed    Name = "TokensRenewed"
	AccountsTroubled Name = "AccountsTroubled"
)

// The closed sets of values. Codes are those of internal/hub.
var (
	classes = []string{"bot", "person", "transactional", "marketing"}
	// readers are the functions that read settings, and batchers those that work off a queue.
	readers  = []string{"api", "erase", "inbound", "ingress", "linkfollow", "match", "media", "omnilink", "outbound", "profile"}
	batchers = []string{"inbound", "linkfollow", "match", "outbound", "profile"}

	edgeCodes = []string{"bad_request", "signature_invalid", "not_found", "method_not_allowed", "too_large", "unavailable"}
	keptCodes = []string{"unparsable", "oversize", "unknown_account", "stale_event", "key_reused", "poison", "permanent"}
	sendCodes = []string{
		"permanent", "blocked", "unreachable", "window_closed", "template_needed", "quota_exhausted", "token_expired", "stale_fence",
		"reply_budget", "deadline_passed", "erased", "unsupported", "opted_out", "account_broken", "template_invalid", "unknown_account",
	}
	receiptCodes = []string{
		"permanent", "blocked", "unreachable", "window_closed", "quota_exhausted", "opted_out", "account_broken", "template_invalid",
	}
	tryCodes     = []string{"transient", "rate_limited", "unclear", "token_expired"}
	troubleCodes = []string{"token_expired", "account_broken", "not_found", "bad_request", "permanent"}
	profileCodes = []string{"transient", "rate_limited", "unclear", "token_expired", "permanent"}
)

var (
	total       = [][]string{{}}
	perChannel  = [][]string{{channelKey}}
	perFunction = [][]string{{functionKey}}
)

// catalogue has no metric that CloudWatch keeps by itself: depths and ages of queues,
// requests, invocations and capacity are in its own namespaces.
var catalogue = []Definition{
	{WebhooksAccepted, Count, perChannel, nil, nil, Routine, "a webhook was answered 2xx"},
	{WebhooksRefused, Count, [][]string{{channelKey, codeKey}, {codeKey}}, edgeCodes, nil, Prompt, "a webhook was answered otherwise"},
	{EventsEnqueued, Count, perChannel, nil, nil, Routine, "an event lies on the inbound queue"},
	{EnqueueFailures, Count, perChannel, nil, nil, Urgent, "a webhook's events could not all be put on the queue: the platform is to send it again"},

	{MessagesStored, Count, perChannel, nil, nil, Routine, "a customer's message was stored"},
	{MessagesRepeated, Count, perChannel, nil, nil, Routine, "a message came that was stored before"},
	{MessagesLate, Count, perChannel, nil, nil, Routine, "a message was stored behind a newer one, or within the same moment"},
	{StoreDelay, Milliseconds, perChannel, nil, nil, Routine, "from a message's webhook until it was stored"},
	{ReceiptsFailed, Count, [][]string{{channelKey, codeKey}}, receiptCodes, nil, Prompt, "the platform told later that a message of ours did not arrive"},
	{SendsReconciled, Count, perChannel, nil, nil, Routine, "a receipt told the end of a send whose answer was lost"},
	{Quarantined, Count, [][]string{{codeKey}, {}}, keptCodes, nil, Urgent, "something that was accepted was put into quarantine"},
	{RecordsReturned, Count, perFunction, nil, batchers, Prompt, "a try of a queue's record failed; it comes again"},
	{RecordsPanicked, Count, total, nil, nil, Urgent, "a record made the code panic"},

	{SendsHandedOn, Count, total, nil, nil, Routine, "the change stream brought an intent to send to the outbound queue"},
	{HandOnFailures, Count, total, nil, nil, Prompt, "intents could not be put there; the stream brings them again"},
	{EventsPublished, Count, total, nil, nil, Routine, "a fact or revision was put on the bus"},
	{PublishFailures, Count, total, nil, nil, Prompt, "events could not be put on the bus; the stream brings them again"},

	{SendsSent, Count, [][]string{{channelKey, classKey}}, nil, nil, Routine, "the platform took a message of ours"},
	{SendDelay, Milliseconds, [][]string{{channelKey, classKey}}, nil, nil, Routine, "from the acceptance of a message until the platform took it"},
	{SendsFailed, Count, [][]string{{channelKey, codeKey}, {classKey}}, sendCodes, nil, Prompt, "a message failed for good"},
	{SendsRetried, Count, [][]string{{channelKey, codeKey}}, tryCodes, nil, Prompt, "a platform's answer, or its silence, made a message wait for another try"},
	{SendsPaced, Count, perChannel, nil, nil, Routine, "a message waited for the platform's pace to one customer"},
	{SendsParked, Count, perChannel, nil, nil, Prompt, "a message was parked for longer than its queue can hide it"},
	{SendsInDoubt, Count, perChannel, nil, nil, Prompt, "the answer to a transactional message was lost; a receipt is waited for"},
	{SendsRepeated, Count, perChannel, nil, nil, Prompt, "no receipt came, and such a message is called a second and last time"},
	{SendsUnknown, Count, [][]string{{classKey}, {}}, nil, nil, Urgent, "nobody can tell whether a message was sent"},
	{SendsDue, Count, total, nil, nil, Routine, "a parked or overdue send was handed on by reconcile"},
	{OldestDue, Milliseconds, total, nil, nil, Routine, "how overdue the oldest of them was"},

	{ProfilesStored, Count, perChannel, nil, nil, Routine, "the platform told who a contact is"},
	{ProfilesAbsent, Count, perChannel, nil, nil, Routine, "there is no profile to be had"},
	{ProfilesFailed, Count, [][]string{{channelKey, codeKey}}, profileCodes, nil, Prompt, "an ask for a profile failed"},
	{SettingsMisses, Count, perFunction, nil, readers, Routine, "a setting was read from the table, since none was kept or it was over a minute old"},
	{SettingsStale, Count, perFunction, nil, readers, Prompt, "a setting was served though it is old, since the table or the key service failed"},

	{TokensRenewed, Count, total, nil, nil, Routine, "an account's credentials were renewed before their end"},
	{AccountsTroubled, Count, [][]string{{codeKey}}, troubleCodes, nil, Prompt, "the platform answered a look at an account that something of it is not good"},
}

var byName = index(catalogue)

func index(list []Definition) map[Name]Definition {
	m := make(map[Name]Definition, len(list))
	for _, d := range list {
		m[d.Name] = d
	}
	return m
}
