package hubtest

import (
	"errors"
	"net/http"
	"sync/atomic"
)

// Cut stands between a client and its network, for As: it lets a number of calls
// through and then breaks every one, before or after the table did it, as if the
// process died there.
func Cut(calls int, after bool) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		c := &cut{next: next, after: after}
		c.left.Store(int64(calls))
		return c
	}
}

type cut struct {
	next  http.RoundTripper
	left  atomic.Int64
	after bool // the last call reaches the table, but its answer is lost
}

func (c *cut) RoundTrip(r *http.Request) (*http.Response, error) {
	left := c.left.Add(-1)
	if left < 0 {
		return nil, errors.New("cut")
	}
	resp, err := c.next.RoundTrip(r)
	if left == 0 && c.after && err == nil {
		resp.Body.Close()
		return nil, errors.New("cut")
	}
	return resp, err
}
