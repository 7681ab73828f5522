// Package chaos runs loads against a local stack while functions are killed and the
// cloud, the platforms and the invocations fail, and checks afterwards, from the
// fakes' ledgers, the tables, the queues, the bus and the log, that nothing was lost,
// nothing done twice and nothing done out of order.
package chaos

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/stack"
)

// Load is what is done to a stack. What customers, desk and platforms do, and in
// which order it is delivered, follows from the seed alone; but for a card that does not
// come a customer asks again.
type Load struct {
	Seed       uint64
	Channels   []string // the customers are spread over them
	Customers  int
	Messages   int      // of customers, in all
	Repeats    int      // deliveries of each webhook
	Clients    int      // that deliver at the same time
	Kills      int      // by time, while the load runs
	Functions  []string // that are killed, by turns
	Failpoints int      // deaths at each failpoint, at most; the functions are built with the tag chaos
	Level      Level    // of all other faults
	Poison     int      // webhooks that can never be worked off
	Rival      bool     // a second team has accounts with the same names, secrets and customers
	Ordered    bool     // the queues keep the order of a group
	Scale      string   // of the visibility times, for the report
}

// perWave is how many messages of one customer come within a minute of the hub's
// clock: as many as the reply budget answers.
const perWave = 5

// perStep is how many customers write at the same time: so few that what one writes
// in a wave reaches the hub within the seconds in which a platform lends a burst.
const perStep = 100

// run is one load on one stack.
type run struct {
	Load
	stack    *stack.Stack
	office   *office
	webhooks map[string]webhook // by team and channel
	offset   atomic.Int64       // of the hub's clock, ns
	random   *rand.Rand         // of what is done; used by one goroutine

	struck    []int64           // when the platforms' dice were taken up anew, hub's time in ms
	hooks     []*hook           // all that was made
	addresses map[string]string // the id by which the desk writes to a customer, by name
	personal  map[string]bool   // what platforms told of people, which no log may show
	desk      []intent
	kills     []kill
	owed      int  // kills that did not come about in their step
	turn      int  // of the function that is killed next
	brief     bool // webhooks are posted once, whatever the answer is

	logs map[string]map[string]bool // the partitions of each customer's log, by team and name
	met  map[string]bool            // customers whose ids the hub could put together

	effects effects // what the platforms accepted, once checked

	links   []*link                 // who go over to another channel
	says    map[string]hub.Activity // what the team says and tags then, by activity
	arrived map[string]bool         // customers who were there by that alone, and have written
	doomed  []string                // the functions that are killed just now; nil = all but OmniLink's
	mu      sync.Mutex
	hidden  map[string]string // secrets that no log may show, with what they are; under mu

	marks      int             // made so far
	came       map[string]bool // visitors that follow now; used by the goroutine of random
	poisons    int
	posts      int // deliveries, each event of each post counted
	retries    int // posts that were not answered 2xx, and were done again
	delivering time.Duration
}

// now is the hub's time.
func (r *run) now() time.Time { return time.Now().Add(time.Duration(r.offset.Load())) }

func newRun(l Load) *run {
	return &run{
		Load: l, random: rand.New(rand.NewPCG(l.Seed, 1)), addresses: map[string]string{}, personal: map[string]bool{},
		came: map[string]bool{}, arrived: map[string]bool{}, hidden: map[string]string{}, says: map[string]hub.Activity{},
	}
}

// begin makes a run on a stack, with the second team if there is one.
func begin(ctx context.Context, st *stack.Stack, l Load) (*run, error) {
	r := newRun(l)
	return r, r.attach(ctx, st)
}

// beginUnder is begin with the faults of the load, which strike from then on.
func beginUnder(ctx context.Context, st *stack.Stack, l Load) (*run, faults, error) {
	f := faultsOf(l)
	r, err := begin(ctx, st, l)
	if err != nil {
		return r, f, err
	}
	return r, f, r.strike(ctx, f)
}

// conclude checks a run at whose end every event was taken and every send went out, or
// has a reason not to be known.
func (r *run) conclude(ctx context.Context, report *Report, f faults, start time.Time) error {
	report.Seconds = time.Since(start).Seconds()
	r.tell(report)
	if err := r.check(ctx, report, f, nil); err != nil {
		return err
	}
	report.broken()
	report.expect("events never acknowledged", report.Unacknowledged, 0)
	report.answered()
	return nil
}

// attach turns the run to a stack, which may be a later one on the same state.
func (r *run) attach(ctx context.Context, st *stack.Stack) error {
	r.stack = st
	var err error
	if r.office, err = newOffice(ctx, st, func() time.Time { return r.now() }); err != nil {
		return err
	}
	r.webhooks, err = r.office.webhooks(ctx, st, r.Rival)
	return err
}

