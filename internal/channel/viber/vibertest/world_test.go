package vibertest_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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
	"omnihub/internal/channel/viber/vibertest"
)

const (
	shop  = "pa:75346594275468546724"
	rival = "pa:75346594275468546725"
)

// world is a fake Viber with two bots, a clock that the test moves, and a hub that
// keeps what it gets.
type world struct {
	t        *testing.T
	platform fake.Platform
	ledger   *fake.Ledger
	hub      *httptest.Server

	mu     sync.Mutex
	now    time.Time
	hooks  []hook
	status int    // what the hub answers
	body   string // to conversation_started
}

type hook struct{ path, signature, body string }

func newWorld(t *testing.T) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.UnixMilli(1791170415123), status: 200}
	w.hub = httptest.NewServer(http.HandlerFunc(w.serve))
	w.platform = vibertest.New(w.config())
	t.Cleanup(func() { w.settle(); w.hub.Close() })
	return w
}

func (w *world) config() fake.Config {
	return fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: shop, Webhook: w.hub.URL + "/shop", Secrets: map[string]string{"auth_token": "t1"}},
			{ID: "rival", ExternalID: rival, Webhook: w.hub.URL + "/rival", Secrets: map[string]string{"auth_token": "t2"}},
		},
		Now:    w.clock,
		Ledger: w.ledger,
	}
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hooks = append(w.hooks, hook{r.URL.Path, r.Header.Get("X-Viber-Content-Signature"), string(body)})
	rw.WriteHeader(w.status)
	if strings.Contains(string(body), "conversation_started") {
		_, _ = io.WriteString(rw, w.body)
	}
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

// answers sets what the hub answers.
func (w *world) answers(status int, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status, w.body = status, body
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

// callback is the part of a webhook that the tests look at.
type callback struct {
	Event     string
	Timestamp int64
	Token     json.Number `json:"message_token"`
	UserID    string      `json:"user_id"`
	Context   string
	Desc      string
	User      struct{ ID, Name string }
	Sender    struct{ ID, Name string }
	Message   struct {
		Type, Text, Media string
		Tracking          string `json:"tracking_data"`
	}
	Subscribed *bool
}

func read(t *testing.T, body string) callback {
	t.Helper()
	var c callback
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatalf("webhook: got %s, %v", body, err)
	}
	return c
}

// told are the webhooks since the last call: "event token".
func (w *world) told() (out []string) {
	w.t.Helper()
	for _, h := range w.got() {
		mac := hmac.New(sha256.New, []byte(map[string]string{"/shop": "t1", "/rival": "t2"}[h.path]))
		mac.Write([]byte(h.body))
		if h.signature != hex.EncodeToString(mac.Sum(nil)) {
			w.t.Errorf("%s: got the signature %q, want the bot's", h.body, h.signature)
		}
		c := read(w.t, h.body)
		out = append(out, c.Event+" "+c.Token.String())
	}
	return out
}

// act acts at the shop, if the act names no account.
func (w *world) act(a fake.Act) fake.Delivery {
	w.t.Helper()
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

// refuses expects that an act is not possible, for a reason.
func (w *world) refuses(a fake.Act, want string) {
	w.t.Helper()
	if d, err := w.platform.Act(w.t.Context(), a); err == nil || !strings.Contains(err.Error(), want) {
		w.t.Errorf("%+v: got %+v, %v, want an error that says %q", a, d, err, want)
	}
}

// meet lets a customer write to the shop, and gives the id.
func (w *world) meet(name string) string {
	w.t.Helper()
	id := read(w.t, w.act(fake.Act{From: name, Text: "hello"}).Body).Sender.ID
	w.got()
	return id
}

// answer is what the platform says.
type answer struct {
	HTTP    int
	Header  http.Header
	Status  int
	Words   string      `json:"status_message"`
	Token   json.Number `json:"message_token"`
	Billing int         `json:"billing_status"`
	ID      string
	Name    string
	Webhook string
	Events  []string `json:"event_types"`
	User    struct{ ID, Name, Language string }
	Count   int `json:"subscribers_count"`
}

// call calls the API with the shop's token.
func (w *world) call(path, body string) answer { return w.callAs("t1", path, body) }

func (w *world) callAs(token, path, body string) (out answer) {
	w.t.Helper()
	r := httptest.NewRequest("POST", "/pa/"+path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("X-Viber-Auth-Token", token)
	}
	rec := httptest.NewRecorder()
	w.platform.ServeHTTP(rec, r)
	if rec.Code == 200 {
		d := json.NewDecoder(bytes.NewReader(rec.Body.Bytes()))
		if err := d.Decode(&out); err != nil {
			w.t.Fatalf("answer: got %s, %v", rec.Body, err)
		}
	}
	out.HTTP, out.Header = rec.Code, rec.Header()
	return out
}

// send sends members of a message to a customer.
func (w *world) send(to, members string) answer {
	w.t.Helper()
	return w.call("send_message", `{"receiver":"`+to+`",`+members+`}`)
}

func (w *world) faults(plan string) {
	w.t.Helper()
	if err := w.platform.SetFaults(json.RawMessage(plan)); err != nil {
		w.t.Fatal(err)
	}
}

// wants compares an answer's status, and that Viber's errors come under HTTP 200.
func (w *world) wants(name string, got answer, status int) {
	w.t.Helper()
	if got.HTTP != 200 || got.Status != status {
		w.t.Errorf("%s: got HTTP %d, status %d (%s), want HTTP 200, status %d", name, got.HTTP, got.Status, got.Words, status)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
