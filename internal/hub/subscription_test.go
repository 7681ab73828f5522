package hub

import (
	"testing"
	"time"
)

func TestWhatACustomerLetsCome(t *testing.T) {
	for _, c := range []struct {
		name                   string
		s                      Subscription
		lastIn                 Millis
		blocked                bool
		bot, person, marketing bool
	}{
		{"nothing said", Subscription{}, 5, false, true, true, true},
		{"blocked", Subscription{Followed: 1, Unfollowed: 10}, 5, true, true, true, true},
		{"blocked and let in in one moment", Subscription{Followed: 10, Unfollowed: 10}, 5, true, true, true, true},
		{"let in again", Subscription{Followed: 11, Unfollowed: 10}, 5, false, true, true, true},
		{"wrote after the block", Subscription{Unfollowed: 10}, 11, false, true, true, true},
		{"opted out", Subscription{OptedOut: 10}, 10, false, false, true, false},
		{"opted in again", Subscription{OptedOut: 10, OptedIn: 11}, 11, false, true, true, true},
		{"out after in", Subscription{OptedOut: 12, OptedIn: 11}, 12, false, false, true, false},
		{"no marketing", Subscription{MarketingOut: 10}, 5, false, true, true, false},
		{"marketing again", Subscription{MarketingOut: 10, OptedIn: 11}, 11, false, true, true, true},
	} {
		th := Thread{Subscription: c.s, LastIn: c.lastIn}
		if got := th.Blocked(); got != c.blocked {
			t.Errorf("%s: blocked: got %v, want %v", c.name, got, c.blocked)
		}
		for class, want := range map[Class]bool{ClassBot: c.bot, ClassPerson: c.person, ClassTransactional: c.person, ClassMarketing: c.marketing} {
			if got := th.Wants(class); got != want {
				t.Errorf("%s: %s: got %v, want %v", c.name, class, got, want)
			}
		}
	}
}

func TestWindowClosesAMinuteEarly(t *testing.T) {
	const day = 24 * time.Hour
	th := Thread{LastIn: 1_000_000}
	end := th.LastIn.Add(day)
	for _, c := range []struct {
		at     Millis
		window time.Duration
		want   bool
	}{
		{end.Add(-61 * time.Second), day, true}, {end.Add(-60 * time.Second), day, true}, {end.Add(-59 * time.Second), day, false},
		{end.Add(time.Second), day, false}, {end.Add(1000 * day), 0, true},
	} {
		if got := th.Open(c.window, c.at); got != c.want {
			t.Errorf("window %v at %v from its end: got %v, want %v", c.window, time.Duration(c.at-end)*time.Millisecond, got, c.want)
		}
	}
	if (&Thread{}).Open(day, 5) {
		t.Error("got an open window of somebody who has not written, want none")
	}
}

// TestEveryWindowClosesAMinuteEarly: the members' own window and those after an entry
// by an advertisement end as the session's does; none is open where there is none.
func TestEveryWindowClosesAMinuteEarly(t *testing.T) {
	const week, days = 7 * 24 * time.Hour, 72 * time.Hour
	th := Thread{LastIn: 1_000_000, LastAct: 2_000_000, Entered: Entered{At: 3_000_000, Ad: "ad"}}
	for name, w := range map[string]struct {
		from   Millis
		window time.Duration
		open   func(t *Thread, window time.Duration, now Millis) bool
	}{
		"session":       {th.LastAct, 24 * time.Hour, (*Thread).Open},
		"members":       {th.LastAct, week, (*Thread).OpenForPerson},
		"advertisement": {th.Entered.At, week, func(t *Thread, w time.Duration, now Millis) bool { return t.Entered.Within(w, now) }},
		"free":          {th.Entered.At, days, func(t *Thread, w time.Duration, now Millis) bool { return t.Entered.Within(w, now) }},
	} {
		end := w.from.Add(w.window)
		for from, want := range map[time.Duration]bool{
			-w.window: true, -61 * time.Second: true, -60 * time.Second: true, -59 * time.Second: false, 0: false, time.Second: false,
		} {
			if got := w.open(&th, w.window, end.Add(from)); got != want {
				t.Errorf("%s at %v from its end: got %v, want %v", name, from, got, want)
			}
			if w.open(&Thread{}, w.window, end.Add(from)) {
				t.Errorf("%s of somebody who has done nothing: got it open, want it closed", name)
			}
		}
		if got, want := w.open(&th, 0, w.from), name == "session"; got != want {
			t.Errorf("%s of no length: got %v, want %v", name, got, want)
		}
	}
}

// TestWhoWritesAfterLeavingIsReachedAgain, on a channel that tells who left: whatever
// comes last counts, and what comes late changes nothing.
func TestWhoWritesAfterLeavingIsReachedAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		th      Thread
		blocked bool
	}{
		{"left after writing", Thread{LastIn: 5, Subscription: Subscription{Unfollowed: 6}}, true},
		{"a message of before comes late", Thread{LastIn: 5, LastAct: 4, Subscription: Subscription{Followed: 1, Unfollowed: 6}}, true},
		{"wrote again", Thread{LastIn: 7, Subscription: Subscription{Followed: 1, Unfollowed: 6}}, false},
		{"subscribed again", Thread{LastIn: 5, Subscription: Subscription{Followed: 7, Unfollowed: 6}}, false},
		{"left, wrote, left", Thread{LastIn: 7, Subscription: Subscription{Unfollowed: 8}}, true},
		{"came by an advertisement only", Thread{Entered: Entered{At: 9}, Subscription: Subscription{Unfollowed: 8}}, true},
	} {
		if got := c.th.Blocked(); got != c.blocked {
			t.Errorf("%s: got blocked %v, want %v", c.name, got, c.blocked)
		}
	}
}

func TestPaceLendsABurstAndWaitsAfterIt(t *testing.T) {
	const every = 6 * time.Second
	var p Paced
	now := Millis(1_000_000)
	for i := range 45 {
		var wait time.Duration
		if p, wait = p.Spend(every, 45, now.Add(time.Duration(i)*100*time.Millisecond)); wait != 0 {
			t.Fatalf("message %d of the burst waits %v", i+1, wait)
		}
	}
	end := now.Add(45 * every)
	for _, at := range []Millis{now.Add(5 * time.Second), now.Add(every), end - 1} {
		after, wait := p.Spend(every, 45, at)
		if want := time.Duration(end-at) * time.Millisecond; wait != want || after != p {
			t.Errorf("%v after the burst: got a wait of %v, want %v and nothing spent", time.Duration(at-now)*time.Millisecond, wait, want)
		}
	}
	if next, wait := p.Spend(every, 45, end); wait != 0 || next.From != end {
		t.Errorf("paid off: got a wait of %v, want a new burst", wait)
	}
	if n, wait := (Paced{}).Spend(0, 0, now); n != (Paced{}) || wait != 0 {
		t.Errorf("no pace: got %v, %v, want nothing", n, wait)
	}
}
