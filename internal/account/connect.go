package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Wish is what is to be connected, or changed of what is.
type Wish struct {
	Team       hub.TeamID
	Channel    hub.Channel
	Connection hub.ConnectionID
	Account    hub.AccountID // "" = the connection alone
	// Secrets are what the channel's Setup names, of connection and account alike. Those
	// that are not given stay; an empty one goes, if it may be left out.
	Secrets channel.Secrets
	// External is the platform's name of the account; "" = as it stands, or, of a new
	// account, what the platform tells.
	External string
	// Change puts what else was given over the account as it stands; may be nil.
	Change func(*settings.NewAccount)
	// Version is the one that the account has to have when it is written, or, without one,
	// the connection. settings.Absent = the account must not be there yet; 0 = any.
	Version int
	// Unchecked connects without a call of the platform: for a set-up from afar. The
	// account is looked after within the hour.
	Unchecked bool
}

// Connected is what came of a wish.
type Connected struct {
	Webhook  string            // the URL; "" = the API's address is not known
	External string            // the platform's name of the account
	Standing *channel.Standing // what the platform says of the account; nil = it was not asked
	// Registered tells that the webhook was entered at the platform. Unregistered is why
	// that failed, if it was tried; else a person enters it.
	Registered   bool
	Unregistered error
	// Others are the connection's other accounts that were checked, since they share
	// what was changed.
	Others []hub.AccountID
}

// Connect checks the credentials at the platform, takes over what it tells of the
// account, stores all of it or nothing, and then enters the webhook at the platform
// where it takes a call. It may be repeated.
//
// What is written is put over what was seen, and over nothing else: who comes between two
// looks loses nothing.
//
// Errors: BadRequest for what does not fit, with what does not; TokenExpired,
// AccountBroken and NotFound as the platform says; Refused with settings.ErrVersion;
// Conflict, Transient, RateLimited. A webhook that could not be entered is none: the
// account is connected.
func (k *Keeper) Connect(ctx context.Context, w Wish) (Connected, error) {
	p, err := k.plan(ctx, w)
	if err != nil {
		return Connected{}, err
	}
	if err := p.check(ctx); err != nil {
		return Connected{}, err
	}
	var accounts []settings.NewAccount
	if w.Account != "" {
		accounts = append(accounts, p.account)
	}
	if err := k.Setup.ConnectAt(ctx, p.team, w.Connection, p.version, w.Channel, p.Shared, accounts...); err != nil {
		if w.Version == 0 && errors.Is(err, settings.ErrVersion) {
			err = hub.E(hub.Conflict, "account: connect", fmt.Errorf("somebody else changed account %s just now", w.Account))
		}
		return Connected{}, err
	}
	out := Connected{Webhook: p.webhook, External: p.account.External, Standing: p.account.Standing}
	for _, id := range slices.Sorted(maps.Keys(p.others)) {
		out.Others = append(out.Others, id)
		if err := k.tell(ctx, w.Team, id, p.others[id], p.secret(p.setup.Connection, p.Shared, p.stands.Secrets)); err != nil {
			return out, err
		}
		if p.moved && !w.Unchecked {
			if _, err := k.register(ctx, w.Team, id); err != nil {
				return out, fmt.Errorf("account %s: %w", id, err)
			}
		}
	}
	if w.Account != "" && !w.Unchecked && p.enters() {
		out.Registered, out.Unregistered = k.register(ctx, w.Team, w.Account)
	}
	return out, nil
}

// check asks the platform about the account, and about the others that share what was
// given.
func (p *plan) check(ctx context.Context) error {
	w := p.wish
	c, asks := p.adapter.(channel.Connector)
	if w.Account != "" && asks && !w.Unchecked {
		standing, err := c.Check(ctx, p.caller(w.Account, p.account.External, p.account.Secrets, p.seen))
		if err != nil {
			return err
		}
		wanted, said := p.account.External, standing.External
		if wanted != "" && said != "" && wanted != said {
			return hub.E(hub.NotFound, "account: connect", fmt.Errorf("the credentials are those of another account: the platform calls it %s", said))
		}
		if wanted == "" {
			p.account.External = said
		}
		if p.account.Name == "" {
			p.account.Name = standing.Name
		}
		p.account.Standing = &standing
		p.take(standing.Fields)
	}
	if w.Account != "" && p.account.External == "" {
		return refuse("the platform's name of the account is missing: %s", p.setup.External)
	}
	return p.checkOthers(ctx, c, asks && !w.Unchecked)
}

