package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// TestSendAndItsEchoesAreOneMessageInAnyOrder lets a send, the platform's echo of it, a
// receipt, and another system's echo come in every order, as often as they like, each
// cut off at any of its calls of the table; the platform's answer may be lost. It ends
// with one message of ours, called for once, and one of the other system's.
func TestSendAndItsEchoesAreOneMessageInAnyOrder(t *testing.T) {
	t.Parallel() // it is among the longest
	y := newToys(t)
	y.echoing(false)
	taken, calls := map[string]string{}, map[string]int{}
	lost := false
	y.send = func(m channel.Outgoing) (channel.Sent, error) {
		user := m.To.Reveal()
		calls[user]++
		taken[user] = "mid." + user
		if lost {
			return channel.Sent{}, hub.E(hub.Unclear, "toy: send", nil)
		}
		return channel.Sent{PlatformID: taken[user]}, nil
	}
	y.find = func(m channel.Outgoing, _ hub.Millis, _ map[string]bool) (channel.Sent, bool, error) {
		id, ok := taken[m.To.Reveal()]
		return channel.Sent{PlatformID: id}, ok, nil
	}
	n := 0
	keys := map[hub.MessageKey]*bool{} // of messages, and whether ours were sent; nil = the customer's
	rapid.Check(t, func(t *rapid.T) {
		n++
		user := fmt.Sprintf("TW.%d", n)
		class := rapid.SampledFrom([]hub.Class{hub.ClassPerson, hub.ClassTransactional, hub.ClassMarketing}).Draw(t, "class")
		lost = rapid.Bool().Draw(t, "answer lost")
		hello := wrote("hello", user)
		y.come("toy1", hello)
		before := y.thread("toy1", user)
		q := y.intend(user, class, hub.TextContent("hi"))
		own, other := echoed("mid."+user, "hi", "", ""), echoed("other."+user, "from the inbox", "", "")
		read := receipt("", "mid."+user, hub.Read)
		own.User, other.User, read.User = user, user, user
		own.ID, other.ID = own.ID+user, other.ID+user
		envelopes := map[string]hub.Envelope{
			"echo": y.envelope("toy1", own), "other's echo": y.envelope("toy1", other), "receipt": y.envelope("toy1", read),
		}
		receives := 0
		deliver := func(st *store.Store) error {
			sn := y.sender()
			sn.Store = st
			receives++
			return sn.Deliver(context.Background(), q, receives)
		}
		// The platform tells of nothing that it did not take.
		told := func(what string) bool { return taken[user] != "" || what == "other's echo" }
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"send", "echo", "other's echo", "receipt"}), 2, 6).Draw(t, "steps")
		for _, step := range steps {
			st := y.Store
			if rapid.Bool().Draw(t, "cut") {
				st = y.As("dying", hubtest.Cut(rapid.IntRange(0, 9).Draw(t, "calls"), rapid.Bool().Draw(t, "after")))
			}
			if step == "send" {
				_ = deliver(st)
			} else if told(step) {
				_ = y.receiver(st).Receive(context.Background(), envelopes[step])
			}
			y.Clock.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 50, 130}).Draw(t, "seconds")) * time.Second)
		}
		for range 4 { // whatever was cut off comes again
			_ = deliver(y.Store)
			for name, e := range envelopes {
				if told(name) {
					receive(t, y.rc, []hub.Envelope{e})
				}
			}
			y.Clock.Advance(3 * time.Minute)
		}
		want, once := "hi read", 1
		if taken[user] == "" { // a worker died with the claim, and whether it had called nobody knows
			want, once = "hi unknown", 0
		}
		got := y.ours(user)
		if got != want+", from the inbox sent platform" && got != "from the inbox sent platform, "+want {
			t.Fatalf("got %q, want %q, and the other system's", got, want)
		}
		if calls[user] != once || once == 0 && class == hub.ClassTransactional {
			t.Fatalf("got %d calls of the platform, want 1, or none of a message that may not be repeated", calls[user])
		}
		after := y.thread("toy1", user)
		if len(after.Held) != 0 || after.LastKey != before.LastKey || after.Conversation != before.Conversation || after.LastIn != before.LastIn {
			t.Fatalf("got the thread %+v, want nobody held back and the rest of %+v", after, before)
		}
		sent := once == 1
		keys[q.Intent.Key], keys[before.LastKey] = &sent, nil
		if len(keys) < 20 {
			return
		}
		states := map[hub.MessageKey]map[string]int{}
		for _, e := range y.Published() {
			m, of := e.Detail["message"].(string)
			k := hub.MessageKey(m)
			if _, known := keys[k]; of && !known && len(keys) == n*2 {
				t.Fatalf("got %s of %v, want nothing of the account's side but what became of our message", e.Kind, m)
			}
			if of && e.Kind == hub.MessageStatus {
				if states[k] == nil {
					states[k] = map[string]int{}
				}
				states[k][e.Detail["state"].(string)]++
			}
		}
		for k, sent := range keys {
			got := states[k]
			switch {
			case sent == nil && len(got) == 0, sent != nil && !*sent && len(got) == 1 && got["unknown"] == 1:
			case sent != nil && *sent && got["sent"] <= 1 && got["read"] == 1 && len(got) <= 2:
			default:
				t.Fatalf("got the events %v, want each state once", got)
			}
		}
		clear(keys)
	})
}
