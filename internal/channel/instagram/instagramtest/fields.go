package instagramtest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// check collects what is wrong with a request: the first fault counts.
type check struct{ fault *refusal }

func (c *check) refuse(r *refusal) {
	if c.fault == nil {
		c.fault = r
	}
}

// object reads the members of a JSON object of a request. After a fault its members read
// as empty.
type object struct {
	*check
	at      string // "message.attachment"; "" = the request itself
	members fake.Members
}

func (c *check) object(at string, raw json.RawMessage) *object {
	o := &object{check: c, at: at}
	if c.fault == nil {
		var ok bool
		if o.members, ok = fake.ReadMembers(raw); !ok {
			c.refuse(metatest.Invalid("Param %s must be a JSON object.", o.path("")))
		}
	}
	return o
}

func (o *object) path(member string) string {
	switch {
	case o.at == "" && member == "":
		return "body"
	case o.at == "":
		return member
	case member == "":
		return o.at
	}
	return o.at + "[" + member + "]"
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

// need is take of a member that must be there.
func (o *object) need(member string) (json.RawMessage, bool) {
	raw, ok := o.take(member)
	if !ok {
		o.refuse(metatest.Invalid("The parameter %s is required.", o.path(member)))
	}
	return raw, ok
}

// text reads a string of at most max characters; with needed it may not be absent or
// empty.
func (o *object) text(member string, needed bool, max int) string {
	return o.string(member, needed, max, "characters", utf8.RuneCountInString)
}

// bytes is text with a limit in bytes of UTF-8.
func (o *object) bytes(member string, needed bool, max int) string {
	return o.string(member, needed, max, "bytes", func(s string) int { return len(s) })
}

func (o *object) string(member string, needed bool, max int, unit string, count func(string) int) string {
	raw, ok := o.take(member)
	if !ok {
		if needed {
			o.need(member)
		}
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.refuse(metatest.Invalid("Param %s must be a string.", o.path(member)))
		return ""
	}
	switch n := count(s); {
	case needed && n == 0:
		o.refuse(metatest.Invalid("Param %s must be a non-empty UTF-8 encoded string.", o.path(member)))
		return ""
	case n > max:
		o.refuse(metatest.Invalid("Length of param %s must be less than or equal to %d %s.", o.path(member), max, unit))
		return ""
	}
	return s
}

// oneOf reads a string out of a few.
func (o *object) oneOf(member string, values ...string) string {
	s := o.text(member, true, 100)
	if !slices.Contains(values, s) {
		o.refuse(metatest.Invalid("Param %s must be one of %q.", o.path(member), values))
		return ""
	}
	return s
}

// link reads an address of the web by https; the local stack has its own without.
func (o *object) link(member string) string {
	s := o.text(member, true, 2048)
	u, err := url.Parse(s)
	if o.fault == nil && (err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1")) {
		o.refuse(metatest.Invalid("Param %s should represent a valid URL.", o.path(member)))
	}
	return s
}

// child reads an object that must be there.
func (o *object) child(member string) *object {
	raw, _ := o.need(member)
	return o.object(o.path(member), raw)
}

// list reads an array of 1 to max objects.
func (o *object) list(member string, max int) []*object {
	raw, ok := o.need(member)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil || len(items) == 0 || len(items) > max {
		o.refuse(metatest.Invalid("Param %s must be an array of 1 to %d elements.", o.path(member), max))
		return nil
	}
	out := make([]*object, 0, len(items))
	for i, item := range items {
		if o.fault != nil {
			break
		}
		out = append(out, o.object(o.path(member)+"["+strconv.Itoa(i)+"]", item))
	}
	return out
}

// only refuses members that nothing has asked for. Meta mostly overlooks them; here they
// are a mistake.
func (o *object) only() {
	if unknown := o.members.Untaken(); len(unknown) > 0 && o.fault == nil {
		o.refuse(metatest.Invalid("Unexpected key %q on param %s.", unknown[0], o.path("")))
	}
}
