package linetest_test

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
	"omnihub/internal/channel/line/linetest"
)

const (
	bot      = "U5a1f0c3e9b7d4826a1c0e5f79d3b2468"
	otherBot = "U00000000000000000000000000000002"
	key      = "123e4567-e89b-12d3-a456-426614174000"
)

// world is a fake LINE with two accounts, a clock that the test moves, and a hub
// that answers 200 and keeps what it gets.
type world struct {
	t        *testing.T
	platform fake.Platform
	ledger   *fake.Ledger
	api      *httptest.Server

	mu     sync.Mutex
	now    time.Time
	hooks  []hook
	status int
}

type hook struct {
	path, signature string
	body            []byte
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, ledger: fake.NewLedger(), now: time.UnixMilli(1791170415123), status: 200}
	hub := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.hooks = append(w.hooks, hook{r.URL.Path, r.Header.Get("X-Line-Signature"), body})
		rw.WriteHeader(w.status)
	}))
	w.platform = linetest.New(fake.Config{
		Accounts: []fake.Account{
			{ID: "shop", ExternalID: bot, Webhook: hub.URL + "/shop", Secrets: map[string]string{"channel_secret": "s1", "channel_token": "t1"}},
			{ID: "club", ExternalID: otherBot, Webhook: hub.URL + "/club", Secrets: map[string]string{"channel_secret": "s2", "channel_token": "t2"}},
		},
		Now:    func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
		Ledger: w.ledger,
	})
	w.api = httptest.NewServer(w.platform)
	t.Cleanup(func() { w.api.Close(); hub.Close() })
	return w
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
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

// text acts and gives the reply token of the webhook, and the customer's id.
func (w *world) text(from string) (token, user string) {
	w.t.Helper()
	e := eventOf(w.t, w.act(fake.Act{From: from, Text: "hello"}).Body)
	return e.ReplyToken, e.Source.UserID
}

type event struct {
	Type       string
	Mode       string
	Timestamp  int64
	ReplyToken string
	Source     struct{ Type, UserID, GroupID string }
	Message    struct{ Type, ID, Text string }
	Follow     struct{ IsUnblocked bool }
}

func eventOf(t *testing.T, body string) event {
	t.Helper()
	var w struct{ Events []event }
	if err := json.Unmarshal([]byte(body), &w); err != nil || len(w.Events) != 1 {
		t.Fatalf("webhook: got %s, %v, want one event", body, err)
	}
	return w.Events[0]
}

// call calls the API as the shop, with JSON; headers may overrule.
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
	if resp.Header.Get("X-Line-Request-Id") == "" {
		w.t.Errorf("%s %s: got no request id", method, path)
	}
	var out map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		w.t.Errorf("%s %s: got an answer that is no JSON: %v", method, path, err)
	}
	return resp.StatusCode, out, resp.Header
}

func (w *world) push(to, text string, headers ...string) (int, map[string]any, http.Header) {
	w.t.Helper()
	body := fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":%q}]}`, to, text)
	return w.call("POST", "/v2/bot/message/push", body, headers...)
}

func (w *world) reply(token string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	status, out, _ := w.call("POST", "/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":"hi"}]}`, token), headers...)
	return status, out
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

// newStack serves the platform below /line, as the local stack does.
func newStack(t *testing.T, w *world) string {
	mux := http.NewServeMux()
	mux.Handle("/line/", http.StripPrefix("/line", w.platform))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
