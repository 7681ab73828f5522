// Package lambda runs functions as Lambda does: every function is a program that
// asks the Runtime API for its next event, one event per process at a time, in
// as many processes as are needed.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package lambda

import (
	"context"
	"runtime"
	"sync"
	"time"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/logs"
)

const (
	// MaxProcesses is how many processes one function may have.
	MaxProcesses = 4
	// MaxAll is how many processes all functions may have together.
	MaxAll = 16

	// coreLease is how long an invocation may hold a core: what runs on after it
	// waits for something outside, and must not keep others from running.
	coreLease = time.Second
	// startWithin is how long a new process may take to ask for its first event.
	startWithin = 10 * time.Second
	// stopWithin is how long a process may take to end after SIGTERM.
	stopWithin = 500 * time.Millisecond

	minBackoff = 500 * time.Millisecond
	maxBackoff = 15 * time.Second
)

// Host runs the processes of all functions. As many invocations run at once as
// the machine has cores; the others wait in order of arrival.
type Host struct {
	// Faults says what goes wrong on purpose; nil is nothing. Set it before Add.
	Faults *fault.Faults

	log   *logs.Log
	spawn *spawner
	cores int

	mu        sync.Mutex
	functions []*Function
	queue     []*invocation // waiting, oldest first
	processes int           // alive, whatever they do
	stopping  int           // of them, told to end
	busy      int           // cores in use
	running   int           // invocations given to a process and not answered
	changes   uint64        // counts beginnings and ends of invocations
	quiet     []chan struct{}
	closed    bool
	exits     sync.WaitGroup
}

// NewHost makes a host without functions.
func NewHost(log *logs.Log) *Host {
	return &Host{log: log, spawn: newSpawner(), cores: runtime.NumCPU()}
}

// Add adds a function. Nothing is started before Warm or the first invocation.
func (h *Host) Add(c Config) *Function {
	f := &Function{host: h, label: c.Label, config: c}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.functions = append(h.functions, f)
	return f
}

// Activity is a snapshot of what runs.
type Activity struct {
	Running int    `json:"running"` // invocations in a process
	Waiting int    `json:"waiting"` // invocations that wait for a process or a core
	Changes uint64 `json:"-"`       // grows with every beginning and end of an invocation
}

// Activity tells what runs now. Two equal values of Changes mean that no
// invocation began or ended between the two calls.
func (h *Host) Activity() Activity {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Activity{h.running, len(h.queue), h.changes}
}

