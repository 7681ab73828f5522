package expr

// arity is the number of operands of every function of conditions.
var arity = map[string]int{
	"attribute_exists": 1, "attribute_not_exists": 1, "attribute_type": 2,
	"begins_with": 2, "contains": 2, "size": 1,
}

// Limits of an expression:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxOperators  = 300
	maxInOperands = 100 // of IN, with the one on its left
)

func isComparator(t token) bool {
	switch t.text {
	case "=", "<>", "<", "<=", ">", ">=":
		return t.kind == 's'
	}
	return false
}

// isOperand tells whether the node is something to compare, not a truth.
func (n *node) isOperand() bool { return n.op == opPath || n.op == opValue || n.op == "size" }

// condition reads: and { OR and }
func (p *parser) condition() (node, error) {
	n, err := p.chain("OR", func() (node, error) { return p.chain("AND", p.not) })
	if err == nil {
		err = p.countOperators(n.operators())
	}
	return n, err
}

func (p *parser) countOperators(n int) error {
	if n > maxOperators {
		return p.failf("The expression contains too many operators; operator count: %d", n)
	}
	return nil
}

// truth is a condition that must not be a bare operand.
func (p *parser) truth() (node, error) {
	n, err := p.condition()
	if err == nil {
		err = p.needTruth(&n)
	}
	return n, err
}

func (p *parser) needTruth(n *node) error {
	if n.op == "size" {
		return p.failf("The function is not allowed to be used this way in an expression; function: size")
	}
	if n.isOperand() {
		return p.unexpected()
	}
	return nil
}

func (p *parser) chain(op string, part func() (node, error)) (node, error) {
	n, err := part()
	for err == nil && p.keyword(op) {
		var right node
		if err = p.needTruth(&n); err != nil {
			break
		}
		if right, err = part(); err == nil {
			err = p.needTruth(&right)
		}
		if n.op == op && !n.paren {
			n.args = append(n.args, right)
		} else {
			n = node{op: op, args: []node{n, right}}
		}
	}
	return n, err
}

func (p *parser) not() (node, error) {
	if !p.keyword("NOT") {
		return p.comparison()
	}
	n, err := p.not()
	if err == nil {
		err = p.needTruth(&n)
	}
	return node{op: "NOT", args: []node{n}}, err
}

func (p *parser) comparison() (node, error) {
	left, err := p.atom()
	if err != nil {
		return left, err
	}
	t := p.peek()
	switch {
	case isComparator(t):
		p.pos++
		return p.operands(t.text, left, 1, nil)
	case p.keyword("BETWEEN"):
		return p.operands("BETWEEN", left, 2, func() error {
			if !p.keyword("AND") {
				return p.unexpected()
			}
			return nil
		})
	case p.keyword("IN"):
		if err := p.expect("("); err != nil {
			return left, err
		}
		n, err := p.operands("IN", left, -1, nil)
		if err == nil && len(n.args) > maxInOperands {
			err = p.failf("The IN operator is provided with too many operands; number of operands: %d", len(n.args))
		}
		if err == nil {
			err = p.expect(")")
		}
		return n, err
	}
	return left, nil
}

// operands reads count further operands, or a list of them if count is negative.
func (p *parser) operands(op string, left node, count int, between func() error) (node, error) {
	n := node{op: op, args: []node{left}}
	for {
		last := &n.args[len(n.args)-1]
		if !last.isOperand() {
			if _, ok := arity[last.op]; ok {
				return n, p.failf("The function is not allowed to be used this way in an expression; function: %s", last.op)
			}
			return n, p.unexpected()
		}
		switch {
		case len(n.args)-1 == count:
			return n, nil
		case count < 0 && len(n.args) > 1 && !p.sign(","):
			return n, nil
		case between != nil && len(n.args) > 1:
			if err := between(); err != nil {
				return n, err
			}
		}
		right, err := p.atom()
		if err != nil {
			return n, err
		}
		n.args = append(n.args, right)
	}
}

// atom reads a parenthesis, a function call, a value or a path.
func (p *parser) atom() (node, error) {
	if p.sign("(") {
		n, err := p.condition()
		if err == nil {
			err = p.expect(")")
		}
		if err == nil && n.paren {
			err = p.failf("The expression has redundant parentheses;")
		}
		n.paren = true
		return n, err
	}
	if n, ok, err := p.call(); ok || err != nil {
		return n, err
	}
	return p.leaf()
}

// leaf reads a value placeholder or a path.
func (p *parser) leaf() (node, error) {
	if t := p.peek(); t.kind == ':' {
		p.pos++
		p.refs = append(p.refs, t.text)
		return node{op: opValue, ref: t.text}, nil
	}
	path, err := p.path()
	return node{op: opPath, path: path}, err
}

// call reads a function of conditions, if a name and a parenthesis come next.
func (p *parser) call() (node, bool, error) {
	t := p.peek()
	if t.kind != 'w' || p.tokens[p.pos+1].text != "(" {
		return node{}, false, nil
	}
	want, known := arity[t.text]
	switch {
	case t.text == "if_not_exists" || t.text == "list_append":
		return node{}, false, p.failf("The function is not allowed in a condition expression; function: %s", t.text)
	case !known:
		return node{}, false, p.failf("Invalid function name; function: %s", t.text)
	}
	p.pos += 2
	n := node{op: t.text}
	for {
		arg, err := p.atom()
		if err != nil {
			return n, false, err
		}
		if !arg.isOperand() {
			return n, false, p.failf("The function is not allowed to be used this way in an expression; function: %s", arg.op)
		}
		n.args = append(n.args, arg)
		if !p.sign(",") {
			break
		}
	}
	if len(n.args) != want {
		return n, false, p.failf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
	}
	if (n.op == "attribute_exists" || n.op == "attribute_not_exists") && n.args[0].op != opPath {
		return n, false, p.failf("Operator or function requires a document path; operator or function: %s", n.op)
	}
	return n, true, p.expect(")")
}

// operators counts the operators and functions of a tree.
func (n *node) operators() int {
	if n.op == opPath || n.op == opValue || n.op == "" {
		return 0
	}
	count := 1
	if n.op == "AND" || n.op == "OR" {
		count = len(n.args) - 1
	}
	for i := range n.args {
		count += n.args[i].operators()
	}
	return count
}
