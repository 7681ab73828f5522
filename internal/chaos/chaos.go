// Package chaos runs a load against a local stack while it kills functions, and
// checks afterwards, from the fakes' ledgers, the tables and the bus, that nothing
// was lost and nothing done twice.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"omnihub/internal/stack"
)

// Load is what is done to a stack. Each message is the keyword ping, so that each
// has one answer.
type Load struct {
	Seed      uint64
	Channels  []string // the customers are spread over them
	Customers int
	Messages  int // in all
	Repeats   int // deliveries of each message
	Clients   int // that deliver at the same time
	Kills     int // of Function, while the load runs
	Function  string
	Scale     string // of the visibility times, for the report
}

// perWave is how many messages of one customer come within a minute of the hub's
// clock: as many as the reply budget answers.
const perWave = 5

// run is one load on one stack.
type run struct {
	Load
	stack  *stack.Stack
	offset time.Duration // of the hub's clock
}

func (r *run) now() time.Time { return time.Now().Add(r.offset) }

// perStep is how many customers write at the same time: so few that what one writes
// in a wave reaches the hub within the seconds in which a platform lends a burst.
const perStep = 60

// Run plays the load in waves, a minute of the hub's clock apart, a group of
// customers at a time, and lets the stack come to rest after each. A fifth of each
// webhook's deliveries comes in the wave after its own.
func Run(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	report := Report{Seed: l.Seed, Scale: l.Scale}
	r := &run{Load: l, stack: st}
	faults := receiptFaults(l.Seed, l.Channels)
	if err := st.Faults(ctx, faults.plans()); err != nil {
		return report, err
	}
	bus := watchBus(ctx, st)
	defer bus.stop()
	start := time.Now()
	hooks, err := r.waves(ctx, &report)
	report.Took = time.Since(start)
	if err != nil {
		return report, err
	}
	bus.stop()
	return report, check(ctx, st, &report, hooks, faults, bus)
}

func (r *run) waves(ctx context.Context, report *Report) ([]*hook, error) {
	random := rand.New(rand.NewPCG(r.Seed, 1))
	each := (r.Messages + r.Customers - 1) / r.Customers
	waves, groups := (each+perWave-1)/perWave, (r.Customers+perStep-1)/perStep
	late := r.Repeats / 5
	var all []*hook
	behind := make([][]*hook, groups)
	for step := range (waves + 1) * groups {
		wave, group := step/groups, step%groups
		fresh, err := r.write(ctx, group*perStep, wave, min(each-wave*perWave, perWave), r.Messages-report.Events)
		if err != nil {
			return nil, err
		}
		all = append(all, fresh...)
		report.Events += messagesIn(fresh)
		deliveries := append(slices.Repeat(fresh, r.Repeats-late), slices.Repeat(behind[group], late)...)
		random.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		behind[group] = fresh
		kills := 0
		if wave < waves { // the last wave brings nothing new that could be killed
			kills = r.Kills*(step+1)/(waves*groups) - report.Kills
		}
		done, err := r.deliver(ctx, deliveries, kills)
		report.Deliveries += len(deliveries)
		report.Kills += done
		if err != nil {
			return nil, err
		}
		if err := r.settle(ctx); err != nil {
			return nil, err
		}
		if group == groups-1 && wave < waves {
			if err := r.advance(ctx, 61*time.Second); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// write lets each customer of a group write up to n times, at most limit times in all,
// and do what else customers do.
func (r *run) write(ctx context.Context, first, wave, n, limit int) ([]*hook, error) {
	var fresh []*hook
	for c := first; c < min(first+perStep, r.Customers); c++ {
		who := customer{channel: r.Channels[c%len(r.Channels)], name: fmt.Sprintf("customer-%d", c), number: c}
		hooks, err := r.act(ctx, who, wave, min(n, limit))
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, hooks...)
		limit -= messagesIn(hooks)
	}
	return fresh, nil
}

func (r *run) advance(ctx context.Context, by time.Duration) error {
	_, err := r.stack.AdvanceClock(ctx, by)
	r.offset += by
	return err
}

const (
	// settleSteps times settleStep is how far the clock is moved at most for what waits:
	// less than the age up to which a bot's answer is worth sending.
	settleSteps = 30
	settleStep  = 31 * time.Second
	// settleWait bounds the time in which all that arrived is to be stored.
	settleWait = 2 * time.Minute
)

// settle waits until the stack is at rest and no send waits for its time. When all
// that arrived is stored, the clock is moved for a send that waits: for the
// platform's pace, or for the claim of a worker that was killed.
func (r *run) settle(ctx context.Context) error {
	end := time.Now().Add(settleWait)
	for moved := 0; ; {
		idle := r.stack.Idle(ctx, 2*time.Second)
		if idle != nil && time.Now().After(end) {
			return idle
		}
		arriving, waiting, err := r.backlog(ctx)
		switch {
		case err != nil:
			return err
		case idle == nil && (waiting == 0 || moved == settleSteps):
			return nil
		case arriving == 0 && moved < settleSteps:
			if err := r.advance(ctx, settleStep); err != nil {
				return err
			}
			moved++
		}
	}
}
