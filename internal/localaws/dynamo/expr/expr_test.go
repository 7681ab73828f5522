package expr

import (
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/localaws/dynamo/attr"
)

func env(values string, names ...string) *Env {
	s, err := attr.NewScanner([]byte(values))
	if err != nil {
		panic(err)
	}
	it, err := s.ReadItem()
	if err != nil {
		panic(err)
	}
	e := &Env{Values: it}
	for i := 0; i < len(names); i += 2 {
		if e.Names == nil {
			e.Names = map[string]string{}
		}
		e.Names[names[i]] = names[i+1]
	}
	return e
}

func TestPrecedence(t *testing.T) {
	var c Cache
	one := attr.Item{{Name: "a", Value: attr.Value{Kind: attr.BOOL, True: true}}}
	for text, want := range map[string]bool{
		"a = :t OR a = :f AND a = :f": true, "(a = :t OR a = :f) AND a = :f": false, "NOT a = :f AND a = :t": true, "NOT (a = :f AND a = :t)": true,
		"NOT a = :t OR a = :t": true, "a = :f OR NOT a = :f": true, "a = :t AND a = :t AND a = :f": false, "a = :f OR a = :f OR a = :t": true, "(a = :t AND a = :t) AND (a = :f OR a = :t)": true,
	} {
		cond, err := c.Condition("ConditionExpression", text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		test, err := cond.Bind(env(`{":t":{"BOOL":true},":f":{"BOOL":false}}`))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := test.Match(one); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestCacheKeepsLabelsApartAndStaysSmall(t *testing.T) {
	var c Cache
	if _, err := c.Condition("ConditionExpression", "attribute_exists(a)"); err != nil {
		t.Fatal(err)
	}
	_, err := c.Condition("FilterExpression", "a =")
	if err == nil || !strings.Contains(err.Error(), "Invalid FilterExpression") {
		t.Errorf("got %v", err)
	}
	if _, err = c.Projection("attribute_exists"); err != nil {
		t.Error(err)
	}
	for i := range maxCached + 10 {
		if _, err := c.Projection(fmt.Sprint("a", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.parsed) > maxCached {
		t.Errorf("got %d texts kept, want %d at most", len(c.parsed), maxCached)
	}
}

func TestOneParsedExpressionServesManyRequests(t *testing.T) {
	var c Cache
	it := attr.Item{{Name: "x", Value: attr.Value{Kind: attr.N, Text: "1"}}, {Name: "y", Value: attr.Value{Kind: attr.N, Text: "2"}}}
	for name, want := range map[string]bool{"x": true, "y": false} {
		cond, err := c.Condition("ConditionExpression", "#n = :v")
		if err != nil {
			t.Fatal(err)
		}
		e := env(`{":v":{"N":"1"}}`, "#n", name)
		test, err := cond.Bind(e)
		if err != nil || e.Unused() != nil {
			t.Fatal(err, e.Unused())
		}
		if got := test.Match(it); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestTooManyOperatorsAreRefused(t *testing.T) {
	var c Cache
	text := func(n int) string { return strings.TrimSuffix(strings.Repeat("a=:b OR ", n), " OR ") }
	if _, err := c.Condition("FilterExpression", text(150)); err != nil { // 150 comparisons, 149 ORs
		t.Errorf("got %v for 299 operators", err)
	}
	if _, err := c.Condition("FilterExpression", text(151)); err == nil {
		t.Error("got no error for 301 operators")
	}
}

func TestReservedWords(t *testing.T) {
	if len(reserved) != 573 {
		t.Errorf("got %d reserved words, want the 573 of the documentation", len(reserved))
	}
	for _, word := range []string{"NAME", "STATUS", "TTL", "ZONE", "ABORT", "TIMESTAMP"} {
		if !reserved[word] {
			t.Errorf("%s is not reserved", word)
		}
	}
}

func FuzzExpressions(f *testing.F) {
	for _, seed := range []string{"a = :a", "SET a.b[2] = if_not_exists(#n, :v) + :w REMOVE c ADD d :e DELETE f :g", "NOT (a BETWEEN :b AND :c) OR size(d[0].e) IN (:f, g)", "a, b.c, d[1]", "((a))", "pk = :p AND begins_with(sk, :s)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c Cache
		it := attr.Item{{Name: "a", Value: attr.Value{Kind: attr.L, List: []attr.Value{{Kind: attr.N, Text: "1"}}}}}
		e := env(`{":a":{"N":"1"},":v":{"L":[]},":s":{"SS":["x"]}}`, "#n", "a")
		for _, label := range []string{"ConditionExpression", "FilterExpression"} {
			if cond, err := c.Condition(label, text); err == nil {
				if test, err := cond.Bind(e); err == nil {
					test.Match(it)
				}
			}
		}
		if u, err := c.Update(text); err == nil {
			if change, err := u.Bind(e); err == nil {
				before := it.Encode()
				if out, err := change.Apply(it); err == nil {
					_ = attr.Decode(out.Encode())
				}
				if it.Encode() != before {
					t.Fatalf("%q changed the item that it was applied to", text)
				}
			}
		}
		if p, err := c.Projection(text); err == nil {
			if paths, err := p.Bind(e); err == nil {
				Project(it, paths)
			}
		}
		_, _ = c.Keys(text, e, Keys{Hash: "pk", Range: "sk", HashKind: attr.S, RangeKind: attr.N})
	})
}
