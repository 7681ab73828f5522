// Package fault decides what goes wrong, on purpose, with the invocations of
// functions: seeded plans that can be set while the devserver runs, and counts of
// what they struck.
package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Plan says what goes wrong with invocations. Rates go from 0 to 1. Whether a fault
// strikes depends on the seed, the function, the event and how often that was asked.
type Plan struct {
	Seed int64 `json:"seed"`

	// Duplicate gives a batch of a queue or a stream to the function a second time,
	// while the first is under way.
	Duplicate float64 `json:"duplicate"`
	// Unanswered loses the answer of an invocation that went well.
	Unanswered float64 `json:"unanswered"`
	// Throttle refuses an invocation before any process sees it.
	Throttle float64 `json:"throttle"`
	// Kill ends the process at a random moment of the invocation.
	Kill float64 `json:"kill"`

	// SlowStartMS is how long each new process is kept from starting.
	SlowStartMS int `json:"slow_start_ms"`
	// StallStreams keeps the readers of streams from reading.
	StallStreams bool `json:"stall_streams"`

	// Functions are the names of those that the plan is for; none means all.
	Functions []string `json:"functions"`
}

// MaxSlowStart is the most of a plan's SlowStartMS: Lambda gives a start 10 seconds.
const MaxSlowStart = 10 * time.Second

// ParsePlan reads a plan. Unknown members, rates beyond 0 to 1 and functions that find
// does not know are errors that name them. Find answers a function's name as Faults is
// asked with it, or "".
func ParsePlan(raw json.RawMessage, find func(name string) string) (Plan, error) {
	var p Plan
	if err := strict(raw, &p); err != nil {
		return Plan{}, err
	}
	for _, r := range []struct {
		name string
		rate float64
	}{{"duplicate", p.Duplicate}, {"unanswered", p.Unanswered}, {"throttle", p.Throttle}, {"kill", p.Kill}} {
		if err := checkRate(r.name, r.rate); err != nil {
			return Plan{}, err
		}
	}
	if p.SlowStartMS < 0 || time.Duration(p.SlowStartMS)*time.Millisecond > MaxSlowStart {
		return Plan{}, fmt.Errorf("fault: slow_start_ms: %d is not between 0 and %d", p.SlowStartMS, MaxSlowStart.Milliseconds())
	}
	for i, name := range p.Functions {
		known := find(name)
		if known == "" {
			return Plan{}, fmt.Errorf("fault: functions: there is no function %s", name)
		}
		p.Functions[i] = known
	}
	return p, nil
}

func checkRate(name string, rate float64) error {
	if !(rate >= 0 && rate <= 1) {
		return fmt.Errorf("fault: %s: the rate %g is not between 0 and 1", name, rate)
	}
	return nil
}

// strict decodes one JSON object and takes nothing that it does not know.
func strict(raw []byte, into any) error {
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '{' {
		return fmt.Errorf("fault: a plan is a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("fault: the plan could not be read: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("fault: something follows the plan")
	}
	return nil
}
