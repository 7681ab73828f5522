package whatsapptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestStatusesFollowASend(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	_, out := w.text(phone, "one")
	hooks := w.got()
	w.want("webhooks", len(hooks), 2)
	for i, state := range []string{"sent", "delivered"} {
		e := w.one(hooks[i].body)
		s := e.Statuses[0]
		w.want(state, []any{s.Status, s.ID, s.Timestamp, s.To, s.User, s.Ref, len(s.Errors), *s.Pricing},
			[]any{state, idOf(out), "1791170415", phone, user, "one", 0, "{false free_customer_service service}"})
		w.want("contact", []string{e.Contacts[0].WaID, e.Contacts[0].UserID}, []string{phone, user})
		w.want("path", hooks[i].path, "/app")
	}
	w.send(`"to":"` + phone + `","biz_opaque_callback_data":"free",` + reminder("a", "b"))
	w.want("a utility within the window is free", w.one(w.got()[0].body).Statuses[0].Pricing.Billable, false)
	w.advance(25 * time.Hour)
	w.send(`"to":"` + phone + `","biz_opaque_callback_data":"paid",` + reminder("a", "b"))
	p := w.one(w.got()[0].body).Statuses[0].Pricing
	w.want("and costs outside", []any{p.Billable, p.Type, p.Category}, []any{true, "regular", "utility"})

	read := w.one(w.extra("mei", `{"type":"status","status":"read"}`).Body).Statuses[0]
	w.want("read when told", []any{read.Status, read.Ref, read.Pricing}, []any{"read", "paid", "<nil>"})
	read = w.one(w.extra("", `{"type":"status","status":"read","message":"`+idOf(out)+`"}`).Body).Statuses[0]
	w.want("of any message", []any{read.Status, read.Ref}, []any{"read", "one"})
	failed := w.one(w.extra("mei", `{"type":"status","status":"failed","code":131049}`).Body)
	w.want("failed by hand", []any{failed.Statuses[0].Errors[0].Code, len(failed.Contacts)}, []any{131049, 0})
}

func TestStatusesNameTheCustomerAsShown(t *testing.T) {
	for show, c := range map[string]struct{ byPhone, byUser [2]bool }{ // whether recipient_id, recipient_user_id are there
		"both":  {[2]bool{true, true}, [2]bool{true, true}},
		"phone": {[2]bool{true, false}, [2]bool{true, true}},
		"user":  {[2]bool{true, true}, [2]bool{false, true}},
	} {
		w := newWorld(t)
		phone, user := w.meet("mei")
		w.extra("mei", `{"type":"identity","show":"`+show+`"}`)
		for to, want := range map[string][2]bool{`"to":"` + phone + `"`: c.byPhone, `"recipient":"` + user + `"`: c.byUser} {
			w.send(to + `,"text":{"body":"x"}`)
			s := w.one(w.got()[1].body).Statuses[0]
			w.want(show+" "+to, [2]bool{s.To == phone, s.User == user}, want)
		}
	}
}

