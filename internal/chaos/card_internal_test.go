package chaos

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/stack"
)

// TestCustomerAsksAgainForACardThatGotLost loses each call of LINE's while the card is asked
// for first.
func TestCustomerAsksAgainForACardThatGotLost(t *testing.T) {
	on(t, stack.Options{}, func(ctx context.Context, st *stack.Stack) (Report, error) {
		report, start := Report{Ordered: true}, time.Now()
		l := small()
		l.Channels, l.Customers, l.Repeats, l.Rival = []string{"line", whatsApp}, 2, 2, false
		r, f, err := beginUnder(ctx, st, l)
		if err != nil {
			return report, err
		}
		f.platforms["line"] = plan{calls: calls{Timeout: 1}}
		for _, step := range []func() error{
			func() error { return r.plan(ctx) },
			func() error { return st.Faults(ctx, map[string]any{"line": f.platforms["line"]}) },
			func() error {
				fresh, err := r.write(ctx, 0, 0, 1, 2)
				if err != nil {
					return err
				}
				return r.deliver(ctx, fresh, 0)
			},
			func() error { return r.settle(ctx) },
			func() error { return st.Faults(ctx, map[string]any{"line": nil}) },
			func() error { return r.cross(ctx, 0, nil, 0) },
			func() error { return r.settle(ctx) },
			func() error { return r.wrongHands(ctx) },
		} {
			if err := step(); err != nil {
				return report, err
			}
		}
		err = r.conclude(ctx, &report, f, start)
		if report.Links != 1 || report.LostCards != 1 {
			t.Errorf("got %d links and %d lost cards, want one of each", report.Links, report.LostCards)
		}
		return report, err
	})
}
