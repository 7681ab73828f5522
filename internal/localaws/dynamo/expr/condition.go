package expr

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"omnihub/internal/localaws/dynamo/attr"
)

// Condition is a parsed ConditionExpression or FilterExpression.
type Condition struct {
	label string
	root  node
	refs  []string
}

// Condition parses an expression; label names the request's member for the errors.
func (c *Cache) Condition(label, text string) (*Condition, error) {
	return cached(c, label, text, func(p *parser) (*Condition, error) {
		root, err := p.truth()
		return &Condition{label, root, p.refs}, err
	})
}

// Test is a condition with its names and values in place.
type Test struct{ root node }

// Bind puts names and values in place and checks the types of the operands that
// are known before any item is.
func (c *Condition) Bind(env *Env) (*Test, error) {
	if err := env.use(c.label, c.refs); err != nil {
		return nil, err
	}
	t := &Test{env.bind(c.root)}
	return t, check(&parser{label: c.label}, &t.root)
}

// Paths calls each for every path in the condition.
func (t *Test) Paths(each func(Path)) { t.root.paths(each) }

func (n *node) paths(each func(Path)) {
	if n.op == opPath {
		each(n.path)
	}
	for i := range n.args {
		n.args[i].paths(each)
	}
}

// kind is the type of a node as far as it is known without an item.
func (n *node) kind() attr.Kind {
	switch n.op {
	case opValue:
		return n.value.Kind
	case "size":
		return attr.N
	}
	return attr.None
}

func check(p *parser, n *node) error {
	for i := range n.args {
		if err := check(p, &n.args[i]); err != nil {
			return err
		}
	}
	switch n.op {
	case "=", "<>", "<", "<=", ">", ">=", "begins_with", "contains", "BETWEEN", "IN":
		for _, other := range n.args[1:] {
			if n.args[0].op == opPath && other.op == opPath && n.args[0].path.equal(other.path) {
				return p.failf("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", n.op, other.path)
			}
		}
	}
	var allowed string
	switch n.op {
	case "<", "<=", ">", ">=", "BETWEEN":
		allowed = "S N B"
	case "begins_with":
		allowed = "S B"
	case "size":
		allowed = "S B SS NS BS L M"
	case "attribute_type":
		return checkTypeName(p, n)
	default:
		return nil
	}
	for i := range n.args {
		if k := n.args[i].kind(); k != attr.None && !strings.Contains(" "+allowed+" ", " "+k.String()+" ") {
			return p.failf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, k)
		}
	}
	if n.op == "BETWEEN" && n.args[1].op == opValue && n.args[2].op == opValue {
		return checkBounds(p, n.args[1].value, n.args[2].value)
	}
	return nil
}

func checkTypeName(p *parser, n *node) error {
	name := n.args[1]
	if name.kind() != attr.S {
		kind := name.kind().String()
		if kind == "" {
			kind = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
		}
		return p.failf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, kind)
	}
	if attr.KindOf(name.value.Text) == attr.None {
		return p.failf("Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", name.value.Text)
	}
	return nil
}

func checkBounds(p *parser, low, high attr.Value) error {
	order, same := low.Compare(high)
	what := "upper bound to be greater than or equal to lower bound"
	switch {
	case !same:
		what = "same data type for lower and upper bounds"
	case order <= 0:
		return nil
	}
	return p.failf("The BETWEEN operator requires %s; lower bound operand: AttributeValue: {%s:%s}, upper bound operand: AttributeValue: {%s:%s}",
		what, low.Kind, low.Text, high.Kind, high.Text)
}

// Match tells whether the condition holds for an item; nil stands for no item.
func (t *Test) Match(it attr.Item) bool { return t.root.truth(it) }

func (n *node) truth(it attr.Item) bool {
	switch n.op {
	case "AND":
		for i := range n.args {
			if !n.args[i].truth(it) {
				return false
			}
		}
		return true
	case "OR":
		for i := range n.args {
			if n.args[i].truth(it) {
				return true
			}
		}
		return false
	case "NOT":
		return !n.args[0].truth(it)
	}
	a := n.args[0].eval(it)
	switch n.op {
	case "attribute_exists":
		return a.Kind != attr.None
	case "attribute_not_exists":
		return a.Kind == attr.None
	case "IN":
		for i := range n.args[1:] {
			if equal(a, n.args[i+1].eval(it)) {
				return true
			}
		}
		return false
	case "BETWEEN":
		return ordered(">=", a, n.args[1].eval(it)) && ordered("<=", a, n.args[2].eval(it))
	}
	b := n.args[1].eval(it)
	switch n.op {
	case "=":
		return equal(a, b)
	case "<>":
		return !equal(a, b)
	case "attribute_type":
		return a.Kind != attr.None && a.Kind == attr.KindOf(b.Text)
	case "begins_with":
		return a.Kind == b.Kind && (a.Kind == attr.S || a.Kind == attr.B) && strings.HasPrefix(a.Text, b.Text)
	case "contains":
		if a.Kind == attr.S || a.Kind == attr.B {
			return a.Kind == b.Kind && strings.Contains(a.Text, b.Text)
		}
		return b.Kind != attr.None && a.Has(b)
	}
	return ordered(n.op, a, b)
}

// equal is false if either side is missing.
func equal(a, b attr.Value) bool { return a.Kind != attr.None && a.Equal(b) }

func ordered(op string, a, b attr.Value) bool {
	order, ok := a.Compare(b)
	if !ok {
		return false
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (n *node) eval(it attr.Item) attr.Value {
	switch n.op {
	case opPath:
		return n.path.get(it)
	case opValue:
		return n.value
	case "size":
		if size := length(n.args[0].eval(it)); size >= 0 {
			return attr.Value{Kind: attr.N, Text: strconv.Itoa(size)}
		}
	}
	return attr.Value{}
}

// length is what size() gives: UTF-16 units of a string, bytes of a binary value,
// elements of anything else; -1 for what has no size.
func length(v attr.Value) int {
	switch v.Kind {
	case attr.S:
		units := 0
		for _, r := range v.Text {
			units += utf16.RuneLen(r)
		}
		return units
	case attr.B:
		return len(v.Text)
	case attr.M:
		return len(v.Map)
	case attr.L, attr.SS, attr.NS, attr.BS:
		return len(v.List)
	}
	return -1
}
