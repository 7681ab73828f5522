package attr

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func values(depth int) *rapid.Generator[Value] {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-c"\\\n]{0,4}`))
	scalar := func(kind Kind) *rapid.Generator[Value] {
		return rapid.Custom(func(t *rapid.T) Value {
			if kind == N {
				n, _ := Number(numberText().Draw(t, "n"))
				return Value{Kind: N, Text: n}
			}
			return Value{Kind: kind, Text: text.Draw(t, "text")}
		})
	}
	return rapid.Custom(func(t *rapid.T) Value {
		kinds := []Kind{S, N, B, BOOL, NULL, SS, NS, BS}
		if depth > 0 {
			kinds = append(kinds, L, M)
		}
		v := Value{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
		switch v.Kind {
		case BOOL:
			v.True = rapid.Bool().Draw(t, "bool")
		case SS, NS, BS:
			members := rapid.SliceOfNDistinct(scalar(v.Kind.Member()), 1, 5, func(m Value) string { return m.Text }).Draw(t, "members")
			v, _ = Set(v.Kind, members)
		case L:
			v.List = rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")
		case M:
			v.Map = items(depth-1).Draw(t, "map")
		case S, N, B:
			v = scalar(v.Kind).Draw(t, "scalar")
		}
		return v
	})
}

func items(depth int) *rapid.Generator[Item] {
	return rapid.Custom(func(t *rapid.T) Item {
		it := Item{}
		for _, name := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Zé"]{1,3}`), 0, 4, rapid.ID[string]).Draw(t, "names") {
			it = it.With(name, values(depth).Draw(t, "value"))
		}
		return it
	})
}

func TestWireAndDiskKeepAnItem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := items(3).Draw(t, "item")
		if got := Decode(it.Encode()); !got.Equal(it) {
			t.Fatalf("disk: got %v, want %v", got, it)
		}
		wire := AppendItem(nil, it)
		if !json.Valid(wire) {
			t.Fatalf("%s is no JSON", wire)
		}
		s, err := NewScanner(wire)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.ReadItem()
		if err != nil || s.End() != nil || !got.Equal(it) {
			t.Fatalf("wire: got %v (%v), want %v", got, err, it)
		}
		if got.Encode() != it.Encode() {
			t.Fatalf("equal items have different encodings")
		}
	})
}

func TestStringsAreReadAsJSONReadsThem(t *testing.T) {
	for _, text := range []string{`"a"`, `""`, `"\u0041\n\"\\\/\b\f\r\t"`, `"\ud834\udd1e é"`, `"日本"`, `"a\u00e9b"`} {
		s, _ := NewScanner([]byte(text))
		got, err := s.String()
		var want string
		if err != nil || json.Unmarshal([]byte(text), &want) != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{`"a`, `"\x"`, `"\u12"`, `"\ud834"`, `"\udd1e"`, `"\ud834\u0041"`, "\"\n\"", `a`, `"\`} {
		s, _ := NewScanner([]byte(text))
		if got, err := s.String(); err == nil {
			t.Errorf("%s: got %q, want an error", text, got)
		}
	}
	if _, err := NewScanner([]byte("\"\xff\"")); err == nil {
		t.Error("got no error for what is not UTF-8")
	}
}

func TestBadItemsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":{}}`:                         "Supplied AttributeValue is empty",
		`{"a":{"S":null}}`:                 "Supplied AttributeValue is empty",
		`{"a":{"S":"x","N":"1"}}`:          "more than one datatypes set",
		`{"a":{"X":"x"}}`:                  `attribute type "X"`,
		`{"a":{"S":1}}`:                    "SerializationException",
		`{"a":{"N":1}}`:                    "SerializationException",
		`{"a":{"BOOL":"true"}}`:            "SerializationException",
		`{"a":{"B":"!"}}`:                  "not base64",
		`{"a":{"B":"YQ"}}`:                 "not base64",
		`{"a":{"L":{}}}`:                   "expected a list",
		`{"a":{"M":[]}}`:                   "expected a structure or map",
		`{"a":{"S":"x"},"a":{"S":"y"}}`:    "comes twice",
		`{"a":{"S":"x"}`:                   "expected ','",
		`{"a" {"S":"x"}}`:                  "expected ':'",
		`["a"]`:                            "expected a structure or map",
		strings.Repeat(`{"a":{"M":`, 5000): "Nesting Levels",
	} {
		s, _ := NewScanner([]byte(text))
		_, err := s.ReadItem()
		if err == nil {
			err = s.End()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want %q", text, err, want)
		}
	}
}

func TestSetsIgnoreOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-d]{0,2}`), 1, 6, rapid.ID[string]).Draw(t, "members")
		set := func(texts []string) Value {
			var list []Value
			for _, text := range texts {
				list = append(list, Value{Kind: S, Text: text})
			}
			v, ok := Set(SS, list)
			if !ok {
				t.Fatalf("%q: refused", texts)
			}
			return v
		}
		a, b := set(members), set(rapid.Permutation(members).Draw(t, "shuffled"))
		if !a.Equal(b) {
			t.Errorf("got %v and %v", a, b)
		}
		part := set(members[:1])
		if got := Union(Minus(a, part), part); len(members) > 1 && !got.Equal(a) {
			t.Errorf("got %v, want %v", got, a)
		}
	})
}

func FuzzReadItem(f *testing.F) {
	for _, seed := range []string{`{"a":{"S":"x"}}`, `{"a":{"M":{"b":{"L":[{"N":"1e5"},{"BS":["YQ=="]}]}}}}`, `{"\ud834\udd1e":{"NULL":true}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := NewScanner(data)
		if err != nil {
			return
		}
		it, err := s.ReadItem()
		if err != nil || s.End() != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q was read, and is no JSON", data)
		}
		if got := Decode(it.Encode()); !reflect.DeepEqual(fmt.Sprint(got), fmt.Sprint(it)) {
			t.Fatalf("got %v, want %v", got, it)
		}
	})
}
