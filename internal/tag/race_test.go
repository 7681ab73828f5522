package tag_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/tag"
)

// TestParallelTaggingsOfOneHomeAllCount: 100 taggings of one home, each of one tag that
// all give and of one of its own, and as many removals of yet another.
func TestParallelTaggingsOfOneHomeAllCount(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	s.change(t, home, []string{"gone"}, nil, s.call("first"))
	const calls = 100
	var working sync.WaitGroup
	errs := make([]error, calls)
	for i := range calls {
		working.Go(func() {
			c := s.call(fmt.Sprintf("call %03d", i))
			c.At += hub.Millis(i%10) + 1
			for range 1000 { // as its queue, or its caller, would
				if errs[i] = s.book.Change(ctx, team, home, []string{"all", fmt.Sprintf("t%03d", i)}, []string{"gone"}, c); hub.CodeOf(errs[i]) != hub.Conflict {
					return
				}
			}
		})
	}
	working.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(s.borne(t, home))
	if len(names) != calls+1 || slices.Contains(names, "gone") {
		t.Errorf("got %d tags, want %d, and the removed one not among them", len(names), calls+1)
	}
	use, err := s.Store.TagUsed(ctx, team, hub.NewTagID(team, "all"), 0, s.now()+100)
	if err != nil || use.Times != calls || use.Homes != 1 {
		t.Errorf("got %+v, %v, want %d times by one home", use, err, calls)
	}
	list, err := s.book.Of(ctx, team, []hub.HomeID{home})
	if err != nil || list[0].Name != "all" || list[0].ID != "call 099" {
		t.Errorf("got %+v, %v, want the word of the greatest time and id", list[0], err)
	}
	if got := s.bearers(t, "all"); len(got) != 1 || got[0].At != list[0].At {
		t.Errorf("got %+v, want the home once, with that time", got)
	}
}

// between calls something before a transaction passes, once.
type between struct {
	next http.RoundTripper
	once sync.Once
	do   func()
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".TransactWriteItems") {
		b.once.Do(b.do)
	}
	return b.next.RoundTrip(r)
}

func TestTaggingWinsOverTheCheckOfTheSameMoment(t *testing.T) {
	for _, checkFirst := range []bool{true, false} {
		s := newScene(t)
		s.define(t, "T", 1)
		s.at(t, "2027-01-10 12:00")
		home := s.home(t, "anna")
		s.change(t, home, []string{"T"}, nil, s.call("one"))
		s.at(t, "2027-01-11 23:59")
		retag := func(b *tag.Book) {
			if err := again(func() error { return b.Change(ctx, team, home, []string{"T"}, nil, s.call("two")) }); err != nil {
				t.Error(err)
			}
		}
		met := 0
		wrap := func(do func()) func(http.RoundTripper) http.RoundTripper {
			return func(next http.RoundTripper) http.RoundTripper {
				return &between{next: next, do: func() { met++; do() }}
			}
		}
		if checkFirst { // the check commits between the tagging's reading and its writing
			book := *s.book
			book.Store = s.As("slow", wrap(func() { s.run(t) }))
			retag(&book)
		} else {
			check := *s.check
			check.Store = s.As("slow", wrap(func() { retag(s.book) }))
			if out, err := check.Due(ctx); err != nil || out.Left != 0 {
				t.Errorf("got %+v, %v", out, err)
			}
		}
		if met != 1 {
			t.Errorf("the two met %d times, want once", met)
		}
		if got := s.borne(t, home); got != "T" {
			t.Errorf("check first %v: got %q, want the tag borne", checkFirst, got)
		}
		if got := s.bearers(t, "T"); len(got) != 1 || got[0].At != s.now() {
			t.Errorf("check first %v: got %+v, want the home in the list by its new tagging", checkFirst, got)
		}
		s.daily(t, "2027-01-12 23:59")
		if got := s.bearers(t, "T"); len(got) != 0 {
			t.Errorf("check first %v: got %+v a day later, want it ended", checkFirst, got)
		}
	}
}

func TestTwoChecksAtATimeEndEachTagOnce(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	s.run(t)
	const people = 30
	for i := range people {
		s.change(t, s.home(t, fmt.Sprint(i)), []string{"T"}, nil, s.call("one"))
	}
	s.Clock.Advance(2 * day)
	var working sync.WaitGroup
	var out [3]tag.Checked
	var errs [3]error
	for i := range out {
		working.Go(func() { out[i], errs[i] = s.check.Due(ctx) })
	}
	working.Wait()
	if err := errors.Join(errs[:]...); err != nil || out[0].Ended+out[1].Ended+out[2].Ended != people || out[0].Left+out[1].Left+out[2].Left != 0 {
		t.Errorf("got %+v, %v, want %d ended in all", out, err, people)
	}
	if got, told := s.bearers(t, "T"), s.removals(); len(got) != 0 || !once(told, people) {
		t.Errorf("got %d in the list and the removals %v, want 0 and one of each of %d homes", len(got), told, people)
	}
}

// TestACutBeforeAndAfterEachCallEndsWhole: after the cut the tags stand as before or as
// after, never between, and doing it again ends as without the cut.
func TestACutBeforeAndAfterEachCallEndsWhole(t *testing.T) {
	s := newScene(t)
	s.define(t, "c", 1)
	change := func(b *tag.Book, home hub.HomeID, c tag.Call) error {
		return b.Change(ctx, team, home, []string{"a", "b", "c"}, []string{"gone"}, c)
	}
	replace := func(b *tag.Book, home hub.HomeID, c tag.Call) error {
		return b.Replace(ctx, team, home, []string{"a", "c"}, c)
	}
	for name, do := range map[string]func(*tag.Book, hub.HomeID, tag.Call) error{"change": change, "replace": replace} {
		start := s.now()
		before := func(tag string) hub.HomeID {
			home := s.home(t, name+tag)
			c := s.call("first")
			c.At = start - 1
			s.change(t, home, []string{"a", "gone"}, nil, c)
			return home
		}
		state := func(home hub.HomeID) string {
			return s.state(t, []hub.HomeID{home}, "a", "b", "c", "gone") + fmt.Sprint(len(s.records(t, home)))
		}
		call := s.call("cut")
		home := before("whole")
		as := state(home)
		if err := do(s.book, home, call); err != nil {
			t.Fatal(err)
		}
		want := state(home)
		for _, after := range []bool{false, true} {
			cuts := 0
			for calls := range 7 {
				home := before(fmt.Sprint(after, calls))
				broken := *s.book
				broken.Store = s.As("broken", hubtest.Cut(calls, after))
				if err := do(&broken, home, call); err != nil {
					cuts++
				}
				if got := state(home); got != as && got != want {
					t.Errorf("%s, cut after %d calls (answer lost: %v): got\n%s\nneither before nor after", name, calls, after, got)
				}
				for range 2 {
					if err := do(s.book, home, call); err != nil {
						t.Error(err)
					}
				}
				if got := state(home); got != want {
					t.Errorf("%s, cut after %d calls (answer lost: %v): got\n%s\nwant\n%s", name, calls, after, got, want)
				}
			}
			if cuts < 3 || cuts == 7 {
				t.Errorf("%s: %d of 7 calls were cut, want all of them covered", name, cuts)
			}
		}
	}
}
