package chat

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// release takes back what an event that is dropped claimed before, if it was cut off by
// the erasure: no thread tells of those claims.
func (rc *Receiver) release(ctx context.Context, a *arrived) error {
	for _, al := range a.aliases {
		c, err := rc.Store.Alias(ctx, a.own.Team, al, a.e.Account)
		if err != nil {
			return err
		}
		if c.User == "" {
			continue
		}
		t, err := rc.Store.ThreadAt(ctx, store.Ref{Team: a.own.Team, User: c.User})
		if hub.CodeOf(err) == hub.NotFound || err == nil && (t.Erased == 0 || t.Account != "" || t.See != "") {
			continue
		}
		if err != nil {
			return err
		}
		if err := rc.Store.EraseAlias(ctx, hub.Erasure{Team: a.own.Team, At: t.Erased, Users: []hub.UserKey{c.User}}, al.Hash); err != nil {
			return err
		}
	}
	return nil
}
