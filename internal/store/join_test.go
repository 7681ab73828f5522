package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// newHome puts a home whose id begins with a letter, and reads it.
func newHome(t *testing.T, h *hubtest.Hub, letter string, created hub.Millis) hub.Home {
	t.Helper()
	err := h.Store.PutHome(context.Background(), hubtest.Team, hub.Home{
		ID: hub.HomeID(strings.Repeat(letter, 32)), Account: hubtest.LineAccount, Channel: "line", User: hub.UserKey(strings.Repeat("u", 32)),
		External: hub.Personal("U" + strings.Repeat("f", 32)), Kind: hub.Person, Created: created,
	})
	if err != nil {
		t.Fatal(err)
	}
	return readHome(t, h, hub.HomeID(strings.Repeat(letter, 32)))
}

func readHome(t *testing.T, h *hubtest.Hub, id hub.HomeID) hub.Home {
	t.Helper()
	home, err := h.Store.Home(context.Background(), hubtest.Team, id)
	if err != nil {
		t.Fatal(err)
	}
	return home
}

func edgeOf(a, b hub.Home, at hub.Millis) hub.Edge {
	return hub.Edge{A: a.ID, B: b.ID, Evidence: hub.EvidenceAlias, Detail: "seen", At: at, By: "inbound"}
}

// attributes are the names of an item's attributes; nil if it is not there.
func attributes(h *hubtest.Hub, home hub.HomeID, sk string) []string {
	return slices.Sorted(slices.Values(h.Items(h.Store.Tables.Contacts, "T#test#H#"+string(home))[sk]))
}

func TestHomeKeepsWhatItWasPutWith(t *testing.T) {
	h := hubtest.New(t)
	home := newHome(t, h, "a", 7)
	want := hub.Home{
		ID: home.ID, Account: hubtest.LineAccount, Channel: "line", User: hub.UserKey(strings.Repeat("u", 32)), External: hub.Personal("U" + strings.Repeat("f", 32)),
		Kind: hub.Person, Created: 7, Root: home.ID, Members: []hub.HomeID{home.ID},
	}
	if fmt.Sprint(home) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", home, want)
	}
	if again := newHome(t, h, "a", 9); again.Created != 7 {
		t.Errorf("got %+v, want the home that was there", again)
	}
	homes, err := h.Store.Homes(context.Background(), hubtest.Team, []hub.HomeID{"nobody", home.ID})
	if err != nil || len(homes) != 1 || fmt.Sprint(homes[0]) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v, want the one that is there", homes, err)
	}
}

