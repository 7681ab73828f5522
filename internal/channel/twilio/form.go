package twilio

import (
	"cmp"
	"slices"
	"strings"
)

// maxPairs is how many parameters a request may have; Twilio's own have about sixty.
const maxPairs = 1000

// pair is one parameter, decoded. What it holds may be no UTF-8.
type pair struct{ name, value string }

// form are the parameters of a request, sorted by name, then value, each once: in this
// order Twilio signs them.
type form []pair

// formOf reads "name=value&…" in which every value is escaped as in a web form. ok is
// false for a broken escape, or for more parameters than Twilio sends.
func formOf(encoded string) (f form, ok bool) {
	if strings.Count(encoded, "&") >= maxPairs {
		return nil, false
	}
	for part := range strings.SplitSeq(encoded, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		var p pair
		var good bool
		if p.name, good = unescape(name); !good {
			return nil, false
		}
		if p.value, good = unescape(value); !good {
			return nil, false
		}
		f = append(f, p)
	}
	slices.SortFunc(f, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	return slices.Compact(f), true
}

// unescape decodes a part of a form.
func unescape(s string) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s, true
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '+':
			out = append(out, ' ')
		case '%':
			if i+2 >= len(s) {
				return "", false
			}
			high, ok := hexDigit(s[i+1])
			low, also := hexDigit(s[i+2])
			if !ok || !also {
				return "", false
			}
			out = append(out, high<<4|low)
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out), true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c-'0' <= 9:
		return c - '0', true
	case c|0x20-'a' <= 5:
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// find is the first of a parameter's values as received, and whether there is one.
func (f form) find(name string) (string, bool) {
	i, ok := slices.BinarySearchFunc(f, name, func(p pair, name string) int { return strings.Compare(p.name, name) })
	if !ok {
		return "", false
	}
	return f[i].value, true
}

// text is a parameter's value as valid UTF-8; "" if there is none.
func (f form) text(name string) string {
	value, _ := f.find(name)
	return strings.ToValidUTF8(value, "\uFFFD")
}

// short is a text that is a name or an id; one too long is none.
func (f form) short(name string) string {
	if value := f.text(name); len(value) <= maxName {
		return value
	}
	return ""
}

// maxName is the longest id that is read.
const maxName = 256
