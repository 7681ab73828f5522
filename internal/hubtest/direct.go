package hubtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Direct carries a client's requests to a server of this process without a network
// between, which costs a test several times less. The server is given what it would
// read off the wire. A call lets other goroutines go first before and after it, as
// one over a network does, so that what runs at once still meets at every call.
type Direct struct{ Server http.Handler }

// RoundTrip makes one call. Like a network, it fails if the request's context has
// ended, or if the server drops the connection (http.ErrAbortHandler).
func (d Direct) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	runtime.Gosched()
	defer runtime.Gosched()
	ctx := req.Context()
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	to, err := url.ParseRequestURI(req.URL.RequestURI())
	if err != nil {
		return nil, err
	}
	in := (&http.Request{
		Method: req.Method, URL: to, RequestURI: req.URL.RequestURI(), Host: req.Host, Header: req.Header, Body: req.Body,
		ContentLength: req.ContentLength, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: "127.0.0.1:0",
	}).WithContext(ctx)
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, io.EOF
		default:
			panic(p)
		}
	}()
	out := httptest.NewRecorder()
	d.Server.ServeHTTP(out, in)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	resp = out.Result()
	resp.Request = req
	if resp.ContentLength < 0 && resp.Header.Get("Content-Length") == "" {
		resp.ContentLength = int64(out.Body.Len())
	}
	return resp, nil
}

// Do is RoundTrip, for who wants a client.
func (d Direct) Do(req *http.Request) (*http.Response, error) { return d.RoundTrip(req) }

// named names the caller of a request as a signature does, without the signature: the
// local cloud does not check it.
type named struct{}

func (named) SignHTTP(_ context.Context, c aws.Credentials, r *http.Request, _, service, region string, at time.Time, _ ...func(*v4.SignerOptions)) error {
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyID+"/"+at.Format("20060102")+"/"+region+"/"+service+
		"/aws4_request, SignedHeaders=host, Signature=0")
	return nil
}
