package tag_test

import (
	"fmt"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

func TestValidityThatComesLaterHoldsForLaterTaggings(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 0)
	anna, ben := s.home(t, "anna"), s.home(t, "ben")
	s.at(t, "2027-01-01 12:00")
	s.change(t, anna, []string{"T"}, nil, s.call("one"))
	s.define(t, "T", 2)
	s.change(t, ben, []string{"T"}, nil, s.call("one"))
	s.daily(t, "2027-01-10 12:00")
	if a, b := s.borne(t, anna), s.borne(t, ben); a != "T" || b != "" {
		t.Errorf("got %q and %q, want only the later tagging ended", a, b)
	}
	s.change(t, anna, []string{"T"}, nil, s.call("two"))
	s.daily(t, "2027-01-12 23:59")
	if got := s.borne(t, anna); got != "" {
		t.Errorf("got %q, want the tagging after the change ended", got)
	}
}

func TestShortenedValidityHoldsFromTheNextCheckOn(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 90)
	past, near, fresh, ever := s.home(t, "past"), s.home(t, "near"), s.home(t, "fresh"), s.home(t, "ever")
	s.at(t, "2027-01-01 12:00")
	s.change(t, past, []string{"T"}, nil, s.call("one"))
	s.daily(t, "2027-01-25 12:00")
	s.change(t, near, []string{"T"}, nil, s.call("one"))
	s.define(t, "T", 0)
	s.change(t, ever, []string{"T"}, nil, s.call("one"))
	s.define(t, "T", 90)
	s.daily(t, "2027-02-10 12:00")
	s.define(t, "T", 30)
	s.change(t, fresh, []string{"T"}, nil, s.call("one"))
	if got := s.borne(t, past); got != "T" {
		t.Errorf("got %q before the check, want it borne still", got)
	}
	out := s.daily(t, "2027-02-10 23:59")
	if out.Shortened != 2 || out.Left != 0 {
		t.Errorf("got %+v, want two shortened", out)
	}
	for i, c := range []struct {
		at   string
		want string
	}{{"2027-02-10 23:59", "near fresh ever "}, {"2027-02-24 23:58", "near fresh ever "}, {"2027-02-24 23:59", "fresh ever "}, {"2027-03-12 23:59", "ever "}} {
		if i > 0 {
			s.daily(t, c.at)
		}
		got := ""
		for _, h := range []struct {
			name string
			id   hub.HomeID
		}{{"past", past}, {"near", near}, {"fresh", fresh}, {"ever", ever}} {
			if s.borne(t, h.id) != "" {
				got += h.name + " "
			}
		}
		if got != c.want {
			t.Errorf("at %s: got %q, want %q", c.at, got, c.want)
		}
	}
	if got := len(s.bearers(t, "T")); got != 1 || len(s.records(t, past)) != 0 {
		t.Errorf("got %d in the list, want only who bears it for ever", got)
	}
}

func TestLengthenedValidityHoldsForLaterTaggings(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 2)
	home := s.home(t, "anna")
	s.at(t, "2027-01-01 12:00")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	s.define(t, "T", 90)
	s.daily(t, "2027-01-03 23:59")
	if got := s.borne(t, home); got != "" {
		t.Errorf("got %q, want the earlier end", got)
	}
	s.change(t, home, []string{"T"}, nil, s.call("two"))
	s.define(t, "T", 0)
	s.daily(t, "2027-04-03 23:58")
	if got := s.borne(t, home); got != "T" {
		t.Errorf("got %q, want the later end", got)
	}
	s.daily(t, "2027-04-03 23:59")
	if got := s.borne(t, home); got != "" {
		t.Errorf("got %q, want it ended", got)
	}
}

func TestValidityTakenBackBeforeTheCheckChangesNothing(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 90)
	home := s.home(t, "anna")
	s.at(t, "2027-01-01 12:00")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	s.daily(t, "2027-02-10 12:00")
	s.define(t, "T", 30)
	s.define(t, "T", 90)
	if out := s.daily(t, "2027-02-12 23:59"); out != (tag.Checked{}) || s.borne(t, home) != "T" {
		t.Errorf("got %+v and %q, want nothing done", out, s.borne(t, home))
	}
}

