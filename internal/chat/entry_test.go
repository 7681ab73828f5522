package chat_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func entered(source, ref, ad string) channel.Event {
	return channel.Event{Kind: channel.EventEntry, Type: "referral", User: "TW.1", Entry: channel.Entry{Source: source, Ref: ref, Ad: ad}}
}

func TestEntryIsAnActAndAFact(t *testing.T) {
	y := newToys(t)
	y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	before := y.thread("toy1", "TW.1")
	y.Clock.Advance(25 * time.Hour) // the window is closed
	link := y.come("toy1", entered("SHORTLINK", "spring", ""))
	th := y.thread("toy1", "TW.1")
	if th.LastAct <= before.LastIn || th.LastKey != before.LastKey || th.Conversation != before.Conversation || th.Entered.At != 0 {
		t.Errorf("by a link: got %+v, want an act, and nothing of an advertisement", th)
	}
	q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != hub.Sent {
		t.Errorf("after the entry: got %s %s, want the window open again", s.State(), s.Code)
	}
	y.Clock.Advance(time.Minute)
	ad := y.come("toy1", entered("ADS", "", "6234567890123"))
	y.Clock.Advance(time.Minute)
	wroteOfAd := wrote("is it still there?", "TW.1")
	wroteOfAd.Entry = channel.Entry{Source: "ad", Ad: "777"}
	message := y.come("toy1", wroteOfAd)
	older := entered("ADS", "", "1")
	older.At = hub.MillisOf(y.Clock.Now()).Add(-time.Hour)
	y.come("toy1", older)
	if th := y.thread("toy1", "TW.1"); th.Entered != (hub.Entered{At: th.LastIn, Ad: "777"}) {
		t.Errorf("got %+v, want the newest advertisement, %d", th.Entered, th.LastIn)
	}
	facts := func() (list []string) {
		for _, e := range y.Published() {
			if e.Kind == hub.ContactEntered {
				list = append(list, fmt.Sprint(e.Detail["source"], " ", e.Detail["ref"], " ", e.Detail["ad"], " ", e.Detail["home"] != nil))
			}
		}
		return list
	}
	want := fmt.Sprint([]string{"SHORTLINK spring <nil> true", "ADS <nil> 6234567890123 true", "ad <nil> 777 true", "ADS <nil> 1 true"})
	if got := fmt.Sprint(facts()); got != want {
		t.Errorf("got the facts %s, want %s", got, want)
	}
	receive(t, y.rc, []hub.Envelope{message, ad, link})
	if got := fmt.Sprint(facts()); got != want {
		t.Errorf("after repetitions: got the facts %s, want %s", got, want)
	}
	if th := y.thread("toy1", "TW.1"); th.Entered.Ad != "777" {
		t.Errorf("after repetitions: got %+v, want the newest advertisement", th.Entered)
	}
}

func TestWhoEntersFirstHasAHomeAndNoConversation(t *testing.T) {
	for name, window := range map[string]time.Duration{"with a window": 24 * time.Hour, "without one": 0} {
		y := newToys(t)
		y.caps.Window = window
		e := entered("", "vip", "")
		e.Profile.Name = "Mei"
		y.come("toy1", e)
		th := y.thread("toy1", "TW.1")
		if th.Conversation != "" || th.LastKey != "" || th.External != "TW.1" || (th.LastAct != 0) != (window != 0) {
			t.Errorf("%s: got %+v, want a thread without a conversation, and an act where a window counts from it", name, th)
		}
		if _, err := y.Store.Home(context.Background(), hubtest.Team, y.Team.Pepper.Home("toy1", "TW.1", 0)); err != nil {
			t.Errorf("%s: got %v, want a home", name, err)
		}
	}
}

// TestEntryDoesNotUnblockWhereNoWindowCounts: who has left such a channel may look in,
// which lets nobody write.
func TestEntryDoesNotUnblockWhereNoWindowCounts(t *testing.T) {
	y := newToys(t)
	y.caps.Window = 0
	sent := y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	deliver := func() string {
		t.Helper()
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
		if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
			t.Fatal(err)
		}
		s := y.stored("TW.1", q.Intent.Key).Stamps
		return string(s.State()) + " " + string(s.Code)
	}
	y.Clock.Advance(time.Minute)
	y.come("toy1", channel.Event{Kind: channel.EventSubscription, Type: "unsubscribed", User: "TW.1"})
	y.Clock.Advance(time.Minute)
	y.come("toy1", entered("", "qr", ""))
	if got := deliver(); got != "failed blocked" || len(*sent) != 0 {
		t.Errorf("after a look in: got %s, want it blocked", got)
	}
	y.come("toy1", wrote("I am back", "TW.1"))
	if got := deliver(); got != "sent " {
		t.Errorf("after a message: got %s, want sent", got)
	}
}

func TestEntryThatACrashCutsOffHeals(t *testing.T) {
	for n := range 12 {
		y := newToys(t)
		m := wrote("of an ad", "TW.1")
		m.Entry = channel.Entry{Source: "ad", Ad: "9"}
		list := []hub.Envelope{y.envelope("toy1", m), y.envelope("toy1", entered("ADS", "r", "8"))}
		for _, e := range list {
			_ = y.receiver(y.As("broken", hubtest.Cut(n, true))).Receive(context.Background(), e)
		}
		receive(t, y.rc, list)
		facts := 0
		for _, e := range y.Published() {
			if e.Kind == hub.ContactEntered {
				facts++
			}
		}
		if th := y.thread("toy1", "TW.1"); facts != 2 || th.Entered.Ad != "8" {
			t.Errorf("cut after %d calls: got %d facts and %+v, want both and the newer advertisement", n, facts, th.Entered)
		}
	}
}

func TestEntryOfAPersonWithSeveralIdsIsKept(t *testing.T) {
	y := newToys(t)
	y.come("toy1", wrote("first", "wa:886"))
	m := wrote("of an ad", "TW.1")
	m.Entry = channel.Entry{Ad: "9"}
	y.come("toy1", m)
	y.Clock.Advance(time.Minute)
	y.come("toy1", wrote("both", "wa:886", "TW.1")) // the two threads become one
	if th := y.thread("toy1", "wa:886"); th.Entered.Ad != "9" {
		t.Errorf("got %+v, want the advertisement of the other id", th.Entered)
	}
}
