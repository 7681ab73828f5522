package template

import (
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// object reads the resolved properties of one thing. The first mistake sticks in
// err; done reports what was never asked for, so that no property is overlooked.
type object struct {
	r    *resolver
	what string // "Inbound (AWS::SQS::Queue)", for errors
	node *yaml.Node
	seen map[string]bool
	err  *error // shared with the objects below
}

// properties resolves a node that must be a mapping (or absent).
func (r *resolver) properties(what string, n *yaml.Node) (*object, error) {
	o := &object{r: r, what: what, node: &yaml.Node{Kind: yaml.MappingNode}, seen: map[string]bool{}, err: new(error)}
	if n == nil {
		return o, nil
	}
	v, err := r.value(n)
	if err != nil || v == nil {
		return o, err
	}
	if v.Kind != yaml.MappingNode {
		return nil, r.errorf(n, "%s: want a mapping, got %s", what, describe(n))
	}
	o.node = v
	return o, nil
}

// fail keeps a mistake at a node; nil is the whole thing.
func (o *object) fail(n *yaml.Node, format string, args ...any) {
	if n == nil {
		n = o.node
	}
	if *o.err == nil {
		*o.err = o.r.errorf(n, o.what+": "+format, args...)
	}
}

// get is the raw value of a property, or nil.
func (o *object) get(key string) *yaml.Node {
	o.seen[key] = true
	return field(o.node, key)
}

func (o *object) has(key string) bool { return o.get(key) != nil }

func (o *object) text(key, standard string) string {
	n := o.get(key)
	if n == nil {
		return standard
	}
	if n.Kind != yaml.ScalarNode {
		o.fail(n, "%s must be a single value", key)
	}
	return n.Value
}

// one is a text that must be one of a list.
func (o *object) one(key, standard string, allowed ...string) string {
	v := o.text(key, standard)
	for _, a := range allowed {
		if a == v {
			return v
		}
	}
	if n := o.get(key); n != nil {
		o.fail(n, "%s %q is not known", key, v)
	} else {
		o.fail(o.node, "%s is missing", key)
	}
	return v
}

func (o *object) number(key string, standard, low, high int) int {
	n := o.get(key)
	if n == nil {
		return standard
	}
	v, err := strconv.Atoi(n.Value)
	if err != nil || v < low || v > high {
		o.fail(n, "%s must be a number from %d to %d, got %s", key, low, high, describe(n))
	}
	return v
}

func (o *object) seconds(key string, standard, low, high int) time.Duration {
	return time.Duration(o.number(key, standard, low, high)) * time.Second
}

func (o *object) flag(key string, standard bool) bool {
	n := o.get(key)
	if n == nil {
		return standard
	}
	if n.Value != "true" && n.Value != "false" {
		o.fail(n, "%s must be true or false, got %s", key, describe(n))
	}
	return n.Value == "true"
}

// texts is a list of texts; a single text counts as a list of one.
func (o *object) texts(key string) []string {
	n := o.get(key)
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, c := range n.Content {
		if n.Kind != yaml.SequenceNode || c.Kind != yaml.ScalarNode {
			o.fail(n, "%s must be a list of texts", key)
			return nil
		}
		out = append(out, c.Value)
	}
	return out
}

// object is the mapping below a key; empty if absent.
func (o *object) object(key string) *object {
	n := o.get(key)
	if n != nil && n.Kind != yaml.MappingNode {
		o.fail(n, "%s must be a mapping", key)
		n = nil
	}
	return o.below(o.what+": "+key, n)
}

// objects are the mappings in the list below a key.
func (o *object) objects(key string) []*object {
	n := o.get(key)
	if n == nil {
		return nil
	}
	var out []*object
	for _, c := range n.Content {
		if n.Kind != yaml.SequenceNode || c.Kind != yaml.MappingNode {
			o.fail(n, "%s must be a list of mappings", key)
			return nil
		}
		out = append(out, o.below(o.what+": "+key, c))
	}
	return out
}

func (o *object) below(what string, n *yaml.Node) *object {
	if n == nil {
		n = &yaml.Node{Kind: yaml.MappingNode, Line: o.node.Line}
	}
	return &object{r: o.r, what: what, node: n, seen: map[string]bool{}, err: o.err}
}

// keys are the names in the mapping, in order.
func (o *object) keys() []string {
	var out []string
	for i := 0; i < len(o.node.Content); i += 2 {
		out = append(out, o.node.Content[i].Value)
	}
	return out
}

// done accepts further properties that have no behaviour here, refuses the rest,
// and answers the first mistake of the whole reading.
func (o *object) done(accepted ...string) error {
	for _, a := range accepted {
		o.seen[a] = true
	}
	for i := 0; i < len(o.node.Content); i += 2 {
		if key := o.node.Content[i]; !o.seen[key.Value] {
			o.fail(key, "property %s is not known", key.Value)
		}
	}
	return *o.err
}
