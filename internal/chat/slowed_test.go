package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// tooFast is the receipt by which the platform refuses what it took.
func tooFast(q store.Queued, id string) channel.Event {
	e := receipt(nameOf(q), id, hub.Failed)
	e.Receipt.Code = hub.RateLimited
	return e
}

// taking lets the platform take every call, under p1, p2 …, and counts them.
func (y *toys) taking() *int {
	calls := 0
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		calls++
		return channel.Sent{PlatformID: fmt.Sprint("p", calls)}, nil
	}
	return &calls
}

// fast is a send that the platform has taken as p1.
func (y *toys) fast(class hub.Class) (q store.Queued, calls *int) {
	y.t.Helper()
	calls = y.taking()
	y.come("toy1", wrote("hello", "TW.1"))
	q = y.intend("TW.1", class, hub.TextContent("x"))
	y.with(y.sender(), q)
	return q, calls
}

func (y *toys) stands(q store.Queued) string {
	s := y.stored("TW.1", q.Intent.Key).Stamps
	return fmt.Sprintf("%s %s %s", s.State(), s.PlatformID, s.Code)
}

func TestSendRefusedAfterwardsAsTooFastGoesOutAgain(t *testing.T) {
	for _, class := range []hub.Class{hub.ClassPerson, hub.ClassBot, hub.ClassTransactional} {
		y := newToys(t)
		q, calls := y.fast(class)
		y.come("toy1", receipt(nameOf(q), "p1", hub.Sent))
		y.come("toy1", tooFast(q, "p1"))
		if got := y.stands(q); got != "queued  " {
			t.Errorf("%s: got %q, want it queued", class, got)
		}
		if orders := y.handOn(); len(orders) != 0 {
			t.Errorf("%s: got %d orders at once, want it to wait", class, len(orders))
		}
		y.come("toy1", tooFast(q, "p1")) // told twice, and shuffled
		y.come("toy1", receipt(nameOf(q), "p1", hub.Sent))
		y.play(1)
		y.play(1)
		for range 2 { // and late
			y.come("toy1", tooFast(q, "p1"))
			y.come("toy1", receipt(nameOf(q), "p1", hub.Sent))
		}
		y.play(15)
		if got := y.stands(q); got != "sent p2 " || *calls != 2 {
			t.Errorf("%s: got %q after %d calls, want it sent by the second", class, got, *calls)
		}
		y.come("toy1", receipt(nameOf(q), "p2", hub.Delivered))
		if got := y.stands(q); got != "delivered p2 " {
			t.Errorf("%s: got %q, want the second call's receipts to count", class, got)
		}
		if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
			t.Errorf("%s: got %v held, want nobody held back", class, held)
		}
	}
}

func TestSendThatStaysTooFastFails(t *testing.T) {
	t.Parallel() // it is among the longest
	for class, want := range map[hub.Class]int{hub.ClassPerson: 4, hub.ClassBot: 3, hub.ClassMarketing: 1} {
		y := newToys(t)
		q, calls := y.fast(class)
		y.come("toy1", tooFast(q, "p1"))
		for range 80 {
			before := *calls
			y.play(1)
			if *calls > before {
				y.come("toy1", tooFast(q, fmt.Sprint("p", *calls)))
			}
		}
		if got := y.stands(q); got != fmt.Sprintf("failed p%d rate_limited", want) || *calls != want {
			t.Errorf("%s: got %q after %d calls, want it failed after %d", class, got, *calls, want)
		}
	}
}

// TestRefusalDoesNotUndoWhatArrived: the platform contradicts itself.
func TestRefusalDoesNotUndoWhatArrived(t *testing.T) {
	for _, state := range []hub.State{hub.Delivered, hub.Read} {
		for _, refusedFirst := range []bool{true, false} {
			y := newToys(t)
			q, calls := y.fast(hub.ClassPerson)
			told := []channel.Event{receipt(nameOf(q), "p1", state), tooFast(q, "p1")}
			if refusedFirst {
				told[0], told[1] = told[1], told[0]
			}
			for _, e := range told {
				y.come("toy1", e)
			}
			y.play(20)
			if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != state || *calls != 1 {
				t.Errorf("refused first %v: got %s after %d calls, want %s after one", refusedFirst, s.State(), *calls, state)
			}
		}
	}
}

// TestRefusalThatIsFasterThanTheAnswer: the receipt comes while the call is under way,
// whose answer comes, or does not, or the worker dies.
func TestRefusalThatIsFasterThanTheAnswer(t *testing.T) {
	for _, ends := range []string{"answered", "lost", "lost, and found in a list", "died"} {
		y := newToys(t)
		if ends == "lost, and found in a list" {
			y.search("p1")
		}
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
		calls := 0
		ctx, die := context.WithCancel(context.Background())
		defer die()
		y.send = func(channel.Outgoing) (channel.Sent, error) {
			calls++
			id := fmt.Sprint("p", calls)
			if calls > 1 {
				return channel.Sent{PlatformID: id}, nil
			}
			y.come("toy1", tooFast(q, id))
			switch ends {
			case "died":
				die()
			case "answered":
			default:
				return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
			}
			return channel.Sent{PlatformID: id}, nil
		}
		if ends == "lost" {
			y.find = func(channel.Outgoing, hub.Millis, map[string]bool) (channel.Sent, bool, error) {
				return channel.Sent{}, false, nil
			}
		}
		_ = y.sender().Deliver(ctx, q, 1)
		for receives := range 4 { // it comes back
			y.Clock.Advance(15 * time.Second)
			if err := y.sender().Deliver(context.Background(), q, receives+2); err != nil && hub.RetryAfterOf(err) == 0 {
				t.Fatal(err)
			}
		}
		y.play(20)
		if got := y.stands(q); got != "sent p2 " || calls != 2 {
			t.Errorf("%s: got %q after %d calls, want it sent by the second", ends, got, calls)
		}
	}
}

