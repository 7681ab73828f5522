package contact_test

import (
	"flag"
	"fmt"
	"runtime"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

var contacts = flag.Int("contacts", 20_000, "how many contacts the costs are compared with those of 1,000")

// few is the number of contacts with which many are compared.
const few = 1000

// cost is what an operation asks of the tables.
type cost struct {
	calls       int
	read, write float64
}

// use is one operation, done with the i-th contact by books that call under a name of
// their own. It fails the test if what it finds is not what was planted.
type use struct {
	name string
	do   func(t *testing.T, c *contact.Book, tags *tag.Book, i int)
}

func TestUsesCostTheSameWithAThousandContactsAndWithMany(t *testing.T) {
	if testing.Short() {
		t.Skip("plants many contacts")
	}
	if *contacts < 4*few || *contacts > 10_000_000 {
		t.Fatalf("-contacts is %d, want %d to 10,000,000", *contacts, 4*few)
	}
	g := newGarden(t)
	g.grow(t, few)
	uses := g.uses(t)
	g.measure(t, uses, 0) // what is read once by every process is known from now on
	before, _ := g.measure(t, uses, few/2)

	began := time.Now()
	g.grow(t, *contacts)
	took := time.Since(began)
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	t.Logf("%d contacts, %d items: loaded in %v; heap %d MB, %d MB from the system", *contacts, g.items, took.Round(time.Millisecond), memory.HeapAlloc>>20, memory.Sys>>20)

	for _, i := range []int{few / 4, *contacts / 2, *contacts - 100} {
		after, times := g.measure(t, uses, i)
		for n, use := range uses {
			t.Logf("contact %d, %s: %d calls, %v RRU, %v WRU, %v", i, use.name, after[n].calls, after[n].read, after[n].write, times[n].Round(time.Microsecond))
			if after[n] != before[n] {
				t.Errorf("contact %d, %s: got %+v with %d contacts, want %+v as with %d", i, use.name, after[n], *contacts, before[n], few)
			}
			if after[n].calls == 0 {
				t.Errorf("%s was not counted", use.name)
			}
		}
	}
}

// measure does every use with the contact i and those after it, and answers what each
// cost, and how long it took.
func (g *garden) measure(t *testing.T, uses []use, i int) (costs []cost, times []time.Duration) {
	t.Helper()
	st := g.As("Cost", nil)
	c, tags := book(g.Hub, st), &tag.Book{Store: st, Now: g.Clock.Now}
	for n, use := range uses {
		g.Clock.Advance(time.Second)
		g.Cloud.Meter().Reset()
		began := time.Now()
		use.do(t, c, tags, i+n)
		times = append(times, time.Since(began))
		calls, read, write := g.Calls("Cost")
		costs = append(costs, cost{calls, read, write})
	}
	return costs, times
}

// lineUser makes a home that is older than what was planted, and whose id is small.
func (g *garden) lineUser(t *testing.T) hub.HomeID {
	t.Helper()
	user := func(n int) string { return fmt.Sprint("line user ", n) }
	id := func(n int) hub.HomeID { return g.Team.Pepper.Home(hubtest.LineAccount, user(n), 0) }
	least := 0
	for n := range 500 {
		if id(n) < id(least) {
			least = n
		}
	}
	return putHome(t, g.Hub, user(least), hub.MillisOf(hubtest.Start.AddDate(-5, 0, 0)), hub.Person)
}

// uses are the operations whose costs do not depend on how many contacts there are.
func (g *garden) uses(t *testing.T) []use {
	setup := tag.Book{Store: g.Store, Now: g.Clock.Now}
	if _, err := setup.Define(ctx, team, hub.Tag{Name: "new", Days: 30}, one(g.Hub, "tag.define")); err != nil {
		t.Fatal(err)
	}
	line, joined := g.lineUser(t), (*person)(nil) // joined is what the last join joined with it
	audits := &calls{h: g.Hub, n: 5000}
	change := func(t *testing.T, tags *tag.Book, i int, add, remove []string) {
		t.Helper()
		a := audits.by("contact.tag")
		c := tag.Call{ID: a.ID, At: a.At, Source: "api", By: "member:anna", Audit: &a}
		if err := tags.Change(ctx, team, g.person(i).home, add, remove, c); err != nil {
			t.Fatal(err)
		}
	}
	find := func(field string, value func(*person) string) use {
		return use{"find by " + field, func(t *testing.T, c *contact.Book, _ *tag.Book, i int) {
			p := g.person(i)
			list, _, err := c.Find(ctx, team, field, value(p), "", 50)
			if err != nil || len(list) != 1 || list[0].Home != p.home {
				t.Fatalf("got %v, %v, want %s", list, err, p.home)
			}
		}}
	}
	bearers := func(name, position string) use {
		return use{name, func(t *testing.T, _ *contact.Book, tags *tag.Book, _ int) {
			list, next, err := tags.Bearers(ctx, team, hub.NewTagID(team, plantedTag), position, 50)
			if err != nil || len(list) != 50 || next == "" {
				t.Fatalf("got %d, %q, %v, want 50 and more", len(list), next, err)
			}
		}}
	}
	return []use{
		bearers("the first 50 who bear a tag", ""),
		bearers("50 who bear a tag, of the last shard", fmt.Sprintf("%d.", store.Shards-1)),
		find(hub.FieldEmail, func(p *person) string { return p.email }),
		find(hub.FieldPhone, func(p *person) string { return p.phone }),
		find(hub.FieldMemberID, func(p *person) string { return p.member }),
		{"one contact", func(t *testing.T, c *contact.Book, _ *tag.Book, i int) {
			p := g.person(i)
			got, err := c.Contact(ctx, team, p.home)
			if err != nil || len(got.Homes) != 1 || len(got.Fields) != 3 || got.Fields[0].Value != p.email || got.MemberID.Reveal() != p.member {
				t.Fatalf("got %+v, %v, want %+v", got, err, p)
			}
		}},
		{"patch", func(t *testing.T, c *contact.Book, _ *tag.Book, i int) {
			p := g.person(i)
			if err := patch(c, p.home, audits.by("contact.patch"), "email", p.email, "phone", p.phone); err != nil {
				t.Fatal(err)
			}
		}},
		{"join", func(t *testing.T, c *contact.Book, _ *tag.Book, i int) {
			// The way of an undoing depends on which of the two ids is greater.
			for joined = g.person(i - i%10); joined.home < line; joined = g.person(i - i%10) {
				i += 10
			}
			if _, err := c.JoinBy(ctx, team, joined.home, line, hub.EvidencePerson, "", audits.by("contact.join")); err != nil {
				t.Fatal(err)
			}
		}},
		{"one contact of two homes, and its tags", func(t *testing.T, c *contact.Book, tags *tag.Book, _ int) {
			got, err := c.Contact(ctx, team, line)
			if err != nil || len(got.Homes) != 2 || len(got.Edges) != 1 || len(got.Fields) != 3 || got.MemberID.Reveal() != joined.member {
				t.Fatalf("got %+v, %v, want the profile of %+v", got, err, joined)
			}
			borne, err := tags.Of(ctx, team, []hub.HomeID{joined.home, line})
			if err != nil || len(borne) == 0 || borne[len(borne)-1].Name != plantedTag {
				t.Fatalf("got %+v, %v, want the planted tag", borne, err)
			}
		}},
		{"undo", func(t *testing.T, c *contact.Book, _ *tag.Book, _ int) {
			if err := c.Undo(ctx, team, [][2]hub.HomeID{{joined.home, line}}, audits.by("contact.undo")); err != nil {
				t.Fatal(err)
			}
		}},
		{"tag one", func(t *testing.T, _ *contact.Book, tags *tag.Book, i int) { change(t, tags, i, []string{"new"}, nil) }},
		{"tag one again that bears it", func(t *testing.T, _ *contact.Book, tags *tag.Book, i int) {
			change(t, tags, i-i%10, []string{plantedTag}, nil)
		}},
		{"the newest 50", func(t *testing.T, c *contact.Book, _ *tag.Book, _ int) {
			list, next, err := c.List(ctx, team, "", 50)
			if err != nil || len(list) != 50 || next == "" || list[0].Home != g.person(0).home || list[49].Home != g.person(49).home {
				t.Fatalf("got %d, %q, %v, want the first 50", len(list), next, err)
			}
		}},
		{"50 within a day", func(t *testing.T, c *contact.Book, _ *tag.Book, i int) {
			from := i - i%perDay + perDay/4
			list, _, err := c.List(ctx, team, g.person(from).time, 50)
			if err != nil || len(list) != 50 || list[0].Home != g.person(from+1).home || list[49].Home != g.person(from+50).home {
				t.Fatalf("got %d, %v, want those before the one of %s", len(list), err, g.person(from).time)
			}
		}},
	}
}
