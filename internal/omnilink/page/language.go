package page

import (
	"strconv"
	"strings"
)

// Lang is a language that the pages are written in, as BCP 47 has it.
type Lang string

// The languages.
const (
	Traditional Lang = "zh-TW"
	Simplified  Lang = "zh-CN"
	English     Lang = "en"
)

// Langs are all of them.
func Langs() []Lang { return []Lang{Traditional, Simplified, English} }

// maxRanges is how many wishes of a browser are looked at.
const maxRanges = 20

// Language is the one for a browser that asks for languages (Accept-Language), or else
// the nearest to another wish, which may be empty, or else Traditional.
// https://www.rfc-editor.org/rfc/rfc9110#name-accept-language
func Language(accept, otherwise string) Lang {
	best, weight := Lang(""), 0.0
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
		if lang := nearest(tag); lang != "" && q > weight && q <= 1 {
			best, weight = lang, q
		}
	}
	if best == "" {
		best = nearest(otherwise)
	}
	if best == "" {
		best = Traditional
	}
	return best
}

// nearest is the language of ours that is closest to a tag; "" if none is.
func nearest(tag string) Lang {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-")), "-")
	switch parts[0] {
	case "en":
		return English
	case "zh", "yue", "cmn":
	default:
		return ""
	}
	for _, part := range parts[1:] {
		switch part {
		case "hans", "cn", "sg", "my":
			return Simplified
		case "hant", "tw", "hk", "mo":
			return Traditional
		}
	}
	if parts[0] == "cmn" || parts[0] == "zh" && len(parts) > 1 {
		return Simplified
	}
	return Traditional // the product's own Chinese, where the script is not said
}
