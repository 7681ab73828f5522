package attr

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"omnihub/internal/localaws/wire"
)

// Scanner reads JSON from front to back, strictly. Its errors are
// SerializationExceptions, as the service answers to what is no JSON of the
// expected shape.
type Scanner struct {
	data []byte
	pos  int
}

// NewScanner starts at the beginning of data.
func NewScanner(data []byte) (*Scanner, error) {
	if !utf8.Valid(data) {
		return nil, wire.Errorf("SerializationException", "the request is not UTF-8")
	}
	return &Scanner{data: data}, nil
}

func (s *Scanner) fail(want string) error {
	return wire.Errorf("SerializationException", "expected %s at byte %d of the request", want, s.pos)
}

// peek is the next byte that is no white space, 0 at the end.
func (s *Scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

func (s *Scanner) word(w string) bool {
	s.peek()
	if len(s.data)-s.pos >= len(w) && string(s.data[s.pos:s.pos+len(w)]) == w {
		s.pos += len(w)
		return true
	}
	return false
}

// Null reads null if it comes next.
func (s *Scanner) Null() bool { return s.peek() == 'n' && s.word("null") }

// End checks that nothing follows.
func (s *Scanner) End() error {
	if s.peek() != 0 || s.pos < len(s.data) {
		return s.fail("the end")
	}
	return nil
}

// Object reads an object and calls each after every name.
func (s *Scanner) Object(each func(name string) error) error {
	return s.list('{', '}', "a structure or map", func() error {
		name, err := s.String()
		if err != nil {
			return err
		}
		if s.peek() != ':' {
			return s.fail("':'")
		}
		s.pos++
		return each(name)
	})
}

// Array reads an array and calls each before every element.
func (s *Scanner) Array(each func() error) error {
	return s.list('[', ']', "a list", each)
}

func (s *Scanner) list(open, shut byte, what string, each func() error) error {
	if s.peek() != open {
		return s.fail(what)
	}
	s.pos++
	if s.peek() == shut {
		s.pos++
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		switch s.peek() {
		case ',':
			s.pos++
		case shut:
			s.pos++
			return nil
		default:
			return s.fail("',' or '" + string(shut) + "'")
		}
	}
}

// Bool reads true or false.
func (s *Scanner) Bool() (bool, error) {
	switch {
	case s.word("true"):
		return true, nil
	case s.word("false"):
		return false, nil
	}
	return false, s.fail("a boolean")
}

// Int reads a whole number.
func (s *Scanner) Int() (int64, error) {
	s.peek()
	start := s.pos
	for s.pos < len(s.data) && (s.data[s.pos] == '-' || s.data[s.pos] >= '0' && s.data[s.pos] <= '9') {
		s.pos++
	}
	n, err := strconv.ParseInt(string(s.data[start:s.pos]), 10, 64)
	if err != nil || s.pos < len(s.data) && (s.data[s.pos] == '.' || s.data[s.pos]|0x20 == 'e') {
		return 0, s.fail("a whole number")
	}
	return n, nil
}

// String reads a string.
func (s *Scanner) String() (string, error) {
	if s.peek() != '"' {
		return "", s.fail("a string")
	}
	s.pos++
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return string(s.data[start : s.pos-1]), nil
		case c == '\\':
			return s.escaped(start)
		case c < ' ':
			return "", s.fail("no control character")
		}
		s.pos++
	}
	return "", s.fail("the end of a string")
}

// escaped reads a string that has an escape at the present position.
func (s *Scanner) escaped(start int) (string, error) {
	for s.pos < len(s.data) && s.data[s.pos] != '"' {
		if s.data[s.pos] == '\\' {
			s.pos++
		}
		s.pos++
	}
	if s.pos >= len(s.data) {
		return "", s.fail("the end of a string")
	}
	s.pos++
	quoted := s.data[start-1 : s.pos]
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return "", s.fail("a string")
	}
	// Half of a pair is read as the replacement character: there must not be more of
	// them than the text itself has.
	const replacement = string(utf8.RuneError)
	if n := strings.Count(text, replacement); n > 0 {
		if lower := bytes.ToLower(quoted); n > bytes.Count(lower, []byte(replacement))+bytes.Count(lower, []byte(`\ufffd`)) {
			return "", s.fail("whole characters")
		}
	}
	return text, nil
}
