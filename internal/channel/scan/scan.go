// Package scan reads JSON once from front to back, checks all of its grammar, and
// gives out values as slices of the input. It builds nothing, so that a webhook is
// cut into its events at little more than the cost of looking at every byte.
package scan

import (
	"encoding/binary"
	"math/bits"
)

// MaxDepth is how deep a text may be nested; platforms' own go to about 12.
const MaxDepth = 64

// Scanner reads one text. After the first fault it only answers nothing; OK tells
// whether there was one. The zero Scanner reads an empty text.
type Scanner struct {
	b     []byte
	i     int
	depth int
	bad   bool
}

// Of reads b.
func Of(b []byte) Scanner { return Scanner{b: b} }

// Fail marks the text as faulty.
func (s *Scanner) Fail() { s.bad = true }

// OK reports whether no fault was found so far.
func (s *Scanner) OK() bool { return !s.bad }

// Offset is how many bytes were read.
func (s *Scanner) Offset() int { return s.i }

// Peek gives the next byte that is no white space, or 0 at the end.
func (s *Scanner) Peek() byte {
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// Must fails unless c comes next.
func (s *Scanner) Must(c byte) {
	if s.Peek() != c {
		s.Fail()
	}
}

// End fails unless nothing is left.
func (s *Scanner) End() {
	if s.Peek(); s.i != len(s.b) {
		s.Fail()
	}
}

// Since is what was read since the offset.
func (s *Scanner) Since(offset int) []byte { return s.b[offset:s.i:s.i] }

// take consumes c if it is next.
func (s *Scanner) take(c byte) bool {
	if s.bad || s.Peek() != c {
		return false
	}
	s.i++
	return true
}

// Members ranges over the names of an object's members; the loop's body consumes
// each value. A value of any other type is consumed and has no members.
func (s *Scanner) Members(yield func(name []byte) bool) {
	if s.Peek() != '{' {
		s.Value()
		return
	}
	s.enter()
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') || s.Peek() != '"' {
			s.Fail()
		}
		name := s.name()
		if !s.take(':') {
			s.Fail()
		}
		if s.bad || !yield(name) {
			return
		}
	}
	s.depth--
}

// Elements ranges over an array's elements; the loop's body consumes each. A value
// of any other type is consumed and has none.
func (s *Scanner) Elements(yield func() bool) {
	if s.Peek() != '[' {
		s.Value()
		return
	}
	s.enter()
	for first := true; !s.take(']'); first = false {
		if !first && !s.take(',') {
			s.Fail()
		}
		if s.bad || !yield() {
			return
		}
	}
	s.depth--
}

func (s *Scanner) enter() {
	s.i++
	if s.depth++; s.depth > MaxDepth {
		s.Fail()
	}
}

// Value consumes any value and returns its bytes.
func (s *Scanner) Value() []byte {
	if s.bad {
		return nil
	}
	c := s.Peek()
	start := s.i
	switch {
	case c == '"':
		s.str()
	case c == '{':
		for range s.Members {
			s.Value()
		}
	case c == '[':
		for range s.Elements {
			s.Value()
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
	return s.b[start:s.i:s.i]
}

func (s *Scanner) literal(word string) {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		s.Fail()
		return
	}
	s.i += len(word)
}

func (s *Scanner) number() {
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
func (s *Scanner) digits() {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	if s.i == start {
		s.Fail()
	}
}

// str consumes a string and reports whether it has no escapes.
func (s *Scanner) str() (plain bool) {
	plain = true
	i := s.i + 1
	for {
		i += ordinary(s.b[i:])
		if i == len(s.b) || s.b[i] < ' ' {
			s.i = i
			s.Fail()
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
			s.Fail()
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
func (s *Scanner) name() []byte {
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
	return []byte(Text(s.b[start:s.i]))
}
