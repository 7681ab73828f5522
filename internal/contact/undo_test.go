package contact_test

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func pair(x, y hub.HomeID) [2]hub.HomeID { return [2]hub.HomeID{x, y} }

func TestUndoPartsAContactWithItsMemberID(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "undo", 5)
	for _, p := range [][2]int{{3, 4}, {1, 2}, {0, 1}, {2, 3}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	if err := patch(b, ids[4], c.by("contact.patch"), "member_id", "M4"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[3], ids[2]}}, c.by("contact.undo")); err != nil {
			t.Fatal(err)
		}
	}
	for i, id := range ids {
		got, err := b.Contact(ctx, team, id)
		if err != nil {
			t.Fatal(err)
		}
		root, member, count := ids[0], hub.Personal(""), 3
		if i > 2 {
			root, member, count = ids[3], "M4", 2
		}
		if got.Root != root || got.MemberID != member || len(got.Homes) != count || len(got.Edges) != count-1 {
			t.Errorf("home %d: got root %s, member id %q, %d homes, %d edges, want %s, %q, %d", i, got.Root, got.MemberID, len(got.Homes), len(got.Edges), root, member, count)
		}
	}
	if _, err := b.Why(ctx, team, ids[0], ids[4]); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want no way between the two", err)
	}
	if err := patch(b, ids[0], c.by("contact.patch"), "member_id", "M0"); err != nil {
		t.Errorf("the other side's own member id: %v", err)
	}
	// Joined again and undone again, the side without a member id stays without one.
	if _, err := join(b, ids[2], ids[3]); obstacle(err).Code != hub.MemberIDConflict {
		t.Errorf("got %v, want two member ids to be refused", err)
	}
	h.Clock.Advance(time.Second)
	if err := patch(b, ids[0], c.by("contact.patch"), "member_id", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := join(b, ids[2], ids[3]); err != nil {
		t.Fatal(err)
	}
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[3], ids[2]}}, c.by("contact.undo")); err != nil {
		t.Fatal(err)
	}
	if got := values(t, b, ids[2]) + "," + values(t, b, ids[3]); got != ",member=M4" {
		t.Errorf("got %s, want the member id at its side alone", got)
	}
}

func TestUndoIsTold(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "told", 2)
	if _, err := join(b, ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	before := len(h.Published())
	h.Clock.Advance(time.Minute)
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], ids[1]}}, one(h, "contact.undo")); err != nil {
		t.Fatal(err)
	}
	all := h.Published()
	i := slices.IndexFunc(all, func(e hub.Published) bool { return e.Kind == hub.ContactUnlinked })
	if len(all) != before+1 || i < 0 {
		t.Fatalf("got %d told before and %d after, want the undoing alone", before, len(all))
	}
	a, z := hub.EdgeOf(ids[0], ids[1])
	e := all[i]
	want := map[string]any{"a": string(a), "b": string(z), "by": "member:anna", "evidence": "alias", "trace": ""}
	if e.At != hub.MillisOf(h.Clock.Now()) || !maps.Equal(e.Detail, want) || !strings.HasSuffix(e.ID, "#2") {
		t.Errorf("got %+v, want %v, as the edge's second revision", e, want)
	}
	if list := audits(t, h); len(list) != 1 || list[0].Action != "contact.undo" {
		t.Errorf("got audits %+v, want that of the undoing", list)
	}
}

func TestUndoNamesTheWayThatIsLeft(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "ring", 4)
	for i := range ids {
		if _, err := join(b, ids[i], ids[(i+1)%4]); err != nil {
			t.Fatal(err)
		}
	}
	before := state(t, h, ids)
	o := obstacle(b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], ids[1]}}, c.by("contact.undo")))
	if o.Code != hub.StillLinked || len(o.Edges) != 3 || state(t, h, ids) != before {
		t.Errorf("got %+v, want the three edges that are left, and nothing undone", o)
	}
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], ids[1]}, {ids[2], ids[3]}, {ids[1], ids[0]}}, c.by("contact.undo")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{0, 1, 1, 0} {
		if got, err := b.Contact(ctx, team, ids[i]); err != nil || got.Root != ids[want] || len(got.Homes) != 2 {
			t.Errorf("home %d: got %+v, %v, want two homes under home %d", i, got, err, want)
		}
	}
	// A chain undone at two places falls into three.
	if _, err := join(b, ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], ids[1]}, {ids[1], ids[2]}}, c.by("contact.undo")); err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2, 1, 1, 2} {
		if got, err := b.Contact(ctx, team, ids[i]); err != nil || len(got.Homes) != want {
			t.Errorf("home %d: got %+v, %v, want %d homes", i, got, err, want)
		}
	}
}

