package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"omnihub/internal/stack"
)

// perRound is how often a customer of several ids writes in one round of Restarts:
// once by each form of name. Any other writes once.
const perRound = 3

// restEvery is after how many kills the stack may come to rest once: each kill costs
// a message in hand one of its receives, and after seven it is kept aside.
const restEvery = 5

// Restarts kills the whole local stack again and again while customers write, each
// time at another moment, and starts it on the state that it left. What was answered
// 2xx must be stored once and answered once; a send that was under way at the kill
// may be unknown. In each round other customers write.
func Restarts(ctx context.Context, o stack.Options, l Load, rounds int) (Report, error) {
	report := Report{Seed: l.Seed, Scale: l.Scale}
	random := rand.New(rand.NewPCG(l.Seed, 2))
	faults := receiptFaults(l.Seed, l.Channels)
	faults.Read = 0 // what is sent before the plan is set would fall under no dice
	start := time.Now()
	r := &run{Load: l}
	var hooks []*hook
	for round := range rounds {
		st, err := stack.Start(ctx, o)
		if err != nil {
			return report, err
		}
		r.stack = st
		err = st.Faults(ctx, faults.plans())
		if err == nil && round%restEvery == 0 {
			err = r.settle(ctx)
		}
		var fresh []*hook
		if err == nil {
			fresh, err = r.round(ctx, round)
		}
		if err != nil {
			return report, errors.Join(err, st.Kill())
		}
		random.Shuffle(len(fresh), func(i, j int) { fresh[i], fresh[j] = fresh[j], fresh[i] })
		hooks = append(hooks, fresh...)
		report.Deliveries += len(fresh)
		var delivery sync.WaitGroup
		delivery.Go(func() {
			// The kill cuts deliveries off: those were not answered.
			_, _ = r.deliver(ctx, fresh, 0)
		})
		moment := time.NewTimer(time.Duration(random.Int64N(int64(400 * time.Millisecond))))
		<-moment.C
		if err := st.Kill(); err != nil {
			return report, err
		}
		delivery.Wait()
		report.Kills++
	}
	st, err := stack.Start(ctx, o)
	if err != nil {
		return report, err
	}
	r.stack = st
	err = r.settle(ctx)
	report.Events, report.Took = messagesIn(hooks), time.Since(start)
	if err == nil {
		err = check(ctx, st, &report, hooks, faults, nil)
	}
	return report, errors.Join(err, st.Stop())
}

// round lets each customer write, and react where the channel has reactions.
func (r *run) round(ctx context.Context, round int) ([]*hook, error) {
	var fresh []*hook
	for c := range r.Customers {
		who := customer{channel: r.Channels[c%len(r.Channels)], name: fmt.Sprintf("customer-%d-%d", round, c), number: c}
		n := 1
		if who.channel == whatsApp {
			n = perRound
		}
		hooks, err := r.act(ctx, who, 0, n)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, hooks...)
	}
	return fresh, nil
}
