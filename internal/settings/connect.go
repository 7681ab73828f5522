package settings

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// ErrVersion tells that a setting has not the version that it had to have, as the cause of
// an error with the code Refused.
var ErrVersion = errors.New("another version stands")

// Absent is the version of what must not be there yet.
const Absent = -1

// maxAccounts is how many accounts one call connects: what fits in a transaction.
const maxAccounts = 24

// NewAccount is an account that is to be connected.
type NewAccount struct {
	ID       hub.AccountID
	External string // the platform's name of it
	Name     string
	Scope    string // what shares ids of people with other accounts; may be empty
	OptOut   store.OptOut
	Secrets  channel.Secrets // what its sends need
	// Keywords take the place of the rules that are keywords and nothing more; nil leaves
	// the account's rules as they are.
	Keywords []hub.Keyword
	// Welcome answers who opens the conversation, in the webhook's own answer, on a
	// channel that is an Answerer; no type = none.
	Welcome hub.Content
	// Alone tells that the connection may have no other account.
	Alone bool
	// Standing is what the platform said of the account with these credentials; nil =
	// it was not asked.
	Standing *channel.Standing
	// Plain tells that nothing secret changes: it does not count as new credentials.
	Plain bool
	// Version is the one that the account has to have when it is written, or Absent; 0 =
	// any.
	Version int
}

// Connect writes a connection with accounts: all of it, or nothing. The accounts are
// added, or replaced by what is given; the connection's other accounts stay. Secrets
// replace those of the same name, empty ones take them away; the others stay. An account that was deactivated
// stays so. The same write tells that an account was connected, or has new credentials,
// and when it is to be looked after. Errors: BadRequest, Refused with ErrVersion, Conflict
// if other changes kept coming between, Transient.
func (s Setup) Connect(ctx context.Context, team *Team, id hub.ConnectionID, kind hub.Channel,
	secrets channel.Secrets, accounts ...NewAccount) error {
	return s.ConnectAt(ctx, team, id, 0, kind, secrets, accounts...)
}

// ConnectAt is Connect for a connection of a version; 0 = any.
func (s Setup) ConnectAt(ctx context.Context, team *Team, id hub.ConnectionID, version int, kind hub.Channel,
	secrets channel.Secrets, accounts ...NewAccount) error {
	if !id.Valid() {
		return refuse("connect", "a connection id has 2 to 26 characters of a-z and 0-9")
	}
	if len(accounts) > maxAccounts {
		return refuse("connect", "one call connects at most %d accounts", maxAccounts)
	}
	ids, names := map[hub.AccountID]bool{}, map[string]bool{}
	for _, a := range accounts {
		if !a.ID.Valid() || a.External == "" {
			return refuse("connect", "an account needs an id of 2 to 26 characters of a-z and 0-9, and the platform's name of it")
		}
		if ids[a.ID] || names[a.External] {
			return refuse("connect", "account %s is given twice", a.ID)
		}
		ids[a.ID], names[a.External] = true, true
	}
	return Settle(func() error { return s.connect(ctx, team.ID, id, version, kind, secrets, accounts) })
}

// held checks that what was read has the version that it has to have. It is the one on
// whose condition it is written then.
func held(version, stands int) error {
	if version != 0 && version != stands {
		return hub.E(hub.Refused, "settings: connect", ErrVersion)
	}
	return nil
}

func (s Setup) connect(ctx context.Context, team hub.TeamID, id hub.ConnectionID, version int, kind hub.Channel, secrets channel.Secrets, accounts []NewAccount) error {
	t, it, err := s.team(ctx, team)
	if err != nil {
		return err
	}
	change := store.Connecting{Keys: it.Keys, Connection: store.ConnectionItem{Team: team, ID: id, Channel: kind, Accounts: map[string]hub.AccountID{}}}
	seen, err := s.Store.Connection(ctx, team, id, store.Strict)
	switch {
	case err == nil && seen.Channel != kind:
		return refuse("connect", "connection %s is one of the channel %s", id, seen.Channel)
	case err == nil:
		change.Seen, change.Connection.Accounts, change.Connection.Welcomes = &seen, maps.Clone(seen.Accounts), maps.Clone(seen.Welcomes)
	case hub.CodeOf(err) != hub.NotFound:
		return err
	}
	if err := held(version, seen.Version); err != nil {
		return err
	}
	if change.Connection.Sealed, err = sealOver(t, string(id), seen.Sealed, secrets); err != nil {
		return err
	}
	if change.Connection.URL, err = s.Webhook(ctx, seen.URL, team, id, kind); err != nil {
		return err
	}
	known, welcomes := change.Connection.Accounts, map[string]hub.Content{}
	for _, a := range accounts { // an account that changes gives its old name free
		maps.DeleteFunc(known, func(_ string, of hub.AccountID) bool { return of == a.ID })
	}
	for name, w := range change.Connection.Welcomes {
		if _, ok := known[name]; ok {
			welcomes[name] = w
		}
	}
	change.Connection.Welcomes = welcomes
	for _, a := range accounts {
		if other, taken := known[a.External]; taken {
			return refuse("connect", "the platform's name of account %s is account %s's already", a.ID, other)
		}
		known[a.External] = a.ID
		if a.Welcome.Type != "" {
			welcomes[a.External] = a.Welcome
		}
		c, err := s.account(ctx, t, id, kind, a)
		if err == nil {
			err = s.care(ctx, t, change.Connection.Sealed, a, &c)
		}
		if err != nil {
			return err
		}
		change.Accounts = append(change.Accounts, c)
	}
	for _, a := range accounts {
		for _, other := range known {
			if a.Alone && other != a.ID {
				return refuse("connect", "connection %s has the account %s, and on this channel a connection has one: give %s a connection of its own", id, other, a.ID)
			}
		}
	}
	return s.Store.Connect(ctx, change)
}

