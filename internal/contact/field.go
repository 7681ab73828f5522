package contact

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// Change is a new value of a field of a profile; "" clears it. Fields are member_id,
// name, email, phone, birthday, language, note, crm_id and attr.<key>.
type Change struct {
	Field, Value string
}

// Attributes tells of a custom attribute by its key: its type, whether it is archived,
// and whether there is one.
type Attributes func(key string) (kind hub.AttributeType, archived, ok bool)

// FieldError is the cause of a BadRequest: which field of a profile is not as it must be.
type FieldError struct {
	Field  string
	Detail string // in words, without the value
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Detail }

// attributeMark stands before the key of a custom attribute in a field's name.
const attributeMark = "attr."

// maxChanges is how many fields one call may set: with their finders, the home, the
// claims of a member id and the audit, they are one transaction.
const maxChanges = 60

// rules are the fields that people and programs may set, but for custom attributes.
// What a platform tells (username, picture, status) is not theirs.
var rules = map[string]func(string) (clean, wrong string){
	hub.FieldMemberID: line(100),
	hub.FieldCRM:      line(100),
	"name":            line(200),
	hub.FieldEmail:    email,
	hub.FieldPhone:    phone,
	"birthday":        date,
	"language":        language,
	"note":            note,
}

// Clean brings changes into their one form, or says which field is wrong: a BadRequest
// whose cause is a FieldError. Each field may be named once.
func Clean(changes []Change, attributes Attributes) ([]Change, error) {
	if len(changes) > maxChanges {
		return nil, hub.E(hub.BadRequest, "contact: read profile", fmt.Errorf("over %d fields at once", maxChanges))
	}
	out := make([]Change, len(changes))
	for i, c := range changes {
		clean, wrong := cleanOne(c, attributes)
		if slices.ContainsFunc(out[:i], func(o Change) bool { return o.Field == c.Field }) {
			wrong = "it is named twice"
		}
		if wrong != "" {
			return nil, hub.E(hub.BadRequest, "contact: read profile", &FieldError{Field: c.Field, Detail: wrong})
		}
		out[i] = Change{Field: c.Field, Value: clean}
	}
	return out, nil
}

func cleanOne(c Change, attributes Attributes) (clean, wrong string) {
	rule, ok := rules[c.Field]
	key, custom := strings.CutPrefix(c.Field, attributeMark)
	archived := false
	if custom && attributes != nil {
		var kind hub.AttributeType
		kind, archived, ok = attributes(key)
		rule = valueOf(kind)
	}
	switch {
	case !ok && custom:
		return "", "there is no such attribute"
	case !ok:
		return "", "there is no such field to be set"
	case !utf8.ValidString(c.Value):
		return "", "it is not UTF-8"
	}
	value := strings.TrimSpace(strings.ReplaceAll(c.Value, "\r\n", "\n"))
	switch {
	case value == "":
		return "", ""
	case archived:
		return "", "the attribute is archived"
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && (r != '\n' || c.Field != "note" && !custom) }):
		return "", "it has control characters"
	}
	return rule(value)
}

// valueOf is the rule of a custom attribute's type: what passes is kept as it was given.
func valueOf(kind hub.AttributeType) func(string) (clean, wrong string) {
	return func(v string) (string, string) {
		if err := kind.Check(v); err != nil {
			return "", errors.Unwrap(err).Error()
		}
		return v, ""
	}
}

func line(most int) func(string) (string, string) {
	return func(v string) (string, string) {
		if utf8.RuneCountInString(v) > most {
			return "", fmt.Sprintf("it is over %d characters", most)
		}
		return v, ""
	}
}

func note(v string) (string, string) { return line(2000)(v) }

// email takes an address that may exist: one @, a name before it, and a domain with a
// dot behind it.
func email(v string) (string, string) {
	const wrong = "it is no e-mail address"
	v = strings.ToLower(v)
	name, domain, ok := strings.Cut(v, "@")
	switch {
	case len(v) > 254:
		return "", "it is over 254 characters"
	case !ok || name == "" || len(name) > 64 || strings.ContainsAny(v, " \t<>()[],;:\"\\") || strings.Contains(domain, "@"):
		return "", wrong
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return "", wrong
	}
	for _, l := range labels {
		if l == "" || strings.HasPrefix(l, "-") || strings.HasSuffix(l, "-") {
			return "", wrong
		}
	}
	return v, ""
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

// phone takes a number with its country code, however it is spaced, and gives it in
// E.164: "+" and 8 to 15 digits.
func phone(v string) (string, string) {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \u00a0-‐‑–.()/", r) {
			return -1
		}
		return r
	}, v)
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		digits = rest
	}
	if !strings.HasPrefix(digits, "+") {
		digits = "+" + digits
	}
	if !e164.MatchString(digits) {
		return "", "it is no phone number with its country code"
	}
	return digits, ""
}

func date(v string) (string, string) {
	if _, err := time.Parse(time.DateOnly, v); err != nil {
		return "", "it is no date of the form YYYY-MM-DD"
	}
	return v, ""
}

var tag = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,6}$`)

// language takes a tag of BCP 47 and writes it as is usual: zh-Hant-TW.
func language(v string) (string, string) {
	if !tag.MatchString(v) {
		return "", "it is no language tag of BCP 47"
	}
	parts := strings.Split(strings.ToLower(v), "-")
	for i, p := range parts {
		switch {
		case i == 0 || len(parts[i-1]) == 1: // what stands behind a single letter is of an extension
		case len(p) == 2:
			parts[i] = strings.ToUpper(p)
		case len(p) == 4 && p[0] > '9':
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-"), ""
}
