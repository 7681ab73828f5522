package lambda

import (
	"context"
	mathrand "math/rand/v2"
	"slices"
	"time"
)

// firstGuess is how long an invocation is taken to last before one was seen.
const firstGuess = 4 * time.Millisecond

// Kill ends one process with SIGKILL, one that has an event if there is any. It
// answers its pid, or 0 if the function has no process.
func (f *Function) Kill() int {
	h := f.host
	h.mu.Lock()
	defer h.mu.Unlock()
	var victim *process
	for _, p := range f.processes {
		if p.state == busy || p.state == idle && victim == nil {
			victim = p
		}
		if p.state == busy {
			break
		}
	}
	if victim == nil || victim.pid == 0 {
		return 0
	}
	victim.signalKill()
	return victim.pid
}

// KillBusy ends a process with SIGKILL while it has an event: up to a few
// milliseconds after one was given to it. It waits for that as long as ctx lives,
// and answers the process's pid, or 0.
func (f *Function) KillBusy(ctx context.Context) int {
	h := f.host
	killed := make(chan int, 1)
	h.mu.Lock()
	f.doom = append(f.doom, killed)
	h.mu.Unlock()
	select {
	case pid := <-killed:
		return pid
	case <-ctx.Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	f.doom = slices.DeleteFunc(f.doom, func(c chan int) bool { return c == killed })
	select {
	case pid := <-killed:
		return pid
	default:
		return 0
	}
}

// strike lets an invocation's process die while it has the event, if somebody waits
// for that or a fault says so. The lock is held.
func (f *Function) strike(inv *invocation) {
	if len(f.doom) > 0 {
		killed := f.doom[0]
		f.doom = f.doom[1:]
		after := time.Duration(mathrand.Int64N(int64(4 * time.Millisecond)))
		inv.killAfter(after, func() { killed <- inv.process.pid }, func() { f.doom = append(f.doom, killed) })
	}
	if share, hit := inv.event.Killed(); hit {
		usual := f.usual
		if usual == 0 {
			usual = firstGuess
		}
		inv.killAfter(time.Duration(share*float64(usual)), inv.event.Died, func() {})
	}
}

// killAfter kills the process that has the invocation, and calls struck; one that has
// answered by then is spared, and spared is called. Both are called under the lock.
func (inv *invocation) killAfter(d time.Duration, struck, spared func()) {
	time.AfterFunc(d, func() {
		h := inv.fn.host
		h.mu.Lock()
		defer h.mu.Unlock()
		p := inv.process
		if inv.isDone || p.current != inv || p.state != busy || p.pid == 0 || p.killed {
			spared()
			return
		}
		p.killed = true
		p.signalKill()
		struck()
	})
}

// learn remembers how long an invocation took that went well. The lock is held.
func (f *Function) learn(took time.Duration) {
	if f.usual == 0 {
		f.usual = took
		return
	}
	f.usual += (took - f.usual) / 8
}
