package omnilink_test

import (
	"fmt"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// TestACardIsTappedAsOftenAsPeopleDo: fifty times at once, and then once in ten seconds.
func TestACardIsTappedAsOftenAsPeopleDo(t *testing.T) {
	s := newScene(t)
	link := s.link(act, s.anna())
	tap := func(n int) hub.Code {
		_, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: fmt.Sprintf("tap-of-a-page-%06d", n), Browser: cookie})
		return hub.CodeOf(err)
	}
	for n := range 50 {
		if got := tap(n); got != "" {
			t.Fatalf("tap %d: got %s", n, got)
		}
	}
	if got := tap(50); got != hub.RateLimited {
		t.Errorf("got %q for the 51st at once, want it refused", got)
	}
	if got := tap(3); got != "" {
		t.Errorf("got %q for one that was counted, want its answer again", got)
	}
	s.Clock.Advance(11 * time.Second)
	if got := tap(51); got != "" {
		t.Errorf("got %q after a pause", got)
	}
	if got := tap(52); got != hub.RateLimited {
		t.Errorf("got %q for another one at once, want it refused", got)
	}
}

// TestNobodyIsAskedUntilHeIsTired: whoever has a card that is not his has its owner asked
// three times a day, and after a no not again that day.
func TestNobodyIsAskedUntilHeIsTired(t *testing.T) {
	s := newScene(t)
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmAlways })
	anna := s.anna()
	try := func(n int) (omnilink.State, string) {
		code := s.code(act, anna)
		out := s.complete(s.text(s.home(hubtest.WhatsAppAccount, fmt.Sprint("8869", n)), code))
		return out.State, code
	}
	var last string
	for n := range 5 {
		want := omnilink.Pending
		if n >= 3 {
			want = omnilink.Refused
		}
		got, code := try(n)
		if got != want {
			t.Errorf("question %d: got %v, want %v", n+1, got, want)
		}
		if n == 0 {
			last = code
		}
	}
	if s.told(); len(s.said) != 3 {
		t.Errorf("got %d questions, want 3", len(s.said))
	}
	s.Clock.Advance(25 * time.Hour)
	if got, code := try(6); got != omnilink.Pending {
		t.Errorf("got %v the next day", got)
	} else {
		last = code
	}
	if _, err := s.links.Confirm(ctx, omnilink.Answer{Team: team, Home: anna.ID, At: s.now(), Data: "ol1." + s.hash(last) + ".n"}); err != nil {
		t.Fatal(err)
	}
	if got, _ := try(7); got != omnilink.Refused {
		t.Errorf("got %v after a no, want no further question", got)
	}
	s.Clock.Advance(25 * time.Hour)
	if got, _ := try(8); got != omnilink.Pending {
		t.Errorf("got %v a day after the no", got)
	}
}

// TestAnAttemptIsJudgedAsItWasWhenItComesAgain: bad codes that came after it count for
// what comes after them.
func TestAnAttemptIsJudgedAsItWasWhenItComesAgain(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	there := s.arrive("1")
	good := s.text(there, s.code(act, anna))
	for n := range 5 {
		s.Clock.Advance(time.Second)
		if got := s.complete(s.text(there, fmt.Sprint("bad ", n))); got.State != omnilink.Refused {
			t.Fatalf("got %+v", got)
		}
	}
	if got := s.complete(good); got.State != omnilink.Linked {
		t.Errorf("got %+v for the one before them, want the link", got)
	}
}

// TestNobodyIsAskedAboutWhatCannotBe: two of whom somebody said that they are never one.
func TestNobodyIsAskedAboutWhatCannotBe(t *testing.T) {
	s := newScene(t)
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmAlways })
	anna := s.anna()
	there := s.arrive("1")
	s.must(s.book.Never(ctx, team, anna.ID, there.ID, "brothers", s.audit("never")))
	if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Failed || got.Reason != hub.LinkServerError {
		t.Errorf("got %+v, want a failure at once", got)
	}
}

func TestAGroupGetsNoCard(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	c, err := s.links.Card(ctx, act, hub.Scene{Team: team, Account: anna.Account, Home: anna.ID, Thread: anna.User, Kind: hub.Group})
	if err != nil || len(c.Buttons) != 0 || c.Text == "" {
		t.Errorf("got %+v, %v, want the words that there is no link", c, err)
	}
}
