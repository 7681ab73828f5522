package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
	"omnihub/internal/store"
)

// search lets the platform be looked through, with what it answers each time; the last
// answer stays. It counts how often.
func (y *toys) search(answers ...any) *int {
	looks := 0
	y.find = func(_ channel.Outgoing, _ hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
		answer := answers[min(looks, len(answers)-1)]
		looks++
		switch a := answer.(type) {
		case string:
			return channel.Sent{PlatformID: a}, !known[a], nil
		case hub.Code:
			return channel.Sent{}, false, hub.E(a, "toy: find", nil)
		}
		return channel.Sent{}, false, nil
	}
	return &looks
}

// play lets what is due be delivered again, minute by minute.
func (y *toys) play(minutes int) {
	y.t.Helper()
	for range minutes {
		y.Clock.Advance(time.Minute)
		for _, order := range y.handOn() {
			if err := y.sender().Deliver(context.Background(), order, 1); err != nil && hub.RetryAfterOf(err) == 0 {
				y.t.Fatal(err)
			}
		}
	}
}

func TestLostSendIsLookedForBeforeItIsJudged(t *testing.T) {
	t.Parallel() // it is among the longest
	none := error(nil)
	for _, c := range []struct {
		name    string
		class   hub.Class
		answers []any // of the search
		want    hub.State
		calls   int
		looks   int
	}{
		{"a person's message is found", hub.ClassPerson, []any{"mid.1"}, hub.Sent, 1, 1},
		{"the bot's is found", hub.ClassBot, []any{"mid.1"}, hub.Sent, 1, 1},
		{"marketing is found", hub.ClassMarketing, []any{"mid.1"}, hub.Sent, 1, 1},
		{"transactional is found", hub.ClassTransactional, []any{"mid.1"}, hub.Sent, 1, 1},
		{"a person's is not", hub.ClassPerson, []any{none}, hub.Unknown, 1, 1},
		{"marketing is not, and never sent again", hub.ClassMarketing, []any{none}, hub.Unknown, 1, 1},
		{"transactional is not, then once more, and found", hub.ClassTransactional, []any{none, "mid.2"}, hub.Sent, 2, 2},
		{"transactional is never found", hub.ClassTransactional, []any{none}, hub.Unknown, 2, 2},
		{"the platform does not answer at first", hub.ClassPerson, []any{hub.Transient, hub.RateLimited, "mid.1"}, hub.Sent, 1, 3},
		{"it cannot be looked for", hub.ClassPerson, []any{hub.Permanent}, hub.Unknown, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := newToys(t)
			looks, calls := y.search(c.answers...), y.lose()
			y.come("toy1", wrote("hello", "TW.1"))
			q := y.intend("TW.1", c.class, hub.TextContent("x"))
			if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
			y.play(1)
			if *looks != 0 {
				t.Errorf("got %d looks within two minutes, want to wait for a receipt", *looks)
			}
			y.play(14)
			s := y.stored("TW.1", q.Intent.Key).Stamps
			if s.State() != c.want || *calls != c.calls || *looks != c.looks {
				t.Errorf("got %s after %d calls and %d looks, want %s after %d and %d", s.State(), *calls, *looks, c.want, c.calls, c.looks)
			}
			if c.want == hub.Sent && s.PlatformID != c.answers[len(c.answers)-1] {
				t.Errorf("got the id %q, want the one that was found", s.PlatformID)
			}
			if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
				t.Errorf("got %v held, want nobody held back", held)
			}
		})
	}
}

func TestPlatformThatCannotBeSearchedIsGivenUp(t *testing.T) {
	for _, answer := range []hub.Code{hub.Transient, hub.TokenExpired} {
		y := newToys(t)
		y.search(answer)
		calls := y.lose()
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		y.play(8)
		if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Final() {
			t.Errorf("%s, after eight minutes: got %s, want it to be looked for still", answer, s.State())
		}
		y.play(20)
		if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != hub.Unknown || *calls != 1 {
			t.Errorf("%s: got %s after %d calls, want unknown after 1", answer, s.State(), *calls)
		}
	}
}

