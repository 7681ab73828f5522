package pattern

import (
	"encoding/json"
	"slices"
	"strings"
)

// maxCombinations is how many combinations $or may make: the product of the members
// of all of them.
const maxCombinations = 1000

// maxDepth bounds how deep a pattern may nest.
const maxDepth = 200

// reserved are the names that fields within $or cannot have: AWS keeps them for
// operators of today and tomorrow.
var reserved = map[string]bool{"exactly": true, "equals-ignore-case": true, "prefix": true, "suffix": true,
	"anything-but": true, "exists": true, "wildcard": true, "numeric": true, "cidr": true,
	"=": true, "<": true, "<=": true, ">": true, ">=": true, "regex": true, "not-wildcard": true, "not-equals-ignore-case": true,
	"date-after": true, "date-on-or-after": true, "date-before": true, "date-on-or-before": true, "in-date-range": true,
	"ip-address-in-range": true, "ip-address-not-in-range": true}

// object is a JSON object with its members in order, each as often as it came.
type object []member

type member struct {
	name  string
	value any // object, []any, string, json.Number, bool or nil
}

// read decodes the text of a pattern.
func read(text string) (object, error) {
	if !json.Valid([]byte(text)) {
		return nil, &Error{Reason: "the text is not JSON"}
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := value(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, &Error{Reason: "Filter is not an object"}
	}
	return o, nil
}

func value(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, &Error{Reason: "the pattern nests too deep"}
	}
	t, err := d.Token()
	if err != nil {
		return nil, &Error{Reason: "the text is not JSON"}
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, &Error{Reason: "the text is not JSON"}
			}
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name.(string), v})
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := value(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// condition is what a pattern wants of one path.
type condition struct {
	path   []string
	tests  []test
	absent bool
}

func (c *condition) place() string { return strings.Join(c.path, ".") }

type compiler struct {
	filter bool // of an event-source mapping
}

func compile(text string, filter bool) (*Pattern, error) {
	o, err := read(text)
	if err != nil {
		return nil, err
	}
	combinations, err := compiler{filter}.object(o, nil, false, [][]*condition{nil})
	if err != nil {
		return nil, err
	}
	p := &Pattern{}
	for _, conditions := range combinations {
		root, err := tree(conditions)
		if err != nil {
			return nil, err
		}
		p.any = append(p.any, root)
	}
	return p, nil
}

// object adds the conditions of one object to each of the combinations so far.
func (c compiler) object(o object, path []string, withinOr bool, so [][]*condition) ([][]*condition, error) {
	if len(o) == 0 {
		return nil, refuse(path, "Empty objects are not allowed")
	}
	for _, m := range o {
		var err error
		if members := orMembers(m); members != nil {
			so, err = c.or(members, path, so)
		} else if withinOr && reserved[m.name] {
			err = refuse(path, m.name+" is Ruler reserved fieldName which cannot be used inside $or.")
		} else {
			so, err = c.member(m, path, withinOr, so)
		}
		if err != nil {
			return nil, err
		}
	}
	return so, nil
}

func (c compiler) member(m member, path []string, withinOr bool, so [][]*condition) ([][]*condition, error) {
	path = append(slices.Clip(path), strings.Split(m.name, ".")...)
	switch v := m.value.(type) {
	case object:
		return c.object(v, path, withinOr, so)
	case []any:
		leaf, err := c.leaf(v, path)
		if err != nil {
			return nil, err
		}
		out := make([][]*condition, len(so))
		for i, conditions := range so {
			out[i] = append(slices.Clip(conditions), leaf)
		}
		return out, nil
	}
	return nil, refuse(path, `"`+m.name+`" must be an object or an array`)
}

// or makes one combination of each combination so far with each member.
func (c compiler) or(members []object, path []string, so [][]*condition) ([][]*condition, error) {
	var out [][]*condition
	for _, m := range members {
		with, err := c.object(m, path, true, so)
		if err != nil {
			return nil, err
		}
		if out = append(out, with...); len(out) > maxCombinations {
			e := refuse(path, "$or makes more than 1000 combinations")
			e.TooMany = true
			return nil, e
		}
	}
	return out, nil
}

// orMembers are the members of the operator $or, or nil: $or is an ordinary name
// unless it has a list of at least two objects, none with a field named like an
// operator.
func orMembers(m member) []object {
	list, ok := m.value.([]any)
	if m.name != "$or" || !ok || len(list) < 2 {
		return nil
	}
	var out []object
	for _, e := range list {
		o, ok := e.(object)
		if !ok || slices.ContainsFunc(o, func(m member) bool { return reserved[m.name] }) {
			return nil
		}
		out = append(out, o)
	}
	return out
}

func (c compiler) leaf(list []any, path []string) (*condition, error) {
	out := &condition{path: path}
	if len(list) == 0 {
		return nil, refuse(path, "Empty arrays are not allowed")
	}
	for _, e := range list {
		if o, ok := e.(object); ok && len(o) == 1 && o[0].name == "exists" && o[0].value == false {
			out.absent = true
			continue
		}
		t, reason := c.element(e)
		if reason != "" {
			return nil, refuse(path, reason)
		}
		out.tests = append(out.tests, t)
	}
	return out, nil
}

// tree puts the conditions of one combination where they belong.
func tree(conditions []*condition) (*node, error) {
	root := &node{}
	for _, c := range conditions {
		at := root
		for _, name := range c.path {
			i := slices.IndexFunc(at.fields, func(f field) bool { return f.name == name })
			if i < 0 {
				i = len(at.fields)
				at.fields = append(at.fields, field{name, &node{}})
			}
			at = at.fields[i].node
		}
		if at.leaf {
			return nil, refuse(c.path, "Path `"+c.place()+"` cannot be allowed multiple times")
		}
		at.leaf, at.tests, at.absent = true, c.tests, c.absent
	}
	return root, nil
}

func refuse(path []string, reason string) *Error {
	return &Error{Place: strings.Join(path, "."), Reason: reason}
}
