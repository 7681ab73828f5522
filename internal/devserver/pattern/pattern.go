// Package pattern matches events against the patterns of event-source filters.
// It knows the operators that are documented for event-source mappings and
// refuses every other one by name.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
package pattern

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Pattern is a compiled pattern, safe for concurrent use.
type Pattern struct{ root object }

// object wants all of its fields and, for each $or, one of the members.
type object struct {
	fields []field
	or     [][]object
}

type field struct {
	name string
	sub  *object // a nested pattern, or
	any  []test  // tests of which one must hold
}

// test judges one leaf. A leaf that is not there is given as present = false.
type test func(value any, present bool) bool

// Compile reads a pattern, a JSON object.
func Compile(text string) (*Pattern, error) {
	v, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	root, err := compile(v, "")
	if err != nil {
		return nil, fmt.Errorf("pattern: %w", err)
	}
	return &Pattern{*root}, nil
}

func decode(text string) (any, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return v, nil
}

// Match reports whether an event fits. It is a value as encoding/json decodes it,
// with numbers as json.Number.
func (p *Pattern) Match(event any) bool { return p.root.match(event, true) }

func compile(v any, path string) (*object, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 {
		return nil, fmt.Errorf("%s must be an object with fields", place(path))
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	out := &object{}
	for _, name := range names {
		below := path + "." + name
		if members, ok := orMembers(name, m[name]); ok {
			var all []object
			for _, member := range members {
				o, err := compile(member, below)
				if err != nil {
					return nil, err
				}
				all = append(all, *o)
			}
			out.or = append(out.or, all)
			continue
		}
		f := field{name: name}
		switch v := m[name].(type) {
		case map[string]any:
			sub, err := compile(v, below)
			if err != nil {
				return nil, err
			}
			f.sub = sub
		case []any:
			if len(v) == 0 {
				return nil, fmt.Errorf("%s is an empty list", place(below))
			}
			for _, element := range v {
				t, err := compileTest(element, below)
				if err != nil {
					return nil, err
				}
				f.any = append(f.any, t)
			}
		default:
			return nil, fmt.Errorf("%s must be a list or an object", place(below))
		}
		out.fields = append(out.fields, f)
	}
	return out, nil
}

// orMembers tells whether a field is the operator $or: a list of at least two
// objects.
func orMembers(name string, v any) ([]any, bool) {
	list, ok := v.([]any)
	if name != "$or" || !ok || len(list) < 2 {
		return nil, false
	}
	for _, e := range list {
		if _, ok := e.(map[string]any); !ok {
			return nil, false
		}
	}
	return list, true
}

func compileTest(v any, path string) (test, error) {
	m, ok := v.(map[string]any)
	if !ok {
		if _, isList := v.([]any); isList {
			return nil, fmt.Errorf("%s: a list within a list", place(path))
		}
		return func(value any, present bool) bool { return present && same(v, value) }, nil
	}
	if len(m) != 1 {
		return nil, fmt.Errorf("%s: an operator stands alone in its object", place(path))
	}
	for name, argument := range m {
		switch name {
		case "exists":
			want, ok := argument.(bool)
			if !ok {
				break
			}
			return func(_ any, present bool) bool { return present == want }, nil
		case "prefix", "suffix", "equals-ignore-case":
			return onText(name, argument, path)
		case "numeric":
			return numeric(argument, path)
		case "anything-but":
			return anythingBut(argument, path)
		default:
			return nil, fmt.Errorf("%s: operator %s is not known", place(path), name)
		}
		return nil, fmt.Errorf("%s: the argument of %s is malformed", place(path), name)
	}
	return nil, nil
}

func onText(name string, argument any, path string) (test, error) {
	fold := name == "equals-ignore-case"
	if m, ok := argument.(map[string]any); ok && !fold && len(m) == 1 {
		if inner, ok := m["equals-ignore-case"]; ok {
			argument, fold = inner, true
		}
	}
	want, ok := argument.(string)
	if !ok {
		return nil, fmt.Errorf("%s: the argument of %s is malformed", place(path), name)
	}
	if fold {
		want = strings.ToLower(want)
	}
	return func(value any, present bool) bool {
		text, ok := value.(string)
		if !present || !ok {
			return false
		}
		if fold {
			text = strings.ToLower(text)
		}
		switch name {
		case "prefix":
			return strings.HasPrefix(text, want)
		case "suffix":
			return strings.HasSuffix(text, want)
		}
		return text == want
	}, nil
}

func numeric(argument any, path string) (test, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, fmt.Errorf("%s: numeric wants one or two pairs", place(path))
	}
	type bound struct {
		sign  string
		limit float64
	}
	var bounds []bound
	for i := 0; i < len(list); i += 2 {
		sign, isText := list[i].(string)
		number, isNumber := list[i+1].(json.Number)
		limit, err := strconv.ParseFloat(string(number), 64)
		if !isText || !isNumber || err != nil || !strings.Contains(" = < <= > >= ", " "+sign+" ") {
			return nil, fmt.Errorf("%s: the argument of numeric is malformed", place(path))
		}
		bounds = append(bounds, bound{sign, limit})
	}
	return func(value any, present bool) bool {
		number, ok := value.(json.Number)
		if !present || !ok {
			return false
		}
		x, err := number.Float64()
		for _, b := range bounds {
			holds := map[string]bool{"=": x == b.limit, "<": x < b.limit, "<=": x <= b.limit, ">": x > b.limit, ">=": x >= b.limit}[b.sign]
			if err != nil || !holds {
				return false
			}
		}
		return true
	}, nil
}

