package whatsapptest_test

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
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

const (
	shop   = "106540352242922" // phone_number_ids: shop and club share an app
	club   = "106540352242923"
	rival  = "106540352242924"
	secret = "f00dbabe0123456789abcdef01234567"
)

// world is a fake WhatsApp with three numbers, a clock that the test moves, and a hub
// that answers 200 and keeps what it gets.
type world struct {
	t        *testing.T
	platform fake.Platform
	ledger   *fake.Ledger
	api      *httptest.Server

	mu     sync.Mutex
	now    time.Time
	hooks  []hook
	status int                     // what the hub answers
	seen   func(hook) (status int) // nil, or asked before the hub answers
}

type hook struct {
	path, signature, body string
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.Unix(1791170415, 0), status: 200}
	hub := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
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
		h := hook{r.URL.Path, r.Header.Get("X-Hub-Signature-256"), string(body)}
		w.mu.Lock()
		w.hooks = append(w.hooks, h)
		status, seen := w.status, w.seen
		w.mu.Unlock()
		if seen != nil {
			status = seen(h)
		}
		rw.WriteHeader(status)
	}))
	secrets := func(app, token string) map[string]string {
		return map[string]string{"app_secret": app, "verify_token": "v1", "access_token": token}
	}
	w.platform = whatsapptest.New(fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: shop, Webhook: hub.URL + "/app?x=1", Secrets: secrets(secret, "t1")},
			{ID: "club", ExternalID: club, Webhook: hub.URL + "/app?x=1", Secrets: secrets(secret, "t2")},
			{ID: "rival", ExternalID: rival, Webhook: hub.URL + "/rival", Secrets: secrets("other", "t3")},
		},
		Now:    w.clock,
		Ledger: w.ledger,
	})
	w.api = httptest.NewServer(w.platform)
	t.Cleanup(func() { w.settle(); w.api.Close(); hub.Close() })
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

// event is the part of a webhook that the tests look at.
type event struct {
	Metadata struct {
		ID string `json:"phone_number_id"`
	}
	Contacts []struct {
		WaID    string `json:"wa_id"`
		UserID  string `json:"user_id"`
		Profile struct{ Name, Username string }
	}
	Messages []struct {
		ID, From, Type string
		User           string `json:"from_user_id"`
		Timestamp      string
		Text           struct{ Body string }
		Context        struct{ From, ID string }
		Interactive    struct {
			Type string
			NFM  struct {
				JSON string `json:"response_json"`
			} `json:"nfm_reply"`
			Button struct{ ID, Title string } `json:"button_reply"`
			Row    struct{ ID, Title string } `json:"list_reply"`
		}
		Button struct{ Payload, Text string }
		System struct {
			Type, Body string
			WaID       string `json:"wa_id"`
			User       string `json:"user_id"`
			Previous   string `json:"previous_user_id"`
		}
	}
	Statuses []struct {
		ID, Status, Timestamp string
		To                    string `json:"recipient_id"`
		User                  string `json:"recipient_user_id"`
		Ref                   string `json:"biz_opaque_callback_data"`
		Pricing               *struct {
			Billable bool
			Type     string
			Category string
		}
		Errors []struct{ Code int }
	}
	Errors []struct{ Code int }
	Event  string
	Reason *string
}

// events are the values of a webhook.
func (w *world) events(body string) []event {
	w.t.Helper()
	var in struct {
		Object string
		Entry  []struct{ Changes []struct{ Value event } }
	}
	if err := json.Unmarshal([]byte(body), &in); err != nil || in.Object != "whatsapp_business_account" {
		w.t.Fatalf("webhook: got %s, %v", body, err)
	}
	var out []event
	for _, e := range in.Entry {
		for _, c := range e.Changes {
			out = append(out, c.Value)
		}
	}
	return out
}

// one is the only value of a webhook.
func (w *world) one(body string) event {
	w.t.Helper()
	list := w.events(body)
	if len(list) != 1 {
		w.t.Fatalf("webhook: got %s, want one change", body)
	}
	return list[0]
}

// states are the statuses told since the last call: "state of ref".
func (w *world) states() []string {
	w.t.Helper()
	var out []string
	for _, h := range w.got() {
		for _, e := range w.events(h.body) {
			for _, s := range e.Statuses {
				text := s.Status
				for _, f := range s.Errors {
					text += fmt.Sprint(" ", f.Code)
				}
				out = append(out, strings.TrimSpace(text+" "+s.Ref))
			}
		}
	}
	return out
}

// meet lets a customer write to the shop, and gives both ids.
func (w *world) meet(name string) (phone, user string) {
	w.t.Helper()
	m := w.one(w.act(fake.Act{From: name, Text: "hello"}).Body).Messages[0]
	w.got()
	return m.From, m.User
}

// post calls the API as the shop; headers may overrule. A status of 0 is no answer.
func (w *world) post(path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.api.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer t1")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == ":method" {
			r.Method = headers[i+1]
			continue
		}
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

// send sends the members of a message, to whom they say.
func (w *world) send(members string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	status, out, _ := w.post("/v24.0/"+shop+"/messages", `{"messaging_product":"whatsapp",`+members+`}`, headers...)
	return status, out
}

// text sends a text to a number.
func (w *world) text(to, text string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	return w.send(fmt.Sprintf(`"to":%q,"type":"text","text":{"body":%q},"biz_opaque_callback_data":%q`, to, text, text), headers...)
}

// code is the code of an error, 0 of a success.
func code(out map[string]any) int {
	e, _ := out["error"].(map[string]any)
	n, _ := e["code"].(float64)
	return int(n)
}

// details is what an error says.
func details(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	data, _ := e["error_data"].(map[string]any)
	return fmt.Sprint(e["message"], ": ", data["details"])
}

// idOf is the id of a message that was sent.
func idOf(out map[string]any) string {
	list, _ := out["messages"].([]any)
	if len(list) == 0 {
		return ""
	}
	id, _ := list[0].(map[string]any)["id"].(string)
	return id
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

var _ fake.New = whatsapptest.New
