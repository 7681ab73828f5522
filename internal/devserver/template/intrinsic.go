package template

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// resolver replaces intrinsic functions by their values.
type resolver struct {
	*Document
	o          Options
	parameters map[string]*yaml.Node
	conditions map[string]*bool // nil while being computed
	resources  map[string]*resource
	order      []string            // logical ids of present resources
	policies   map[string]attached // policies of queues, by the queue's logical id
}

// intrinsic tells whether a node is an intrinsic function, with its name in the
// long form ("Ref", "Fn::Sub") and its argument.
func intrinsic(n *yaml.Node) (name string, arg *yaml.Node, ok bool) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		bare := *n
		switch n.Kind {
		case yaml.MappingNode:
			bare.Tag = "!!map"
		case yaml.SequenceNode:
			bare.Tag = "!!seq"
		default:
			bare.Tag = "!!str"
		}
		name = n.Tag[1:]
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		return name, &bare, true
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		key := n.Content[0].Value
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, n.Content[1], true
		}
	}
	return "", nil, false
}

// value resolves a node and all below it. The answer is nil for AWS::NoValue,
// which removes the property or list element that it stands for.
func (r *resolver) value(n *yaml.Node) (*yaml.Node, error) {
	if name, arg, ok := intrinsic(n); ok {
		return r.call(n, name, arg)
	}
	if n.Kind == yaml.ScalarNode {
		return n, nil
	}
	out := *n
	out.Content = nil
	step, first := 1, 0
	if n.Kind == yaml.MappingNode {
		step, first = 2, 1
	}
	for i := first; i < len(n.Content); i += step {
		v, err := r.value(n.Content[i])
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		if step == 2 {
			out.Content = append(out.Content, n.Content[i-1])
		}
		out.Content = append(out.Content, v)
	}
	return &out, nil
}

func (r *resolver) call(n *yaml.Node, name string, arg *yaml.Node) (*yaml.Node, error) {
	switch name {
	case "Ref":
		return r.ref(n, arg.Value)
	case "Fn::GetAtt":
		return r.getAtt(n, arg)
	case "Fn::Sub":
		return r.sub(n, arg)
	case "Fn::Join":
		return r.join(n, arg)
	case "Fn::Split":
		return r.split(n, arg)
	case "Fn::Select":
		return r.pick(n, arg)
	case "Fn::FindInMap":
		return r.findInMap(n, arg)
	case "Fn::If":
		parts, err := r.args(n, name, arg, 3)
		if err != nil {
			return nil, err
		}
		holds, err := r.named(parts[0])
		if err != nil {
			return nil, err
		}
		if holds {
			return r.value(parts[1])
		}
		return r.value(parts[2])
	case "Fn::Equals", "Fn::Not", "Fn::And", "Fn::Or", "Condition":
		holds, err := r.holds(n)
		if err != nil {
			return nil, err
		}
		return scalar(strconv.FormatBool(holds), n), nil
	case "Fn::ImportValue":
		return nil, r.errorf(n, "intrinsic %s: another stack's export has no value on this machine", name)
	}
	return nil, r.errorf(n, "intrinsic %s is not known", name)
}

func (r *resolver) args(n *yaml.Node, name string, arg *yaml.Node, want int) ([]*yaml.Node, error) {
	if arg.Kind != yaml.SequenceNode || len(arg.Content) != want {
		return nil, r.errorf(n, "%s wants a list of %d", name, want)
	}
	return arg.Content, nil
}

// text resolves a node that must give a scalar.
func (r *resolver) text(n *yaml.Node) (string, error) {
	v, err := r.value(n)
	if err != nil {
		return "", err
	}
	if v == nil || v.Kind != yaml.ScalarNode {
		return "", r.errorf(n, "want a single value, got %s", describe(n))
	}
	return v.Value, nil
}

// sub resolves Fn::Sub in both forms: text, or a list of text and a mapping.
func (r *resolver) sub(n, arg *yaml.Node) (*yaml.Node, error) {
	form, own := arg, (*yaml.Node)(nil)
	if arg.Kind == yaml.SequenceNode {
		parts, err := r.args(n, "Fn::Sub", arg, 2)
		if err != nil {
			return nil, err
		}
		form, own = parts[0], parts[1]
	}
	if form.Kind != yaml.ScalarNode {
		return nil, r.errorf(n, "Fn::Sub wants a text")
	}
	var out strings.Builder
	rest := form.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if !found {
			return scalar(out.String(), n), nil
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed {
			return nil, r.errorf(n, "Fn::Sub: ${%s is not closed", after)
		}
		rest = tail
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			out.WriteString("${" + literal + "}")
			continue
		}
		name = strings.TrimSpace(name)
		v, err := r.variable(n, own, name)
		if err != nil {
			return nil, err
		}
		if v == nil || v.Kind != yaml.ScalarNode {
			return nil, r.errorf(n, "Fn::Sub: %s is not a single value", name)
		}
		out.WriteString(v.Value)
	}
}

func (r *resolver) variable(n, own *yaml.Node, name string) (*yaml.Node, error) {
	if v := field(own, name); v != nil {
		return r.value(v)
	}
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return r.attribute(n, id, attribute)
	}
	return r.ref(n, name)
}

func (r *resolver) join(n, arg *yaml.Node) (*yaml.Node, error) {
	parts, err := r.args(n, "Fn::Join", arg, 2)
	if err != nil {
		return nil, err
	}
	list, err := r.value(parts[1])
	if err != nil {
		return nil, err
	}
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil, r.errorf(n, "Fn::Join wants a list to join")
	}
	var texts []string
	for _, c := range list.Content {
		if c.Kind != yaml.ScalarNode {
			return nil, r.errorf(n, "Fn::Join joins single values only")
		}
		texts = append(texts, c.Value)
	}
	return scalar(strings.Join(texts, parts[0].Value), n), nil
}

func (r *resolver) split(n, arg *yaml.Node) (*yaml.Node, error) {
	parts, err := r.args(n, "Fn::Split", arg, 2)
	if err != nil {
		return nil, err
	}
	text, err := r.text(parts[1])
	if err != nil {
		return nil, err
	}
	out := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: n.Line}
	for _, t := range strings.Split(text, parts[0].Value) {
		out.Content = append(out.Content, scalar(t, n))
	}
	return out, nil
}

func (r *resolver) pick(n, arg *yaml.Node) (*yaml.Node, error) {
	parts, err := r.args(n, "Fn::Select", arg, 2)
	if err != nil {
		return nil, err
	}
	index, err := r.text(parts[0])
	if err != nil {
		return nil, err
	}
	list, err := r.value(parts[1])
	if err != nil {
		return nil, err
	}
	i, err := strconv.Atoi(index)
	if err != nil || list == nil || list.Kind != yaml.SequenceNode || i < 0 || i >= len(list.Content) {
		return nil, r.errorf(n, "Fn::Select: no element %s", index)
	}
	return list.Content[i], nil
}

func (r *resolver) findInMap(n, arg *yaml.Node) (*yaml.Node, error) {
	parts, err := r.args(n, "Fn::FindInMap", arg, 3)
	if err != nil {
		return nil, err
	}
	at, path := r.sections["Mappings"], ""
	for _, p := range parts {
		key, err := r.text(p)
		if err != nil {
			return nil, err
		}
		path += "/" + key
		if at = field(at, key); at == nil {
			return nil, r.errorf(n, "Fn::FindInMap: no %s in Mappings", path)
		}
	}
	return at, nil
}
