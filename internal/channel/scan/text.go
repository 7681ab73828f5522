package scan

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Text decodes the bytes of a string value into valid UTF-8; what is not (lone
// surrogates, stray bytes) becomes U+FFFD. Any other value gives "".
func Text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	out := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); {
		n := bytes.IndexByte(inner[i:], '\\')
		if n < 0 {
			n = len(inner) - i
		}
		out = appendValid(out, inner[i:i+n])
		if i += n; i < len(inner) {
			r, n := unescape(inner[i:])
			out = utf8.AppendRune(out, r)
			i += n
		}
	}
	return string(out)
}

// appendValid appends b, and U+FFFD for each of its bytes that is not UTF-8.
func appendValid(out, b []byte) []byte {
	if utf8.Valid(b) {
		return append(out, b...)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		out, b = utf8.AppendRune(out, r), b[n:]
	}
	return out
}

// unescape decodes the escape that b starts with, or a pair of them for one
// character, and tells its length.
func unescape(b []byte) (r rune, n int) {
	n = 1 + escape(b[1:])
	switch n {
	case 1: // none: no scanner lets it pass
		return utf8.RuneError, 1
	case 2:
		switch b[1] {
		case 'b':
			return '\b', n
		case 'f':
			return '\f', n
		case 'n':
			return '\n', n
		case 'r':
			return '\r', n
		case 't':
			return '\t', n
		}
		return rune(b[1]), n
	}
	r = hex(b[2:6])
	if !utf16.IsSurrogate(r) {
		return r, n
	}
	if len(b) > n && b[n] == '\\' && escape(b[n+1:]) == 5 {
		if pair := utf16.DecodeRune(r, hex(b[n+2:n+6])); pair != utf8.RuneError {
			return pair, 2 * n
		}
	}
	return utf8.RuneError, n
}

// hex reads four hexadecimal digits.
func hex(b []byte) (r rune) {
	for _, c := range b {
		if c >= 'a' {
			c -= 'a' - 'A'
		}
		if c -= '0'; c > 9 {
			c -= 'A' - '9' - 1
		}
		r = r<<4 | rune(c)
	}
	return r
}

// Clean is a member's name as valid UTF-8.
func Clean(name []byte) string { return strings.ToValidUTF8(string(name), "\uFFFD") }

// Is reports whether the bytes of a value are the string word.
func Is(value []byte, word string) bool {
	if len(value) == len(word)+2 && string(value[1:len(value)-1]) == word {
		return value[0] == '"'
	}
	return bytes.IndexByte(value, '\\') >= 0 && Text(value) == word
}

// Word is the text of a string, or the digits of a whole number that came without
// quotes, at most 20 of them; "" for any other value. Meta writes its numbers in both
// ways.
func Word(value []byte) string {
	if len(value) == 0 || len(value) > 20 || value[0]-'0' > 9 {
		return Text(value)
	}
	for _, c := range value {
		if c-'0' > 9 {
			return ""
		}
	}
	return string(value)
}

// MaxName is the longest name, id or time that Name reads, in bytes as received;
// platforms' own have at most about 200.
const MaxName = 256

// Name is the Word of a value that names something; "" for one over MaxName, which no
// platform makes.
func Name(value []byte) string {
	if len(value) > MaxName {
		return ""
	}
	return Word(value)
}

// Whole is a whole number of at most so many digits, of which 18 fit; 0 if the value is
// none.
func Whole(value []byte, digits int) (n int64) {
	if len(value) > digits {
		return 0
	}
	for _, c := range value {
		if c-'0' > 9 {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