func TestUndoOfWhatIsNotJoined(t *testing.T) {
	h := hubtest.New(t)
	b, c := book(h, h.Store), &calls{h: h}
	ids := homes(t, h, "none", 5)
	for _, p := range [][2]int{{0, 1}, {1, 2}, {3, 4}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	before := state(t, h, ids)
	for name, c := range map[string]struct {
		pairs [][2]hub.HomeID
		want  hub.Code
	}{
		"no pair":                  {nil, hub.BadRequest},
		"joined by way of another": {[][2]hub.HomeID{{ids[0], ids[2]}}, hub.NotFound},
		"never joined":             {[][2]hub.HomeID{{ids[0], ids[4]}}, hub.NotFound},
		"one of two":               {[][2]hub.HomeID{{ids[0], ids[1]}, {ids[0], ids[4]}}, hub.NotFound},
		"of two contacts":          {[][2]hub.HomeID{{ids[0], ids[1]}, {ids[3], ids[4]}}, hub.BadRequest},
		"no home":                  {[][2]hub.HomeID{{"nobody", "none"}}, hub.NotFound},
		"too many":                 {make([][2]hub.HomeID, contact.MaxUndone+1), hub.BadRequest},
	} {
		if err := b.Undo(ctx, team, c.pairs, one(h, "contact.undo")); hub.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if got := state(t, h, ids); got != before {
		t.Errorf("got\n%s\nwant nothing changed:\n%s", got, before)
	}
	if err := b.Undo(ctx, "other", [][2]hub.HomeID{{ids[0], ids[1]}}, c.by("x")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another team: got %v, want not found", err)
	}
}

// TestWhoReadARootBeforeItWasPartedIsRefused: the version of a home that is a root again
// is above all that it had, so an old reading of it joins nothing.
func TestWhoReadARootBeforeItWasPartedIsRefused(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "version", 3)
	read := func(i int) hub.Home {
		home, err := h.Store.Home(ctx, team, ids[i])
		if err != nil {
			t.Fatal(err)
		}
		return home
	}
	old := read(1)
	if _, err := join(b, ids[0], ids[1]); err != nil {
		t.Fatal(err)
	}
	if err := b.Undo(ctx, team, [][2]hub.HomeID{{ids[0], ids[1]}}, one(h, "contact.undo")); err != nil {
		t.Fatal(err)
	}
	e := hub.Edge{A: ids[1], B: ids[2], Evidence: hub.EvidenceAlias, At: 1, By: "hub"}
	if err := h.Store.Join(ctx, team, old, read(2), e, nil); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v, want conflict", err)
	}
	if now := read(1); now.Version <= old.Version+1 || !slices.Equal(now.Members, ids[1:2]) {
		t.Errorf("got %+v, want a version above those before", now)
	}
}

func TestUndoCostsWhatItsBudgetSays(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.As("Undo", nil))
	ids := homes(t, h, "cost", 4)
	for _, p := range [][2]int{{0, 1}, {1, 2}, {2, 3}} {
		if _, err := join(b, ids[p[0]], ids[p[1]]); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name  string
		pair  [2]hub.HomeID
		calls int
		write float64
	}{
		// The audit, the edge with its note at the greater home, the old root, the new one,
		// its follower: 2 WRU each.
		{"two and two", pair(ids[1], ids[2]), 9, 12},
		{"two singles", pair(ids[0], ids[1]), 6, 10},
		{"again", pair(ids[0], ids[1]), 1, 0},
	} {
		h.Cloud.Meter().Reset()
		if err := b.Undo(ctx, team, [][2]hub.HomeID{step.pair}, one(h, step.name)); err != nil {
			t.Fatal(err)
		}
		if calls, _, write := h.Calls("Undo"); calls > step.calls || write != step.write {
			t.Errorf("%s: got %d calls, %v WRU, want at most %d, and %v", step.name, calls, write, step.calls, step.write)
		}
	}
}

