package call

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

func TestClientAsksNoProxyAndGivesUpInTime(t *testing.T) {
	c := New(channel.Platform{}, "line", "https://api.line.me")
	transport, ok := c.http.Transport.(*http.Transport)
	if !ok || transport.Proxy != nil {
		t.Errorf("transport: got %T with a proxy, want one without", c.http.Transport)
	}
	if c.http.Timeout <= 0 || c.http.Timeout > 15*time.Second {
		t.Errorf("timeout: got %v, want a call to end within a function's time", c.http.Timeout)
	}
	if c.base != "https://api.line.me" {
		t.Errorf("base: got %s, want the platform's own", c.base)
	}
	given := &http.Client{Timeout: time.Second}
	local := New(channel.Platform{BaseURL: "http://127.0.0.1:4600", Client: given}, "line", "https://api.line.me")
	if local.base != "http://127.0.0.1:4600/line" || local.http.Timeout != time.Second || given.CheckRedirect != nil {
		t.Errorf("got %s, %v, want the fake's address and the given client left as it was", local.base, local.http.Timeout)
	}
}

func TestCallTellsHowFarItCame(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/line/drop":
			panic(http.ErrAbortHandler)
		case "/line/type":
			_, _ = io.WriteString(w, r.Header.Get("Content-Type"))
			return
		case "/line/moved":
			http.Redirect(w, r, "/line/ok", http.StatusFound)
			return
		case "/line/busy":
			w.Header().Set("Retry-After", "99999")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Key")+" "+string(body))
	}))
	defer server.Close()
	c := New(channel.Platform{BaseURL: server.URL, Client: &http.Client{}}, "line", "")
	do := func(r Request) (Answer, error) {
		r.Op = "line: test"
		return c.Do(context.Background(), r)
	}
	got, err := do(Request{Method: "POST", Path: "/ok", Bearer: "t0ken", Header: map[string]string{"X-Key": "k"}, Body: map[string]int{"a": 1}})
	if err != nil || got.Status != 200 || string(got.Body) != `POST Bearer t0ken k {"a":1}` {
		t.Errorf("got %+v, %v, want the call as asked", got, err)
	}
	if got, err := do(Request{Method: "GET", Path: "/ok", Bearer: "t"}); err != nil || string(got.Body) != "GET Bearer t  " {
		t.Errorf("without a body: got %q, %v", got.Body, err)
	}
	basic := &Basic{"AC1", "pass:word"}
	got, err = do(Request{Method: "POST", Path: "/ok", Basic: basic, Form: url.Values{"To": {"a+b"}, "Body": {"1 & 2"}}})
	if want := "POST Basic QUMxOnBhc3M6d29yZA==  Body=1+%26+2&To=a%2Bb"; err != nil || string(got.Body) != want {
		t.Errorf("with a form: got %q, %v, want %q", got.Body, err, want)
	}
	if got, err := do(Request{Method: "GET", Path: "/type", Basic: basic, Form: url.Values{}}); err != nil || string(got.Body) != "application/x-www-form-urlencoded" {
		t.Errorf("a form's type: got %q, %v", got.Body, err)
	}
	if got, err := do(Request{Method: "GET", Path: "/moved", Bearer: "t"}); err != nil || got.Status != http.StatusFound {
		t.Errorf("redirect: got %+v, %v, want it not followed", got, err)
	}
	if got, err := do(Request{Method: "GET", Path: "/busy", Bearer: "t"}); err != nil || got.Status != 429 || got.RetryAfter() != time.Hour {
		t.Errorf("busy: got %v, %v, want a wait of at most an hour", got.RetryAfter(), err)
	}
	for name, c := range map[string]struct {
		r    Request
		want hub.Code
	}{
		"lost answer":      {Request{Method: "POST", Path: "/drop", Bearer: "t0ken", Body: 1}, hub.Unclear},
		"user with colon":  {Request{Method: "POST", Path: "/ok", Basic: &Basic{"A:C", "t0ken"}}, hub.TokenExpired},
		"no user":          {Request{Method: "POST", Path: "/ok", Basic: &Basic{"", "t0ken"}}, hub.TokenExpired},
		"no password":      {Request{Method: "POST", Path: "/ok", Basic: &Basic{"AC1", ""}, Bearer: "t0ken"}, hub.TokenExpired},
		"no token":         {Request{Method: "POST", Path: "/ok"}, hub.TokenExpired},
		"token of lines":   {Request{Method: "POST", Path: "/ok", Bearer: "a\r\nX-Evil: 1"}, hub.TokenExpired},
		"body of no JSON":  {Request{Method: "POST", Path: "/ok", Bearer: "t", Body: func() {}}, hub.Internal},
		"malformed method": {Request{Method: "P OST", Path: "/ok", Bearer: "t"}, hub.Internal},
	} {
		_, err := do(c.r)
		if hub.CodeOf(err) != c.want || strings.Contains(err.Error(), "t0ken") || strings.Contains(err.Error(), "Evil") {
			t.Errorf("%s: got %v, want %s without the token", name, err, c.want)
		}
	}
	server.Close()
	if _, err := do(Request{Method: "POST", Path: "/ok", Bearer: "t", Body: 1}); hub.CodeOf(err) != hub.Transient {
		t.Errorf("nobody there: got %v, want transient", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Do(ctx, Request{Method: "POST", Path: "/ok", Bearer: "t"}); !errors.Is(err, context.Canceled) || hub.CodeOf(err) != hub.Transient {
		t.Errorf("given up before: got %v, want transient", err)
	}
}
