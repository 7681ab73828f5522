package messenger_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/messenger"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/hub"
)

const (
	page = "108642097531246" // the samples' Page
	user = "6871204459123478"
	app  = "1517776481860111"
	hook = "https://hub.example.com/webhooks/messenger/abc"
)

var credentials = channel.Credentials{
	Secrets: channel.Secrets{
		messenger.AppSecret:   "f00dbabe0123456789abcdef01234567",
		messenger.VerifyToken: "verify-canary+token/92",
	},
	Accounts: []string{page},
	URL:      hook,
}

// account is the suite's, with what more it is connected with.
func account(more channel.Secrets) channel.Account {
	secrets := channel.Secrets{messenger.AccessToken: "EAAGcanary-page-token=="}
	for name, secret := range credentials.Secrets {
		secrets[name] = secret
	}
	for name, secret := range more {
		secrets[name] = secret
	}
	return channel.Account{ID: "acct", External: page, Secrets: secrets, Webhook: hook}
}

// withApp is the account of a connection that knows its app's id.
func withApp() *channel.Account {
	a := account(channel.Secrets{messenger.AppID: app})
	return &a
}

func suite(t testing.TB) channeltest.Suite {
	return contracttest.Signed(t, channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return messenger.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets: channel.Secrets{
				messenger.AppSecret:   "ffeeddccbbaa99887766554433221100",
				messenger.VerifyToken: "another-connections-token",
			},
			Accounts: []string{"999999999999999"},
		},
		Redelivered: [][2]string{{"delivery", "delivery_without_timestamp"}},
		Further:     further(),
		Unknown:     unknown(),
		Unparsable:  broken(),
		Host:        "graph.facebook.com",
		Account:     account(nil),
		Message: channel.Outgoing{
			To: user, Content: hub.TextContent("您好 <b>&</b> 😀"),
			RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f", Ref: "m1.demo.abc", Class: hub.ClassPerson,
		},
		Sends:       sends(),
		Wire:        "testdata/wire",
		Refused:     refused(),
		Unfit:       unfit(),
		Answers:     answers(),
		Profiles:    profiles(),
		Typings:     actions(),
		Marks:       actions(),
		Checks:      checks(),
		Registers:   registers(),
		Unregisters: unregisters(),
		Registered:  registered(),
	})
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }

// items makes a webhook of the elements of one list.
func items(list, elements string) string {
	return `{"object":"page","entry":[{"id":"` + page + `","time":1791170415523,"` + list + `":[` + elements + `]}]}`
}

// item makes one element by the customer.
func item(member string) string {
	return `{"sender":{"id":"` + user + `"},"recipient":{"id":"` + page + `"},"timestamp":1791170415123,` + member + `}`
}

// further are forms of known events that no sample has.
func further() []string {
	return []string{
		items("messaging", item(`"message":{"mid":"m_1"}`)),
		items("messaging", item(`"message":{"mid":"m_1","text":""}`)),
		items("messaging", item(`"message":{"text":"no id"}`)),
		items("messaging", item(`"message":{"mid":"m_1","attachments":[{"type":"image","payload":{}},{"type":"location","payload":{"coordinates":{"lat":1,"long":2}}}]}`)),
		items("messaging", item(`"message":{"mid":"m_1","attachments":[{"type":"video","payload":{"url":"https://x.example/1"}},{"type":"video","payload":{"url":"https://x.example/1"}}]}`)),
		items("messaging", item(`"postback":{}`)),
		items("messaging", item(`"reaction":{"mid":"m_1","action":"react"}`)),
		items("messaging", item(`"read":{"mid":"m_1"}`)),
		items("messaging", item(`"read":{"watermark":1791170415}`)),
		items("messaging", item(`"message_edit":{"mid":"m_1","text":"x"}`)),
		items("messaging", item(`"message":{"mid":"m_1","is_deleted":true}`)),
		items("messaging", strings.Replace(item(`"message":{"mid":"m_1","text":"x"}`), `"timestamp":1791170415123,`, "", 1)),
		items("changes", `{"field":"messaging_policy_enforcement","value":{"recipient":{"id":"`+page+`"},"policy-enforcement":{"action":"warning","reason":"x"}}}`),
		`{"object":"page","entry":[{"id":"` + page + `","time":1,"field":"messages","value":` + item(`"message":{"mid":"m_1","text":"x"}`) + `}]}`,
		`{"object":"page","entry":[{"id":` + page + `,"time":1,"messaging":[{"sender":{"id":` + user + `},"recipient":{"id":` + page + `},"timestamp":1,"message":{"mid":"m_1","text":"numbers"}}]}]}`,
	}
}

