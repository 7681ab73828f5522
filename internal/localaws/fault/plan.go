// Package fault decides which calls of the local cloud go wrong, and how: a plan of
// seeded rules, which strikes the same calls again when a run is repeated. Every
// fault looks as the service's own, so that correct code survives it.
package fault

import (
	"strings"
	"sync"
	"time"
)

// The faults that a rule can have. Those of the first group end a call with an
// error of the service and before anything happened; the calls that they can meet
// are in the table of applies.
const (
	Throttle = "throttle" // the service's own error for too many requests
	Conflict = "conflict" // another transaction holds the item
	Internal = "internal" // an error 500
	Down     = "down"     // an error 503: an outage, as long as the plan stands

	Lose = "lose" // nothing is done, and the connection ends without an answer
	Drop = "drop" // all is done and kept, and the connection ends without an answer

	Partial = "partial" // a batch call does only some of its entries
	Slow    = "slow"    // the call begins later

	// Duplicate lets a standard queue give a message to a second receiver as well.
	// Early ends a visibility timeout early, by the queue's own choice of a moment or
	// after ms. AWS never does that: it stands for a worker that runs longer than the
	// visibility timeout, without a run that waits so long.
	Duplicate = "duplicate"
	Early     = "early"

	// Stall holds the reading of a stream, for ms or as long as the plan stands: the
	// reader sees nothing new. AWS answers with empty pages meanwhile. Here the call
	// hangs, since a reader in this process takes an empty page and the stream's tip
	// together for the end of what there is.
	Stall = "stall"
)

// Rule makes some calls go wrong. An empty text is "*", which fits all.
type Rule struct {
	Service   string  `json:"service"`   // "dynamodb", "streams", "sqs", "events", "kms", "s3"
	Operation string  `json:"operation"` // "PutItem"
	Caller    string  `json:"caller"`    // short name of a function; "*" is every function
	Resource  string  `json:"resource"`  // part of the name of the table, queue, bus, key, or of bucket/object
	Fault     string  `json:"fault"`     //
	Rate      float64 `json:"rate"`      // 0 to 1, of the calls that the rule fits
	Count     int     `json:"count"`     // strikes after which the rule ends; 0 = never
	MS        int     `json:"ms"`        // of slow: the delay; of early and stall: when it ends
}

// Count is a rule with what it did so far.
type Count struct {
	Rule
	Asked  int `json:"asked"`  // calls, or messages of a receive, that the rule fits
	Struck int `json:"struck"` // of these, those that went wrong
}

// Report is a plan with what its rules did so far.
type Report struct {
	Seed  int64   `json:"seed"`
	Rules []Count `json:"rules"`
}

// Plan is a set of rules in force. It is safe for concurrent use.
type Plan struct {
	seed  int64
	rules []*rule
	ended chan struct{}
	end   sync.Once
}

// rule is a rule with its memory.
type rule struct {
	Rule
	name string // tells the rule from the others of the plan, whatever its rate

	mu     sync.Mutex
	asked  int
	struck int
	before map[uint64]uint32 // how often each identity was asked about
}

// End ends what waits for the end of the plan. Call it when the plan is replaced.
func (p *Plan) End() { p.end.Do(func() { close(p.ended) }) }

// Ended is closed when the plan has ended.
func (p *Plan) Ended() <-chan struct{} { return p.ended }

// Report tells what the rules did so far.
func (p *Plan) Report() *Report {
	out := &Report{Seed: p.seed, Rules: []Count{}}
	for _, r := range p.rules {
		r.mu.Lock()
		out.Rules = append(out.Rules, Count{r.Rule, r.asked, r.struck})
		r.mu.Unlock()
	}
	return out
}

// Call is one call as far as rules look at it.
type Call struct {
	Service, Operation string
	Caller             string // access key id; "devserver/X" polls for the function X
	Resource           string // what the meter calls resource, or bucket/object
	ARN                string // of the resource, for errors that name it
	Identity           string // what the call is about: keys of items, deduplication ids, …
	Entries            int    // of a batch call or a transaction
}

// notStruck are the callers that are no functions. A rule meets them only by name.
var notStruck = map[string]bool{"devserver": true, "checker": true, "hubctl": true}

// Short is a function's short name: its logical id in lower case, without the word
// Function.
func Short(caller string) string {
	name := strings.ToLower(caller)
	if bare := strings.TrimSuffix(name, "function"); bare != "" {
		return bare
	}
	return name
}

// polls tells the faults that befall the receives and reads which a poller makes
// for a function.
func polls(fault string) bool { return fault == Duplicate || fault == Early || fault == Stall }

// meets tells whether the rule is for the caller. A poller that does not say for
// whom it polls counts as polling for each function.
func (r *rule) meets(caller string) bool {
	who, function, _ := strings.Cut(caller, "/")
	poller := who == "devserver" && polls(r.Fault)
	switch {
	case r.Caller == "*":
		return poller || !notStruck[who]
	case Short(r.Caller) == Short(who):
		return true
	}
	return poller && (function == "" || Short(r.Caller) == Short(function))
}

// fits tells whether the rule is about the call.
func (r *rule) fits(c *Call) bool {
	return (r.Service == "*" || r.Service == c.Service) && (r.Operation == "*" || r.Operation == c.Operation) &&
		(r.Resource == "*" || strings.Contains(c.Resource, r.Resource)) &&
		applies(r.Fault, c.Service, c.Operation) && r.meets(c.Caller)
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }
