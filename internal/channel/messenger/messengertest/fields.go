package messengertest

import (
	"encoding/json"
	"net/url"
	"sort"
	"strconv"
	"unicode/utf16"
)

// check collects what is wrong with a request: the first fault counts.
type check struct{ fault *refusal }

func (c *check) refuse(format string, args ...any) {
	if c.fault == nil {
		c.fault = invalid(format, args...)
	}
}

// object reads the members of a JSON object of a request. After a fault its members
// read as empty.
type object struct {
	*check
	at      string // "interactive.action"; "" = the request itself
	members map[string]json.RawMessage
	taken   map[string]bool
}

// object reads a JSON object.
func (c *check) object(at string, raw json.RawMessage) *object {
	o := &object{check: c, at: at, taken: map[string]bool{}}
	if c.fault == nil && json.Unmarshal(raw, &o.members) != nil || o.members == nil {
		c.refuse("%s must be an object", o.name())
	}
	return o
}

func (o *object) name() string {
	if o.at == "" {
		return "The request body"
	}
	return o.at
}

func (o *object) path(member string) string {
	if o.at == "" {
		return member
	}
	return o.at + "." + member
}

// take gives a member; null counts as absent.
func (o *object) take(member string) (json.RawMessage, bool) {
	o.taken[member] = true
	raw, ok := o.members[member]
	return raw, ok && o.fault == nil && string(raw) != "null"
}

func (o *object) has(member string) bool {
	_, ok := o.take(member)
	return ok
}

// need is take of a member that must be there.
func (o *object) need(member string) (json.RawMessage, bool) {
	raw, ok := o.take(member)
	if !ok {
		o.refuse("%s is required", o.path(member))
	}
	return raw, ok
}

// text reads a string of at most max UTF-16 units; with needed it may not be absent
// or empty.
func (o *object) text(member string, needed bool, max int) string {
	raw, ok := o.take(member)
	if !ok {
		if needed {
			o.refuse("%s is required", o.path(member))
		}
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.refuse("%s must be a string", o.path(member))
		return ""
	}
	least := 0
	if needed {
		least = 1
	}
	if n := len(utf16.Encode([]rune(s))); n < least || n > max {
		o.refuse("%s length invalid. Min length: %d, Max length: %d", o.path(member), least, max)
		return ""
	}
	return s
}

// oneOf reads a string out of a few; the first is taken if it is absent and not
// needed.
func (o *object) oneOf(member string, needed bool, values ...string) string {
	if !needed && !o.has(member) {
		return values[0]
	}
	s := o.text(member, true, 100)
	for _, v := range values {
		if s == v {
			return s
		}
	}
	o.refuse("%s must be one of %q", o.path(member), values)
	return ""
}

// flag reads true or false; absent is false.
func (o *object) flag(member string) bool {
	var is bool
	if raw, ok := o.take(member); ok && json.Unmarshal(raw, &is) != nil {
		o.refuse("%s must be true or false", o.path(member))
	}
	return is
}

// link reads an address of the web.
func (o *object) link(member string) string {
	s := o.text(member, true, 2000)
	if u, err := url.Parse(s); o.fault == nil && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		o.refuse("%s must be an http or https URL", o.path(member))
	}
	return s
}

// child reads an object that must be there.
func (o *object) child(member string) *object {
	raw, _ := o.need(member)
	return o.object(o.path(member), raw)
}

// list reads an array of objects.
func (o *object) list(member string, needed bool, max int) []*object {
	raw, ok := o.take(member)
	if !ok && !needed {
		return nil
	}
	var items []json.RawMessage
	if ok && json.Unmarshal(raw, &items) != nil {
		o.refuse("%s must be an array", o.path(member))
		return nil
	}
	if needed && len(items) == 0 {
		o.refuse("%s is required", o.path(member))
	}
	if len(items) > max {
		o.refuse("%s has more than %d entries", o.path(member), max)
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

// only refuses members that nothing has asked for.
func (o *object) only() {
	var unknown []string
	for member := range o.members {
		if !o.taken[member] {
			unknown = append(unknown, member)
		}
	}
	if len(unknown) > 0 && o.fault == nil {
		sort.Strings(unknown)
		o.refuse("Unexpected key %q on param %q", unknown[0], o.name())
	}
}
