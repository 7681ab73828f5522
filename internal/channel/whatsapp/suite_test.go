package whatsapp_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

const (
	number = "106540352242922" // the samples' phone_number_id
	user   = "TW.13491208655302741918"
	wamid  = "wamid.HBgMODg2OTEyMzQ1Njc4FQIAERgSQzQ1Rjc4QTk5OTk5OTk5OTk5AA=="
)

var credentials = channel.Credentials{
	Secrets: channel.Secrets{
		whatsapp.AppSecret:   "f00dbabe0123456789abcdef01234567",
		whatsapp.VerifyToken: "verify-canary+token/92",
	},
	Accounts: []string{number},
}

func suite(t testing.TB) channeltest.Suite {
	return contracttest.Signed(t, channeltest.Suite{
		New:         func(p channel.Platform) channel.Adapter { return whatsapp.New(p) },
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets: channel.Secrets{
				whatsapp.AppSecret:   "ffeeddccbbaa99887766554433221100",
				whatsapp.VerifyToken: "another-connections-token",
			},
			Accounts: []string{"999999999999999"},
		},
		Further:    further(),
		Unknown:    unknown(),
		Unparsable: broken(),
		Host:       "graph.facebook.com",
		Account:    *with(func(*channel.Account) {}),
		Message: channel.Outgoing{
			To: user, Content: hub.TextContent("您好 <b>&</b> 😀"),
			RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f", Ref: "m1.demo.abc",
		},
		Sends:   sends(),
		Wire:    "testdata/wire",
		Refused: refused(),
		Unfit:   unfit(),
		Answers: answers(),
		Typings: asks(),
		Marks:   asks(),

		Checks:      checks(),
		Registers:   registers(),
		Registered:  registered(),
		Unregisters: unregisters(),

		Linked: *with(withNumber("+886 2 7700 1234")),
	})
}

func TestContract(t *testing.T) { channeltest.Run(t, suite(t)) }

// further are notices of each field that tells the account's owner something, and a form
// whose answers are no object.
func further() []string {
	form := `{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"interactive","interactive":{"type":"nfm_reply","nfm_reply":{"body":"Sent","response_json":"[1]"}}}`
	group := `{"from":"886912345678","group_id":"Y2FwaV9ncm91cDox","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}`
	out := []string{list("messages", form), list("messages", group), list("errors", `{"code":130429,"title":"Rate limit hit"}`)}
	for _, field := range []string{
		"message_template_status_update", "message_template_quality_update", "template_category_update", "phone_number_quality_update",
		"phone_number_name_update", "account_update", "account_alerts", "account_review_update", "business_capability_update",
	} {
		out = append(out, body(`{"field":"`+field+`","value":{"event":"X"}}`))
	}
	return out
}

// unknown are bodies of events that the adapter does not know.
func unknown() []string {
	return []string{
		body(`{"value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"` + number + `"},"history":[{}]},"field":"history"}`),
		body(`{"value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"` + number + `"},"message_echoes":[{"id":"wamid.1"}]},"field":"smb_message_echoes"}`),
		body(`{"value":{"metadata":{"phone_number_id":"` + number + `"},"user_preferences":[{"wa_id":"886912345678","value":"stop"}]},"field":"user_preferences"}`),
		body(`{"field":"messages","value":{"metadata":{"phone_number_id":"` + number + `"},"holograms":[{}]}}`),
		body(`{"field":"messages","value":{"metadata":{"phone_number_id":"` + number + `"},"messages":{"id":"wamid.1"}}}`),
		strings.Replace(list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1","type":"text","text":{"body":"x"}}`), `"field":"messages"`, `"field":"group_history"`, 1),
		body(`{"field":"messages","value":7}`), body(`{"field":"messages"}`), body(`{}`), body(`7`), body(`"x",null,[]`),
		`{"object":"whatsapp_business_account","entry":[5,{},{"id":"1","changes":{}},null,{"id":"2","messaging":[{}]}]}`,
		list("statuses", `{"id":"wamid.1","status":"warning","timestamp":"1791170415","recipient_id":"886912345678"}`),
		list("statuses", `{"id":"wamid.1","status":"deleted","timestamp":"1791170415","recipient_id":"886912345678"},{"id":"wamid.2"},{}`),
		list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1791170415","type":"system","system":{"type":"group_created"}}`),
		list("messages", `{"from":"886912345678","id":"wamid.1","timestamp":"1791170415","type":"request_welcome"}`),
		list("messages", `{"id":"wamid.1","timestamp":"1791170415","type":"system","system":{"type":"user_changed_user_id","user_id":"TW.2"}}`),
	}
}

// broken are bodies that are not what Meta documents.
func broken() []string {
	whole := list("messages", `{"id":"wamid.1"}`)
	twice := func(member string) string { return strings.Replace(whole, member, member+","+member, 1) }
	return []string{
		"", "null", "[]", `"x"`, "0", "{}", `{"entry":[]}`, `{"object":"whatsapp_business_account"}`,
		`{"object":"page","entry":[]}`, `{"object":5,"entry":[]}`, `{"object":null,"entry":[]}`,
		`{"object":"whatsapp_business_account","entry":null}`, `{"object":"whatsapp_business_account","entry":{}}`,
		`{"object":"whatsapp_business_account","entry":[],"entry":[]}`,
		`{"object":"whatsapp_business_account","object":"whatsapp_business_account","entry":[]}`,
		`{"object":"page","entry":[],"object":"whatsapp_business_account"}`,
		`{"object":"whatsapp_business_account","entry":[],}`, `{'object':"whatsapp_business_account","entry":[]}`,
		twice(`"id":"104996122399160"`), twice(`"field":"messages"`), twice(`"metadata":{"phone_number_id":"` + number + `"}`),
		twice(`"phone_number_id":"` + number + `"`), twice(`"messages":[{"id":"wamid.1"}]`),
		strings.Replace(whole, `"field":"messages"`, `"field":"messages","value":{}`, 1),
		strings.Replace(whole, `"changes":[`, `"changes":[],"changes":[`, 1),
		list("messages", `{"text":"`+"\x01"+`"}`), list("messages", `{"type":"\x"}`), list("messages", `{"type":"\u12g4"}`),
		list("messages", `{"n":01}`), list("messages", `{"n":1.}`), list("messages", `{"n":-}`), list("messages", `{"n":tru}`),
		list("messages", `{},`), list("messages", `,{}`),
		list("messages", `{"deep":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`),
		list("messages", strings.Repeat(`{"a":`, 100_000)),
		list("messages", strings.Repeat("0,", 1_400_000)+"0"),
		`{"object":"whatsapp_business_account","entry":[` + strings.Repeat("0,", 1_400_000) + "0]}",
		body(strings.Repeat("{},", 1_000_000) + "{}"),
	}
}

// body makes a webhook of changes.
func body(changes string) string {
	return `{"object":"whatsapp_business_account","entry":[{"id":"104996122399160","changes":[` + changes + `],"time":1791170415}]}`
}

// list makes a webhook of the elements of one array.
func list(name, elements string) string {
	return body(`{"value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"` + number + `"},"` + name + `":[` + elements + `]},"field":"messages"}`)
}
