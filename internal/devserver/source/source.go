// Package source feeds functions as Lambda's event sources do: queues, change
// streams and schedules.
package source

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"omnihub/internal/devserver/lambda"
)

// Invoker gives a function one event.
type Invoker interface {
	Invoke(ctx context.Context, payload []byte, trace string) lambda.Result
}

// Runner is one source. Run takes and delivers until ctx ends, then finishes what
// it has delivered and returns. It may be run again.
type Runner interface{ Run(ctx context.Context) }

// Group runs sources together, and stops and starts them together.
type Group struct {
	mu      sync.Mutex
	runners []Runner
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Add adds a source to a group that does not run.
func (g *Group) Add(r Runner) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.runners = append(g.runners, r)
}

// Start runs all sources; it does nothing if they run already.
func (g *Group) Start() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	for _, r := range g.runners {
		g.running.Go(func() { r.Run(ctx) })
	}
}

// Stop returns when every source has finished what it had delivered.
func (g *Group) Stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.cancel != nil {
		g.cancel()
		g.running.Wait()
		g.cancel = nil
	}
}

// pause waits, or returns early with false when ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// partial reads the answer of a function that reports failed records.
type partial struct {
	failed []string // identifiers, each known
	whole  bool     // everything counts as failed
	why    string   // what was wrong, with whole
	hint   string   // a mistake that AWS passes over in silence
}

// readPartial reads {"batchItemFailures":[{"itemIdentifier":"…"}]}. An empty or
// null list or answer means success; an answer that is no JSON object, or an
// identifier that is empty, null, misspelt or unknown, means that all failed.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func readPartial(payload []byte, known func(id string) bool) partial {
	if text := strings.TrimSpace(string(payload)); text == "" || text == "null" || text == `""` {
		return partial{}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(payload, &members); err != nil {
		return partial{whole: true, why: "the answer is no JSON object"}
	}
	list, there := members["batchItemFailures"]
	if !there && len(members) > 0 {
		return partial{hint: "the answer has no batchItemFailures: all records count as done"}
	}
	var failures []map[string]json.RawMessage
	if there {
		if err := json.Unmarshal(list, &failures); err != nil {
			return partial{whole: true, why: "batchItemFailures is no list of objects"}
		}
	}
	var p partial
	for _, f := range failures {
		var id string
		if err := json.Unmarshal(f["itemIdentifier"], &id); err != nil || id == "" {
			return partial{whole: true, why: "an itemIdentifier is empty, null or misspelt"}
		}
		if !known(id) {
			return partial{whole: true, why: fmt.Sprintf("itemIdentifier %q is not in the batch", id)}
		}
		p.failed = append(p.failed, id)
	}
	return p
}
