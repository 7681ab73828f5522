package settings

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Activity returns an activity of OmniLink, as it stood within the last minute. NotFound
// if there is none.
func (r *Reader) Activity(ctx context.Context, team hub.TeamID, id hub.ActivityID) (hub.Activity, error) {
	return lookup(ctx, r, place{"activity", string(team), string(id)}, upToDate, func(ctx context.Context) (hub.Activity, error) {
		return r.Store.Activity(ctx, team, id, store.Relaxed)
	})
}
