// Package attr is the attribute value of DynamoDB: its types, its numbers, its
// order and size, and its forms on the wire and on disk.
package attr

import (
	"sort"
	"strings"
)

// Kind is the type of a value. The names are those of the wire.
type Kind uint8

// The types of https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html.
const (
	None Kind = iota
	S
	N
	B
	BOOL
	NULL
	SS
	NS
	BS
	L
	M
)

var kindNames = [...]string{"", "S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"}

func (k Kind) String() string { return kindNames[k] }

// KindOf is the type of a wire name, or None.
func KindOf(name string) Kind {
	for k := S; k <= M; k++ {
		if kindNames[k] == name {
			return k
		}
	}
	return None
}

// IsSet tells whether values of the type are sets.
func (k Kind) IsSet() bool { return k == SS || k == NS || k == BS }

// Member is the type of the members of a set type.
func (k Kind) Member() Kind { return k - SS + S }

// Value is one attribute value. Values are immutable: whoever changes one builds
// a new one. Numbers are in normal form, sets are sorted, so that equal values
// have equal encodings.
type Value struct {
	Kind Kind
	True bool    // BOOL
	Text string  // S; N in normal form; B as raw bytes
	List []Value // L; the members of a set, sorted, each of the member type
	Map  Item    // M
}

// Field is a named value.
type Field struct {
	Name  string
	Value Value
}

// Item is a map of attributes: sorted by name, no name twice.
type Item []Field

// Get returns the value of a name. The zero Value (Kind None) means that there is none.
func (it Item) Get(name string) Value {
	if i, ok := it.find(name); ok {
		return it[i].Value
	}
	return Value{}
}

func (it Item) find(name string) (int, bool) {
	i := sort.Search(len(it), func(i int) bool { return it[i].Name >= name })
	return i, i < len(it) && it[i].Name == name
}

// With returns a copy of the item in which name has the value; a value of Kind
// None takes the name away.
func (it Item) With(name string, v Value) Item {
	i, ok := it.find(name)
	out := make(Item, 0, len(it)+1)
	out = append(out, it[:i]...)
	if v.Kind != None {
		out = append(out, Field{name, v})
	}
	if ok {
		i++
	}
	return append(out, it[i:]...)
}

// Only returns the attributes that keep names.
func (it Item) Only(keep func(name string) bool) Item {
	var out Item
	for _, f := range it {
		if keep(f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// Equal tells whether two values have the same type and content. Sets are equal
// whatever their order, since they are kept sorted.
func (v Value) Equal(w Value) bool {
	if v.Kind != w.Kind || v.True != w.True || v.Text != w.Text || len(v.List) != len(w.List) {
		return false
	}
	for i := range v.List {
		if !v.List[i].Equal(w.List[i]) {
			return false
		}
	}
	return v.Map.Equal(w.Map)
}

// Equal tells whether two items have the same attributes.
func (it Item) Equal(other Item) bool {
	if len(it) != len(other) {
		return false
	}
	for i := range it {
		if it[i].Name != other[i].Name || !it[i].Value.Equal(other[i].Value) {
			return false
		}
	}
	return true
}

// Compare orders two values of one scalar type; ok is false if they have no order:
// different types, or a type other than S, N and B.
func (v Value) Compare(w Value) (order int, ok bool) {
	if v.Kind != w.Kind {
		return 0, false
	}
	switch v.Kind {
	case N:
		return CompareNumbers(v.Text, w.Text), true
	case S, B:
		return strings.Compare(v.Text, w.Text), true
	}
	return 0, false
}

// Has tells whether a set has a member, or a list an element.
func (v Value) Has(w Value) bool {
	if v.Kind.IsSet() {
		if w.Kind != v.Kind.Member() {
			return false
		}
		i := sort.Search(len(v.List), func(i int) bool {
			c, _ := v.List[i].Compare(w)
			return c >= 0
		})
		return i < len(v.List) && v.List[i].Text == w.Text
	}
	for i := range v.List {
		if v.List[i].Equal(w) {
			return true
		}
	}
	return false
}

// Set makes a set of one type from members of its member type. ok is false if a
// member comes twice.
func Set(kind Kind, members []Value) (v Value, ok bool) {
	sort.SliceStable(members, func(i, j int) bool {
		c, _ := members[i].Compare(members[j])
		return c < 0
	})
	for i := 1; i < len(members); i++ {
		if members[i].Text == members[i-1].Text {
			return Value{}, false
		}
	}
	return Value{Kind: kind, List: members}, true
}

// Union is the set of what is in either set of one type.
func Union(a, b Value) Value {
	members := append([]Value(nil), a.List...)
	for _, m := range b.List {
		if !a.Has(m) {
			members = append(members, m)
		}
	}
	v, _ := Set(a.Kind, members)
	return v
}

// Minus is the set of what is in a and not in b. It may be empty, which no stored
// set is.
func Minus(a, b Value) Value {
	out := Value{Kind: a.Kind}
	for _, m := range a.List {
		if !b.Has(m) {
			out.List = append(out.List, m)
		}
	}
	return out
}

// Key writes a value of a key attribute (S, N or B) so that the order of the bytes
// is the order of the values of its type.
func (v Value) Key() string {
	if v.Kind == N {
		return numberKey(v.Text)
	}
	return v.Text
}

// Size is what the value counts in the size of an item, in bytes:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
func (v Value) Size() int {
	switch v.Kind {
	case S, B:
		return len(v.Text)
	case N:
		return numberSize(v.Text)
	case BOOL, NULL:
		return 1
	case M:
		return 3 + len(v.Map) + v.Map.Size()
	}
	size := 0
	for i := range v.List {
		size += v.List[i].Size()
	}
	if v.Kind == L {
		size += 3 + len(v.List)
	}
	return size
}

// Size is the size of an item in bytes: names and values.
func (it Item) Size() int {
	size := 0
	for i := range it {
		size += len(it[i].Name) + it[i].Value.Size()
	}
	return size
}
