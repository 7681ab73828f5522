package apigw

import (
	"context"
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/events"
)

// Caller is who calls, as the route's authorizer vouches for it. Nothing of it comes from
// headers that a client could write. It is empty on a route without an authorizer.
type Caller struct {
	// Claims are those of the token that a JWT authorizer accepted, each as text: numbers
	// as they were written ("exp":"1583352238"), a list as "[a b]".
	Claims map[string]string
	// Scopes are those of the token that the route asks for; nil if it asks for none.
	Scopes []string
	// Context is what a Lambda authorizer answered beside its yes; numbers are float64.
	Context map[string]any
}

// callerKey is the key of a Caller in a context.
type callerKey struct{}

// CallerOf is who makes the request that the context belongs to. The maps are the
// caller's own to change.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return Caller{Claims: maps.Clone(c.Claims), Scopes: slices.Clone(c.Scopes), Context: maps.Clone(c.Context)}
}

// WithCaller is a context of a request that the caller makes, for who calls a handler past
// the gateway.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// caller reads what the event says of its authorizer.
func caller(a *events.APIGatewayV2HTTPRequestContextAuthorizerDescription) Caller {
	var c Caller
	if a == nil {
		return c
	}
	if a.JWT != nil {
		c.Claims, c.Scopes = a.JWT.Claims, a.JWT.Scopes
	}
	c.Context = a.Lambda
	return c
}
