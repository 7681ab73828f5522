// Package call makes one call of a platform's HTTP API and tells how far it came:
// whether the platform may have acted is what decides if a send may be tried again.
package call

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	// maxAnswer caps what is read of an answer; a platform's own have a few kilobytes.
	maxAnswer = 64 << 10
	// maxWait caps what an answer may ask for.
	maxWait = time.Hour
)

// Client calls one host. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New makes a client for a platform's host ("https://api.line.me"), or for the fake
// of the kind if the platform has a BaseURL. A redirect is never followed, and
// without an http.Client of its own no proxy is asked.
func New(p channel.Platform, kind hub.Channel, host string) *Client {
	c := &Client{base: host, http: &http.Client{}}
	if p.BaseURL != "" {
		c.base = p.BaseURL + "/" + string(kind)
	}
	if p.Client != nil {
		*c.http = *p.Client
	}
	if c.http.Transport == nil {
		c.http.Transport = &http.Transport{
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		}
	}
	if c.http.Timeout == 0 {
		c.http.Timeout = 10 * time.Second
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Request is one call.
type Request struct {
	Op     string // names the call in errors: "line: push"
	Method string
	Path   string            // with its query, escaped
	Bearer hub.Secret        // the access token
	Basic  *Basic            // in place of Bearer
	Header map[string]string // what else the platform wants
	Body   any               // encoded as JSON; nil = none
	Form   url.Values        // in place of Body, encoded as a form, sorted by name; nil = none
	// TokenHeader is the header that holds Bearer as it is; "" = Authorization.
	TokenHeader string
}

// Basic are credentials of the scheme of that name.
type Basic struct {
	User     string
	Password hub.Secret
}

// authorization is the header's value, and whether the credentials fit into it.
func (r Request) authorization() (value string, ok bool) {
	if b := r.Basic; b != nil {
		ok = fitsHeader(b.Password.Reveal()) && fitsHeader(b.User) && !strings.Contains(b.User, ":")
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(b.User+":"+b.Password.Reveal())), ok
	}
	return "Bearer " + r.Bearer.Reveal(), fitsHeader(r.Bearer.Reveal())
}

// content is the body with its type; "" = there is none.
func (r Request) content() (body []byte, kind string, err error) {
	switch {
	case r.Form != nil:
		return []byte(r.Form.Encode()), "application/x-www-form-urlencoded", nil
	case r.Body != nil:
		body, err = json.Marshal(r.Body)
		return body, "application/json", err
	}
	return nil, "", nil
}

// Answer is what the platform said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most 64 KB of it; may be cut off
}

// Do makes the call once. An error's code is TokenExpired for a token that no header
// can hold, Transient if the platform surely knows nothing of the call, Unclear if it
// may have acted, and Internal if the request could not be made. Every status, good
// or bad, is an Answer.
func (c *Client) Do(ctx context.Context, r Request) (Answer, error) {
	authorization, ok := r.authorization()
	if !ok {
		return Answer{}, hub.E(hub.TokenExpired, r.Op, errors.New("no usable access token"))
	}
	body, kind, err := r.content()
	if err != nil {
		return Answer{}, hub.E(hub.Internal, r.Op, errors.New("encode the request"))
	}
	// The body leaves after the headers. Until they were written nothing can have
	// been done, and when the transport takes another connection it has made sure
	// that nothing went over the one before.
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { written.Store(false) },
		WroteHeaders: func() { written.Store(true) },
	})
	req, err := http.NewRequestWithContext(ctx, r.Method, c.base+r.Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, hub.E(hub.Internal, r.Op, errors.New("make the request"))
	}
	if r.TokenHeader != "" {
		req.Header.Set(r.TokenHeader, r.Bearer.Reveal())
	} else {
		req.Header.Set("Authorization", authorization)
	}
	req.Header.Set("User-Agent", "omnihub")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for name, value := range r.Header {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if written.Load() {
			return Answer{}, hub.E(hub.Unclear, r.Op, causeOf(err))
		}
		return Answer{}, hub.E(hub.Transient, r.Op, causeOf(err))
	}
	defer resp.Body.Close()
	// What cannot be read is not needed: the status alone decides whether it was done.
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: answer}, nil
}

// RetryAfter is the wait in seconds that the answer asks for, at most an hour; 0 if
// it asks for none.
func (a Answer) RetryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxWait/time.Second))) * time.Second
}

// causeOf keeps of a transport's error what tells why, and leaves out what the other
// side wrote, which may be anything.
func causeOf(err error) error {
	var (
		network     *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case os.IsTimeout(err):
		return errors.New("no answer in time")
	case errors.As(err, &certificate):
		return errors.New("certificate refused")
	case errors.As(err, &network):
		return network
	}
	return errors.New("connection lost")
}

// fitsHeader reports whether the token can stand in a header at all.
func fitsHeader(token string) bool {
	return token != "" && strings.IndexFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}
