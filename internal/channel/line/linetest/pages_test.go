package linetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestAccountPages(t *testing.T) {
	w := newWorld(t)
	_, user := w.text("ann")
	get := func(path string) (int, map[string]any) {
		status, out, _ := w.call("GET", path, "")
		return status, out
	}
	status, out := get("/v2/bot/info")
	w.Want("info", []any{status, out["userId"]}, []any{200, bot})
	status, out = get("/v2/bot/profile/" + user)
	w.Want("profile", []any{status, out["userId"], out["displayName"]}, []any{200, user, "ann"})
	status, _ = get("/v2/bot/profile/U99999999999999999999999999999999")
	w.Want("profile of a stranger", status, 404)
	status, _ = get("/v2/bot/profile/ann")
	w.Want("profile of no id", status, 400)
	_, out = get("/v2/bot/message/quota")
	w.Want("quota", out, map[string]any{"type": "none"})
	w.push(user, "one")
	w.Faults(`{"monthly_quota":1}`)
	_, out = get("/v2/bot/message/quota")
	w.Want("quota", out, map[string]any{"type": "limited", "value": 1})
	_, out = get("/v2/bot/message/quota/consumption")
	w.Want("consumption", out["totalUsage"], 1)
	status, out, _ = w.push(user, "two")
	w.Want("over the quota", []any{status, out["message"]}, []any{429, "You have reached your monthly limit."})
	token, _ := w.text("ann")
	status, _ = w.reply(token)
	w.Want("a reply is free", status, 200)
	w.Advance(31 * 24 * time.Hour)
	status, _, _ = w.push(user, "next month")
	w.Want("next month", status, 200)

	_, out = get("/v2/bot/channel/webhook/endpoint")
	old := out["endpoint"].(string)
	status, _, _ = w.call("PUT", "/v2/bot/channel/webhook/endpoint", `{"endpoint":"http://example.com/x"}`)
	w.Want("an endpoint without TLS", status, 400)
	status, _, _ = w.call("PUT", "/v2/bot/channel/webhook/endpoint", fmt.Sprintf(`{"endpoint":%q}`, old+"2"))
	w.Want("another endpoint", status, 200)
	w.Want("acts go there", w.Act(fake.Act{From: "ann", Text: "x"}).URL, old+"2")
	_, out, _ = w.call("POST", "/v2/bot/channel/webhook/test", `{}`)
	w.Want("test", []any{out["success"], out["statusCode"], out["reason"]}, []any{true, 200, "OK"})
	last := w.Hooks()[len(w.Hooks())-1]
	w.Want("test webhook", []any{last.Path, last.Body}, []any{"/shop2", `{"destination":"` + bot + `","events":[]}`})
	w.Answer(503)
	_, out, _ = w.call("POST", "/v2/bot/channel/webhook/test", `{}`)
	w.Want("failing test", []any{out["success"], out["statusCode"], out["reason"]}, []any{false, 503, "ERROR_STATUS_CODE"})
}

func TestFaults(t *testing.T) {
	t.Run("are refused if unknown or impossible", func(t *testing.T) {
		w := newWorld(t)
		for plan, want := range map[string]string{
			`{"rate430":1}`: "rate430", `{"rate429":2}`: "between 0 and 1", `{"delay_ms":-1}`: "below 0",
			`{"monthly_quota":-1}`: "below 0", `{"seed":"x"}`: "seed", `{} {}`: "more than one", `[]`: "array",
			`{"account":"nobody"}`: `no account "nobody"`,
		} {
			if err := w.Platform.SetFaults(json.RawMessage(plan)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error that says %q", plan, err, want)
			}
		}
	})
	t.Run("answer as planned", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.Faults(`{"rate429":1,"retry_after":30}`)
		status, _, header := w.push(user, "x")
		w.Want("429", []any{status, header.Get("Retry-After")}, []any{429, "30"})
		w.Faults(`{"expired_token":true}`)
		status, _, _ = w.push(user, "x")
		w.Want("expired", status, 401)
		w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
		w.Faults(`{"down":true}`)
		status, _, _ = w.push(user, "x")
		w.Want("down", []any{status, len(w.Ledger.Calls("", ""))}, []any{503, 0})
		w.Faults(`{"accept_then_500":1,"account":"shop"}`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("accepted, then 500", []any{status, len(w.Ledger.Calls("", ""))}, []any{500, 1})
		w.Faults(`{"accept_then_drop":1}`)
		status, _, _ = w.push(user, "y")
		w.Want("accepted, then nothing", []any{status, len(w.Ledger.Calls("", ""))}, []any{0, 2})
		w.Faults(`{"down":true,"account":"` + otherBot + `"}`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.Want("the first once more, the other account is down", []any{status, len(w.Ledger.Calls("", ""))}, []any{409, 2})
	})
	t.Run("hang until the caller leaves", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.Faults(`{"timeout":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", w.API.URL+"/v2/bot/message/push",
			strings.NewReader(fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":"x"}]}`, user)))
		r.Header.Set("Authorization", "Bearer t1")
		r.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(r); err == nil {
			t.Errorf("got %s, want no answer", resp.Status)
		}
		w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
	})
	t.Run("strike the same calls again for the same seed", func(t *testing.T) {
		run := func(seed int) string {
			w := newWorld(t)
			_, user := w.text("ann")
			w.Faults(fmt.Sprintf(`{"seed":%d,"rate429":0.3,"rate500":0.3}`, seed))
			var out strings.Builder
			for n := range 40 {
				status, _, _ := w.push(user, "x", "X-Line-Retry-Key", fmt.Sprintf("%08d%s", n, key[8:]))
				fmt.Fprint(&out, status, " ")
			}
			return out.String()
		}
		first := run(1)
		if again := run(1); again != first {
			t.Errorf("got %s, then %s", first, again)
		}
		if run(2) == first {
			t.Error("got the same for another seed")
		}
		for _, want := range []string{"200", "429", "500"} {
			if !strings.Contains(first, want) {
				t.Errorf("got %s, want some %s", first, want)
			}
		}
	})
}
