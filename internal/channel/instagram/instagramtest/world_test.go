package instagramtest_test

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
	"omnihub/internal/channel/instagram/instagramtest"
)

const (
	shop    = "17841405309211844" // with Facebook Login
	shopTo  = "/v25.0/108642097531246"
	club    = "17841405309211855" // with Instagram Login
	clubTo  = "/login/v25.0/" + club
	secret  = "f00dbabe0123456789abcdef01234567"
	igApp   = "instagram-app-secret"
	mei     = "1254477890123456"
	textFor = `{"recipient":{"id":"` + mei + `"},"message":{"text":%q}}`
)

// world is a fake Instagram with two accounts, a clock that the test moves, and a hub
// that answers 200 and keeps what it gets.
type world struct {
	t        *testing.T
	platform fake.Platform
	ledger   *fake.Ledger
	journal  *fake.Journal
	hub      *httptest.Server
	api      *httptest.Server

	mu     sync.Mutex
	now    time.Time
	hooks  []hook
	status int                     // what the hub answers
	seen   func(hook) (status int) // nil, or asked before the hub answers
}

type hook struct{ path, signature, body string }

func newWorld(t *testing.T) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.UnixMilli(1791170415523), status: 200}
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
	w.start()
	t.Cleanup(func() { w.settle(); w.api.Close(); w.hub.Close() })
	return w
}

// start makes the platform, with what its journal knows.
func (w *world) start() {
	w.platform = instagramtest.New(fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: shop, Webhook: w.hub.URL + "/app?x=1",
				Secrets: map[string]string{"app_secret": secret, "verify_token": "v1", "access_token": "t1", "page_id": "108642097531246"}},
			{ID: "club", ExternalID: club, Webhook: w.hub.URL + "/app?x=1",
				Secrets: map[string]string{"app_secret": secret, "verify_token": "v1", "access_token": "t2", "login": "instagram", "instagram_app_secret": igApp}},
		},
		Now:     w.clock,
		Ledger:  w.ledger,
		Journal: w.journal,
	})
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

// act acts at the shop, as mei, if the act names nobody.
func (w *world) act(a fake.Act) fake.Delivery {
	w.t.Helper()
	d, err := w.try(a)
	if err != nil {
		w.t.Fatalf("act: %v", err)
	}
	return d
}

func (w *world) try(a fake.Act) (fake.Delivery, error) {
	w.t.Helper()
	if a.Account == "" {
		a.Account = "shop"
	}
	if a.From == "" {
		a.From = mei
	}
	return w.platform.Act(w.t.Context(), a)
}

// extra acts with an extra.
func (w *world) extra(x string) fake.Delivery {
	w.t.Helper()
	return w.act(fake.Act{Extra: json.RawMessage(x)})
}

// call calls the API; headers may overrule. A status of 0 is no answer.
func (w *world) call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.api.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	token := "t1"
	if strings.HasPrefix(path, "/login/") {
		token = "t2"
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if method == "POST" {
		r.Header.Set("Content-Type", "application/json")
	}
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

// send sends a body by the shop.
func (w *world) send(body string) (int, map[string]any) {
	w.t.Helper()
	status, out, _ := w.call("POST", shopTo+"/messages", body)
	return status, out
}

// text sends a text to mei by the shop.
func (w *world) text(text string) (int, map[string]any) {
	w.t.Helper()
	return w.send(fmt.Sprintf(textFor, text))
}

// wrong is the code, subcode and type of an error; "" of a success.
func wrong(out map[string]any) string {
	e, ok := out["error"].(map[string]any)
	if !ok {
		return ""
	}
	text := fmt.Sprint(e["code"])
	if e["error_subcode"] != nil {
		text += fmt.Sprintf("/%.0f", e["error_subcode"])
	}
	return text + " " + fmt.Sprint(e["type"])
}

// says is what an error says.
func says(out map[string]any) string {
	e, _ := out["error"].(map[string]any)
	return fmt.Sprint(e["message"])
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

func first[T, U any](t T, _ U) T { return t }

var _ fake.New = instagramtest.New
