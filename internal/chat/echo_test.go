package chat_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// echoing makes the toy a channel that shows what the account's side sends: with our own
// name, or by its own ids alone.
func (y *toys) echoing(named bool) {
	y.caps.Echoes, y.caps.ReceiptRef = true, named
}

// echoed is a message of the account's side.
func echoed(id, text, ref, app string) channel.Event {
	return channel.Event{
		Kind: channel.EventEcho, Type: "message", User: "TW.1", ID: "echo-" + id,
		Message: channel.Message{ID: id, Type: hub.Text, Text: text}, Echo: channel.Echo{Ref: ref, App: app},
	}
}

func nameOf(q store.Queued) string { return string(q.Ref.User) + "." + string(q.Intent.Key) }

// ours lists the account's side of a customer's log, oldest first: text, state, and who
// wrote it if it was another system.
func (y *toys) ours(id string) string {
	y.t.Helper()
	log, err := y.Store.Log(context.Background(), y.at("toy1", id), "", 100)
	if err != nil {
		y.t.Fatal(err)
	}
	slices.Reverse(log)
	var out []string
	for _, m := range log {
		if !m.Inbound {
			out = append(out, strings.TrimSpace(m.Text+" "+string(m.Stamps.State())+" "+m.By))
		}
	}
	return strings.Join(out, ", ")
}

func TestEchoBeforeOurAnswerIsOneMessage(t *testing.T) {
	for _, named := range []bool{true, false} {
		y := newToys(t)
		y.echoing(named)
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
		var e hub.Envelope
		y.send = func(m channel.Outgoing) (channel.Sent, error) {
			ref := m.Ref
			if !named {
				ref = ""
			}
			e = y.come("toy1", echoed("mid.1", "hi", ref, "")) // before the call ends
			return channel.Sent{PlatformID: "mid.1"}, nil
		}
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		if got := y.ours("TW.1"); got != "hi sent" {
			t.Errorf("named %v: got %q, want one message", named, got)
		}
		y.come("toy1", receipt("", "mid.1", hub.Read))
		receive(t, y.rc, []hub.Envelope{e})
		want := "hi read"
		if named {
			want = "hi sent" // a receipt by the id alone is another system's on such a channel
		}
		if got := y.ours("TW.1"); got != want {
			t.Errorf("named %v, a receipt and the echo again: got %q, want %q", named, got, want)
		}
		if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Accepted == 0 || s.Sent == 0 || s.PlatformID != "mid.1" {
			t.Errorf("named %v: got %+v, want both words for it", named, s)
		}
	}
}

func TestEchoOfOurOwnIsAReceipt(t *testing.T) {
	for _, class := range []hub.Class{hub.ClassPerson, hub.ClassTransactional, hub.ClassMarketing} {
		for _, when := range []string{"before the answer is lost", "after it"} {
			y := newToys(t)
			y.echoing(true)
			y.come("toy1", wrote("hello", "TW.1"))
			q := y.intend("TW.1", class, hub.TextContent("hi"))
			calls := y.lose()
			lose := y.send
			y.send = func(m channel.Outgoing) (channel.Sent, error) {
				if when == "before the answer is lost" {
					y.come("toy1", echoed("mid.1", "hi", m.Ref, "app"))
				}
				return lose(m)
			}
			if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
			if when == "after it" {
				y.come("toy1", echoed("mid.1", "hi", nameOf(q), "app"))
			}
			y.Clock.Advance(3 * time.Minute)
			for _, order := range y.handOn() {
				if err := y.sender().Deliver(context.Background(), order, 1); err != nil {
					t.Fatal(err)
				}
			}
			if got := y.ours("TW.1"); got != "hi sent" || *calls != 1 {
				t.Errorf("%s, echo %s: got %q after %d calls, want it sent, by one", class, when, got, *calls)
			}
			if s := y.stored("TW.1", q.Intent.Key).Stamps; when == "before the answer is lost" && s.Unknown != 0 {
				t.Errorf("%s, echo %s: got %+v, want nobody to call it unknown", class, when, s)
			}
			if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
				t.Errorf("%s, echo %s: got %v held, want nobody held back", class, when, held)
			}
		}
	}
}

