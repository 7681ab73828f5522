package main

import (
	"context"
	"net"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/api"
	"omnihub/internal/apigw"
	"omnihub/internal/metric"
)

// handler is the function behind the HTTP API's routes /v1 and /open/v1.
type handler struct {
	API     http.Handler
	Metrics *metric.Meter
}

// Handle answers one request of the gateway (payload format 2.0). What goes wrong is told
// to the caller; an error would be an answer without words.
func (h *handler) Handle(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	defer h.Metrics.Flush()
	return apigw.Handler(h.API)(api.WithAddress(ctx, address(e)), e)
}

// address is the address at which the gateway took the request. The gateway answers at
// its own names only, and says itself by which of them it was called, and how; a port
// stands in the header alone.
func address(e events.APIGatewayV2HTTPRequest) string {
	host := e.RequestContext.DomainName
	if name, port, err := net.SplitHostPort(e.Headers["host"]); err == nil && name == host {
		host = net.JoinHostPort(host, port)
	}
	if host == "" {
		return ""
	}
	if e.Headers["x-forwarded-proto"] == "http" {
		return "http://" + host
	}
	return "https://" + host
}
