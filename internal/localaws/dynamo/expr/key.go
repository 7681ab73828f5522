package expr

import (
	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// Keys names the key attributes of a table or index.
type Keys struct {
	Hash, Range         string // Range is empty if there is no sort key
	HashKind, RangeKind attr.Kind
}

// Range is what a key condition asks for: one partition, and in it the sort keys
// that Op selects. Op is empty for all of them, or "=", "<", "<=", ">", ">=",
// "BETWEEN" (Low to High) or "begins_with" (Low).
type Range struct {
	Hash      attr.Value
	Op        string
	Low, High attr.Value
}

const keyLabel = "KeyConditionExpression"

// Keys parses a KeyConditionExpression, puts names and values in place and reads
// it as a range of the keys.
func (c *Cache) Keys(text string, env *Env, keys Keys) (Range, error) {
	var r Range
	cond, err := c.Condition(keyLabel, text)
	if err != nil {
		return r, err
	}
	test, err := cond.Bind(env)
	if err != nil {
		return r, err
	}
	p := &parser{label: keyLabel}
	var parts []node
	if err := conjuncts(p, test.root, &parts); err != nil {
		return r, err
	}
	named := map[string]bool{}
	for _, n := range parts {
		named[n.args[0].path[0].Name] = true
	}
	size := 1
	if keys.Range != "" {
		size = 2
	}
	switch {
	case len(parts) > 2 && len(parts) == len(named):
		return r, wire.Validation("The number of query conditions (%d) exceeds the number of key attributes defined in the schema (%d)", len(parts), size)
	case len(parts) > len(named):
		return r, p.failf("KeyConditionExpressions must only contain one condition per key")
	case !named[keys.Hash]:
		return r, wire.Validation("Query condition missed key schema element: %s", keys.Hash)
	case size == 1 && len(parts) > 1:
		return r, wire.Validation("Query key condition not supported")
	case len(parts) > 1 && !named[keys.Range]:
		return r, wire.Validation("Query condition missed key schema element: %s", keys.Range)
	}
	for _, n := range parts {
		name, kind := n.args[0].path[0].Name, keys.RangeKind
		if name == keys.Hash {
			if kind = keys.HashKind; n.op != "=" {
				return r, wire.Validation("Query key condition not supported")
			}
			r.Hash = n.args[1].value
		} else {
			r.Op, r.Low = n.op, n.args[1].value
			if n.op == "BETWEEN" {
				r.High = n.args[2].value
			}
		}
		for _, v := range n.args[1:] {
			if v.value.Kind != kind {
				return r, wire.Validation("One or more parameter values were invalid: Condition parameter type does not match schema type")
			}
			if v.value.Text == "" && n.op != "begins_with" {
				return r, wire.Validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: %s", name)
			}
		}
	}
	return r, nil
}

// flipped is the comparison with its sides changed.
var flipped = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// conjuncts takes a condition apart at its ANDs and turns each part so that the
// key attribute stands first.
func conjuncts(p *parser, n node, parts *[]node) error {
	switch n.op {
	case "AND":
		for _, a := range n.args {
			if err := conjuncts(p, a, parts); err != nil {
				return err
			}
		}
		return nil
	case "=", "<", "<=", ">", ">=", "BETWEEN", "begins_with":
	default:
		return p.failf("Invalid operator used in KeyConditionExpression: %s", n.op)
	}
	if n.args[0].op == opValue && n.args[1].op == opPath {
		switch {
		case n.op == "begins_with":
			return p.failf("The first operand for the function begins_with must be a key attribute")
		case len(n.args) == 2:
			n = node{op: flipped[n.op], args: []node{n.args[1], n.args[0]}}
		}
	}
	attributes := 0
	for _, a := range n.args {
		switch {
		case a.op == "size":
			return p.failf("KeyConditionExpressions cannot contain nested operations")
		case a.op == opPath && len(a.path) > 1:
			return p.failf("KeyConditionExpressions cannot have conditions on nested attributes")
		case a.op == opPath:
			attributes++
		}
	}
	switch {
	case attributes > 1:
		return p.failf("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
	case attributes == 0:
		return p.failf("Invalid condition in KeyConditionExpression: No key attribute specified")
	case n.args[0].op != opPath:
		return p.failf("Invalid condition in KeyConditionExpression: the key attribute must be the first operand of %s", n.op)
	}
	*parts = append(*parts, n)
	return nil
}
