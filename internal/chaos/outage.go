package chaos

import (
	"context"
	"math"
	"slices"
	"time"

	"omnihub/internal/localaws/fault"
	"omnihub/internal/stack"
)

const (
	// outageStep times outageSteps is how long an outage lasts by the hub's clock.
	outageStep  = 30 * time.Second
	outageSteps = 4
	// outageNap is the real time that everything has in between to try and fail.
	outageNap = time.Second
)

// Outage plays three waves of the load. During the second the local cloud and the
// platforms are down for two minutes: every call of every function fails. Platforms
// send their webhooks again until they are taken.
func Outage(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	report := Report{Scenario: "outage", Seed: l.Seed, Level: l.Level, Ordered: l.Ordered, Scale: l.Scale, Figures: map[string]float64{}}
	start := time.Now()
	r, f, err := beginUnder(ctx, st, l)
	if err != nil {
		return report, err
	}
	for wave := range 3 {
		if err := r.fall(ctx, wave, f, &report); err != nil {
			r.tell(&report)
			return report, err
		}
	}
	if err := r.calm(ctx, f, &report); err != nil {
		return report, err
	}
	if err := r.conclude(ctx, &report, f, start); err != nil {
		return report, err
	}
	if report.Retries == 0 {
		report.blame("no webhook was refused: there was no outage")
	}
	return report, nil
}

// fall plays a wave, the second one with everything down in its middle.
func (r *run) fall(ctx context.Context, wave int, f faults, report *Report) error {
	var fresh []*hook
	for first := 0; first < r.Customers; first += perStep {
		hooks, err := r.write(ctx, first, wave, perWave-1, math.MaxInt)
		if err != nil {
			return err
		}
		fresh = append(fresh, hooks...)
	}
	mirrored, err := r.mirror(ctx, fresh)
	if err != nil {
		return err
	}
	fresh = append(fresh, mirrored...)
	if wave == 1 {
		err = r.blackout(ctx, fresh, f, report)
	} else {
		err = r.deliver(ctx, repeat(fresh, r.Repeats), 0)
	}
	if err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	return r.advance(ctx, 61*time.Second)
}

// blackout lets the cloud and the platforms fail while webhooks arrive, lets two
// minutes pass, and mends them.
func (r *run) blackout(ctx context.Context, fresh []*hook, f faults, report *Report) error {
	// What has arrived is under way when the lights go out.
	if err := r.deliver(ctx, slices.Clone(fresh[:len(fresh)/4]), 0); err != nil {
		return err
	}
	plans := f.plans()
	for channel, p := range f.platforms {
		p.Down = true
		plans[channel] = p
	}
	plans[stack.AWS] = stack.AWSPlan{Seed: int64(r.Seed), Rules: []fault.Rule{{Fault: fault.Down, Rate: 1}}}
	if err := r.stack.Faults(ctx, plans); err != nil {
		return err
	}
	r.struck = append(r.struck, r.now().UnixMilli())
	delivered := make(chan error, 1)
	go func() { delivered <- r.deliver(ctx, repeat(fresh, r.Repeats), 0) }()
	began := r.now()
	for range outageSteps {
		if err := pause(ctx, outageNap); err != nil {
			return err
		}
		if err := r.advance(ctx, outageStep); err != nil {
			return err
		}
	}
	report.Figures["outage s"] = r.now().Sub(began).Seconds()
	if err := r.stack.Faults(ctx, map[string]any{stack.AWS: nil}); err != nil {
		return err
	}
	if err := r.strike(ctx, f); err != nil {
		return err
	}
	return <-delivered
}

// repeat is a list n times over.
func repeat(hooks []*hook, n int) []*hook {
	var out []*hook
	for range n {
		out = append(out, hooks...)
	}
	return out
}
