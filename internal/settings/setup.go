package settings

import (
	"context"
	"errors"

	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

// Setup writes settings: teams, connections and accounts, with their secrets
// sealed. Each call may be repeated.
type Setup struct {
	Store   *store.Store
	Keyring *seal.Keyring
	// URL is the API's public address, "https://hooks.example": what platforms call. A
	// connection keeps the URL of its webhook, since some platforms sign it. "" leaves
	// what a connection has.
	URL string
}

// attempts is how often a change is made anew when somebody else's came between.
const attempts = 8

// Hub prepares the deployment itself: the keys of webhook path ids.
func (s Setup) Hub(ctx context.Context) error {
	wrapped, err := s.Keyring.Wrap(ctx, seal.NewKey(), edgeContext)
	if err != nil {
		return err
	}
	return s.Store.PutEdgeKeys(ctx, []store.WrappedKey{{ID: "1", Wrapped: wrapped, Since: s.now()}})
}

// Team creates a tenant with its data key and pepper. One that is there keeps its
// own.
func (s Setup) Team(ctx context.Context, id hub.TeamID, name string) error {
	if !id.Valid() {
		return hub.E(hub.BadRequest, "settings: create team", errors.New("a team id has 2 to 24 characters of a-z and 0-9"))
	}
	key := seal.NewKey()
	wrapped, err := s.Keyring.Wrap(ctx, key, teamContext(id))
	if err != nil {
		return err
	}
	box := &seal.Box{}
	if err := box.Add("1", key); err != nil {
		return err
	}
	pepper, err := box.Seal(seal.NewKey(), string(id), pepperField)
	if err != nil {
		return err
	}
	return s.Store.PutTeam(ctx, store.TeamItem{
		ID: id, Name: name, Keys: []store.WrappedKey{{ID: "1", Wrapped: wrapped, Since: s.now()}}, Pepper: pepper,
	})
}

func (s Setup) now() hub.Millis { return hub.MillisOf(s.Store.Now()) }

// team reads and opens a tenant as it stands now.
func (s Setup) team(ctx context.Context, id hub.TeamID) (*Team, store.TeamItem, error) {
	it, err := s.Store.Team(ctx, id, store.Strict)
	if err != nil {
		return nil, it, err
	}
	t, err := openTeam(ctx, s.Keyring, it)
	return t, it, err
}

// Settle makes a change until nobody else's comes between, a few times. The change reads
// anew each time, and answers Conflict if somebody's came between; else its own error.
func Settle(change func() error) error {
	var err error
	for range attempts {
		if err = change(); hub.CodeOf(err) != hub.Conflict {
			return err
		}
	}
	return err
}
