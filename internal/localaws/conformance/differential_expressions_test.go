package conformance

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// speaker makes up the expressions and values of one request of a differential
// run. A sound request is one that every implementation should understand alike; a
// wild one may be wrong, or right in a way that few think of.
type speaker struct {
	*rand.Rand
	sound  bool
	names  map[string]string
	values item
}

func (s *speaker) fresh() { s.sound, s.names, s.values = s.one(60), nil, nil }

// wild is a chance that sound requests never take.
func (s *speaker) wild(percent int) bool { return !s.sound && s.one(percent) }

func (s *speaker) one(percent int) bool { return s.IntN(100) < percent }

func (s *speaker) of(words ...string) string { return words[s.IntN(len(words))] }

// number is the text of a number, seldom one that cannot be stored.
func (s *speaker) number() string {
	if s.sound && !s.one(15) { // few, so that comparisons meet their bounds
		return s.of("1", "2", "3", "5")
	}
	if s.sound {
		return s.of("0", "1", "2", "3", "5", "10", "-1", "0.5", "100", "99999999999999999999999999999999999999")
	}
	if s.one(5) {
		return s.of("", "x", "1.2.3", "1e126", "1e-131", "123456789012345678901234567890123456789", "NaN", " 1", "1e")
	}
	return s.of("0", "1", "2", "3", "5", "10", "-1", "1.0", "1e2", "0.5", "-0", "007", "+4", "99999999999999999999999999999999999999", "1e125", "1e-130", "1.5e1", ".5", "5.")
}

func (s *speaker) string() string {
	if s.wild(10) {
		return s.of("", "a\x00b")
	}
	return s.of("a", "b", "ab", "abc", "hello", "é", "𝄞", "A", "x y", "S", "N", "SS", "M")
}

// value is a value of any type, nested a little.
func (s *speaker) value(depth int) value {
	kinds := 11
	if depth > 2 {
		kinds = 7
	}
	switch s.IntN(kinds) {
	case 0, 1:
		return num(s.number())
	case 2, 3:
		return str(s.string())
	case 4:
		return bin(s.of("", "\x00", "\xff", "ab"))
	case 5:
		return yes(s.one(50))
	case 6:
		return null()
	case 7:
		return s.set()
	case 8:
		var elements []value
		for range s.IntN(4) {
			elements = append(elements, s.value(depth+1))
		}
		return list(append([]value{}, elements...)...)
	default:
		m := item{}
		for range s.IntN(3) {
			m[s.of("k", "in", "n", "é")] = s.value(depth + 1)
		}
		return object(m)
	}
}

func (s *speaker) set() value {
	size := 1 + s.IntN(3)
	if s.wild(5) {
		size = 0
	}
	var texts, figures []string
	var bytes [][]byte
	for range size {
		texts, figures, bytes = append(texts, s.string()), append(figures, s.of("1", "2", "3", "10", "-1", "0.5")), append(bytes, []byte(s.of("a", "b", "\x00")))
	}
	if !s.wild(15) { // mostly no member twice
		slices.Sort(texts)
		slices.Sort(figures)
		texts, figures = slices.Compact(texts), slices.Compact(figures)
	}
	switch s.IntN(3) {
	case 0:
		return strs(append([]string{}, texts...)...)
	case 1:
		return nums(append([]string{}, figures...)...)
	}
	return bins(append([][]byte{}, bytes[:min(len(bytes), 1)]...)...)
}

// placeholder defines a value and names it.
func (s *speaker) placeholder(v value) string {
	if s.values == nil {
		s.values = item{}
	}
	name := fmt.Sprint(":v", len(s.values))
	s.values[name] = v
	return name
}

func (s *speaker) operand() string {
	if len(s.values) > 0 && s.wild(15) {
		return ":v0"
	}
	if s.wild(2) {
		return ":nowhere"
	}
	return s.placeholder(s.value(1))
}

// path is a document path; the attributes are those of the items of a run.
func (s *speaker) path() string {
	switch s.IntN(40) {
	case 0:
		if s.sound {
			break
		}
		return s.of("name", "Status", "size", "ttl") // reserved
	case 1:
		if s.sound {
			break
		}
		return s.of("#nowhere", "m.", "l[x]", "l[-1]", "1a", "_u")
	case 2, 3, 4, 5:
		if s.names == nil {
			s.names = map[string]string{}
		}
		s.names["#p"] = s.of("name", "a.b", "m", "é")
		if s.sound {
			return "#p"
		}
		return s.of("#p", "#p.k", "#p[0]", "m.#p")
	case 6, 7:
		if !s.sound { // a filter must not name the keys
			return s.of("pk", "sk")
		}
	}
	if s.wild(6) {
		return s.of("g", "due")
	}
	return s.of("n", "n", "s", "s", "b", "t", "u", "ss", "ns", "l", "m", "x", "m.k", "m.n", "m.k.n", "l[0]", "l[1]", "l[9]", "l[0].k", "n.k", "gone")
}

// plain is a condition of one form, as any program might use it.
func (s *speaker) plain() string {
	path, figure, word := s.of("n", "n", "s", s.path()), num(s.number()), str(s.string())
	switch s.IntN(9) {
	case 0:
		return "attribute_exists(" + path + ")"
	case 1:
		return "attribute_not_exists(" + path + ")"
	case 2:
		return "attribute_type(" + path + ", " + s.placeholder(str(s.of("S", "N", "L", "M", "SS"))) + ")"
	case 3:
		return "begins_with(" + path + ", " + s.placeholder(word) + ")"
	case 4:
		return "contains(" + path + ", " + s.placeholder(word) + ")"
	case 5:
		return path + " BETWEEN " + s.placeholder(num(1)) + " AND " + s.placeholder(num(5))
	case 6:
		return path + " IN (" + s.placeholder(figure) + ", " + s.placeholder(word) + ")"
	case 7:
		return path + s.of(" < ", " <= ", " > ", " >= ") + s.placeholder(figure)
	}
	return path + s.of(" = ", " <> ") + s.placeholder(s.value(1))
}

