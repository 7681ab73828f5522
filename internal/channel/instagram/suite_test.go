package instagram_test

import (
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/instagram"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/hub"
)

const (
	account = "17841405309211844" // the samples' professional account
	pageID  = "108642097531246"
	user    = "1254477890123456"
	mid     = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQx_answer"
)

var credentials = channel.Credentials{
	Secrets: channel.Secrets{
		instagram.AppSecret:   "f00dbabe0123456789abcdef01234567",
		instagram.VerifyToken: "verify-canary+token/92",
	},
	Accounts: []string{account},
}

var (
	byPage = channel.Account{ID: "acct", External: account, Webhook: "https://hub.example/webhooks/instagram/x", Secrets: channel.Secrets{
		instagram.AccessToken: "EAACanary+access/token==", instagram.PageID: pageID, instagram.AppSecret: "f00dbabe0123456789abcdef01234567"}}
	byLogin = channel.Account{ID: "acct", External: account, Webhook: "https://hub.example/webhooks/instagram/x", Secrets: channel.Secrets{
		instagram.AccessToken: "IGAACanary+access/token==", instagram.Login: instagram.LoginInstagram}}
)

func suite(t testing.TB) channeltest.Suite {
	return contracttest.Signed(t, channeltest.Suite{
		New:         newPageAdapter,
		Samples:     "testdata/samples",
		Golden:      "testdata/golden",
		Credentials: credentials,
		Other: channel.Credentials{
			Secrets: channel.Secrets{
				instagram.AppSecret:   "ffeeddccbbaa99887766554433221100",
				instagram.VerifyToken: "another-connections-token",
			},
			Accounts: []string{"99999999999999999"},
		},
		Further:    further(),
		Unknown:    unknown(),
		Unparsable: broken(),
		Host:       "graph.facebook.com",
		Account:    byPage,
		Message: channel.Outgoing{
			To: user, Content: hub.TextContent("您好 <b>&</b> 😀"),
			RetryKey: "3f2a7c1e-0b5d-8e21-9c44-5a6b7c8d9e0f", Ref: "m1.demo.abc",
		},
		Sends:    sends(),
		Wire:     "testdata/wire/facebook",
		Refused:  refused(),
		Unfit:    unfit(),
		Answers:  answers(),
		Profiles: profiles(),
		Typings:  asks(),
		Marks:    asks(),

		Checks:      pageChecks(),
		Registers:   pageRegisters(),
		Unregisters: pageUnregisters(),
		Registered:  registered(),
		Finds:       finds(),
	})
}

// TestContractWithFacebookLogin and TestContractWithInstagramLogin hold both routes to the
// same contract.
func TestContractWithFacebookLogin(t *testing.T) { channeltest.Run(t, suite(t)) }

func TestContractWithInstagramLogin(t *testing.T) {
	s := suite(t)
	s.New, s.Host, s.Wire = newLoginAdapter, "graph.instagram.com", "testdata/wire/login"
	s.Account = byLogin
	s.Account.Secrets = channel.Secrets{instagram.AccessToken: byLogin.Secrets[instagram.AccessToken]} // see loginAdapter
	s.Checks, s.Registers, s.Unregisters, s.Refreshes = loginChecks(), loginRegisters(), loginRegisters(), refreshes()
	channeltest.Run(t, s)
}

// TestContractWithTheInstagramAppSecret: webhooks may be signed with the other secret.
func TestContractWithTheInstagramAppSecret(t *testing.T) {
	s := suite(t)
	s.Vectors = s.Vectors[len(s.Vectors)-1:]
	s.Vectors[0].Credentials.Secrets = channel.Secrets{
		instagram.AppSecret: "another-secret-of-the-same-app", instagram.InstagramAppSecret: s.Vectors[0].Credentials.Secrets[instagram.AppSecret]}
	s.Credentials.Secrets = channel.Secrets{
		instagram.AppSecret:          "another-secret-of-the-same-app",
		instagram.InstagramAppSecret: credentials.Secrets[instagram.AppSecret],
		instagram.VerifyToken:        credentials.Secrets[instagram.VerifyToken],
	}
	s.Sign = func(body []byte, c channel.Credentials) string {
		if secret, ok := c.Secrets[instagram.InstagramAppSecret]; ok {
			return contracttest.Sign(body, secret)
		}
		return contracttest.Sign(body, c.Secrets[instagram.AppSecret])
	}
	channeltest.Run(t, s)
}

