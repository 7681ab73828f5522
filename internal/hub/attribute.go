package hub

import (
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// AttributeType is what the values of a custom attribute are.
type AttributeType string

const (
	AttributeText     AttributeType = "text"     // up to 1,000 characters; of several lines, too
	AttributeNumber   AttributeType = "number"   // a decimal number, exact: up to 38 digits, 18 of them after the point
	AttributeDate     AttributeType = "date"     // a day: "2026-11-23"
	AttributeDateTime AttributeType = "datetime" // a moment, with its offset: "2026-11-23T09:30:00+08:00" (RFC 3339)
	AttributeBoolean  AttributeType = "boolean"  // "true" or "false"
)

// AttributeTypes are all types.
func AttributeTypes() []AttributeType {
	return []AttributeType{AttributeText, AttributeNumber, AttributeDate, AttributeDateTime, AttributeBoolean}
}

// Attribute is the definition of a custom attribute of a team's contacts. The value of a
// home lies in its register "attr.<key>".
type Attribute struct {
	Key         string // letters, digits and "_", up to 64; "a" and "A" are two
	Type        AttributeType
	Title       string // for people; may be empty
	Description string // may be empty
	// Archived ones keep their values, and take no new ones.
	Archived bool
	Created  Millis
	Version  int // raised by each change
}

const (
	maxAttributeText  = 1000
	maxAttributeTitle = 100
	maxAttributeAbout = 500
	maxDigits         = 38
)

var (
	attributeKey = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`)
	decimal      = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]{1,18})?$`)
	moment       = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$`)
)

// Check refuses, as BadRequest, a definition that cannot be.
func (a Attribute) Check() error {
	if !attributeKey.MatchString(a.Key) {
		return E(BadRequest, "hub: attribute key", errors.New("it has 1 to 64 letters of a-z and A-Z, digits and _"))
	}
	switch a.Type {
	case AttributeText, AttributeNumber, AttributeDate, AttributeDateTime, AttributeBoolean:
	default:
		return E(BadRequest, "hub: attribute type", errors.New("no such type"))
	}
	if err := line("attribute title", a.Title, maxAttributeTitle); err != nil {
		return err
	}
	return line("attribute description", a.Description, maxAttributeAbout)
}

// Check refuses, as BadRequest, what is no value of the type. The empty text is one of
// every type: it clears the attribute. What passes is kept as it was given: a number in
// all its digits, a moment with the offset that it came with.
func (t AttributeType) Check(value string) error {
	if value == "" {
		return nil
	}
	if why := t.wrong(value); why != "" {
		return E(BadRequest, "hub: attribute value", errors.New(why))
	}
	return nil
}

// wrong tells what is wrong with a value; "" if it is one of the type.
func (t AttributeType) wrong(value string) string {
	switch t {
	case AttributeText:
		if !utf8.ValidString(value) || strings.ContainsFunc(value, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
			return "it is text, without control characters"
		}
		if utf8.RuneCountInString(value) > maxAttributeText {
			return "it has up to 1,000 characters"
		}
	case AttributeNumber:
		digits := len(value) - strings.Count(value, "-") - strings.Count(value, ".")
		if !decimal.MatchString(value) || digits > maxDigits {
			return "it is a decimal number of up to 38 digits, 18 of them after the point"
		}
	case AttributeDate:
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return "it is a day as 2026-11-23"
		}
	case AttributeDateTime:
		if _, err := time.Parse(time.RFC3339Nano, value); err != nil || !moment.MatchString(value) {
			return "it is a moment with its offset as 2026-11-23T09:30:00+08:00"
		}
	case AttributeBoolean:
		if value != "true" && value != "false" {
			return "it is true or false"
		}
	default:
		return "no such type"
	}
	return ""
}