// side is one side of a comparison.
func (s *speaker) side() string {
	switch s.IntN(10) {
	case 0:
		return "size(" + s.path() + ")"
	case 1, 2, 3:
		return s.operand()
	}
	return s.path()
}

func (s *speaker) condition(depth int) string {
	if depth < 3 && s.one(30) {
		switch s.IntN(3) {
		case 0:
			if s.sound { // not all know NOT NOT
				return "NOT " + s.plain()
			}
			return "NOT " + s.condition(depth+1)
		case 1:
			return "(" + s.condition(depth+1) + " " + s.of("AND", "OR", "and") + " " + s.condition(depth+1) + ")"
		}
		return s.condition(depth+1) + " " + s.of("AND", "OR") + " " + s.condition(depth+1)
	}
	if s.sound {
		return s.plain()
	}
	switch s.IntN(14) {
	case 0, 1:
		return "attribute_exists(" + s.path() + ")"
	case 2, 3:
		return "attribute_not_exists(" + s.path() + ")"
	case 4:
		return "attribute_type(" + s.path() + ", " + s.operand() + ")"
	case 5:
		return "begins_with(" + s.side() + ", " + s.operand() + ")"
	case 6:
		return "contains(" + s.side() + ", " + s.side() + ")"
	case 7:
		return s.side() + " BETWEEN " + s.side() + " AND " + s.side()
	case 8:
		return s.side() + " IN (" + s.side() + ", " + s.operand() + ")"
	}
	return s.side() + " " + s.of("=", "=", "<>", "<", "<=", ">", ">=") + " " + s.side()
}

func (s *speaker) sum(depth int) string {
	if s.sound {
		switch s.IntN(6) {
		case 0:
			return "if_not_exists(n, " + s.placeholder(num(1)) + ") + " + s.placeholder(num(s.of("1", "2", "0.1")))
		case 1:
			return "list_append(if_not_exists(l, " + s.placeholder(list()) + "), " + s.placeholder(list(str("z"))) + ")"
		}
		return s.placeholder(s.value(1))
	}
	if depth > 1 || s.one(50) {
		return s.of(s.operand(), s.operand(), s.path())
	}
	switch s.IntN(4) {
	case 0:
		return "if_not_exists(" + s.path() + ", " + s.sum(depth+1) + ")"
	case 1:
		return "list_append(" + s.sum(depth+1) + ", " + s.sum(depth+1) + ")"
	}
	return s.sum(2) + s.of(" + ", " - ") + s.placeholder(num(s.of("1", "2", "0.1")))
}

// update is an update expression. Its paths may collide.
func (s *speaker) update() string {
	sections, taken := map[string][]string{}, map[string]bool{}
	target := func(usual ...string) string {
		if s.sound { // each once, so that no two overlap
			at := s.of("q", "r", "x", "y", "z")
			for taken[at] {
				at += "1"
			}
			taken[at] = true
			return at
		}
		return s.of(append(usual, s.path())...)
	}
	for range 1 + s.IntN(3) {
		switch s.IntN(6) {
		case 0:
			sections["REMOVE"] = append(sections["REMOVE"], target())
		case 1:
			v := s.set()
			if s.one(60) {
				v = num(s.of("1", "-1", "0.5"))
			}
			sections["ADD"] = append(sections["ADD"], target("n", "ns", "ss")+" "+s.placeholder(v))
		case 2:
			if s.sound && !taken["ss"] && s.one(50) { // often all of a set
				taken["ss"] = true
				sections["DELETE"] = append(sections["DELETE"], "ss "+s.placeholder(strs("a", "b")))
				continue
			}
			sections["DELETE"] = append(sections["DELETE"], target("ns", "ss")+" "+s.placeholder(s.set()))
		default:
			sections["SET"] = append(sections["SET"], target()+" = "+s.sum(0))
		}
	}
	var all []string
	for _, verb := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if clauses := sections[verb]; clauses != nil {
			all = append(all, verb+" "+strings.Join(clauses, ", "))
		}
	}
	return strings.Join(all, " ")
}

func (s *speaker) projection() string {
	if s.sound {
		return s.of("n, s", "l", "m.k, n", "pk, sk, x", "ss")
	}
	var paths []string
	for range 1 + s.IntN(3) {
		paths = append(paths, s.path())
	}
	return strings.Join(paths, ", ")
}

// spoilt damages an expression now and then.
func (s *speaker) spoilt(text string) *string {
	if s.wild(8) {
		words := strings.Fields(text)
		switch at := s.IntN(len(words)); s.IntN(4) {
		case 0:
			words = slices.Delete(words, at, at+1)
		case 1:
			words = slices.Insert(words, at, words[s.IntN(len(words))])
		case 2:
			words[at] = s.of("(", ")", "AND", ",", "=", "!", "SET", "foo(n)")
		case 3:
			words = []string{"(", "(", text, ")", ")"}
		}
		text = strings.Join(words, " ")
	}
	if s.wild(4) {
		s.placeholder(num(1)) // that nothing names
	}
	return &text
}