// TestEchoWithOurNameLeadsLaterReceiptsThere: our own answer was lost, so that the echo
// alone tells under which id the receipts will come.
func TestEchoWithOurNameLeadsLaterReceiptsThere(t *testing.T) {
	y := newToys(t)
	y.echoing(false)
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
	y.lose()
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", receipt("", "mid.1", hub.Delivered))
	y.come("toy1", echoed("mid.1", "hi", nameOf(q), ""))
	y.come("toy1", receipt("", "mid.1", hub.Read))
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Sent == 0 || s.Delivered == 0 || s.Read == 0 {
		t.Errorf("got %+v, want it sent, delivered and read", s)
	}
}

func TestEchoOfAnotherSystemStandsInTheLogAndDoesNothingElse(t *testing.T) {
	y := newToys(t)
	y.echoing(false)
	y.come("toy1", wrote("hello", "TW.1"))
	before, events := y.thread("toy1", "TW.1"), len(y.Published())
	y.Clock.Advance(time.Minute)
	inbox, app := y.envelope("toy1", echoed("mid.1", "ping", "", "")), y.envelope("toy1", echoed("mid.2", "from the shop", "their-own", "1517776481860111"))
	receive(t, y.rc, []hub.Envelope{inbox, app, inbox, app})
	y.come("toy1", receipt("", "mid.2", hub.Read))
	if got, want := y.ours("TW.1"), "ping sent platform, from the shop read app:1517776481860111"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	after := y.thread("toy1", "TW.1")
	if fmt.Sprintf("%+v", after) != fmt.Sprintf("%+v", before) {
		t.Errorf("got the thread %+v, want it as it was: %+v", after, before)
	}
	if got := len(y.Published()); got != events {
		t.Errorf("got %d events, want the %d of before", got, events)
	}
	log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
	if err != nil || len(log[0].Raw) == 0 || log[0].Class != "" {
		t.Errorf("got %+v, %v, want the raw event, and no class", log[0], err)
	}
	// What is done to it finds it.
	y.come("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Reaction, Target: "mid.1", Value: "👍", Actor: "TW.1"}})
	if log, err = y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10); err != nil || len(log[1].Reactions) != 1 {
		t.Errorf("got %+v, %v, want the customer's reaction to it", log[1], err)
	}
}

func TestEchoToSomebodyUnknownMakesTheThreadKnownAndNoConversation(t *testing.T) {
	y := newToys(t)
	y.echoing(false)
	y.come("toy1", echoed("mid.1", "welcome", "", ""))
	th := y.thread("toy1", "TW.1")
	if th.Account != "toy1" || th.External != "TW.1" || th.LastKey != "" || th.Conversation != "" || th.Unread() {
		t.Errorf("got %+v, want a thread that is known, with no conversation", th)
	}
	y.come("toy1", receipt("", "mid.1", hub.Delivered))
	if got := y.ours("TW.1"); got != "welcome delivered platform" {
		t.Errorf("got %q, want it delivered", got)
	}
}

// TestEchoOfATimeAheadIsOneMessage: the time is not believed at first, and may be later.
func TestEchoOfATimeAheadIsOneMessage(t *testing.T) {
	y := newToys(t)
	y.echoing(false)
	e := echoed("mid.1", "from tomorrow", "", "")
	e.At = hub.MillisOf(y.Clock.Now()).Add(24 * time.Hour)
	first := y.come("toy1", e)
	y.Clock.Advance(24 * time.Hour)
	first.Received = hub.MillisOf(y.Clock.Now())
	receive(t, y.rc, []hub.Envelope{first})
	if got := y.ours("TW.1"); got != "from tomorrow sent platform" {
		t.Errorf("got %q, want one message", got)
	}
}

