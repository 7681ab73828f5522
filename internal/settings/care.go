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

// FirstCare is how long after its connecting, or after new credentials, an account is
// looked after.
const FirstCare = time.Hour

// Who gave an account new credentials, in the fact that tells it.
const (
	ByPerson = "person"
	ByHub    = "hub"
)

// Tell notes what the platform said of an account: all is well.
func Tell(c *store.Care, said channel.Standing, now hub.Millis) {
	c.Checked, c.Trouble, c.Why = now, "", ""
	c.Name, c.Advice = said.Name, said.Advice
	if said.Expires != 0 { // else an earlier word on these credentials holds
		c.Expires = said.Expires
	}
}

// Changed begins the care of an account anew if its credentials are not those that the
// care is about, and answers the fact that tells it; nil if they are, or are the first.
func Changed(c *store.Care, fingerprint string, now hub.Millis) *store.AccountFact {
	if c.Fingerprint == fingerprint {
		return nil
	}
	first := c.Fingerprint == ""
	kept := *c
	*c = store.Care{
		Team: kept.Team, Account: kept.Account, Connection: kept.Connection, Channel: kept.Channel,
		Registered: kept.Registered, Lost: kept.Lost, Version: kept.Version,
		Fingerprint: fingerprint, Since: now, Due: now.Add(FirstCare),
	}
	if first {
		return nil
	}
	return &store.AccountFact{Kind: hub.AccountTokenRenewed, At: now, By: ByPerson}
}

// care adds to what is written of an account its care: that it is connected, that its
// credentials are others, what the platform said of them. Shared are the sealed secrets
// of its connection.
func (s Setup) care(ctx context.Context, t *Team, shared map[string][]byte, a NewAccount, c *store.ConnectingAccount) error {
	to := c.Account
	fingerprint, _, err := openFor(t, string(to.Connection), shared, string(to.ID), to.Sealed)
	if err != nil {
		return err
	}
	care, err := s.Store.Care(ctx, t.ID, to.ID)
	if err != nil {
		return err
	}
	if c.Seen == nil {
		care = store.Care{Version: care.Version}
	}
	if care.Fingerprint == fingerprint && a.Standing == nil {
		return nil
	}
	care.Team, care.Account, care.Connection, care.Channel = t.ID, to.ID, to.Connection, to.Channel
	fact := Changed(&care, fingerprint, s.now())
	if a.Standing != nil {
		Tell(&care, *a.Standing, s.now())
	}
	if c.Seen == nil {
		c.Facts = []store.AccountFact{{Kind: hub.AccountConnected, At: s.now()}}
	} else if fact != nil && !a.Plain {
		fact.Expires = care.Expires
		c.Facts = []store.AccountFact{*fact}
	}
	c.Care = &care
	return nil
}

// openFor opens the secrets that an account's calls are made with, its own over those of
// its connection, and gives their fingerprint.
func openFor(t *Team, connection string, shared map[string][]byte, account string, own map[string][]byte) (string, channel.Secrets, error) {
	secrets, err := openAll(t, connection, shared)
	if err != nil {
		return "", nil, err
	}
	its, err := openAll(t, account, own)
	if err != nil {
		return "", nil, err
	}
	maps.Copy(secrets, its)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		parts = append(parts, name, secrets[name].Reveal())
	}
	return t.Pepper.Value("credentials", hub.Digest(parts...)), secrets, nil
}

// Standing is an account as it stands now, with what is stored of it.
type Standing struct {
	*Account
	Own     channel.Secrets // without those of its connection
	Welcome hub.Content     // see NewAccount; no type = none
	Version int             // see ConnectAt
	Care    store.Care

	item       store.AccountItem
	connection store.ConnectionItem
	keys       []store.WrappedKey
}

// Open reads a team as it stands now, past every cache. NotFound if there is none.
func (s Setup) Open(ctx context.Context, id hub.TeamID) (*Team, error) {
	t, _, err := s.team(ctx, id)
	return t, err
}

// Account reads an account as it stands now, past every cache. NotFound if there is
// none.
func (s Setup) Account(ctx context.Context, team hub.TeamID, id hub.AccountID) (*Standing, error) {
	t, keys, err := s.team(ctx, team)
	if err != nil {
		return nil, err
	}
	it, err := readAccount(ctx, s.Store, team, id, store.Strict)
	if err != nil {
		return nil, err
	}
	a, err := it.open(t)
	if err != nil {
		return nil, err
	}
	own, err := openAll(t, string(id), it.Sealed)
	if err != nil {
		return nil, err
	}
	care, err := s.Store.Care(ctx, team, id)
	care.Connection, care.Channel = a.Connection, a.Channel
	return &Standing{
		Account: a, Own: own, Welcome: it.connection.Welcomes[a.Platform.External], Version: it.Version, Care: care,
		item: it.AccountItem, connection: it.connection, keys: keys.Keys,
	}, err
}

// Connection reads a connection as it stands now, past every cache. NotFound if there is
// none.
func (s Setup) Connection(ctx context.Context, team hub.TeamID, id hub.ConnectionID) (*Connection, error) {
	t, _, err := s.team(ctx, team)
	if err != nil {
		return nil, err
	}
	it, err := s.Store.Connection(ctx, team, id, store.Strict)
	if err != nil {
		return nil, err
	}
	return openConnection(t, it)
}

// Renew stores the renewed credentials of an account, each beside those of its name, of
// the connection if it has one, with the care of the account and the fact that tells it:
// all of it, or nothing. Conflict if somebody changed the credentials, or the care,
// since a was read: theirs stand then.
func (s Setup) Renew(ctx context.Context, a *Standing, secrets channel.Secrets, care store.Care) error {
	own, shared := channel.Secrets{}, channel.Secrets{}
	for name, v := range secrets {
		if _, ok := a.connection.Sealed[name]; ok && a.item.Sealed[name] == nil {
			shared[name] = v
			continue
		}
		own[name] = v
	}
	r := store.Renewal{Keys: a.keys, Account: a.item, Connection: a.connection}
	accountSealed, err := sealOver(a.Team, string(a.item.ID), a.item.Sealed, own)
	if err != nil {
		return err
	}
	connectionSealed, err := sealOver(a.Team, string(a.Connection), a.connection.Sealed, shared)
	if err != nil {
		return err
	}
	if len(own) > 0 {
		r.AccountSealed = accountSealed
	}
	if len(shared) > 0 {
		r.ConnectionSealed = connectionSealed
	}
	if care.Fingerprint, _, err = openFor(a.Team, string(a.Connection), connectionSealed, string(a.item.ID), accountSealed); err != nil {
		return err
	}
	care.Since = s.now()
	r.Care = care
	r.Facts = []store.AccountFact{{Kind: hub.AccountTokenRenewed, At: s.now(), By: ByHub, Expires: care.Expires}}
	return s.Store.Renew(ctx, r)
}

// Switch puts an account off or on: one that is off receives and does not send. It may
// be repeated. NotFound if there is no such account.
func (s Setup) Switch(ctx context.Context, team hub.TeamID, id hub.AccountID, off bool) error {
	return Settle(func() error {
		seen, err := s.Store.Account(ctx, team, id, store.Strict)
		if err != nil || seen.Off == off {
			return err
		}
		return s.Store.SwitchAccount(ctx, seen, off)
	})
}

// Accounts lists the accounts of a team, by their ids, strictly.
func (s Setup) Accounts(ctx context.Context, team hub.TeamID) ([]hub.AccountID, error) {
	return s.Store.AccountIDs(ctx, team)
}
