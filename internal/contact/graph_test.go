package contact_test

import (
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// model is the naive truth: which homes there are, which were joined, and what was
// said of them.
type model struct {
	created map[hub.HomeID]hub.Millis
	pairs   map[[2]hub.HomeID]bool
	said    map[hub.HomeID][]hub.Register
}

func newModel() *model {
	return &model{created: map[hub.HomeID]hub.Millis{}, pairs: map[[2]hub.HomeID]bool{}, said: map[hub.HomeID][]hub.Register{}}
}

func (m *model) join(x, y hub.HomeID) {
	a, b := hub.EdgeOf(x, y)
	if a != b {
		m.pairs[[2]hub.HomeID{a, b}] = true
	}
}

// steps are the steps from a home to every home of its component.
func (m *model) steps(from hub.HomeID) map[hub.HomeID]int {
	steps := map[hub.HomeID]int{from: 0}
	for grown := true; grown; {
		grown = false
		for p := range m.pairs {
			for _, end := range [][2]hub.HomeID{{p[0], p[1]}, {p[1], p[0]}} {
				n, ok := steps[end[0]]
				old, known := steps[end[1]]
				if ok && (!known || old > n+1) {
					steps[end[1]] = n + 1
					grown = true
				}
			}
		}
	}
	return steps
}

// contact is the fold as its definition says it.
func (m *model) contact(home hub.HomeID) string {
	var members []hub.HomeID
	for h := range m.steps(home) {
		members = append(members, h)
	}
	slices.Sort(members)
	root := members[0]
	for _, h := range members {
		if m.created[h] < m.created[root] {
			root = h
		}
	}
	var edges [][2]hub.HomeID
	for p := range m.pairs {
		if slices.Contains(members, p[0]) {
			edges = append(edges, p)
		}
	}
	slices.SortFunc(edges, func(a, b [2]hub.HomeID) int { return slices.Compare(a[:], b[:]) })
	var fields []string
	for _, name := range fieldNames {
		var best hub.Register
		var by hub.HomeID
		found := false
		for _, h := range members { // ascending, so that of equal times the last home wins
			for _, r := range m.said[h] {
				newer := r.At > best.At || r.At == best.At && (by != h || r.Value > best.Value || r.Value == best.Value && r.Source > best.Source)
				if r.Field == name && (!found || newer) {
					best, by, found = r, h, true
				}
			}
		}
		if found && best.Value != "" {
			fields = append(fields, fmt.Sprint(best, by))
		}
	}
	return fmt.Sprint(root, members, edges, fields)
}

var fieldNames = []string{"language", "name", "picture"}

// shown is what the book tells of a contact, in the model's words.
func shown(c contact.Contact) string {
	var members []hub.HomeID
	for _, h := range c.Homes {
		members = append(members, h.ID)
	}
	var edges [][2]hub.HomeID
	for _, e := range c.Edges {
		edges = append(edges, [2]hub.HomeID{e.A, e.B})
	}
	var fields []string
	for _, f := range c.Fields {
		fields = append(fields, fmt.Sprint(f.Register, f.Home))
	}
	return fmt.Sprint(c.Root, members, edges, fields)
}

// check compares what the book tells of homes with the model, and the pointers of
// all homes of their contacts with each other.
func (m *model) check(t failer, b *contact.Book, homes []hub.HomeID) {
	t.Helper()
	for _, id := range homes {
		c, err := b.Contact(ctx, team, id)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := shown(c), m.contact(id); got != want {
			t.Fatalf("home %s: got\n%s\nwant\n%s", id, got, want)
		}
		for _, h := range c.Homes {
			if h.Root != c.Root {
				t.Fatalf("home %s leads to %s, want the root %s", h.ID, h.Root, c.Root)
			}
			if h.ID != c.Root && len(h.Members) != 0 {
				t.Fatalf("home %s has members %v and is no root", h.ID, h.Members)
			}
		}
	}
}

// checkWhy compares the way between two homes with the model.
func (m *model) checkWhy(t failer, b *contact.Book, x, y hub.HomeID) {
	t.Helper()
	path, err := b.Why(ctx, team, x, y)
	steps, connected := m.steps(x)[y]
	if !connected {
		if hub.CodeOf(err) != hub.NotFound {
			t.Fatalf("why %s and %s: got %v, %v, want not found", x, y, path, err)
		}
		return
	}
	if err != nil || len(path) != steps {
		t.Fatalf("why %s and %s: got %d edges, %v, want %d", x, y, len(path), err, steps)
	}
	at := x
	for _, e := range path {
		if e.Detail != detail(e.A, e.B) || e.Evidence != hub.EvidenceAlias || e.By != "inbound" || !m.pairs[[2]hub.HomeID{e.A, e.B}] {
			t.Fatalf("got edge %+v without its evidence", e)
		}
		switch at {
		case e.A:
			at = e.B
		case e.B:
			at = e.A
		default:
			t.Fatalf("the way %v breaks at %s", path, at)
		}
	}
	if at != y {
		t.Fatalf("the way %v ends at %s, want %s", path, at, y)
	}
}

// atOnce does all steps, several at a time, and returns the first error.
func atOnce(workers int, steps []func() error) error {
	var wg sync.WaitGroup
	next, failed := make(chan func() error), make(chan error, len(steps))
	for range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for step := range next {
				if err := step(); err != nil {
					failed <- err
				}
			}
		}()
	}
	for _, step := range steps {
		next <- step
	}
	close(next)
	wg.Wait()
	close(failed)
	return <-failed
}

