package chaos

import (
	"context"
	"slices"
	"time"
)

// Functions are those that a run kills, by turns; the ones with most to lose come
// more often.
var Functions = []string{"inbound", "outbound", "relay", "inbound", "ingress", "outbound", "inbound", "relay", "profile", "ingress", "reconcile", linker, follower}

// kill is a function that died by time.
type kill struct {
	function string
	at       int64 // hub's time in ms
}

const (
	// busyWait is how long a function is waited for that is to die with work in hand.
	busyWait = 300 * time.Millisecond
	// patience is how many functions in a row have nothing in hand when a step is over.
	patience = 4
	// lull is how long the killer waits for the load to go on.
	lull = 2 * time.Millisecond
)

// amid does some work, and kills n functions meanwhile. Done goes from 0 to 1.
func (r *run) amid(ctx context.Context, n int, done func() float64, work func()) {
	ended, killed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(killed)
		r.killMeanwhile(ctx, n, done, ended)
	}()
	work()
	close(ended)
	<-killed
}

// killMeanwhile kills n functions, and those that were not to be had before, by turns,
// spread over the time in which done goes from 0 to 1. When the load has ended it goes
// on while there is work left; what was not to be had is owed to the next step.
func (r *run) killMeanwhile(ctx context.Context, n int, done func() float64, ended <-chan struct{}) {
	n += r.owed
	doomed := r.Functions
	switch {
	case r.doomed == nil:
		doomed = slices.DeleteFunc(slices.Clone(doomed), func(f string) bool { return f == linker || f == follower })
	case len(r.doomed) > 0 && slices.Contains(doomed, r.doomed[0]):
		doomed = r.doomed
	}
	misses := 0
	for i := 0; i < n; {
		r.owed = n - i
		over := false
		select {
		case <-ctx.Done():
			return
		case <-ended:
			over = true
		default:
		}
		if !over && done() < float64(i)/float64(n) {
			time.Sleep(lull)
			continue
		}
		function := doomed[r.turn%len(doomed)]
		r.turn++
		if r.kill(ctx, function) {
			i++
			misses = 0
		} else if misses++; over && misses == patience {
			return
		}
	}
	r.owed = 0
}

// kill kills a function in the middle of its work, and answers whether it had any.
func (r *run) kill(ctx context.Context, function string) bool {
	if function == "reconcile" {
		// It works when its schedule fires, which fails then.
		tick, stop := context.WithCancel(ctx)
		defer stop()
		time.AfterFunc(lull, func() { _, _ = r.stack.Tick(tick, function) })
	}
	if r.stack.KillBusy(ctx, function, busyWait) != nil {
		return false
	}
	r.kills = append(r.kills, kill{function, r.now().UnixMilli()})
	return true
}
