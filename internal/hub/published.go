package hub

// Published is a fact or a revision on its way to the event bus. It is published at
// least once; who gets it twice knows it by its ID.
type Published struct {
	ID     string // key[#rev] of what happened, the same at every publication
	Kind   string // one of the constants below
	Team   TeamID
	At     Millis         // when it happened, by the platform's time where there is one
	Detail map[string]any // the members that the kind's schema names beside id, team and at
}

// Source is the bus's name for everything that the hub publishes.
const Source = "omnihub"

// Kinds of what the hub publishes. Each has a JSON schema of its name in
// internal/bus/catalogue.
const (
	MessageReceived  = "message.received" // a customer's message was stored
	MessageStatus    = "message.status"   // a message of ours was sent, delivered, read, or failed
	MessageReaction  = "message.reaction" // a customer reacted to a message, or took it back
	MessageEdited    = "message.edited"   // a customer changed a message
	MessageUnsent    = "message.unsent"   // a customer took a message back
	MessagesReadUpTo = "messages.read"    // a customer read all that was sent until a time

	ConversationOpened  = "conversation.opened"  // a case began
	ConversationChanged = "conversation.changed" // it was accepted, or moved to another thread
	ConversationClosed  = "conversation.closed"  // it ended

	ContactCreated   = "contact.created"      // a home came to be
	ContactChanged   = "contact.changed"      // a field of its profile changed
	ContactLinked    = "contact.linked"       // two homes are one person
	ContactUnlinked  = "contact.unlinked"     // the join of two homes was undone
	ContactCandidate = "contact.candidate"    // two homes may be one person: a member should decide
	ContactMoved     = "contact.moved"        // the person goes by another id of the platform now
	AccountLinked    = "contact.account_link" // an account link of the platform's ended, well or not
	ContactErasing   = "contact.erasing"      // a person is being erased: subscribers erase what they have
	ContactErased    = "contact.erased"       // nothing is left of a person
	ContactEntered   = "contact.entered"      // a customer came by an advertisement, or by a link of the brand's

	OmniLinked = "omnilink.linked" // who tapped a card and who arrived in another channel are one contact
	OmniAsked  = "omnilink.asked"  // who tapped a card is asked whether it was he who arrived
	OmniFailed = "omnilink.failed" // who tapped a card and who arrived do not become one contact

	TagApplied = "tag.applied" // a home bears a tag, or bears it anew
	TagRemoved = "tag.removed" // it does not bear it any more

	Followed   = "subscription.followed"   // the customer let the account in
	Unfollowed = "subscription.unfollowed" // blocked it, or took it out of a group
	OptOut     = "subscription.opted_out"  // the customer wants no automatic and marketing messages
	OptIn      = "subscription.opted_in"   // wants them again
	// MarketingOut: the customer wants no marketing messages, by the platform's word.
	MarketingOut = "subscription.marketing_out"

	AccountNotice        = "account.notice"         // the platform told the account's owner something
	AccountConnected     = "account.connected"      // an account joined the team
	AccountDisconnected  = "account.disconnected"   // it was taken out, with its credentials
	AccountTokenExpiring = "account.token_expiring" // its credentials end soon, and a person must renew them
	AccountTokenExpired  = "account.token_expired"  // the platform refuses its credentials
	AccountTokenRenewed  = "account.token_renewed"  // it has new credentials
	AccountWebhookLost   = "account.webhook_lost"   // its webhooks go to another system now
)
