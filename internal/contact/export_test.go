package contact_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/tag"
)

// world is a hub in which the same is done as in another one.
type world struct {
	h *hubtest.Hub
	b *contact.Book
}

// scene is what is done in two worlds: with a join and its undoing, and without.
type scene struct {
	t      *rapid.T
	worlds [2]world // of the first only is anything joined across
	ids    []hub.HomeID
	left   int // how many of ids are on the left side; the last one stands alone at first
	n      int
}

// both does the same in both worlds, and compares how it ends.
func (s *scene) both(name string, do func(w world, a hub.Audit) error) {
	s.t.Helper()
	s.n++
	var ends [2]hub.Code
	for i, w := range s.worlds {
		a := hub.Audit{ID: fmt.Sprint(s.n), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, Action: name, At: hub.MillisOf(w.h.Clock.Now())}
		ends[i] = hub.CodeOf(do(w, a))
	}
	if ends[0] != ends[1] {
		s.t.Fatalf("%s: ended with %q, without the join with %q", name, ends[0], ends[1])
	}
}

func (s *scene) home(name string) hub.HomeID { return rapid.SampledFrom(s.ids).Draw(s.t, name) }

// step does one random thing of what people, programs and events do.
func (s *scene) step() {
	s.t.Helper()
	x, y := s.home("x"), s.home("y")
	switch op := rapid.SampledFrom([]string{"patch", "event", "tag", "candidate", "dismiss", "join", "clock", "open"}).Draw(s.t, "operation"); op {
	case "patch":
		var list []contact.Change
		for _, field := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "email", "phone", "note", "attr.size"}), 1, 3, rapid.ID).Draw(s.t, "fields") {
			list = append(list, contact.Change{Field: field, Value: rapid.SampledFrom(valuesOf[field]).Draw(s.t, field)})
		}
		s.both(op, func(w world, a hub.Audit) error { return w.b.Patch(ctx, team, x, list, a) })
	case "event":
		field := rapid.SampledFrom([]string{"name", "phone", "picture"}).Draw(s.t, "field")
		r := hub.Register{Field: field, Value: rapid.SampledFrom([]string{"", "886911223344", "b"}).Draw(s.t, "value"), Source: "event"}
		late := hub.Millis(rapid.IntRange(0, 2000).Draw(s.t, "late"))
		s.both(op, func(w world, a hub.Audit) error {
			r.At = a.At - late
			return w.b.Set(ctx, w.h.Team, x, r)
		})
	case "tag":
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"VIP", "summer", "tea"}), 1, 2, rapid.ID).Draw(s.t, "tags")
		how := rapid.SampledFrom([]string{"add", "remove", "replace"}).Draw(s.t, "how")
		s.both(op, func(w world, a hub.Audit) error {
			tags, call := &tag.Book{Store: w.h.Store, Now: w.h.Clock.Now}, tag.Call{ID: a.ID, At: a.At, Source: "api", By: a.Actor.String(), Audit: &a}
			switch how {
			case "add":
				return tags.Change(ctx, team, x, names, nil, call)
			case "remove":
				return tags.Change(ctx, team, x, nil, names, call)
			}
			return tags.Replace(ctx, team, x, names, call)
		})
	case "candidate":
		reason := rapid.SampledFrom([]string{hub.ReasonEmail, hub.ReasonPhone}).Draw(s.t, "reason")
		s.both(op, func(w world, _ hub.Audit) error { return w.b.Candidate(ctx, team, x, y, reason) })
	case "dismiss":
		s.both(op, func(w world, a hub.Audit) error { return w.b.Dismiss(ctx, team, x, y, a) })
	case "join": // on the left, and of the home that stands alone with it
		own := append(slices.Clone(s.ids[:s.left]), s.ids[len(s.ids)-1])
		if slices.Contains(own, x) && slices.Contains(own, y) {
			s.both(op, func(w world, a hub.Audit) error {
				_, err := w.b.JoinBy(ctx, team, x, y, hub.EvidencePerson, "", a)
				return err
			})
		}
	case "clock":
		s.both(op, func(w world, _ hub.Audit) error { w.h.Clock.Advance(time.Second); return nil })
	case "open":
		s.both(op, func(w world, _ hub.Audit) error { _, _, err := w.b.Open(ctx, team, "", 20); return err })
	}
}

var valuesOf = map[string][]string{
	"name": {"", "Anna", "Mei"}, "email": {"", "a@example.com", "b@example.com"}, "phone": {"", "+886911223344", "+886911223355"},
	"note": {"", "likes tea\nand cake"}, "attr.size": {"", "S", "XL"},
}

