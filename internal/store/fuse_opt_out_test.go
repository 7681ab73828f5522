package store_test

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// TestStopIsNotLostWhenTwoThreadsBecomeOne: a customer opts out between the look at
// two threads and their fusion. Either it is a conflict, or the thread knows of it.
func TestStopIsNotLostWhenTwoThreadsBecomeOne(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	for n, kind := range []string{hub.Unfollowed, hub.OptOut, hub.MarketingOut} {
		left, right := thread(10*n), thread(10*n+1)
		from, to := arrive(t, h, left, now, "1", "x"), arrive(t, h, right, now, "2", "y")
		if _, _, err := h.Store.Subscribe(ctx, left, kind, now+5, store.Arrival{Account: hubtest.LineAccount, External: "U1", Kind: hub.Person}); err != nil {
			t.Fatal(err)
		}
		err := h.Store.Fuse(ctx, hubtest.Team, &from, &to)
		th, readErr := h.Store.Thread(ctx, left)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if hub.CodeOf(err) != hub.Conflict && th.Unfollowed+th.OptedOut+th.MarketingOut != now+5 {
			t.Errorf("%s: got %v, and the thread that stays knows nothing of it", kind, err)
		}
	}
}
