package channeltest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"omnihub/internal/channel"
)

// Guard is a transport that reaches 127.0.0.1 and nothing else.
type Guard struct {
	mu     sync.Mutex
	base   http.Transport
	strays []string
}

// RoundTrip refuses requests to other machines and remembers their hosts.
func (g *Guard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		g.mu.Lock()
		g.strays = append(g.strays, r.URL.Host)
		g.mu.Unlock()
		return nil, errors.New("channeltest: the test may not leave this machine")
	}
	return g.base.RoundTrip(r)
}

// Client is one that uses the guard.
func (g *Guard) Client() *http.Client { return &http.Client{Transport: g} }

// Strays are the hosts that were refused.
func (g *Guard) Strays() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.strays
}

// against gives an adapter that reaches the handler only, and the count of calls.
func (s Suite) against(t *testing.T, h http.HandlerFunc) (channel.Adapter, *atomic.Int32) {
	t.Helper()
	calls := new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body)) // whoever looks at it, it has arrived
		h(w, r)
	}))
	guard := &Guard{}
	t.Cleanup(func() {
		guard.base.CloseIdleConnections()
		server.Close()
		if strays := guard.Strays(); len(strays) > 0 {
			t.Errorf("calls to other machines: got %v, want none", strays)
		}
	})
	return s.New(channel.Platform{BaseURL: server.URL, Client: guard.Client()}), calls
}
