package hub

import (
	"slices"
	"strconv"
	"strings"
)

// Plain is a text without what does not matter when it is compared: case, the full-width
// forms of Latin letters, surrounding space and punctuation, and space between words
// beyond one.
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000 || r == 0xA0:
			return ' '
		}
		return r
	}, text)
	text = strings.Trim(strings.ToLower(text), " \t\r\n.!?,;:'\"()[]。！？，、；：「」『』（）")
	return strings.Join(strings.Fields(text), " ")
}

// worded is Plain, but of a text that is nothing but marks it keeps those.
func worded(text string) string {
	if p := Plain(text); p != "" {
		return p
	}
	return strings.TrimSpace(text)
}

// runes is the beginning of a text, up to so many runes.
func runes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i]
		}
	}
	return text
}

// Path names a member of a list: "cards[1]".
func Path(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// add appends an id that is one, and is not there.
func add(list []ModuleID, id ModuleID) []ModuleID {
	if id == "" || slices.Contains(list, id) {
		return list
	}
	return append(list, id)
}
