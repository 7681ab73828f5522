package gateway

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/devserver/logs"
)

// guarded is a gateway with what protects it, and a count of what comes through.
func guarded(t *testing.T, c Config, keys ...string) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	through := &atomic.Int64{}
	c.API, c.Account, c.Now, c.Log = routes(keys...), "000000000000", time.Now, logs.New(io.Discard, false, false)
	c.Function = func(string) Invoker {
		through.Add(1)
		return &function{answer: `{"statusCode":200}`}
	}
	s := httptest.NewServer(New(c))
	t.Cleanup(s.Close)
	return s, through
}

func limits(list map[string]Limit) func(string) (Limit, bool) {
	return func(route string) (Limit, bool) { l, ok := list[route]; return l, ok }
}

func TestThrottleLetsABurstThroughAndThenItsRate(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	s, through := guarded(t, Config{Real: clock, Throttle: limits(map[string]Limit{"ANY /a/{x}": {Rate: 10, Burst: 5}, "GET /b": {Rate: 1, Burst: 1}, "GET /none": {}})},
		"ANY /a/{x}", "GET /b", "GET /free", "GET /none")
	count := func(path string, n int) (passed int) {
		t.Helper()
		for i := range n {
			status, header, body := do(t, request(t, "GET", s.URL+path, ""))
			switch {
			case status == 200:
				passed++
			case status != 429 || strings.TrimSpace(body) != `{"message":"Too Many Requests"}` || header.Get("Content-Type") != "application/json":
				t.Fatalf("%s, request %d: got %d %s", path, i, status, body)
			}
		}
		return passed
	}
	total := 0
	for _, step := range []struct {
		wait    time.Duration
		path    string
		n, want int
	}{
		{0, "/a/1", 8, 5},                      // the burst
		{0, "/a/2", 3, 0},                      // the same route
		{0, "/b", 3, 1},                        // another route has its own bucket
		{0, "/free", 20, 20},                   // one without a limit
		{0, "/none", 2, 0},                     // one that is stopped
		{99 * time.Millisecond, "/a/1", 1, 0},  // not yet a token
		{time.Millisecond, "/a/1", 2, 1},       // now
		{250 * time.Millisecond, "/a/1", 5, 2}, // and a half, which stays
		{50 * time.Millisecond, "/a/1", 2, 1},  // and is one
		{time.Hour, "/a/1", 9, 5},              // never more than the burst
		{-time.Hour, "/a/1", 1, 0},             // a clock that goes back gives nothing
		{time.Hour + time.Second, "/a/1", 9, 5},
		{0, "/b", 3, 1},
	} {
		pass(step.wait)
		total += step.want
		if got := count(step.path, step.n); got != step.want {
			t.Errorf("%s after %s: %d of %d came through, want %d", step.path, step.wait, got, step.n, step.want)
		}
	}
	if got := through.Load(); got != int64(total) {
		t.Errorf("the functions were called %d times, want %d: once for each that came through", got, total)
	}
}

func TestUnknownRouteTakesNoToken(t *testing.T) {
	s, _ := guarded(t, Config{Throttle: limits(map[string]Limit{"GET /a": {Rate: 0.001, Burst: 1}})}, "GET /a")
	for range 5 {
		if status, _, _ := do(t, request(t, "GET", s.URL+"/b", "")); status != 404 {
			t.Fatalf("got %d, want 404", status)
		}
	}
	if status, _, _ := do(t, request(t, "GET", s.URL+"/a", "")); status != 200 {
		t.Errorf("got %d, want 200", status)
	}
}

func TestBucketGivesEachTokenOnce(t *testing.T) {
	b := newBucket(Limit{Rate: 1000, Burst: 100})
	var taken atomic.Int64
	var all sync.WaitGroup
	began := time.Now()
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 20_000 {
				if b.take(time.Now()) {
					taken.Add(1)
				}
			}
		}()
	}
	all.Wait()
	if most := 100 + 1000*time.Since(began).Seconds() + 1; float64(taken.Load()) > most || taken.Load() < 100 {
		t.Errorf("got %d tokens, want 100 to %.0f", taken.Load(), most)
	}
}

func TestLargeHeadIs431(t *testing.T) {
	s, through := guarded(t, Config{}, "ANY /{proxy+}")
	for name, r := range map[string]*http.Request{
		"a value":   request(t, "GET", s.URL+"/x", "", "X-A", strings.Repeat("a", maxHead)),
		"the path":  request(t, "GET", s.URL+"/"+strings.Repeat("a", maxHead), ""),
		"the query": request(t, "GET", s.URL+"/x?"+strings.Repeat("a", maxHead), ""),
		"many values": request(t, "GET", s.URL+"/x", "", func() (h []string) {
			for i := range 400 {
				h = append(h, fmt.Sprint("X-", i), strings.Repeat("a", 26))
			}
			return h
		}()...),
	} {
		status, _, body := do(t, r)
		if status != 431 || strings.TrimSpace(body) != `{"message":"Request Header Fields Too Large"}` {
			t.Errorf("%s: got %d %s, want 431", name, status, body)
		}
	}
	if status, _, _ := do(t, request(t, "GET", s.URL+"/x", "", "X-A", strings.Repeat("a", maxHead-200))); status != 200 || through.Load() != 1 {
		t.Errorf("a head within the limit: got %d after %d calls, want 200 after 1", status, through.Load())
	}
}

func TestBodyThatIsToldTooLargeIsNotAwaited(t *testing.T) {
	s, through := guarded(t, Config{}, "POST /x")
	if got := raw(t, s, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n"); got != 413 {
		t.Errorf("got %d, want 413 before a byte of the body came", got)
	}
	if through.Load() != 0 {
		t.Error("the function was called")
	}
}

func TestBodyThatComesTooSlowlyIs408(t *testing.T) {
	s, through := guarded(t, Config{BodyTime: 50 * time.Millisecond}, "POST /x")
	if got := raw(t, s, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nthis is all"); got != 408 {
		t.Errorf("got %d, want 408", got)
	}
	if got := raw(t, s, "POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n"); got != 408 {
		t.Errorf("in chunks: got %d, want 408", got)
	}
	if through.Load() != 0 {
		t.Error("the function was called")
	}
	// The time is that of one body, not of the connection.
	client := &http.Client{}
	for range 3 {
		resp, err := client.Post(s.URL+"/x", "text/plain", strings.NewReader("body"))
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("got %v, %v, want 200", resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		time.Sleep(60 * time.Millisecond)
	}
}

// raw sends bytes and gives the status of the answer.
func raw(t *testing.T, s *httptest.Server, text string) int {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	head := make([]byte, len("HTTP/1.1 000"))
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	status := 0
	_, _ = fmt.Sscanf(string(head), "HTTP/1.1 %d", &status)
	return status
}
