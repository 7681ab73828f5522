package metatest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"omnihub/internal/channel/fake"
)

// Check collects what is wrong with a request: the first fault counts.
type Check struct {
	Fault  *Refusal
	Wrong  func(w Wrong, text string) *Refusal // the platform's refusal of what an Object finds
	Length func(text string) int               // in the platform's units
}

// Wrong is what can be wrong with a member.
type Wrong int

// The kinds of Wrong.
const (
	Absent Wrong = iota // it must be there
	Shape               // it is of another type, or unknown
	Value               // its value is not possible
)

// Refuse notes a fault.
func (c *Check) Refuse(r *Refusal) {
	if c.Fault == nil {
		c.Fault = r
	}
}

func (c *Check) wrong(w Wrong, format string, args ...any) {
	c.Refuse(c.Wrong(w, fmt.Sprintf(format, args...)))
}

// Object reads the members of a JSON object of a request. After a fault its members
// read as empty.
type Object struct {
	*Check
	members fake.Members
	At      string // "interactive.action"; "" = the request itself
}

// Object reads a JSON object; at is its place in the request.
func (c *Check) Object(at string, raw json.RawMessage) *Object {
	o := &Object{Check: c, At: at}
	if c.Fault == nil {
		var ok bool
		if o.members, ok = fake.ReadMembers(raw); !ok {
			c.wrong(Shape, "%s must be an object", o.name())
		}
	}
	return o
}

func (o *Object) name() string {
	if o.At == "" {
		return "The request body"
	}
	return o.At
}

// Path is a member's place in the request.
func (o *Object) Path(member string) string {
	if o.At == "" {
		return member
	}
	return o.At + "." + member
}

// Take gives a member; null counts as absent.
func (o *Object) Take(member string) (json.RawMessage, bool) {
	raw, ok := o.members.Take(member)
	return raw, ok && o.Fault == nil
}

// Empty reports whether the object has no members.
func (o *Object) Empty() bool { return len(o.members.All) == 0 }

// Raw is a member as it is written, whatever is wrong with the request; nil if it is absent.
func (o *Object) Raw(member string) json.RawMessage {
	raw, _ := o.members.Take(member)
	return raw
}

// Has reports whether there is a member.
func (o *Object) Has(member string) bool {
	_, ok := o.Take(member)
	return ok
}

// Need is Take of a member that must be there.
func (o *Object) Need(member string) (json.RawMessage, bool) {
	raw, ok := o.Take(member)
	if !ok {
		o.wrong(Absent, "%s is required", o.Path(member))
	}
	return raw, ok
}

// Text reads a string of at most max units; with needed it may not be absent or empty.
func (o *Object) Text(member string, needed bool, max int) string {
	raw, ok := o.Take(member)
	if !ok {
		if needed {
			o.wrong(Absent, "%s is required", o.Path(member))
		}
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		o.wrong(Shape, "%s must be a string", o.Path(member))
		return ""
	}
	least := 0
	if needed {
		least = 1
	}
	if n := o.Length(s); n < least || n > max {
		o.wrong(Value, "%s length invalid. Min length: %d, Max length: %d", o.Path(member), least, max)
		return ""
	}
	return s
}

// OneOf reads a string out of a few; the first is taken if it is absent and not needed.
func (o *Object) OneOf(member string, needed bool, values ...string) string {
	if !needed && !o.Has(member) {
		return values[0]
	}
	s := o.Text(member, true, 100)
	if !slices.Contains(values, s) {
		o.wrong(Value, "%s must be one of %q", o.Path(member), values)
		return ""
	}
	return s
}

// Flag reads true or false; absent is false.
func (o *Object) Flag(member string) bool {
	var is bool
	if raw, ok := o.Take(member); ok && json.Unmarshal(raw, &is) != nil {
		o.wrong(Shape, "%s must be true or false", o.Path(member))
	}
	return is
}

// Number reads a number, which may be written as a string.
func (o *Object) Number(member string, least, most float64) float64 {
	raw, ok := o.Need(member)
	if !ok {
		return 0
	}
	n, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || !(n >= least && n <= most) { // NaN is neither
		o.wrong(Value, "%s must be a number from %v to %v", o.Path(member), least, most)
	}
	return n
}

// Link reads an address of the web.
func (o *Object) Link(member string) string {
	s := o.Text(member, true, 2000)
	if u, err := url.Parse(s); o.Fault == nil && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		o.wrong(Value, "%s must be an http or https URL", o.Path(member))
	}
	return s
}

// Child reads an object that must be there.
func (o *Object) Child(member string) *Object {
	raw, _ := o.Need(member)
	return o.Object(o.Path(member), raw)
}

// List reads an array of objects.
func (o *Object) List(member string, needed bool, max int) []*Object {
	raw, ok := o.Take(member)
	if !ok && !needed {
		return nil
	}
	var items []json.RawMessage
	if ok && json.Unmarshal(raw, &items) != nil {
		o.wrong(Shape, "%s must be an array", o.Path(member))
		return nil
	}
	if needed && len(items) == 0 {
		o.wrong(Absent, "%s is required", o.Path(member))
	}
	if len(items) > max {
		o.wrong(Value, "%s has more than %d entries", o.Path(member), max)
	}
	out := make([]*Object, 0, len(items))
	for i, item := range items {
		if o.Fault != nil {
			break
		}
		out = append(out, o.Object(o.Path(member)+"["+strconv.Itoa(i)+"]", item))
	}
	return out
}

// Only refuses members that nothing has asked for.
func (o *Object) Only() {
	if unknown := o.members.Untaken(); len(unknown) > 0 && o.Fault == nil {
		o.wrong(Shape, "Unexpected key %q on param %q", unknown[0], o.name())
	}
}
