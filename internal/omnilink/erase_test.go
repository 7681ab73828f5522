package omnilink_test

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/erasure"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
)

// erase erases the contact of a home, to its end.
func (s *scene) erase(h hub.HomeID) {
	s.t.Helper()
	office := &erasure.Office{Store: s.Store, Settings: s.Settings, Contacts: s.book, Now: s.Clock.Now}
	p, err := office.Preview(ctx, team, h)
	s.must(err)
	e, err := office.Begin(ctx, team, h, p.Token, s.audit("contact.erase"))
	s.must(err)
	worker := &erasure.Worker{Store: s.Store, Settings: s.Settings, Now: s.Clock.Now, Log: s.Log}
	for _, wait := range []time.Duration{time.Second, hub.ErasureSettle, hub.ErasureLast} {
		s.Clock.Advance(wait)
		_, err := worker.Due(ctx)
		s.must(err)
	}
	if e, err = s.Store.Erasure(ctx, team, e.ID); err != nil || e.Phase != hub.ErasureClosed {
		s.t.Fatalf("got %+v, %v, want the erasure done", e, err)
	}
}

// traces are the lines of all tables that name a home, but for the erasure's own record, its audit,
// and what is told to have been erased.
func (s *scene) traces(h hub.Home) (found []string) {
	s.t.Helper()
	for _, table := range []string{s.Store.Tables.Contacts, s.Store.Tables.Ledger} {
		for _, line := range strings.Split(s.Dump(table), "PK T#") {
			for _, mark := range []string{string(h.ID), string(h.User), h.External.Reveal() + " "} {
				if strings.Contains(line, mark) && !strings.HasPrefix(line, "test#ERA ") && !strings.HasPrefix(line, "test#AUD#") {
					found = append(found, line)
					break
				}
			}
		}
	}
	return found
}

func TestErasureOfEitherSideLeavesNothingOfIt(t *testing.T) {
	for _, step := range []struct {
		name string
		make func(s *scene, anna, there hub.Home) // what they have of OmniLink
	}{
		{"a card", func(s *scene, anna, _ hub.Home) { s.link(act, anna) }},
		{"a tap", func(s *scene, anna, _ hub.Home) { s.code(act, anna) }},
		{"a link that was undone", func(s *scene, anna, there hub.Home) {
			for range 2 {
				s.complete(s.text(there, s.code(act, anna)))
				s.Clock.Advance(time.Minute)
			}
			s.must(s.book.Undo(ctx, team, [][2]hub.HomeID{{anna.ID, there.ID}}, s.audit("undo")))
		}},
		{"a question", func(s *scene, anna, there hub.Home) {
			s.member(anna.ID, "M1")
			if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Pending {
				s.t.Fatalf("got %+v", got)
			}
		}},
		{"a failure", func(s *scene, anna, there hub.Home) {
			s.member(anna.ID, "M1")
			s.member(there.ID, "M2")
			if got := s.complete(s.text(there, s.code(act, anna))); got.State != omnilink.Failed {
				s.t.Fatalf("got %+v", got)
			}
		}},
	} {
		for _, side := range []string{"source", "target"} {
			s := newScene(t)
			anna := s.anna()
			s.Clock.Advance(time.Minute)
			there := s.arrive("886911223344")
			step.make(s, anna, there)
			gone, stays := anna, there
			if side == "target" {
				gone, stays = there, anna
			}
			s.erase(gone.ID)
			if found := s.traces(gone); len(found) > 0 {
				t.Errorf("%s, the %s erased: %d traces are left:\n%s", step.name, side, len(found), strings.Join(found, "\n"))
			}
			if _, err := s.Store.Home(ctx, team, stays.ID); err != nil {
				t.Errorf("%s, the %s erased: the other one: %v", step.name, side, err)
			}
			for _, r := range s.rows(act, store.LinkedOrNot) { // it can be shown still
				if r.Home == gone.ID || r.Target == gone.ID {
					t.Errorf("%s, the %s erased: got %+v", step.name, side, r)
				}
			}
		}
	}
}

func TestAnErasedLinkLeadsNowhere(t *testing.T) {
	s := newScene(t)
	anna := s.anna()
	link := s.link(act, anna)
	code := s.code(act, anna)
	there := s.arrive("1")
	s.erase(anna.ID)
	if _, err := s.links.Look(ctx, link); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v", err)
	}
	if _, err := s.links.Tap(ctx, omnilink.Tapped{Link: link, ID: "tap-of-the-page-0001", Browser: cookie}); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v", err)
	}
	x := s.text(there, code)
	x.Received = hub.MillisOf(s.Clock.Now().Add(-26 * time.Hour))
	if got := s.complete(x); got.State != omnilink.Refused {
		t.Errorf("got %+v for her code", got)
	}
}

// TestWhoIsErasedInBetweenIsNotWrittenOfAgain: between the reading and the writing of an
// attempt the source is erased. Nothing comes back of it, whatever the attempt comes to.
func TestWhoIsErasedInBetweenIsNotWrittenOfAgain(t *testing.T) {
	for name, prepare := range map[string]func(s *scene, anna, there hub.Home){
		"a question": func(s *scene, anna, _ hub.Home) {
			s.change(act, func(a *hub.Activity) { a.Confirm = hub.ConfirmAlways })
		},
		"a failure": func(s *scene, anna, there hub.Home) {
			s.member(anna.ID, "M1")
			s.member(there.ID, "M2")
		},
	} {
		s := newScene(t)
		anna := s.anna()
		there := s.arrive("1")
		prepare(s, anna, there)
		x := s.text(there, s.code(act, anna))
		links := s.linker(s.As("slow", before("TransactWriteItems", 1, func() {
			s.drop(anna.ID)
			s.deleteItem(s.Store.Tables.Contacts, "T#test#H#"+string(anna.ID), "O#"+string(act))
		})))
		if got, err := links.CompleteText(ctx, x); err != nil || got.State != omnilink.Failed || got.Reason != hub.LinkSourceMissing {
			t.Errorf("%s: got %+v, %v, want that the source is missing", name, got, err)
		}
		if left := s.Items(s.Store.Tables.Contacts, "T#test#H#"+string(anna.ID)); left["O#"+string(act)] != nil {
			t.Errorf("%s: got %v again", name, left)
		}
	}
}
