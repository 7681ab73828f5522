package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// client posts webhooks, with a connection for each of the clients of a load.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second}

const (
	// insistence is how often a webhook is posted until it is answered 2xx.
	insistence = 60
	// longestWait bounds the wait between two of these, which doubles from firstWait.
	firstWait   = 20 * time.Millisecond
	longestWait = time.Second
)

// deliver posts webhooks from several clients, each until it is answered 2xx, and
// kills functions in the middle of their work meanwhile.
func (r *run) deliver(ctx context.Context, deliveries []*hook, kills int) error {
	parcels, err := r.parcels(deliveries)
	if err != nil {
		return err
	}
	start := time.Now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		work           = make(chan parcel)
		clients        sync.WaitGroup
		done           atomic.Int64
		posts, retries atomic.Int64
	)
	for range r.Clients {
		clients.Go(func() {
			for p := range work {
				n, err := r.insist(ctx, p)
				if err != nil {
					cancel(err)
				}
				posts.Add(int64(n * len(p.hooks)))
				retries.Add(int64(max(n-1, 0)))
				done.Add(1)
			}
		})
	}
	r.amid(ctx, kills, func() float64 { return float64(done.Load()) / float64(max(len(parcels), 1)) }, func() {
		for _, p := range parcels {
			work <- p
		}
		close(work)
		clients.Wait()
	})
	r.posts += int(posts.Load())
	r.retries += int(retries.Load())
	r.delivering += time.Since(start)
	return context.Cause(ctx)
}

// insist posts a webhook until it is answered 2xx, as the platforms do, or until
// nobody believes in it any more. It answers how often it posted. An answer that
// tells the platform to go away is an error.
func (r *run) insist(ctx context.Context, p parcel) (int, error) {
	now := r.now().UnixMilli()
	for _, h := range p.hooks {
		h.posted.CompareAndSwap(0, now)
	}
	wait := firstWait
	for try := 1; ; try++ {
		status, answer, err := post(ctx, p)
		switch {
		case ctx.Err() != nil:
			return try, nil
		case err == nil && status == http.StatusOK:
			now := r.now().UnixMilli()
			for _, h := range p.hooks {
				h.acked.CompareAndSwap(0, now)
				h.said(answer)
			}
			return try, nil
		case err == nil && status != http.StatusTooManyRequests && status < http.StatusInternalServerError:
			return try, fmt.Errorf("chaos: a signed webhook of a %s was answered %d", p.hooks[0].kind, status)
		case try == insistence || r.brief:
			return try, nil
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return try, nil
		}
		wait = min(2*wait, longestWait)
	}
}

// post answers the status and the body of the answer.
func post(ctx context.Context, p parcel) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", p.url, strings.NewReader(p.body))
	if err != nil {
		return 0, "", err
	}
	for name, v := range p.head {
		req.Header.Set(name, v)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, string(answer), err
}
