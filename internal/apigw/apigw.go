// Package apigw turns events of an API Gateway HTTP API (payload format 2.0) into
// HTTP requests, and a handler's answers back, so that an HTTP function is a plain
// http.Handler.
//
// What comes in is bounded by the gateway: a body has at most 10 MB (else 413), the
// request line and the header values together 10,240 bytes, and an answer may take
// 30 s; the event, in which a body of bytes stands as base64, has at most 6 MB. Slow
// bodies and slow headers are the gateway's matter: a function is called when the
// whole request is there. The package asks for little before the handler does: a body
// is decoded when it is read, and only as far as it is read.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
package apigw

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// maxHead bounds path, query, header names and values together, in bytes: far more
// than the gateway lets through, for those who call a function past it.
const maxHead = 64 << 10

// Handler adapts h for lambda.Start. Path parameters come as path values; the
// gateway's request id stands in the header X-Request-Id. Headers of one name are
// joined, whatever case they are written in; cookies stand in one header Cookie. Who calls
// is in the request's context (CallerOf). Reading a body that is marked as base64
// and is not, is an error; ContentLength is the decoded length.
func Handler(h http.Handler) func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		w := &response{header: http.Header{}}
		if head(e) > maxHead {
			w.header.Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusRequestHeaderFieldsTooLarge)
			io.WriteString(w, `{"status":431,"code":"too_large","detail":"Path, query and headers are too large."}`)
		} else {
			h.ServeHTTP(w, request(ctx, e))
		}
		return w.event(), nil
	}
}

// head is the size of all but the body.
func head(e events.APIGatewayV2HTTPRequest) int {
	n := len(e.RawPath) + len(e.RawQueryString)
	for name, v := range e.Headers {
		n += len(name) + len(v)
	}
	for _, c := range e.Cookies {
		n += len(c)
	}
	return n
}

func request(ctx context.Context, e events.APIGatewayV2HTTPRequest) *http.Request {
	size, body := int64(len(e.Body)), io.Reader(strings.NewReader(e.Body))
	if e.IsBase64Encoded {
		size, body = decodedSize(e.Body), base64.NewDecoder(base64.StdEncoding, body)
	}
	r := &http.Request{
		Method: e.RequestContext.HTTP.Method,
		URL:    &url.URL{Path: e.RawPath, RawQuery: e.RawQueryString},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        make(http.Header, len(e.Headers)+2),
		Body:          io.NopCloser(body),
		ContentLength: size,
		RemoteAddr:    e.RequestContext.HTTP.SourceIP,
	}
	for name, v := range e.Headers {
		r.Header.Add(name, v)
	}
	r.Host = r.Header.Get("Host") // as net/http has it
	r.Header.Del("Host")
	if len(e.Cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.Header.Set("X-Request-Id", e.RequestContext.RequestID)
	for name, v := range e.PathParameters {
		r.SetPathValue(name, v)
	}
	r.RequestURI = r.URL.RequestURI()
	return r.WithContext(WithCaller(ctx, caller(e.RequestContext.Authorizer)))
}

// decodedSize is how many bytes base64 text stands for.
func decodedSize(text string) int64 {
	bare := strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	return int64(base64.RawStdEncoding.DecodedLen(len(bare)))
}
