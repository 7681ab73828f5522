package omnilink_test

import (
	"fmt"
	"sync"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/omnilink"
)

// TestOppositeLinksAtOnce: the same two people link from both sides at the same time. They
// are one contact by one edge, and each tap counts once.
func TestOppositeLinksAtOnceMakeOneEdge(t *testing.T) {
	const pairs = 15
	s := newScene(t)
	type side struct {
		do func() (omnilink.Outcome, error)
	}
	var all []side
	var people [][2]hub.Home
	for i := range pairs {
		a, b := s.home(hubtest.LineAccount, fmt.Sprintf("U_%d", i)), s.home(hubtest.WhatsAppAccount, fmt.Sprintf("8869%d", i))
		people = append(people, [2]hub.Home{a, b})
		x, bearer := s.text(b, s.code(act, a)), s.bearer(b)
		all = append(all,
			side{func() (omnilink.Outcome, error) { return s.links.CompleteText(ctx, x) }},
			side{func() (omnilink.Outcome, error) {
				return s.links.CompleteLogin(ctx, omnilink.Arrival{Bearer: bearer, Token: hub.Secret(a.External.Reveal()), Browser: cookie})
			}})
	}
	var wait sync.WaitGroup
	for _, one := range all {
		wait.Go(func() {
			out, err := one.do()
			for hub.CodeOf(err) == hub.Conflict {
				out, err = one.do()
			}
			if err != nil || out.State != omnilink.Linked {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
	wait.Wait()
	for _, p := range people {
		c, err := s.book.Contact(ctx, team, p[0].ID)
		if err != nil || len(c.Homes) != 2 || len(c.Edges) != 1 {
			t.Errorf("got %d homes, %d edges, %v, want two and one", len(c.Homes), len(c.Edges), err)
		}
	}
	for _, id := range []hub.ActivityID{act, back} {
		if got := s.totals(id); got.Links != pairs || got.People != pairs {
			t.Errorf("%s: got %+v, want %d", id, got, pairs)
		}
	}
}

// TestTapsAndLinksOfOneAtOnceAreAllCounted: counts move with what they count.
func TestTapsAndLinksOfOneAtOnceAreAllCounted(t *testing.T) {
	const taps = 12
	s := newScene(t)
	anna := s.anna()
	there := s.arrive("1")
	link := s.link(act, anna)
	var wait sync.WaitGroup
	for i := range taps {
		wait.Go(func() {
			tap := omnilink.Tapped{Link: link, ID: fmt.Sprintf("tap-of-the-page-%04d", i), Browser: cookie}
			url, err := s.links.Tap(ctx, tap)
			for hub.CodeOf(err) == hub.Conflict { // as the page would
				url, err = s.links.Tap(ctx, tap)
			}
			if err != nil {
				t.Error(err)
				return
			}
			code, _ := omnilink.CodeIn(url)
			x := omnilink.Text{Team: team, Account: there.Account, Home: there.ID, User: there.User, Event: fmt.Sprint(i), Received: s.now(), Code: code}
			_, err = s.links.CompleteText(ctx, x)
			for hub.CodeOf(err) == hub.Conflict {
				_, err = s.links.CompleteText(ctx, x)
			}
			if c, readErr := s.Store.LinkCode(ctx, team, s.hash(code)); err != nil || readErr != nil || c.Done == 0 {
				t.Errorf("got %+v, %v, %v", c, err, readErr)
			}
		})
	}
	wait.Wait()
	if p, got := s.part(anna), s.totals(act); p.Taps != taps || p.Links != taps || got.Links != taps || got.People != 1 {
		t.Errorf("got %d taps and %d links, totals %+v, want %d of each, and one person", p.Taps, p.Links, got, taps)
	}
	if got := s.stats(act); got.Participants != 1 || got.Success != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestAMemberIDThatIsSetWhileTheLinkIsMadeStopsIt(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmNever })
	code := s.code(act, anna)
	there := s.arrive("1")
	s.member(anna.ID, "M1")
	links := s.linker(s.As("racing", before("TransactWriteItems", 1, func() { s.member(there.ID, "M2") })))
	out, err := links.CompleteText(ctx, s.text(there, code))
	if err != nil || out.State != omnilink.Failed || out.Reason != hub.LinkMemberConflict {
		t.Errorf("got %+v, %v, want the conflict", out, err)
	}
	if s.one(anna.ID, there.ID) {
		t.Error("they are one contact")
	}
}

// TestWhoeverSaysNeverInBetweenIsHeard: at whatever moment of the link it is said, before
// the link stands.
func TestWhoeverSaysNeverInBetweenIsHeard(t *testing.T) {
	for _, at := range []struct {
		operation string
		n         int
	}{{"BatchGetItem", 1}, {"BatchGetItem", 2}, {"GetItem", 1}, {"TransactWriteItems", 1}} {
		s := newScene(t)
		anna := s.anna()
		code := s.code(act, anna)
		there := s.arrive("1")
		_, err := s.Settings.Activity(ctx, team, act)
		s.must(err)
		said := false
		links := s.linker(s.As("racing", before(at.operation, at.n, func() {
			said = true
			s.must(s.book.Never(ctx, team, anna.ID, there.ID, "brothers", s.audit("never")))
		})))
		out, err := links.CompleteText(ctx, s.text(there, code))
		if err != nil || !said || out.State != omnilink.Failed || s.one(anna.ID, there.ID) {
			t.Errorf("said before %s %d (%v): got %+v, %v, one contact: %v", at.operation, at.n, said, out, err, s.one(anna.ID, there.ID))
		}
	}
}

// TestACodeThatIsUsedInBetweenIsNotUsedTwice: another one comes with it before the
// transaction.
func TestACodeThatIsUsedInBetweenIsNotUsedTwice(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	code := s.code(act, anna)
	first, second := s.arrive("1"), s.arrive("2")
	x := s.text(first, code)
	links := s.linker(s.As("racing", before("TransactWriteItems", 1, func() {
		if got := s.complete(s.text(second, code)); got.State != omnilink.Linked {
			t.Errorf("got %+v", got)
		}
	})))
	out, err := links.CompleteText(ctx, x)
	if err != nil || out.State != omnilink.Refused || s.one(anna.ID, first.ID) || !s.one(anna.ID, second.ID) {
		t.Errorf("got %+v, %v, want the later one refused", out, err)
	}
}
