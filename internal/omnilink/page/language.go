package page

import (
	"strconv"
	"strings"

	"omnihub/internal/hub"
)

// Lang is a language that the pages are written in.
type Lang = hub.Language

// The languages.
const (
	Traditional = hub.TraditionalChinese
	Simplified  = hub.SimplifiedChinese
	English     = hub.English
)

// Langs are all of them.
func Langs() []Lang { return hub.Languages() }

// maxRanges is how many wishes of a browser are looked at.
const maxRanges = 20

// Language is the one for a browser that asks for languages (Accept-Language), or else,
// by hub.Spoken, for another wish, which may be empty.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
func Language(accept, otherwise string) Lang {
	best, weight := hub.Spoken(otherwise), 0.0
	for i, part := range strings.SplitN(accept, ",", maxRanges+1) {
		if i == maxRanges {
			break
		}
		tag, parameter, _ := strings.Cut(part, ";")
		q := 1.0
		if value, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			var err error
			if q, err = strconv.ParseFloat(value, 64); err != nil {
				continue
			}
		}
		if lang, ok := hub.Nearest(tag); ok && q > weight && q <= 1 {
			best, weight = lang, q
		}
	}
	return best
}
