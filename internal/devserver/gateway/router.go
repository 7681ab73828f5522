package gateway

import (
	"strings"

	"omnihub/internal/devserver/template"
)

// router finds the route of a request.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
type router struct {
	routes   []pattern
	fallback *template.Route
}

type pattern struct {
	route template.Route
	parts []part
}

// part is one segment of a route's path.
type part struct {
	text string // literal text, or the parameter's name
	kind kind
}

type kind int

const (
	literal kind = iota
	single
	greedy
)

func newRouter(routes []template.Route) *router {
	r := &router{}
	for _, route := range routes {
		if route.Method == "" {
			r.fallback = &route
			continue
		}
		r.routes = append(r.routes, pattern{route, parse(route.Path)})
	}
	return r
}

func parse(path string) []part {
	var out []part
	for _, s := range strings.Split(path, "/")[1:] {
		name, isParameter := strings.CutPrefix(strings.TrimSuffix(s, "}"), "{")
		switch {
		case isParameter && strings.HasSuffix(name, "+"):
			out = append(out, part{strings.TrimSuffix(name, "+"), greedy})
		case isParameter:
			out = append(out, part{name, single})
		default:
			out = append(out, part{s, literal})
		}
	}
	return out
}

// find returns the most specific route for a decoded path: literal segments
// before parameters, parameters before greedy ones, then the method itself before
// ANY, and $default last.
func (r *router) find(method, path string) (*template.Route, map[string]string) {
	segments := strings.Split(path, "/")[1:]
	var best *pattern
	var found map[string]string
	for i := range r.routes {
		p := &r.routes[i]
		if p.route.Method != method && p.route.Method != "ANY" {
			continue
		}
		values, ok := p.match(segments)
		if ok && (best == nil || p.before(best)) {
			best, found = p, values
		}
	}
	if best != nil {
		return &best.route, found
	}
	return r.fallback, nil
}

func (p *pattern) match(segments []string) (map[string]string, bool) {
	var values map[string]string
	set := func(name, value string) bool {
		if values == nil {
			values = map[string]string{}
		}
		values[name] = value
		return value != ""
	}
	for i, part := range p.parts {
		if i >= len(segments) {
			return nil, false
		}
		switch part.kind {
		case greedy:
			ok := set(part.text, strings.Join(segments[i:], "/"))
			return values, ok
		case single:
			if !set(part.text, segments[i]) {
				return nil, false
			}
		case literal:
			if segments[i] != part.text {
				return nil, false
			}
		}
	}
	return values, len(segments) == len(p.parts)
}

// before reports whether p is more specific than q; both fit the same request.
func (p *pattern) before(q *pattern) bool {
	for i := 0; i < len(p.parts) && i < len(q.parts); i++ {
		if a, b := p.parts[i].kind, q.parts[i].kind; a != b {
			return a < b
		}
	}
	return p.route.Method != "ANY" && q.route.Method == "ANY"
}