func TestUndoOfAsManyAsOneCallTakes(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "star", hub.MaxMembers)
	var pairs [][2]hub.HomeID
	for _, id := range ids[1:] {
		candidate(t, b, ids[0], id, hub.ReasonPhone)
		candidate(t, b, ids[0], id, hub.ReasonEmail)
		if _, err := join(b, id, ids[0]); err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, pair(id, ids[0]))
	}
	for _, some := range [][][2]hub.HomeID{pairs[:contact.MaxUndone], pairs[contact.MaxUndone:]} {
		if err := b.Undo(ctx, team, some, one(h, "contact.undo")); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids {
		if c, err := b.Contact(ctx, team, id); err != nil || len(c.Homes) != 1 {
			t.Errorf("got %+v, %v, want every home alone", c, err)
		}
	}
}

// TestFiftyHomesJoinsAndUndoingsAtOnce: whatever comes together or falls apart, every
// contact is what its live edges connect, under one root, with one member id, which one
// home says.
func TestFiftyHomesJoinsAndUndoingsAtOnce(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	dice := rand.New(rand.NewSource(11))
	ids := make([]hub.HomeID, 50)
	for i := range ids {
		ids[i] = putHome(t, h, fmt.Sprint("fifty ", i), hub.MillisOf(hubtest.Start)+hub.Millis(dice.Intn(5)), hub.Person)
	}
	now := hub.MillisOf(h.Clock.Now())
	var steps []func() error
	for i := range 200 {
		x, y, a := ids[dice.Intn(50)], ids[dice.Intn(50)], hub.Audit{ID: fmt.Sprint(i), Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, At: now}
		steps = append(steps, settle(func() error { _, err := b.JoinBy(ctx, team, x, y, hub.EvidencePerson, detail(x, y), a); return err }))
		switch {
		case i%2 == 0:
			steps = append(steps, settle(func() error { return b.Undo(ctx, team, [][2]hub.HomeID{{x, y}}, a) }))
		case i%5 == 0:
			steps = append(steps, settle(func() error { return patch(b, x, a, "member_id", fmt.Sprint("M", i%15)) }))
		}
	}
	dice.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
	if err := atOnce(8, steps); err != nil {
		t.Fatal(err)
	}
	whole(t, h, b, ids)
}

// whole checks the pointers of homes against the edges that lie in their partitions.
func whole(t *testing.T, h *hubtest.Hub, b *contact.Book, ids []hub.HomeID) {
	t.Helper()
	edges, err := h.Store.Edges(ctx, team, ids)
	if err != nil {
		t.Fatal(err)
	}
	m := newModel()
	for _, e := range edges {
		m.pairs[[2]hub.HomeID{e.A, e.B}] = true
	}
	homes, err := h.Store.Homes(ctx, team, ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, home := range homes {
		m.created[home.ID] = home.Created
	}
	members, roots := map[hub.Personal]hub.HomeID{}, map[hub.HomeID]bool{}
	total, live := 0, 0
	for _, id := range ids {
		c, err := b.Contact(ctx, team, id)
		if err != nil {
			t.Fatal(err)
		}
		c.Fields = nil
		if got, want := shown(c), m.contact(id); got != want {
			t.Fatalf("home %s: got\n%s\nwant\n%s", id, got, want)
		}
		if roots[c.Root] {
			continue
		}
		roots[c.Root] = true
		total, live = total+len(c.Homes), live+len(c.Edges)
		if c.MemberID == "" {
			continue
		}
		if other, taken := members[c.MemberID]; taken {
			t.Errorf("the contacts of %s and %s have one member id", other, c.Root)
		}
		members[c.MemberID] = c.Root
		found, _, err := b.Find(ctx, team, "member_id", c.MemberID.Reveal(), "", 1)
		if err != nil || len(found) != 1 || found[0] != (store.Match{Home: c.Holder, Root: c.Root}) {
			t.Errorf("%s: got %v, %v, want its home", c.MemberID.Reveal(), found, err)
		}
	}
	if total != len(ids) || live != len(edges) {
		t.Errorf("got %d homes and %d edges in contacts, want %d and %d", total, live, len(ids), len(edges))
	}
	claims := 0
	for _, line := range strings.Fields(h.Dump(h.Store.Tables.Contacts)) {
		if line == "CLAIM" {
			claims++
		}
	}
	if claims != len(members) {
		t.Errorf("got %d claims of member ids, want %d", claims, len(members))
	}
	if len(members) < 2 || len(roots) < 2 || live < 10 {
		t.Errorf("got %d member ids, %d contacts, %d edges: the test shows nothing", len(members), len(roots), live)
	}
}
