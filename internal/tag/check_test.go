package tag_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// daily lets the schedule fire on every day until a time, and at that time.
func (s *scene) daily(t failer, until string) (all tag.Checked) {
	t.Helper()
	end := s.Clock.Now().Add(-1)
	if until != "" {
		now := s.Clock.Now()
		end = s.at(t, until).Time()
		s.Clock.Advance(now.Sub(end)) // back: it was only asked where the end is
	}
	for {
		next := hub.TagCheck(s.now()).Time()
		if next.After(end) {
			s.Clock.Advance(end.Sub(s.Clock.Now()))
			return all
		}
		s.Clock.Advance(next.Sub(s.Clock.Now()))
		got := s.run(t)
		all.Ended, all.Shortened, all.Left = all.Ended+got.Ended, all.Shortened+got.Shortened, all.Left+got.Left
	}
}

func TestTagGoesAsInTheWorkedExample(t *testing.T) {
	for name, c := range map[string]struct{ tagged, standing, gone []string }{
		"tagged once":   {[]string{"2027-05-20 10:00"}, []string{"2027-06-19 23:58"}, []string{"2027-06-19 23:59"}},
		"tagged again":  {[]string{"2027-05-20 10:00", "2027-06-01 10:00"}, []string{"2027-06-19 23:59", "2027-07-01 23:58"}, []string{"2027-07-01 23:59"}},
		"a third time":  {[]string{"2027-05-20 10:00", "2027-06-01 10:00", "2027-06-28 10:00"}, []string{"2027-07-01 23:59", "2027-07-28 23:58"}, []string{"2027-07-28 23:59"}},
		"at its end":    {[]string{"2027-05-20 10:00", "2027-06-19 23:58"}, []string{"2027-06-19 23:59"}, []string{"2027-07-19 23:59"}},
		"after its end": {[]string{"2027-05-20 10:00", "2027-06-19 23:59"}, []string{"2027-06-20 00:00"}, []string{"2027-07-19 23:59"}},
	} {
		s := newScene(t)
		s.define(t, "T", 30)
		home := s.home(t, "anna")
		s.at(t, c.tagged[0])
		for i, at := range c.tagged {
			s.daily(t, at)
			s.change(t, home, []string{"T"}, nil, s.call(fmt.Sprint(i)))
		}
		for _, at := range c.standing {
			s.daily(t, at)
			if got := s.borne(t, home); got != "T" {
				t.Errorf("%s: got %q at %s, want it borne", name, got, at)
			}
		}
		for _, at := range c.gone {
			s.daily(t, at)
			if got := s.borne(t, home); got != "" {
				t.Errorf("%s: got %q at %s, want it gone", name, got, at)
			}
			if got := s.records(t, home); len(got) != 0 {
				t.Errorf("%s: got %d records at %s, want all gone", name, len(got), at)
			}
			if got := s.bearers(t, "T"); len(got) != 0 {
				t.Errorf("%s: got %+v at %s in the list", name, got, at)
			}
		}
		told := s.told()
		if e := told[len(told)-1]; e.Kind != hub.TagRemoved || e.Detail["source"] != "expiry" || e.Detail["by"] != "hub:tagexpiry" || e.At != s.now() {
			t.Errorf("%s: got %+v last, want the removal at the check", name, e)
		}
	}
}

func TestTagIsNotShownPastItsEndThoughNoCheckRan(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	home := s.home(t, "anna")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	id := hub.NewTagID(team, "T")
	s.Clock.Advance(3 * day)
	list, _, err := s.book.Bearers(ctx, team, id, "", 10)
	count, err2 := s.book.Tally(ctx, team, id)
	if err != nil || err2 != nil || len(list) != 0 || count != (tag.Tally{}) || s.borne(t, home) != "" {
		t.Errorf("got %+v, %+v, %q, %v, %v, want nobody", list, count, s.borne(t, home), err, err2)
	}
}

func TestDaysThatFailedAreMadeUpFor(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	s.run(t) // there is a finished day
	home := s.home(t, "anna")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	broken := *s.check
	for range 40 {
		s.Clock.Advance(day)
		broken.Store = s.As("broken", hubtest.Cut(1, false))
		if _, err := broken.Due(ctx); hub.CodeOf(err) != hub.Transient {
			t.Fatalf("got %v, want the run to fail", err)
		}
	}
	if out := s.run(t); out != (tag.Checked{Ended: 1}) {
		t.Errorf("got %+v, want the one of 39 days ago ended", out)
	}
	if out := s.run(t); out != (tag.Checked{}) {
		t.Errorf("got %+v, want nothing left", out)
	}
}

func TestRunThatIsShortOfTimeLeavesTheRest(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	home := s.home(t, "anna")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	s.Clock.Advance(2 * day)
	hurried, cancel := context.WithTimeout(ctx, 59*time.Second)
	defer cancel()
	if out, err := s.check.Due(hurried); err != nil || out != (tag.Checked{Left: 1}) {
		t.Fatalf("got %+v, %v, want it left", out, err)
	}
	s.Clock.Advance(day)
	if out := s.run(t); out != (tag.Checked{Ended: 1}) {
		t.Errorf("got %+v, want the next run to do it", out)
	}
}

