// Package chaos runs a load against a local stack while it kills functions, and
// checks afterwards, from the fakes' ledgers and the tables, that nothing was lost
// and nothing done twice.
package chaos

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/stack"
)

// Load is what is done to a stack. Each message is the keyword ping, so that each
// has one answer.
type Load struct {
	Seed      uint64
	Customers int
	Messages  int // in all
	Repeats   int // deliveries of each message
	Clients   int // that deliver at the same time
	Kills     int // of Function, while the load runs
	Function  string
	Scale     string // of the visibility times, for the report
}

// perWave is how many messages of one customer come within a minute of the hub's
// clock: as many as the reply budget answers.
const perWave = 5

// hook is one signed webhook, ready to be delivered.
type hook struct {
	customer string
	message  string
	delivery fake.Delivery
	acked    atomic.Bool
}

// Run plays the load in waves, a minute of the hub's clock apart, and lets the
// stack come to rest after each. A fifth of each message's deliveries comes in the
// wave after its own.
func Run(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	r := Report{Seed: l.Seed, Events: l.Messages, Scale: l.Scale}
	random := rand.New(rand.NewPCG(l.Seed, 1))
	var hooks, behind []*hook
	each := (l.Messages + l.Customers - 1) / l.Customers
	waves := (each + perWave - 1) / perWave
	start := time.Now()
	for wave := range waves + 1 {
		var fresh []*hook
		for c := range l.Customers {
			for i := wave * perWave; i < min(each, (wave+1)*perWave) && len(hooks) < l.Messages; i++ {
				h, err := compose(ctx, st, fmt.Sprintf("customer-%d", c))
				if err != nil {
					return r, err
				}
				hooks = append(hooks, h)
				fresh = append(fresh, h)
			}
		}
		var deliveries []*hook
		late := l.Repeats / 5
		for _, h := range fresh {
			for range l.Repeats - late {
				deliveries = append(deliveries, h)
			}
		}
		for _, h := range behind {
			for range late {
				deliveries = append(deliveries, h)
			}
		}
		behind = fresh
		random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		kills := 0
		if wave < waves { // the last wave brings nothing new that could be killed
			kills = l.Kills*(wave+1)/waves - r.Kills
		}
		done, err := deliver(ctx, st, deliveries, l, kills)
		r.Deliveries += len(deliveries)
		r.Kills += done
		if err != nil {
			return r, err
		}
		if err := st.Idle(ctx, 2*time.Minute); err != nil {
			return r, err
		}
		if wave < waves {
			if _, err := st.AdvanceClock(ctx, 61*time.Second); err != nil {
				return r, err
			}
		}
	}
	r.Took = time.Since(start)
	return r, check(ctx, st, &r, hooks)
}

// compose lets a customer write, and keeps the webhook instead of delivering it.
func compose(ctx context.Context, st *stack.Stack, from string) (*hook, error) {
	d, err := st.Customer(ctx, "line", fake.Act{From: from, Text: "ping", Hold: true})
	return &hook{customer: from, message: d.Message, delivery: d}, err
}

// deliver posts webhooks from several clients, and kills the function in the middle
// of its work meanwhile. It answers how often it killed.
func deliver(ctx context.Context, st *stack.Stack, deliveries []*hook, l Load, kills int) (int, error) {
	work := make(chan *hook)
	var (
		wg     sync.WaitGroup
		failed atomic.Pointer[error]
	)
	for range l.Clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
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
		}()
	}
	killed := make(chan int, 1)
	go func() {
		n := 0
		for ; n < kills; n++ {
			if err := st.KillBusy(ctx, l.Function, 10*time.Second); err != nil {
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
