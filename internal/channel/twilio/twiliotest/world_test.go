package twiliotest_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/twilio/twiliotest"
)

const (
	shop    = "+14155550100"
	sandbox = "+14155238886"
	sid     = "AC0123456789abcdef0123456789abcdef"
	token   = "0123456789abcdef0123456789abcdee"
	rival   = "ACffffffffffffffffffffffffffffffff"
)

// world is a fake Twilio with three numbers.
type world struct{ *faketest.World }

func newWorld(t *testing.T) *world {
	w := &world{faketest.New(t, "X-Twilio-Signature", time.Unix(1791170415, 0))}
	w.start(nil)
	return w
}

// start makes the platform, or makes it anew.
func (w *world) start(journal *fake.Journal) {
	secrets := func(sid, token string) map[string]string {
		return map[string]string{"account_sid": sid, "auth_token": token}
	}
	try := secrets(sid, token)
	try["sandbox"] = "silver-tiger"
	w.Start(twiliotest.New, journal,
		fake.Account{ID: "shop", ExternalID: shop, Webhook: w.Hub.URL + "/shop", Secrets: secrets(sid, token)},
		fake.Account{ID: "try", ExternalID: sandbox, Webhook: w.Hub.URL + "/try", Secrets: try},
		fake.Account{ID: "rival", ExternalID: "+14155550199", Webhook: w.Hub.URL + "/rival", Secrets: secrets(rival, "rivals")})
}

// form is a webhook's body.
func form(h faketest.Hook) url.Values {
	values, _ := url.ParseQuery(h.Body)
	return values
}

// told are the states of callbacks since the last call, with the numbers of errors.
func (w *world) told() string {
	w.T.Helper()
	var out []string
	for _, h := range w.Got() {
		if state := form(h).Get("MessageStatus"); state != "" {
			out = append(out, strings.TrimSpace(state+" "+form(h).Get("ErrorCode")))
		}
	}
	return strings.Join(out, ", ")
}

// call calls the API as the account; changes are names and values, a value of "-" takes
// one away.
func (w *world) call(method, path string, form url.Values) (int, map[string]any) {
	w.T.Helper()
	return w.as(sid, token, method, path, form)
}

func (w *world) as(user, password, method, path string, form url.Values) (int, map[string]any) {
	w.T.Helper()
	headers := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if user != "" {
		headers = append(headers, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	status, out, _ := w.Call(method, path, form.Encode(), headers...)
	return status, out
}

const messages = "/2010-04-01/Accounts/" + sid + "/Messages.json"

// send sends a text from the shop, with changes.
func (w *world) send(changes ...string) (int, map[string]any) {
	w.T.Helper()
	form := url.Values{"To": {"whatsapp:+886912345678"}, "From": {"whatsapp:" + shop}, "Body": {"hello"},
		"StatusCallback": {w.Hub.URL + "/shop?ref=m1#rc=5&rp=all"}}
	for i := 0; i < len(changes); i += 2 {
		if form.Set(changes[i], changes[i+1]); changes[i+1] == "-" {
			form.Del(changes[i])
		}
	}
	return w.call("POST", messages, form)
}

func code(answer map[string]any) int {
	n, _ := answer["code"].(float64)
	return int(n)
}
