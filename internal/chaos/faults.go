package chaos

import (
	"context"
	"fmt"
	"slices"

	"omnihub/internal/channel/fake"
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

// receipts is the plan of the fake WhatsApp: some calls fail or are never answered, and
// the webhooks that tell how a send fares come early, late, twice, in any order, or never.
type receipts struct {
	Seed      int64   `json:"seed"`
	Duplicate int     `json:"duplicate_webhooks"`
	Shuffle   bool    `json:"shuffle_webhooks"`
	Read      float64 `json:"status_read"`
	LateMS    int     `json:"status_late_ms"`
	Early     float64 `json:"status_early"`
	Missing   float64 `json:"status_missing"`
	Places    bool    `json:"status_shuffle"`
	calls
}

// calls is what befalls the calls at a fake platform.
type calls struct {
	Rate429    float64 `json:"rate429"`
	RetryAfter int     `json:"retry_after"`
	Rate500    float64 `json:"rate500"`
	Timeout    float64 `json:"timeout"`
	Drop       float64 `json:"accept_then_drop"`
	Late500    float64 `json:"accept_then_500"`
	Down       bool    `json:"down"`
}

// platform is the plan of a fake platform without receipts.
type platform struct {
	Seed      int64 `json:"seed"`
	Duplicate int   `json:"duplicate_webhooks"`
	Shuffle   bool  `json:"shuffle_webhooks"`
	calls
}

// faults are the plans of a run.
type faults struct {
	receipts    receipts
	line        platform
	cloud       *stack.AWSPlan
	invocations *stack.LambdaPlan
	channels    []string
}

func faultsOf(l Load) faults {
	seed := int64(l.Seed)
	f := faults{
		receipts: receipts{Seed: seed, Duplicate: 1, Shuffle: true, Read: 0.3, LateMS: 800, Early: 0.1, Missing: 0.05, Places: true},
		line:     platform{Seed: seed},
		channels: l.Channels,
	}
	if l.Level == None || l.Level == "" {
		f.receipts.calls.Drop = 0.05
		return f
	}
	f.receipts.calls = calls{Rate429: 0.05, RetryAfter: 2, Rate500: 0.05, Timeout: 0.005, Drop: 0.05, Late500: 0.05}
	f.line.calls = f.receipts.calls
	f.line.Duplicate, f.line.Shuffle = 1, true
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

// pointsOf lets each function die at each failpoint that it has, n times at most.
func pointsOf(seed uint64, n int) stack.FailpointPlan {
	plan := stack.FailpointPlan{Seed: int64(seed)}
	for _, function := range sorted(deaths) {
		for _, point := range deaths[function] {
			plan.Points = append(plan.Points, stack.Failpoint{Function: function, Point: point, Rate: pointRate, Count: n})
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
}

// plans are the faults by the target at which they are set.
func (f faults) plans() map[string]any {
	out := map[string]any{}
	if slices.Contains(f.channels, whatsApp) {
		out[whatsApp] = f.receipts
	}
	if slices.Contains(f.channels, "line") {
		out["line"] = f.line
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

// owed are the states that the platform tells of a send under the plan, by the name
// that the hub gave the send, when it accepted it n times: the same dice fall the same
// way for each name.
func (f receipts) owed(ref string, n int) []string {
	dice := fake.Dice{Seed: f.Seed}
	var told []string
	for range n {
		states := []string{"sent", "delivered"}
		if dice.Hit(f.Read, "read", ref) {
			states = append(states, "read")
		}
		told = append(told, slices.DeleteFunc(states, func(state string) bool { return dice.Hit(f.Missing, "missing "+state, ref) })...)
	}
	slices.Sort(told)
	return slices.Compact(told)
}

// lostAnswer tells whether the platform, which accepted a send n times, left the first
// call for it that it did not turn away without an answer that tells how it ended.
func (f faults) lostAnswer(channel string, s send, n int) bool {
	plan, name, dice := f.receipts.calls, "send "+s.ref(), fake.Dice{Seed: f.receipts.Seed}
	if channel != whatsApp {
		plan, name = f.line.calls, "reply "+s.token
	}
	for range 100 {
		switch {
		case dice.Hit(plan.Rate429, "429", name):
		case dice.Hit(plan.Rate500, "500", name):
			if channel != whatsApp {
				return true // LINE may have accepted it
			}
		case dice.Hit(plan.Timeout, "timeout", name):
			return true
		default:
			return n > 0 && (dice.Hit(plan.Drop, "drop", name) || dice.Hit(plan.Late500, "late 500", name))
		}
	}
	return false
}