// unknown are bodies of events that the adapter does not know.
func unknown() []string {
	return []string{
		items("messaging", item(`"hologram":{"mid":"m_1"}`)), items("messaging", item(`"optin":{"ref":"x"}`)),
		items("messaging", `{}`), items("messaging", `7,null,"x",[]`), items("messaging", item(`"message":null`)),
		items("messaging", item(`"reaction":{"mid":"m_1","action":"shrug"}`)), items("messaging", item(`"reaction":{"action":"react"}`)),
		items("messaging", item(`"delivery":{"mids":[]}`)), items("messaging", item(`"referral":{"type":"OPEN_THREAD"}`)),
		items("messaging", `{"sender":{"id":"`+page+`"},"recipient":{"id":"`+user+`"},"timestamp":1,"reaction":{"mid":"m_1","action":"react","emoji":"x"}}`),
		items("messaging", `{"sender":{"id":"`+page+`"},"recipient":{"id":"`+page+`"},"timestamp":1,"message":{"mid":"m_1","is_echo":true,"text":"to itself"}}`),
		items("messaging", `{"sender":{"id":"`+page+`"},"recipient":{"id":"`+user+`"},"timestamp":1,"message":{"mid":"m_1","is_echo":true,"is_deleted":true}}`),
		items("changes", `{"field":"feed","value":{"message":"not a conversation's"}}`), items("changes", `{"field":"x"}`), items("changes", `{}`),
		`{"object":"page","entry":[{"id":"` + page + `","time":1}]}`, `{"object":"page","entry":[5,null,{}]}`,
		`{"object":"page","entry":[{"messaging":{}}]}`,
	}
}

// broken are bodies that are not what Meta documents.
func broken() []string {
	whole := items("messaging", item(`"message":{"mid":"m_1","text":"x"}`))
	twice := func(member string) string { return strings.Replace(whole, member, member+","+member, 1) }
	return []string{
		"", "null", "[]", `"x"`, "0", "{}", `{"entry":[]}`, `{"object":"page"}`,
		`{"object":"instagram","entry":[]}`, `{"object":"whatsapp_business_account","entry":[]}`, `{"object":5,"entry":[]}`, `{"object":null,"entry":[]}`,
		`{"object":"page","entry":null}`, `{"object":"page","entry":{}}`, `{"object":"page","entry":[],"entry":[]}`,
		`{"object":"page","object":"page","entry":[]}`, `{"object":"instagram","entry":[],"object":"page"}`,
		`{"object":"page","entry":[],}`, `{'object':"page","entry":[]}`,
		twice(`"id":"` + page + `","time":1791170415523`), twice(`"time":1791170415523`),
		strings.Replace(whole, `"messaging":[`, `"messaging":[],"messaging":[`, 1),
		items("changes", `{"field":"a","field":"b"}`), items("changes", `{"value":{},"value":{}}`),
		items("messaging", `{"text":"`+"\x01"+`"}`), items("messaging", `{"type":"\x"}`), items("messaging", `{"type":"\u12g4"}`),
		items("messaging", `{"n":01}`), items("messaging", `{"n":tru}`), items("messaging", `{},`), items("messaging", `,{}`),
		items("messaging", `{"deep":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`),
		items("messaging", strings.Repeat("0,", 1_400_000)+"0"),
		`{"object":"page","entry":[` + strings.Repeat("0,", 1_400_000) + "0]}",
	}
}