// take enters what the platform told of plain fields for which nobody has entered
// anything, now or before.
func (p *plan) take(told channel.Secrets) {
	for _, f := range p.setup.Account {
		_, given := p.account.Secrets[f.Name]
		if v := told[f.Name]; f.Plain && f.Optional && v != "" && !given && (p.seen == nil || p.seen.Own[f.Name] == "") {
			if p.account.Secrets == nil {
				p.account.Secrets = channel.Secrets{}
			}
			p.account.Secrets[f.Name] = v
		}
	}
}

// checkOthers finds the connection's other accounts if what they share changes, and
// checks them.
func (p *plan) checkOthers(ctx context.Context, c channel.Connector, asks bool) error {
	if p.stands == nil {
		return nil
	}
	changes := p.moved
	for name, v := range p.Shared {
		changes = changes || p.stands.Secrets[name] != v
	}
	p.others = map[hub.AccountID]*channel.Standing{}
	for _, id := range slices.Sorted(maps.Values(p.stands.Accounts)) {
		if id == p.wish.Account || !changes {
			continue
		}
		p.others[id] = nil
		if !asks {
			continue
		}
		seen, err := p.Setup.Account(ctx, p.wish.Team, id)
		if err != nil {
			return err
		}
		standing, err := c.Check(ctx, p.caller(id, seen.Platform.External, nil, seen))
		if err != nil {
			return hub.E(hub.CodeOf(err), "account: connect", fmt.Errorf("account %s shares the connection, and with what was given: %s", id, Why(err)))
		}
		p.others[id] = &standing
	}
	return nil
}

// caller is an account as it will call the platform.
func (p *plan) caller(id hub.AccountID, external string, own channel.Secrets, seen *settings.Standing) channel.Account {
	all := channel.Secrets{}
	if p.stands != nil {
		maps.Copy(all, p.stands.Secrets)
	}
	maps.Copy(all, p.Shared)
	if seen != nil {
		maps.Copy(all, seen.Own)
	}
	maps.Copy(all, own)
	maps.DeleteFunc(all, func(_ string, v hub.Secret) bool { return v == "" })
	return channel.Account{ID: id, External: external, Secrets: all, Webhook: p.webhook}
}

// enters tells whether the webhook is to be entered at the platform: not again each time
// that an account is changed, for another system's may have taken its place since.
func (p *plan) enters() bool {
	if p.seen == nil || p.moved || p.seen.Care.Registered == 0 && p.seen.Care.Lost == 0 {
		return true
	}
	for _, given := range []channel.Secrets{p.Shared, p.account.Secrets} {
		for name, v := range given {
			if p.seen.Platform.Secrets[name] != v {
				return true
			}
		}
	}
	return false
}

// tell stores what the platform said of an account whose shared credentials changed;
// nil = it was not asked. Secret tells that a secret is among what changed.
func (k *Keeper) tell(ctx context.Context, team hub.TeamID, id hub.AccountID, said *channel.Standing, secret bool) error {
	return settings.Settle(func() error {
		a, err := k.Setup.Account(ctx, team, id)
		if err != nil {
			return err
		}
		care := a.Care
		var facts []store.AccountFact
		if fact := settings.Changed(&care, a.Fingerprint, k.now()); fact != nil && secret {
			facts = append(facts, *fact)
		}
		if said != nil {
			settings.Tell(&care, *said, k.now())
		}
		return k.Setup.Store.SaveCare(ctx, care, facts...)
	})
}

// register enters the webhook of an account at the platform. Neither done nor an error:
// the platform takes no call for it, or the API's address is not known.
func (k *Keeper) register(ctx context.Context, team hub.TeamID, id hub.AccountID) (bool, error) {
	a, err := k.Setup.Account(ctx, team, id)
	if err != nil {
		return false, err
	}
	r, ok := k.Adapters[a.Channel].(channel.Registrar)
	if !ok || a.Platform.Webhook == "" {
		return false, nil
	}
	if err := r.Register(ctx, a.Platform); err != nil {
		return false, err
	}
	return true, settings.Settle(func() error {
		care, err := k.Setup.Store.Care(ctx, team, id)
		if err != nil {
			return err
		}
		care.Connection, care.Channel, care.Registered, care.Lost = a.Connection, a.Channel, k.now(), 0
		if care.Due == 0 {
			care.Due = k.now().Add(settings.FirstCare)
		}
		return k.Setup.Store.SaveCare(ctx, care)
	})
}
