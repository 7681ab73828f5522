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

// scale shortens the visibility times: a killed inbound's messages come back after
// 1.5 s instead of 30.
const scale = 1

var both = []string{"line", "whatsapp"}

func play(t *testing.T, o stack.Options) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	o.BuildDir, o.Memory, o.VisibilityScale, o.RawLog = built, true, scale, true
	st, err := stack.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Stop(); err != nil {
			t.Error(err)
		}
	}()
	l := Load{
		Seed: 1, Channels: both, Customers: 20, Messages: 120, Repeats: 5, Clients: 8, Kills: 12, Functions: Functions, Poison: 6,
		Rival: true, Level: None, Ordered: o.Shuffle == 0, Scale: "1",
	}
	r, err := Run(ctx, st, l)
	hold(t, r, err)
	if t.Failed() {
		t.Log(tail(st.Log(), 6000))
	}
}

// hold fails the test for every promise that was broken.
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

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func TestDeliveryOnFIFOQueuesUnderKills(t *testing.T) { play(t, stack.Options{}) }

// TestDeliveryOnShuffledQueuesUnderKills has no deduplication, no order and some
// messages twice, so that nothing hides what the functions do.
func TestDeliveryOnShuffledQueuesUnderKills(t *testing.T) { play(t, stack.Options{Shuffle: 7}) }

// TestKilledTreeLosesNothingAcknowledged kills devserver, local cloud and functions
// together, with the state on disk.
func TestKilledTreeLosesNothingAcknowledged(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	l := Load{Seed: 1, Channels: both, Customers: 30, Clients: 8, Level: None, Scale: "1"}
	r, err := Restarts(ctx, stack.Options{Dir: t.TempDir(), BuildDir: built, VisibilityScale: scale}, l, 3)
	hold(t, r, err)
}