// Run plays the load in waves, a minute of the hub's clock apart, a group of
// customers at a time, and lets the stack come to rest after each. A fifth of each
// webhook's deliveries comes in the wave after its own.
func Run(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	report := Report{Scenario: "standard", Seed: l.Seed, Level: l.Level, Ordered: l.Ordered, Scale: l.Scale}
	r, f, err := beginUnder(ctx, st, l)
	if err != nil {
		return report, err
	}
	if err := r.plan(ctx); err != nil {
		return report, err
	}
	bus := watchBus(ctx, st)
	defer bus.stop()
	start := time.Now()
	err = r.waves(ctx)
	if err == nil {
		err = r.calm(ctx, f, &report)
	}
	report.Seconds = time.Since(start).Seconds()
	r.tell(&report)
	if err != nil {
		return report, err
	}
	bus.stop()
	if err := r.check(ctx, &report, f, bus); err != nil {
		return report, err
	}
	l.judge(&report)
	return report, nil
}

// waves lets everybody do what the load says. Those who got a card tap it in the last wave,
// in which nobody writes any more.
func (r *run) waves(ctx context.Context) error {
	each := (r.Messages + r.Customers - 1) / r.Customers
	waves, groups := (each+perWave-1)/perWave, (r.Customers+perStep-1)/perStep
	late, later := r.Repeats/5, r.linkKills()
	written := 0
	behind := make([][]*hook, groups)
	for step := range (waves + 1) * groups {
		wave, group := step/groups, step%groups
		var fresh []*hook
		kills := 0
		if wave < waves {
			var err error
			if fresh, err = r.write(ctx, group*perStep, wave, min(each-wave*perWave, perWave), r.Messages-written); err != nil {
				return err
			}
			written += messagesIn(fresh)
			poison, err := r.poison(ctx, fresh, r.share(r.Poison, step, waves*groups))
			if err != nil {
				return err
			}
			fresh = append(fresh, poison...)
			kills = r.share(r.Kills-later, step, waves*groups)
		}
		reused, err := r.reuse(ctx, behind[group])
		if err != nil {
			return err
		}
		mirrored, err := r.mirror(ctx, fresh)
		if err != nil {
			return err
		}
		fresh = append(append(fresh, mirrored...), reused...)
		deliveries := append(slices.Repeat(fresh, r.Repeats-late), slices.Repeat(behind[group], late)...)
		if wave < waves {
			behind[group] = fresh
			err = r.deliver(ctx, deliveries, kills)
		} else {
			err = r.cross(ctx, group, deliveries, r.share(later, group, groups))
		}
		if err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
		if group == groups-1 && wave < waves {
			if err := r.advance(ctx, 61*time.Second); err != nil {
				return err
			}
		}
	}
	if err := r.wrongHands(ctx); err != nil {
		return err
	}
	return r.finish(ctx, behind)
}

// extraSteps is how often the last webhooks come again at most for kills that are owed.
const extraSteps = 6

// finish gives the functions that are still to be killed something to do: the last
// webhooks once more.
func (r *run) finish(ctx context.Context, behind [][]*hook) error {
	for step := 0; r.owed > 0 && step < extraSteps; step++ {
		if err := r.deliver(ctx, slices.Clone(behind[step%len(behind)]), 0); err != nil {
			return err
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// share is the part of a total that falls to a step.
func (r *run) share(total, step, steps int) int { return total*(step+1)/steps - total*step/steps }

// write lets each customer of a group write up to n times, at most limit times in all,
// do what else customers do, and get something from the desk.
func (r *run) write(ctx context.Context, first, wave, n, limit int) ([]*hook, error) {
	var fresh []*hook
	for c := first; c < min(first+perStep, r.Customers); c++ {
		who := r.customer(c)
		hooks, err := r.act(ctx, who, wave, min(n, limit))
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, hooks...)
		limit -= messagesIn(hooks)
		if wave > 0 {
			if err := r.serve(ctx, who); err != nil {
				return nil, err
			}
		}
	}
	r.hooks = append(r.hooks, fresh...)
	return fresh, nil
}

// calm ends all faults and brings the stack to rest.
func (r *run) calm(ctx context.Context, f faults, report *Report) error {
	if err := r.reprieve(ctx, f, report); err != nil {
		return err
	}
	return r.settle(ctx)
}

func (r *run) advance(ctx context.Context, by time.Duration) error {
	_, err := r.stack.AdvanceClock(ctx, by)
	r.offset.Add(int64(by))
	return err
}