func TestEitherSecretSigns(t *testing.T) {
	a := instagram.New(channel.Platform{})
	body := []byte(`{"object":"instagram","entry":[]}`)
	both := channel.Credentials{Secrets: channel.Secrets{instagram.AppSecret: "one", instagram.InstagramAppSecret: "two"}}
	one := channel.Credentials{Secrets: channel.Secrets{instagram.AppSecret: "one"}}
	only := channel.Credentials{Secrets: channel.Secrets{instagram.InstagramAppSecret: "two"}}
	for _, c := range []struct {
		name   string
		secret hub.Secret
		by     channel.Credentials
		want   hub.Code
	}{
		{"the app's", "one", both, ""}, {"Instagram's", "two", both, ""}, {"neither", "three", both, hub.BadSignature},
		{"none", "", both, hub.BadSignature}, {"Instagram's, not set", "two", one, hub.BadSignature}, {"Instagram's alone", "two", only, ""},
		{"the app's, not set", "one", only, hub.BadSignature}, {"empty, not set", "", only, hub.BadSignature},
	} {
		r := &channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": contracttest.Sign(body, c.secret)}}
		if got := hub.CodeOf(a.Verify(r, c.by)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// body is a webhook of the account with these items.
func body(items string) string {
	return `{"object":"instagram","entry":[{"id":"` + account + `","time":1791170415523,"messaging":[` + items + `]}]}`
}

// item is one event of the customer's, with these members.
func item(members string) string {
	return `{"sender":{"id":"` + user + `"},"recipient":{"id":"` + account + `"},"timestamp":1791170415123,` + members + `}`
}

// further are bodies of events that the samples lack.
func further() []string {
	return []string{
		body(item(`"message":{"mid":"m1","text":"x","attachments":[{"type":"like_heart"}]}`)),
		body(item(`"message":{"mid":"m1","attachments":[{"type":"post","payload":{"title":"a","url":"https:\/\/a.example\/1"}}]}`)),
		body(item(`"message":{"mid":"m1","attachments":[{"type":"hologram","payload":{}}]}`)),
		body(item(`"message":{"mid":"m1"}`)),
		body(item(`"message":{"mid":"m1","reply_to":{"story":{}}}`)),
		body(item(`"message":{"mid":"m1","is_deleted":"true"}`)),
		body(item(`"policy_enforcement":{"action":"block","reason":"x"}`)),
		`{"object":"instagram","entry":[{"id":"` + account + `","time":1,"field":"messages","value":` + item(`"message":{"mid":"m1","text":"x"}`) + `}]}`,
	}
}

// unknown are bodies of events that the adapter does not know.
func unknown() []string {
	change := func(field, value string) string {
		return `{"object":"instagram","entry":[{"id":"` + account + `","time":1791170415,"changes":[{"field":"` + field + `","value":` + value + `}]}]}`
	}
	return []string{
		change("comments", `{"id":"17900000000000001","text":"x","from":{"id":"1254477890123456","username":"mei"},"media":{"id":"1"}}`),
		change("mentions", `{"media_id":"1","comment_id":"2"}`), change("story_insights", `{"media_id":"1","replies":0}`),
		`{"object":"instagram","entry":[{"id":"` + account + `","time":1,"field":"live_comments","value":{"id":"1"}}]}`,
		body(item(`"hologram":{"mid":"m1"}`)), body(item(`"optin":{"type":"notification_messages"}`)), body(item(`"pass_thread_control":{"new_owner_app_id":"1"}`)),
		body(item(`"message":7`)), body(`{}`), body(`7,null,[],"x"`),
		body(item(`"referral":{}`)), body(item(`"reaction":{"mid":"m1","action":"dance"}`)), body(item(`"reaction":{"action":"react"}`)),
		body(item(`"read":{}`)), body(item(`"message_edit":{"text":"x"}`)),
		body(`{"sender":{"id":"` + account + `"},"recipient":{"id":"` + account + `"},"timestamp":1,"message":{"mid":"m1","text":"to itself"}}`),
		body(`{"sender":{"id":"` + account + `"},"recipient":{"id":"` + user + `"},"timestamp":1,"message":{"mid":"m1","is_echo":true,"is_deleted":true}}`),
		`{"object":"instagram","entry":[{}]}`, `{"object":"page","entry":[5]}`, `{"object":"instagram","entry":[{"id":"1","messaging":{}}]}`,
	}
}

// broken are bodies that are not what Meta documents.
func broken() []string {
	whole := body(item(`"message":{"mid":"m1","text":"x"}`))
	twice := func(member string) string { return strings.Replace(whole, member, member+","+member, 1) }
	return []string{
		"", "null", "[]", `"x"`, "0", "{}", `{"entry":[]}`, `{"object":"instagram"}`,
		`{"object":"whatsapp_business_account","entry":[]}`, `{"object":"user","entry":[]}`, `{"object":5,"entry":[]}`,
		`{"object":"instagram","entry":null}`, `{"object":"instagram","entry":{}}`, `{"object":"instagram","entry":[],"entry":[]}`,
		`{"object":"instagram","object":"instagram","entry":[]}`, `{"object":"instagram","entry":[],}`, `{'object':"instagram","entry":[]}`,
		twice(`"id":"` + account + `","time":1791170415523`), twice(`"time":1791170415523`),
		strings.Replace(whole, `"messaging":[`, `"messaging":[],"messaging":[`, 1),
		body(item(`"message":{"text":"` + "\x01" + `"}`)), body(item(`"message":{"text":"\x"}`)), body(item(`"n":01`)), body(item(`"n":tru`)),
		body(`{},`), body(`,{}`), body(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), body(strings.Repeat(`{"a":`, 100_000)),
		body(strings.Repeat("{},", 1_000_000) + "{}"), body(strings.Repeat("0,", 1_400_000) + "0"),
	}
}
