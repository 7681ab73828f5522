package stack

import (
	"context"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

// TestProjectRunsAndAnswersACustomer runs the project's own template from the
// webhook of a customer's ping to the pong at the fake platform, and once more
// after a kill.
func TestProjectRunsAndAnswersACustomer(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	o := Options{Dir: t.TempDir(), BuildDir: t.TempDir()}
	s, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	ping := func(s *Stack, times int) {
		t.Helper()
		d, err := s.Customer(ctx, "line", fake.Act{From: "mei", Text: "ping"})
		if err != nil || d.Status != 200 {
			t.Fatalf("customer: got %+v, %v, want 200", d, err)
		}
		if err := s.Idle(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		sent, err := s.Sent(ctx, "line", "mei")
		if err != nil || len(sent) != times || sent[times-1].Text != "pong" {
			t.Fatalf("sent: got %+v, %v, want %d pong\n%s", sent, err, times, s.Log())
		}
	}
	ping(s, 1)
	ping(s, 2)
	demo, err := s.Demo(ctx)
	if err != nil || demo.API != s.API || len(demo.Accounts) == 0 || demo.Accounts[0].Webhook == "" {
		t.Errorf("demo: got %+v, %v", demo, err)
	}
	counts, err := s.Counts(ctx)
	if err != nil || len(counts) == 0 {
		t.Errorf("counts: got %v, %v", counts, err)
	}
	if fired, err := s.Tick(ctx, "reconcile"); err != nil || len(fired) == 0 {
		t.Errorf("tick: got %v, %v", fired, err)
	}
	if _, err := s.AdvanceClock(ctx, 90*time.Second); err != nil {
		t.Error(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}

	again, err := Start(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	ping(again, 3) // the fake platform remembers what it accepted
	if err := again.Stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(again.Log(), "┏━━") {
		t.Errorf("log: got a failure in it:\n%s", again.Log())
	}
}

func TestStartTellsWhyItFailed(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	_, err := Start(ctx, Options{Template: "nowhere.yaml"})
	if err == nil || !strings.Contains(err.Error(), "nowhere.yaml") {
		t.Errorf("got %v, want an error that names the template", err)
	}
}
