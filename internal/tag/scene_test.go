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

var ctx = context.Background()

const (
	team = hubtest.Team
	day  = 24 * time.Hour
)

// failer is what the helpers need of a test, or of one try of a property.
type failer interface {
	Helper()
	Fatal(...any)
}

// scene is a hub whose homes bear tags.
type scene struct {
	*hubtest.Hub
	book  *tag.Book
	check *tag.Check
}

func newScene(t *testing.T) *scene {
	t.Helper()
	h := hubtest.New(t)
	return &scene{Hub: h, book: &tag.Book{Store: h.Store, Now: h.Clock.Now}, check: &tag.Check{Store: h.Store, Now: h.Clock.Now, Log: h.Log}}
}

// at lets the clock show a time of Taipei that is to come.
func (s *scene) at(t failer, text string) hub.Millis {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("UTC+8", 8*60*60))
	if err != nil {
		t.Fatal(err)
	}
	if at.Before(s.Clock.Now()) {
		t.Fatal(text, "has passed")
	}
	s.Clock.Advance(at.Sub(s.Clock.Now()))
	return s.now()
}

func (s *scene) now() hub.Millis { return hub.MillisOf(s.Clock.Now()) }

func (s *scene) home(t failer, name string) hub.HomeID {
	t.Helper()
	id := s.Team.Pepper.Home(hubtest.LineAccount, name, 0)
	err := s.Store.PutHome(ctx, team, hub.Home{
		ID: id, Account: hubtest.LineAccount, Channel: "line", User: s.Team.Pepper.User(hubtest.LineAccount, name),
		External: hub.Personal(name), Kind: hub.Person, Created: s.now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// call is a call of an id, now.
func (s *scene) call(id string) tag.Call {
	return tag.Call{ID: id, At: s.now(), Source: "api", By: "member:anna"}
}

// change changes tags as a caller would that tries again after a conflict.
func (s *scene) change(t failer, home hub.HomeID, add, remove []string, c tag.Call) {
	t.Helper()
	if err := again(func() error { return s.book.Change(ctx, team, home, add, remove, c) }); err != nil {
		t.Fatal(err)
	}
}

func again(do func() error) (err error) {
	for range 200 {
		if err = do(); hub.CodeOf(err) != hub.Conflict {
			return err
		}
	}
	return err
}

func (s *scene) define(t failer, name string, days int) hub.Tag {
	t.Helper()
	d, err := s.Store.Tag(ctx, team, hub.NewTagID(team, name), store.Strict)
	if err != nil {
		d = hub.Tag{Name: name}
	}
	d.Days = days
	d, err = s.book.Define(ctx, team, d, audit(s, fmt.Sprint("define ", name, d.Version)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func audit(s *scene, id string) hub.Audit {
	return hub.Audit{ID: hub.Digest(id)[:26], Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: "tag", Target: "tag", At: s.now()}
}

// run runs the daily check.
func (s *scene) run(t failer) tag.Checked {
	t.Helper()
	out, err := s.check.Due(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// borne are the names of the tags that homes bear as one contact.
func (s *scene) borne(t failer, homes ...hub.HomeID) string {
	t.Helper()
	list, err := s.book.Of(ctx, team, homes)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(list))
	for i, b := range list {
		names[i] = b.Name
	}
	return strings.Join(names, " ")
}

// state is how tags stand at homes: the last word on each, without the version of its
// item, who is in its list, and how many records there are.
func (s *scene) state(t failer, homes []hub.HomeID, names ...string) string {
	t.Helper()
	var lines []string
	for i, home := range homes {
		states, err := s.Store.TagsAt(ctx, team, home)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range states {
			st.Version = 0
			lines = append(lines, fmt.Sprintf("home %d: %+v", i, st))
		}
	}
	for _, name := range names {
		for _, b := range s.bearers(t, name) {
			if i := slices.Index(homes, b.Home); i >= 0 {
				lines = append(lines, fmt.Sprintf("%s is borne by home %d since %d until %d", name, i, b.At, b.Until))
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (s *scene) bearers(t failer, name string) (all []store.Bearer) {
	t.Helper()
	for position := ""; ; {
		list, next, err := s.Store.Bearers(ctx, team, hub.NewTagID(team, name), position, 7)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
		if position = next; next == "" {
			return all
		}
	}
}

// records are the taggings of a home that are on record.
func (s *scene) records(t failer, home hub.HomeID) (all []hub.Tagging) {
	t.Helper()
	for after := ""; ; {
		list, next, err := s.Store.Taggings(ctx, team, home, "", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, list...)
		if after = next; next == "" {
			return all
		}
	}
}

// told are the kinds and members of the events that came of tags so far.
func (s *scene) told() (events []hub.Published) {
	for _, e := range s.Published() {
		if strings.HasPrefix(e.Kind, "tag.") {
			events = append(events, e)
		}
	}
	return events
}

// removals counts the removals that were told, by home.
func (s *scene) removals() map[any]int {
	count := map[any]int{}
	for _, e := range s.told() {
		if e.Kind == hub.TagRemoved {
			count[e.Detail["home"]]++
		}
	}
	return count
}

// once reports whether each of so many homes was told of once.
func once(count map[any]int, homes int) bool {
	for _, n := range count {
		if n != 1 {
			return false
		}
	}
	return len(count) == homes
}
