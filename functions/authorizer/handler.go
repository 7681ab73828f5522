package main

import (
	"context"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/hub"
	"omnihub/internal/team/apikey"
)

// handler tells the HTTP API whose key a program bears.
type handler struct {
	Gate *apikey.Gate
	Log  *slog.Logger
}

// Handle answers for the key in the Authorization header: payload format 2.0, with the
// simple response. The gateway keeps an answer by that header alone, whatever the route,
// so it says nothing of the path: the API holds the team in the path, and what the
// operation takes, against the context's team and scopes (which are parted by spaces).
// An error refuses the call with status 500.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
func (h *handler) Handle(ctx context.Context, e events.APIGatewayV2CustomAuthorizerV2Request) (events.APIGatewayV2CustomAuthorizerSimpleResponse, error) {
	var out events.APIGatewayV2CustomAuthorizerSimpleResponse
	if len(e.IdentitySource) != 1 {
		return out, nil
	}
	grant, ok, err := h.Gate.Admit(ctx, apikey.Bearer(e.IdentitySource[0]))
	if err != nil {
		h.Log.Error("key not read", "code", hub.CodeOf(err), "error", err)
		return out, err
	}
	if !ok {
		h.Log.Debug("key refused")
		return out, nil
	}
	out.IsAuthorized = true
	out.Context = map[string]any{"team": string(grant.Team), "key": grant.Key, "scopes": strings.Join(grant.Scopes, " ")}
	return out, nil
}
