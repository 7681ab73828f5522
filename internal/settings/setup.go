package settings

import (
	"context"
	"fmt"
	"sort"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

// Setup writes settings: teams, connections and accounts, with their secrets
// sealed. Each call may be repeated.
type Setup struct {
	Store   *store.Store
	Keyring *seal.Keyring
}

// Hub prepares the deployment itself: the keys of webhook path ids.
func (s Setup) Hub(ctx context.Context) error {
	wrapped, err := s.Keyring.Wrap(ctx, seal.NewKey(), edgeContext)
	if err != nil {
		return err
	}
	return s.Store.PutEdgeKeys(ctx, []store.WrappedKey{{ID: "1", Wrapped: wrapped}})
}

// Team creates a tenant with its data key and pepper. One that is there keeps its
// own.
func (s Setup) Team(ctx context.Context, id hub.TeamID, name string) error {
	if !id.Valid() {
		return hub.E(hub.BadRequest, "settings: create team", fmt.Errorf("a team id has 2 to 24 characters of a-z and 0-9"))
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
	pepper, err := box.Seal(seal.NewKey(), string(id), "pepper")
	if err != nil {
		return err
	}
	return s.Store.PutTeam(ctx, store.TeamItem{
		ID: id, Name: name, Keys: []store.WrappedKey{{ID: "1", Wrapped: wrapped}}, Pepper: pepper,
	})
}

// NewAccount is an account that is to be connected.
type NewAccount struct {
	ID       hub.AccountID
	External string // the platform's name of it
	Name     string
	Secrets  channel.Secrets // what its sends need
	Keywords []store.Keyword
}

// Connect writes a connection and its accounts, replacing what stood under the
// same ids.
func (s Setup) Connect(ctx context.Context, team *Team, id hub.ConnectionID, kind hub.Channel,
	secrets channel.Secrets, accounts ...NewAccount) error {
	if !id.Valid() {
		return hub.E(hub.BadRequest, "settings: connect", fmt.Errorf("a connection id has 2 to 26 characters of a-z and 0-9"))
	}
	sealed, err := sealAll(team, string(id), secrets)
	if err != nil {
		return err
	}
	c := store.ConnectionItem{Team: team.ID, ID: id, Channel: kind, Sealed: sealed, Accounts: map[string]hub.AccountID{}}
	for _, a := range accounts {
		if !a.ID.Valid() || a.External == "" {
			return hub.E(hub.BadRequest, "settings: connect", fmt.Errorf("an account needs an id of 2 to 26 characters of a-z and 0-9, and the platform's name of it"))
		}
		own, err := sealAll(team, string(a.ID), a.Secrets)
		if err != nil {
			return err
		}
		err = s.Store.PutAccount(ctx, store.AccountItem{
			Team: team.ID, ID: a.ID, Connection: id, Channel: kind, External: a.External, Name: a.Name, Sealed: own,
		})
		if err != nil {
			return err
		}
		if err := s.Store.PutKeywords(ctx, team.ID, a.ID, a.Keywords); err != nil {
			return err
		}
		c.Accounts[a.External] = a.ID
	}
	return s.Store.PutConnection(ctx, c)
}

func sealAll(t *Team, place string, secrets channel.Secrets) (map[string][]byte, error) {
	fields := make([]string, 0, len(secrets))
	for field := range secrets {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	sealed := map[string][]byte{}
	for _, field := range fields {
		v, err := t.Box.Seal([]byte(secrets[field].Reveal()), string(t.ID), place, field)
		if err != nil {
			return nil, err
		}
		sealed[field] = v
	}
	return sealed, nil
}
