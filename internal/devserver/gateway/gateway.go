// Package gateway plays the HTTP API of API Gateway with payload format 2.0: it
// finds the route of a request, hands it to the function as an event and writes
// the function's answer.
package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
)

// MaxBody is the largest body of a request, in bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const MaxBody = 10 << 20

// Invoker gives a function one event.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte, trace string) lambda.Result
}

// Config is what a gateway is made from.
type Config struct {
	API      template.API
	Account  string
	Function func(id string) Invoker
	Now      func() time.Time // the hub's clock
	Log      *logs.Log
}

// Gateway is the HTTP API. It is safe for concurrent use.
type Gateway struct {
	api, account string
	stage        map[string]string
	routes       *router
	cors         *template.CORS
	function     func(id string) Invoker
	now          func() time.Time
	log          *logs.Log
}

// New makes a gateway.
func New(c Config) *Gateway {
	return &Gateway{api: strings.ToLower(c.API.ID), account: c.Account, stage: c.API.StageVariables,
		routes: newRouter(c.API.Routes), cors: c.API.CORS, function: c.Function, now: c.Now, log: c.Log}
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	trace := r.Header.Get("X-Amzn-Trace-Id")
	if trace == "" {
		trace = NewTrace(began)
	}
	status := g.serve(w, r, trace)
	g.log.Request("http", trace, r.Method+" "+r.URL.Path, "status", status, "ms", time.Since(began).Milliseconds())
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, trace string) int {
	id := random(8)
	w.Header().Set("Apigw-Requestid", id)
	if g.cors != nil && g.preflight(w, r) {
		return http.StatusNoContent
	}
	route, parameters := g.routes.find(r.Method, r.URL.Path)
	if route == nil {
		return message(w, http.StatusNotFound, "Not Found")
	}
	if route.Authorizer != "" {
		return message(w, http.StatusUnauthorized, "Unauthorized")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	} else if err != nil {
		return message(w, http.StatusBadRequest, "Bad Request")
	}
	payload, err := g.newEvent(r, route, parameters, body, id, trace, g.now())
	if err != nil {
		return message(w, http.StatusBadRequest, "Bad Request")
	}
	if len(payload) > lambda.MaxPayload {
		return message(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	// The invocation outlives a caller who goes away, as it does on AWS.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), route.Timeout)
	defer cancel()
	result := g.function(route.Function).Invoke(ctx, payload, trace)
	if result.Failure != nil {
		if ctx.Err() != nil {
			g.log.Warn("http", "the integration timed out", "route", route.Key(), "after", route.Timeout)
			return message(w, http.StatusServiceUnavailable, "Service Unavailable")
		}
		return message(w, http.StatusInternalServerError, "Internal Server Error")
	}
	status, err := g.write(w, r, result.Payload)
	if err != nil {
		g.log.Error("http", "the function's answer is malformed", "route", route.Key(), "error", err)
		return message(w, http.StatusInternalServerError, "Internal Server Error")
	}
	return status
}

func message(w http.ResponseWriter, status int, text string) int {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": text})
	return status
}

// NewTrace makes an X-Ray trace header.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html
func NewTrace(now time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s", now.Unix(), random(12))
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
