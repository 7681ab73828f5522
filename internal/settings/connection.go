package settings

import (
	"context"
	"maps"
	"slices"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Connection is one webhook URL with its credentials, opened.
type Connection struct {
	Team     *Team
	ID       hub.ConnectionID
	Channel  hub.Channel
	Secrets  channel.Secrets
	Accounts map[string]hub.AccountID // by the platform's name
	Welcomes map[string]hub.Content   // by the platform's name of the account; see NewAccount
	URL      string                   // of the webhook, as it was entered at the platform; "" = not known
	Version  int                      // raised by each write but a resealing

	names []string // of Accounts, in order
}

// Credentials are what the connection's webhooks are checked against.
func (c *Connection) Credentials() channel.Credentials {
	return channel.Credentials{Secrets: c.Secrets, Accounts: c.names, URL: c.URL}
}

// Connection returns a connection as it stood within the last minute. NotFound if
// there is none.
func (r *Reader) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (*Connection, error) {
	return r.connection(ctx, team, id, upToDate, store.Relaxed)
}

// Known returns a connection as it was read last, up to eleven minutes ago, and reads
// only if nothing is kept: for a request that has yet to prove whose it is, which
// Connection must follow once it has. That there is none is read again each minute.
func (r *Reader) Known(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (*Connection, error) {
	return r.connection(ctx, team, id, lastRead, store.Relaxed)
}

var lastRead = terms{enough: func(e *entry, now time.Time) bool {
	return e.current(now) || e.usable(now) && e.err == nil
}}

// Doubt is a reason to read a connection before its time.
type Doubt int

const (
	// WrongSignature: a webhook's proof does not fit the secrets, which may have been
	// changed. Anybody who knows the URL can cause this.
	WrongSignature Doubt = iota
	// UnknownAccount: the platform has signed an event for an account that is not
	// connected, but may have been since.
	UnknownAccount

	doubts = 2
)

// settled is how old a connection must be for a doubt about it.
func (d Doubt) settled() time.Duration {
	if d == WrongSignature {
		return 10 * time.Second
	}
	return time.Second
}

// Renewed reads a connection anew though it is fresh, unless that was done in the
// last minute for the same doubt, or the connection was read just before it came up:
// whoever sends what does not fit causes one reading a minute. It answers what the
// caller has if there is nothing newer. NotFound if it is gone; Transient.
func (r *Reader) Renewed(ctx context.Context, have *Connection, d Doubt) (*Connection, error) {
	return r.connection(ctx, have.Team.ID, have.ID, terms{
		strict: true,
		enough: func(e *entry, now time.Time) bool {
			kept, _ := e.value.(*Connection)
			spent := now.Sub(e.read) < d.settled() || !e.early[d].IsZero() && now.Sub(e.early[d]) < fresh
			return !e.read.IsZero() && (kept != have || e.flight == nil && spent)
		},
		begins: func(e *entry, now time.Time) { e.early[d] = now },
	}, store.Strict)
}

func (r *Reader) connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID, t terms, how store.Read) (*Connection, error) {
	read := func(ctx context.Context, how store.Read) (store.ConnectionItem, error) {
		return r.Store.Connection(ctx, team, id, how)
	}
	return lookup(ctx, r, place{"connection", string(team), string(id)}, t, func(ctx context.Context) (*Connection, error) {
		return opened(ctx, r, team, how, read, openConnection)
	})
}

func openConnection(t *Team, it store.ConnectionItem) (*Connection, error) {
	secrets, err := openAll(t, string(it.ID), it.Sealed)
	if err != nil {
		return nil, err
	}
	return &Connection{Team: t, ID: it.ID, Channel: it.Channel, Secrets: secrets, Accounts: it.Accounts, Welcomes: it.Welcomes, URL: it.URL, Version: it.Version,
		names: slices.Sorted(maps.Keys(it.Accounts))}, nil
}
