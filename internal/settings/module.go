package settings

import (
	"context"
	"strconv"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Module returns a bot module, as it stood within the last minute. NotFound if there is
// none.
func (r *Reader) Module(ctx context.Context, team hub.TeamID, id hub.ModuleID) (*hub.Module, error) {
	return lookup(ctx, r, place{"module", string(team), string(id)}, upToDate, func(ctx context.Context) (*hub.Module, error) {
		m, err := r.Store.Module(ctx, team, id, store.Relaxed)
		return &m, err
	})
}

// ModuleAt returns a version of a bot module, which never changes. NotFound if it is not
// kept.
func (r *Reader) ModuleAt(ctx context.Context, team hub.TeamID, id hub.ModuleID, version int) (*hub.Module, error) {
	at := place{"version of module", string(team), string(id) + "#" + strconv.Itoa(version)}
	return lookup(ctx, r, at, upToDate, func(ctx context.Context) (*hub.Module, error) {
		m, err := r.Store.ModuleAt(ctx, team, id, version, store.Relaxed)
		return &m, err
	})
}