func TestReceiptOrEchoSparesTheSearch(t *testing.T) {
	for _, name := range []string{"receipt", "echo", "echo while it is looked for"} {
		y := newToys(t)
		y.echoing(true)
		looks, calls := y.search("mid.1"), y.lose()
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassMarketing, hub.TextContent("x"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		want := 0
		switch name {
		case "receipt":
			y.come("toy1", receipt(nameOf(q), "mid.1", hub.Sent))
		case "echo":
			y.come("toy1", echoed("mid.1", "x", nameOf(q), ""))
		default:
			want = 1
			find := y.find
			y.find = func(m channel.Outgoing, since hub.Millis, known map[string]bool) (channel.Sent, bool, error) {
				y.come("toy1", echoed("mid.1", "x", nameOf(q), ""))
				return find(m, since, known)
			}
		}
		y.play(4)
		if got := y.ours("TW.1"); got != "x sent" || *looks != want || *calls != 1 {
			t.Errorf("%s: got %q after %d looks and %d calls, want one message after %d and 1", name, got, *looks, *calls, want)
		}
		if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
			t.Errorf("%s: got %v held, want nobody held back", name, held)
		}
	}
}

// TestFoundMessageOfTheSameContentIsNotTakenForAnother: the customer got the same text
// from us before, maybe under another id, and the search finds that.
func TestFoundMessageOfTheSameContentIsNotTakenForAnother(t *testing.T) {
	for _, before := range []string{"TW.1", "wa:886"} {
		y := newToys(t)
		y.accept("mid.1")
		y.come("toy1", wrote("hello", before))
		if err := y.sender().Deliver(context.Background(), y.intend(before, hub.ClassPerson, hub.TextContent("ok")), 1); err != nil {
			t.Fatal(err)
		}
		y.come("toy1", wrote("it is me", "wa:886", "TW.1"))
		y.search("mid.1")
		y.lose()
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("ok"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		y.play(4)
		if got := y.ours("TW.1"); got != "ok sent, ok unknown" {
			t.Errorf("first to %s: got %q, want the second one unknown", before, got)
		}
	}
}

// TestEqualTextsAreToldApartByTheirEchoes: of several answers in the same words one is
// lost, and the search finds an earlier one; the echoes bear no name of ours.
func TestEqualTextsAreToldApartByTheirEchoes(t *testing.T) {
	for _, class := range []hub.Class{hub.ClassPerson, hub.ClassTransactional} {
		for _, finds := range []any{"mid.1", error(nil)} {
			y := newToys(t)
			y.echoing(false)
			y.search(finds)
			y.come("toy1", wrote("hello", "TW.1"))
			calls := 0
			y.send = func(m channel.Outgoing) (channel.Sent, error) {
				calls++
				id := fmt.Sprint("mid.", calls)
				y.come("toy1", echoed(id, m.Content.Text, "", ""))
				if calls == 2 {
					return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
				}
				return channel.Sent{PlatformID: id}, nil
			}
			for range 3 {
				y.with(y.sender(), y.intend("TW.1", class, hub.TextContent("pong")))
				y.Clock.Advance(time.Second)
			}
			y.play(6)
			if got := y.ours("TW.1"); got != "pong sent, pong sent, pong sent" || calls != 3 {
				t.Errorf("%s, the search finds %v: got %q after %d calls, want three, each sent by one", class, finds, got, calls)
			}
		}
	}
}

// TestFindIsNotTakenWhileAnotherOfTheSameWordsMayOwnIt: of two sends of the same words
// the first never left, since its worker died; the second did, and its answer was lost.
// The platform tells of the second by our name, at last.
func TestFindIsNotTakenWhileAnotherOfTheSameWordsMayOwnIt(t *testing.T) {
	for _, told := range []bool{true, false} {
		y := newToys(t)
		y.search("mid.2")
		calls := y.lose()
		y.come("toy1", wrote("hello", "TW.1"))
		first := y.intend("TW.1", hub.ClassPerson, hub.TextContent("ok"))
		if _, err := y.Store.ClaimSend(context.Background(), first.Ref, first.Intent.Key, store.Claim{
			Owner: "dead", Stage: store.StageSend, Deadline: hub.MillisOf(y.Clock.Now()),
		}); err != nil {
			t.Fatal(err)
		}
		y.Clock.Advance(time.Second)
		second := y.intend("TW.1", hub.ClassPerson, hub.TextContent("ok"))
		y.with(y.sender(), second)
		if err := y.sender().Deliver(context.Background(), first, 2); err != nil {
			t.Fatal(err)
		}
		y.play(7)
		if got := y.ours("TW.1"); got != "ok queued, ok queued" {
			t.Errorf("told %v, after seven minutes: got %q, want both to wait for a receipt", told, got)
		}
		want := "ok sent, ok unknown" // nobody can tell which
		if told {
			y.come("toy1", receipt(nameOf(second), "mid.2", hub.Sent))
			want = "ok unknown, ok sent"
		}
		y.play(12)
		if got := y.ours("TW.1"); got != want || *calls != 1 {
			t.Errorf("told %v: got %q after %d calls, want %q after one", told, got, *calls, want)
		}
		if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
			t.Errorf("told %v: got %v held, want nobody held back", told, held)
		}
	}
}