// TestAnyGraphInAnyOrderFoldsAsItsDefinition joins random homes, in any direction,
// with repetitions, a part of them at once, and sets their profiles between.
func TestAnyGraphInAnyOrderFoldsAsItsDefinition(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	base := hub.MillisOf(hubtest.Start)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := newModel()
		ids := make([]hub.HomeID, rapid.IntRange(2, 9).Draw(t, "homes"))
		for i := range ids {
			created := base + hub.Millis(rapid.IntRange(0, 3).Draw(t, "created"))
			ids[i] = putHome(t, h, fmt.Sprint(n, i), created, hub.Person)
			m.created[ids[i]] = created
		}
		home := func(name string) hub.HomeID { return rapid.SampledFrom(ids).Draw(t, name) }
		var steps []func() error
		for range rapid.IntRange(0, 2*len(ids)).Draw(t, "joins") {
			x, y := home("x"), home("y")
			m.join(x, y)
			steps = append(steps, func() error { _, err := join(b, x, y); return err })
		}
		for range rapid.IntRange(0, 8).Draw(t, "registers") {
			at := home("said of")
			r := hub.Register{
				Field: rapid.SampledFrom(fieldNames).Draw(t, "field"), Value: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "value"),
				At: base + hub.Millis(rapid.IntRange(1, 4).Draw(t, "at")), Source: rapid.SampledFrom([]string{"platform", "event"}).Draw(t, "source"),
			}
			m.said[at] = append(m.said[at], r)
			steps = append(steps, func() error { return b.Store.SetRegister(ctx, team, at, r) })
		}
		if len(steps) > 0 {
			again := rapid.SliceOfN(rapid.IntRange(0, len(steps)-1), 0, len(steps)).Draw(t, "again")
			for _, i := range again {
				steps = append(steps, steps[i])
			}
			steps = rapid.Permutation(steps).Draw(t, "order")
			alone := rapid.IntRange(0, len(steps)).Draw(t, "alone")
			if err := atOnce(1, steps[:alone]); err != nil {
				t.Fatal(err)
			}
			if err := atOnce(4, steps[alone:]); err != nil {
				t.Fatal(err)
			}
		}
		m.check(t, b, ids)
		for range 3 {
			m.checkWhy(t, b, home("from"), home("to"))
		}
	})
}

// TestFiftyHomesAndTwoHundredJoinsAtOnce: two crowds, each of which becomes one
// contact.
func TestFiftyHomesAndTwoHundredJoinsAtOnce(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	m := newModel()
	dice := rand.New(rand.NewSource(7))
	var steps []func() error
	var some []hub.HomeID
	for crowd := range 2 {
		ids := make([]hub.HomeID, 25)
		for i := range ids {
			created := hub.MillisOf(hubtest.Start) + hub.Millis(dice.Intn(5))
			ids[i] = putHome(t, h, fmt.Sprintf("crowd %d %d", crowd, i), created, hub.Person)
			m.created[ids[i]] = created
		}
		some = append(some, ids[:3]...)
		for i := range 100 {
			x, y := ids[dice.Intn(len(ids))], ids[i%len(ids)]
			m.join(x, y)
			steps = append(steps, func() error { _, err := join(b, x, y); return err })
		}
	}
	if err := atOnce(8, steps); err != nil {
		t.Fatal(err)
	}
	m.check(t, b, some)
}

func TestOppositeJoinsAtOnceMakeOneEdgeAndOneRoot(t *testing.T) {
	h := hubtest.New(t)
	b := book(h, h.Store)
	for round := range 3 {
		ids := homes(t, h, fmt.Sprint("opposite", round), 2)
		m := newModel()
		m.created[ids[0]], m.created[ids[1]] = 1, 2
		m.join(ids[0], ids[1])
		var steps []func() error
		for i := range 200 {
			steps = append(steps, func() error {
				root, err := b.Join(ctx, team, ids[i%2], ids[1-i%2], hub.EvidenceAlias, detail(ids[0], ids[1]), "inbound")
				if err == nil && root != ids[0] {
					return fmt.Errorf("got root %s, want %s", root, ids[0])
				}
				return err
			})
		}
		if err := atOnce(len(steps), steps); err != nil {
			t.Fatal(err)
		}
		m.check(t, b, ids)
		for i, id := range ids {
			if home, err := h.Store.Home(ctx, team, id); err != nil || home.Version != 1 {
				t.Errorf("home %d: got version %d, %v, want 1: it was joined once", i, home.Version, err)
			}
		}
	}
}
