package canary

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
)

// platform is what the traffic has to know of a channel's fake platform.
type platform struct {
	people []string // patterns of the customer's ids in a webhook
	tokens []string // patterns of what works once
	acts   []fake.Act
	faults []fault
	// astray turns a webhook into one for an account that is not connected; nil = the
	// platform's webhooks do not name their account.
	astray func(body string, account fake.Account) string
	// broken are what the platform signs, but does not document, made of a webhook; nil =
	// such JSON.
	broken func(body string) []fake.Act
	// nobody is an id that the platform gave to nobody, where sends to such are refused.
	nobody  string
	buttons bool     // a message can show buttons
	signs   []string // what the log shows of the traffic, beside what it shows of all channels
}

// fault is a fault plan, and what outbound logs of it.
type fault struct{ plan, sign string }

// faults are those that every fake platform can play. The signs of a server's error and
// of a lost answer differ: a send that the platform would take twice is in doubt then.
func faults(broken, dropped, silent string) []fault {
	return []fault{
		{`{"expired_token":true}`, "code=token_expired"},
		{`{"rate500":1}`, broken},
		{`{"rate429":1,"retry_after":300}`, "code=rate_limited seconds=300"},
		{`{"accept_then_drop":1}`, dropped},
		{`{"timeout":1}`, silent},
	}
}

func raw(text string) json.RawMessage { return json.RawMessage(text) }

// words fills what is looked for into a text.
func words(format string) string {
	return strings.NewReplacer("$WORDS", said+" "+phone+" "+email, "$PHONE", phone, "$NAME", name).Replace(format)
}

func quoted(format string) json.RawMessage { return raw(words(format)) }

// platforms has an entry for every channel with a fake platform.
func platforms() map[string]platform {
	return map[string]platform{
		"instagram": instagram(), "line": line(), "messenger": messenger(), "twilio": twilio(), "viber": viber(), "whatsapp": whatsApp(),
	}
}

// kinds are the channels, always in the same order: what a fault leaves behind meets the
// channels after it.
func kinds() []string { return slices.Sorted(maps.Keys(platforms())) }

// brokenJSON are bodies that are not what a platform documents.
func brokenJSON(body string) (acts []fake.Act) {
	for _, b := range []string{"{", `[]`, `{"` + said + `":`, `{"events":{"a":"` + said + `"},"entry":"` + email + `"}`, body[:len(body)-20]} {
		acts = append(acts, fake.Act{Extra: encoded(map[string]string{"type": "raw", "body": b})})
	}
	return acts
}

// line has reply tokens, which work once.
func line() platform {
	return platform{
		people: []string{`"userId":"(U[0-9a-f]{32})"`},
		tokens: []string{`"replyToken":"([^"]+)"`},
		acts: []fake.Act{
			{Follow: true}, {Text: "ping"}, {Sticker: "446/1988"}, {Image: "x"}, {Postback: words("$WORDS")}, {ID: "taken-back-1", Text: words("$WORDS")},
			{Extra: raw(`{"type":"unsend","message":"taken-back-1"}`)},
			{Extra: quoted(`{"type":"location","title":"$WORDS","address":"$NAME","latitude":25.03,"longitude":121.56}`)},
			{Extra: quoted(`{"type":"file","name":"$NAME.pdf","size":1000}`)},
			{Extra: quoted(`{"type":"group_text","group":"family","text":"$WORDS"}`)},
			{Extra: quoted(`{"type":"account_link","result":"ok","nonce":"$PHONE"}`)},
			{Extra: raw(`{"type":"verify"}`)}, {Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true},
		},
		buttons: true,
		nobody:  "Ub0dd1e5c4a7f93e26d8051b7ca94e3f6",
		signs:   []string{"sent by=reply", "sent by=push", "profile stored", "SendsFailed"},
		faults:  faults("status 500", "connection lost", "no answer in time"),
		astray: func(body string, a fake.Account) string {
			return strings.Replace(body, `"destination":"`+a.ExternalID, `"destination":"U00000000000000000000000000000000`, 1)
		},
	}
}

// whatsApp tells what became of sends, and who changed numbers.
func whatsApp() platform {
	return platform{
		people: []string{`"user_id":"([A-Z]{2}\.[^"]+)"`, `"wa_id":"(\d+)"`},
		acts: []fake.Act{
			{Text: "ping"}, {Sticker: "x"}, {Image: "x"}, {ID: "wamid.canary-1", Text: words("$WORDS")},
			{Extra: quoted(`{"type":"reply","text":"$WORDS"}`)}, {Extra: raw(`{"type":"reaction","emoji":"❤"}`)},
			{Extra: quoted(`{"type":"location","name":"$NAME","address":"$WORDS","latitude":25.03,"longitude":121.56}`)},
			{Extra: quoted(`{"type":"document","name":"$NAME.pdf","caption":"$WORDS"}`)},
			{Extra: quoted(`{"type":"contacts","contacts":[{"name":{"formatted_name":"$NAME"},"phones":[{"phone":"$PHONE"}]}]}`)},
			{Extra: raw(`{"type":"unsupported","kind":"poll"}`)},
			{Extra: quoted(`{"type":"error","code":131000,"details":"$WORDS"}`)},
			{Extra: quoted(`{"type":"template_status","name":"order_update","language":"en","event":"REJECTED","reason":"INVALID_FORMAT"}`)},
			{Extra: quoted(`{"type":"status","status":"failed","code":131026,"details":"$WORDS"}`)},
			{Extra: raw(`{"type":"handshake"}`)}, {Extra: raw(`{"type":"change_number"}`)}, {Text: "stop"}, {Text: words("$WORDS")}, {Text: "start"}, {Block: true}, {Follow: true}, {Text: words("$WORDS")},
		},
		buttons: true,
		signs:   []string{"sent by=send", "code=unknown_account", "receipt by=receipt"},
		faults:  faults("status 500", "send in doubt", "send in doubt"),
		astray: func(body string, a fake.Account) string {
			return strings.ReplaceAll(body, a.ExternalID, "999999999999999")
		},
	}
}
