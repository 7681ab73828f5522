// Package bot decides what the hub answers by itself.
package bot

import (
	"strings"

	"omnihub/internal/store"
)

// Answer is the text with which the first matching keyword answers a message. A
// keyword matches a whole text, without regard to case and surrounding space.
func Answer(keywords []store.Keyword, text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", false
	}
	for _, k := range keywords {
		if strings.EqualFold(strings.TrimSpace(k.Match), text) {
			return k.Answer, true
		}
	}
	return "", false
}
