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
	"omnihub/internal/metric"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

// Team is a tenant, opened.
type Team struct {
	ID     hub.TeamID
	Name   string
	Pepper hub.Pepper
	Box    *seal.Box
	// Zone is the IANA name of the team's time zone, and Language that of what its
	// customers read; "" = not set.
	Zone, Language string
}

// Account is one connected channel, opened.
type Account struct {
	Team       *Team
	Connection hub.ConnectionID
	Channel    hub.Channel
	Name       string
	Scope      string // what shares ids of people with other accounts; "" = the channel's own rule
	OptOut     store.OptOut
	// Off tells that the account was deactivated: what comes in is stored, and nothing
	// is sent until it is activated again.
	Off      bool
	Platform channel.Account
	Rules    hub.Rules // what it answers by itself
	// Fingerprint stands for the account's credentials, its own and those of its
	// connection. It changes when one of them does, and tells nothing of them.
	Fingerprint string
}

// Reader reads settings through its cache. It is safe for concurrent use.
type Reader struct {
	Store   *store.Store
	Keyring *seal.Keyring
	Now     func() time.Time
	Metrics *metric.Meter

	mu         sync.Mutex
	young, old map[place]*entry
}

// NewReader makes a reader.
func NewReader(st *store.Store, keyring *seal.Keyring, now func() time.Time) *Reader {
	return &Reader{Store: st, Keyring: keyring, Now: now}
}

// Team returns a tenant. NotFound if there is none.
func (r *Reader) Team(ctx context.Context, id hub.TeamID) (*Team, error) {
	return lookup(ctx, r, teamPlace(id), upToDate, func(ctx context.Context) (*Team, error) { return r.readTeam(ctx, id, store.Relaxed) })
}

// Account returns an account. NotFound if there is none.
func (r *Reader) Account(ctx context.Context, team hub.TeamID, id hub.AccountID) (*Account, error) {
	read := func(ctx context.Context, how store.Read) (storedAccount, error) {
		return readAccount(ctx, r.Store, team, id, how)
	}
	open := func(t *Team, it storedAccount) (*Account, error) { return it.open(t) }
	return lookup(ctx, r, place{"account", string(team), string(id)}, upToDate, func(ctx context.Context) (*Account, error) {
		return opened(ctx, r, team, store.Relaxed, read, open)
	})
}

// storedAccount is an account with what belongs to it, sealed.
type storedAccount struct {
	store.AccountItem
	rules      hub.Rules
	connection store.ConnectionItem
}

func readAccount(ctx context.Context, st *store.Store, team hub.TeamID, id hub.AccountID, how store.Read) (it storedAccount, err error) {
	if it.AccountItem, err = st.Account(ctx, team, id, how); err == nil {
		it.rules, err = st.Rules(ctx, team, id, how)
	}
	if err == nil {
		it.connection, err = st.Connection(ctx, team, it.Connection, how)
	}
	return it, err
}

func (it storedAccount) open(t *Team) (*Account, error) {
	fingerprint, secrets, err := openFor(t, string(it.Connection), it.connection.Sealed, string(it.ID), it.Sealed)
	if err != nil {
		return nil, err
	}
	return &Account{
		Team: t, Connection: it.Connection, Channel: it.Channel, Name: it.Name, Scope: it.Scope, OptOut: it.OptOut, Rules: it.rules,
		Off: it.Off, Fingerprint: fingerprint,
		Platform: channel.Account{ID: it.ID, External: it.External, Secrets: secrets, Webhook: it.connection.URL},
	}, nil
}

// opened reads and opens a setting of a team. If it is sealed under a key that the
// team did not have when it was read, both are read once more, strictly. For a setting
// that is not there the team is not read.
func opened[I, T any](ctx context.Context, r *Reader, id hub.TeamID, how store.Read, read func(context.Context, store.Read) (I, error), open func(*Team, I) (T, error)) (T, error) {
	var none T
	it, err := read(ctx, how)
	if err != nil {
		return none, err
	}
	t, err := r.Team(ctx, id)
	if err != nil {
		return none, err
	}
	value, err := open(t, it)
	if !errors.Is(err, seal.ErrNoKey) {
		return value, err
	}
	newer, readErr := r.early(ctx, id, t)
	if readErr != nil {
		return none, readErr
	}
	if newer == t {
		return none, err
	}
	if it, readErr = read(ctx, store.Strict); readErr != nil {
		return none, readErr
	}
	if value, err = open(newer, it); errors.Is(err, seal.ErrNoKey) {
		e := r.entry(teamPlace(id))
		e.mu.Lock()
		defer e.mu.Unlock()
		e.vain = r.Now()
	}
	return value, err
}

// early reads a team anew though what is kept of it is fresh, unless somebody else
// just did. It answers what the caller has if that brought nothing a moment ago: a
// damaged setting must not cost a reading with each request.
func (r *Reader) early(ctx context.Context, id hub.TeamID, have *Team) (*Team, error) {
	enough := func(e *entry, now time.Time) bool {
		kept, ok := e.value.(*Team)
		wait := now.Sub(e.vain)
		return ok && kept != nil && (kept != have || wait >= 0 && wait < again)
	}
	return lookup(ctx, r, teamPlace(id), terms{enough: enough, strict: true}, func(ctx context.Context) (*Team, error) {
		return r.readTeam(ctx, id, store.Strict)
	})
}

func teamPlace(id hub.TeamID) place { return place{kind: "team", team: string(id)} }

func (r *Reader) readTeam(ctx context.Context, id hub.TeamID, how store.Read) (*Team, error) {
	it, err := r.Store.Team(ctx, id, how)
	if err != nil {
		return nil, err
	}
	return openTeam(ctx, r.Keyring, it)
}

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
	return &Team{ID: it.ID, Name: it.Name, Pepper: pepper, Box: box, Zone: it.Zone, Language: it.Language}, nil
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
