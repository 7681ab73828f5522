package api

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"omnihub/internal/hub"
)

// Route is one operation of the API. The table of all of them is Routes; the document
// says the same, and tests hold the two together.
type Route struct {
	Method string
	// Path begins with /v1. One below /v1/teams/{team} is served to programs under /open
	// before it too, if it has a scope.
	Path      string
	Operation string     // its name in the document, in logs and in cursors
	Access    Access     // who may call it at all
	Roles     []hub.Role // the members who may, with ForMembers
	Scope     string     // what a program's key must bear; "" = no program may
	Body      string     // the schema of its body; "" = it takes none
	Success   int        // the status of its answer
	IfMatch   bool       // it changes what has versions, and must name the one that it changes

	handle func(*API, context.Context, *call) (answer, error)
	// again tells of what the call did at an earlier try whose answer was lost, in the
	// place of handle; nil = handle may be called again.
	again func(*API, context.Context, *call) (answer, error)
	// seek finds what an earlier try has left; nil = audited does.
	seek func(*API, context.Context, *call) (traces, error)
}

// Access says whom a route serves.
type Access int

const (
	// ForMembers: members of the team in the path, and programs with a key of it.
	ForMembers Access = iota
	// ForPeople: whoever comes with a token, of any team or none.
	ForPeople
	// ForAll: everybody.
	ForAll
)

// openPrefix is where programs come in.
const openPrefix = "/open"

// router finds the route of a request.
type router struct{ root *node }

// node is a place in the tree of paths, by their segments.
type node struct {
	words   map[string]*node
	param   *node
	name    string // of the parameter that leads here
	methods map[string]*served
}

// served is a route as it is reached by one path.
type served struct {
	*Route
	open bool // by a program's path
}

var paramForm = regexp.MustCompile(`^\{([a-z]+)\}$`)

// compile makes the router of a table. An error for a route that two ways lead to, that
// nobody may call, or whose parameters have no form: nothing is served by mistake.
func compile(routes []Route) (*router, error) {
	r := &router{root: &node{}}
	seen := map[string]bool{}
	for i := range routes {
		route := &routes[i]
		if err := route.check(); err != nil {
			return nil, err
		}
		if seen[route.Operation] {
			return nil, fmt.Errorf("api: operation %s stands in the table twice", route.Operation)
		}
		seen[route.Operation] = true
		if err := r.add(route.Path, &served{Route: route}); err != nil {
			return nil, err
		}
		if route.Scope == "" {
			continue
		}
		if err := r.add(openPrefix+route.Path, &served{Route: route, open: true}); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Route) check() error {
	team := strings.HasPrefix(r.Path, "/v1/teams/{team}")
	switch {
	case r.Operation == "" || r.handle == nil || r.Success == 0:
		return fmt.Errorf("api: route %s %s is not complete", r.Method, r.Path)
	case r.Access == ForMembers && (len(r.Roles) == 0 || !team):
		return fmt.Errorf("api: route %s has no roles, or no team: nobody may call it", r.Operation)
	case r.Access != ForMembers && (len(r.Roles) > 0 || r.Scope != "" || team):
		return fmt.Errorf("api: route %s is not for members only, and must name no roles, scope or team", r.Operation)
	}
	for _, role := range r.Roles {
		if !slices.Contains(hub.Roles(), role) {
			return fmt.Errorf("api: route %s names the role %q, which there is not", r.Operation, role)
		}
	}
	return nil
}

func (r *router) add(path string, s *served) error {
	at := r.root
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if m := paramForm.FindStringSubmatch(segment); m != nil {
			if forms[m[1]] == nil {
				return fmt.Errorf("api: %s: the parameter %s has no form", path, segment)
			}
			if at.param == nil {
				at.param = &node{name: m[1]}
			}
			if at.param.name != m[1] {
				return fmt.Errorf("api: %s: the parameter %s stands where another one does", path, segment)
			}
			at = at.param
			continue
		}
		if at.words == nil {
			at.words = map[string]*node{}
		}
		if at.words[segment] == nil {
			at.words[segment] = &node{}
		}
		at = at.words[segment]
	}
	if at.methods == nil {
		at.methods = map[string]*served{}
	}
	if at.methods[s.Method] != nil {
		return fmt.Errorf("api: %s %s stands in the table twice", s.Method, path)
	}
	at.methods[s.Method] = s
	return nil
}

// find finds the route of a request, with the parameters of its path by their names.
// The route is nil if the path has none, or, with allow, none of this method. Path is as
// it came, not unescaped.
func (r *router) find(method, path string) (s *served, params map[string]string, allow string) {
	at, params := r.root, map[string]string{}
	rest, ok := strings.CutPrefix(path, "/")
	if !ok {
		return nil, nil, ""
	}
	for segment := range strings.SplitSeq(rest, "/") {
		text, err := url.PathUnescape(segment)
		if err != nil {
			return nil, nil, ""
		}
		switch {
		case at.words[text] != nil:
			at = at.words[text]
		case at.param != nil && text != "":
			at = at.param
			params[at.name] = text
		default:
			return nil, nil, ""
		}
	}
	if s = at.methods[method]; s != nil || len(at.methods) == 0 {
		return s, params, ""
	}
	var methods []string
	for m := range at.methods {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	return nil, nil, strings.Join(methods, ", ")
}

// forms are those of the parameters of paths. An id of another form is not looked up: it
// answers as one that there is not.
var forms = map[string]*regexp.Regexp{
	"team":       regexp.MustCompile(`^[a-z0-9]{2,24}$`),
	"connection": regexp.MustCompile(`^[a-z0-9]{2,26}$`),
	"account":    regexp.MustCompile(`^[a-z0-9]{2,26}$`),
	"thread":     regexp.MustCompile(`^[a-z2-7]{32}$`),
	"contact":    regexp.MustCompile(`^[a-z2-7]{32}$`),
	"other":      regexp.MustCompile(`^[a-z2-7]{32}$`),
	"entry":      regexp.MustCompile(`^[a-z2-7]{32}$`),
	"erasure":    regexp.MustCompile(`^[a-z2-7]{26}$`),
	"member":     regexp.MustCompile(`^[a-z2-7]{26}$`),
	"key":        regexp.MustCompile(`^[a-z2-7]{16}$`),
	"tag":        regexp.MustCompile(`^[a-z2-7]{20}$`),
	"attribute":  regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`),
	"module":     regexp.MustCompile(`^[a-z2-7]{16}$`),
	"version":    regexp.MustCompile(`^[1-9][0-9]{0,8}$`),
	"activity":   regexp.MustCompile(`^[a-z0-9]{2,26}$`),
	"picture":    regexp.MustCompile(`^[a-z2-7]{32}$`),
}

// formed tells whether all parameters of a path have their forms.
func formed(params map[string]string) bool {
	for name, v := range params {
		if !forms[name].MatchString(v) {
			return false
		}
	}
	return true
}
