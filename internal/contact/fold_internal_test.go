package contact

import (
	"fmt"
	"testing"

	"omnihub/internal/hub"
)

func TestFoldTakesTheLatestThenTheGreatestHome(t *testing.T) {
	r := func(value string, at hub.Millis) []hub.Register {
		return []hub.Register{{Field: "name", Value: value, At: at, Source: "platform"}}
	}
	for name, c := range map[string]struct {
		profiles map[hub.HomeID][]hub.Register
		want     string
	}{
		"nobody says anything":           {nil, "[]"},
		"the latest counts":              {map[hub.HomeID][]hub.Register{"a": r("new", 2), "b": r("old", 1)}, "[{{name new 2 platform} a}]"},
		"of equal times the greatest id": {map[hub.HomeID][]hub.Register{"a": r("x", 2), "b": r("w", 2)}, "[{{name w 2 platform} b}]"},
		"clearing hides older values":    {map[hub.HomeID][]hub.Register{"a": r("", 2), "b": r("old", 1)}, "[]"},
		"a later value stands again":     {map[hub.HomeID][]hub.Register{"a": r("", 2), "b": r("new", 3)}, "[{{name new 3 platform} b}]"},
	} {
		if got := fmt.Sprint(fold(c.profiles)); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestShortestWayOverTheSmallestIDs(t *testing.T) {
	edges := func(pairs ...string) []hub.Edge {
		var list []hub.Edge
		for _, p := range pairs {
			list = append(list, hub.Edge{A: hub.HomeID(p[:1]), B: hub.HomeID(p[1:]), Detail: p})
		}
		return list
	}
	for name, c := range map[string]struct {
		edges    []hub.Edge
		from, to hub.HomeID
		want     string
	}{
		"none":                         {edges("ab"), "a", "z", "[]"},
		"one":                          {edges("ab", "bc"), "b", "a", "[ab]"},
		"a chain, backwards":           {edges("ab", "bc", "cd"), "d", "a", "[cd bc ab]"},
		"the short one of two":         {edges("ab", "bc", "cd", "ad"), "a", "d", "[ad]"},
		"of equal ones the smaller id": {edges("ac", "cd", "ab", "bd"), "a", "d", "[ab bd]"},
		"round a cycle":                {edges("ab", "bc", "cd", "de", "ae"), "b", "e", "[ab ae]"},
	} {
		got := []string{}
		for _, e := range shortest(c.edges, c.from, c.to) {
			got = append(got, e.Detail)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}