// Webhook is the URL that a connection's webhook has once it is connected: "" if the
// API's address is not known. The one that stands at the platform, "" for none, stays,
// whatever keys of path ids there are since, unless the address is another.
func (s Setup) Webhook(ctx context.Context, stands string, team hub.TeamID, id hub.ConnectionID, kind hub.Channel) (string, error) {
	base := strings.TrimSuffix(s.URL, "/") + "/webhooks/"
	if s.URL == "" || strings.HasPrefix(stands, base) {
		return stands, nil
	}
	edge, err := (&Reader{Store: s.Store, Keyring: s.Keyring, Now: s.Store.Now}).Edge(ctx)
	if err != nil {
		return "", err
	}
	return base + string(kind) + "/" + edge.PathID(team, id), nil
}

func (s Setup) account(ctx context.Context, t *Team, id hub.ConnectionID, kind hub.Channel, a NewAccount) (store.ConnectingAccount, error) {
	c := store.ConnectingAccount{Account: store.AccountItem{
		Team: t.ID, ID: a.ID, Connection: id, Channel: kind, External: a.External, Name: a.Name, Scope: a.Scope, OptOut: a.OptOut,
	}}
	seen, err := s.Store.Account(ctx, t.ID, a.ID, store.Strict)
	switch {
	case err == nil && seen.Connection != id:
		return c, refuse("connect", "account %s belongs to connection %s", a.ID, seen.Connection)
	case err == nil:
		c.Seen, c.Account.Off = &seen, seen.Off
	case hub.CodeOf(err) == hub.NotFound:
		seen.Version = Absent
	default:
		return c, err
	}
	if err := held(a.Version, seen.Version); err != nil {
		return c, err
	}
	if a.Keywords != nil {
		rules, err := s.Store.Rules(ctx, t.ID, a.ID, store.Strict)
		if err != nil {
			return c, err
		}
		c.Rules = &hub.Rules{Version: rules.Version, List: rules.WithKeywords(a.Keywords)}
	}
	c.Account.Sealed, err = sealOver(t, string(a.ID), seen.Sealed, a.Secrets)
	return c, err
}

// Disconnect removes accounts of a connection with their secrets and rules;
// none given means all of them. With its last account the connection goes too. What
// was received and sent stays, and so does what happened to the accounts. Errors: NotFound, Conflict, Transient.
func (s Setup) Disconnect(ctx context.Context, team hub.TeamID, id hub.ConnectionID, accounts ...hub.AccountID) error {
	return Settle(func() error {
		seen, err := s.Store.Connection(ctx, team, id, store.Strict)
		if err != nil {
			return err
		}
		have := slices.Sorted(maps.Values(seen.Accounts))
		gone := accounts
		if len(gone) == 0 {
			gone = have
		}
		if len(gone) > maxAccounts {
			return refuse("disconnect", "one call disconnects at most %d accounts; name them", maxAccounts)
		}
		for _, a := range gone {
			if !slices.Contains(have, a) {
				return hub.E(hub.NotFound, "settings: disconnect", fmt.Errorf("connection %s has no account %s", id, a))
			}
		}
		var cares []store.Care
		for _, a := range slices.Compact(slices.Sorted(slices.Values(gone))) {
			care, err := s.Store.Care(ctx, team, a)
			if err != nil {
				return err
			}
			cares = append(cares, care)
		}
		return s.Store.Disconnect(ctx, seen, cares...)
	})
}

func refuse(op, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return hub.E(hub.BadRequest, "settings: "+op, errors.New(text))
}

// sealOver seals secrets for a place and adds them to what is sealed there; what an empty
// one names goes.
func sealOver(t *Team, place string, sealed map[string][]byte, secrets channel.Secrets) (map[string][]byte, error) {
	out := maps.Clone(sealed)
	if out == nil {
		out = map[string][]byte{}
	}
	for field, secret := range secrets {
		if secret == "" {
			delete(out, field)
			continue
		}
		v, err := t.Box.Seal([]byte(secret.Reveal()), string(t.ID), place, field)
		if err != nil {
			return nil, err
		}
		out[field] = v
	}
	return out, nil
}
