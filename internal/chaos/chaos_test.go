package chaos

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"omnihub/internal/stack"
)

// built is where the functions of this test run are built, once.
var built string

func TestMain(m *testing.M) {
	var err error
	if built, err = os.MkdirTemp("", "omnihub-chaos-"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(built)
	os.Exit(code)
}

// small is a load that a test has time for.
func small() Load {
	return Load{
		Seed: 1, Channels: Channels(), Customers: 24, Messages: 120, Repeats: 4, Clients: 12, Kills: 10, Functions: Functions,
		Poison: 5, Rival: true, Level: None, Ordered: true, Scale: "1",
	}
}

// on plays a scenario on a stack in memory, and fails the test for every promise that
// was broken.
func on(t *testing.T, o stack.Options, play func(context.Context, *stack.Stack) (Report, error)) {
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	o.BuildDir, o.Memory, o.RawLog, o.Parameters = built, true, true, Parameters()
	st, err := stack.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Stop(); err != nil {
			t.Error(err)
		}
	}()
	r, err := play(ctx, st)
	hold(t, r, err)
	if t.Failed() {
		log := st.Log()
		t.Log(log[max(0, len(log)-6000):])
	}
}

func hold(t *testing.T, r Report, err error) {
	t.Helper()
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Broken) > 0 {
		var b strings.Builder
		r.Blame(&b)
		t.Error(b.String())
	}
}

func TestDeliveryOnFIFOQueuesUnderKillsAndFaults(t *testing.T) {
	on(t, stack.Options{}, func(ctx context.Context, st *stack.Stack) (Report, error) {
		l := small()
		l.Level = Smoke
		return Run(ctx, st, l)
	})
}

// TestDeliveryOnShuffledQueuesUnderKills has no deduplication, no order and some
// messages twice, so that nothing hides what the functions do.
func TestDeliveryOnShuffledQueuesUnderKills(t *testing.T) {
	on(t, stack.Options{Shuffle: 7}, func(ctx context.Context, st *stack.Stack) (Report, error) {
		l := small()
		l.Ordered = false
		return Run(ctx, st, l)
	})
}

func TestOutageOfTheCloudAndThePlatformsLosesNothing(t *testing.T) {
	on(t, stack.Options{}, func(ctx context.Context, st *stack.Stack) (Report, error) {
		l := small()
		l.Customers, l.Repeats = 8, 2
		return Outage(ctx, st, l)
	})
}

// TestKilledTreeLosesNothingAcknowledged kills devserver, local cloud and functions
// together, with the state on disk.
func TestKilledTreeLosesNothingAcknowledged(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	l := small()
	l.Customers = 20
	r, err := Restarts(ctx, stack.Options{Dir: t.TempDir(), BuildDir: built, RawLog: true}, l, 2)
	hold(t, r, err)
}
