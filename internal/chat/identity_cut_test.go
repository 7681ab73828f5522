package chat_test

import (
	"context"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestEarlierEventsThatComeAgainWithinACrashDoNotPartAPerson lets a worker die at each
// call while it finds that two ids are one person's, and the first events of both ids
// come again before it is tried again.
func TestEarlierEventsThatComeAgainWithinACrashDoNotPartAPerson(t *testing.T) {
	for _, after := range []bool{false, true} {
		for calls := range 24 {
			y := newToys(t)
			first := []hub.Envelope{y.come("toy1", wrote("0", "wa:886")), y.come("toy1", wrote("1", "TW.1"))}
			e := y.envelope("toy1", wrote("2", "wa:886", "TW.1"))
			broken := y.As("broken", hubtest.Cut(calls, after))
			_ = y.receiver(broken).Receive(context.Background(), e)
			receive(t, y.rc, append(first, e))
			if c := y.contact("toy1", "TW.1"); len(c.Homes) != 2 {
				t.Errorf("cut after %d calls (answer lost: %v): got %d homes in the contact, want 2", calls, after, len(c.Homes))
			}
		}
	}
}
