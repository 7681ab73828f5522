package messengertest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/messenger/messengertest"
)

const (
	shop   = "108642097531246" // Page ids: shop and club share an app
	club   = "108642097531247"
	rival  = "108642097531248"
	secret = "f00dbabe0123456789abcdef01234567"
	app    = "1517776481860111"
)

// world is a fake Messenger with three Pages, a clock that the test moves, and a hub that
// answers 200 and keeps what it gets.
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

type hook struct{ path, signature, body string }

func newWorld(t *testing.T) *world { return newWorldWith(t, nil) }

func newWorldWith(t *testing.T, journal *fake.Journal) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.UnixMilli(1791170415123), status: 200}
	w.hub = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			q := r.URL.Query()
			if q.Get("hub.mode") != "subscribe" || q.Get("hub.verify_token") != "v1" {
				rw.WriteHeader(403)
				return
			}
			rw.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(rw, q.Get("hub.challenge"))
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hooks = append(w.hooks, hook{r.URL.Path, r.Header.Get("X-Hub-Signature-256"), string(body)})
		rw.WriteHeader(w.status)
	}))
	secrets := func(app, token string) map[string]string {
		return map[string]string{"app_secret": app, "verify_token": "v1", "access_token": token}
	}
	first := secrets(secret, "t1")
	first["app_id"] = app
	w.platform = messengertest.New(fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: shop, Webhook: w.hub.URL + "/app?x=1", Secrets: first},
			{ID: "club", ExternalID: club, Webhook: w.hub.URL + "/app?x=1", Secrets: secrets(secret, "t2")},
			{ID: "rival", ExternalID: rival, Webhook: w.hub.URL + "/rival", Secrets: secrets("other", "t3")},
		},
		Now:     w.clock,
		Ledger:  w.ledger,
		Journal: journal,
	})
	w.api = httptest.NewServer(w.platform)
	t.Cleanup(func() { w.settle(); w.api.Close(); w.hub.Close() })
	return w
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

// act acts at the shop, if the act names no account.
func (w *world) act(a fake.Act) fake.Delivery {
	w.t.Helper()
	if a.Account == "" {
		a.Account = "shop"
	}
	d, err := w.platform.Act(w.t.Context(), a)
	if err != nil {
		w.t.Fatalf("act: %v", err)
	}
	return d
}

// extra acts with an extra.
func (w *world) extra(from, x string) fake.Delivery {
	w.t.Helper()
	return w.act(fake.Act{From: from, Extra: json.RawMessage(x)})
}

// event is the part of an item that the tests look at.
type event struct {
	Sender, Recipient struct {
		ID  string
		Ref string `json:"user_ref"`
	}
	Timestamp any
	Message   *struct {
		Mid, Text, Metadata string
		Echo                bool  `json:"is_echo"`
		App                 int64 `json:"app_id"`
		QuickReply          *struct{ Payload string }
		Quick               *struct{ Payload string } `json:"quick_reply"`
		ReplyTo             *struct{ Mid string }     `json:"reply_to"`
		Attachments         []struct {
			Type    string
			Payload struct {
				URL     string
				Sticker int64  `json:"sticker_id"`
				Kind    string `json:"template_type"`
				Text    string
			}
		}
		Referral *struct{ Source, Ref, Ad string }
	}
	Postback *struct {
		Mid, Title, Payload string
		Referral            *struct{ Source, Ref string }
	}
	Referral *struct {
		Source, Ref string
		Ad          string `json:"ad_id"`
	}
	Reaction *struct{ Reaction, Emoji, Action, Mid string }
	Edit     *struct {
		Mid, Text string
		N         int `json:"num_edit"`
	} `json:"message_edit"`
	Delivery *struct {
		Mids      []string
		Watermark int64
	}
	Read   *struct{ Watermark int64 }
	Optin  *struct{ Ref string }
	Link   *struct{ Status string } `json:"account_linking"`
	Policy *struct{ Action string } `json:"policy_enforcement"`
	Pass   *struct {
		Owner int64 `json:"new_owner_app_id"`
	} `json:"pass_thread_control"`

	Page, List, Field string `json:"-"`
}

// events are the items of a webhook.
func (w *world) events(body string) []event {
	w.t.Helper()
	var in struct {
		Object string
		Entry  []struct {
			ID                 string
			Messaging, Standby []event
			Changes            []struct {
				Field string
				Value event
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Object != "page" {
		w.t.Fatalf("webhook: got %s, %v", body, err)
	}
	var out []event
	for _, e := range in.Entry {
		for _, i := range e.Messaging {
			i.Page, i.List = e.ID, "messaging"
			out = append(out, i)
		}
		for _, i := range e.Standby {
			i.Page, i.List = e.ID, "standby"
			out = append(out, i)
		}
		for _, c := range e.Changes {
			c.Value.Page, c.Value.List, c.Value.Field = e.ID, "changes", c.Field
			out = append(out, c.Value)
		}
	}
	return out
}

// one is the only item of a webhook.
func (w *world) one(body string) event {
	w.t.Helper()
	list := w.events(body)
	if len(list) != 1 {
		w.t.Fatalf("webhook: got %s, want one item", body)
	}
	return list[0]
}

// told names what was told since the last call: "echo of metadata", "delivered", "read".
func (w *world) told() []string {
	w.t.Helper()
	out := []string{}
	for _, h := range w.got() {
		for _, e := range w.events(h.body) {
			switch {
			case e.Message != nil && e.Message.Echo:
				out = append(out, "echo "+e.Message.Metadata)
			case e.Delivery != nil:
				out = append(out, "delivered")
			case e.Read != nil:
				out = append(out, "read")
			}
		}
	}
	return out
}

// meet lets a customer write to the shop, and gives the PSID.
func (w *world) meet(name string) string {
	w.t.Helper()
	id := w.one(w.act(fake.Act{From: name, Text: "hello"}).Body).Sender.ID
	w.got()
	return id
}

// call calls the API as the shop; headers may overrule. A status of 0 is no answer.
func (w *world) call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer t1")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, nil
	}
	defer resp.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.t.Errorf("%s: got an answer that is no JSON: %v", path, err)
	}
	return resp.StatusCode, out, resp.Header
}

// send sends a call's members to a customer of the shop.
func (w *world) send(to, members string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	status, out, _ := w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":{"id":"`+to+`"},`+members+`}`, headers...)
	return status, out
}

// text sends a text, which is its metadata too.
func (w *world) text(to, text string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	return w.send(to, fmt.Sprintf(`"messaging_type":"RESPONSE","message":{"text":%q,"metadata":%q}`, text, text), headers...)
}

// code is an error's code and subcode, "0-0" of a success.
func code(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	n, _ := e["code"].(float64)
	sub, _ := e["error_subcode"].(float64)
	return fmt.Sprintf("%d-%d", int(n), int(sub))
}

func (w *world) faults(plan string) {
	w.t.Helper()
	if err := w.platform.SetFaults(json.RawMessage(plan)); err != nil {
		w.t.Fatalf("faults: %v", err)
	}
}

func (w *world) want(what string, got, want any) {
	w.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

var _ fake.New = messengertest.New
