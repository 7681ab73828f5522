package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// six are six messages: two of the same millisecond, one that is answered.
func six(base hub.Millis) []said {
	return []said{
		{"101", base - 50_000, "hello"}, {"102", base - 40_000, "are you there?"}, {"103", base - 40_000, "same moment"},
		{"104", base - 30_000, "ping"}, {"105", base - 20_000, "好"}, {"106", base - 10_000, "thanks"},
	}
}

// TestEveryPermutationEndsInTheSameState plays every 17th of the 720 permutations, which
// begins and ends otherwise than the one before; all of them at 720 shuffles or more.
func TestEveryPermutationEndsInTheSameState(t *testing.T) {
	t.Parallel() // it is among the longest
	step, ran := 17, 0
	if *shuffles >= 720 {
		step = 1
	}
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	messages := six(hub.MillisOf(h.Clock.Now()))
	want, n := "", 0
	permutations(len(messages), func(order []int) {
		user := fmt.Sprintf("U%032d", n)
		if n++; (n-1)%step != 0 {
			return
		}
		ran++
		var list []hub.Envelope
		for i, at := range order {
			list = append(list, envelope(h, user, messages[at]))
			if i%2 == n%2 { // every second delivery is repeated at once, the others at the end
				list = append(list, list[len(list)-1])
			}
		}
		list = append(list, list[0], list[len(list)/2])
		receive(t, rc, list)
		got := strings.ReplaceAll(state(t, h, user), user, "U")
		if want == "" {
			want = got
		}
		if got != want {
			t.Fatalf("order %v: got\n%s\nwant\n%s", order, got, want)
		}
	})
	if n != 720 || ran < 40 {
		t.Fatalf("ran %d of %d permutations, want at least 40 of 720", ran, n)
	}
}

// TestRepetitionsChangeNothingBetweenCommands lets an operator read, accept and
// close between events, and repeats events that had come: nothing may differ from
// the run without repetitions.
func TestRepetitionsChangeNothingBetweenCommands(t *testing.T) {
	t.Parallel() // it is among the longest
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	ctx := context.Background()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		messages := six(hub.MillisOf(h.Clock.Now()))
		order := rapid.Permutation([]int{0, 1, 2, 3, 4, 5}).Draw(t, "order")
		commands := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "read", "accept", "close"}), 6, 6).Draw(t, "commands")
		play := func(user string, repeat bool) string {
			r := ref(h, user)
			var come []hub.Envelope
			for i, at := range order {
				e := envelope(h, user, messages[at])
				come = append(come, e)
				receive(t, rc, []hub.Envelope{e})
				again := func() {
					if repeat {
						receive(t, rc, come[rapid.IntRange(0, i).Draw(t, "from"):])
					}
				}
				again()
				thread, err := h.Store.Thread(ctx, r)
				if err != nil {
					t.Fatal(err)
				}
				switch commands[i] {
				case "read":
					err = h.Store.Read(ctx, r, thread.LastKey, thread.Late)
				case "accept":
					_, err = h.Store.Accept(ctx, r, thread.Conversation, "anna")
				case "close":
					err = h.Store.Close(ctx, r, &thread, "anna")
				}
				if err != nil && hub.CodeOf(err) != hub.Conflict {
					t.Fatalf("%s: %v", commands[i], err)
				}
				again()
			}
			return strings.ReplaceAll(state(t, h, user), user, "U")
		}
		want := play(fmt.Sprintf("A%031d", n), false)
		if got := play(fmt.Sprintf("B%031d", n), true); got != want {
			t.Fatalf("commands %v: got\n%s\nwant\n%s", commands, got, want)
		}
	})
}

func TestACrashBetweenAnyTwoCallsHealsOnRedelivery(t *testing.T) {
	h := hubtest.New(t)
	whole := receiver(h, h.Store)
	messages := six(hub.MillisOf(h.Clock.Now()))
	for name, order := range map[string][]int{"in order": {0, 1, 3}, "late": {3, 1, 0}, "first": {3}} {
		want := ""
		for _, after := range []bool{false, true} {
			for calls := range 8 {
				user := fmt.Sprintf("U%s%v%d", name, after, calls)
				var list []hub.Envelope
				for _, i := range order {
					list = append(list, envelope(h, user, messages[i]))
				}
				last := len(list) - 1
				receive(t, whole, list[:last])
				broken := h.As("broken", hubtest.Cut(calls, after))
				_ = receiver(h, broken).Receive(context.Background(), list[last])
				receive(t, whole, list[last:])
				got := strings.ReplaceAll(state(t, h, user), user, "U")
				opened := openings(t, h, user)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s, cut after %d calls (answer lost: %v): got\n%s\nwant\n%s", name, calls, after, got, want)
				}
				if opened != 1 {
					t.Errorf("%s, cut after %d calls: got %d facts that open the conversation, want 1", name, calls, opened)
				}
			}
		}
	}
}