// undecided are the candidates among the scene's homes that are to be decided.
func (s *scene) undecided(w world) string {
	s.t.Helper()
	var out []string
	before := ""
	for {
		list, next, err := w.b.Open(ctx, team, before, 50)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range list {
			if slices.Contains(s.ids, c.A) {
				out = append(out, fmt.Sprint(c.A, c.B, c.Reason))
			}
		}
		if before = next; next == "" {
			return strings.Join(out, "\n")
		}
	}
}

// TestUndoneJoinLeavesNoTrace: what is done to homes while they are one contact is, after
// the undoing, what it would have been without the join.
func TestUndoneJoinLeavesNoTrace(t *testing.T) {
	worlds := [2]world{}
	for i := range worlds {
		h := hubtest.New(t)
		attributes(t, h)
		worlds[i] = world{h: h, b: book(h, h.Store)}
	}
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		s := &scene{t: t, worlds: worlds}
		s.left = rapid.IntRange(1, 2).Draw(t, "left")
		right := rapid.IntRange(1, 2).Draw(t, "right")
		for i := range s.left + right + 1 {
			id := hub.HomeID(hub.Digest("scene", fmt.Sprint(round), fmt.Sprint(i)))
			s.ids = append(s.ids, id)
			created := hub.MillisOf(hubtest.Start) + hub.Millis(rapid.IntRange(0, 3).Draw(t, "created"))
			s.both("home", func(w world, _ hub.Audit) error {
				return w.h.Store.PutHome(ctx, team, hub.Home{ID: id, Account: hubtest.LineAccount, Channel: "line", User: "u", External: "x", Kind: hub.Person, Created: created})
			})
		}
		for i := range s.left + right {
			if i == 0 || i == s.left {
				continue
			}
			x, y := s.ids[i-1], s.ids[i]
			s.both("join a side", func(w world, a hub.Audit) error { _, err := join(w.b, x, y); return err })
		}
		if rapid.Bool().Draw(t, "member") {
			x := rapid.SampledFrom(s.ids[:s.left+right]).Draw(t, "who")
			s.both("member id", func(w world, a hub.Audit) error {
				return w.b.Patch(ctx, team, x, []contact.Change{{Field: "member_id", Value: fmt.Sprint("M", round)}}, a)
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "before") {
			s.step()
		}
		x, y := rapid.SampledFrom(s.ids[:s.left]).Draw(t, "x"), rapid.SampledFrom(s.ids[s.left:s.left+right]).Draw(t, "y")
		if _, err := join(worlds[0].b, x, y); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 10).Draw(t, "between") {
			s.step()
		}
		if err := worlds[0].b.Undo(ctx, team, [][2]hub.HomeID{{y, x}}, one(worlds[0].h, "undo")); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 2).Draw(t, "after") {
			s.step()
		}
		for i, id := range s.ids {
			with, without := exported(t, worlds[0].b, id), exported(t, worlds[1].b, id)
			if with != without {
				t.Fatalf("home %d: got\n%s\nwithout the join\n%s", i, with, without)
			}
			if a, b := values(t, worlds[0].b, id), values(t, worlds[1].b, id); a != b {
				t.Fatalf("home %d: got %s, without the join %s", i, a, b)
			}
		}
		if with, without := s.undecided(worlds[0]), s.undecided(worlds[1]); with != without {
			t.Fatalf("to be decided: got\n%s\nwithout the join\n%s", with, without)
		}
	})
}

func TestExportIsWholeAndAlwaysTheSame(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "export", 3)
	attributes(t, h)
	if err := patch(b, ids[1], c.by("x"), "name", "安娜", "phone", "+886911223344", "member_id", "M1", "attr.size", "XL"); err != nil {
		t.Fatal(err)
	}
	candidate(t, b, ids[1], ids[2], hub.ReasonPhone)
	h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#H#" + string(ids[1]), "SK": "F#tag#x#1#y", "tag": "x", "name": "VIP", "at": int64(5)})
	if _, err := join(b, ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	got := exported(t, b, ids[1])
	for _, want := range []string{"安娜", "+886911223344", "M1", "XL", "VIP", hub.ReasonPhone, string(ids[0]), "export 0", "export 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwithout %q", got, want)
		}
	}
	for _, none := range []string{`"rev"`, `"gpk"`, `"PK"`, `"fk"`, `"members"`} {
		if strings.Contains(got, none) {
			t.Errorf("got %s, which is none of a person's data", none)
		}
	}
	if again := exported(t, b, ids[0]); again != got {
		t.Errorf("from the other home: got\n%s\nwant\n%s", again, got)
	}
}
