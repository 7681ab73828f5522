package twiliotest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/twilio/twiliotest"
)

const (
	shop    = "+14155550100"
	sandbox = "+14155238886"
	sid     = "AC0123456789abcdef0123456789abcdef"
	token   = "0123456789abcdef0123456789abcdee"
	rival   = "ACffffffffffffffffffffffffffffffff"
)

// world is a fake Twilio with three numbers, a clock that the test moves, and a hub
// that answers 200 and keeps what it gets.
type world struct {
	t        *testing.T
	platform fake.Platform
	ledger   *fake.Ledger
	api, hub *httptest.Server

	mu     sync.Mutex
	now    time.Time
	hooks  []hook
	status int // what the hub answers
}

type hook struct {
	url, signature string
	form           url.Values
}

func newWorld(t *testing.T, journal ...*fake.Journal) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.Unix(1791170415, 0), status: 200}
	w.hub = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hooks = append(w.hooks, hook{r.URL.String(), r.Header.Get("X-Twilio-Signature"), form})
		rw.WriteHeader(w.status)
	}))
	w.start(journal...)
	t.Cleanup(func() { w.settle(); w.api.Close(); w.hub.Close() })
	return w
}

// start makes the platform, or makes it anew.
func (w *world) start(journal ...*fake.Journal) {
	secrets := func(sid, token string) map[string]string {
		return map[string]string{"account_sid": sid, "auth_token": token}
	}
	try := secrets(sid, token)
	try["sandbox"] = "silver-tiger"
	c := fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: shop, Webhook: w.hub.URL + "/shop", Secrets: secrets(sid, token)},
			{ID: "try", ExternalID: sandbox, Webhook: w.hub.URL + "/try", Secrets: try},
			{ID: "rival", ExternalID: "+14155550199", Webhook: w.hub.URL + "/rival", Secrets: secrets(rival, "rivals")},
		},
		Now: w.clock, Ledger: w.ledger,
	}
	if len(journal) > 0 {
		c.Journal = journal[0]
	}
	w.platform = twiliotest.New(c)
	if w.api != nil {
		w.api.Close()
	}
	w.api = httptest.NewServer(w.platform)
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) answer(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = status
}

// settle waits until nothing is pending.
func (w *world) settle() {
	w.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); w.platform.Pending() > 0; {
		if time.Now().After(deadline) {
			w.t.Fatalf("got %d pending webhooks, want 0", w.platform.Pending())
		}
		time.Sleep(time.Millisecond)
	}
}

// got settles and gives the webhooks since the last call.
func (w *world) got() []hook {
	w.t.Helper()
	w.settle()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.hooks
	w.hooks = nil
	return out
}

// told are the states of callbacks since the last call, with the numbers of errors.
func (w *world) told() string {
	w.t.Helper()
	var out []string
	for _, h := range w.got() {
		if state := h.form.Get("MessageStatus"); state != "" {
			out = append(out, strings.TrimSpace(state+" "+h.form.Get("ErrorCode")))
		}
	}
	return strings.Join(out, ", ")
}

func (w *world) act(a fake.Act) fake.Delivery {
	w.t.Helper()
	d, err := w.platform.Act(w.t.Context(), a)
	if err != nil {
		w.t.Fatalf("act: %v", err)
	}
	return d
}

func (w *world) extra(from, x string) fake.Delivery {
	w.t.Helper()
	return w.act(fake.Act{From: from, Extra: json.RawMessage(x)})
}

func (w *world) faults(plan string) {
	w.t.Helper()
	if err := w.platform.SetFaults(json.RawMessage(plan)); err != nil {
		w.t.Fatal(err)
	}
}

// call calls the API as the account; changes are names and values, a value of "-" takes
// one away.
func (w *world) call(method, path string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	return w.as(sid, token, method, path, form)
}

func (w *world) as(user, password, method, path string, form url.Values) (int, map[string]any) {
	w.t.Helper()
	req, err := http.NewRequest(method, w.api.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.t.Fatalf("%s %s: status %d, %v", method, path, resp.StatusCode, err)
	}
	return resp.StatusCode, out
}

const messages = "/2010-04-01/Accounts/" + sid + "/Messages.json"

// send sends a text from the shop, with changes.
func (w *world) send(changes ...string) (int, map[string]any) {
	w.t.Helper()
	form := url.Values{"To": {"whatsapp:+886912345678"}, "From": {"whatsapp:" + shop}, "Body": {"hello"},
		"StatusCallback": {w.hub.URL + "/shop?ref=m1#rc=5&rp=all"}}
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
