package tag_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

func TestTaggingIsRecordedToldAndListed(t *testing.T) {
	s := newScene(t)
	s.define(t, "VIP", 30)
	home := s.home(t, "anna")
	a := audit(s, "first")
	c := s.call("one")
	c.Audit = &a
	s.change(t, home, []string{" VIP "}, nil, c)
	at := s.now()
	until := hub.Tag{Days: 30}.Until(at)
	id := hub.NewTagID(team, "VIP")
	want := hub.TagState{
		Tag: id, Name: "VIP", Standing: hub.TagOn, At: at, ID: "one", Source: "api", By: "member:anna", Until: until,
		Account: "line1", Channel: "line", Version: 1,
	}
	list, err := s.book.Of(ctx, team, []hub.HomeID{home})
	if err != nil || len(list) != 1 || list[0].TagState != want || list[0].Home != home {
		t.Errorf("got %+v, %v, want %+v", list, err, want)
	}
	record := hub.Tagging{
		Tag: id, Name: "VIP", Home: home, Account: "line1", Channel: "line", At: at, ID: "one", Source: "api", By: "member:anna", Until: until,
	}
	if got := s.records(t, home); len(got) != 1 || got[0] != record {
		t.Errorf("got %+v, want %+v", got, record)
	}
	if got := s.bearers(t, "VIP"); !slices.Equal(got, []store.Bearer{{Home: home, At: at, Until: until}}) {
		t.Errorf("got %+v, want the home", got)
	}
	audits, _, err := s.Store.Audits(ctx, team, store.Day(at), "", 100)
	if err != nil || !slices.ContainsFunc(audits, func(got hub.Audit) bool { return got.ID == a.ID }) {
		t.Errorf("got %+v, %v, want the entry of the call", audits, err)
	}

	s.Clock.Advance(day)
	s.change(t, home, nil, []string{"VIP", "unknown"}, s.call("two"))
	if got := s.borne(t, home) + s.state(t, []hub.HomeID{home}, "VIP"); strings.Contains(got, "since") {
		t.Errorf("got %s, want the tag gone", got)
	}
	if got := s.records(t, home); len(got) != 1 {
		t.Errorf("got %+v, want the record to stay", got)
	}
	told := s.told()
	if len(told) != 2 {
		t.Fatalf("got %d events, want 2: nobody had the unknown tag", len(told))
	}
	members := map[string]any{
		"account": "line1", "channel": "line", "home": string(home), "trace": "", "tag": string(id), "name": "VIP", "source": "api", "by": "member:anna",
		"until": int64(until),
	}
	if e := told[0]; e.Kind != hub.TagApplied || e.At != at || fmt.Sprint(e.Detail) != fmt.Sprint(members) {
		t.Errorf("got %+v, want %v", e, members)
	}
	delete(members, "until")
	if e := told[1]; e.Kind != hub.TagRemoved || e.At != s.now() || fmt.Sprint(e.Detail) != fmt.Sprint(members) {
		t.Errorf("got %+v, want %v", e, members)
	}
}

func TestFirstTaggingDefinesTheTag(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	s.change(t, home, []string{"new"}, nil, s.call("one"))
	s.change(t, home, nil, []string{"never"}, s.call("two"))
	list, next, err := s.Store.Tags(ctx, team, "", 10)
	want := hub.Tag{ID: hub.NewTagID(team, "new"), Name: "new", Created: s.now(), Version: 1}
	if err != nil || next != "" || len(list) != 1 || list[0] != want {
		t.Errorf("got %+v, %v, want %+v alone: a removal defines nothing", list, err, want)
	}
}

func TestSameCallAgainChangesNothing(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	c := s.call("one")
	later := s.call("two")
	later.At += 5
	s.change(t, home, []string{"a", "b"}, nil, c)
	s.change(t, home, nil, []string{"a"}, later)
	before := s.state(t, []hub.HomeID{home}, "a", "b")
	for range 3 {
		s.change(t, home, []string{"a", "b"}, nil, c)
		s.change(t, home, nil, []string{"a"}, later)
	}
	if got := s.state(t, []hub.HomeID{home}, "a", "b"); got != before {
		t.Errorf("got\n%s\nwant\n%s", got, before)
	}
	if got := s.records(t, home); len(got) != 2 {
		t.Errorf("got %d records, want 2", len(got))
	}
	if got := len(s.told()); got != 3 {
		t.Errorf("got %d events, want 3", got)
	}
}

