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

// deliver posts webhooks from several clients, and kills the function in the middle
// of its work meanwhile. It answers how often it killed.
func (r *run) deliver(ctx context.Context, deliveries []*hook, kills int) (int, error) {
	work := make(chan *hook)
	var (
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range r.Clients {
		wg.Go(func() {
			for h := range work {
				status, err := post(ctx, h)
				if err == nil && status != http.StatusOK && status < http.StatusInternalServerError {
					err = fmt.Errorf("chaos: a signed webhook was answered %d", status)
				}
				if err != nil {
					failed.CompareAndSwap(nil, &err)
				}
				if status == http.StatusOK {
					h.acked.Store(true)
				}
			}
		})
	}
	killed := make(chan int, 1)
	go func() {
		n := 0
		for ; n < kills; n++ {
			if err := r.stack.KillBusy(ctx, r.Function, 10*time.Second); err != nil {
				break // nothing is left to be killed: the report shows it
			}
		}
		killed <- n
	}()
	for _, h := range deliveries {
		work <- h
	}
	close(work)
	wg.Wait()
	n := <-killed
	if err := failed.Load(); err != nil {
		return n, *err
	}
	return n, nil
}

func post(ctx context.Context, h *hook) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", h.delivery.URL, strings.NewReader(h.delivery.Body))
	if err != nil {
		return 0, err
	}
	for name, v := range h.delivery.Header {
		req.Header.Set(name, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
