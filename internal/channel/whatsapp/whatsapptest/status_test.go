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
	"omnihub/internal/channel/fake/faketest"
)

func TestStatusesFollowASend(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	_, out := w.text(phone, "one")
	hooks := w.Got()
	w.Want("webhooks", len(hooks), 2)
	for i, state := range []string{"sent", "delivered"} {
		e := w.one(hooks[i].Body)
		s := e.Statuses[0]
		w.Want(state, []any{s.Status, s.ID, s.Timestamp, s.To, s.User, s.Ref, len(s.Errors), *s.Pricing},
			[]any{state, idOf(out), "1791170415", phone, user, "one", 0, "{false free_customer_service service}"})
		w.Want("contact", []string{e.Contacts[0].WaID, e.Contacts[0].UserID}, []string{phone, user})
		w.Want("path", hooks[i].Path, "/app")
	}
	w.send(`"to":"` + phone + `","biz_opaque_callback_data":"free",` + reminder("a", "b"))
	w.Want("a utility within the window is free", w.one(w.Got()[0].Body).Statuses[0].Pricing.Billable, false)
	w.Advance(25 * time.Hour)
	w.send(`"to":"` + phone + `","biz_opaque_callback_data":"paid",` + reminder("a", "b"))
	p := w.one(w.Got()[0].Body).Statuses[0].Pricing
	w.Want("and costs outside", []any{p.Billable, p.Type, p.Category}, []any{true, "regular", "utility"})

	read := w.one(w.Extra("mei", `{"type":"status","status":"read"}`).Body).Statuses[0]
	w.Want("read when told", []any{read.Status, read.Ref, read.Pricing}, []any{"read", "paid", "<nil>"})
	read = w.one(w.Extra("", `{"type":"status","status":"read","message":"`+idOf(out)+`"}`).Body).Statuses[0]
	w.Want("of any message", []any{read.Status, read.Ref}, []any{"read", "one"})
	failed := w.one(w.Extra("mei", `{"type":"status","status":"failed","code":131049}`).Body)
	w.Want("failed by hand", []any{failed.Statuses[0].Errors[0].Code, len(failed.Contacts)}, []any{131049, 0})
}

func TestStatusesNameTheCustomerAsShown(t *testing.T) {
	for show, c := range map[string]struct{ byPhone, byUser [2]bool }{ // whether recipient_id, recipient_user_id are there
		"both":  {[2]bool{true, true}, [2]bool{true, true}},
		"phone": {[2]bool{true, false}, [2]bool{true, true}},
		"user":  {[2]bool{true, true}, [2]bool{false, true}},
	} {
		w := newWorld(t)
		phone, user := w.meet("mei")
		w.Extra("mei", `{"type":"identity","show":"`+show+`"}`)
		for to, want := range map[string][2]bool{`"to":"` + phone + `"`: c.byPhone, `"recipient":"` + user + `"`: c.byUser} {
			w.send(to + `,"text":{"body":"x"}`)
			s := w.one(w.Got()[1].Body).Statuses[0]
			w.Want(show+" "+to, [2]bool{s.To == phone, s.User == user}, want)
		}
	}
}

