package pattern

import (
	"fmt"
	"strings"
)

// wildcard makes the test of a text with stars, each of which stands for any
// characters, or none. \* is a star and \\ a backslash.
func wildcard(want string) (func(text string) bool, string) {
	var parts []string // the texts between the stars
	var part strings.Builder
	star := false
	for i := 0; i < len(want); i++ {
		switch c := want[i]; {
		case c == '*' && star:
			return nil, fmt.Sprintf("Consecutive wildcard characters at pos %d", i)
		case c == '*':
			parts = append(parts, part.String())
			part.Reset()
			star = true
			continue
		case c == '\\':
			if i++; i == len(want) || want[i] != '*' && want[i] != '\\' {
				return nil, fmt.Sprintf("Invalid escape character at pos %d", i-1)
			}
		}
		part.WriteByte(want[i])
		star = false
	}
	last := part.String()
	if len(parts) == 0 {
		return func(text string) bool { return text == last }, ""
	}
	first, middle := parts[0], parts[1:]
	return func(text string) bool {
		if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
			return false
		}
		text = text[len(first) : len(text)-len(last)]
		for _, p := range middle {
			i := strings.Index(text, p)
			if i < 0 {
				return false
			}
			text = text[i+len(p):]
		}
		return true
	}, ""
}