func TestOlderTaggingIsRecordedAndNotTold(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	late := s.call("late")
	s.Clock.Advance(day)
	s.change(t, home, nil, []string{"a"}, s.call("removed"))
	s.change(t, home, []string{"a"}, nil, late)
	if got := s.borne(t, home); got != "" {
		t.Errorf("got %q, want the removal to count: it is later", got)
	}
	if got := s.records(t, home); len(got) != 1 || got[0].ID != "late" {
		t.Errorf("got %+v, want the tagging on record", got)
	}
	if got := s.told(); len(got) != 0 {
		t.Errorf("got %d events, want none: nothing changed", len(got))
	}
}

func TestEachTaggingCounts(t *testing.T) {
	s := newScene(t)
	anna, ben := s.home(t, "anna"), s.home(t, "ben")
	from := s.now()
	for i := range 5 {
		s.change(t, anna, []string{"a"}, nil, s.call(fmt.Sprint("anna ", i)))
		s.Clock.Advance(day)
	}
	s.change(t, ben, []string{"a", "b"}, nil, s.call("ben"))
	id := hub.NewTagID(team, "a")
	use, err := s.Store.TagUsed(ctx, team, id, from, s.now()+1)
	if want := (store.TagUse{Times: 6, Homes: 2, Last: s.now()}); err != nil || use != want {
		t.Errorf("got %+v, %v, want %+v", use, err, want)
	}
	use, err = s.Store.TagUsed(ctx, team, id, from+1, s.now())
	if want := (store.TagUse{Times: 4, Homes: 1, Last: s.now().Add(-day)}); err != nil || use != want {
		t.Errorf("got %+v, %v without the first and the last, want %+v", use, err, want)
	}
	var all []string
	for position := ""; ; {
		list, next, err := s.Store.TagRecords(ctx, team, id, from, s.now()+1, position, 2)
		if err != nil || len(list) > 2 {
			t.Fatalf("got %d, %v", len(list), err)
		}
		for _, r := range list {
			all = append(all, r.ID)
		}
		if position = next; next == "" {
			break
		}
	}
	slices.Sort(all)
	if got, want := fmt.Sprint(all), "[anna 0 anna 1 anna 2 anna 3 anna 4 ben]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := s.book.Tally(ctx, team, id); err != nil || got != (tag.Tally{Homes: 2}) {
		t.Errorf("got %+v, %v, want 2 homes", got, err)
	}
}

func TestReplaceMakesTheListWhatItIs(t *testing.T) {
	s := newScene(t)
	s.define(t, "short", 1)
	home := s.home(t, "anna")
	first := s.now()
	s.change(t, home, []string{"keep", "go"}, nil, s.call("one"))
	s.Clock.Advance(3 * day)
	c := s.call("two")
	for range 2 {
		if err := s.book.Replace(ctx, team, home, []string{"keep", "come", "come", "short"}, c); err != nil {
			t.Fatal(err)
		}
		if got := s.borne(t, home); got != "come keep short" {
			t.Errorf("got %q, want come, keep and short", got)
		}
	}
	states, err := s.Store.TagsAt(ctx, team, home)
	if err != nil || !slices.ContainsFunc(states, func(st hub.TagState) bool { return st.Name == "keep" && st.At == first }) {
		t.Errorf("got %+v, %v, want what stands left as it is", states, err)
	}
	s.Clock.Advance(3 * day)
	if err := s.book.Replace(ctx, team, home, []string{"short"}, s.call("three")); err != nil {
		t.Fatal(err)
	}
	if got := s.borne(t, home); got != "short" {
		t.Errorf("got %q, want the tag whose end had passed given anew", got)
	}
	if err := s.book.Replace(ctx, team, home, nil, s.call("four")); err != nil || s.borne(t, home) != "" {
		t.Errorf("got %q, %v, want none", s.borne(t, home), err)
	}
	// Repeated after others changed the same: the old call is no news.
	s.Clock.Advance(day)
	s.change(t, home, []string{"later"}, nil, s.call("five"))
	if err := s.book.Replace(ctx, team, home, []string{"keep", "come", "short"}, c); err != nil || s.borne(t, home) != "later" {
		t.Errorf("got %q, %v, want an old list to change nothing", s.borne(t, home), err)
	}
}

