package fake

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// deliveryTimeout is how long the hub may take to answer a webhook. It is longer
// than the real platforms', since functions are built when they are first called.
const deliveryTimeout = 20 * time.Second

// shuffleSpan is how far apart webhooks may change places.
const shuffleSpan = 50 * time.Millisecond

// Webhook is one request of a platform to the hub.
type Webhook struct {
	URL     string
	Header  map[string]string
	Body    []byte
	Leaving func() // called when it is about to be posted; may be nil
}

// Courier delivers webhooks for a fake platform. It is safe for concurrent use.
type Courier struct {
	Client *http.Client // nil = one without proxy

	once    sync.Once
	own     http.Client
	pending atomic.Int64

	mu   sync.Mutex
	rand *rand.Rand // nil = webhooks keep their order
}

// Pending is how many webhooks are under way or waiting.
func (c *Courier) Pending() int { return int(c.pending.Load()) }

// Shuffle makes each webhook wait a random time before it leaves, so that those of
// the same moment arrive in any order.
func (c *Courier) Shuffle(on bool, seed uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rand = nil
	if on {
		c.rand = rand.New(rand.NewPCG(seed, 0))
	}
}

// Deliver posts the webhooks one after the other, whatever the answers are, and
// gives their statuses; 0 = the hub was not reached.
func (c *Courier) Deliver(ctx context.Context, hooks []Webhook) []int {
	c.pending.Add(int64(len(hooks)))
	statuses := make([]int, 0, len(hooks))
	for _, w := range hooks {
		statuses = append(statuses, c.deliver(ctx, w))
	}
	return statuses
}

// Exchange posts a webhook and gives the status and the body, as far as 1 MB, of the
// hub's answer; 0 = the hub was not reached.
func (c *Courier) Exchange(ctx context.Context, w Webhook) (status int, body []byte) {
	c.pending.Add(1)
	return c.exchange(ctx, w)
}

// Later posts the webhooks in the background. Pending counts them from now on.
func (c *Courier) Later(hooks []Webhook) {
	c.pending.Add(int64(len(hooks)))
	go func() {
		for _, w := range hooks {
			c.deliver(context.Background(), w)
		}
	}()
}

func (c *Courier) deliver(ctx context.Context, w Webhook) int {
	status, _ := c.exchange(ctx, w)
	return status
}

func (c *Courier) exchange(ctx context.Context, w Webhook) (status int, body []byte) {
	defer c.pending.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	if wait := c.wait(); wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return 0, nil
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(w.Body))
	if err != nil {
		return 0, nil
	}
	for name, value := range w.Header {
		req.Header.Set(name, value)
	}
	if w.Leaving != nil {
		w.Leaving()
	}
	resp, err := c.client().Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	body, _ = io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // to its end, so that the connection can be used again
	return resp.StatusCode, body
}

func (c *Courier) wait() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rand == nil {
		return 0
	}
	return time.Duration(c.rand.Int64N(int64(shuffleSpan)))
}

func (c *Courier) client() *http.Client {
	if c.Client != nil {
		return c.Client
	}
	c.once.Do(func() { c.own.Transport = &http.Transport{MaxIdleConnsPerHost: 16} })
	return &c.own
}
