package gateway

import (
	"sync"
	"time"
)

// Limit is the throttle of a route: a bucket of Burst tokens, filled at Rate per
// second, of which each request takes one. Both zero stop the route.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
type Limit struct {
	Rate  float64 // requests per second
	Burst int
}

// bucket is a token bucket. It is safe for concurrent use.
type bucket struct {
	Limit
	mu     sync.Mutex
	tokens float64
	filled time.Time // zero before the first request
}

func newBucket(l Limit) *bucket { return &bucket{Limit: l, tokens: float64(l.Burst)} }

// take takes a token if there is one.
func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if passed := now.Sub(b.filled); !b.filled.IsZero() && passed > 0 {
		b.tokens = min(float64(b.Burst), b.tokens+passed.Seconds()*b.Rate)
	}
	if now.After(b.filled) {
		b.filled = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
