// Package expr reads and runs the expressions of DynamoDB: conditions and filters,
// key conditions, updates and projections. The grammar is that of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html;
// what the service refuses is refused here, with its words.
package expr

import (
	"sort"
	"strings"
	"sync"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// node is one element of an expression.
type node struct {
	op    string     // an operator, the name of a function, or one of the three below
	ref   string     // opValue: the placeholder
	path  Path       // opPath
	value attr.Value // opValue, once bound
	args  []node
	paren bool // stood in parentheses
}

const (
	opPath  = "path"
	opValue = "value"
)

// Env holds the placeholders of one request and what its expressions used of them.
type Env struct {
	Names  map[string]string
	Values attr.Item
	used   map[string]bool
}

// Check refuses placeholders that no expression could ever name.
func (e *Env) Check(hasExpressions bool) error {
	switch {
	case e.Names != nil && !hasExpressions:
		return wire.Validation("ExpressionAttributeNames can only be specified when using expressions")
	case e.Values != nil && !hasExpressions:
		return wire.Validation("ExpressionAttributeValues can only be specified when using expressions")
	case e.Names != nil && len(e.Names) == 0:
		return wire.Validation("ExpressionAttributeNames must not be empty")
	case e.Values != nil && len(e.Values) == 0:
		return wire.Validation("ExpressionAttributeValues must not be empty")
	}
	size := e.Values.Size()
	for key, name := range e.Names {
		size += len(key) + len(name)
		if len(name) > attr.MaxName {
			return wire.Validation("1 validation error detected: Value at 'expressionAttributeNames' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to 0]", attr.MaxName)
		}
		if !placeholder(key, '#') {
			return wire.Validation("ExpressionAttributeNames contains invalid key: Syntax error; key: \"%s\"", key)
		}
		if name == "" {
			return wire.Validation("ExpressionAttributeNames contains invalid value: Empty attribute name for key %s", key)
		}
	}
	for _, f := range e.Values {
		if !placeholder(f.Name, ':') {
			return wire.Validation("ExpressionAttributeValues contains invalid key: Syntax error; key: \"%s\"", f.Name)
		}
	}
	if size > maxVariables {
		return wire.Validation("The length of all substitution variables exceeds the maximum of %d bytes", maxVariables)
	}
	return nil
}

// Limits of the placeholders of one request, in bytes:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const (
	maxPlaceholder = 255 // with its sign
	maxVariables   = 2 << 20
)

func placeholder(key string, first byte) bool {
	if len(key) < 2 || len(key) > maxPlaceholder || key[0] != first {
		return false
	}
	for i := 1; i < len(key); i++ {
		if !isPart(key[i]) {
			return false
		}
	}
	return true
}

// Unused refuses placeholders that none of the bound expressions named.
func (e *Env) Unused() error {
	var names, values []string
	for key := range e.Names {
		if !e.used[key] {
			names = append(names, key)
		}
	}
	for _, f := range e.Values {
		if !e.used[f.Name] {
			values = append(values, f.Name)
		}
	}
	sort.Strings(names)
	if names != nil {
		return wire.Validation("Value provided in ExpressionAttributeNames unused in expressions: keys: {%s}", strings.Join(names, ", "))
	}
	if values != nil {
		return wire.Validation("Value provided in ExpressionAttributeValues unused in expressions: keys: {%s}", strings.Join(values, ", "))
	}
	return nil
}

// use checks that the placeholders are defined and notes them as used.
func (e *Env) use(label string, refs []string) error {
	f := &parser{label: label}
	for _, ref := range refs {
		if ref[0] == '#' {
			if _, ok := e.Names[ref]; !ok {
				return f.failf("An expression attribute name used in the document path is not defined; attribute name: %s", ref)
			}
		} else if e.Values.Get(ref).Kind == attr.None {
			return f.failf("An expression attribute value used in expression is not defined; attribute value: %s", ref)
		}
		if e.used == nil {
			e.used = make(map[string]bool, 8)
		}
		e.used[ref] = true
	}
	return nil
}

// path puts the names into a path. Call use first.
func (e *Env) path(p Path) Path {
	for i := range p {
		if strings.HasPrefix(p[i].Name, "#") {
			out := append(Path(nil), p...)
			for j := i; j < len(out); j++ {
				if strings.HasPrefix(out[j].Name, "#") {
					out[j].Name = e.Names[out[j].Name]
				}
			}
			return out
		}
	}
	return p
}

// bind copies a tree with names and values in place.
func (e *Env) bind(n node) node {
	switch n.op {
	case opPath:
		n.path = e.path(n.path)
	case opValue:
		n.value = e.Values.Get(n.ref)
	default:
		args := make([]node, len(n.args))
		for i := range n.args {
			args[i] = e.bind(n.args[i])
		}
		n.args = args
	}
	return n
}

// Cache keeps parsed expressions by their text, so that a program's few hundred
// expressions are parsed once. It is safe for concurrent use.
type Cache struct {
	mu     sync.RWMutex
	parsed map[string]any
}

// maxCached is how many texts a cache keeps before it starts again.
const maxCached = 4096

func cached[T any](c *Cache, label, text string, parse func(*parser) (T, error)) (T, error) {
	key := label + " " + text
	c.mu.RLock()
	hit, ok := c.parsed[key].(T)
	c.mu.RUnlock()
	if ok {
		return hit, nil
	}
	var none T
	p, err := newParser(label, text)
	if err != nil {
		return none, err
	}
	tree, err := parse(p)
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return none, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parsed == nil || len(c.parsed) >= maxCached {
		c.parsed = map[string]any{}
	}
	c.parsed[key] = tree
	return tree, nil
}
