// Package metrictest is a meter for tests: what it writes is read again as CloudWatch
// would read it.
package metrictest

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/metric"
)

// Counter is a meter with the lines that it wrote.
type Counter struct {
	*metric.Meter
	t   testing.TB
	mu  sync.Mutex
	out bytes.Buffer
}

// New makes a meter of a function that knows the channels.
func New(t testing.TB, function string, channels ...string) *Counter {
	c := &Counter{t: t}
	c.Meter = &metric.Meter{Namespace: "test", Function: function, Channels: channels, Out: c, Now: time.Now}
	return c
}

// Write takes the meter's lines.
func (c *Counter) Write(lines []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(lines)
}

// Counted is what was counted since the last call, by name and the values of its
// dimensions in the order channel, code, class, function: "SendsSent line bot". Of
// durations it is their number.
func (c *Counter) Counted() map[string]int {
	c.t.Helper()
	c.Add(metric.RecordsPanicked, 1) // which no meter keeps back, with all that it has
	c.Flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	sums := map[string]int{}
	for _, text := range strings.Split(strings.TrimSpace(c.out.String()), "\n") {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			c.t.Fatal(err)
		}
		values := ""
		for _, key := range []string{"channel", "code", "class", "function"} {
			if v, ok := line[key].(string); ok {
				values += " " + v
			}
		}
		for _, d := range metric.Definitions() {
			switch v := line[string(d.Name)].(type) {
			case float64:
				n := 1
				if d.Unit == metric.Count {
					n = int(v)
				}
				sums[string(d.Name)+values] += n
			case []any:
				sums[string(d.Name)+values] += len(v)
			}
		}
	}
	c.out.Reset()
	panicked := string(metric.RecordsPanicked)
	if sums[panicked]--; sums[panicked] == 0 {
		delete(sums, panicked)
	}
	return sums
}

// Want fails the test unless exactly this was counted since the last call.
func (c *Counter) Want(what string, want map[string]int) {
	c.t.Helper()
	got := c.Counted()
	for name, n := range want {
		if got[name] != n {
			c.t.Errorf("%s: got %s %d times, want %d", what, name, got[name], n)
		}
	}
	for name, n := range got {
		if _, ok := want[name]; !ok {
			c.t.Errorf("%s: got %s %d times, want it not counted", what, name, n)
		}
	}
}
