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
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/line/linetest"
)

// TestRestartForgetsNothing restarts the platform over its journal, cut short in the
// middle of a line as a kill leaves it.
func TestRestartForgetsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "line.jsonl")
	start := func() (fake.Platform, *fake.Ledger) {
		j := faketest.Journal(t, path)
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
	ask := func(p fake.Platform, path string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.Header = http.Header{"Authorization": {"Bearer t"}}
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
	// What was shown can still be tapped, and a stranger is one still.
	buttons := `{"to":"` + user + `","messages":[{"type":"text","text":"x","quickReply":{"items":[{"type":"action",` +
		`"action":{"type":"postback","label":"a","data":"yes"}}]}}]}`
	if got := call(p, "/v2/bot/message/push", buttons); got != 200 {
		t.Fatalf("got %d for a push with quick replies, want 200", got)
	}
	if _, err := p.Act(context.Background(), fake.Act{From: "zoe", Hold: true, Extra: []byte(`{"type":"text","text":"x","stranger":true}`)}); err != nil {
		t.Fatal(err)
	}
	// A push to a group counts for each of its members.
	var group string
	for _, who := range []string{"ann", "ben", "cho"} {
		d, err := p.Act(context.Background(), fake.Act{From: who, Hold: true, Extra: []byte(`{"type":"group_text","group":"family","text":"x"}`)})
		if err != nil {
			t.Fatal(err)
		}
		group = between(d.Body, `"groupId":"`)
	}
	if got := call(p, "/v2/bot/message/push", `{"to":"`+group+`"`+text); got != 200 {
		t.Fatalf("got %d for a push to the group, want 200", got)
	}
	p, _ = start()
	if err := p.SetFaults([]byte(`{"monthly_quota":8}`)); err != nil { // three pushes to one, one to three
		t.Fatal(err)
	}
	if got := call(p, "/v2/bot/message/push", `{"to":"`+group+`"`+text); got != 429 {
		t.Errorf("got %d for a push over the quota after the restart, want 429", got)
	}
	if _, err := p.Act(context.Background(), fake.Act{From: "mei", Button: "yes", Hold: true}); err != nil {
		t.Errorf("tapping after the restart: got %v, want no error", err)
	}
	if got := call(p, "/v2/bot/message/push", `{"to":"`+user+`"`+text); got != 200 {
		t.Errorf("got %d for a push within the quota, want 200", got)
	}
	d, err = p.Act(context.Background(), fake.Act{From: "zoe", Text: "x", Hold: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(p, "/v2/bot/profile/"+between(d.Body, `"userId":"`)); got != 404 {
		t.Errorf("profile of a stranger after the restart: got %d, want 404", got)
	}
	if got := ask(p, "/v2/bot/profile/"+user); got != 200 {
		t.Errorf("profile of a friend after the restart: got %d, want 200", got)
	}
	p, ledger = start()
	if got := call(p, "/v2/bot/message/reply", `{"replyToken":"`+token+`"`+text); got != 400 {
		t.Errorf("got %d for the used token, want 400", got)
	}
	if calls := ledger.Calls("line", ""); len(calls) != 6 {
		t.Errorf("got %d calls after the last restart, want 6", len(calls))
	}
}

// between is what follows a mark up to the next quotation mark.
func between(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