func TestSearchBeginsWithTheFirstCall(t *testing.T) {
	y := newToys(t)
	y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	y.Clock.Advance(20 * time.Minute) // it waited for its turn
	called := hub.MillisOf(y.Clock.Now())
	var from []hub.Millis
	y.find = func(m channel.Outgoing, since hub.Millis, _ map[string]bool) (channel.Sent, bool, error) {
		from = append(from, since)
		return channel.Sent{}, false, nil
	}
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	y.play(4)
	if want := called.Add(-10 * time.Second); !slices.Equal(from, []hub.Millis{want}) {
		t.Errorf("got a search from %v, want one from %d: the call, and what two clocks may differ", from, want)
	}
}

// TestSendOfAWorkerThatDiesIsFound lets a worker die at each of its calls of the table,
// at the first call of the platform and at the look for it: the platform is called once
// for what may not be repeated, and what it has taken is known as sent.
func TestSendOfAWorkerThatDiesIsFound(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, class := range []hub.Class{hub.ClassPerson, hub.ClassTransactional} {
		for _, dies := range []string{"sending", "looking"} {
			for _, after := range []bool{false, true} {
				for n := range 8 {
					y := newToys(t)
					calls := 0
					y.send = func(channel.Outgoing) (channel.Sent, error) {
						if calls++; dies == "looking" {
							return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
						}
						return channel.Sent{PlatformID: "mid.1"}, nil
					}
					y.find = func(channel.Outgoing, hub.Millis, map[string]bool) (channel.Sent, bool, error) {
						return channel.Sent{PlatformID: "mid.1"}, calls > 0, nil
					}
					y.come("toy1", wrote("hello", "TW.1"))
					q := y.intend("TW.1", class, hub.TextContent("x"))
					dying := y.sender()
					dying.Store = y.As("dying", hubtest.Cut(n, after))
					if dies == "looking" {
						if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
							t.Fatal(err)
						}
						y.Clock.Advance(3 * time.Minute)
						for _, order := range y.handOn() {
							_ = dying.Deliver(context.Background(), order, 1)
						}
					} else {
						_ = dying.Deliver(context.Background(), q, 1)
					}
					for receives := range 12 {
						y.Clock.Advance(time.Minute)
						_ = y.sender().Deliver(context.Background(), q, receives+2)
					}
					s := y.stored("TW.1", q.Intent.Key).Stamps
					if calls == 0 && class == hub.ClassPerson && s.State() == hub.Unknown {
						continue // it died with the claim, before the call
					}
					if calls != 1 || s.State() != hub.Sent || s.PlatformID != "mid.1" {
						t.Errorf("%s, dies %s after %d calls (answer lost: %v): got %d calls of the platform and %s, want 1 and sent", class, dies, n, after, calls, s.State())
					}
				}
			}
		}
	}
}

func TestFoundSendIsCountedAsReconciled(t *testing.T) {
	y := newToys(t)
	y.search("mid.1")
	y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	sender := y.sender()
	n := metrictest.New(t, "outbound", "toy")
	sender.Metrics = n.Meter
	if err := sender.Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	y.Clock.Advance(3 * time.Minute)
	for _, order := range y.handOn() {
		if err := sender.Deliver(context.Background(), order, 1); err != nil {
			t.Fatal(err)
		}
	}
	n.Want("found", map[string]int{
		"SendsInDoubt toy": 1, "SendsParked toy": 1, "SendsReconciled toy": 1, "SendsSent toy person": 1, "SendDelay toy person": 1,
	})
}
