package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"omnihub/internal/stack"
)

// Restarts kills the whole local stack again and again while customers write, each
// time at another moment, and starts it on the state that it left. What was answered
// 2xx must be stored once and answered once; a reply that was under way at the kill
// may be unknown.
func Restarts(ctx context.Context, o stack.Options, seed uint64, rounds, customers int) (Report, error) {
	r := Report{Seed: seed, Scale: fmt.Sprint(o.VisibilityScale)}
	random := rand.New(rand.NewPCG(seed, 2))
	start := time.Now()
	var hooks []*hook
	for round := range rounds {
		st, err := stack.Start(ctx, o)
		if err != nil {
			return r, err
		}
		fresh, err := wave(ctx, st, round, customers)
		if err != nil {
			return r, errorsOf(err, st.Kill())
		}
		hooks = append(hooks, fresh...)
		r.Deliveries += len(fresh)
		var delivery sync.WaitGroup
		delivery.Go(func() {
			// The kill cuts deliveries off: those were not answered.
			_, _ = deliver(ctx, st, fresh, Load{Clients: 8}, 0)
		})
		moment := time.NewTimer(time.Duration(random.Int64N(int64(400 * time.Millisecond))))
		<-moment.C
		if err := st.Kill(); err != nil {
			return r, err
		}
		delivery.Wait()
		r.Kills++
	}
	st, err := stack.Start(ctx, o)
	if err != nil {
		return r, err
	}
	err = st.Idle(ctx, 2*time.Minute)
	r.Events, r.Took = len(hooks), time.Since(start)
	if err == nil {
		err = check(ctx, st, &r, hooks)
	}
	return r, errorsOf(err, st.Stop())
}

// WrongAfterRestarts names every promise that a run of Restarts broke. A message
// whose webhook was cut off may be stored all the same, once.
func (r Report) WrongAfterRestarts() []string {
	var wrong []string
	for what, n := range map[string]int{
		"lost messages": r.Lost, "duplicate messages": r.Doubled, "duplicate sends": r.DoubleSends,
		"quarantined": r.Quarantined, "dead letters": r.DeadLetters, "homes without a conversation": r.Homes - r.Opened,
	} {
		if n != 0 {
			wrong = append(wrong, fmt.Sprintf("%s: got %d, want 0", what, n))
		}
	}
	if acknowledged := r.Events - r.Unacknowledged; acknowledged == 0 || r.Homes < acknowledged {
		wrong = append(wrong, fmt.Sprintf("homes: got %d for %d acknowledged messages", r.Homes, acknowledged))
	}
	if n := r.Unanswered - r.Unknown - r.Unacknowledged; n > 0 {
		wrong = append(wrong, fmt.Sprintf("acknowledged messages without an answer: got %d, want 0", n))
	}
	return wrong
}

// wave lets each customer write once.
func wave(ctx context.Context, st *stack.Stack, round, customers int) ([]*hook, error) {
	var fresh []*hook
	for c := range customers {
		h, err := compose(ctx, st, fmt.Sprintf("customer-%d-%d", round, c))
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, h)
	}
	return fresh, nil
}

func errorsOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
