// Package bot decides what the hub answers by itself, and what a customer's words
// mean for it.
package bot

import (
	"strings"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Answer is what the first matching keyword answers to a message: to its text, or to
// the data of a tapped button. A keyword matches the whole, without regard to case
// and surrounding space.
func Answer(keywords []store.Keyword, said string) (hub.Content, bool) {
	said = strings.TrimSpace(said)
	if said == "" {
		return hub.Content{}, false
	}
	for _, k := range keywords {
		if strings.EqualFold(strings.TrimSpace(k.Match), said) {
			return k.Answer, true
		}
	}
	return hub.Content{}, false
}
