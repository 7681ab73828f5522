package expr

import (
	"sort"
	"strings"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// action is one clause of an update: SET path = value, REMOVE path, ADD path value,
// DELETE path value.
type action struct {
	verb  string
	path  Path
	value node
}

// Update is a parsed UpdateExpression.
type Update struct {
	actions []action
	refs    []string
}

const updateLabel = "UpdateExpression"

// Update parses an expression.
func (c *Cache) Update(text string) (*Update, error) {
	return cached(c, updateLabel, text, func(p *parser) (*Update, error) {
		actions, err := p.sections()
		operators := 0
		for i := range actions {
			operators += actions[i].value.operators()
		}
		if err == nil {
			err = p.countOperators(operators)
		}
		return &Update{actions, p.refs}, err
	})
}

func (p *parser) sections() ([]action, error) {
	var actions []action
	seen := map[string]bool{}
	for {
		verb := strings.ToUpper(p.peek().text)
		switch verb {
		case "SET", "REMOVE", "ADD", "DELETE":
			p.pos++
		default:
			if len(actions) == 0 {
				return nil, p.unexpected()
			}
			return actions, nil
		}
		if seen[verb] {
			return nil, p.failf(`The "%s" section can only be used once in an update expression;`, verb)
		}
		seen[verb] = true
		for {
			a, err := p.action(verb)
			if err != nil {
				return nil, err
			}
			actions = append(actions, a)
			if !p.sign(",") {
				break
			}
		}
	}
}

func (p *parser) action(verb string) (action, error) {
	path, err := p.path()
	a := action{verb: verb, path: path}
	if err != nil {
		return a, err
	}
	switch verb {
	case "SET":
		if err = p.expect("="); err == nil {
			a.value, err = p.sum()
		}
	case "ADD", "DELETE":
		if p.peek().kind != ':' {
			return a, p.unexpected()
		}
		a.value, err = p.leaf()
	}
	return a, err
}

// sum reads: operand [ ( + | - ) operand ], perhaps in parentheses.
func (p *parser) sum() (node, error) {
	left, err := p.operand()
	if err != nil {
		return left, err
	}
	for _, op := range []string{"+", "-"} {
		if p.sign(op) {
			right, err := p.operand()
			return node{op: op, args: []node{left, right}}, err
		}
	}
	return left, nil
}

func (p *parser) operand() (node, error) {
	if p.sign("(") {
		n, err := p.sum()
		if err == nil {
			err = p.expect(")")
		}
		if err == nil && n.paren {
			err = p.failf("The expression has redundant parentheses;")
		}
		n.paren = true
		return n, err
	}
	t := p.peek()
	if t.kind != 'w' || p.tokens[p.pos+1].text != "(" {
		return p.leaf()
	}
	if t.text != "if_not_exists" && t.text != "list_append" {
		if _, known := arity[t.text]; known {
			return node{}, p.failf("The function is not allowed in an update expression; function: %s", t.text)
		}
		return node{}, p.failf("Invalid function name; function: %s", t.text)
	}
	p.pos += 2
	n := node{op: t.text}
	for {
		arg, err := p.operand()
		if err != nil {
			return n, err
		}
		n.args = append(n.args, arg)
		if !p.sign(",") {
			break
		}
	}
	if len(n.args) != 2 {
		return n, p.failf("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.op, len(n.args))
	}
	if n.op == "list_append" && (n.args[0].op == n.op || n.args[1].op == n.op) {
		return n, p.failf("The function is not allowed to be used this way in an expression; function: %s", n.op)
	}
	if n.op == "if_not_exists" && n.args[0].op != opPath {
		return n, p.failf("Operator or function requires a document path; operator or function: if_not_exists")
	}
	return n, p.expect(")")
}

// Change is an update with its names and values in place.
type Change struct {
	actions []action
	paths   []Path
}

var longNames = map[attr.Kind]string{attr.S: "STRING", attr.N: "NUMBER", attr.B: "BINARY", attr.BOOL: "BOOLEAN",
	attr.NULL: "NULL", attr.L: "LIST", attr.M: "MAP"}

// Bind puts names and values in place, and checks the paths against one another
// and the types of the values.
func (u *Update) Bind(env *Env) (*Change, error) {
	if err := env.use(updateLabel, u.refs); err != nil {
		return nil, err
	}
	p := &parser{label: updateLabel}
	c := &Change{actions: make([]action, len(u.actions)), paths: make([]Path, len(u.actions))}
	for i, a := range u.actions {
		c.paths[i] = env.path(a.path)
		c.actions[i] = action{a.verb, c.paths[i], env.bind(a.value)}
		kind := c.actions[i].value.kind()
		switch {
		case a.verb == "SET":
			if err := checkSum(p, &c.actions[i].value); err != nil {
				return nil, err
			}
		case a.verb == "ADD" && kind != attr.N && !kind.IsSet(), a.verb == "DELETE" && !kind.IsSet():
			return nil, p.failf("Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
				a.verb, longNames[kind], a.verb)
		}
	}
	return c, disjoint(updateLabel, c.paths)
}

func checkSum(p *parser, n *node) error {
	want := attr.None
	switch n.op {
	case "+", "-":
		want = attr.N
	case "list_append":
		want = attr.L
	}
	for i := range n.args {
		if k := n.args[i].kind(); want != attr.None && k != attr.None && k != want {
			return p.failf("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", n.op, k)
		}
		if err := checkSum(p, &n.args[i]); err != nil {
			return err
		}
	}
	return nil
}

// TakesOnly tells that the change only removes attributes and members of sets, and
// so does not make an item where there is none.
func (c *Change) TakesOnly() bool {
	for _, a := range c.actions {
		if a.verb == "SET" || a.verb == "ADD" {
			return false
		}
	}
	return true
}

// Paths are the document paths that the change names.
func (c *Change) Paths() []Path { return c.paths }

var (
	errNoAttribute = wire.Validation("The provided expression refers to an attribute that does not exist in the item")
	errOperandType = wire.Validation("An operand in the update expression has an incorrect data type")
	errPath        = wire.Validation("The document path provided in the update expression is invalid for update")
)

// edit puts a value at a path, or takes away what is there if the kind is None.
type edit struct {
	path  Path
	value attr.Value
}

// Apply returns what the change makes of an item. Every operand is read from the
// item as it was. List elements are numbered as they were, too: what is set beyond
// the end is appended in the order of the indexes, and removals come last.
func (c *Change) Apply(it attr.Item) (attr.Item, error) {
	var sets, removes []edit
	for _, a := range c.actions {
		v, err := a.result(it)
		switch {
		case err != nil:
			return nil, err
		case v.Kind != attr.None:
			sets = append(sets, edit{a.path, v})
		case a.verb != "DELETE" || a.path.get(it).Kind != attr.None:
			removes = append(removes, edit{path: a.path})
		default: // DELETE from what is not there
			if err := a.path.checkParent(it); err != nil {
				return nil, err
			}
		}
	}
	sort.SliceStable(sets, func(i, j int) bool { return sets[i].path.before(sets[j].path) })
	sort.SliceStable(removes, func(i, j int) bool { return removes[j].path.before(removes[i].path) })
	root := attr.Value{Kind: attr.M, Map: it}
	for _, e := range append(sets, removes...) {
		var err error
		if root, err = e.in(root, e.path); err != nil {
			return nil, err
		}
	}
	return root.Map, nil
}

// before orders paths so that a smaller index of the same list comes first.
func (p Path) before(q Path) bool {
	for i := 0; i < len(p) && i < len(q); i++ {
		if p[i] != q[i] {
			return p[i].Name < q[i].Name || p[i].Name == q[i].Name && p[i].Index < q[i].Index
		}
	}
	return len(p) < len(q)
}

func (p Path) checkParent(it attr.Item) error {
	_, err := (edit{path: p}).in(attr.Value{Kind: attr.M, Map: it}, p)
	return err
}

// in makes the edit at a path inside a map or list.
func (e edit) in(v attr.Value, path Path) (attr.Value, error) {
	step, rest := path[0], path[1:]
	var child attr.Value
	switch {
	case step.Name != "" && v.Kind == attr.M:
		child = v.Map.Get(step.Name)
	case step.Name == "" && v.Kind == attr.L:
		if step.Index < len(v.List) {
			child = v.List[step.Index]
		}
	default:
		return v, errPath
	}
	if len(rest) == 0 {
		if e.value.Kind == attr.None && child.Kind == attr.None {
			return v, nil
		}
		child = e.value
	} else {
		if child.Kind == attr.None {
			return v, errPath
		}
		var err error
		if child, err = e.in(child, rest); err != nil {
			return v, err
		}
	}
	if v.Kind == attr.M {
		v.Map = v.Map.With(step.Name, child)
		return v, nil
	}
	at := min(step.Index, len(v.List))
	list := append(make([]attr.Value, 0, len(v.List)+1), v.List[:at]...)
	if child.Kind != attr.None {
		list = append(list, child)
	}
	if at < len(v.List) {
		list = append(list, v.List[at+1:]...)
	}
	v.List = list
	return v, nil
}

// result is the value that the action puts at its path; None to take it away.
func (a *action) result(it attr.Item) (attr.Value, error) {
	switch a.verb {
	case "REMOVE":
		return attr.Value{}, nil
	case "SET":
		return a.value.compute(it)
	}
	old, operand := a.path.get(it), a.value.value
	switch {
	case old.Kind == attr.None:
		if a.verb == "DELETE" {
			return old, nil
		}
		return operand, nil
	case old.Kind != operand.Kind:
		return old, errOperandType
	case a.verb == "DELETE":
		if left := attr.Minus(old, operand); len(left.List) > 0 {
			return left, nil
		}
		return attr.Value{}, nil
	case old.Kind == attr.N:
		return sum(old, operand, false)
	}
	return attr.Union(old, operand), nil
}

func sum(a, b attr.Value, minus bool) (attr.Value, error) {
	if a.Kind != attr.N || b.Kind != attr.N {
		return a, errOperandType
	}
	text, err := attr.Add(a.Text, b.Text, minus)
	return attr.Value{Kind: attr.N, Text: text}, err
}

// compute is the value of the right side of a SET.
func (n *node) compute(it attr.Item) (attr.Value, error) {
	switch n.op {
	case opValue:
		return n.value, nil
	case opPath:
		v := n.path.get(it)
		if v.Kind == attr.None {
			return v, errNoAttribute
		}
		return v, nil
	case "if_not_exists":
		if v := n.args[0].path.get(it); v.Kind != attr.None {
			return v, nil
		}
		return n.args[1].compute(it)
	}
	a, err := n.args[0].compute(it)
	if err != nil {
		return a, err
	}
	b, err := n.args[1].compute(it)
	if err != nil {
		return b, err
	}
	if n.op == "list_append" {
		if a.Kind != attr.L || b.Kind != attr.L {
			return a, errOperandType
		}
		return attr.Value{Kind: attr.L, List: append(append(make([]attr.Value, 0, len(a.List)+len(b.List)), a.List...), b.List...)}, nil
	}
	return sum(a, b, n.op == "-")
}
