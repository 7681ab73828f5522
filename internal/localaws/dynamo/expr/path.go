package expr

import (
	"fmt"
	"strconv"
	"strings"

	"omnihub/internal/localaws/dynamo/attr"
)

// Step is one element of a document path: an attribute name, or an index of a list.
type Step struct {
	Name  string
	Index int // used if Name is empty
}

// Path is a document path: a.b[2].c
type Path []Step

func (p Path) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		if parts[i] = s.Name; s.Name == "" {
			parts[i] = fmt.Sprintf("[%d]", s.Index)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (p Path) equal(q Path) bool {
	if len(p) != len(q) {
		return false
	}
	for i := range p {
		if p[i] != q[i] {
			return false
		}
	}
	return true
}

// get follows a path in an item. Kind None means that nothing is there.
func (p Path) get(it attr.Item) attr.Value {
	v := it.Get(p[0].Name)
	for _, s := range p[1:] {
		switch {
		case s.Name != "" && v.Kind == attr.M:
			v = v.Map.Get(s.Name)
		case s.Name == "" && v.Kind == attr.L && s.Index < len(v.List):
			v = v.List[s.Index]
		default:
			return attr.Value{}
		}
	}
	return v
}

// path reads a document path. Placeholders of names stay in it until bind.
func (p *parser) path() (Path, error) {
	first, err := p.name()
	if err != nil {
		return nil, err
	}
	path := Path{first}
	for {
		switch {
		case p.sign("."):
			s, err := p.name()
			if err != nil {
				return nil, err
			}
			path = append(path, s)
		case p.sign("["):
			t := p.peek()
			n, err := strconv.Atoi(t.text)
			if t.kind != '0' || err != nil {
				return nil, p.unexpected()
			}
			p.pos++
			if err := p.expect("]"); err != nil {
				return nil, err
			}
			path = append(path, Step{Index: n})
		default:
			return path, nil
		}
	}
}

func (p *parser) name() (Step, error) {
	t := p.peek()
	switch t.kind {
	case 'w':
		if reserved[strings.ToUpper(t.text)] {
			return Step{}, p.failf("Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
	case '#':
		p.refs = append(p.refs, t.text)
	default:
		return Step{}, p.unexpected()
	}
	p.pos++
	return Step{Name: t.text}, nil
}

// disjoint checks that no path is, or lies in, another one, and that none uses as
// a list what another uses as a map.
func disjoint(label string, paths []Path) error {
	for i, p := range paths {
		for _, q := range paths[:i] {
			if err := apart(label, q, p); err != nil {
				return err
			}
		}
	}
	return nil
}

func apart(label string, p, q Path) error {
	f := &parser{label: label}
	for i := 0; i < len(p) && i < len(q); i++ {
		if (p[i].Name == "") != (q[i].Name == "") {
			return f.failf("Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", p, q)
		}
		if p[i] != q[i] {
			return nil
		}
	}
	return f.failf("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", p, q)
}
