// Package apigw turns events of an API Gateway HTTP API (payload format 2.0) into
// HTTP requests, and a handler's answers back, so that an HTTP function is a plain
// http.Handler.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
package apigw

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// Handler adapts h for lambda.Start. Path parameters come as path values; the
// gateway's request id stands in the header X-Request-Id. A body that is marked as
// base64 and is not, is answered 400.
func Handler(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		w := &response{header: http.Header{}}
		if r, ok := request(ctx, e); ok {
			h.ServeHTTP(w, r)
		} else {
			http.Error(w, `{"code":"bad_request","detail":"the body is not valid base64"}`, http.StatusBadRequest)
		}
		return w.event(), nil
	}
}

func request(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, bool) {
	body := []byte(e.Body)
	if e.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(e.Body); err != nil {
			return nil, false
		}
	}
	r := &http.Request{
		Method: e.RequestContext.HTTP.Method,
		URL:    &url.URL{Path: e.RawPath, RawQuery: e.RawQueryString},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(e.Headers)+2),
		Body:          readCloser{bytes.NewReader(body)},
		ContentLength: int64(len(body)),
		Host:          e.Headers["host"],
		RemoteAddr:    e.RequestContext.HTTP.SourceIP,
	}
	for name, v := range e.Headers {
		r.Header.Set(name, v)
	}
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Header.Set("X-Request-Id", e.RequestContext.RequestID)
	for name, v := range e.PathParameters {
		r.SetPathValue(name, v)
	}
	return r.WithContext(ctx), true
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// response collects an answer.
type response struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *response) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *response) event() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := events.APIGatewayV2HTTPResponse{StatusCode: w.status, Headers: map[string]string{}, Cookies: w.header.Values("Set-Cookie")}
	for name, values := range w.header {
		if name != "Set-Cookie" {
			out.Headers[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	if utf8.Valid(w.body.Bytes()) {
		out.Body = w.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(w.body.Bytes()), true
	}
	return out
}
