package vibertest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"unicode/utf8"

	"omnihub/internal/channel/fake"
)

// refusal is why a call is not done: Viber's number and its words.
// https://developers.viber.com/docs/api/rest-bot-api/#error-codes
type refusal struct {
	status int
	words  string
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// The numbers that this fake refuses with.
const (
	invalidURL    = 1
	invalidToken  = 2
	badData       = 3
	missingData   = 4
	notRegistered = 5
	notSubscribed = 6
	noWebhook     = 10
	tooMany       = 12
	apiVersion    = 13
	incompatible  = 14
	general       = 999
)

// check collects what is wrong with a request: the first fault counts.
type check struct{ fault *refusal }

func (c *check) refuse(status int, format string, args ...any) {
	if c.fault == nil {
		c.fault = refuse(status, format, args...)
	}
}

// object reads the members of a JSON object of a request. After a fault its members
// read as empty.
type object struct {
	*check
	at      string // "keyboard"; "" = the request itself
	members fake.Members
}

func (c *check) object(at string, raw json.RawMessage) *object {
	o := &object{check: c, at: at}
	if c.fault == nil {
		var ok bool
		if o.members, ok = fake.ReadMembers(raw); !ok {
			c.refuse(badData, "%s is no object", o.path(""))
		}
	}
	return o
}

func (o *object) path(member string) string {
	switch {
	case o.at == "" && member == "":
		return "request"
	case o.at == "":
		return member
	case member == "":
		return o.at
	}
	return o.at + "." + member
}

// take gives a member; null counts as absent.
func (o *object) take(member string) (json.RawMessage, bool) {
	raw, ok := o.members.Take(member)
	return raw, ok && o.fault == nil
}

func (o *object) has(member string) bool {
	_, ok := o.take(member)
	return ok
}

// text reads a string of at most max characters; with needed it may not be absent or
// empty.
func (o *object) text(member string, needed bool, max int) string {
	raw, ok := o.take(member)
	var s string
	if ok && json.Unmarshal(raw, &s) != nil {
		o.refuse(badData, "%s is no string", o.path(member))
	}
	if needed && s == "" {
		o.refuse(missingData, "%s is missing", o.path(member))
	}
	if utf8.RuneCountInString(s) > max {
		o.refuse(badData, "%s is too long (max %d)", o.path(member), max)
	}
	return s
}

// oneOf reads a string out of a few; the first is taken if it is absent.
func (o *object) oneOf(member string, values ...string) string {
	if !o.has(member) {
		return values[0]
	}
	s := o.text(member, false, 100)
	if !slices.Contains(values, s) {
		o.refuse(badData, "%s is none of %q", o.path(member), values)
		return ""
	}
	return s
}

// flag reads true or false.
func (o *object) flag(member string) {
	var is bool
	if raw, ok := o.take(member); ok && json.Unmarshal(raw, &is) != nil {
		o.refuse(badData, "%s is neither true nor false", o.path(member))
	}
}

// number reads a number between two others; absent it is other, unless it is needed.
func (o *object) number(member string, needed bool, least, most, other float64) float64 {
	raw, ok := o.take(member)
	if !ok {
		if needed {
			o.refuse(missingData, "%s is missing", o.path(member))
		}
		return other
	}
	var n float64
	if json.Unmarshal(raw, &n) != nil || !(n >= least && n <= most) {
		o.refuse(badData, "%s is no number from %v to %v", o.path(member), least, most)
	}
	return n
}

// link reads an address of the web.
func (o *object) link(member string, needed bool) string {
	s := o.text(member, needed, 2000)
	if u, err := url.Parse(s); s != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		o.refuse(badData, "%s is no URL", o.path(member))
	}
	return s
}

// child reads an object that must be there.
func (o *object) child(member string) *object {
	raw, ok := o.take(member)
	if !ok {
		o.refuse(missingData, "%s is missing", o.path(member))
	}
	return o.object(o.path(member), raw)
}

// list reads an array of objects that must be there.
func (o *object) list(member string, max int) []*object {
	raw, ok := o.take(member)
	var items []json.RawMessage
	if ok && json.Unmarshal(raw, &items) != nil {
		o.refuse(badData, "%s is no array", o.path(member))
	}
	if len(items) == 0 {
		o.refuse(missingData, "%s is missing", o.path(member))
	}
	if len(items) > max {
		o.refuse(badData, "%s has more than %d entries", o.path(member), max)
	}
	var out []*object
	for i, item := range items {
		if o.fault == nil {
			out = append(out, o.object(fmt.Sprintf("%s[%d]", o.path(member), i), item))
		}
	}
	return out
}

// only refuses members that nothing has asked for.
func (o *object) only() {
	if unknown := o.members.Untaken(); len(unknown) > 0 {
		o.refuse(badData, "unknown parameter %s", o.path(unknown[0]))
	}
}
