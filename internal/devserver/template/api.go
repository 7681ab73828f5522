package template

import (
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// httpAPI is the HTTP API while its routes are being collected.
type httpAPI struct {
	API
	standard string                // default authorizer
	named    map[string]*yaml.Node // routes that the stage has settings for
	invokers map[string]*yaml.Node // FunctionInvokeRole by authorizer
}

// implicitAPI is the logical id of the API that SAM makes for events without an ApiId.
const implicitAPI = "ServerlessHttpApi"

// readAPI reads the one AWS::Serverless::HttpApi.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-httpapi.html
func (r *resolver) readAPI() (*httpAPI, error) {
	a := &httpAPI{invokers: map[string]*yaml.Node{}}
	var node, own *yaml.Node
	for _, id := range r.order {
		res := r.resources[id]
		if res.kind != typeHTTPAPI {
			continue
		}
		if a.ID != "" {
			return nil, r.errorf(res.node, "%s: a second HTTP API is not known (there is %s)", id, a.ID)
		}
		a.ID, node, own = id, res.node, field(res.node, "Properties")
	}
	if node == nil {
		if !r.wantsImplicitAPI() {
			return a, nil
		}
		a.ID = implicitAPI
		r.addImplicit(implicitAPI, typeHTTPAPI)
	}
	merged, err := r.globals("HttpApi", own)
	if err != nil {
		return nil, err
	}
	o, err := r.properties(a.ID+" ("+typeHTTPAPI+")", merged)
	if err != nil {
		return nil, err
	}
	o.one("StageName", "$default", "$default")
	r.readAuth(a, o.object("Auth"))
	variables := o.object("StageVariables")
	for _, name := range variables.keys() {
		if a.StageVariables == nil {
			a.StageVariables = map[string]string{}
		}
		a.StageVariables[name] = variables.text(name, "")
	}
	if err := a.readCORS(o); err != nil {
		return nil, err
	}
	a.readThrottles(o)
	return a, o.done("Name", "Description", "Tags", "PropagateTags", "FailOnWarnings", "AccessLogSettings", "Domain", "DisableExecuteApiEndpoint")
}

func (r *resolver) wantsImplicitAPI() bool {
	for _, id := range r.order {
		res := r.resources[id]
		events := field(field(res.node, "Properties"), "Events")
		if res.kind != typeFunction || events == nil {
			continue
		}
		for i := 1; i < len(events.Content); i += 2 {
			kind := field(events.Content[i], "Type")
			if kind != nil && kind.Value == "HttpApi" && field(field(events.Content[i], "Properties"), "ApiId") == nil {
				return true
			}
		}
	}
	return false
}

func (a *httpAPI) readCORS(o *object) error {
	n := o.get("CorsConfiguration")
	if n == nil {
		return nil
	}
	if n.Kind == yaml.ScalarNode {
		switch n.Value {
		case "false":
		case "true":
			a.CORS = &CORS{Origins: []string{"*"}}
		default:
			a.CORS = &CORS{Origins: []string{n.Value}}
		}
		return nil
	}
	c := o.object("CorsConfiguration")
	a.CORS = &CORS{
		Origins: c.texts("AllowOrigins"), Methods: c.texts("AllowMethods"), Headers: c.texts("AllowHeaders"),
		Expose: c.texts("ExposeHeaders"), MaxAge: c.number("MaxAge", 0, -1, 86400), Credentials: c.flag("AllowCredentials", false),
	}
	return c.done()
}

// addRoute reads an event of type HttpApi.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html
func (r *resolver) addRoute(a *httpAPI, function string, e *object) Route {
	if n := e.get("ApiId"); n != nil {
		if own := r.resources[a.ID]; own == nil || n.Value != own.name {
			e.fail(n, "ApiId is not the HTTP API of this template")
		}
	}
	route := Route{Function: function, Authorizer: a.standard}
	route.Method = strings.ToUpper(e.text("Method", ""))
	route.Path = e.text("Path", "")
	switch {
	case route.Path == "$default" || route.Path == "" && route.Method == "":
		route.Path, route.Method = "$default", ""
	case !strings.HasPrefix(route.Path, "/"):
		e.fail(e.node, "Path %q must start with /", route.Path)
	case route.Method == "X-AMAZON-APIGATEWAY-ANY-METHOD", route.Method == "*":
		route.Method = "ANY"
	case route.Method == "":
		e.fail(e.node, "Method is missing")
	}
	if problem := pathProblem(route.Path); problem != "" {
		e.fail(e.node, "Path %q: %s", route.Path, problem)
	}
	a.authorize(&route, e.object("Auth"))
	route.Timeout = time.Duration(e.number("TimeoutInMillis", 30000, 50, 30000)) * time.Millisecond
	e.one("PayloadFormatVersion", "2.0", "2.0")
	if e.has("RouteSettings") {
		a.readThrottle(e.object("RouteSettings"), route.Key())
	}
	_ = e.done()
	return route
}

// pathProblem says what is wrong with a route's path, or "".
func pathProblem(path string) string {
	if path == "$default" {
		return ""
	}
	parts := strings.Split(path[min(1, len(path)):], "/")
	names := map[string]bool{}
	for i, p := range parts {
		if !strings.ContainsAny(p, "{}") {
			continue
		}
		name, closed := strings.CutSuffix(strings.TrimPrefix(p, "{"), "}")
		greedy := strings.HasSuffix(name, "+")
		name = strings.TrimSuffix(name, "+")
		switch {
		case p[0] != '{' || !closed || name == "" || strings.ContainsAny(name, "{}+"):
			return "a parameter must be a whole segment"
		case greedy && i != len(parts)-1:
			return "a greedy parameter must be the last segment"
		case names[name]:
			return "parameter " + name + " stands twice"
		}
		names[name] = true
	}
	return ""
}