// openings counts the facts that opened the conversation that is open.
func openings(t *testing.T, h *hubtest.Hub, user string) int {
	t.Helper()
	n := 0
	for sk := range h.Items(h.Store.Tables.Messages, "T#test#U#"+string(ref(h, user).User)) {
		if strings.HasPrefix(sk, "C#") && strings.HasSuffix(sk, "#opened") {
			n++
		}
	}
	return n
}

func TestSixMessagesAtOnceMakeOneThreadAndOneHome(t *testing.T) {
	t.Parallel() // it is among the longest
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	for round := range 20 {
		user := fmt.Sprintf("U%d", round)
		messages := six(hub.MillisOf(h.Clock.Now()))
		done := make(chan error, 4*len(messages))
		for range 4 {
			for _, m := range messages {
				go func() {
					var err error
					for range 20 {
						if err = rc.Receive(context.Background(), envelope(h, user, m)); err == nil {
							break
						}
					}
					done <- err
				}()
			}
		}
		for range cap(done) {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		got := state(t, h, user)
		if n := strings.Count(got, "in=true"); n != 6 {
			t.Fatalf("got %d messages, want 6:\n%s", n, got)
		}
		if n := strings.Count(got, "pong"); n != 1 {
			t.Fatalf("got %d answers, want 1:\n%s", n, got)
		}
		if n := openings(t, h, user); n != 1 {
			t.Fatalf("got %d openings, want 1", n)
		}
	}
}

func TestStaleEventIsQuarantinedAndAnswersNothing(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	old := hub.MillisOf(h.Clock.Now().Add(-10 * 24 * time.Hour))
	receive(t, rc, []hub.Envelope{envelope(h, "U1", said{"1", old, "ping"})})
	if _, err := h.Store.Thread(context.Background(), ref(h, "U1")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want no thread", err)
	}
	wantQuarantine(t, h, hub.StaleEvent)
}

func TestReplayAfterAnyTimeChangesNothing(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	e := envelope(h, "U1", said{"1", hub.MillisOf(h.Clock.Now()), "ping"})
	receive(t, rc, []hub.Envelope{e})
	before := state(t, h, "U1")
	for _, d := range []time.Duration{time.Hour, 29 * 24 * time.Hour, 60 * 24 * time.Hour} {
		h.Clock.Advance(d)
		h.Cloud.Sweep()
		again := e
		again.Received = hub.MillisOf(h.Clock.Now())
		receive(t, rc, []hub.Envelope{again})
		if got := state(t, h, "U1"); got != before {
			t.Errorf("after %v: got\n%s\nwant\n%s", d, got, before)
		}
	}
}

func TestSameIDWithOtherTextKeepsTheFirst(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	at := hub.MillisOf(h.Clock.Now())
	receive(t, rc, []hub.Envelope{envelope(h, "U1", said{"1", at, "first"}), envelope(h, "U1", said{"1", at, "second"})})
	if got := state(t, h, "U1"); !strings.Contains(got, "first") || strings.Contains(got, "second") {
		t.Errorf("got\n%s\nwant the first text only", got)
	}
	wantQuarantine(t, h, hub.KeyReused)
}

func TestTimeInTheFutureIsReplacedByTheFirstArrivals(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	arrived := hub.MillisOf(h.Clock.Now())
	ahead := said{"1", arrived.Add(time.Hour), "ping"}
	receive(t, rc, []hub.Envelope{envelope(h, "U1", ahead)})
	h.Clock.Advance(5 * time.Minute)
	receive(t, rc, []hub.Envelope{envelope(h, "U1", ahead)})
	h.Clock.Advance(2 * time.Hour) // by now the platform's time has passed
	receive(t, rc, []hub.Envelope{envelope(h, "U1", ahead)})
	log, err := h.Store.Log(context.Background(), ref(h, "U1"), "", 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 2 || log[1].Key != hub.NewMessageKey(arrived, "1") || log[0].Key != log[1].Key.Answer() {
		t.Errorf("got %d messages %+v, want one at its arrival and its answer", len(log), log)
	}
}

func TestNoAnswerWhereNoneIsDue(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	ctx := context.Background()
	now := hub.MillisOf(h.Clock.Now())
	answered := func(user string) bool { return strings.Contains(state(t, h, user), "in=false pong") }

	receive(t, rc, []hub.Envelope{envelope(h, "Uold", said{"1", now.Add(-6 * time.Minute), "ping"})})
	if answered("Uold") {
		t.Error("a message over five minutes old was answered")
	}
	receive(t, rc, []hub.Envelope{envelope(h, "Uother", said{"1", now, "pingpong"})})
	if answered("Uother") {
		t.Error("a text that only contains the keyword was answered")
	}
	receive(t, rc, []hub.Envelope{envelope(h, "Ufloor", said{"1", now - 10, "hello"})})
	thread, err := h.Store.Thread(ctx, ref(h, "Ufloor"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Store.Accept(ctx, ref(h, "Ufloor"), thread.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	receive(t, rc, []hub.Envelope{envelope(h, "Ufloor", said{"2", now, "ping"})})
	if answered("Ufloor") {
		t.Error("the bot spoke while a person has the floor")
	}
	standby := envelope(h, "Ustandby", said{"1", now, "ping"})
	standby.Raw = []byte(strings.Replace(string(standby.Raw), `"active"`, `"standby"`, 1))
	receive(t, rc, []hub.Envelope{standby})
	if answered("Ustandby") {
		t.Error("a message in standby was answered")
	}
	receive(t, rc, []hub.Envelope{envelope(h, "Ucase", said{"1", now, "  PING "})})
	if !answered("Ucase") {
		t.Error("the keyword in other case with spaces was not answered")
	}
}

func TestEventsThatAreNoMessagesAreKeptRaw(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	e := envelope(h, "U1", said{"1", hub.MillisOf(h.Clock.Now()), "x"})
	e.Raw = []byte(fmt.Sprintf(`{"type":"follow","mode":"active","timestamp":%d,"source":{"type":"user","userId":"U1"},`+
		`"webhookEventId":"E1","replyToken":"r","follow":{"isUnblocked":false}}`, hub.MillisOf(h.Clock.Now())))
	receive(t, rc, []hub.Envelope{e, e})
	kept := 0
	for sk := range h.Items(h.Store.Tables.Messages, "T#test#U#"+string(e.User)) {
		if strings.HasPrefix(sk, "V#") {
			kept++
		}
	}
	if kept != 1 {
		t.Errorf("got %d kept events, want 1", kept)
	}
	thread, err := h.Store.Thread(context.Background(), ref(h, "U1"))
	if err != nil || thread.Followed == 0 || thread.LastKey != "" || thread.Conversation != "" {
		t.Errorf("got %+v, %v, want a follower without message or conversation", thread, err)
	}
}

func TestUnparsableEventIsQuarantinedWithItsBytes(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	e := envelope(h, "U1", said{"1", hub.MillisOf(h.Clock.Now()), "x"})
	e.Raw = []byte(`{"type":"message","timestamp":"not a number"}`)
	receive(t, rc, []hub.Envelope{e, e})
	q := wantQuarantine(t, h, hub.Unparsable)
	body, whole, err := h.Store.QuarantinedBody(context.Background(), q)
	if err != nil || !whole || string(body) != string(e.Raw) {
		t.Errorf("got body %q, whole %v, %v, want the event's bytes", body, whole, err)
	}
}

func TestChunksOfABodyAreKeptInAnyOrder(t *testing.T) {
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	raw := strings.Repeat("0123456789", 150_000)
	var list []hub.Envelope
	for i := range 3 {
		e := envelope(h, "", said{})
		e.User, e.Raw = "", []byte(raw[i*500_000:(i+1)*500_000])
		e.Chunk = &hub.Chunk{ID: "c1", Index: i, Total: 3, Size: len(raw), Reason: hub.Unparsable, Detail: "test"}
		list = append(list, e)
	}
	receive(t, rc, []hub.Envelope{list[2], list[0], list[2]})
	q := wantQuarantine(t, h, hub.Unparsable)
	if _, whole, err := h.Store.QuarantinedBody(context.Background(), q); err != nil || whole {
		t.Errorf("got whole %v, %v while a chunk is missing", whole, err)
	}
	receive(t, rc, list)
	body, whole, err := h.Store.QuarantinedBody(context.Background(), wantQuarantine(t, h, hub.Unparsable))
	if err != nil || !whole || string(body) != raw {
		t.Errorf("got %d bytes, whole %v, %v, want all %d", len(body), whole, err, len(raw))
	}
}

func TestEmptyBodyIsKeptToo(t *testing.T) {
	h := hubtest.New(t)
	e := envelope(h, "", said{})
	e.User, e.Raw, e.Chunk = "", nil, &hub.Chunk{ID: "empty", Total: 1, Reason: hub.Unparsable}
	receive(t, receiver(h, h.Store), []hub.Envelope{e, e})
	if _, whole, err := h.Store.QuarantinedBody(context.Background(), wantQuarantine(t, h, hub.Unparsable)); err != nil || !whole {
		t.Errorf("got whole %v, %v", whole, err)
	}
}

// wantQuarantine finds the one entry of the quarantine.
func wantQuarantine(t *testing.T, h *hubtest.Hub, code hub.Code) store.Quarantined {
	t.Helper()
	list, err := h.Store.QuarantinedOn(context.Background(), hubtest.Team, store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Reason != code {
		t.Fatalf("got quarantine %+v, want one entry of %s", list, code)
	}
	return list[0]
}
