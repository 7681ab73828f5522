// Package loopback lets a client of this process call a handler of this process
// without a socket between them, so that no answer is lost on the way.
package loopback

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Client calls the handler directly. It serves as aws.Config.HTTPClient. Do
// returns when the handler returns, even if the request's context ended before.
type Client struct{ Handler http.Handler }

type hangUpKey struct{}

// HangUp makes a context under which the handler sees its request end with stop,
// while the caller goes on waiting for the handler's answer.
func HangUp(ctx, stop context.Context) context.Context {
	return context.WithValue(ctx, hangUpKey{}, stop)
}

// Do runs the handler on the request. A handler that breaks off is an error.
func (c Client) Do(r *http.Request) (resp *http.Response, err error) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	if stop, ok := ctx.Value(hangUpKey{}).(context.Context); ok {
		defer context.AfterFunc(stop, cancel)()
	}
	in := r.Clone(ctx)
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:0"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() {
		_ = in.Body.Close()
		if p := recover(); p != nil {
			resp, err = nil, fmt.Errorf("loopback: the handler broke off: %v", p)
		}
	}()
	w := &writer{header: http.Header{}}
	c.Handler.ServeHTTP(w, in)
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()), Request: r,
	}, nil
}

// writer keeps an answer.
type writer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}
