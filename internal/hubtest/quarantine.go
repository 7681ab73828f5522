package hubtest

import (
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Quarantined is why the one entry of a team was put aside, today or yesterday; "" if there
// is none. Several fail the test.
func (h *Hub) Quarantined(team hub.TeamID) hub.Code {
	h.t.Helper()
	var reason hub.Code
	for _, day := range []time.Time{h.Clock.Now(), h.Clock.Now().Add(-24 * time.Hour)} {
		list, err := h.Store.QuarantinedOn(h.t.Context(), team, store.Day(hub.MillisOf(day)))
		h.must(err)
		for _, q := range list {
			if reason != "" {
				h.t.Errorf("got %s and %s in quarantine, want one entry", reason, q.Reason)
			}
			reason = q.Reason
		}
	}
	return reason
}
