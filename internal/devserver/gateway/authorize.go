package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"omnihub/internal/devserver/jwt"
	"omnihub/internal/devserver/template"
)

// authorizer decides whether a request may reach its function.
type authorizer interface {
	decide(ctx context.Context, route *template.Route, c *call, trace string) verdict
}

// verdict is an authorizer's decision.
type verdict struct {
	status    int    // 200, or the one of the refusal
	challenge string // header WWW-Authenticate of a refusal; "" = none
	why       string // for the log
	context   *authorization
}

// authorization is what an event says of its authorizer.
type authorization struct {
	JWT    *jwtContext      `json:"jwt,omitempty"`
	Lambda *json.RawMessage `json:"lambda,omitempty"`
}

type jwtContext struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"`
}

// authorizers makes those of the API, by name.
func (g *Gateway) authorizers(list []template.Authorizer) map[string]authorizer {
	out := map[string]authorizer{}
	for _, a := range list {
		if a.JWT != nil {
			out[a.Name] = &tokens{source: a.Sources[0], verifier: jwt.New(jwt.Config{Issuer: a.JWT.Issuer, Audience: a.JWT.Audience, Now: g.now})}
		} else {
			out[a.Name] = newAsked(g, a)
		}
	}
	return out
}

// authorize asks the authorizer of the route, if it has one. It answers the request and
// reports its status if that must not go on, else 200.
func (g *Gateway) authorize(ctx context.Context, w http.ResponseWriter, route *template.Route, c *call, trace string) int {
	if route.Authorizer == "" {
		return http.StatusOK
	}
	v := verdict{status: http.StatusInternalServerError, why: "there is no authorizer " + route.Authorizer}
	if a := g.authorizer[route.Authorizer]; a != nil {
		v = a.decide(ctx, route, c, trace)
	}
	if v.status == http.StatusOK {
		c.Context.Authorizer = v.context
		return http.StatusOK
	}
	g.log.Info("http", "refused by the authorizer "+route.Authorizer, "route", route.Key(), "status", v.status, "why", v.why)
	if v.challenge != "" {
		w.Header().Set("WWW-Authenticate", v.challenge)
	}
	return message(w, v.status, http.StatusText(v.status))
}

// tokens is a JWT authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
type tokens struct {
	source   template.IdentitySource
	verifier *jwt.Verifier
}

func (t *tokens) decide(ctx context.Context, route *template.Route, c *call, _ string) verdict {
	given := c.source(t.source)
	if given == "" {
		return verdict{status: http.StatusUnauthorized, challenge: "Bearer", why: "there is no token"}
	}
	token, err := t.verifier.Verify(ctx, strings.TrimPrefix(given, "Bearer "), route.Scopes)
	if err == nil {
		return verdict{status: http.StatusOK, context: &authorization{JWT: &jwtContext{token.Claims, token.Scopes}}}
	}
	refusal := &jwt.Refusal{Code: jwt.InvalidToken, Description: "the token could not be verified"}
	_ = errors.As(err, &refusal)
	v := verdict{status: http.StatusUnauthorized, why: refusal.Description,
		challenge: `Bearer scope="` + strings.Join(route.Scopes, " ") + `" error="` + refusal.Code + `" error_description="` + refusal.Description + `"`}
	if refusal.Code == jwt.InsufficientScope {
		v.status = http.StatusForbidden
	}
	return v
}

// source is the value that an identity source has in the call, or "".
func (c *call) source(s template.IdentitySource) string {
	switch s.Kind {
	case template.SourceHeader:
		name := strings.ToLower(s.Name)
		if name == "cookie" {
			return strings.Join(c.Cookies, "; ")
		}
		return c.Headers[name]
	case template.SourceQuery:
		return c.Query[s.Name]
	case template.SourceStage:
		return c.Stage[s.Name]
	}
	return map[string]string{
		"apiId": c.Context.APIID, "domainName": c.Context.DomainName, "httpMethod": c.Context.HTTP.Method,
		"identity.sourceIp": c.Context.HTTP.SourceIP, "identity.userAgent": c.Context.HTTP.UserAgent,
		"path": c.Context.HTTP.Path, "protocol": c.Context.HTTP.Protocol, "routeKey": c.RouteKey, "stage": c.Context.Stage,
	}[s.Name]
}
