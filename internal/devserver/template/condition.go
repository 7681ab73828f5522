package template

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// holds computes a condition function, or a reference to a named condition.
func (r *resolver) holds(n *yaml.Node) (bool, error) {
	name, arg, ok := intrinsic(n)
	if !ok && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "Condition" {
		name, arg, ok = "Condition", n.Content[1], true
	}
	if !ok {
		return false, r.errorf(n, "want a condition, got %s", describe(n))
	}
	switch name {
	case "Condition":
		return r.named(arg)
	case "Fn::Equals":
		parts, err := r.args(n, name, arg, 2)
		if err != nil {
			return false, err
		}
		a, err := r.text(parts[0])
		if err != nil {
			return false, err
		}
		b, err := r.text(parts[1])
		return a == b, err
	case "Fn::Not":
		parts, err := r.args(n, name, arg, 1)
		if err != nil {
			return false, err
		}
		v, err := r.holds(parts[0])
		return !v, err
	case "Fn::And", "Fn::Or":
		if arg.Kind != yaml.SequenceNode || len(arg.Content) < 2 || len(arg.Content) > 10 {
			return false, r.errorf(n, "%s wants a list of 2 to 10 conditions", name)
		}
		out := name == "Fn::And"
		for _, c := range arg.Content {
			v, err := r.holds(c)
			if err != nil {
				return false, err
			}
			if name == "Fn::And" {
				out = out && v
			} else {
				out = out || v
			}
		}
		return out, nil
	}
	return false, r.errorf(n, "%s is no condition", name)
}

// named looks up a condition of the section Conditions.
func (r *resolver) named(n *yaml.Node) (bool, error) {
	name := n.Value
	if v, ok := r.conditions[name]; ok {
		if v == nil {
			return false, r.errorf(n, "condition %s depends on itself", name)
		}
		return *v, nil
	}
	def := field(r.sections["Conditions"], name)
	if n.Kind != yaml.ScalarNode || def == nil {
		return false, r.errorf(n, "condition %s does not exist", describe(n))
	}
	r.conditions[name] = nil
	v, err := r.holds(def)
	if err != nil {
		return false, err
	}
	r.conditions[name] = &v
	return v, nil
}

// readParameters settles the value of every parameter.
func (r *resolver) readParameters() error {
	section := r.sections["Parameters"]
	for name := range r.o.Parameters {
		if field(section, name) == nil {
			return r.errorf(&yaml.Node{Line: 1}, "there is no parameter %s", name)
		}
	}
	if section == nil {
		return nil
	}
	for i := 0; i < len(section.Content); i += 2 {
		key, def := section.Content[i], section.Content[i+1]
		if def.Kind != yaml.MappingNode {
			return r.errorf(key, "parameter %s is not a mapping", key.Value)
		}
		v, err := r.parameter(key, def)
		if err != nil {
			return err
		}
		r.parameters[key.Value] = v
	}
	return nil
}

func (r *resolver) parameter(key, def *yaml.Node) (*yaml.Node, error) {
	for i := 0; i < len(def.Content); i += 2 {
		switch def.Content[i].Value {
		case "Type", "Default", "Description", "ConstraintDescription", "NoEcho", "AllowedValues",
			"AllowedPattern", "MinLength", "MaxLength", "MinValue", "MaxValue":
		default:
			return nil, r.errorf(def.Content[i], "parameter %s: property %s is not known", key.Value, def.Content[i].Value)
		}
	}
	kind := field(def, "Type")
	if kind == nil {
		return nil, r.errorf(key, "parameter %s has no Type", key.Value)
	}
	text, given := r.o.Parameters[key.Value]
	if !given {
		standard := field(def, "Default")
		if standard == nil {
			return nil, r.errorf(key, "parameter %s has no default: give it with -parameter %s=VALUE", key.Value, key.Value)
		}
		if text = standard.Value; standard.Kind != yaml.ScalarNode {
			return nil, r.errorf(standard, "parameter %s: the default must be a text", key.Value)
		}
	}
	if err := r.constrain(key, def, text); err != nil {
		return nil, err
	}
	switch kind.Value {
	case "String":
		return scalar(text, key), nil
	case "Number":
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, r.errorf(key, "parameter %s is no number", key.Value)
		}
		low, high := bound(def, "MinValue", math.Inf(-1)), bound(def, "MaxValue", math.Inf(1))
		if number < low || number > high {
			return nil, r.errorf(key, "parameter %s: the value is not between %g and %g", key.Value, low, high)
		}
		return scalar(text, key), nil
	case "CommaDelimitedList", "List<Number>":
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: key.Line}
		if text != "" {
			for _, t := range strings.Split(text, ",") {
				list.Content = append(list.Content, scalar(strings.TrimSpace(t), key))
			}
		}
		return list, nil
	}
	return nil, r.errorf(kind, "parameter %s: type %s is not known", key.Value, kind.Value)
}

// bound is the number in a property of a parameter, if it has it.
func bound(def *yaml.Node, name string, standard float64) float64 {
	if n := field(def, name); n != nil {
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return v
		}
	}
	return standard
}

func (r *resolver) constrain(key, def *yaml.Node, text string) error {
	if allowed := field(def, "AllowedValues"); allowed != nil {
		found := false
		for _, a := range allowed.Content {
			found = found || a.Value == text
		}
		if !found {
			return r.errorf(key, "parameter %s: the value is none of AllowedValues", key.Value)
		}
	}
	if pattern := field(def, "AllowedPattern"); pattern != nil {
		re, err := regexp.Compile("^(?:" + pattern.Value + ")$")
		if err != nil {
			return r.errorf(pattern, "parameter %s: AllowedPattern: %v", key.Value, err)
		}
		if !re.MatchString(text) {
			return r.errorf(key, "parameter %s: the value does not fit AllowedPattern", key.Value)
		}
	}
	for _, limit := range []struct {
		name string
		bad  func(n int) bool
	}{
		{"MinLength", func(n int) bool { return len(text) < n }},
		{"MaxLength", func(n int) bool { return len(text) > n }},
	} {
		v := field(def, limit.name)
		if v == nil {
			continue
		}
		n, err := strconv.Atoi(v.Value)
		if err != nil || limit.bad(n) {
			return r.errorf(key, "parameter %s: the value breaks %s %s", key.Value, limit.name, v.Value)
		}
	}
	return nil
}