// anythingBut wants the field to be there and to differ from all that is named.
func anythingBut(argument any, path string) (test, error) {
	if m, ok := argument.(map[string]any); ok {
		for name := range m {
			if name != "prefix" && name != "suffix" && name != "equals-ignore-case" {
				return nil, fmt.Errorf("%s: operator %s within anything-but is not known", place(path), name)
			}
		}
		inner, err := compileTest(m, path)
		if err != nil {
			return nil, err
		}
		return func(value any, present bool) bool { return present && !inner(value, true) }, nil
	}
	list, ok := argument.([]any)
	if !ok {
		list = []any{argument}
	}
	texts, numbers := 0, 0
	for _, e := range list {
		switch e.(type) {
		case string:
			texts++
		case json.Number:
			numbers++
		}
	}
	if len(list) == 0 || texts != len(list) && numbers != len(list) {
		return nil, fmt.Errorf("%s: anything-but wants texts or numbers", place(path))
	}
	return func(value any, present bool) bool {
		for _, e := range list {
			if same(e, value) {
				return false
			}
		}
		return present
	}, nil
}

func (o *object) match(v any, present bool) bool {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if o.match(e, present) {
				return true
			}
		}
		return false
	}
	m, _ := v.(map[string]any)
	for _, f := range o.fields {
		value, there := m[f.name]
		if f.sub != nil {
			if !f.sub.match(value, present && there) {
				return false
			}
			continue
		}
		if !f.leaf(value, present && there) {
			return false
		}
	}
	for _, members := range o.or {
		fits := false
		for i := range members {
			fits = fits || members[i].match(v, present)
		}
		if !fits {
			return false
		}
	}
	return true
}

// leaf runs the tests on a value. An object is no leaf; of a list one element is
// enough.
func (f *field) leaf(value any, present bool) bool {
	values := []any{value}
	switch v := value.(type) {
	case map[string]any:
		values, present = []any{nil}, false
	case []any:
		if values = v; len(v) == 0 {
			values, present = []any{nil}, false
		}
	}
	for _, v := range values {
		for _, t := range f.any {
			if t(v, present) {
				return true
			}
		}
	}
	return false
}

// same compares values of the same JSON type; numbers by their text.
func same(a, b any) bool {
	switch a := a.(type) {
	case string:
		b, ok := b.(string)
		return ok && a == b
	case json.Number:
		b, ok := b.(json.Number)
		return ok && a == b
	case bool:
		b, ok := b.(bool)
		return ok && a == b
	case nil:
		return b == nil
	}
	return false
}

func place(path string) string {
	if path == "" {
		return "the pattern"
	}
	return path[1:]
}
