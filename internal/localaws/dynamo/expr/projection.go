package expr

import "omnihub/internal/localaws/dynamo/attr"

// Projection is a parsed ProjectionExpression.
type Projection struct {
	paths []Path
	refs  []string
}

const projectionLabel = "ProjectionExpression"

// Projection parses an expression.
func (c *Cache) Projection(text string) (*Projection, error) {
	return cached(c, projectionLabel, text, func(p *parser) (*Projection, error) {
		var paths []Path
		for {
			path, err := p.path()
			if err != nil {
				return nil, err
			}
			paths = append(paths, path)
			if !p.sign(",") {
				return &Projection{paths, p.refs}, nil
			}
		}
	})
}

// Bind puts the names in place; the paths must not overlap.
func (pr *Projection) Bind(env *Env) ([]Path, error) {
	if err := env.use(projectionLabel, pr.refs); err != nil {
		return nil, err
	}
	paths := make([]Path, len(pr.paths))
	for i, p := range pr.paths {
		paths[i] = env.path(p)
	}
	return paths, disjoint(projectionLabel, paths)
}

// Project returns the parts of an item that lie at the paths. The chosen elements
// of a list close up, in their order.
func Project(it attr.Item, paths []Path) attr.Item {
	return project(attr.Value{Kind: attr.M, Map: it}, paths).Map
}

func project(v attr.Value, paths []Path) attr.Value {
	out := attr.Value{Kind: v.Kind}
	below := func(name string, index int) (rest []Path) {
		for _, p := range paths {
			if p[0].Name == name && p[0].Index == index {
				rest = append(rest, p[1:])
			}
		}
		return rest
	}
	pick := func(child attr.Value, rest []Path) attr.Value {
		switch {
		case len(rest) == 0:
			return attr.Value{}
		case len(rest[0]) == 0:
			return child
		}
		return project(child, rest)
	}
	switch v.Kind {
	case attr.M:
		for _, f := range v.Map {
			if c := pick(f.Value, below(f.Name, 0)); c.Kind != attr.None {
				out.Map = append(out.Map, attr.Field{Name: f.Name, Value: c})
			}
		}
	case attr.L:
		for i, element := range v.List {
			if c := pick(element, below("", i)); c.Kind != attr.None {
				out.List = append(out.List, c)
			}
		}
	}
	if out.Map == nil && out.List == nil {
		return attr.Value{}
	}
	return out
}