// TestEchoBetweenAnyTwoCallsOfOurSendIsOneMessage lets the echo come right before each
// call of the table that the send makes, and the send be made right before each call
// that the echo makes.
func TestEchoBetweenAnyTwoCallsOfOurSendIsOneMessage(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, first := range []string{"send", "echo"} {
		done := 0
		for n := range 12 {
			y := newToys(t)
			y.echoing(false)
			y.accept("mid.1")
			y.come("toy1", wrote("hello", "TW.1"))
			q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
			e := y.envelope("toy1", echoed("mid.1", "hi", "", ""))
			echo := func(st *store.Store) { receive(t, y.receiver(st), []hub.Envelope{e}) }
			send := func(st *store.Store) {
				sn := y.sender()
				sn.Store = st
				if err := sn.Deliver(context.Background(), q, 1); err != nil {
					t.Fatal(err)
				}
			}
			outer, inner := send, echo
			if first == "echo" {
				outer, inner = echo, send
			}
			came := false
			outer(y.As("outer", func(next http.RoundTripper) http.RoundTripper {
				return &nth{next: next, left: n, do: func() { came = true; inner(y.Store) }}
			}))
			if came {
				done++
			} else {
				inner(y.Store)
			}
			if got := y.ours("TW.1"); got != "hi sent" {
				t.Errorf("%s, and the other before its call %d: got %q, want one message", first, n, got)
			}
		}
		if done < 4 {
			t.Errorf("%s: the other came within it %d times, want it between all its calls", first, done)
		}
	}
}

// TestSendOfAWorkerThatDiesMeetsItsEcho lets a worker die at each of its calls of the
// table, after it was carried out: whoever gets the send after it brings it together
// with the echo, which has come meanwhile, or comes later.
func TestSendOfAWorkerThatDiesMeetsItsEcho(t *testing.T) {
	t.Parallel() // it is among the longest
	for _, early := range []bool{true, false} {
		for n := range 8 {
			y := newToys(t)
			y.echoing(false)
			sent := y.accept("mid.1")
			y.come("toy1", wrote("hello", "TW.1"))
			q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
			dying := y.sender()
			dying.Store = y.As("dying", hubtest.Cut(n, true))
			_ = dying.Deliver(context.Background(), q, 1)
			echo := func() { y.come("toy1", echoed("mid.1", "hi", "", "")) }
			if called := len(*sent) > 0; early && called {
				echo()
			}
			for receives := range 3 {
				y.Clock.Advance(time.Minute)
				_ = y.sender().Deliver(context.Background(), q, receives+2)
			}
			if len(*sent) == 0 {
				continue // it died with the claim, before the call
			}
			if !early {
				echo()
			}
			if got := y.ours("TW.1"); got != "hi sent" || len(*sent) != 1 {
				t.Errorf("cut after %d calls, the echo early %v: got %q after %d calls, want one message", n, early, got, len(*sent))
			}
		}
	}
}

// nth does something before the n-th call.
type nth struct {
	next http.RoundTripper
	left int
	do   func()
}

func (n *nth) RoundTrip(r *http.Request) (*http.Response, error) {
	n.left--
	if n.left == -1 {
		n.do()
	}
	return n.next.RoundTrip(r)
}

func TestEchoOfBeforeAnErasureLeavesNothing(t *testing.T) {
	y := newToys(t)
	y.echoing(false)
	y.come("toy1", wrote("hello", "TW.1"))
	e := echoed("mid.1", "my secret", "", "")
	e.At = hub.MillisOf(y.Clock.Now())
	y.Clock.Advance(time.Minute)
	erased := hub.MillisOf(y.Clock.Now())
	y.PutItem(y.Store.Tables.Messages, map[string]any{
		"PK": "T#" + string(hubtest.Team) + "#U#" + string(y.at("toy1", "TW.1").User), "SK": "THREAD",
		"erasedAt": int64(erased), "lastKey": fmt.Sprintf("%013d#~", erased), "epoch": int64(1),
	})
	before := y.Dump(y.Store.Tables.Messages)
	y.come("toy1", e)
	if y.Dump(y.Store.Tables.Messages) != before {
		t.Error("got something stored, want nothing")
	}
}

func TestEchoOfOurOwnCostsOneWrite(t *testing.T) {
	for named, want := range map[bool]float64{true: 0, false: 1} {
		y := newToys(t)
		y.echoing(named)
		y.accept("mid.1")
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("hi"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		ref := ""
		if named {
			ref = nameOf(q)
		}
		e := y.envelope("toy1", echoed("mid.1", "hi", ref, ""))
		rc := y.receiver(y.As("echo", nil))
		y.Cloud.Meter().Reset()
		receive(t, rc, []hub.Envelope{e})
		if calls, read, write := y.Calls("echo"); write != 1 || read != want || calls != 1+int(want) {
			t.Errorf("named %v: got %d calls, %v read and %v written, want one write, and %v read", named, calls, read, write, want)
		}
	}
}
