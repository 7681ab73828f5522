package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/channel/whatsapp/whatsapptest"
	"omnihub/internal/failpoint"
)

// post sends what a fake platform is to take, and answers what came back: the status, 0
// if nothing did, and the body.
func postTo(t *testing.T, url, body string) (int, string) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer token")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	var out json.RawMessage
	_ = json.NewDecoder(resp.Body).Decode(&out) // an answer without a body tells nothing
	return resp.StatusCode, string(out)
}

// TestLostAnswersAreThoseThatThePlatformLost holds the checker's dice against the fake
// platforms' own.
func TestLostAnswersAreThoseThatThePlatformLost(t *testing.T) {
	f := faultsOf(Load{Seed: 3, Channels: []string{"line", whatsApp}, Level: Smoke})
	f.receipts.calls = calls{Rate429: 0.2, Rate500: 0.2, Timeout: 0.05, Drop: 0.2, Late500: 0.2}
	f.line.calls = f.receipts.calls
	f.receipts.Duplicate, f.receipts.Early, f.line.Duplicate = 0, 0, 0
	for _, c := range []struct {
		channel string
		made    fake.New
		send    func(t *testing.T, p fake.Platform, url string, n int) (s send, status int, body string)
	}{
		{whatsApp, whatsapptest.New, func(t *testing.T, p fake.Platform, url string, n int) (send, int, string) {
			if _, err := p.Act(t.Context(), fake.Act{From: fmt.Sprint("c", n), Text: "x", Extra: json.RawMessage(`{"type":"identity","phone":"88691000` + fmt.Sprintf("%04d", n) + `"}`), Hold: true}); err != nil {
				t.Fatal(err)
			}
			s := send{user: "u", key: fmt.Sprint("k", n)}
			body := fmt.Sprintf(`{"messaging_product":"whatsapp","to":"88691000%04d","type":"text","text":{"body":"x"},"biz_opaque_callback_data":%q}`, n, s.ref())
			status, answer := postTo(t, url+"/v24.0/shop/messages", body)
			return s, status, answer
		}},
		{"line", linetest.New, func(t *testing.T, p fake.Platform, url string, n int) (send, int, string) {
			d, err := p.Act(t.Context(), fake.Act{From: fmt.Sprint("c", n), Text: "x", Hold: true})
			if err != nil {
				t.Fatal(err)
			}
			s := send{token: between(d.Body, `"replyToken":"`, `"`)}
			status, answer := postTo(t, url+"/v2/bot/message/reply", fmt.Sprintf(`{"replyToken":%q,"messages":[{"type":"text","text":"x"}]}`, s.token))
			return s, status, answer
		}},
	} {
		ledger := fake.NewLedger()
		p := c.made(fake.Config{Ledger: ledger, Accounts: []fake.Account{{ID: "shop", ExternalID: "shop", Secrets: map[string]string{
			"access_token": "token", "channel_token": "token", "app_secret": "s", "channel_secret": "s"}}}})
		plan, err := json.Marshal(f.plans()[c.channel])
		if err == nil {
			err = p.SetFaults(plan)
		}
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(p)
		lost := 0
		for n := range 60 {
			before := len(ledger.Calls("", ""))
			s, status, answer := c.send(t, p, server.URL, n)
			accepted := len(ledger.Calls("", "")) - before
			// An answer is lost if it does not tell whether the message was taken.
			want := status == 0 || status == 500 && (c.channel == "line" || strings.Contains(answer, `"code":1,`))
			if status == 429 || status == 500 && !want {
				continue // the hub would try again
			}
			if want {
				lost++
			}
			if got := f.lostAnswer(c.channel, s, accepted); got != want {
				t.Errorf("%s %d: got lost %v, want %v: answered %d %s, accepted %d", c.channel, n, got, want, status, answer, accepted)
			}
		}
		if lost == 0 {
			t.Errorf("%s: no answer was lost", c.channel)
		}
		server.Close()
	}
}

func TestEachFailpointIsInSomeFunction(t *testing.T) {
	var known []failpoint.Point
	for _, points := range deaths {
		known = append(known, points...)
	}
	for _, p := range failpoint.Points() {
		if !slices.Contains(known, p) {
			t.Errorf("no function dies at %s", p)
		}
	}
}

func TestParcelsHoldEachEventUnderAGoodSignature(t *testing.T) {
	r := newRun(Load{Seed: 1})
	w := webhook{channel: "line", url: "http://x", secret: "s", external: "bot"}
	r.webhooks = map[string]webhook{demoTeam + "line": w}
	var hooks []*hook
	for n := range 40 {
		body := fmt.Sprintf(`{"destination":"bot","events":[{"n":%d,"deliveryContext":{"isRedelivery":false}}]}`, n)
		hooks = append(hooks, &hook{team: demoTeam, customer: customer{channel: "line"}, url: w.url, body: body, head: w.signed(nil, body)})
	}
	list, err := r.parcels(slices.Clone(hooks))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	joined := 0
	for _, p := range list {
		if p.head["x-line-signature"] != w.signed(nil, p.body)["x-line-signature"] {
			t.Errorf("%s: the signature is of something else", p.body)
		}
		var got struct{ Events []struct{ N int } }
		if err := json.Unmarshal([]byte(p.body), &got); err != nil || len(got.Events) != len(p.hooks) {
			t.Fatalf("got %d events, %v, want %d", len(got.Events), err, len(p.hooks))
		}
		for _, e := range got.Events {
			seen[e.N]++
		}
		joined = max(joined, len(p.hooks))
	}
	for n := range hooks {
		if seen[n] != 1 {
			t.Errorf("event %d: got %d times, want once", n, seen[n])
		}
	}
	if joined < 2 || joined > mostTogether {
		t.Errorf("got at most %d events together, want 2 to %d", joined, mostTogether)
	}
}
