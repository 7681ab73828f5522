package chaos

import (
	"context"
	"fmt"

	"omnihub/internal/failpoint"
	"omnihub/internal/localaws/fault"
	"omnihub/internal/stack"
)

// Level is how often everything fails.
type Level string

const (
	None     Level = "none"     // the platforms' receipts come early, late, twice and in any order, nothing more
	Smoke    Level = "smoke"    // 5 % of each fault
	Standard Level = "standard" // 20 % throttling, 10 % conflicts, 5 % of each other
)

// Levels are all of them.
func Levels() []Level { return []Level{None, Smoke, Standard} }

// faults are the plans of a run.
type faults struct {
	platforms   map[string]plan // by channel
	cloud       *stack.AWSPlan
	invocations *stack.LambdaPlan
}

func faultsOf(l Load) faults {
	seed := int64(l.Seed)
	f := faults{platforms: map[string]plan{}}
	calm := l.Level == None || l.Level == ""
	for _, channel := range l.Channels {
		p := plan{Seed: seed}
		tells := traitOf(channel).tells
		if tells {
			p.receipts = receipts{Read: 0.3, LateMS: 800, Early: 0.1, Missing: 0.05, Places: true}
			p.Drop = 0.05
		}
		if !calm {
			p.calls = calls{Rate429: 0.05, RetryAfter: 2, Rate500: 0.05, Timeout: 0.005, Drop: 0.05, Late500: 0.05}
		}
		if tells || !calm {
			p.Duplicate, p.Shuffle = 1, true
		}
		f.platforms[channel] = p
	}
	if calm {
		return f
	}
	throttle, conflict := 0.05, 0.05
	if l.Level == Standard {
		throttle, conflict = 0.2, 0.1
	}
	f.cloud = &stack.AWSPlan{Seed: seed, Rules: []fault.Rule{
		{Fault: fault.Throttle, Rate: throttle}, {Fault: fault.Conflict, Rate: conflict}, {Fault: fault.Drop, Rate: 0.05}, {Fault: fault.Lose, Rate: 0.02},
		{Fault: fault.Internal, Rate: 0.02}, {Fault: fault.Partial, Rate: 0.05}, {Fault: fault.Slow, Rate: 0.02, MS: 40},
		{Fault: fault.Duplicate, Rate: 0.05}, {Fault: fault.Early, Rate: 0.05}, {Fault: fault.Stall, Rate: 0.02, MS: 300},
	}}
	f.invocations = &stack.LambdaPlan{Seed: seed, Duplicate: 0.05, Unanswered: 0.05, Throttle: 0.05}
	return f
}

// pointRate is how often a function dies that comes to a failpoint.
const pointRate = 0.05

// fewDeaths is how often a function dies at a failpoint that has no more records in a whole
// run than one that is put aside has tries: as often as the others it would take innocent ones
// to the quarantine, which is what eight failures of a record are for.
const fewDeaths = 2

// pointsOf lets each function die at each failpoint that it has, n times at most.
func pointsOf(seed uint64, n int) stack.FailpointPlan {
	plan := stack.FailpointPlan{Seed: int64(seed)}
	for _, function := range sorted(deaths) {
		times := n
		if function == follower {
			times = min(n, fewDeaths)
		}
		for _, point := range deaths[function] {
			plan.Points = append(plan.Points, stack.Failpoint{Function: function, Point: point, Rate: pointRate, Count: times})
		}
	}
	return plan
}

// deaths are the failpoints of each function.
var deaths = map[string][]failpoint.Point{
	"ingress":   {failpoint.AfterVerify, failpoint.AfterEnqueue},
	"inbound":   {failpoint.BeforeWrite, failpoint.AfterWrite, failpoint.MidBatch},
	"relay":     {failpoint.MidBatch},
	"outbound":  {failpoint.AfterClaim, failpoint.BeforeFinish, failpoint.AfterProvider200, failpoint.MidBatch},
	"reconcile": {failpoint.MidBatch},
	"profile":   {failpoint.MidBatch},
	linker:      {failpoint.BeforeWrite, failpoint.AfterWrite},
	follower:    {failpoint.AfterWrite, failpoint.MidBatch},
}

// plans are the faults by the target at which they are set.
func (f faults) plans() map[string]any {
	out := map[string]any{}
	for channel, p := range f.platforms {
		out[channel] = p
	}
	if f.cloud != nil {
		out[stack.AWS], out[stack.Lambda] = f.cloud, f.invocations
	}
	return out
}

// strike sets the faults of a run, and the points at which functions die.
func (r *run) strike(ctx context.Context, f faults) error {
	if err := r.stack.Faults(ctx, f.plans()); err != nil {
		return fmt.Errorf("chaos: faults: %w", err)
	}
	r.struck = append(r.struck, r.now().UnixMilli())
	if r.Failpoints == 0 {
		return nil
	}
	if err := r.stack.SetFailpoints(ctx, pointsOf(r.Seed, r.Failpoints)); err != nil {
		return fmt.Errorf("chaos: failpoints: %w", err)
	}
	return nil
}

// reprieve ends them, but for what the platforms still owe: their receipts. It notes
// what struck.
func (r *run) reprieve(ctx context.Context, f faults, report *Report) error {
	if f.cloud != nil {
		counts, err := r.stack.FaultCounts(ctx)
		if err != nil {
			return fmt.Errorf("chaos: faults: %w", err)
		}
		report.Strikes = map[string]int{}
		for _, c := range counts.AWS {
			report.Strikes[c.Fault] += c.Struck
		}
		for _, kinds := range counts.Lambda {
			for kind, c := range kinds {
				report.Strikes["invocation "+string(kind)] += c.Struck
			}
		}
		if err := r.stack.Faults(ctx, map[string]any{stack.AWS: nil, stack.Lambda: nil}); err != nil {
			return fmt.Errorf("chaos: faults: %w", err)
		}
	}
	if r.Failpoints == 0 {
		return nil
	}
	state, err := r.stack.Failpoints(ctx)
	if err != nil {
		return fmt.Errorf("chaos: failpoints: %w", err)
	}
	report.Points = map[string]int{}
	for function, points := range state.Passages {
		for point, p := range points {
			if p.Kills > 0 {
				report.Points[function+" "+string(point)] += p.Kills
			}
		}
	}
	return r.stack.SetFailpoints(ctx, stack.FailpointPlan{})
}
