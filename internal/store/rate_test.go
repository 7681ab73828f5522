package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestLimitOfASecondIsExactUnderParallelCalls(t *testing.T) {
	h := hubtest.New(t)
	now := hub.Millis(1_795_334_400_250)
	var taken, refused atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			switch err := h.Store.Take(ctx, hubtest.Team, now, 40); hub.CodeOf(err) {
			case "":
				taken.Add(1)
			case hub.RateLimited:
				refused.Add(1)
				if wait := hub.RetryAfterOf(err); wait != 750*time.Millisecond {
					t.Errorf("got a wait of %v, want what is left of the second", wait)
				}
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if taken.Load() != 40 || refused.Load() != 60 {
		t.Errorf("got %d taken and %d refused, want 40 and 60", taken.Load(), refused.Load())
	}
}

func TestEachSecondAndTeamHasItsOwnCount(t *testing.T) {
	h := hubtest.New(t)
	second := hub.Millis(1_795_334_400_000)
	take := func(team hub.TeamID, at hub.Millis) hub.Code { return hub.CodeOf(h.Store.Take(ctx, team, at, 1)) }
	for _, step := range []struct {
		team hub.TeamID
		at   hub.Millis
		want hub.Code
	}{
		{"test", second, ""}, {"test", second + 999, hub.RateLimited}, {"other", second, ""}, {"test", second + 1000, ""},
		{"test", second - 1, ""}, {"test", second + 1999, hub.RateLimited},
	} {
		if got := take(step.team, step.at); got != step.want {
			t.Errorf("%s at %d: got %q, want %q", step.team, step.at-second, got, step.want)
		}
	}
	h.Cloud.Meter().Reset()
	take("test", second+5000)
	if calls, read, write := h.Calls("test"); calls != 1 || read != 0 || write != 1 {
		t.Errorf("got %d calls, %v and %v units, want one write", calls, read, write)
	}
	if items := h.Items(h.Store.Tables.Ledger, "T#test#RATE"); len(items) != 4 || len(items["1795334400"]) != 4 {
		t.Errorf("got %v, want four counts with a TTL", items)
	}
}
