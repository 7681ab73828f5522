package twilio_test

import (
	"fmt"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

const sender = "+14155550100" // a WhatsApp sender that is no sandbox

// numberOf is the account of a number with further fields.
func numberOf(external string, fields ...string) *channel.Account {
	a := channel.Account{ID: "acct", External: external, Webhook: webhook, Secrets: channel.Secrets{
		twilio.AccountSID: account, twilio.AuthToken: token,
	}}
	for i := 0; i < len(fields); i += 2 {
		a.Secrets[fields[i]] = hub.Secret(fields[i+1])
	}
	return &a
}

func owner(state, kind string) channeltest.Reply {
	return channeltest.Reply{Status: 200, Body: fmt.Sprintf(
		`{"sid":%q,"friendly_name":"Brand Ltd","status":%q,"type":%q,"owner_account_sid":%q}`, account, state, kind, account)}
}

func listed(id, state, callback, method string) string {
	return fmt.Sprintf(`{"sid":"XEaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","status":%q,"sender_id":"whatsapp:%s","profile":{"name":"Brand 旗艦店"},`+
		`"webhook":{"callback_url":%q,"callback_method":%q},"properties":null}`, state, id, callback, method)
}

func senders(next string, list ...string) channeltest.Reply {
	body := `{"meta":{"page":0,"next_page_url":` + next + `},"senders":[`
	for i, s := range list {
		if i > 0 {
			body += ","
		}
		body += s
	}
	return channeltest.Reply{Status: 200, Body: body + "]}"}
}

const inbound5 = webhook + "?c=tw1#rc=5&rp=all"

func checks() []channeltest.Ask {
	active := owner("active", "Full")
	good := channel.Standing{External: sender, Name: "Brand 旗艦店"}
	with := func(advice ...string) channel.Standing {
		s := good
		s.Advice = advice
		return s
	}
	const copyURL = "Copy the connection's webhook URL into Twilio's field \"When a message comes in\", with #rc=5&rp=all at its end: " +
		"without that Twilio does not send a failed webhook again."
	ask := func(name string, acct *channel.Account, replies ...channeltest.Reply) channeltest.Ask {
		return channeltest.Ask{Name: name, Account: acct, Replies: replies}
	}
	stands := func(q channeltest.Ask, s channel.Standing) channeltest.Ask { q.Standing = s; return q }
	fails := func(q channeltest.Ask, code hub.Code) channeltest.Ask { q.Code = code; return q }
	at := numberOf(sender)
	online := listed(sender, "ONLINE", inbound5, "POST")
	out := []channeltest.Ask{
		stands(ask("good", at, active, senders("null", online)), good),
		stands(ask("being updated, beside others", at, active, senders("null", listed("+14155550111", "DRAFT", "", ""),
			listed(sender, "ONLINE:UPDATING", inbound5, "POST"))), good),
		stands(ask("no retries", at, active, senders("null", listed(sender, "ONLINE", webhook, "POST"))),
			with("Twilio does not send a failed webhook again. Put #rc=5&rp=all at the end of the inbound URL.")),
		stands(ask("another URL", at, active, senders("null", listed(sender, "ONLINE", "https://elsewhere.example/", "POST"))),
			with("Twilio sends this number's messages to another URL, unless a Messaging Service says otherwise. "+copyURL)),
		stands(ask("no URL", at, active, senders("null", listed(sender, "ONLINE", "", ""))),
			with("The number has no inbound URL of its own at Twilio. "+copyURL)),
		stands(ask("by GET", at, active, senders("null", listed(sender, "ONLINE", inbound5, "GET"))),
			with("Twilio calls the inbound URL by GET. Change that to POST.")),
		stands(ask("on trial", at, owner("active", "Trial"), senders("null", online)),
			with("The Twilio account is on trial: it reaches only numbers that were verified at Twilio.")),
		stands(ask("many pages", at, active, senders(`"https://messaging.twilio.com/v2/Channels/Senders?Page=1"`, listed("+14155550111", "ONLINE", "", ""))),
			channel.Standing{External: sender, Name: "Brand Ltd", Advice: []string{
				"The Twilio account has very many WhatsApp senders: whether the number is one of them shows with the first message."}}),
		stands(ask("senders not open", at, active, channeltest.Reply{Status: 403, Body: failure(20403, 403)}),
			channel.Standing{External: sender, Name: "Brand Ltd", Advice: []string{
				"Twilio does not list this account's WhatsApp senders: whether the number is one of them shows with the first message."}}),
		stands(ask("the sandbox", numberOf(twilio.SandboxNumber, twilio.Sandbox, "silver-tiger"), active),
			channel.Standing{External: twilio.SandboxNumber, Name: "Brand Ltd", Advice: []string{
				`This is Twilio's sandbox: people send "join silver-tiger" to +14155238886 first, and again every three days.`, copyURL}}),
		stands(ask("the sandbox, no code", numberOf(twilio.SandboxNumber), active),
			channel.Standing{External: twilio.SandboxNumber, Name: "Brand Ltd", Advice: []string{
				`This is Twilio's sandbox: people send "join <code>" to +14155238886 first, and again every three days.`, copyURL}}),
		stands(ask("switches", numberOf(sender, twilio.AttachmentsIn, "off", twilio.AttachmentsOut, "On", twilio.MessagingServiceSID, "MG0123456789abcdef0123456789abcdef"),
			active, senders("null", online)), good),
		stands(ask("the only number", numberOf(""), active, senders("null", online)), good),

		fails(ask("no number, several", numberOf(""), active, senders("null", online, online)), hub.BadRequest),
		fails(ask("no number, senders not open", numberOf(""), active, channeltest.Reply{Status: 404, Body: failure(20404, 404)}), hub.BadRequest),
		fails(ask("the number is no sender", at, active, senders("null", listed("+14155550111", "ONLINE", "", ""))), hub.NotFound),
		fails(ask("no senders", at, active, senders("null")), hub.NotFound),
		fails(ask("offline", at, active, senders("null", listed(sender, "OFFLINE", inbound5, "POST"))), hub.AccountBroken),
		fails(ask("offline in words", at, active, senders("null", listed(sender, "see whatsapp:+886912345678", inbound5, "POST"))), hub.AccountBroken),
		fails(ask("refused together", at, channeltest.Reply{Status: 401, Body: failure(20003, 401)}), hub.TokenExpired),
		fails(ask("refused, not told why", at, channeltest.Reply{Status: 401}), hub.TokenExpired),
		fails(ask("not active", at, channeltest.Reply{Status: 401, Body: failure(20005, 401)}), hub.AccountBroken),
		fails(ask("no such account", at, channeltest.Reply{Status: 404, Body: failure(20404, 404)}), hub.NotFound),
		fails(ask("another account answers", at, channeltest.Reply{Status: 200, Body: `{"sid":"ACffffffffffffffffffffffffffffffff","status":"active"}`}), hub.NotFound),
		fails(ask("suspended", at, owner("suspended", "Full")), hub.AccountBroken),
		fails(ask("closed", at, owner("closed", "Full")), hub.AccountBroken),
		fails(ask("in no known state", at, owner("", "Full")), hub.AccountBroken),
		fails(ask("no JSON", at, channeltest.Reply{Status: 200, Body: "<html>"}), hub.Transient),
		fails(ask("down", at, channeltest.Reply{Status: 503, Body: "upstream"}), hub.Transient),
		fails(ask("senders down", at, active, channeltest.Reply{Status: 500}), hub.Transient),
		{Name: "too many calls", Account: at, Replies: []channeltest.Reply{{Status: 429, Header: map[string]string{"Retry-After": "2"}, Body: failure(20429, 429)}},
			Code: hub.RateLimited, RetryAfter: 2 * time.Second},
	}
	for name, acct := range map[string]*channel.Account{
		"no plus":                 numberOf("14155550100"),
		"spaces":                  numberOf("+1 415 555 0100"),
		"an API key":              numberOf(sender, twilio.AccountSID, "SK0123456789abcdef0123456789abcdef"),
		"no SID":                  numberOf(sender, twilio.AccountSID, "AC0123"),
		"a token with a space":    numberOf(sender, twilio.AuthToken, "0123456789abcdef 0123456789abcde"),
		"a code at a number":      numberOf(sender, twilio.Sandbox, "silver-tiger"),
		"a switch between on off": numberOf(sender, twilio.AttachmentsIn, "maybe"),
		"no Messaging Service":    numberOf(sender, twilio.MessagingServiceSID, "AC0123456789abcdef0123456789abcdef"),
	} {
		out = append(out, fails(ask(name, acct), hub.BadRequest))
	}
	under := numberOf(sender)
	under.Webhook = "https://my_hub.example.tw/webhooks/twilio/x"
	return append(out, fails(ask("a host with an underscore", under), hub.BadRequest))
}

func finds() []channeltest.Ask {
	const since = hub.Millis(1791170415123) // 2026-10-05 03:20:15 UTC
	entry := func(id, at, text, more string) string {
		return fmt.Sprintf(`{"sid":%q,"date_created":%q,"date_sent":null,"direction":"outbound-api","from":"whatsapp:%s","to":"whatsapp:+886912345678",`+
			`"body":%q,"num_media":"0","status":"sent"%s}`, id, at, number, text, more)
	}
	list := func(entries ...string) []channeltest.Reply {
		body := ""
		for i, e := range entries {
			if i > 0 {
				body += ","
			}
			body += e
		}
		return []channeltest.Reply{{Status: 200, Body: `{"page":0,"messages":[` + body + `],"next_page_uri":null}`}}
	}
	const text = "您好 <b>&</b> 😀"
	at, after := "Mon, 05 Oct 2026 03:20:16 +0000", "Mon, 05 Oct 2026 03:20:26 +0000"
	known := func(q channeltest.Ask, id string) channeltest.Ask {
		q.Known = map[string]bool{id: true}
		return q
	}
	ask := func(name string, found string, replies []channeltest.Reply) channeltest.Ask {
		return channeltest.Ask{Name: name, Since: since, Replies: replies, Found: found != "", Sent: channel.Sent{PlatformID: found}}
	}
	refused := func(status int, body string, code hub.Code) channeltest.Ask {
		return channeltest.Ask{Name: fmt.Sprintf("status %d", status), Since: since, Replies: []channeltest.Reply{{Status: status, Body: body}}, Code: code}
	}
	return []channeltest.Ask{
		ask("there", sid, list(entry(sid, at, text, ""))),
		ask("the newest before the send", sid, list(entry("SM1", at, "other", ""), entry(sid, at, text, ""), entry("SM2", at, text, ""))),
		ask("the oldest after the send", sid, list(entry("SM1", after, text, ""), entry(sid, after, text, ""), entry("SM2", at, text, ""))),
		known(ask("the oldest that is no other's", sid, list(entry(sid, after, text, ""), entry("SM1", after, text, ""))), "SM1"),
		known(ask("another's", "", list(entry("SM1", after, text, ""))), "SM1"),
		ask("in the same second", sid, list(entry(sid, "Mon, 05 Oct 2026 03:20:15 +0000", text, ""))),
		ask("before it was tried", "", list(entry(sid, "Mon, 05 Oct 2026 03:20:14 +0000", text, ""))),
		ask("another text", "", list(entry(sid, at, text+"!", ""))),
		ask("with a file", "", list(entry(sid, at, text, `,"num_media":"1"`))),
		ask("the customer's own", "", list(entry(sid, at, text, `,"direction":"inbound"`))),
		ask("an answer of Twilio's", "", list(entry(sid, at, text, `,"direction":"outbound-reply"`))),
		ask("to somebody else", "", list(entry(sid, at, text, `,"to":"whatsapp:+886900000000"`))),
		ask("from elsewhere", "", list(entry(sid, at, text, `,"from":"whatsapp:+14155550100"`))),
		ask("odd time", "", list(entry(sid, "yesterday", text, ""))),
		ask("nothing", "", list()),
		ask("no list", "", []channeltest.Reply{{Status: 200, Body: `{"messages":{"a":1}}`}}),
		ask("no JSON", "", []channeltest.Reply{{Status: 200, Body: `<html>`}}),
		ask("cut off", "", []channeltest.Reply{{Status: 200, Body: `{"messages":[` + entry(sid, at, text, "") + `,{"sid":"SM2","bo`}}),
		refused(401, failure(20003, 401), hub.TokenExpired),
		refused(404, failure(20404, 404), hub.AccountBroken),
		refused(429, failure(20429, 429), hub.RateLimited),
		refused(500, "upstream", hub.Transient),
		refused(302, "", hub.Transient),
	}
}
