// Package settings gives functions the teams, connections and accounts they work
// for, with credentials opened: read once, kept for a minute, and served up to ten
// minutes longer while the table or the key service does not answer.
package settings

import (
	"context"
	"fmt"
	"sync"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/seal"
	"omnihub/internal/store"
)

const (
	fresh = time.Minute
	stale = 10 * time.Minute
	// again is how long a failed reading is not tried again while there is something
	// to serve: an outage must not make every request wait for the table.
	again = 5 * time.Second
	// maxKept bounds each cache; beyond it the oldest are read again.
	maxKept = 10_000
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
	Team     *Team
	Channel  hub.Channel
	Name     string
	Platform channel.Account
	Keywords []store.Keyword
}

// Reader reads settings through its cache. It is safe for concurrent use.
type Reader struct {
	Store   *store.Store
	Keyring *seal.Keyring
	Now     func() time.Time

	mu   sync.Mutex
	kept map[string]*entry
}

type entry struct {
	value any
	err   error // NotFound is kept too
	read  time.Time
	tried time.Time  // the last reading that failed
	busy  sync.Mutex // one reader at a time
}

// NewReader makes a reader.
func NewReader(st *store.Store, keyring *seal.Keyring, now func() time.Time) *Reader {
	return &Reader{Store: st, Keyring: keyring, Now: now}
}

// Edge returns the keys of webhook path ids.
func (r *Reader) Edge(ctx context.Context) (*Edge, error) {
	return cached(r, "edge", func() (*Edge, error) {
		keys, err := r.Store.EdgeKeys(ctx)
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
	return cached(r, "team#"+string(id), func() (*Team, error) {
		it, err := r.Store.Team(ctx, id)
		if err != nil {
			return nil, err
		}
		box := &seal.Box{}
		for _, k := range it.Keys {
			key, err := r.Keyring.Unwrap(ctx, k.Wrapped, teamContext(id))
			if err != nil {
				return nil, fmt.Errorf("open data key: %w", err)
			}
			if err := box.Add(k.ID, key); err != nil {
				return nil, hub.E(hub.Internal, "settings: open data key", err)
			}
		}
		pepper, err := box.Open(it.Pepper, string(id), "pepper")
		if err != nil {
			return nil, hub.E(hub.Internal, "settings: open pepper", err)
		}
		return &Team{ID: id, Name: it.Name, Pepper: pepper, Box: box}, nil
	})
}

// Connection returns a connection. NotFound if there is none.
func (r *Reader) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (*Connection, error) {
	return cached(r, "conn#"+string(team)+"#"+string(id), func() (*Connection, error) {
		it, err := r.Store.Connection(ctx, team, id)
		if err != nil {
			return nil, err
		}
		t, err := r.Team(ctx, team)
		if err != nil {
			return nil, err
		}
		secrets, err := openAll(t, string(id), it.Sealed)
		if err != nil {
			return nil, err
		}
		return &Connection{Team: t, ID: id, Channel: it.Channel, Secrets: secrets, Accounts: it.Accounts}, nil
	})
}

// Account returns an account. NotFound if there is none.
func (r *Reader) Account(ctx context.Context, team hub.TeamID, id hub.AccountID) (*Account, error) {
	return cached(r, "acct#"+string(team)+"#"+string(id), func() (*Account, error) {
		it, err := r.Store.Account(ctx, team, id)
		if err != nil {
			return nil, err
		}
		t, err := r.Team(ctx, team)
		if err != nil {
			return nil, err
		}
		secrets, err := openAll(t, string(id), it.Sealed)
		if err != nil {
			return nil, err
		}
		keywords, err := r.Store.Keywords(ctx, team, id)
		if err != nil {
			return nil, err
		}
		return &Account{
			Team: t, Channel: it.Channel, Name: it.Name, Keywords: keywords,
			Platform: channel.Account{ID: id, External: it.External, Secrets: secrets},
		}, nil
	})
}

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

// cached answers from the cache while it is fresh, reads again after that, and
// serves what it has while reading fails. That something is missing is kept too.
func cached[T any](r *Reader, key string, read func() (T, error)) (T, error) {
	e := r.entry(key)
	e.busy.Lock()
	defer e.busy.Unlock()
	age := r.Now().Sub(e.read)
	known := !e.read.IsZero()
	if known && age >= 0 && age < fresh {
		value, _ := e.value.(T)
		return value, e.err
	}
	usable := known && age < fresh+stale
	if wait := r.Now().Sub(e.tried); usable && wait >= 0 && wait < again {
		value, _ := e.value.(T)
		return value, e.err
	}
	value, err := read()
	if err != nil && hub.CodeOf(err) != hub.NotFound {
		e.tried = r.Now()
		if usable {
			value, _ = e.value.(T)
			return value, e.err
		}
		return value, fmt.Errorf("settings: %w", err)
	}
	e.value, e.err, e.read = value, err, r.Now()
	return value, err
}

func (r *Reader) entry(key string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil || len(r.kept) >= maxKept {
		r.kept = map[string]*entry{}
	}
	e := r.kept[key]
	if e == nil {
		e = &entry{}
		r.kept[key] = e
	}
	return e
}
