package hub

import "strings"

// Language is a language in which the hub itself speaks to customers, as BCP 47 names it.
// https://www.rfc-editor.org/info/bcp47
type Language string

// The languages.
const (
	TraditionalChinese Language = "zh-TW"
	SimplifiedChinese  Language = "zh-CN"
	English            Language = "en"
)

// Languages are all of them.
func Languages() []Language { return []Language{TraditionalChinese, SimplifiedChinese, English} }

// Spoken is the language for somebody, of whom some wishes are known, the most important
// first, each by BCP 47 or empty: the customer's own, then the team's. It is the nearest to
// the first wish to which one is near; else TraditionalChinese.
func Spoken(wanted ...string) Language {
	for _, tag := range wanted {
		if l, ok := Nearest(tag); ok {
			return l
		}
	}
	return TraditionalChinese
}

// Nearest is the language that is near to one by BCP 47. Of Chinese it is what the script
// says, else the region, else TraditionalChinese.
func Nearest(tag string) (l Language, ok bool) {
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(tag), "_", "-")), "-")
	switch parts[0] {
	case "en":
		return English, true
	case "zh", "yue", "cmn":
	default:
		return "", false
	}
	for _, part := range parts[1:] {
		switch part {
		case "hans", "cn", "sg", "my":
			return SimplifiedChinese, true
		case "hant", "tw", "hk", "mo":
			return TraditionalChinese, true
		}
	}
	if parts[0] == "cmn" { // Mandarin by itself is mostly written so
		return SimplifiedChinese, true
	}
	return TraditionalChinese, true
}
