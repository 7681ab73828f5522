// Package faketest is what the tests of the fake platforms have in common: a World
// around one of them.
package faketest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

// World is a fake platform with a clock that the test moves, and a hub that answers 200
// and keeps what it gets. A GET it confirms as Meta asks for it, if the token is v1.
type World struct {
	T        *testing.T
	Platform fake.Platform
	Ledger   *fake.Ledger
	API, Hub *httptest.Server

	signature string

	mu      sync.Mutex
	now     time.Time
	hooks   []Hook
	answers func(Hook) (status int, body string)
}

// Hook is a webhook that the hub got.
type Hook struct {
	URL, Path string
	Signature string // what the platform's header holds
	Body      string
}

// New starts the hub; signature is the header of the platform's signatures. Start is next.
func New(t *testing.T, signature string, now time.Time) *World {
	w := &World{T: t, Ledger: fake.NewLedger(), signature: signature, now: now}
	w.Answer(http.StatusOK)
	w.Hub = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(func() { w.Settle(); w.API.Close(); w.Hub.Close() })
	return w
}

// Start makes the platform, or makes it anew over its journal; nil = it has none.
func (w *World) Start(platform fake.New, j *fake.Journal, accounts ...fake.Account) {
	w.Platform = platform(fake.Config{Accounts: accounts, Now: w.Clock, Ledger: w.Ledger, Journal: j})
	if w.API != nil {
		w.API.Close()
	}
	w.API = httptest.NewServer(w.Platform)
}

// Journal opens a journal, which the end of the test closes.
func Journal(t *testing.T, path string) *fake.Journal {
	t.Helper()
	j, err := fake.OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func (w *World) serve(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		q := r.URL.Query()
		if q.Get("hub.mode") != "subscribe" || q.Get("hub.verify_token") != "v1" {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(rw, q.Get("hub.challenge"))
		return
	}
	body, _ := io.ReadAll(r.Body)
	h := Hook{r.URL.String(), r.URL.Path, r.Header.Get(w.signature), string(body)}
	w.mu.Lock()
	w.hooks = append(w.hooks, h)
	answers := w.answers
	w.mu.Unlock()
	status, text := answers(h)
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text)
}

// Answer sets what the hub answers from now on.
func (w *World) Answer(status int) { w.AnswerBy(func(Hook) (int, string) { return status, "" }) }

// AnswerBy sets who is asked what the hub answers; by may be called at the same time by
// several.
func (w *World) AnswerBy(by func(Hook) (status int, body string)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = by
}

// Clock is the time.
func (w *World) Clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance moves the clock.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Settle waits until nothing is pending.
func (w *World) Settle() {
	w.T.Helper()
	for deadline := time.Now().Add(60 * time.Second); w.Platform.Pending() > 0; {
		if time.Now().After(deadline) {
			w.T.Fatalf("got %d pending webhooks, want 0", w.Platform.Pending())
		}
		time.Sleep(time.Millisecond)
	}
}

// Got settles, gives the webhooks since the last call, and forgets them.
func (w *World) Got() []Hook {
	w.T.Helper()
	w.Settle()
	return w.Take()
}

// Take gives the webhooks since the last call, as far as they are there, and forgets them.
func (w *World) Take() []Hook {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.hooks
	w.hooks = nil
	return out
}

// Hooks gives the webhooks that Take would, and keeps them.
func (w *World) Hooks() []Hook {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.hooks)
}

// Act acts at the first account, if the act names none.
func (w *World) Act(a fake.Act) fake.Delivery {
	w.T.Helper()
	d, err := w.Platform.Act(w.T.Context(), a)
	if err != nil {
		w.T.Fatalf("act: %v", err)
	}
	return d
}

// Extra acts with an extra.
func (w *World) Extra(from, x string) fake.Delivery {
	w.T.Helper()
	return w.Act(fake.Act{From: from, Extra: json.RawMessage(x)})
}

// Faults sets the fault plan.
func (w *World) Faults(plan string) {
	w.T.Helper()
	if err := w.Platform.SetFaults(json.RawMessage(plan)); err != nil {
		w.T.Fatalf("faults: %v", err)
	}
}

// Call calls the API; headers are names and values, of which the later overrule. A status
// of 0 is no answer.
func (w *World) Call(method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	w.T.Helper()
	r, err := http.NewRequestWithContext(w.T.Context(), method, w.API.URL+path, strings.NewReader(body))
	if err != nil {
		w.T.Fatal(err)
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
		w.T.Errorf("%s %s: got an answer that is no JSON: %v", method, path, err)
	}
	return resp.StatusCode, out, resp.Header
}

// Want compares two values as they are printed.
func (w *World) Want(what string, got, want any) {
	w.T.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.T.Errorf("%s: got %v, want %v", what, got, want)
	}
}
