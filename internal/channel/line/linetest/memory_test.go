package linetest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
)

// TestRestartForgetsNothing restarts the platform over its journal, cut short in the
// middle of a line as a kill leaves it.
func TestRestartForgetsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "line.jsonl")
	start := func() (fake.Platform, *fake.Ledger) {
		j, err := fake.OpenJournal(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { j.Close() })
		ledger := fake.OpenLedger(j)
		return linetest.New(fake.Config{
			Accounts: []fake.Account{{ID: "line1", ExternalID: "U" + strings.Repeat("5", 32),
				Secrets: map[string]string{"channel_secret": "s", "channel_token": "t"}}},
			Ledger: ledger, Journal: j,
		}), ledger
	}
	call := func(p fake.Platform, path, body string, headers ...string) int {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Header = http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}
	const key = "123e4567-e89b-12d3-a456-426614174000"
	const text = `,"messages":[{"type":"text","text":"x"}]}`

	p, _ := start()
	d, err := p.Act(context.Background(), fake.Act{From: "mei", Text: "hi", Hold: true})
	if err != nil {
		t.Fatal(err)
	}
	user := between(d.Body, `"userId":"`)
	token := between(d.Body, `"replyToken":"`)
	if got := call(p, "/v2/bot/message/push", `{"to":"`+user+`"`+text, "X-Line-Retry-Key", key); got != 200 {
		t.Fatalf("got %d for a push, want 200", got)
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, `{"kind":"tok`...), 0o600); err != nil {
		t.Fatal(err)
	}
	p, ledger := start()
	for what, got := range map[string]int{
		"the same push":          call(p, "/v2/bot/message/push", `{"to":"`+user+`"`+text, "X-Line-Retry-Key", key) - 409,
		"a push to the customer": call(p, "/v2/bot/message/push", `{"to":"`+user+`"`+text) - 200,
		"the reply token":        call(p, "/v2/bot/message/reply", `{"replyToken":"`+token+`"`+text) - 200,
		"a stranger":             call(p, "/v2/bot/message/push", `{"to":"U`+strings.Repeat("9", 32)+`"`+text) - 400,
	} {
		if got != 0 {
			t.Errorf("%s after the restart: got a status %d off", what, got)
		}
	}
	if calls := ledger.Calls("line", "mei"); len(calls) != 3 {
		t.Errorf("got %d calls in the ledger, want 3", len(calls))
	}
	p, ledger = start()
	if got := call(p, "/v2/bot/message/reply", `{"replyToken":"`+token+`"`+text); got != 400 {
		t.Errorf("got %d for the used token, want 400", got)
	}
	if calls := ledger.Calls("line", ""); len(calls) != 3 {
		t.Errorf("got %d calls after the second restart, want 3", len(calls))
	}
}

// between is what follows a mark up to the next quotation mark.
func between(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
