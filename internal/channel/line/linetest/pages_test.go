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
	w.want("info", []any{status, out["userId"]}, []any{200, bot})
	status, out = get("/v2/bot/profile/" + user)
	w.want("profile", []any{status, out["userId"], out["displayName"]}, []any{200, user, "ann"})
	status, _ = get("/v2/bot/profile/U99999999999999999999999999999999")
	w.want("profile of a stranger", status, 404)
	status, _ = get("/v2/bot/profile/ann")
	w.want("profile of no id", status, 400)
	_, out = get("/v2/bot/message/quota")
	w.want("quota", out, map[string]any{"type": "none"})
	w.push(user, "one")
	w.faults(`{"monthly_quota":1}`)
	_, out = get("/v2/bot/message/quota")
	w.want("quota", out, map[string]any{"type": "limited", "value": 1})
	_, out = get("/v2/bot/message/quota/consumption")
	w.want("consumption", out["totalUsage"], 1)
	status, out, _ = w.push(user, "two")
	w.want("over the quota", []any{status, out["message"]}, []any{429, "You have reached your monthly limit."})
	token, _ := w.text("ann")
	status, _ = w.reply(token)
	w.want("a reply is free", status, 200)
	w.advance(31 * 24 * time.Hour)
	status, _, _ = w.push(user, "next month")
	w.want("next month", status, 200)

	_, out = get("/v2/bot/channel/webhook/endpoint")
	old := out["endpoint"].(string)
	status, _, _ = w.call("PUT", "/v2/bot/channel/webhook/endpoint", `{"endpoint":"http://example.com/x"}`)
	w.want("an endpoint without TLS", status, 400)
	status, _, _ = w.call("PUT", "/v2/bot/channel/webhook/endpoint", fmt.Sprintf(`{"endpoint":%q}`, old+"2"))
	w.want("another endpoint", status, 200)
	w.want("acts go there", w.act(fake.Act{From: "ann", Text: "x"}).URL, old+"2")
	_, out, _ = w.call("POST", "/v2/bot/channel/webhook/test", `{}`)
	w.want("test", []any{out["success"], out["statusCode"], out["reason"]}, []any{true, 200, "OK"})
	last := w.hooks[len(w.hooks)-1]
	w.want("test webhook", []any{last.path, string(last.body)}, []any{"/shop2", `{"destination":"` + bot + `","events":[]}`})
	w.status = 503
	_, out, _ = w.call("POST", "/v2/bot/channel/webhook/test", `{}`)
	w.want("failing test", []any{out["success"], out["statusCode"], out["reason"]}, []any{false, 503, "ERROR_STATUS_CODE"})
}

func TestFaults(t *testing.T) {
	t.Run("are refused if unknown or impossible", func(t *testing.T) {
		w := newWorld(t)
		for plan, want := range map[string]string{
			`{"rate430":1}`: "rate430", `{"rate429":2}`: "between 0 and 1", `{"delay_ms":-1}`: "below 0",
			`{"monthly_quota":-1}`: "below 0", `{"seed":"x"}`: "seed", `{} {}`: "more than one", `[]`: "array",
			`{"account":"nobody"}`: `no account "nobody"`,
		} {
			if err := w.platform.SetFaults(json.RawMessage(plan)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error that says %q", plan, err, want)
			}
		}
	})
	t.Run("answer as planned", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.faults(`{"rate429":1,"retry_after":30}`)
		status, _, header := w.push(user, "x")
		w.want("429", []any{status, header.Get("Retry-After")}, []any{429, "30"})
		w.faults(`{"expired_token":true}`)
		status, _, _ = w.push(user, "x")
		w.want("expired", status, 401)
		w.want("ledger", len(w.ledger.Calls("", "")), 0)
		w.faults(`{"down":true}`)
		status, _, _ = w.push(user, "x")
		w.want("down", []any{status, len(w.ledger.Calls("", ""))}, []any{503, 0})
		w.faults(`{"accept_then_500":1,"account":"shop"}`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("accepted, then 500", []any{status, len(w.ledger.Calls("", ""))}, []any{500, 1})
		w.faults(`{"accept_then_drop":1}`)
		status, _, _ = w.push(user, "y")
		w.want("accepted, then nothing", []any{status, len(w.ledger.Calls("", ""))}, []any{0, 2})
		w.faults(`{"down":true,"account":"` + otherBot + `"}`)
		status, _, _ = w.push(user, "x", "X-Line-Retry-Key", key)
		w.want("the first once more, the other account is down", []any{status, len(w.ledger.Calls("", ""))}, []any{409, 2})
	})
	t.Run("hang until the caller leaves", func(t *testing.T) {
		w := newWorld(t)
		_, user := w.text("ann")
		w.faults(`{"timeout":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", w.api.URL+"/v2/bot/message/push",
			strings.NewReader(fmt.Sprintf(`{"to":%q,"messages":[{"type":"text","text":"x"}]}`, user)))
		r.Header.Set("Authorization", "Bearer t1")
		r.Header.Set("Content-Type", "application/json")
		if resp, err := http.DefaultClient.Do(r); err == nil {
			t.Errorf("got %s, want no answer", resp.Status)
		}
		w.want("ledger", len(w.ledger.Calls("", "")), 0)
	})
	t.Run("strike the same calls again for the same seed", func(t *testing.T) {
		run := func(seed int) string {
			w := newWorld(t)
			_, user := w.text("ann")
			w.faults(fmt.Sprintf(`{"seed":%d,"rate429":0.3,"rate500":0.3}`, seed))
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
