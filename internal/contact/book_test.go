package contact_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

var ctx = context.Background()

const team = hubtest.Team

// failer is what the helpers need of a test, or of one try of a property.
type failer interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func book(h *hubtest.Hub, st *store.Store) *contact.Book {
	return &contact.Book{Store: st, Now: h.Clock.Now, Settings: h.Settings}
}

// homes creates homes of a test, each a second younger than the one before.
func homes(t failer, h *hubtest.Hub, name string, count int) []hub.HomeID {
	t.Helper()
	ids := make([]hub.HomeID, count)
	for i := range ids {
		ids[i] = putHome(t, h, fmt.Sprintf("%s %d", name, i), hub.MillisOf(hubtest.Start)+hub.Millis(1000*i), hub.Person)
	}
	return ids
}

func putHome(t failer, h *hubtest.Hub, user string, created hub.Millis, kind hub.UserKind) hub.HomeID {
	t.Helper()
	id := h.Team.Pepper.Home(hubtest.LineAccount, user, 0)
	putHomeAs(t, h, id, user, created, kind)
	return id
}

func putHomeAs(t failer, h *hubtest.Hub, id hub.HomeID, user string, created hub.Millis, kind hub.UserKind) {
	t.Helper()
	err := h.Store.PutHome(ctx, team, hub.Home{
		ID: id, Account: hubtest.LineAccount, Channel: "line", User: h.Team.Pepper.User(hubtest.LineAccount, user),
		External: hub.Personal(user), Kind: kind, Created: created,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// join joins as a queue would let it: what meets others comes back.
func join(b *contact.Book, x, y hub.HomeID) (root hub.HomeID, err error) {
	for range 200 {
		root, err = b.Join(ctx, team, x, y, hub.EvidenceAlias, detail(x, y), "inbound")
		if hub.CodeOf(err) != hub.Conflict {
			return root, err
		}
	}
	return root, err
}

// detail is the same for both directions of a join.
func detail(x, y hub.HomeID) string {
	a, b := hub.EdgeOf(x, y)
	return "seen of " + string(a[:6]) + " and " + string(b[:6])
}

// state is what the tables hold of homes: each with its root, members and version,
// and what else lies in its partition.
func state(t failer, h *hubtest.Hub, ids []hub.HomeID) string {
	t.Helper()
	var lines []string
	for _, id := range ids {
		home, err := h.Store.Home(ctx, team, id)
		if err != nil {
			t.Fatal(err)
		}
		items := slices.Sorted(maps.Keys(h.Items(h.Store.Tables.Contacts, "T#test#H#"+string(id))))
		lines = append(lines, fmt.Sprintf("%s root=%s members=%v v=%d %v", id, home.Root, home.Members, home.Version, items))
	}
	return strings.Join(lines, "\n")
}

func TestJoinedHomesAreOneContactWithItsEvidence(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "one", 3)
	root, err := b.Join(ctx, team, ids[2], ids[1], hub.EvidenceAlias, "phone and user id in one event", "inbound")
	if err != nil || root != ids[1] {
		t.Fatalf("got root %s, %v, want the older home", root, err)
	}
	if root, err = b.Join(ctx, team, ids[0], ids[2], hub.EvidencePerson, "", "anna"); err != nil || root != ids[0] {
		t.Fatalf("got root %s, %v, want the oldest home", root, err)
	}
	for _, id := range ids {
		c, err := b.Contact(ctx, team, id)
		if err != nil || c.Root != ids[0] || len(c.Homes) != 3 || len(c.Edges) != 2 {
			t.Errorf("got %+v, %v, want three homes and two edges under the oldest", c, err)
		}
	}
	path, err := b.Why(ctx, team, ids[0], ids[1])
	if err != nil || len(path) != 2 {
		t.Fatalf("got %+v, %v, want two edges", path, err)
	}
	now := hub.MillisOf(h.Clock.Now())
	first, second := path[0], path[1]
	if first.Evidence != hub.EvidencePerson || first.By != "anna" || first.At != now {
		t.Errorf("got %+v, want anna's word first", first)
	}
	if second.Evidence != hub.EvidenceAlias || second.Detail != "phone and user id in one event" || second.By != "inbound" {
		t.Errorf("got %+v, want the alias second", second)
	}
}

func TestJoinAgainWritesNothingAndKeepsTheFirstEvidence(t *testing.T) {
	h := hubtest.New(t)
	ids := homes(t, h, "again", 2)
	b := book(h, h.As("Join", nil))
	if _, err := b.Join(ctx, team, ids[0], ids[1], hub.EvidenceAlias, "first", "inbound"); err != nil {
		t.Fatal(err)
	}
	before := state(t, h, ids)
	h.Cloud.Meter().Reset()
	for _, pair := range [][2]int{{0, 1}, {1, 0}} {
		root, err := b.Join(ctx, team, ids[pair[0]], ids[pair[1]], hub.EvidencePerson, "second", "anna")
		if err != nil || root != ids[0] {
			t.Errorf("got root %s, %v", root, err)
		}
	}
	if _, _, write := h.Calls("Join"); write != 0 {
		t.Errorf("got %v WRU, want none", write)
	}
	path, err := b.Why(ctx, team, ids[0], ids[1])
	if got := state(t, h, ids); got != before || err != nil || len(path) != 1 || path[0].Detail != "first" {
		t.Errorf("got\n%s\n%+v, %v, want\n%s\nand the first evidence", got, path, err, before)
	}
}

func TestJoinCostsWhatItsBudgetSays(t *testing.T) {
	h := hubtest.New(t)
	ids := homes(t, h, "cost", 6)
	b := book(h, h.As("Join", nil))
	for _, step := range []struct {
		name        string
		x, y        int
		calls       int
		read, write float64
	}{
		{"two singles", 2, 3, 3, 2, 8},
		{"a third home, younger than the root", 4, 3, 5, 5, 8},
		{"an older one: two homes follow", 1, 4, 5, 6, 12},
		{"again", 4, 1, 4, 4, 0},
		{"a further edge", 2, 4, 6, 5, 6},
	} {
		h.Cloud.Meter().Reset()
		if _, err := b.Join(ctx, team, ids[step.x], ids[step.y], hub.EvidenceAlias, "x", "inbound"); err != nil {
			t.Fatal(err)
		}
		calls, read, write := h.Calls("Join")
		if calls != step.calls || read != step.read || write != step.write {
			t.Errorf("%s: got %d calls, %v RRU, %v WRU, want %d, %v, %v", step.name, calls, read, write, step.calls, step.read, step.write)
		}
	}
	h.Cloud.Meter().Reset()
	if _, err := b.Contact(ctx, team, ids[4]); err != nil {
		t.Fatal(err)
	}
	if calls, _, _ := h.Calls("Join"); calls != 2+1+3+4 {
		t.Errorf("got %d calls for a contact of four homes, want 10", calls)
	}
}

func TestJoinOfHomesThatAreNotThere(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "missing", 1)
	for _, pair := range [][2]hub.HomeID{{ids[0], "nobody"}, {"nobody", ids[0]}} {
		if _, err := b.Join(ctx, team, pair[0], pair[1], hub.EvidenceAlias, "", "inbound"); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("join: got %v, want not found", err)
		}
		if err := b.Candidate(ctx, team, pair[0], pair[1], "x"); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("candidate: got %v, want not found", err)
		}
		if _, err := b.Why(ctx, team, pair[0], pair[1]); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("why: got %v, want not found", err)
		}
	}
	if _, err := b.Contact(ctx, team, "nobody"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("contact: got %v, want not found", err)
	}
	if root, err := b.Join(ctx, team, ids[0], ids[0], hub.EvidenceAlias, "", "inbound"); err != nil || root != ids[0] {
		t.Errorf("a home and itself: got %s, %v", root, err)
	}
	if path, err := b.Why(ctx, team, ids[0], ids[0]); err != nil || len(path) != 0 {
		t.Errorf("why a home is itself: got %v, %v, want no edge", path, err)
	}
	if strings.Contains(state(t, h, ids), "E#") {
		t.Error("an edge was written")
	}
	if _, err := b.Join(ctx, "other", ids[0], ids[0], hub.EvidenceAlias, "", "inbound"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another team: got %v, want not found", err)
	}
}