func TestIdleCheckReadsTheBucketsOfItsDayOnly(t *testing.T) {
	s := newScene(t)
	s.at(t, "2027-01-10 23:59")
	s.run(t)
	s.Clock.Advance(day)
	c := *s.check
	c.Store = s.As("Check", nil)
	s.Cloud.Meter().Reset()
	if _, err := c.Due(ctx); err != nil {
		t.Fatal(err)
	}
	// The cursor is read and written once.
	if calls, _, write := s.Calls("Check"); calls != store.Shards+2 || write != 1 {
		t.Errorf("got %d calls and %v WRU, want %d and 1", calls, write, store.Shards+2)
	}
}

func TestCheckHasMarginForItsClock(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	home := s.home(t, "anna")
	s.at(t, "2027-01-10 12:00")
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	s.at(t, "2027-01-11 23:58")
	s.Clock.Advance(49 * time.Second)
	if out := s.run(t); out.Ended != 0 {
		t.Errorf("got %+v 11 s before the end, want it borne", out)
	}
	s.Clock.Advance(time.Second)
	if out := s.run(t); out.Ended != 1 {
		t.Errorf("got %+v 10 s before the end, want it ended: the schedule fired by another clock", out)
	}
}

func TestAllRecordsOfATagGoHoweverMany(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 1)
	s.run(t)
	cuts := 0
	for calls := 10; calls < 50; calls++ {
		home := s.home(t, fmt.Sprint(calls))
		var records []store.TagChange // 190 with the last one: three transactions
		for i := range 189 {
			records = append(records, store.TagChange{Tagged: &hub.Tagging{Tag: hub.NewTagID(team, "T"), Home: home, At: s.now(), ID: fmt.Sprint(i)}})
		}
		for some := range slices.Chunk(records, 90) {
			if _, err := s.Store.ChangeTags(ctx, team, home, some, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.change(t, home, []string{"T", "other"}, nil, s.call("last"))
		s.Clock.Advance(3 * day)
		broken := *s.check
		broken.Store = s.As("broken", hubtest.Cut(calls, true))
		_, _ = broken.Due(ctx)
		if left := len(s.records(t, home)); left > 1 && left < 191 {
			cuts++
		}
		s.run(t)
		s.Clock.Advance(2 * day)
		s.run(t)
		if got := s.records(t, home); len(got) != 1 || got[0].Name != "other" {
			t.Errorf("cut at %d: got %d records, want only that of another tag", calls, len(got))
		}
		removals := 0
		for sk := range s.Items(s.Store.Tables.Contacts, "T#test#H#"+string(home)) {
			if strings.HasPrefix(sk, "F#untag#") {
				removals++
			}
		}
		if removals != 1 {
			t.Errorf("cut at %d: got %d removals, want 1", calls, removals)
		}
	}
	if cuts < 2 {
		t.Errorf("%d runs were cut between two transactions, want some", cuts)
	}
}

func TestLateTaggingOfTheTimeBeforeAnExpiryCounts(t *testing.T) {
	s := newScene(t)
	s.define(t, "T", 3)
	home := s.home(t, "anna")
	s.at(t, "2027-01-01 12:00")
	older := s.call("older")
	s.Clock.Advance(time.Hour)
	s.change(t, home, []string{"T"}, nil, s.call("one"))
	s.at(t, "2027-01-03 12:00")
	late := s.call("late")
	s.daily(t, "2027-01-05 12:00")
	if got := s.borne(t, home); got != "" {
		t.Fatalf("got %q, want it ended", got)
	}
	s.change(t, home, []string{"T"}, nil, older)
	if got := s.borne(t, home); got != "" || len(s.records(t, home)) != 0 {
		t.Errorf("got %q and %d records by a tagging that had expired with the other", got, len(s.records(t, home)))
	}
	s.change(t, home, []string{"T"}, nil, late)
	if got := s.borne(t, home); got != "T" {
		t.Errorf("got %q, want the tagging of 01-03 to count until 01-06", got)
	}
	s.daily(t, "2027-01-06 23:59")
	if got := s.bearers(t, "T"); len(got) != 0 {
		t.Errorf("got %+v, want it ended on 01-06", got)
	}
	// One that comes after its own end is ended by the next check.
	s.at(t, "2027-01-20 23:58")
	late.ID, late.At = "later", late.At.Add(day)
	s.change(t, home, []string{"T"}, nil, late)
	if got := s.borne(t, home); got != "" {
		t.Errorf("got %q, want what is past not shown", got)
	}
	s.daily(t, "2027-01-21 23:59")
	if got := s.bearers(t, "T"); len(got) != 0 || len(s.records(t, home)) != 0 {
		t.Errorf("got %+v and %d records, want none", got, len(s.records(t, home)))
	}
}
