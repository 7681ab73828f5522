package api

import (
	"context"
	"maps"
	"slices"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

type channelShown struct {
	ID         hub.Channel  `json:"id"`
	Connection []fieldShown `json:"connection_secrets"`
	Account    []fieldShown `json:"account_secrets"`
	External   string       `json:"external_id"`
	Single     bool         `json:"one_account_each"`
	Welcome    bool         `json:"has_welcome"`
}

type fieldShown struct {
	Name     string `json:"name"`
	Help     string `json:"help"`
	Optional bool   `json:"optional"`
	Plain    bool   `json:"plain"`
}

func showFields(fields []channel.Field) []fieldShown {
	out := []fieldShown{}
	for _, f := range fields {
		out = append(out, fieldShown(f))
	}
	return out
}

// listChannels tells what accounts of each channel are connected with.
func (a *API) listChannels(_ context.Context, c *call) (answer, error) {
	kinds := slices.Sorted(maps.Keys(a.Keeper.Adapters))
	return page(c, kinds, "", func(kind hub.Channel) channelShown {
		s := a.Keeper.Adapters[kind].Setup()
		return channelShown{kind, showFields(s.Connection), showFields(s.Account), s.External, s.Single, s.Welcome}
	}), nil
}

type connectionShown struct {
	ID       hub.ConnectionID `json:"id"`
	Channel  hub.Channel      `json:"channel"`
	Webhook  string           `json:"webhook_url"`
	Accounts []hub.AccountID  `json:"accounts"`
	Secrets  []string         `json:"secrets_set"`
	Version  int              `json:"version"`
}

func (a *API) oneConnection(ctx context.Context, c *call, id hub.ConnectionID) (connectionShown, error) {
	it, err := a.Store.Connection(ctx, c.team.ID, id, store.Strict)
	if err != nil {
		return connectionShown{}, err
	}
	return connectionShown{
		ID: id, Channel: it.Channel, Webhook: it.URL, Version: it.Version,
		Accounts: append([]hub.AccountID{}, slices.Sorted(maps.Values(it.Accounts))...),
		Secrets:  append([]string{}, slices.Sorted(maps.Keys(it.Sealed))...),
	}, nil
}

func (c *call) connection() hub.ConnectionID { return hub.ConnectionID(c.param("connection")) }

func (a *API) listConnections(ctx context.Context, c *call) (answer, error) {
	place, err := c.place()
	if err != nil {
		return answer{}, err
	}
	ids, next, err := a.Store.ConnectionPage(ctx, c.team.ID, place, c.limit())
	if err != nil {
		return answer{}, err
	}
	out := list[connectionShown]{Items: []connectionShown{}, Next: c.cursor(next)}
	for _, id := range ids {
		one, err := a.oneConnection(ctx, c, id)
		if hub.CodeOf(err) == hub.NotFound {
			continue // gone since
		}
		if err != nil {
			return answer{}, err
		}
		out.Items = append(out.Items, one)
	}
	return answer{body: out}, nil
}

func (a *API) showConnection(ctx context.Context, c *call) (answer, error) {
	one, err := a.oneConnection(ctx, c, c.connection())
	return answer{body: one, version: one.Version}, err
}

// changeConnection gives a connection other secrets, which all its accounts are checked
// with first.
func (a *API) changeConnection(ctx context.Context, c *call) (answer, error) {
	var in accountGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	one, err := a.oneConnection(ctx, c, c.connection())
	if err != nil {
		return answer{}, err
	}
	if err := c.stands(one.Version); err != nil {
		return answer{}, err
	}
	_, err = a.connect(ctx, c, account.Wish{Channel: one.Channel, Connection: one.ID, Secrets: in.Secrets, Unchecked: in.Unchecked, Version: c.match},
		"connection.change", "connection/"+string(one.ID), in.written())
	if err != nil {
		return answer{}, platformSays(err)
	}
	return a.showConnection(ctx, c)
}

type gone struct {
	Notes []string `json:"notes"`
}

// forced tells that what the platform does not let the hub take out is left behind.
func (c *call) forced() bool {
	force, _ := c.query["force"].(bool)
	return force
}

func disconnected(notes []string, err error) (answer, error) {
	return answer{body: gone{append([]string{}, notes...)}}, err
}

func (a *API) removeConnection(ctx context.Context, c *call) (answer, error) {
	ctx = store.WithAudit(ctx, c.team.ID, c.audit("connection.remove", "connection/"+c.param("connection")))
	return disconnected(a.Keeper.Disconnect(ctx, c.team.ID, c.connection(), c.forced()))
}

func (a *API) removeAccount(ctx context.Context, c *call) (answer, error) {
	ctx = store.WithAudit(ctx, c.team.ID, c.audit("account.remove", "account/"+c.param("account")))
	return disconnected(a.Keeper.Remove(ctx, c.team.ID, c.account(), c.forced()))
}

// checkAccount asks the platform about the account now.
func (a *API) checkAccount(ctx context.Context, c *call) (answer, error) {
	if _, err := a.Keeper.Check(ctx, c.team.ID, c.account()); err != nil {
		return answer{}, err
	}
	return a.oneAccount(ctx, c, c.account())
}

// actualizeAccount enters the account's webhook at the platform once more.
func (a *API) actualizeAccount(ctx context.Context, c *call) (answer, error) {
	ctx = store.WithAudit(ctx, c.team.ID, c.audit("account.actualize", "account/"+c.param("account")))
	if _, err := a.Store.Account(ctx, c.team.ID, c.account(), store.Strict); err != nil {
		return answer{}, err
	}
	if _, err := a.keeper(ctx).Actualize(ctx, c.team.ID, c.account()); err != nil {
		return answer{}, platformSays(err)
	}
	return a.oneAccount(ctx, c, c.account())
}

func (a *API) deactivateAccount(ctx context.Context, c *call) (answer, error) {
	return a.switchAccount(ctx, c, "account.deactivate", (*account.Keeper).Deactivate)
}

func (a *API) activateAccount(ctx context.Context, c *call) (answer, error) {
	return a.switchAccount(ctx, c, "account.activate", (*account.Keeper).Activate)
}

func (a *API) switchAccount(ctx context.Context, c *call, action string, put func(*account.Keeper, context.Context, hub.TeamID, hub.AccountID) error) (answer, error) {
	ctx = store.WithAudit(ctx, c.team.ID, c.audit(action, "account/"+c.param("account")))
	if err := put(a.Keeper, ctx, c.team.ID, c.account()); err != nil {
		return answer{}, err
	}
	return a.oneAccount(ctx, c, c.account())
}
