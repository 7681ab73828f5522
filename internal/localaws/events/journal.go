package events

import (
	"maps"
	"sync"
	"time"
)

// What the journal remembers at most.
const (
	maxRemembered = 1000
	maxDetails    = 32 << 20 // bytes of detail
)

// Published is one event that PutEvents took.
type Published struct {
	Number          int // counts up from 1 while the engine runs
	ID, Bus, Source string
	DetailType      string
	Time            time.Time
	Detail          string    // JSON, compact
	Rules           []string  // names of the rules that selected it
	Failures        []Failure // what was not delivered
}

// Failure is why an event did not reach a queue, or its bus.
type Failure struct {
	Rule, Target, Queue string // name, id and ARN; all empty if the bus does not exist
	Code, Message       string // as a dead letter has them
	DeadLettered        bool   // it lies in the target's dead-letter queue
}

// Count is what became of the events that a rule selected.
type Count struct {
	Matched                          int // events
	Delivered, DeadLettered, Dropped int // to targets
}

// journal remembers the last events and counts for every rule. It is not stored.
type journal struct {
	mu     sync.Mutex
	last   []*Published
	number int
	bytes  int
	counts map[string]Count
}

func (j *journal) add(p *Published) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.number++
	p.Number = j.number
	j.last = append(j.last, p)
	j.bytes += len(p.Detail)
	for len(j.last) > maxRemembered || j.bytes > maxDetails {
		j.bytes -= len(j.last[0].Detail)
		j.last[0] = nil
		j.last = j.last[1:]
	}
}

func (j *journal) count(rule string, c Count) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts == nil {
		j.counts = map[string]Count{}
	}
	sum := j.counts[rule]
	sum.Matched += c.Matched
	sum.Delivered += c.Delivered
	sum.DeadLettered += c.DeadLettered
	sum.Dropped += c.Dropped
	j.counts[rule] = sum
}

// Published returns the events after number after, oldest first: of the last 1,000
// since the engine was opened, fewer if their details have more than 32 MB. The
// number of the last one is where to go on.
func (e *Engine) Published(after int) []Published {
	j := &e.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Published
	for _, p := range j.last {
		if p.Number > after {
			out = append(out, *p)
		}
	}
	return out
}

// Counts returns what became of the selected events since the engine was opened,
// by the ARN of the rule.
func (e *Engine) Counts() map[string]Count {
	e.journal.mu.Lock()
	defer e.journal.mu.Unlock()
	return maps.Clone(e.journal.counts)
}
