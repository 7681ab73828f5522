package chaos

import (
	"context"
	"os"
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
const scale = 0.05

var both = []string{"line", "whatsapp"}

func play(t *testing.T, o stack.Options) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	o.BuildDir, o.Memory, o.VisibilityScale = built, true, scale
	st, err := stack.Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := st.Stop(); err != nil {
			t.Error(err)
		}
	}()
	l := Load{Seed: 1, Channels: both, Customers: 20, Messages: 200, Repeats: 50, Clients: 16, Kills: 20, Function: "inbound", Scale: "0.05"}
	r, err := Run(ctx, st, l)
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range r.Wrong(l) {
		t.Error(wrong)
	}
	if t.Failed() {
		t.Log(tail(st.Log(), 6000))
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
	l := Load{Seed: 1, Channels: both, Customers: 40, Clients: 8, Scale: "0.05"}
	r, err := Restarts(ctx, stack.Options{Dir: t.TempDir(), BuildDir: built, VisibilityScale: scale}, l, 3)
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range r.WrongAfterRestarts() {
		t.Error(wrong)
	}
}
