// Package settings gives functions the teams, connections and accounts they work
// for, with credentials opened: read once, kept for a minute, and served up to ten
// minutes longer while the table or the key service does not answer.
package settings

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

// Team is a tenant, opened.
type Team struct {
	ID     hub.TeamID
	Name   string
	Pepper hub.Pepper
	Box    *seal.Box
}

// Connection is one webhook URL with its credentials, opened.
type Connection struct {
	Team     *Team
	ID       hub.ConnectionID
	Channel  hub.Channel
	Secrets  channel.Secrets
	Accounts map[string]hub.AccountID // by the platform's name
}

// Credentials are what the connection's webhooks are checked against.
func (c *Connection) Credentials() channel.Credentials {
	names := make([]string, 0, len(c.Accounts))
	for name := range c.Accounts {
		names = append(names, name)
	}
	return channel.Credentials{Secrets: c.Secrets, Accounts: names}
}

// Account is one connected channel, opened.
type Account struct {
	Team       *Team
	Connection hub.ConnectionID
	Channel    hub.Channel
	Name       string
	Scope      string // what shares ids of people with other accounts; "" = the channel's own rule
	OptOut     store.OptOut
	Platform   channel.Account
	Keywords   []store.Keyword
}

// Reader reads settings through its cache. It is safe for concurrent use.
type Reader struct {
	Store   *store.Store
	Keyring *seal.Keyring
	Now     func() time.Time

	mu   sync.Mutex
	kept map[string]*entry
}

// NewReader makes a reader.
func NewReader(st *store.Store, keyring *seal.Keyring, now func() time.Time) *Reader {
	return &Reader{Store: st, Keyring: keyring, Now: now}
}

// Edge returns the keys of webhook path ids.
func (r *Reader) Edge(ctx context.Context) (*Edge, error) {
	return cached(r, "edge", func() (*Edge, error) {
		keys, err := r.Store.EdgeKeys(ctx, store.Relaxed)
		if err != nil {
			return nil, err
		}
		e := &Edge{}
		for _, k := range keys {
			raw, err := r.Keyring.Unwrap(ctx, k.Wrapped, edgeContext)
			if err != nil {
				return nil, fmt.Errorf("open edge key: %w", err)
			}
			e.keys = append(e.keys, raw)
		}
		return e, nil
	})
}

// Team returns a tenant. NotFound if there is none.
func (r *Reader) Team(ctx context.Context, id hub.TeamID) (*Team, error) {
	return cached(r, teamKey(id), func() (*Team, error) {
		it, err := r.Store.Team(ctx, id, store.Relaxed)
		if err != nil {
			return nil, err
		}
		return openTeam(ctx, r.Keyring, it)
	})
}

// Connection returns a connection. NotFound if there is none.
func (r *Reader) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (*Connection, error) {
	return cached(r, "conn#"+string(team)+"#"+string(id), func() (*Connection, error) {
		return opened(ctx, r, team, func(t *Team, read store.Read) (*Connection, error) {
			it, err := r.Store.Connection(ctx, team, id, read)
			if err != nil {
				return nil, err
			}
			secrets, err := openAll(t, string(id), it.Sealed)
			if err != nil {
				return nil, err
			}
			return &Connection{Team: t, ID: id, Channel: it.Channel, Secrets: secrets, Accounts: it.Accounts}, nil
		})
	})
}

// Account returns an account. NotFound if there is none.
func (r *Reader) Account(ctx context.Context, team hub.TeamID, id hub.AccountID) (*Account, error) {
	return cached(r, "acct#"+string(team)+"#"+string(id), func() (*Account, error) {
		return opened(ctx, r, team, func(t *Team, read store.Read) (*Account, error) {
			it, err := r.Store.Account(ctx, team, id, read)
			if err != nil {
				return nil, err
			}
			secrets, err := openAll(t, string(id), it.Sealed)
			if err != nil {
				return nil, err
			}
			keywords, err := r.Store.Keywords(ctx, team, id, read)
			if err != nil {
				return nil, err
			}
			return &Account{
				Team: t, Connection: it.Connection, Channel: it.Channel, Name: it.Name, Scope: it.Scope, OptOut: it.OptOut, Keywords: keywords,
				Platform: channel.Account{ID: id, External: it.External, Secrets: secrets},
			}, nil
		})
	})
}

// opened reads and opens a setting of a team. If it is sealed under a key that the
// team did not have when it was read, both are read once more, strictly.
func opened[T any](ctx context.Context, r *Reader, id hub.TeamID, read func(*Team, store.Read) (T, error)) (T, error) {
	var none T
	t, err := r.Team(ctx, id)
	if err != nil {
		return none, err
	}
	value, err := read(t, store.Relaxed)
	if !errors.Is(err, seal.ErrNoKey) {
		return value, err
	}
	newer, readErr := r.early(ctx, id, t)
	if readErr != nil {
		return none, readErr
	}
	if newer == nil {
		return none, err
	}
	if value, err = read(newer, store.Strict); errors.Is(err, seal.ErrNoKey) {
		e := r.entry(teamKey(id))
		e.busy.Lock()
		defer e.busy.Unlock()
		e.vain = r.Now()
	}
	return value, err
}

// early reads a team anew though what is kept of it is fresh, unless somebody else
// just did. Nil if that brought nothing a moment ago: a damaged setting must not cost
// a reading with each request.
func (r *Reader) early(ctx context.Context, id hub.TeamID, have *Team) (*Team, error) {
	e := r.entry(teamKey(id))
	e.busy.Lock()
	defer e.busy.Unlock()
	if kept, ok := e.value.(*Team); ok && kept != nil && kept != have {
		return kept, nil
	}
	if wait := r.Now().Sub(e.vain); wait >= 0 && wait < again {
		return nil, nil
	}
	it, err := r.Store.Team(ctx, id, store.Strict)
	if err != nil {
		return nil, err
	}
	t, err := openTeam(ctx, r.Keyring, it)
	if err != nil {
		return nil, err
	}
	e.value, e.err, e.read = t, nil, r.Now()
	return t, nil
}

func teamKey(id hub.TeamID) string { return "team#" + string(id) }

// openTeam opens a tenant's keys and pepper.
func openTeam(ctx context.Context, keyring *seal.Keyring, it store.TeamItem) (*Team, error) {
	box := &seal.Box{}
	for _, k := range it.Keys {
		key, err := keyring.Unwrap(ctx, k.Wrapped, teamContext(it.ID))
		if err != nil {
			return nil, fmt.Errorf("open data key: %w", err)
		}
		if err := box.Add(k.ID, key); err != nil {
			return nil, hub.E(hub.Internal, "settings: open data key", err)
		}
	}
	pepper, err := box.Open(it.Pepper, string(it.ID), pepperField)
	if err != nil {
		return nil, hub.E(hub.Internal, "settings: open pepper", err)
	}
	return &Team{ID: it.ID, Name: it.Name, Pepper: pepper, Box: box}, nil
}

const pepperField = "pepper"

func openAll(t *Team, place string, sealed map[string][]byte) (channel.Secrets, error) {
	secrets := channel.Secrets{}
	for field, v := range sealed {
		clear, err := t.Box.Open(v, string(t.ID), place, field)
		if err != nil {
			return nil, hub.E(hub.Internal, "settings: open secret "+field, err)
		}
		secrets[field] = hub.Secret(clear)
	}
	return secrets, nil
}
