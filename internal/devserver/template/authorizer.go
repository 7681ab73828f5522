package template

import (
	"slices"
	"strings"
	"time"

	"omnihub/internal/devserver/role"
)

// Authorizer decides whether a request may reach its function: by a token, or by asking
// another function.
type Authorizer struct {
	Name     string
	Sources  []IdentitySource
	JWT      *JWT          // nil if a function is asked
	Function string        // logical id of the function that is asked; "" with JWT
	TTL      time.Duration // for which a function's answer is kept; 0 = not at all
	Scopes   []string      // of a JWT authorizer's routes that name none
}

// JWT says whose tokens a JWT authorizer accepts, and for whom.
type JWT struct {
	Issuer   string
	Audience []string
}

// IdentitySource is where an authorizer finds who asks.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
type IdentitySource struct {
	Kind string // SourceHeader, SourceQuery, SourceContext or SourceStage
	Name string
}

// The kinds of identity sources, as their expressions begin.
const (
	SourceHeader  = "$request.header."
	SourceQuery   = "$request.querystring."
	SourceContext = "$context."
	SourceStage   = "$stageVariables."
)

// contexts are the context variables that are played as identity sources.
var contexts = []string{"apiId", "domainName", "httpMethod", "identity.sourceIp", "identity.userAgent", "path", "protocol", "routeKey", "stage"}

// Authorizer finds an authorizer by its name, or nil.
func (a *API) Authorizer(name string) *Authorizer {
	for i := range a.Authorizers {
		if a.Authorizers[i].Name == name {
			return &a.Authorizers[i]
		}
	}
	return nil
}

// readAuth reads the authorizers of the API.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-httpapiauth.html
func (r *resolver) readAuth(a *httpAPI, auth *object) {
	list := auth.object("Authorizers")
	for _, name := range list.keys() {
		o := list.object(name)
		if o.has("JwtConfiguration") {
			a.Authorizers = append(a.Authorizers, jwtAuthorizer(name, o))
		} else {
			a.Authorizers = append(a.Authorizers, r.lambdaAuthorizer(a, name, o))
		}
	}
	a.standard = auth.text("DefaultAuthorizer", "")
	if a.standard != "" && a.Authorizer(a.standard) == nil {
		auth.fail(auth.get("DefaultAuthorizer"), "there is no authorizer %s", a.standard)
	}
	_ = auth.done()
}

// jwtAuthorizer reads an authorizer that looks at a token.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-oauth2authorizer.html
func jwtAuthorizer(name string, o *object) Authorizer {
	c := o.object("JwtConfiguration")
	out := Authorizer{Name: name, Scopes: o.texts("AuthorizationScopes"),
		JWT: &JWT{Issuer: c.text("issuer", ""), Audience: slices.DeleteFunc(c.texts("audience"), func(a string) bool { return a == "" })}}
	switch n := len(out.JWT.Audience); {
	case out.JWT.Issuer == "":
		c.fail(nil, "issuer is missing")
	case n == 0 || n > 50:
		c.fail(c.get("audience"), "audience wants a list of 1 to 50")
	}
	_ = c.done()
	expression := o.text("IdentitySource", "")
	s, ok := source(expression)
	if !ok || s.Kind != SourceHeader && s.Kind != SourceQuery {
		o.fail(o.get("IdentitySource"), "IdentitySource %q is not one: write $request.header.NAME or $request.querystring.NAME", expression)
	}
	out.Sources = []IdentitySource{s}
	_ = o.done()
	return out
}

// source reads the expression of an identity source.
func source(expression string) (IdentitySource, bool) {
	for _, kind := range []string{SourceHeader, SourceQuery, SourceContext, SourceStage} {
		if name, ok := strings.CutPrefix(expression, kind); ok {
			return IdentitySource{kind, name}, name != "" && (kind != SourceContext || slices.Contains(contexts, name))
		}
	}
	return IdentitySource{}, false
}