// Drain returns when no invocation runs or waits, or with the context's error.
func (h *Host) Drain(ctx context.Context) error {
	h.mu.Lock()
	if h.running == 0 && len(h.queue) == 0 {
		h.mu.Unlock()
		return nil
	}
	done := make(chan struct{})
	h.quiet = append(h.quiet, done)
	h.mu.Unlock()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close refuses what waits, ends every process and returns when all have ended.
func (h *Host) Close() {
	h.mu.Lock()
	h.closed = true
	for _, inv := range h.queue {
		inv.result(Result{Failure: refusal("the devserver stops")})
	}
	h.queue = nil
	for _, f := range h.functions {
		for _, p := range f.processes {
			h.stop(p)
		}
	}
	h.mu.Unlock()
	h.exits.Wait()
	h.spawn.close()
}

// dispatch gives waiting invocations to idle processes, oldest first, while cores
// are free, and starts processes where one is missing. The lock is held.
func (h *Host) dispatch() {
	wanted := map[*Function]int{}
	for i := 0; i < len(h.queue) && h.busy < h.cores; {
		inv := h.queue[i]
		if p := inv.fn.idle(); p != nil {
			h.queue = append(h.queue[:i], h.queue[i+1:]...)
			h.assign(p, inv)
			continue
		}
		wanted[inv.fn]++
		h.makeRoom(inv.fn, wanted[inv.fn])
		if inv.isDone {
			continue // the function cannot start; the queue lost it
		}
		i++
	}
	if h.running == 0 && len(h.queue) == 0 {
		for _, c := range h.quiet {
			close(c)
		}
		h.quiet = nil
	}
}

// makeRoom sees to it that the function gets a process for its n-th waiting
// invocation, as far as the limits allow.
func (h *Host) makeRoom(f *Function, n int) {
	if f.coming() >= n || f.live() >= f.limit() {
		return
	}
	if f.broken != nil && time.Now().Before(f.retryAt) {
		if f.live() == 0 {
			h.refuse(f, f.broken)
		}
		return
	}
	if h.processes < MaxAll {
		h.start(f)
		return
	}
	if h.stopping > 0 {
		return // its end calls dispatch
	}
	if p := h.longestIdle(f); p != nil {
		h.stop(p)
	}
}

// longestIdle is the process of another function that has been idle for longest.
func (h *Host) longestIdle(but *Function) *process {
	var out *process
	for _, f := range h.functions {
		for _, p := range f.processes {
			if f != but && p.state == idle && (out == nil || p.since.Before(out.since)) {
				out = p
			}
		}
	}
	return out
}

// refuse answers all waiting invocations of a function with one failure.
func (h *Host) refuse(f *Function, failure *Failure) {
	rest := h.queue[:0]
	for _, inv := range h.queue {
		if inv.fn == f {
			h.changes++
			inv.result(Result{ID: inv.id, Failure: failure})
		} else {
			rest = append(rest, inv)
		}
	}
	h.queue = rest
}

// assign gives an invocation to an idle process. The lock is held.
func (h *Host) assign(p *process, inv *invocation) {
	now := time.Now()
	p.state, p.since, p.current = busy, now, inv
	p.events++
	p.trace.Store(&inv.trace)
	inv.process, inv.started, inv.deadline = p, now, now.Add(p.config.Timeout)
	inv.holdsCore = true
	h.busy++
	h.running++
	inv.timer = time.AfterFunc(p.config.Timeout, func() { h.timeout(inv) })
	inv.lease = time.AfterFunc(coreLease, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.release(inv)
		h.dispatch()
	})
	p.next <- inv
	inv.fn.strike(inv)
}

// release gives the invocation's core back. The lock is held.
func (h *Host) release(inv *invocation) {
	if inv.holdsCore {
		inv.holdsCore = false
		h.busy--
	}
}

// finish ends an invocation that runs. The lock is held.
func (h *Host) finish(inv *invocation, r Result) {
	if inv.isDone {
		return
	}
	inv.timer.Stop()
	inv.lease.Stop()
	h.release(inv)
	h.running--
	h.changes++
	inv.process.last = inv.id
	inv.process.current = nil
	r.ID, r.Took = inv.id, time.Since(inv.started)
	if r.Failure == nil {
		inv.fn.learn(r.Took)
	}
	inv.result(r)
	h.dispatch()
}

// timeout kills the process of an invocation that is past its deadline.
func (h *Host) timeout(inv *invocation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if inv.isDone {
		return
	}
	p := inv.process
	failure := &Failure{Kind: TimedOut, Type: "Sandbox.Timedout", Message: timeoutText(inv.id, p.config.Timeout)}
	h.log.Block(p.config.Label, inv.trace, failure.Message, p.tail())
	h.kill(p)
	h.finish(inv, Result{Failure: failure})
}

// kill ends a process at once. The lock is held.
func (h *Host) kill(p *process) {
	if p.state == dead || p.killed {
		return
	}
	if p.state != stopping {
		h.leave(p)
	}
	p.killed = true
	p.signalKill()
}

// stop tells a process to end: an idle one at once, another after its event. The
// lock is held.
func (h *Host) stop(p *process) {
	switch p.state {
	case starting, idle, answered:
		h.leave(p)
		p.signalTerm()
		p.grace = time.AfterFunc(stopWithin, p.signalKill)
	case busy:
		p.retired = true
		if h.closed {
			h.kill(p)
		}
	}
}

// leave takes a process out of service. The lock is held.
func (h *Host) leave(p *process) {
	if p.state == starting {
		p.fn.starting--
	}
	p.state = stopping
	h.stopping++
	close(p.left)
}
