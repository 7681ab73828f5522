// Package gateway plays the HTTP API of API Gateway with payload format 2.0: it
// finds the route of a request, hands it to the function as an event and writes
// the function's answer, if the route's authorizer lets it.
//
// Of what protects an API it plays the throttles of stage and routes (429), the cap of
// 10,240 bytes on the request line and the header values (431), that of 10 MB on a
// body and of 6 MB on an event (413), and the end of patience with a body that comes
// slowly (408) and with a function (503). The status for large heads and slow bodies
// is not documented by AWS.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
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
	"os"
	"strings"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/template"
)

// MaxBody is the largest body of a request, in bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const MaxBody = 10 << 20

// maxHead is the largest request line with all header values, in bytes.
const maxHead = 10_240

// bodyTime is how long a body may take to come.
const bodyTime = 30 * time.Second

// Invoker gives a function one event.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte, trace string) lambda.Result
}

// Config is what a gateway is made from.
type Config struct {
	API      template.API
	Account  string
	Region   string
	Function func(id string) Invoker
	Now      func() time.Time // the hub's clock
	Log      *logs.Log
	// Throttle gives the limit of a route by its key; false for none. Nil throttles
	// nothing.
	Throttle func(route string) (Limit, bool)
	// Real is the clock of the throttles, which the hub's clock must not move; nil is
	// the machine's.
	Real func() time.Time
	// BodyTime is how long a body may take to come; 0 is 30 seconds.
	BodyTime time.Duration
}

// Gateway is the HTTP API. It is safe for concurrent use.
type Gateway struct {
	api, account string
	region       string
	stage        map[string]string
	routes       *router
	authorizer   map[string]authorizer // by name
	cors         *template.CORS
	buckets      map[string]*bucket // by route key
	function     func(id string) Invoker
	now, real    func() time.Time
	bodyTime     time.Duration
	log          *logs.Log
}

// New makes a gateway.
func New(c Config) *Gateway {
	g := &Gateway{api: strings.ToLower(c.API.ID), account: c.Account, region: c.Region, stage: c.API.StageVariables,
		routes: newRouter(c.API.Routes), cors: c.API.CORS, function: c.Function, now: c.Now, log: c.Log,
		real: c.Real, bodyTime: c.BodyTime, buckets: map[string]*bucket{}}
	if g.real == nil {
		g.real = time.Now
	}
	if g.bodyTime == 0 {
		g.bodyTime = bodyTime
	}
	g.authorizer = g.authorizers(c.API.Authorizers)
	for _, r := range c.API.Routes {
		if c.Throttle == nil {
			break
		}
		if l, ok := c.Throttle(r.Key()); ok {
			g.buckets[r.Key()] = newBucket(l)
		}
	}
	return g
}

// ServeHTTP answers one request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	trace := r.Header.Get("X-Amzn-Trace-Id")
	if trace == "" {
		trace = NewTrace(began)
	}
	route, parameters := g.routes.find(r.Method, r.URL.Path)
	status := g.serve(w, r, route, parameters, trace)
	g.log.Request("http", trace, r.Method+" "+shown(r, route), "status", status, "ms", time.Since(began).Milliseconds())
}

// shown is what the log shows of a request's path: its route, for what stands in the place
// of a parameter may be what only the customer should have, as a card's token. Of a path
// that is no route's, it is the part by which somebody may see what he mistyped.
func shown(r *http.Request, route *template.Route) string {
	if route != nil && route.Method != "" {
		return route.Path
	}
	if first := strings.SplitN(r.URL.Path, "/", 3); len(first) > 1 && len(first[1]) <= 16 && !strings.ContainsFunc(first[1], notLetter) {
		return strings.Join(first[:2], "/") + strings.Repeat("/…", len(first)-2)
	}
	return "/…"
}

func notLetter(c rune) bool { return c < 'a' || c > 'z' }

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, route *template.Route, parameters map[string]string, trace string) int {
	id := random(8)
	w.Header().Set("Apigw-Requestid", id)
	if head(r) > maxHead {
		return message(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
	}
	// A route that takes OPTIONS and has an authorizer keeps the gateway from answering:
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
	if g.cors != nil && (route == nil || route.Authorizer == "") && g.preflight(w, r) {
		return http.StatusNoContent
	}
	if route == nil {
		return message(w, http.StatusNotFound, "Not Found")
	}
	if b := g.buckets[route.Key()]; b != nil && !b.take(g.real()) {
		return message(w, http.StatusTooManyRequests, "Too Many Requests")
	}
	call := g.newCall(r, route, parameters, id, trace, g.now())
	if status := g.authorize(r.Context(), w, route, call, trace); status != http.StatusOK {
		return status
	}
	body, status := g.body(w, r)
	if status != http.StatusOK {
		return message(w, status, http.StatusText(status))
	}
	payload, err := call.event(r.Header.Get("Content-Type"), body)
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
		if result.Failure.Kind == lambda.Throttled {
			return message(w, http.StatusServiceUnavailable, "Service Unavailable")
		}
		return message(w, http.StatusInternalServerError, "Internal Server Error")
	}
	status, err = g.write(w, r, result.Payload)
	if err != nil {
		g.log.Error("http", "the function's answer is malformed", "route", route.Key(), "error", err)
		return message(w, http.StatusInternalServerError, "Internal Server Error")
	}
	return status
}

// head is the size of a request line with all header values.
func head(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host) + 2
	for _, values := range r.Header {
		for _, v := range values {
			n += len(v)
		}
	}
	return n
}

// body reads a request's body, or says with which status it is refused.
func (g *Gateway) body(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	switch {
	case r.ContentLength > MaxBody:
		return nil, http.StatusRequestEntityTooLarge
	case r.Body == http.NoBody:
		return nil, http.StatusOK
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(g.bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	tooLarge := (*http.MaxBytesError)(nil)
	switch {
	case err == nil:
		_ = connection.SetReadDeadline(time.Time{})
		return body, http.StatusOK
	case errors.As(err, &tooLarge):
		return nil, http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, http.StatusRequestTimeout
	}
	return nil, http.StatusBadRequest
}

func message(w http.ResponseWriter, status int, text string) int {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, _ := json.Marshal(map[string]string{"message": text}) // a map of texts has no error
	_, _ = w.Write(body)
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