func TestJoinWritesTheEdgeOnceAndBothRoots(t *testing.T) {
	h := hubtest.New(t)
	a, b, c := newHome(t, h, "a", 30), newHome(t, h, "b", 20), newHome(t, h, "c", 20)
	st := h.As("Join", nil)
	h.Cloud.Meter().Reset()
	if err := st.Join(context.Background(), hubtest.Team, c, a, edgeOf(c, a, 99), nil); err != nil {
		t.Fatal(err)
	}
	if calls, read, write := h.Calls("Join"); calls != 1 || read != 0 || write != 8 {
		t.Errorf("two singles: got %d calls, %v RRU, %v WRU, want 1, 0, 8", calls, read, write)
	}
	c, a = readHome(t, h, c.ID), readHome(t, h, a.ID)
	if c.Root != c.ID || !slices.Equal(c.Members, []hub.HomeID{a.ID, c.ID}) || c.Version != 1 || a.Root != c.ID || a.Members != nil || a.Version != 1 {
		t.Errorf("got %+v and %+v, want the older one as root", c, a)
	}
	if got, want := fmt.Sprint(attributes(h, a.ID, "E#"+string(c.ID))), "[PK SK at by chg detail evidence pub rev]"; got != want {
		t.Errorf("got an edge of %s, want %s", got, want)
	}
	if got := attributes(h, c.ID, "E#"+string(a.ID)); got != nil {
		t.Errorf("got a second edge of %v", got)
	}
	for _, home := range []hub.Home{a, c} {
		if slices.Contains(attributes(h, home.ID, "HOME"), "rev") {
			t.Errorf("home %s bears a revision, want none: the edge alone tells of the join", home.ID)
		}
	}
	h.Cloud.Meter().Reset()
	if err := st.Join(context.Background(), hubtest.Team, c, b, edgeOf(b, a, 100), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, write := h.Calls("Join"); write != 10 {
		t.Errorf("two and one that becomes the root: got %v WRU, want 10", write)
	}
	for _, id := range []hub.HomeID{a.ID, c.ID} {
		if got := readHome(t, h, id); got.Root != b.ID || got.Members != nil {
			t.Errorf("got %+v, want root %s: of the oldest the smallest id", got, b.ID)
		}
	}
	b = readHome(t, h, b.ID)
	edges, err := h.Store.Edges(context.Background(), hubtest.Team, b.Members)
	want := []hub.Edge{edgeOf(a, b, 100), edgeOf(a, c, 99)}
	if err != nil || !slices.Equal(edges, want) {
		t.Errorf("got %+v, %v, want %+v", edges, err, want)
	}
}

func TestJoinRefusesWhatItHasNotSeen(t *testing.T) {
	h := hubtest.New(t)
	a, b, c, d := newHome(t, h, "a", 1), newHome(t, h, "b", 2), newHome(t, h, "c", 3), newHome(t, h, "d", 4)
	join := func(left, right hub.Home, e hub.Edge) error {
		return h.Store.Join(context.Background(), hubtest.Team, left, right, e, nil)
	}
	if err := join(a, b, edgeOf(a, b, 1)); err != nil {
		t.Fatal(err)
	}
	newA := readHome(t, h, a.ID)
	gone := d
	gone.ID = hub.HomeID(strings.Repeat("z", 32))
	before := contacts(h, a, b, c, d)
	for name, err := range map[string]error{
		"the root is older than the table's": join(a, c, edgeOf(a, c, 2)),
		"the other is no root any more":      join(c, b, edgeOf(c, b, 2)),
		"both have been joined":              join(a, b, edgeOf(a, b, 2)),
		"one side shows a home of the other": join(newA, b, edgeOf(a, b, 2)),
		"the edge is there":                  join(newA, newA, edgeOf(b, a, 2)),
		"a home is gone":                     join(newA, gone, edgeOf(a, gone, 2)),
	} {
		if hub.CodeOf(err) != hub.Conflict {
			t.Errorf("%s: got %v, want conflict", name, err)
		}
	}
	if got := contacts(h, a, b, c, d); got != before {
		t.Errorf("got\n%s\nwant nothing changed:\n%s", got, before)
	}
	if err := join(c, newA, edgeOf(c, b, 2)); err != nil {
		t.Errorf("as it stands: %v", err)
	}
	if err := join(newA, newA, edgeOf(a, c, 3)); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("a further edge on an old version: got %v, want conflict", err)
	}
	newA = readHome(t, h, a.ID)
	if err := join(newA, newA, edgeOf(a, c, 3)); err != nil || readHome(t, h, a.ID).Version != newA.Version+1 {
		t.Errorf("a further edge as it stands: got %v, want the root's version raised", err)
	}
}

// contacts are all items of homes' partitions.
func contacts(h *hubtest.Hub, homes ...hub.Home) string {
	var out []string
	for _, home := range homes {
		items := h.Items(h.Store.Tables.Contacts, "T#test#H#"+string(home.ID))
		for _, sk := range slices.Sorted(maps.Keys(items)) {
			out = append(out, fmt.Sprint(home.ID[:1], " ", sk, " ", attributes(h, home.ID, sk)))
		}
	}
	return strings.Join(out, "\n")
}

