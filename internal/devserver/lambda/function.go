package lambda

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"omnihub/internal/devserver/fault"
)

// Config is what a function's processes are started with.
type Config struct {
	ID          string   // logical id
	Label       string   // short name, for the log
	ARN         string   //
	Dir         string   // folder with the program "bootstrap"
	Environment []string // NAME=value, complete but for what the Runtime API adds
	Timeout     time.Duration
	Limit       int // processes at once; 0 = MaxProcesses
}

// MaxPayload is the largest event and the largest answer, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const MaxPayload = 6 * 1024 * 1024

// Function is one function of the host. All of it is safe for concurrent use.
type Function struct {
	host  *Host
	label string
	peak  atomic.Int64 // highest of all processes so far, in bytes

	// Guarded by host.mu.
	config    Config
	processes []*process // alive, oldest first
	starting  int
	broken    *Failure // why the last process could not start
	failures  int      // starts that failed in a row
	retryAt   time.Time
	doom      []chan int    // who waits for a process that is killed with an event in hand
	usual     time.Duration // how long an invocation lasts that goes well; 0 = not known
}

// Kind says how an invocation failed.
type Kind string

const (
	Reported Kind = "error"   // the function reported an error, or panicked
	TimedOut Kind = "timeout" // it ran past its deadline and was killed
	Crashed  Kind = "crash"   // its process ended during the invocation
	NotReady Kind = "start"   // its process ended before it asked for an event
	Refused  Kind = "refused" // the event was never given to a process

	// Throttled: the event was never given to a process, since there were too many;
	// who has it tries again. https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
	Throttled Kind = "throttle"
	// Lost: the function has done its work, and its answer did not arrive.
	Lost Kind = "lost"
)

// Failure is why an invocation has no answer.
type Failure struct {
	Kind    Kind
	Type    string // errorType, as AWS names it
	Message string // errorMessage
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }

func refusal(message string) *Failure {
	return &Failure{Kind: Refused, Type: "ServiceException", Message: message}
}

func timeoutText(id string, after time.Duration) string {
	return fmt.Sprintf("RequestId: %s Error: Task timed out after %.2f seconds", id, after.Seconds())
}

// Result is the end of an invocation: an answer, or a failure.
type Result struct {
	ID      string // request id
	Payload []byte // JSON, as the function wrote it
	Failure *Failure
	Took    time.Duration
}

// invocation is one event on its way through a process.
type invocation struct {
	fn      *Function
	id      string
	trace   string
	payload []byte
	event   fault.Event
	done    chan Result

	// Guarded by host.mu.
	isDone    bool
	process   *process
	started   time.Time
	deadline  time.Time
	holdsCore bool
	timer     *time.Timer
	lease     *time.Timer
}

func (inv *invocation) result(r Result) {
	if !inv.isDone {
		inv.isDone = true
		inv.done <- r
	}
}

// Invoke gives the function one event and waits for the result. When ctx ends
// first the answer is a failure of kind Refused; an event that a process has
// already runs on.
func (f *Function) Invoke(ctx context.Context, payload []byte, trace string) Result {
	event := f.host.Faults.Event(f.label, payload)
	if event.Throttled() {
		f.host.log.Request(f.label, trace, "throttled, as the fault plan says")
		return Result{ID: requestID(), Failure: &Failure{Throttled, "TooManyRequestsException", "Rate Exceeded."}}
	}
	r := f.invoke(ctx, payload, trace, event)
	if r.Failure == nil && event.Unanswered() {
		f.host.log.Request(f.label, trace, "answer lost, as the fault plan says")
		r.Payload, r.Failure = nil, &Failure{Lost, "ServiceException", "the answer of the invocation did not arrive"}
	}
	return r
}

func (f *Function) invoke(ctx context.Context, payload []byte, trace string, event fault.Event) Result {
	inv := &invocation{fn: f, id: requestID(), trace: trace, payload: payload, event: event, done: make(chan Result, 1)}
	if len(payload) > MaxPayload {
		return Result{ID: inv.id, Failure: &Failure{Refused, "RequestEntityTooLargeException",
			fmt.Sprintf("the event of %d bytes is over the limit of %d", len(payload), MaxPayload)}}
	}
	h := f.host
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return Result{ID: inv.id, Failure: refusal("the devserver stops")}
	}
	h.changes++
	h.queue = append(h.queue, inv)
	h.dispatch()
	h.mu.Unlock()
	select {
	case r := <-inv.done:
		return r
	case <-ctx.Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, waiting := range h.queue {
		if waiting == inv {
			h.queue = append(h.queue[:i], h.queue[i+1:]...)
			h.changes++
			h.dispatch()
			return Result{ID: inv.id, Failure: refusal("no process became free in time")}
		}
	}
	select {
	case r := <-inv.done:
		return r
	default:
		return Result{ID: inv.id, Failure: refusal("the caller stopped waiting; the invocation runs on")}
	}
}

// Warm starts a process if the function has none.
func (f *Function) Warm() {
	h := f.host
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed && f.live() == 0 && h.processes < MaxAll {
		h.start(f)
	}
}

// Replace changes what processes are started with. Idle processes end, those
// with an event finish it first, and one new process is started.
func (f *Function) Replace(c Config) {
	h := f.host
	h.mu.Lock()
	f.config, f.broken, f.failures = c, nil, 0
	for _, p := range f.processes {
		p.retired = true
		h.stop(p)
	}
	h.mu.Unlock()
	f.Warm()
}

// Config is what processes are started with now.
func (f *Function) Config() Config {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	return f.config
}

// idle is the process that was used last, so that the others can grow cold. The
// host's lock is held.
func (f *Function) idle() *process {
	var out *process
	for _, p := range f.processes {
		if p.state == idle && (out == nil || p.since.After(out.since)) {
			out = p
		}
	}
	return out
}

// live counts the processes in service. The host's lock is held.
func (f *Function) live() int {
	n := 0
	for _, p := range f.processes {
		if p.state != stopping {
			n++
		}
	}
	return n
}

// coming counts the processes that will ask for an event soon: those that start,
// and those that have just answered. The host's lock is held.
func (f *Function) coming() int {
	n := f.starting
	for _, p := range f.processes {
		if p.state == answered && !p.retired {
			n++
		}
	}
	return n
}

func (f *Function) limit() int {
	if f.config.Limit > 0 && f.config.Limit < MaxProcesses {
		return f.config.Limit
	}
	return MaxProcesses
}

// requestID makes a random UUID.
func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
