package line

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unicode/utf8"
)

// maxDepth is how deep a webhook may be nested; LINE's own go to about 8.
const maxDepth = 64

// scanner reads JSON once from front to back, checks all of its grammar, and gives
// out values as slices of the input. It builds nothing, so that a webhook is cut
// into its events at little more than the cost of looking at every byte. After the
// first fault it only answers nothing; bad tells that there was one.
type scanner struct {
	b     []byte
	i     int
	depth int
	bad   bool
}

func (s *scanner) fail() { s.bad = true }

// peek gives the next byte that is no white space, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take consumes c if it is next.
func (s *scanner) take(c byte) bool {
	if s.bad || s.peek() != c {
		return false
	}
	s.i++
	return true
}

// end checks that nothing is left.
func (s *scanner) end() {
	if s.peek(); s.i != len(s.b) {
		s.fail()
	}
}

// members ranges over the names of an object's members; the loop's body consumes
// each value. A value of any other type is consumed and has no members.
func (s *scanner) members(yield func(name []byte) bool) {
	if s.peek() != '{' {
		s.value()
		return
	}
	s.enter()
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') || s.peek() != '"' {
			s.fail()
		}
		name := s.name()
		if !s.take(':') {
			s.fail()
		}
		if s.bad || !yield(name) {
			return
		}
	}
	s.depth--
}

// elements ranges over an array's elements; the loop's body consumes each. A value
// of any other type is consumed and has none.
func (s *scanner) elements(yield func() bool) {
	if s.peek() != '[' {
		s.value()
		return
	}
	s.enter()
	for first := true; !s.take(']'); first = false {
		if !first && !s.take(',') {
			s.fail()
		}
		if s.bad || !yield() {
			return
		}
	}
	s.depth--
}

func (s *scanner) enter() {
	s.i++
	if s.depth++; s.depth > maxDepth {
		s.fail()
	}
}

// value consumes any value and returns its bytes.
func (s *scanner) value() []byte {
	if s.bad {
		return nil
	}
	c := s.peek()
	start := s.i
	switch {
	case c == '"':
		s.str()
	case c == '{':
		for range s.members {
			s.value()
		}
	case c == '[':
		for range s.elements {
			s.value()
		}
	case c == 't':
		s.literal("true")
	case c == 'f':
		s.literal("false")
	case c == 'n':
		s.literal("null")
	default:
		s.number()
	}
	if s.bad {
		return nil
	}
	return s.b[start:s.i]
}

func (s *scanner) literal(word string) {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		s.fail()
		return
	}
	s.i += len(word)
}

func (s *scanner) number() {
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	if s.i < len(s.b) && s.b[s.i] == '0' {
		s.i++
	} else {
		s.digits()
	}
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		s.digits()
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i++
		if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		s.digits()
	}
}

// digits consumes at least one digit.
func (s *scanner) digits() {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	if s.i == start {
		s.fail()
	}
}

// str consumes a string and reports whether it has no escapes.
func (s *scanner) str() (plain bool) {
	plain = true
	i := s.i + 1
	for {
		i += ordinary(s.b[i:])
		if i == len(s.b) || s.b[i] < ' ' {
			s.i = i
			s.fail()
			return false
		}
		if s.b[i] == '"' {
			s.i = i + 1
			return plain
		}
		plain = false // a backslash
		n := escape(s.b[i+1:])
		if n == 0 {
			s.i = i
			s.fail()
			return false
		}
		i += 1 + n
	}
}

// ordinary counts the bytes before the first quote, backslash or control character.
// It looks at eight at once: each line below sets the high bit of every byte that
// is, or comes after, one of its kind; the lowest bit set is exact.
func ordinary(b []byte) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		hit := (quote - ones) &^ quote
		hit |= (slash - ones) &^ slash
		hit |= (w - ones*' ') &^ w
		if hit &= high; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// escape is the length of the escape that b starts with, without its backslash; 0
// if it is none.
func escape(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(b) < 5 {
			return 0
		}
		for _, c := range b[1:5] {
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return 0
			}
		}
		return 5
	}
	return 0
}

// name consumes a member's name and returns it decoded.
func (s *scanner) name() []byte {
	if s.bad {
		return nil
	}
	start := s.i
	plain := s.str()
	if s.bad {
		return nil
	}
	if plain {
		return s.b[start+1 : s.i-1]
	}
	return []byte(text(s.b[start:s.i]))
}

// text decodes the bytes of a string value into valid UTF-8; what is not (lone
// surrogates, stray bytes) becomes U+FFFD. Any other value gives "".
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var out string
	if json.Unmarshal(value, &out) != nil {
		return ""
	}
	return out
}

// is reports whether the bytes of a value are the string word.
func is(value []byte, word string) bool {
	if len(value) == len(word)+2 && string(value[1:len(value)-1]) == word {
		return value[0] == '"'
	}
	return bytes.IndexByte(value, '\\') >= 0 && text(value) == word
}
