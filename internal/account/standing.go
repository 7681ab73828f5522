package account

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// Status is an account as people see it.
type Status struct {
	*settings.Standing
	Expired hub.Millis // since when the platform refuses its credentials; 0 = it does not, as far as is known
	Used    bool       // it has, or had, customers
	// ByHand tells that a person enters the webhook at the platform.
	ByHand bool
}

// Status tells how an account stands, without asking the platform. NotFound if there is
// none.
func (k *Keeper) Status(ctx context.Context, team hub.TeamID, id hub.AccountID) (Status, error) {
	a, err := k.Setup.Account(ctx, team, id)
	if err != nil {
		return Status{}, err
	}
	_, registers := k.Adapters[a.Channel].(channel.Registrar)
	s := Status{Standing: a, ByHand: !registers}
	if s.Expired, err = k.Setup.Store.ExpiredSince(ctx, team, id, a.Fingerprint); err != nil {
		return Status{}, err
	}
	if s.Expired < a.Care.Checked && a.Care.Trouble == "" {
		s.Expired = 0 // it took them again
	}
	s.Used, err = k.Setup.Store.Used(ctx, team, id)
	return s, err
}

// Page tells how the accounts of a team stand, by their ids: at most limit after one ("" =
// from the first). The place to go on after; "" = there is no more.
func (k *Keeper) Page(ctx context.Context, team hub.TeamID, after string, limit int) (list []Status, next string, err error) {
	ids, next, err := k.Setup.Store.AccountPage(ctx, team, after, limit)
	if err == nil {
		list, err = k.statuses(ctx, team, ids)
	}
	return list, next, err
}

// List tells how all accounts of a team stand, by their ids. NotFound if there is no such
// team.
func (k *Keeper) List(ctx context.Context, team hub.TeamID) ([]Status, error) {
	if _, err := k.Setup.Open(ctx, team); err != nil {
		return nil, err
	}
	ids, err := k.Setup.Accounts(ctx, team)
	if err != nil {
		return nil, err
	}
	return k.statuses(ctx, team, ids)
}

func (k *Keeper) statuses(ctx context.Context, team hub.TeamID, ids []hub.AccountID) (list []Status, err error) {
	for _, id := range ids {
		s, err := k.Status(ctx, team, id)
		if hub.CodeOf(err) == hub.NotFound {
			continue // gone since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Check looks after an account now, as the schedule does, and tells how it stands then.
// What the platform refuses stands in the status; an error is what may pass.
func (k *Keeper) Check(ctx context.Context, team hub.TeamID, id hub.AccountID) (Status, error) {
	err := settings.Settle(func() error {
		a, err := k.Setup.Account(ctx, team, id)
		if err != nil {
			return err
		}
		return k.look(ctx, a)
	})
	if err != nil {
		return Status{}, err
	}
	return k.Status(ctx, team, id)
}

// Actualize enters the account's webhook at the platform once more, in the place of
// whatever stands there: of several systems the last one wins. With an API's address in
// Setup.URL the connection gets it first, and then the webhooks of all its accounts are
// entered. It answers the URL. Errors: BadRequest where it takes a person, with the URL;
// those of channel.Registrar.
func (k *Keeper) Actualize(ctx context.Context, team hub.TeamID, id hub.AccountID) (string, error) {
	a, err := k.Setup.Account(ctx, team, id)
	if err != nil {
		return "", err
	}
	if _, ok := k.Adapters[a.Channel].(channel.Registrar); !ok {
		return "", refuse("on %s a person enters the webhook at the platform; it is %q", a.Channel, a.Platform.Webhook)
	}
	before, accounts := a.Platform.Webhook, []hub.AccountID{id}
	if k.Setup.URL != "" {
		if err := k.Setup.Connect(ctx, a.Team, a.Connection, a.Channel, nil); err != nil {
			return "", err
		}
	}
	c, err := k.Setup.Connection(ctx, team, a.Connection)
	if err != nil {
		return "", err
	}
	if c.URL == "" {
		return "", refuse("the API's address is not known: it is given when the connection is made, or now")
	}
	if c.URL != before {
		accounts = slices.Sorted(maps.Values(c.Accounts))
	}
	for _, each := range accounts {
		if _, err := k.register(ctx, team, each); err != nil {
			return c.URL, hub.E(hub.CodeOf(err), "account: actualize", fmt.Errorf("account %s: %s", each, Why(err)))
		}
	}
	return c.URL, nil
}

// Deactivate puts an account off: what comes in is stored, and nothing is sent.
func (k *Keeper) Deactivate(ctx context.Context, team hub.TeamID, id hub.AccountID) error {
	return k.Setup.Switch(ctx, team, id, true)
}

// Activate puts it on again.
func (k *Keeper) Activate(ctx context.Context, team hub.TeamID, id hub.AccountID) error {
	return k.Setup.Switch(ctx, team, id, false)
}

// Remove takes out an account that nobody has written to and that has written to nobody.
// Refused if it has threads: it is to be deactivated instead. Else as Disconnect.
func (k *Keeper) Remove(ctx context.Context, team hub.TeamID, id hub.AccountID, force bool) ([]string, error) {
	a, err := k.Setup.Account(ctx, team, id)
	if err != nil {
		return nil, err
	}
	used, err := k.Setup.Store.Used(ctx, team, id)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, hub.E(hub.Refused, "account: remove", fmt.Errorf("account %s has threads: deactivate it instead", id))
	}
	return k.Disconnect(ctx, team, a.Connection, force, id)
}

// Disconnect takes accounts of a connection out, with their credentials; none named
// means all of them, and the connection. The webhook is taken out at the platform first,
// if it is still the hub's. Threads stay, and go on if the same account is connected
// under the same ids again.
//
// It answers what a person should know: a webhook that the platform did not let it take
// out. What may pass is an error, and nothing is disconnected then, unless force is set.
func (k *Keeper) Disconnect(ctx context.Context, team hub.TeamID, id hub.ConnectionID, force bool, accounts ...hub.AccountID) ([]string, error) {
	c, err := k.Setup.Connection(ctx, team, id)
	if err != nil {
		return nil, err
	}
	gone := accounts
	if len(gone) == 0 {
		gone = slices.Sorted(maps.Values(c.Accounts))
	}
	var notes []string
	for _, a := range gone {
		switch err := k.unregister(ctx, team, id, a); {
		case err == nil:
		case hub.CodeOf(err).Retryable() && !force:
			return notes, hub.E(hub.CodeOf(err), "account: disconnect", fmt.Errorf("the webhook of account %s could not be taken out at the platform: %s", a, Why(err)))
		default:
			notes = append(notes, fmt.Sprintf("The webhook of account %s could not be taken out at the platform: %s.", a, Why(err)))
		}
	}
	return notes, k.Setup.Disconnect(ctx, team, id, accounts...)
}

// unregister takes the webhook of an account out at the platform, unless another
// system's stands there.
func (k *Keeper) unregister(ctx context.Context, team hub.TeamID, connection hub.ConnectionID, id hub.AccountID) error {
	a, err := k.Setup.Account(ctx, team, id)
	if hub.CodeOf(err) == hub.NotFound || err == nil && a.Connection != connection {
		return nil // Setup.Disconnect says so
	}
	if err != nil {
		return err
	}
	r, ok := k.Adapters[a.Channel].(channel.Registrar)
	if !ok || a.Platform.Webhook == "" {
		return nil
	}
	ours, err := r.Registered(ctx, a.Platform)
	if err != nil || !ours {
		return err
	}
	return r.Unregister(ctx, a.Platform)
}