func TestStatusFaults(t *testing.T) {
	t.Run("read, always or sometimes", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.Faults(`{"status_read":true}`)
		w.text(phone, "a")
		w.Want("read", w.states(), []string{"sent a", "delivered a", "read a"})
		w.Faults(`{"status_read":0.5,"seed":3}`)
		read := 0
		for n := range 30 {
			w.text(phone, fmt.Sprint(n))
			read += len(w.states()) - 2
		}
		w.Want("some", read > 3 && read < 27, true)
		w.Faults(`{"status_read":false}`)
		w.text(phone, "b")
		w.Want("not read", w.states(), []string{"sent b", "delivered b"})
	})
	t.Run("missing", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.Faults(`{"status_missing":1}`)
		w.text(phone, "a")
		w.Want("none", w.states(), []string(nil))
	})
	t.Run("a read without delivered has the price", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.Faults(`{"status_missing":1}`)
		w.text(phone, "a")
		read := w.one(w.Extra("mei", `{"type":"status","status":"read"}`).Body).Statuses[0]
		w.Want("priced", read.Pricing != nil, true)
	})
	t.Run("early", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.Faults(`{"status_early":1,"accept_then_drop":1}`)
		status, _ := w.text(phone, "a")
		w.Want("no answer", status, 0)
		w.Want("but statuses before", len(w.Hooks()), 2)
		w.Want("in order", w.states(), []string{"sent a", "delivered a"})

		w.Faults(`{"status_early":1}`)
		w.Answer(503)
		status, _ = w.text(phone, "b")
		w.Want("an answer although the hub is down", status, 200)
		w.Answer(200)
		states := w.states()
		w.Want("told at last", states[len(states)-2:], []string{"sent b", "delivered b"})
	})
	t.Run("never before the answer, without the fault", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		gate := make(chan struct{})
		w.AnswerBy(func(faketest.Hook) (int, string) { <-gate; return 200, "" })
		status, _ := w.text(phone, "a") // answered while the webhook is held
		w.Want("answer", []any{status, w.Platform.Pending() > 0}, []any{200, true})
		close(gate)
		w.Want("states", w.states(), []string{"sent a", "delivered a"})
	})
	t.Run("late and shuffled", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		w.Faults(`{"status_late_ms":40,"status_read":true}`)
		for n := range 5 {
			w.text(phone, fmt.Sprint(n))
		}
		order := w.states()
		w.Want("all", len(order), 15)
		for n := range 5 {
			at := func(state string) int { return slices.Index(order, fmt.Sprint(state, " ", n)) }
			w.Want("each in order", at("sent") < at("delivered") && at("delivered") < at("read"), true)
		}
		w.Faults(`{"status_shuffle":true,"status_read":true,"seed":5}`)
		wrong := 0
		for n := range 20 {
			w.text(phone, fmt.Sprint("s", n))
			if got := w.states(); got[0] != fmt.Sprint("sent s", n) {
				wrong++
			}
		}
		w.Want("some out of order", wrong > 5 && wrong < 20, true)
		w.Faults(`{"shuffle_webhooks":true,"duplicate_webhooks":1}`)
		w.text(phone, "d")
		got := w.states()
		slices.Sort(got)
		w.Want("again", got, []string{"delivered d", "delivered d", "sent d", "sent d"})
	})
	t.Run("until the hub takes them", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("mei")
		var mu sync.Mutex
		var bodies []string
		w.AnswerBy(func(h faketest.Hook) (int, string) {
			mu.Lock()
			defer mu.Unlock()
			if bodies = append(bodies, h.Body); len(bodies) < 3 {
				return 503, ""
			}
			return 200, ""
		})
		w.text(phone, "a")
		w.Want("tries", w.states(), []string{"sent a", "sent a", "sent a", "delivered a"})
		w.Want("with the same bytes", bodies[0] == bodies[1] && bodies[1] == bodies[2], true)
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
			if err := w.Platform.SetFaults(json.RawMessage(plan)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error that says %q", plan, err, want)
			}
		}
	})
	t.Run("answer as planned", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("ann")
		w.Faults(`{"rate429":1,"retry_after":30}`)
		status, out, header := w.post("/v24.0/"+shop+"/messages", `{"messaging_product":"whatsapp","to":"`+phone+`","text":{"body":"x"}}`)
		w.Want("429", []any{status, code(out), header.Get("Retry-After")}, []any{429, 130429, "30"})
		w.Faults(`{"rate500":1}`)
		status, out = w.text(phone, "x")
		w.Want("500", []any{status, code(out)}, []any{500, 131000})
		w.Faults(`{"expired_token":true}`)
		status, out = w.text(phone, "x")
		w.Want("expired", []any{status, code(out), out["error"].(map[string]any)["error_subcode"]}, []any{401, 190, 463})
		w.Want("nothing done", []any{len(w.Ledger.Calls("", "")), len(w.Got())}, []any{0, 0})

		w.Faults(`{"accept_then_500":1}`)
		status, out = w.text(phone, "late 500")
		w.Want("accepted, then 500", []any{status, code(out), w.states()}, []any{500, 1, []string{"sent late 500", "delivered late 500"}})
		w.Faults(`{"accept_then_drop":1}`)
		status, _ = w.text(phone, "lost")
		w.Want("accepted, then nothing", []any{status, w.states()}, []any{0, []string{"sent lost", "delivered lost"}})
		w.Want("both are done", len(w.Ledger.Calls("", "")), 2)
		w.Faults(`{"down":true}`)
		status, out = w.text(phone, "x")
		w.Want("down", []any{status, code(out), len(w.Ledger.Calls("", ""))}, []any{500, 131016, 2})
		w.Faults(`{"down":true,"account":"` + club + `"}`)
		w.Want("another number is down", first(w.text(phone, "x")), 200)
		w.Faults("")
		w.Want("no faults", first(w.text(phone, "x")), 200)
		w.Faults(`{"delay_ms":30}`)
		began := time.Now()
		w.Want("slow", first(w.text(phone, "x")), 200)
		w.Want("as told", time.Since(began) >= 30*time.Millisecond, true)
	})
	t.Run("hang until the caller leaves", func(t *testing.T) {
		w := newWorld(t)
		phone, _ := w.meet("ann")
		w.Faults(`{"timeout":1}`)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r, _ := http.NewRequestWithContext(ctx, "POST", w.API.URL+"/v24.0/"+shop+"/messages",
			strings.NewReader(`{"messaging_product":"whatsapp","to":"`+phone+`","text":{"body":"x"}}`))
		r.Header = http.Header{"Authorization": {"Bearer t1"}, "Content-Type": {"application/json"}}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			t.Errorf("got %s, want no answer", resp.Status)
		}
		w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
	})
	t.Run("strike the same calls again for the same seed", func(t *testing.T) {
		run := func(seed int) string {
			w := newWorld(t)
			phone, _ := w.meet("ann")
			w.Faults(fmt.Sprintf(`{"seed":%d,"rate429":0.3,"rate500":0.3,"status_missing":0.3,"status_read":0.5,"status_shuffle":true}`, seed))
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
		id := w.Act(fake.Act{From: "ann", Text: "x"}).Message
		w.Faults(`{"rate500":1}`)
		status, _ := w.send(`"status":"read","message_id":"` + id + `"`)
		w.Want("500", []any{status, len(w.Ledger.Calls("", ""))}, []any{500, 0})
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
				w.Act(fake.Act{From: fmt.Sprint("c", i), Text: "x"})
			}
		})
	}
	wait.Wait()
	count := map[string]int{}
	for _, h := range w.Got() {
		for _, s := range w.one(h.Body).Statuses {
			count[s.Ref]++
		}
	}
	w.Want("sends", []int{len(count), len(w.Ledger.Calls("", ""))}, []int{72, 72})
	for ref, n := range count {
		w.Want(ref, n, 2)
	}
}
