package contact_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/localaws/wire"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

const (
	plantedTag = "planted"
	// perDay is how many planted contacts came to be on each day, the newest first, a
	// second after one another.
	perDay = 1000
	// tagged is how many of the first contacts bear the tag; then every tenth does.
	tagged = 1000
)

// person is one of the planted contacts: what is written of it differs from that of the
// others in these texts, each of which is as long for everybody.
type person struct {
	home                  hub.HomeID
	name, email           string
	phone, member         string
	emailHash, phoneHash  string
	memberHash, time, day string
}

func (p *person) texts() []string {
	return []string{string(p.home), p.name, p.email, p.phone, p.member, p.emailHash, p.phoneHash, p.memberHash, p.time, p.day}
}

func (p *person) changes() []contact.Change {
	return []contact.Change{
		{Field: "name", Value: p.name}, {Field: hub.FieldEmail, Value: p.email},
		{Field: hub.FieldPhone, Value: p.phone}, {Field: hub.FieldMemberID, Value: p.member},
	}
}

// garden plants contacts: the first is written by the book of contacts and the book of
// tags, and the others are what stands in the table of it, with their own texts.
type garden struct {
	*hubtest.Hub
	plain, tag, day []pattern
	planted, items  int
}

func newGarden(t testing.TB) *garden {
	t.Helper()
	g := &garden{Hub: hubtest.New(t)}
	first, a := g.person(0), one(g.Hub, "contact.create")
	if first.time != fmt.Sprint(a.At) {
		t.Fatalf("the first came to be at %s, want %d", first.time, a.At)
	}
	home, made, err := book(g.Hub, g.Store).Create(ctx, team, g.seed(0), first.changes(), a)
	if err != nil || !made || home != first.home {
		t.Fatalf("got %s, %v, %v, want %s", home, made, err, first.home)
	}
	id := hub.NewTagID(team, plantedTag)
	tags := tag.Book{Store: g.Store, Now: g.Clock.Now}
	if err := tags.Change(ctx, team, home, []string{plantedTag}, nil, tag.Call{ID: "call", At: a.At, Source: "api", By: "member:anna"}); err != nil {
		t.Fatal(err)
	}
	for _, line := range g.scan(t) {
		switch p := patternOf(line, first); {
		case strings.Contains(line, `#DAYS"`):
			g.day = append(g.day, p)
		case !strings.Contains(line, string(home)) || strings.Contains(line, "#AUD#"):
		case strings.Contains(line, string(id)):
			g.tag = append(g.tag, p)
		default:
			g.plain = append(g.plain, p)
		}
	}
	// Home, four registers, two finders and a claim; of the tag how it stands, its record
	// and its place in the list.
	if len(g.plain) != 8 || len(g.tag) != 3 || len(g.day) != 1 {
		t.Fatalf("got %d, %d and %d items of a contact, want 8, 3 and 1", len(g.plain), len(g.tag), len(g.day))
	}
	g.planted = 1
	return g
}

func (g *garden) seed(i int) string { return fmt.Sprintf("planted %07d", i) }

func (g *garden) person(i int) *person {
	at := hubtest.Start.AddDate(0, 0, -(i / perDay)).Add(-time.Duration(i%perDay) * time.Second)
	p := &person{
		home: g.Team.Pepper.Home("", "import "+g.seed(i), 0), name: fmt.Sprintf("Person %07d", i),
		email: fmt.Sprintf("person-%07d@example.tw", i), phone: fmt.Sprintf("+88691%07d", i), member: fmt.Sprintf("M-%07d", i),
		time: fmt.Sprint(hub.MillisOf(at)), day: store.Day(hub.MillisOf(at)),
	}
	p.emailHash, p.phoneHash = g.Team.Pepper.Value(hub.FieldEmail, p.email), g.Team.Pepper.Value(hub.FieldPhone, p.phone)
	p.memberHash = g.Team.Pepper.Value(hub.FieldMemberID, p.member)
	return p
}

// bears tells whether a contact bears the tag from the beginning.
func (g *garden) bears(i int) bool { return i < tagged || i%10 == 0 }

// grow plants contacts until there are so many.
func (g *garden) grow(t testing.TB, contacts int) {
	t.Helper()
	from, to := io.Pipe()
	go func() {
		out := bufio.NewWriterSize(to, 1<<20)
		for i := g.planted; i < contacts; i++ {
			p := g.person(i)
			lines := g.plain
			if g.bears(i) {
				lines = slices.Concat(g.plain, g.tag)
			}
			if i%perDay == 0 {
				lines = slices.Concat(lines, g.day)
			}
			for _, line := range lines {
				line.write(out, p)
			}
		}
		to.CloseWithError(out.Flush())
	}()
	n, err := g.Cloud.Load(g.Store.Tables.Contacts, from)
	if err != nil {
		t.Fatal(err)
	}
	g.planted, g.items = contacts, g.items+n
}

// scan is the table of contacts, an item a line.
func (g *garden) scan(t testing.TB) (lines []string) {
	t.Helper()
	answer, err := g.Cloud.Dynamo().Do(&wire.Request{
		Service: "dynamodb", Operation: "Scan", Caller: "garden", Body: []byte(`{"TableName":"` + g.Store.Tables.Contacts + `"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Items []json.RawMessage }
	if err := json.Unmarshal(answer.(wire.Raw), &page); err != nil {
		t.Fatal(err)
	}
	for _, it := range page.Items {
		lines = append(lines, string(it))
	}
	return lines
}

// pattern is an item with places for what is a person's own.
type pattern struct {
	texts  []string // around the places, one more than these
	places []int    // of person.texts, or shard
}

// shard stands for the number of the shard that a home is in.
const shard = -1

func patternOf(line string, p *person) (out pattern) {
	texts := p.texts()
	at := fmt.Sprintf("#%d\"", shardOf(p.home))
	rest, text := line, ""
	for rest != "" {
		place := slices.IndexFunc(texts, func(own string) bool { return strings.HasPrefix(rest, own) })
		switch {
		case place >= 0:
			out.texts, out.places = append(out.texts, text), append(out.places, place)
			text, rest = "", rest[len(texts[place]):]
		case strings.HasPrefix(rest, at):
			out.texts, out.places = append(out.texts, text+"#"), append(out.places, shard)
			text, rest = "", rest[len(at)-1:]
		default:
			text, rest = text+rest[:1], rest[1:]
		}
	}
	out.texts = append(out.texts, text+"\n")
	return out
}

// shardOf is how the store spreads homes.
func shardOf(h hub.HomeID) uint32 {
	sum := fnv.New32a()
	io.WriteString(sum, string(h))
	return sum.Sum32() % store.Shards
}

func (l pattern) write(out *bufio.Writer, p *person) {
	texts := p.texts()
	for i, place := range l.places {
		out.WriteString(l.texts[i])
		if place == shard {
			fmt.Fprint(out, shardOf(p.home))
		} else {
			out.WriteString(texts[place])
		}
	}
	out.WriteString(l.texts[len(l.places)])
}