func TestReplaceOfMoreThanATransactionTakes(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	for batch := range 3 {
		var names []string
		for i := range hub.MaxTagged {
			names = append(names, fmt.Sprintf("t%d-%d", batch, i))
		}
		s.change(t, home, names, nil, s.call(fmt.Sprint(batch)))
	}
	s.Clock.Advance(day)
	if err := s.book.Replace(ctx, team, home, []string{"t0-0", "new"}, s.call("last")); err != nil {
		t.Fatal(err)
	}
	if got := s.borne(t, home); got != "new t0-0" {
		t.Errorf("got %q, want new and t0-0 of 60", got)
	}
}

func TestFoldTakesTheLatestWordOfAnyHome(t *testing.T) {
	s := newScene(t)
	s.define(t, "limited", 1)
	anna, ben := s.home(t, "anna"), s.home(t, "ben")
	s.change(t, anna, []string{"x", "y", "limited"}, nil, s.call("one"))
	s.change(t, ben, []string{"x"}, nil, s.call("one"))
	s.Clock.Advance(day)
	s.change(t, ben, nil, []string{"x", "z"}, s.call("two"))
	s.change(t, anna, []string{"z"}, nil, s.call("three"))
	s.Clock.Advance(3 * day)
	if got := s.borne(t, anna, ben); got != "y" && got != "y z" {
		t.Fatalf("got %q", got)
	}
	// Of z there are two words of one time: that of the greater home counts.
	if got, want := strings.Contains(s.borne(t, anna, ben), "z"), anna > ben; got != want {
		t.Errorf("got z %v, want %v", got, want)
	}
	if got := s.borne(t, anna); got != "x y z" {
		t.Errorf("got %q for the one home, want x y z: what is past its end is not shown", got)
	}
	if got := s.borne(t, ben, anna); got != s.borne(t, anna, ben) {
		t.Errorf("got %q the other way round", got)
	}
}

func TestChangeRefusesWhatCannotBe(t *testing.T) {
	s := newScene(t)
	home := s.home(t, "anna")
	names := make([]string, hub.MaxTagged+1)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	good := s.call("one")
	without := func(spoil func(*tag.Call)) tag.Call { c := good; spoil(&c); return c }
	for what, c := range map[string]struct {
		add, remove []string
		call        tag.Call
	}{
		"21 tags":            {names, nil, good},
		"21 tags both ways":  {names[:11], names[11:], good},
		"no name":            {[]string{" "}, nil, good},
		"added and removed":  {[]string{"a"}, []string{"a "}, good},
		"no id":              {[]string{"a"}, nil, without(func(c *tag.Call) { c.ID = "" })},
		"no time":            {[]string{"a"}, nil, without(func(c *tag.Call) { c.At = 0 })},
		"no source":          {[]string{"a"}, nil, without(func(c *tag.Call) { c.Source = "" })},
		"a source of lines":  {[]string{"a"}, nil, without(func(c *tag.Call) { c.Source = "a\nb" })},
		"a removal like it":  {nil, []string{"\x00"}, good},
		"a name far too big": {[]string{strings.Repeat("n", 101)}, nil, good},
	} {
		if err := s.book.Change(ctx, team, home, c.add, c.remove, c.call); hub.CodeOf(err) != hub.BadRequest {
			t.Errorf("%s: got %v, want bad_request", what, err)
		}
	}
	for what, err := range map[string]error{
		"change":  s.book.Change(ctx, team, "nobody", []string{"a"}, nil, good),
		"replace": s.book.Replace(ctx, team, "nobody", []string{"a"}, good),
		"team":    s.book.Change(ctx, "other", home, []string{"a"}, nil, good),
	} {
		if hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%s: got %v, want not_found", what, err)
		}
	}
	if _, _, err := s.book.Bearers(ctx, team, "x", "9.x", 1); hub.CodeOf(err) != hub.BadRequest {
		t.Errorf("got %v, want a position of no shard refused", err)
	}
	if got := s.state(t, []hub.HomeID{home}, "a"); got != "" {
		t.Errorf("got %s, want nothing written", got)
	}
}
