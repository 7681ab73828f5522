package whatsapptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
)

// TestRestartForgetsNothing restarts the platform over its journal, cut short in the
// middle of a line as a kill leaves it.
func TestRestartForgetsNothing(t *testing.T) {
	var mu sync.Mutex
	var told []string
	hub := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		told = append(told, between(string(body), `"status":"`)+" "+between(string(body), `"biz_opaque_callback_data":"`))
	}))
	defer hub.Close()
	var now atomic.Int64 // seconds
	now.Store(1791170415)
	path := filepath.Join(t.TempDir(), "whatsapp.jsonl")
	start := func(webhook string) (fake.Platform, *fake.Ledger) {
		j := faketest.Journal(t, path)
		ledger := fake.OpenLedger(j)
		return whatsapptest.New(fake.Config{
			Accounts: []fake.Account{{ID: "wa1", ExternalID: shop, Webhook: webhook,
				Secrets: map[string]string{"app_secret": "s", "verify_token": "v", "access_token": "t"}}},
			Now: func() time.Time { return time.Unix(now.Load(), 0) }, Ledger: ledger, Journal: j,
		}), ledger
	}
	send := func(p fake.Platform, members string) int {
		r := httptest.NewRequest("POST", "/v24.0/"+shop+"/messages", strings.NewReader(`{"messaging_product":"whatsapp",`+members+`}`))
		r.Header = http.Header{"Authorization": {"Bearer t"}, "Content-Type": {"application/json"}}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return code(out)
	}
	act := func(p fake.Platform, a fake.Act) (fake.Delivery, error) {
		a.Hold = true
		return p.Act(context.Background(), a)
	}
	must := func(d fake.Delivery, err error) fake.Delivery {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	extra := func(x string) json.RawMessage { return json.RawMessage(x) }

	p, _ := start("http://127.0.0.1:1/") // where no hub is
	d := must(act(p, fake.Act{From: "mei", Text: "hi"}))
	phone, user := between(d.Body, `"from":"`), between(d.Body, `"from_user_id":"`)
	must(act(p, fake.Act{From: "mei", Extra: extra(`{"type":"change_number"}`)}))
	must(act(p, fake.Act{From: "bob", Extra: extra(`{"type":"recycled","of":"mei","text":"x"}`)}))
	d = must(act(p, fake.Act{From: "mei", Text: "hi"}))
	meiPhone, meiUser, question := between(d.Body, `"from":"`), between(d.Body, `"from_user_id":"`), d.Message
	must(act(p, fake.Act{From: "mei", Extra: extra(`{"type":"identity","show":"user","username":"@mei"}`)}))
	evePhone := between(must(act(p, fake.Act{From: "eve", Text: "x"})).Body, `"from":"`)
	must(act(p, fake.Act{From: "eve", Block: true}))
	must(act(p, fake.Act{Extra: extra(`{"type":"template","template":{"name":"x","language":"en","category":"UTILITY","components":[{"type":"BODY","text":"x"}]}}`)}))
	must(act(p, fake.Act{Extra: extra(`{"type":"template_status","name":"hello_world","language":"en_US","event":"PAUSED"}`)}))
	must(act(p, fake.Act{Extra: extra(`{"type":"template_status","name":"invoice","language":"zh_TW","event":"DELETED"}`)}))
	for i, members := range []string{buttons(`{"id":"yes","title":"Y"}`), flow(`"flow_token":"tok"`)} {
		if got := send(p, fmt.Sprintf(`"to":%q,"biz_opaque_callback_data":"m%d",`, meiPhone, i)+members); got != 0 {
			t.Fatalf("send: got %d, want it accepted", got)
		}
	}
	for n := range 43 {
		send(p, fmt.Sprintf(`"to":%q,"text":{"body":"x"},"biz_opaque_callback_data":"x%d"`, meiPhone, n))
	}

	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, `{"kind":"per`...), 0o600); err != nil {
		t.Fatal(err)
	}
	p, ledger := start(hub.URL)
	now.Add(2)
	if got := send(p, fmt.Sprintf(`"to":%q,"text":{"body":"x"}`, meiPhone)); got != 131056 {
		t.Errorf("pair rate after the restart: got %d, want 131056", got)
	}
	now.Add(3600)
	for what, got := range map[string]int{
		"mei":                      send(p, fmt.Sprintf(`"to":%q,"text":{"body":"x"}`, meiPhone)),
		"mei by BSUID":             send(p, fmt.Sprintf(`"recipient":%q,"text":{"body":"x"}`, meiUser)),
		"bob":                      send(p, fmt.Sprintf(`"to":%q,"text":{"body":"x"}`, phone)),
		"eve":                      send(p, fmt.Sprintf(`"to":%q,"text":{"body":"to eve"}`, evePhone)),
		"a read mark":              send(p, fmt.Sprintf(`"status":"read","message_id":%q`, question)),
		"a template of the tester": send(p, fmt.Sprintf(`"to":%q,"type":"template","template":{"name":"x","language":{"code":"en"}}`, phone)),
		"a paused template":        send(p, fmt.Sprintf(`"to":%q,"type":"template","template":{"name":"hello_world","language":{"code":"en_US"}}`, phone)) - 132015,
		"a deleted template":       send(p, fmt.Sprintf(`"to":%q,"type":"template","template":{"name":"invoice","language":{"code":"zh_TW"}}`, phone)) - 132001,
		"an id of the past":        send(p, fmt.Sprintf(`"recipient":%q,"text":{"body":"x"}`, user)),
		"an id of nobody":          send(p, `"recipient":"TW.1","text":{"body":"x"}`) - 131009,
	} {
		if got != 0 {
			t.Errorf("%s after the restart: got a code %d off", what, got)
		}
	}
	calls := ledger.Calls("whatsapp", "mei")
	if last := calls[len(calls)-1]; len(calls) != 48 || last.Name != "mei" {
		t.Errorf("got %d calls in the ledger, want 48", len(calls))
	}
	if eve := ledger.Calls("", "eve"); len(eve) != 1 || !eve[0].Dropped {
		t.Errorf("got %+v, want a message that eve, who has blocked, does not get", eve)
	}
	d = must(act(p, fake.Act{From: "mei", Button: "yes"}))
	if got := between(d.Body, `"from_user_id":"`); got != meiUser || strings.Contains(d.Body, meiPhone) || !strings.Contains(d.Body, `"username":"@mei"`) {
		t.Errorf("got %s, want mei in her guise", d.Body)
	}
	if d = must(act(p, fake.Act{From: "mei", FlowAnswer: extra(`{}`)})); !strings.Contains(d.Body, `\"flow_token\":\"tok\"`) {
		t.Errorf("got %s, want the Flow's token", d.Body)
	}
	if d = must(act(p, fake.Act{From: "bob", Text: "x"})); between(d.Body, `"from":"`) != phone {
		t.Errorf("got %s, want bob with the number %s", d.Body, phone)
	}
	if _, err := act(p, fake.Act{From: user, Text: "x"}); err == nil {
		t.Error("got no error for an id of the past, want one")
	}

	// What the hub did not take before is told now.
	for deadline := time.Now().Add(60 * time.Second); p.Pending() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if p, _ = start(hub.URL); p.Pending() != 0 {
		t.Errorf("got %d pending after another restart, want none of what was told", p.Pending())
	}
	mu.Lock()
	defer mu.Unlock()
	seen := map[string]int{}
	for _, s := range told {
		seen[s]++
	}
	for _, want := range []string{"sent m0", "delivered m0", "sent m1", "delivered m1", "sent x42", "delivered x42"} {
		if seen[want] == 0 {
			t.Errorf("got no %q after the restart", want)
		}
	}
}

// TestBlockIsRemembered blocks before a restart.
func TestBlockIsRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "whatsapp.jsonl")
	for round := range 2 {
		j := faketest.Journal(t, path)
		p := whatsapptest.New(fake.Config{Accounts: []fake.Account{{ID: "wa1", ExternalID: shop}}, Journal: j})
		a := fake.Act{From: "eve", Block: true}
		if round == 1 {
			a = fake.Act{From: "eve", Text: "x"}
		}
		if _, err := p.Act(t.Context(), a); (err != nil) != (round == 1) {
			t.Errorf("round %d: got %v", round, err)
		}
	}
}