func TestTaggingByTheOldDefinitionIsSweptADayLater(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 90)
	home := s.home(t, "anna")
	s.at(t, "2027-01-10 23:58")
	old, err := s.Store.Tag(ctx, team, hub.NewTagID(team, "T"), store.Strict)
	if err != nil {
		t.Fatal(err)
	}
	s.define(t, "T", 1)
	s.daily(t, "2027-01-10 23:59")
	// A tagging that read the definition before it was shortened ends now.
	at := s.now()
	to := hub.TagState{Tag: old.ID, Name: "T", Standing: hub.TagOn, At: at, ID: "slow", Source: "api", By: "x", Until: old.Until(at)}
	if _, err := s.Store.ChangeTags(ctx, team, home, []store.TagChange{{Seen: hub.TagState{Tag: old.ID}, To: &to, Due: to.Until}}, nil); err != nil {
		t.Fatal(err)
	}
	s.daily(t, "2027-01-11 23:59")
	if got := s.bearers(t, "T"); len(got) != 0 {
		t.Errorf("got %+v, want the sweep of the next day to have ended it", got)
	}
}

func TestSweepOfManyGoesOnWhereItWasCut(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 90)
	s.run(t)
	const people = 24
	for i := range people {
		s.change(t, s.home(t, fmt.Sprint(i)), []string{"T"}, nil, s.call("one"))
	}
	s.Clock.Advance(3 * day)
	s.define(t, "T", 1)
	s.Clock.Advance(day)
	for cut := 10; len(s.bearers(t, "T")) > 0; cut += 40 {
		broken := *s.check
		broken.Store = s.As("broken", hubtest.Cut(cut, true))
		_, _ = broken.Due(ctx)
		s.Clock.Advance(time.Minute)
		if cut > 1000 {
			t.Fatal("it does not end")
		}
	}
	s.run(t)
	if out := s.run(t); out != (tag.Checked{}) {
		t.Errorf("got %+v, want nothing left", out)
	}
	if got := s.removals(); !once(got, people) {
		t.Errorf("got the removals %v, want one of each of %d homes", got, people)
	}
}

func TestDefinitionsHaveVersions(t *testing.T) {
	s := newScene(t)
	d := s.define(t, "T", 5)
	if d.Version != 1 || d.Created != s.now() {
		t.Errorf("got %+v, want version 1 of now", d)
	}
	created := d.Created
	s.Clock.Advance(day)
	d.Category, d.Description = "season", "of the year"
	d, err := s.book.Define(ctx, team, d, audit(s, "x"))
	stored, err2 := s.Store.Tag(ctx, team, d.ID, store.Strict)
	if err != nil || err2 != nil || d.Version != 2 || d.Created != created || stored != d {
		t.Errorf("got %+v, stored %+v, %v, %v, want version 2", d, stored, err, err2)
	}
	old := d
	old.Version = 1
	missing := hub.Tag{Name: "missing", Version: 1}
	for what, c := range map[string]struct {
		define hub.Tag
		want   hub.Code
	}{
		"another version":  {old, hub.Conflict},
		"made again":       {hub.Tag{Name: "T"}, hub.Refused},
		"missing":          {missing, hub.NotFound},
		"more than a year": {hub.Tag{Name: "long", Days: 366}, hub.BadRequest},
	} {
		if _, err := s.book.Define(ctx, team, c.define, audit(s, what)); hub.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", what, err, c.want)
		}
	}
}

func TestTagThatIsBorneIsNotDeleted(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	id := hub.NewTagID(team, "T")
	for what, c := range map[string]struct {
		id      hub.TagID
		version int
		want    hub.Code
	}{"borne": {id, 1, hub.Refused}, "another version": {id, 2, hub.Conflict}, "missing": {"x", 1, hub.NotFound}} {
		if err := s.book.Delete(ctx, team, c.id, c.version, audit(s, what)); hub.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", what, err, c.want)
		}
	}
	s.Clock.Advance(day)
	s.change(t, home, nil, []string{"T"}, s.call("two"))
	if err := s.book.Delete(ctx, team, id, 1, audit(s, "delete")); err != nil {
		t.Error(err)
	}
	if _, err := s.Store.Tag(ctx, team, id, store.Strict); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func TestDefinitionsAreListedInPages(t *testing.T) {
	s := newScene(t)
	want := map[string]bool{}
	for i := range 7 {
		name := fmt.Sprint("tag ", i)
		s.define(t, name, i)
		want[name] = true
	}
	got := 0
	for after := hub.TagID(""); ; {
		list, next, err := s.Store.Tags(ctx, team, after, 3)
		if err != nil || len(list) > 3 {
			t.Fatalf("got %d, %v", len(list), err)
		}
		for _, d := range list {
			got++
			delete(want, d.Name)
		}
		if after = next; next == "" {
			break
		}
	}
	if got != 7 || len(want) != 0 {
		t.Errorf("got %d, missing %v, want each of 7 once", got, want)
	}
}