func TestJoinRefusesWhatIsNeverToBe(t *testing.T) {
	h := hubtest.New(t)
	a, b, c := newHome(t, h, "a", 1), newHome(t, h, "b", 2), newHome(t, h, "c", 3)
	h.PutItem(h.Store.Tables.Contacts, map[string]any{"PK": "T#test#H#" + string(a.ID), "SK": "N#" + string(b.ID)})
	before := contacts(h, a, b, c)
	if err := h.Store.Join(context.Background(), hubtest.Team, b, a, edgeOf(b, a, 1), nil); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v, want it refused for good", err)
	}
	crowd := b
	for i := range hub.MaxMembers - 1 {
		crowd.Members = append(crowd.Members, hub.HomeID(fmt.Sprint("m", i)))
	}
	if err := h.Store.Join(context.Background(), hubtest.Team, c, crowd, edgeOf(c, b, 1), nil); hub.CodeOf(err) != hub.Refused {
		t.Errorf("got %v for one home too many, want it refused for good", err)
	}
	if got := contacts(h, a, b, c); got != before {
		t.Errorf("got\n%s\nwant nothing changed:\n%s", got, before)
	}
	for pair, want := range map[[2]string]bool{{"a", "b"}: true, {"b", "a"}: true, {"a", "c"}: false} {
		got, err := h.Store.Never(context.Background(), hubtest.Team,
			readHome(t, h, hub.HomeID(strings.Repeat(pair[0], 32))), readHome(t, h, hub.HomeID(strings.Repeat(pair[1], 32))))
		if err != nil || got != want {
			t.Errorf("%v: got never %v, %v, want %v", pair, got, err, want)
		}
	}
}

func TestUndoneEdgeIsNotLiveAndMayBeJoinedAgain(t *testing.T) {
	h := hubtest.New(t)
	a, b := newHome(t, h, "a", 1), newHome(t, h, "b", 2)
	h.PutItem(h.Store.Tables.Contacts, map[string]any{
		"PK": "T#test#H#" + string(a.ID), "SK": "E#" + string(b.ID), "pub": hub.ContactLinked, "evidence": "person", "by": "anna",
		"at": int64(5), "undone": int64(6), "rev": int64(2),
	})
	both := []hub.HomeID{a.ID, b.ID}
	live, err := h.Store.Linked(context.Background(), hubtest.Team, b.ID, a.ID)
	edges, err2 := h.Store.Edges(context.Background(), hubtest.Team, both)
	if live || err != nil || len(edges) != 0 || err2 != nil {
		t.Fatalf("got live %v, %v, edges %v, %v, want none", live, err, edges, err2)
	}
	if err := h.Store.Join(context.Background(), hubtest.Team, a, b, edgeOf(a, b, 9), nil); err != nil {
		t.Fatal(err)
	}
	live, err = h.Store.Linked(context.Background(), hubtest.Team, b.ID, a.ID)
	edges, err2 = h.Store.Edges(context.Background(), hubtest.Team, both)
	if !live || err != nil || err2 != nil || !slices.Equal(edges, []hub.Edge{edgeOf(a, b, 9)}) {
		t.Errorf("got live %v, %v, edges %+v, %v, want the new one", live, err, edges, err2)
	}
	if rev := number(t, h, a.ID, "E#"+string(b.ID), "rev"); rev != "3" {
		t.Errorf("got rev %s, want 3: being linked again is told too", rev)
	}
}

// number reads a number of an item behind the store's back.
func number(t *testing.T, h *hubtest.Hub, home hub.HomeID, sk, name string) string {
	t.Helper()
	out, err := h.Store.DB.GetItem(context.Background(), &dynamodb.GetItemInput{TableName: &h.Store.Tables.Contacts, Key: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: "T#test#H#" + string(home)}, "SK": &types.AttributeValueMemberS{Value: sk},
	}})
	if err != nil {
		t.Fatal(err)
	}
	v, ok := out.Item[name].(*types.AttributeValueMemberN)
	if !ok {
		return ""
	}
	return v.Value
}

func TestCandidateLiesOnceAtBothHomes(t *testing.T) {
	h := hubtest.New(t)
	a, b := newHome(t, h, "a", 1), newHome(t, h, "b", 2)
	for _, pair := range [][2]hub.HomeID{{a.ID, b.ID}, {b.ID, a.ID}} {
		c := hub.Candidate{A: pair[0], B: pair[1], Reason: "a number with another user id", At: 5}
		if err := h.Store.PutCandidate(context.Background(), hubtest.Team, c, false); err != nil {
			t.Fatal(err)
		}
	}
	if got := contacts(h, a, b); strings.Count(got, "K#") != 2 ||
		!strings.Contains(got, "a K#"+string(b.ID)+"#a number with another user id [PK SK at gpk gsk pub reason]") ||
		!strings.Contains(got, "b K#"+string(a.ID)+"#a number with another user id [PK SK at reason]") {
		t.Errorf("got\n%s\nwant one candidate at each, listed and told at a", got)
	}
}
