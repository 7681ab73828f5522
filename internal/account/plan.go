package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// plan is a wish with what it meets.
type plan struct {
	*Keeper
	wish    Wish
	adapter channel.Adapter
	setup   channel.Setup
	team    *settings.Team
	stands  *settings.Connection // nil = there is none yet
	seen    *settings.Standing   // the account; nil = there is none yet
	Shared  channel.Secrets      // of those that were given, the connection's
	account settings.NewAccount
	webhook string
	moved   bool // the webhook's URL changes
	version int  // of the connection, that must stand when it is written; 0 = any
	others  map[hub.AccountID]*channel.Standing
}

func (k *Keeper) plan(ctx context.Context, w Wish) (*plan, error) {
	adapter, err := k.adapter(w.Channel)
	if err != nil {
		return nil, err
	}
	if !w.Connection.Valid() || w.Account != "" && !w.Account.Valid() {
		return nil, refuse("the ids of connections and accounts have 2 to 26 characters of a-z and 0-9")
	}
	p := &plan{Keeper: k, wish: w, adapter: adapter, setup: adapter.Setup()}
	own, err := p.divide()
	if err != nil {
		return nil, err
	}
	if p.team, err = k.Setup.Open(ctx, w.Team); err != nil {
		if hub.CodeOf(err) == hub.NotFound {
			err = hub.E(hub.NotFound, "account: connect", fmt.Errorf("there is no team %q: create it first", w.Team))
		}
		return nil, err
	}
	if p.stands, err = k.Setup.Connection(ctx, w.Team, w.Connection); hub.CodeOf(err) == hub.NotFound {
		p.stands, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if w.Account == "" && p.stands != nil && w.Version != 0 {
		if p.version = w.Version; p.version != p.stands.Version {
			return nil, overtaken()
		}
	}
	had, url := channel.Secrets(nil), ""
	if p.stands != nil {
		if p.stands.Channel != w.Channel {
			return nil, refuse("connection %s is one of the channel %s", w.Connection, p.stands.Channel)
		}
		had, url = p.stands.Secrets, p.stands.URL
	}
	if err := missing(p.setup.Connection, p.Shared, had); err != nil {
		return nil, err
	}
	if p.webhook, err = k.Setup.Webhook(ctx, url, w.Team, w.Connection, w.Channel); err != nil {
		return nil, err
	}
	p.moved = url != "" && p.webhook != url
	if w.Account == "" {
		return p, nil
	}
	return p, p.one(ctx, own)
}

// one plans the account.
func (p *plan) one(ctx context.Context, own channel.Secrets) error {
	w := p.wish
	var err error
	if p.seen, err = p.Setup.Account(ctx, w.Team, w.Account); hub.CodeOf(err) == hub.NotFound {
		p.seen, err = nil, nil
	}
	if err != nil {
		return err
	}
	a := settings.NewAccount{ID: w.Account, Secrets: own, Alone: p.setup.Single, Version: settings.Absent}
	had := channel.Secrets(nil)
	if p.seen != nil {
		a.Version = p.seen.Version
	}
	if w.Version != 0 && w.Version != a.Version {
		return overtaken()
	}
	if p.seen != nil {
		if p.seen.Connection != w.Connection {
			return refuse("account %s belongs to connection %s", w.Account, p.seen.Connection)
		}
		if p.stands == nil {
			return hub.E(hub.Conflict, "account: connect", fmt.Errorf("somebody else connects account %s just now", w.Account))
		}
		had = p.seen.Own
		a.External, a.Name, a.Scope, a.OptOut = p.seen.Platform.External, p.seen.Name, p.seen.Scope, p.seen.OptOut
		a.Welcome = p.seen.Welcome
	}
	if err := missing(p.setup.Account, own, had); err != nil {
		return err
	}
	if w.Change != nil {
		w.Change(&a)
	}
	if w.External != "" {
		a.External = w.External
	}
	if a.Welcome.Type != "" && !p.setup.Welcome {
		return refuse("%s has no welcome: its webhooks are not answered with a message", w.Channel)
	}
	if p.setup.Single && p.stands != nil {
		for _, other := range p.stands.Accounts {
			if other != w.Account {
				return refuse("connection %s has the account %s, and a connection of %s has one: give %s a connection of its own", w.Connection, other, w.Channel, w.Account)
			}
		}
	}
	a.Plain = p.seen != nil && !p.secret(p.setup.Account, own, had) && !p.secret(p.setup.Connection, p.Shared, p.stands.Secrets)
	p.account = a
	return nil
}

func overtaken() error { return hub.E(hub.Refused, "account: connect", settings.ErrVersion) }

// secret tells whether a secret is among what changes, and not only choices that may be
// shown.
func (p *plan) secret(fields []channel.Field, given, stored channel.Secrets) bool {
	return slices.ContainsFunc(fields, func(f channel.Field) bool {
		v, ok := given[f.Name]
		return ok && !f.Plain && v != stored[f.Name]
	})
}

// divide parts the given secrets between connection and account, and refuses what the
// channel does not know.
func (p *plan) divide() (own channel.Secrets, err error) {
	p.Shared, own = channel.Secrets{}, channel.Secrets{}
	left := len(p.wish.Secrets)
	for _, side := range []struct {
		fields []channel.Field
		Into   channel.Secrets
	}{{p.setup.Connection, p.Shared}, {p.setup.Account, own}} {
		for _, f := range side.fields {
			if v, ok := p.wish.Secrets[f.Name]; ok {
				side.Into[f.Name] = v
				left--
			}
		}
	}
	if left > 0 { // the names may be secrets that stand on the wrong side
		return nil, refuse("among the secrets is one that %s does not have; it has %s", p.wish.Channel, names(p.setup))
	}
	if len(own) > 0 && p.wish.Account == "" {
		return nil, refuse("what was given belongs to an account, and none is named")
	}
	return own, nil
}

// missing is an error that names what neither was given nor is stored.
func missing(fields []channel.Field, given, stored channel.Secrets) error {
	for _, f := range fields {
		value, ok := given[f.Name]
		if !ok {
			value = stored[f.Name]
		}
		if !f.Optional && value == "" {
			return refuse("%s is missing (%s)", f.Name, f.Help)
		}
	}
	return nil
}

// names lists a channel's credentials.
func names(setup channel.Setup) string {
	var list []string
	for _, f := range slices.Concat(setup.Connection, setup.Account) {
		list = append(list, f.Name)
	}
	return strings.Join(list, ", ")
}