// lambdaAuthorizer reads an authorizer that asks a function.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-lambdaauthorizer.html
func (r *resolver) lambdaAuthorizer(a *httpAPI, name string, o *object) Authorizer {
	out := Authorizer{Name: name}
	arn := o.text("FunctionArn", "")
	for _, id := range r.order {
		if res := r.resources[id]; res.kind == typeFunction {
			if own, err := r.attribute(o.node, id, "Arn"); err == nil && own.Value == arn {
				out.Function = id
			}
		}
	}
	if out.Function == "" {
		o.fail(o.get("FunctionArn"), "FunctionArn %s is of no function of this template", arn)
	}
	o.one("AuthorizerPayloadFormatVersion", "", "2.0")
	if !o.flag("EnableSimpleResponses", false) {
		o.fail(o.get("EnableSimpleResponses"), "EnableSimpleResponses must be true: answers with policies are not played")
	}
	identity := o.object("Identity")
	for _, s := range []struct{ property, kind string }{{"Headers", SourceHeader}, {"QueryStrings", SourceQuery}, {"Context", SourceContext}, {"StageVariables", SourceStage}} {
		for _, n := range identity.texts(s.property) {
			found, ok := source(s.kind + n)
			if !ok {
				identity.fail(identity.get(s.property), "%s %q is not known", s.property, n)
			}
			out.Sources = append(out.Sources, found)
		}
	}
	// AWS documents 300 as what holds without it for REST APIs, and nothing for these.
	if out.TTL = identity.seconds("ReauthorizeEvery", 0, 0, 3600); len(out.Sources) > 0 && !identity.has("ReauthorizeEvery") {
		identity.fail(nil, "ReauthorizeEvery is missing: the seconds for which an answer is kept, 0 for not at all")
	}
	if out.TTL > 0 && len(out.Sources) == 0 {
		identity.fail(identity.get("ReauthorizeEvery"), "answers can only be kept by an identity source, and there is none")
	}
	_ = identity.done()
	a.invokers[name] = o.get("FunctionInvokeRole")
	if !o.flag("EnableFunctionDefaultPermissions", false) && a.invokers[name] == nil && !r.mayBeInvoked(arn, out.Function) {
		o.fail(nil, "the API may not call the function: write EnableFunctionDefaultPermissions, FunctionInvokeRole or an AWS::Lambda::Permission")
	}
	_ = o.done()
	return out
}

// mayBeInvoked reports whether a permission of the template lets API Gateway call the
// function.
func (r *resolver) mayBeInvoked(arn, function string) bool {
	for _, id := range r.order {
		res := r.resources[id]
		if res.kind != typePermission {
			continue
		}
		o, err := r.properties(id, field(res.node, "Properties"))
		if err != nil {
			continue
		}
		name := o.text("FunctionName", "")
		if o.text("Action", "") == "lambda:InvokeFunction" && o.text("Principal", "") == "apigateway.amazonaws.com" &&
			(name == arn || name == r.resources[function].name) {
			return true
		}
	}
	return false
}

// checkInvokers holds the roles by which authorizers call their functions to what they
// allow.
func (r *resolver) checkInvokers(m *Model, a *httpAPI, roles map[string]role.Policy) error {
	for _, own := range a.Authorizers {
		n := a.invokers[own.Name]
		if n == nil {
			continue
		}
		policy, ok := roles[n.Value]
		if !ok {
			return r.errorf(n, "%s: authorizer %s: role %s is not in this template", a.ID, own.Name, n.Value)
		}
		if f := m.Function(own.Function); f != nil && !policy.Allows("lambda:InvokeFunction", f.ARN) {
			return r.errorf(n, "%s: authorizer %s: its FunctionInvokeRole does not allow lambda:InvokeFunction on %s", a.ID, own.Name, f.ARN)
		}
	}
	return nil
}

// authorize reads the Auth of a route.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapifunctionauth.html
func (a *httpAPI) authorize(route *Route, auth *object) {
	name := auth.text("Authorizer", a.standard)
	if name == "NONE" {
		name = ""
	}
	own := a.Authorizer(name)
	scopes := auth.texts("AuthorizationScopes")
	switch {
	case name == "":
		if len(scopes) > 0 {
			auth.fail(auth.get("AuthorizationScopes"), "AuthorizationScopes want an authorizer")
		}
	case own == nil:
		auth.fail(nil, "there is no authorizer %s", name)
	case own.JWT == nil && len(scopes) > 0:
		auth.fail(auth.get("AuthorizationScopes"), "AuthorizationScopes are for JWT authorizers, and %s is none", name)
	case auth.has("AuthorizationScopes"):
		route.Scopes = scopes
	default:
		route.Scopes = own.Scopes
	}
	if len(route.Scopes) > 10 {
		auth.fail(nil, "a route has 10 scopes at most")
	}
	route.Authorizer = name
	_ = auth.done()
}