func TestStatusFaults(t *testing.T) {
	t.Run("read, always or sometimes", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.faults(`{"status_read":true}`)
		w.text(phone, "a")
		w.want("read", w.states(), []string{"sent a", "delivered a", "read a"})
		w.faults(`{"status_read":0.5,"seed":3}`)
		read := 0
		for n := range 30 {
			w.text(phone, fmt.Sprint(n))
			read += len(w.states()) - 2
		}
		w.want("some", read > 3 && read < 27, true)
		w.faults(`{"status_read":false}`)
		w.text(phone, "b")
		w.want("not read", w.states(), []string{"sent b", "delivered b"})
	})
	t.Run("missing", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.faults(`{"status_missing":1}`)
		w.text(phone, "a")
		w.want("none", w.states(), []string(nil))
	})
	t.Run("a read without delivered has the price", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.faults(`{"status_missing":1}`)
		w.text(phone, "a")
		read := w.one(w.extra("mei", `{"type":"status","status":"read"}`).Body).Statuses[0]
		w.want("priced", read.Pricing != nil, true)
	})
	t.Run("early", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.faults(`{"status_early":1,"accept_then_drop":1}`)
		status, _ := w.text(phone, "a")
		w.want("no answer", status, 0)
		w.mu.Lock()
		w.want("but statuses before", len(w.hooks), 2)
		w.mu.Unlock()
		w.want("in order", w.states(), []string{"sent a", "delivered a"})

		w.faults(`{"status_early":1}`)
		w.status = 503
		status, _ = w.text(phone, "b")
		w.want("an answer although the hub is down", status, 200)
		w.mu.Lock()
		w.status = 200
		w.mu.Unlock()
		states := w.states()
		w.want("told at last", states[len(states)-2:], []string{"sent b", "delivered b"})
	})
	t.Run("never before the answer, without the fault", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		gate := make(chan struct{})
		w.mu.Lock()
		w.seen = func(hook) int { <-gate; return 200 }
		w.mu.Unlock()
		status, _ := w.text(phone, "a") // answered while the webhook is held
		w.want("answer", []any{status, w.platform.Pending() > 0}, []any{200, true})
		close(gate)
		w.want("states", w.states(), []string{"sent a", "delivered a"})
	})
	t.Run("late and shuffled", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.faults(`{"status_late_ms":40,"status_read":true}`)
		for n := range 5 {
			w.text(phone, fmt.Sprint(n))
		}
		order := w.states()
		w.want("all", len(order), 15)
		for n := range 5 {
			at := func(state string) int { return slices.Index(order, fmt.Sprint(state, " ", n)) }
			w.want("each in order", at("sent") < at("delivered") && at("delivered") < at("read"), true)
		}
		w.faults(`{"status_shuffle":true,"status_read":true,"seed":5}`)
		wrong := 0
		for n := range 20 {
			w.text(phone, fmt.Sprint("s", n))
			if got := w.states(); got[0] != fmt.Sprint("sent s", n) {
				wrong++
			}
		}
		w.want("some out of order", wrong > 5 && wrong < 20, true)
		w.faults(`{"shuffle_webhooks":true,"duplicate_webhooks":1}`)
		w.text(phone, "d")
		got := w.states()
		slices.Sort(got)
		w.want("again", got, []string{"delivered d", "delivered d", "sent d", "sent d"})
	})
	t.Run("until the hub takes them", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		var mu sync.Mutex
		var bodies []string
		w.mu.Lock()
		w.seen = func(h hook) int {
			mu.Lock()
			defer mu.Unlock()
			if bodies = append(bodies, h.body); len(bodies) < 3 {
				return 503
			}
			return 200
		}
		w.mu.Unlock()
		w.text(phone, "a")
		w.want("tries", w.states(), []string{"sent a", "sent a", "sent a", "delivered a"})
		w.want("with the same bytes", bodies[0] == bodies[1] && bodies[1] == bodies[2], true)
	})
}