func TestWhatIsNeverToBeJoinedIsRefused(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "never", 5)
	group := putHome(t, h, "group", 1, hub.Group)
	never := func(x, y hub.HomeID) {
		x, y = hub.EdgeOf(x, y)
		h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#H#" + string(x), "SK": "N#" + string(y)})
	}
	never(ids[0], ids[1])
	never(ids[2], ids[4])
	if _, err := join(b, ids[2], ids[3]); err != nil {
		t.Fatal(err)
	}
	before := state(t, h, ids)
	for name, pair := range map[string][2]hub.HomeID{
		"the pair itself": {ids[1], ids[0]}, "by way of another home": {ids[4], ids[3]}, "a group": {group, ids[0]},
		"a group, last": {ids[0], group},
	} {
		if _, err := b.Join(ctx, team, pair[0], pair[1], hub.EvidenceAlias, "", "inbound"); hub.CodeOf(err) != hub.Refused {
			t.Errorf("%s: got %v, want it refused for good", name, err)
		}
	}
	if got := state(t, h, ids); got != before {
		t.Errorf("got\n%s\nwant nothing changed:\n%s", got, before)
	}
}

// TestWhatDoesNotFitTogetherIsReadAgain: a home whose root does not know it, or is
// gone, was read while its contact was parted. It is tried again later, not shown.
func TestWhatDoesNotFitTogetherIsReadAgain(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "torn", 1)
	for home, root := range map[string]hub.HomeID{"left": ids[0], "lost": "nobody"} {
		h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#H#" + home, "SK": "HOME", "kind": "person", "root": string(root), "v": int64(1)})
		if _, err := b.Contact(ctx, team, hub.HomeID(home)); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: contact: got %v, want conflict", home, err)
		}
		if _, err := b.Join(ctx, team, hub.HomeID(home), ids[0], hub.EvidenceAlias, "", "inbound"); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: join: got %v, want conflict", home, err)
		}
		if _, err := b.Why(ctx, team, ids[0], hub.HomeID(home)); hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: why: got %v, want conflict", home, err)
		}
	}
	if strings.Contains(state(t, h, ids), "E#") {
		t.Error("an edge was written")
	}
}

func TestContactHasThirtyHomesAtMost(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	ids := homes(t, h, "many", hub.MaxMembers+1)
	for i := range hub.MaxMembers - 1 {
		if _, err := join(b, ids[i+1], ids[i]); err != nil {
			t.Fatalf("home %d: %v", i+2, err)
		}
	}
	if _, err := join(b, ids[3], ids[hub.MaxMembers]); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v for one home too many, want it refused for good", err)
	}
	c, err := b.Contact(ctx, team, ids[20])
	if err != nil || len(c.Homes) != hub.MaxMembers || len(c.Edges) != hub.MaxMembers-1 {
		t.Errorf("got %d homes, %d edges, %v, want %d in a chain", len(c.Homes), len(c.Edges), err, hub.MaxMembers)
	}
	if path, err := b.Why(ctx, team, ids[0], ids[hub.MaxMembers-1]); err != nil || len(path) != hub.MaxMembers-1 {
		t.Errorf("got %d edges, %v, want the whole chain", len(path), err)
	}
}
