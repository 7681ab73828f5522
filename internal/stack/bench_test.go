package stack

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

// BenchmarkChain sends webhooks through the whole chain of the real programs, with the
// local cloud in memory: from the platform's POST until everything is stored, told on
// the bus, answered and at rest. The customers are known. Every program, the local
// cloud and the platform share the machine's cores.
func BenchmarkChain(b *testing.B) {
	b.Run("stored", func(b *testing.B) { benchmarkChain(b, func(int) bool { return false }) })
	b.Run("every tenth answered", func(b *testing.B) { benchmarkChain(b, func(i int) bool { return i%10 == 0 }) })
	b.Run("all answered", func(b *testing.B) { benchmarkChain(b, func(int) bool { return true }) })
}

func benchmarkChain(b *testing.B, answered func(i int) bool) {
	const customers, messages, clients = 500, 2000, 16 // 4 of each: within the reply budget
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	s, err := Start(ctx, Options{Memory: true})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			b.Error(err)
		}
	}()
	write := func(n int, answered func(i int) bool) []fake.Delivery {
		list := make([]fake.Delivery, n)
		for i := range list {
			text := fmt.Sprintf("message %d", i)
			if answered(i) {
				text = "ping"
			}
			if list[i], err = s.Customer(ctx, "line", fake.Act{From: fmt.Sprintf("customer-%d", i%customers), Text: text, Hold: true}); err != nil {
				b.Fatal(err)
			}
		}
		return list
	}
	send := func(list []fake.Delivery) {
		work := make(chan fake.Delivery)
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				for d := range work {
					if status, err := post(ctx, d); err != nil || status != http.StatusOK {
						b.Errorf("got status %d (%v), want 200", status, err)
					}
				}
			})
		}
		for _, d := range list {
			work <- d
		}
		close(work)
		wg.Wait()
		if err := s.Idle(ctx, 2*time.Minute); err != nil {
			b.Fatal(err)
		}
	}
	send(write(customers, func(int) bool { return false }))
	for b.Loop() {
		b.StopTimer()
		if _, err := s.AdvanceClock(ctx, time.Minute); err != nil { // a new reply budget
			b.Fatal(err)
		}
		list := write(messages, answered)
		b.StartTimer()
		send(list)
	}
	b.ReportMetric(float64(messages*b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(0, "ns/op")
}

func post(ctx context.Context, d fake.Delivery) (int, error) {
	req, err := http.NewRequestWithContext(ctx, "POST", d.URL, strings.NewReader(d.Body))
	if err != nil {
		return 0, err
	}
	for name, v := range d.Header {
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