func TestFaults(t *testing.T) {
	t.Run("are refused if unknown or impossible", func(t *testing.T) {
		w := newWorld(t)
		for plan, want := range map[string]string{
			`{"rate430":1}`: "rate430", `{"rate429":2}`: "between 0 and 1", `{"status_early":-1}`: "between 0 and 1",
			`{"status_read":2}`: "between 0 and 1", `{"status_read":"x"}`: "status_read", `{"delay_ms":-1}`: "below 0", `{"status_late_ms":-1}`: "below 0",
			`{"seed":"x"}`: "seed", `{} {}`: "more than one", `[]`: "array", `{"status_laet_ms":1}`: "status_laet_ms",
			`{"account":"nobody"}`: `no account "nobody"`,
		} {
			if err := w.platform.SetFaults(json.RawMessage(plan)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error that says %q", plan, err, want)
			}
		}
	})
	t.Run("answer as planned", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("ann")
		w.faults(`{"rate429":1,"retry_after":30}`)
		status, out, header := w.post("/v24.0/"+shop+"/messages", `{"messaging_product":"whatsapp","to":"`+phone+`","text":{"body":"x"}}`)
		w.want("429", []any{status, code(out), header.Get("Retry-After")}, []any{429, 130429, "30"})
		w.faults(`{"rate500":1}`)
		status, out = w.text(phone, "x")
		w.want("500", []any{status, code(out)}, []any{500, 131000})
		w.faults(`{"expired_token":true}`)
		status, out = w.text(phone, "x")
		w.want("expired", []any{status, code(out), out["error"].(map[string]any)["error_subcode"]}, []any{401, 190, 463})
		w.want("nothing done", []any{len(w.ledger.Calls("", "")), len(w.got())}, []any{0, 0})

		w.faults(`{"accept_then_500":1}`)
		status, out = w.text(phone, "late 500")
		w.want("accepted, then 500", []any{status, code(out), w.states()}, []any{500, 1, []string{"sent late 500", "delivered late 500"}})
		w.faults(`{"accept_then_drop":1}`)
		status, _ = w.text(phone, "lost")
		w.want("accepted, then nothing", []any{status, w.states()}, []any{0, []string{"sent lost", "delivered lost"}})
		w.want("both are done", len(w.ledger.Calls("", "")), 2)
		w.faults(`{"down":true}`)
		status, out = w.text(phone, "x")
		w.want("down", []any{status, code(out), len(w.ledger.Calls("", ""))}, []any{500, 131016, 2})
		w.faults(`{"down":true,"account":"` + club + `"}`)
		w.want("another number is down", first(w.text(phone, "x")), 200)
		w.faults("")
		w.want("no faults", first(w.text(phone, "x")), 200)
		w.faults(`{"delay_ms":30}`)
		began := time.Now()
		w.want("slow", first(w.text(phone, "x")), 200)
		w.want("as told", time.Since(began) >= 30*time.Millisecond, true)
	})
	t.Run("hang until the caller leaves", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("ann")
		w.faults(`{"timeout":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", w.api.URL+"/v24.0/"+shop+"/messages",
			strings.NewReader(`{"messaging_product":"whatsapp","to":"`+phone+`","text":{"body":"x"}}`))
		r.Header = http.Header{"Authorization": {"Bearer t1"}, "Content-Type": {"application/json"}}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			t.Errorf("got %s, want no answer", resp.Status)
		}
		w.want("ledger", len(w.ledger.Calls("", "")), 0)
	})
	t.Run("strike the same calls again for the same seed", func(t *testing.T) {
		run := func(seed int) string {
			w := newWorld(t)
			phone, _ := w.meet("ann")
			w.faults(fmt.Sprintf(`{"seed":%d,"rate429":0.3,"rate500":0.3,"status_missing":0.3,"status_read":0.5,"status_shuffle":true}`, seed))
			var out strings.Builder
			for n := range 30 {
				status, _ := w.text(phone, fmt.Sprint(n))
				fmt.Fprint(&out, status, w.states())
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
		for _, want := range []string{"200", "429", "500", "read"} {
			if !strings.Contains(first, want) {
				t.Errorf("got %s, want some %s", first, want)
			}
		}
	})
	t.Run("spoil marks too", func(t *testing.T) {
		w := newWorld(t)
		id := w.act(fake.Act{From: "ann", Text: "x"}).Message
		w.faults(`{"rate500":1}`)
		status, _ := w.send(`"status":"read","message_id":"` + id + `"`)
		w.want("500", []any{status, len(w.ledger.Calls("", ""))}, []any{500, 0})
	})
}

// TestManyAtOnce is for the race detector, and for the books: each accepted send is
// noted once and told twice.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	var phones [8]string
	for i := range phones {
		phones[i], _ = w.meet(fmt.Sprint("c", i))
	}
	var wait sync.WaitGroup
	for i, phone := range phones {
		wait.Go(func() {
			for n := range 9 {
				if status, out := w.text(phone, fmt.Sprintf("%d-%d", i, n)); status != 200 {
					t.Errorf("got %d, %v", status, out)
				}
				w.act(fake.Act{From: fmt.Sprint("c", i), Text: "x"})
			}
		})
	}
	wait.Wait()
	count := map[string]int{}
	for _, h := range w.got() {
		for _, s := range w.one(h.body).Statuses {
			count[s.Ref]++
		}
	}
	w.want("sends", []int{len(count), len(w.ledger.Calls("", ""))}, []int{72, 72})
	for ref, n := range count {
		w.want(ref, n, 2)
	}
}
