package fault

import (
	"slices"
	"sync"
	"time"
)

// Kind is a kind of fault, as plans and counts name it.
type Kind string

const (
	Duplicate  Kind = "duplicate"
	Unanswered Kind = "unanswered"
	Throttle   Kind = "throttle"
	Kill       Kind = "kill"
	SlowStart  Kind = "slow_start"
	Stall      Kind = "stall_streams"
)

// Count tells how often a fault could have struck, and how often it did.
type Count struct {
	Asked  int `json:"asked"`
	Struck int `json:"struck"`
}

// Counts are counts by function and kind, since the devserver's start. Kinds that no
// plan asked for are left out.
type Counts map[string]map[Kind]Count

// Faults holds the plan in effect. A nil Faults strikes nothing. It is safe for
// concurrent use.
type Faults struct {
	mu      sync.Mutex
	plan    *Plan
	dice    *dice         // nil without a plan
	changed chan struct{} // closed when another plan comes
	counts  Counts
}

// Set puts a plan into effect, with dice that were never thrown; nil ends all faults.
func (f *Faults) Set(plan *Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan, f.dice = plan, nil
	if plan != nil {
		f.dice = &dice{seed: plan.Seed}
	}
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// Plan is the plan in effect; nil if there is none.
func (f *Faults) Plan() *Plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan
}

// Counts tells what struck so far, ended plans included.
func (f *Faults) Counts() Counts {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := Counts{}
	for function, kinds := range f.counts {
		out[function] = map[Kind]Count{}
		for kind, c := range kinds {
			out[function][kind] = c
		}
	}
	return out
}

// of is the plan that is in effect for a function, or nil. The lock is held.
func (f *Faults) of(function string) *Plan {
	if f.plan == nil || len(f.plan.Functions) > 0 && !slices.Contains(f.plan.Functions, function) {
		return nil
	}
	return f.plan
}

// count adds to the counts. The lock is held.
func (f *Faults) count(function string, kind Kind, asked, struck int) {
	if f.counts == nil {
		f.counts = Counts{}
	}
	if f.counts[function] == nil {
		f.counts[function] = map[Kind]Count{}
	}
	c := f.counts[function][kind]
	f.counts[function][kind] = Count{c.Asked + asked, c.Struck + struck}
}

// SlowStart is how long a new process of the function is kept from starting.
func (f *Faults) SlowStart(function string) time.Duration {
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.of(function)
	if p == nil || p.SlowStartMS == 0 {
		return 0
	}
	f.count(function, SlowStart, 1, 1)
	return time.Duration(p.SlowStartMS) * time.Millisecond
}

// Stalled answers nil if the function's streams may be read, else a channel that is
// closed when that may have changed.
func (f *Faults) Stalled(function string) <-chan struct{} {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.of(function)
	if p == nil || !p.StallStreams {
		return nil
	}
	f.count(function, Stall, 1, 1)
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// Event is one event on its way to a function. The zero Event is never struck.
type Event struct {
	faults   *Faults
	function string
	key      string
}

// Event names an event of a function for the dice. The same event has the same name in
// another run, as far as it has the same content there: the first record of a batch
// stands for it by its deduplication id, its item's key or its body, a request by
// method, path and body, anything else by all of it.
func (f *Faults) Event(function string, payload []byte) Event {
	if f == nil {
		return Event{}
	}
	f.mu.Lock()
	p := f.of(function)
	f.mu.Unlock()
	if p == nil || p.Duplicate+p.Unanswered+p.Throttle+p.Kill == 0 {
		return Event{}
	}
	return Event{f, function, identity(payload)}
}

// hit throws the dice for a kind of fault, counts what certainly strikes, and answers
// a second throw for the moment.
func (e Event) hit(kind Kind, rate func(*Plan) float64, certain bool) (moment float64, hit bool) {
	f := e.faults
	if f == nil {
		return 0, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.of(e.function)
	if p == nil || rate(p) == 0 {
		return 0, false
	}
	at := f.dice.throw(string(kind), e.function, e.key)
	moment = f.dice.throw(string(kind), "moment", e.function, e.key)
	struck := 0
	if hit = at < rate(p); hit && certain {
		struck = 1
	}
	f.count(e.function, kind, 1, struck)
	return moment, hit
}

// Throttled reports whether the invocation is refused.
func (e Event) Throttled() bool {
	_, hit := e.hit(Throttle, func(p *Plan) float64 { return p.Throttle }, true)
	return hit
}

// Unanswered reports whether the answer is lost.
func (e Event) Unanswered() bool {
	_, hit := e.hit(Unanswered, func(p *Plan) float64 { return p.Unanswered }, true)
	return hit
}

// Duplicated reports whether the batch is given twice.
func (e Event) Duplicated() bool {
	_, hit := e.hit(Duplicate, func(p *Plan) float64 { return p.Duplicate }, true)
	return hit
}

// Killed reports whether the process dies while it has the event, and after which
// share of the usual duration, from 0 to below 1. It counts as struck with Died only,
// since the event may be done before.
func (e Event) Killed() (share float64, hit bool) {
	return e.hit(Kill, func(p *Plan) float64 { return p.Kill }, false)
}

// Died counts a process that Killed has killed.
func (e Event) Died() {
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	e.faults.count(e.function, Kill, 0, 1)
}
