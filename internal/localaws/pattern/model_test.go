package pattern

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

// leafField is one value of an event with its path and, for each list on the way,
// the element that it is in.
type leafField struct {
	path  string
	value any
	in    map[int]int
}

// flatten lists the values of an event, as the published matcher sees it.
func flatten(v any, path string, in map[int]int, lists *int, out *[]leafField) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			below := name
			if path != "" {
				below = path + "." + name
			}
			flatten(e, below, in, lists, out)
		}
	case []any:
		*lists++
		id := *lists
		for i, e := range v {
			inside := maps.Clone(in)
			inside[id] = i
			flatten(e, path, inside, lists, out)
		}
	default:
		*out = append(*out, leafField{path, v, in})
	}
}

// together joins two places, or answers nil if they are in different elements of
// one list.
func together(a, b map[int]int) map[int]int {
	out := maps.Clone(a)
	for id, i := range b {
		if j, there := out[id]; there && i != j {
			return nil
		}
		out[id] = i
	}
	return out
}

// modelMatch tries every choice of values for the conditions; what is wanted absent
// is looked at last.
func modelMatch(conditions []*condition, fields []leafField, in map[int]int, absent []*condition) bool {
	if len(conditions) == 0 {
		for _, c := range absent {
			for _, f := range fields {
				if f.path == c.place() && together(in, f.in) != nil {
					return false
				}
			}
		}
		return true
	}
	c := conditions[0]
	for _, f := range fields {
		inside := together(in, f.in)
		if f.path != c.place() || inside == nil {
			continue
		}
		for _, t := range c.tests {
			if t(f.value) && modelMatch(conditions[1:], fields, inside, absent) {
				return true
			}
		}
	}
	return c.absent && modelMatch(conditions[1:], fields, in, append(absent[:len(absent):len(absent)], c))
}

// TestMatchAgreesWithTheFlatModel compares the matcher with one that is slow and
// plain, on random patterns and events of few names and values.
func TestMatchAgreesWithTheFlatModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rounds, matched := 20_000, 0
	if testing.Short() {
		rounds = 5_000
	}
	for range rounds {
		text, eventText := randomPattern(r, 0), randomEvent(r, 0)
		o, err := read(text)
		if err != nil {
			t.Fatal(err)
		}
		combinations, err := compiler{}.object(o, nil, false, [][]*condition{nil})
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(text)
		if err != nil {
			continue // a path that is named twice
		}
		event := decode(t, eventText)
		var fields []leafField
		flatten(event, "", map[int]int{}, new(int), &fields)
		want := false
		for _, conditions := range combinations {
			want = want || modelMatch(conditions, fields, map[int]int{}, nil)
		}
		if got := p.Match(event); got != want {
			t.Fatalf("%s on %s: got %v, want %v", text, eventText, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < rounds/20 || matched > rounds*19/20 {
		t.Errorf("%d of %d matched: the test says little", matched, rounds)
	}
}

func randomPattern(r *rand.Rand, depth int) string {
	var members []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(3) > 0 && (len(members) > 0 || name != "c") {
			continue
		}
		if depth < 2 && r.IntN(2) == 0 {
			members = append(members, fmt.Sprintf(`%q:%s`, name, randomPattern(r, depth+1)))
			continue
		}
		var elements []string
		for range 1 + r.IntN(2) {
			elements = append(elements, []string{`1`, `2`, `"x"`, `{"exists":true}`, `{"exists":false}`, `{"anything-but":1}`}[r.IntN(6)])
		}
		members = append(members, fmt.Sprintf(`%q:[%s]`, name, strings.Join(elements, ",")))
	}
	if depth < 2 && r.IntN(5) == 0 {
		members = append(members, fmt.Sprintf(`"$or":[%s,%s]`, randomPattern(r, depth+1), randomPattern(r, depth+1)))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func randomEvent(r *rand.Rand, depth int) string {
	var members []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(4) > 0 {
			members = append(members, fmt.Sprintf(`%q:%s`, name, randomValue(r, depth+1)))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

func randomValue(r *rand.Rand, depth int) string {
	switch k := r.IntN(6); {
	case k < 2 && depth < 4:
		return randomEvent(r, depth)
	case k < 4 && depth < 4:
		var elements []string
		for range r.IntN(4) {
			elements = append(elements, randomValue(r, depth+1))
		}
		return "[" + strings.Join(elements, ",") + "]"
	}
	return []string{`1`, `2`, `"x"`, `null`}[r.IntN(4)]
}

func FuzzCompileAndMatch(f *testing.F) {
	for _, c := range matching {
		f.Add(c.pattern, c.event)
	}
	for _, c := range busOnly {
		f.Add(c.pattern, c.event)
	}
	f.Fuzz(func(t *testing.T, text, eventText string) {
		if len(text) > 4096 {
			return
		}
		var event any
		d := json.NewDecoder(strings.NewReader(eventText))
		d.UseNumber()
		if err := d.Decode(&event); err != nil {
			event = eventText
		}
		filter, refused := CompileFilter(text)
		p, err := Compile(text)
		if err != nil {
			if refused == nil {
				t.Errorf("%s: a filter takes it, a bus does not: %v", text, err)
			}
			return
		}
		got := p.Match(event)
		if again := p.Match(event); again != got {
			t.Errorf("%s on %s: got %v, then %v", text, eventText, got, again)
		}
		if refused == nil && filter.Match(event) != got {
			t.Errorf("%s on %s: a filter and a bus differ", text, eventText)
		}
	})
}