// TestRefusalOfOneOfTwoCalls: a transactional message was called twice, since the first
// answer was lost; the platform refuses the first afterwards.
func TestRefusalOfOneOfTwoCalls(t *testing.T) {
	for _, second := range []string{"answered", "lost"} {
		y := newToys(t)
		calls := 0
		y.send = func(channel.Outgoing) (channel.Sent, error) {
			if calls++; calls == 1 || second == "lost" {
				return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
			}
			return channel.Sent{PlatformID: "p2"}, nil
		}
		y.find = func(channel.Outgoing, hub.Millis, map[string]bool) (channel.Sent, bool, error) {
			return channel.Sent{PlatformID: "p2"}, calls == 2, nil
		}
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
		y.with(y.sender(), q)
		for range 30 {
			y.play(1)
			if calls == 2 {
				y.come("toy1", tooFast(q, "p1"))
			}
		}
		if got := y.stands(q); got != "sent p2 " || calls != 2 {
			t.Errorf("the second %s: got %q after %d calls, want it sent by the second", second, got, calls)
		}
	}
}

// TestRefusalToldAgainDuringTheNextCall: it says nothing of that call, whose answer is
// lost.
func TestRefusalToldAgainDuringTheNextCall(t *testing.T) {
	y := newToys(t)
	y.search(error(nil))
	q, calls := y.fast(hub.ClassPerson)
	y.come("toy1", tooFast(q, "p1"))
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		*calls++
		y.come("toy1", tooFast(q, "p1"))
		return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
	}
	y.play(30)
	if got := y.stands(q); got != "unknown  " || *calls != 2 {
		t.Errorf("got %q after %d calls, want it unknown after two", got, *calls)
	}
}

// TestRefusalIsWorkedOffOnceWhereverInboundDies lets it die at each of its calls of the
// table; the receipt comes again.
func TestRefusalIsWorkedOffOnceWhereverInboundDies(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, after := range []bool{false, true} {
		for n := range 6 {
			y := newToys(t)
			q, calls := y.fast(hub.ClassPerson)
			e := y.envelope("toy1", tooFast(q, "p1"))
			_ = y.receiver(y.As("dying", hubtest.Cut(n, after))).Receive(context.Background(), e)
			receive(t, y.rc, []hub.Envelope{e})
			y.play(2)
			if s := y.stored("TW.1", q.Intent.Key); s.Stamps.State() != hub.Sent || len(s.Refused) != 1 || *calls != 2 {
				t.Errorf("cut after %d calls (answer lost: %v): got %s after %d calls, want sent after 2", n, after, s.Stamps.State(), *calls)
			}
		}
	}
}

// TestReceiptsOfARepeatedSendInAnyOrder: those of the refused call and those of the next
// are told several times each, mixed with the hub's own work; no call is made but these.
func TestReceiptsOfARepeatedSendInAnyOrder(t *testing.T) {
	t.Parallel() // it is among the longest
	for seed := range *shuffles {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		y := newToys(t)
		q, calls := y.fast(hub.ClassPerson)
		told := []channel.Event{receipt(nameOf(q), "p1", hub.Sent), tooFast(q, "p1"), tooFast(q, "p1"), receipt(nameOf(q), "p1", hub.Sent)}
		next := []channel.Event{receipt(nameOf(q), "p2", hub.Sent), receipt(nameOf(q), "p2", hub.Delivered), tooFast(q, "p1"), receipt(nameOf(q), "p2", hub.Sent)}
		y.send = func(channel.Outgoing) (channel.Sent, error) {
			*calls++
			told, next = append(told, next...), nil
			if random.IntN(3) == 0 {
				y.come("toy1", tooFast(q, "p1")) // while another call is under way
			}
			if id := fmt.Sprint("p", *calls); random.IntN(3) > 0 {
				return channel.Sent{PlatformID: id}, nil
			}
			y.come("toy1", receipt(nameOf(q), "p2", hub.Sent)) // faster than the answer, which is lost
			return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
		}
		for range 40 {
			if len(told) > 0 && random.IntN(3) > 0 {
				i := random.IntN(len(told))
				y.come("toy1", told[i])
				told = append(told[:i], told[i+1:]...)
			}
			if random.IntN(8) == 0 {
				y.play(1)
			}
		}
		for n := 0; n == 0 || next != nil && n < 12; n++ {
			for _, e := range told {
				y.come("toy1", e)
			}
			y.play(1)
		}
		for _, e := range told {
			y.come("toy1", e)
		}
		s := y.stored("TW.1", q.Intent.Key).Stamps
		if *calls != 2 || s.State() != hub.Delivered || s.PlatformID != "p2" {
			t.Fatalf("seed %d: got %s %s after %d calls, want p2 delivered after 2", seed, s.State(), s.PlatformID, *calls)
		}
	}
}
