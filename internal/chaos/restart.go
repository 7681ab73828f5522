package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
	report := Report{Scenario: "restarts", Seed: l.Seed, Level: l.Level, Ordered: o.Shuffle == 0, Scale: l.Scale, Kills: map[string]int{}}
	moments := rand.New(rand.NewPCG(l.Seed, 2))
	f := faultsOf(l)
	for channel, p := range f.platforms {
		p.Read = 0 // what is sent before the plan is set would fall under no dice
		f.platforms[channel] = p
	}
	start := time.Now()
	r := newRun(l)
	r.brief = true
	for round := range rounds {
		st, err := stack.Start(ctx, o)
		if err != nil {
			return report, err
		}
		if round == 0 { // platforms go on telling the address that they were given
			o.Env = append(slices.Clone(o.Env), "DEV_API_ADDR="+strings.TrimPrefix(st.API, "http://"))
		}
		fresh, err := r.round(ctx, st, f, round)
		if err != nil {
			return report, errors.Join(err, st.Kill())
		}
		var delivery sync.WaitGroup
		delivery.Go(func() {
			// The kill cuts deliveries off: those were not answered.
			_ = r.deliver(ctx, fresh, 0)
		})
		moment := time.NewTimer(time.Duration(moments.Int64N(int64(400 * time.Millisecond))))
		<-moment.C
		if err := st.Kill(); err != nil {
			return report, err
		}
		delivery.Wait()
		r.checkLog([]byte(st.Log()), &report)
		report.Kills["everything"]++
	}
	st, err := stack.Start(ctx, o)
	if err != nil {
		return report, err
	}
	defer func() { _ = st.Kill() }()
	if err = r.attach(ctx, st); err == nil {
		err = r.settle(ctx)
	}
	kills := report.Kills
	report.Seconds = time.Since(start).Seconds()
	r.tell(&report)
	report.Kills = kills
	if err == nil {
		err = r.check(ctx, &report, f, nil)
	}
	if err != nil {
		return report, err
	}
	report.broken()
	if len(report.Unanswered) > 0 {
		report.blame("sends that did not go out and are not unknown: got %s, want 0", counts(report.Unanswered))
	}
	if report.Acknowledged == 0 {
		report.blame("no event was acknowledged")
	}
	return report, st.Stop()
}

// round lets each customer write, and react where the channel has reactions.
func (r *run) round(ctx context.Context, st *stack.Stack, f faults, round int) ([]*hook, error) {
	if err := r.attach(ctx, st); err != nil {
		return nil, err
	}
	if err := r.strike(ctx, f); err != nil {
		return nil, err
	}
	if round%restEvery == 0 {
		if err := r.settle(ctx); err != nil {
			return nil, err
		}
	}
	var fresh []*hook
	for c := range r.Customers {
		who := r.customer(c)
		who.name = fmt.Sprintf("%s in round %d", who.name, round)
		n := 1
		if len(traitOf(who.channel).shown) > 0 {
			n = perRound
		}
		hooks, err := r.act(ctx, who, 0, n)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, hooks...)
	}
	r.hooks = append(r.hooks, fresh...)
	mirrored, err := r.mirror(ctx, fresh)
	return append(fresh, mirrored...), err
}
