// Package pattern matches events against event patterns: those of the event bus,
// and the smaller set that filters of event-source mappings may use.
//
// Where the guide is silent it does what AWS's published matcher does.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
// https://github.com/aws/event-ruler
package pattern

import "strings"

// Pattern is a compiled pattern, safe for concurrent use.
type Pattern struct {
	any []*node // one of them must match: more than one only after $or
}

// Error is the refusal of a pattern.
type Error struct {
	Place   string // the path of the field, dotted; "" is the pattern as a whole
	Reason  string // as AWS writes it, where that is known
	TooMany bool   // $or makes more combinations than AWS takes
}

func (e *Error) Error() string {
	if e.Place == "" {
		return "pattern: " + e.Reason
	}
	return "pattern: " + e.Place + ": " + e.Reason
}

// Compile reads a pattern of the event bus, a JSON object. Its errors are *Error.
func Compile(text string) (*Pattern, error) { return compile(text, false) }

// CompileFilter reads a pattern of an event-source filter. It refuses the operators
// that are not documented for mappings: wildcard, cidr, and lists or a wildcard in
// an operator below anything-but. Its errors are *Error.
func CompileFilter(text string) (*Pattern, error) { return compile(text, true) }

// Match reports whether an event fits. It is a value as encoding/json decodes it,
// with numbers as json.Number. Match does not change it.
func (p *Pattern) Match(event any) bool {
	for _, n := range p.any {
		if has, lacks := n.match(event, true); has || lacks {
			return true
		}
	}
	return false
}

// node is what a pattern wants at one path of the event.
type node struct {
	leaf   bool    // there are elements for this path itself
	tests  []test  // of which one must hold for a value
	absent bool    // {"exists": false} is among the elements
	fields []field // what it wants below, all of it
}

type field struct {
	name string
	*node
}

// test judges one value that is no list and no object.
type test func(value any) bool

// match tells how a value fulfils the node: has, by at least one value that is
// there; lacks, only by values that are not there. Of a list one element must
// fulfil everything, so that two conditions hold in the same element; but what is
// wanted absent must be absent from all of them, unless a value picks the element.
func (n *node) match(v any, present bool) (has, lacks bool) {
	if list, ok := v.([]any); ok && present && len(list) > 0 {
		lacks = true
		for _, e := range list {
			h, l := n.match(e, true)
			if has = has || h; has {
				return true, false
			}
			lacks = lacks && l
		}
		return false, lacks
	}
	var below map[string]any
	isLeaf := false
	if present {
		switch v := v.(type) {
		case map[string]any:
			below = v
		case []any: // an empty list is no leaf
		default:
			isLeaf = true
		}
	}
	lacks = true
	if n.leaf {
		if isLeaf {
			if !n.holds(v) {
				return false, false
			}
			has, lacks = true, false
		} else if !n.absent {
			return false, false
		}
	}
	if below != nil && len(n.fields) > 0 {
		below = nested(below)
	}
	for _, f := range n.fields {
		value, there := below[f.name]
		h, l := f.match(value, there)
		if !h && !l {
			return false, false
		}
		has, lacks = has || h, lacks && l
	}
	return has, lacks
}

func (n *node) holds(v any) bool {
	for _, t := range n.tests {
		if t(v) {
			return true
		}
	}
	return false
}

// nested writes an object without dots in its names: "a.b" is the same path as b
// within a.
func nested(m map[string]any) map[string]any {
	dotted := false
	for name := range m {
		if strings.IndexByte(name, '.') >= 0 {
			dotted = true
			break
		}
	}
	if !dotted {
		return m
	}
	out := make(map[string]any, len(m))
	for name, v := range m {
		if strings.IndexByte(name, '.') < 0 {
			out[name] = v
		}
	}
	for name, v := range m {
		if first, rest, found := strings.Cut(name, "."); found {
			add(out, first, map[string]any{rest: v})
		}
	}
	return out
}

// add puts a value beside what an object already has under a name, without changing
// that: two objects become one, anything else a list.
func add(m map[string]any, name string, v any) {
	old, there := m[name]
	if !there {
		m[name] = v
		return
	}
	a, isObject := old.(map[string]any)
	b, areObjects := v.(map[string]any)
	if isObject && areObjects {
		both := make(map[string]any, len(a)+len(b))
		for k, e := range a {
			both[k] = e
		}
		for k, e := range b {
			add(both, k, e)
		}
		m[name] = both
		return
	}
	list, isList := old.([]any)
	if !isList {
		list = []any{old}
	}
	m[name] = append(list[:len(list):len(list)], v)
}
