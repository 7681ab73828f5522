package api

import (
	"context"
	"errors"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/team/apikey"
)

// subscribeContact says whether a channel user is sent marketing messages.
func (a *API) subscribeContact(ctx context.Context, c *call) (answer, error) {
	var in pairGiven
	if err := c.read(&in); err != nil {
		return answer{}, err
	}
	home, t, err := a.subscriber(ctx, c, c.home())
	if err == nil {
		t, err = a.Store.SubscribeBy(ctx, c.team.ID, home, &t, in.On, c.audit("contact.subscription", target(home.ID)))
	}
	return c.oneSubscription(home, t, err)
}

// showSubscription tells how a channel user's subscription stands.
func (a *API) showSubscription(ctx context.Context, c *call) (answer, error) {
	home, t, err := a.subscriber(ctx, c, c.home())
	return c.oneSubscription(home, t, err)
}

func (c *call) oneSubscription(home hub.Home, t hub.Thread, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	if !c.sees(apikey.ContactsRead) {
		return answer{body: written{string(home.ID)}}, nil
	}
	return answer{body: subscriptionOf(t)}, nil
}

// subscriber reads the channel user of a home, and its thread. NotFound if there is none.
func (a *API) subscriber(ctx context.Context, c *call, id hub.HomeID) (hub.Home, hub.Thread, error) {
	home, err := a.Store.Home(ctx, c.team.ID, id)
	if err != nil {
		return home, hub.Thread{}, err
	}
	t, err := a.Store.Thread(ctx, store.Ref{Team: c.team.ID, User: home.User})
	return home, t, err
}

// mayStatus refuses, before anything is changed, what resubscribe would refuse behind it.
func (a *API) mayStatus(ctx context.Context, c *call, h hub.Home, on *bool) error {
	if on == nil || !*on {
		return nil
	}
	t, err := a.Store.Thread(ctx, store.Ref{Team: c.team.ID, User: h.User})
	if err == nil && !t.Wants(hub.ClassBot) {
		err = hub.E(hub.Refused, "api: upsert", errors.New("the customer has opted out, and only he can opt in again"))
	}
	return missing(err)
}

// resubscribe carries out what an upsert says of the subscription of its channel user, who
// may never have written: whether he is sent marketing messages. What he said himself
// stays. It is a step of the call, with an audit entry of its own.
func (a *API) resubscribe(ctx context.Context, c *call, id hub.HomeID, on *bool) error {
	if on == nil || c.has(stepSubscription) {
		return nil
	}
	fact := c.audit("contact.subscription", target(id))
	fact.ID = stepID(fact.ID, stepSubscription)
	return settings.Settle(func() error {
		home, t, err := a.subscriber(ctx, c, id)
		switch {
		case home.ID == "" || err != nil && hub.CodeOf(err) != hub.NotFound:
			return err
		case t.Account == "" && *on:
			return nil // so is whoever has said nothing
		case t.Account == "":
			if t, err = a.know(ctx, c, home); err != nil {
				return err
			}
		}
		_, err = a.Store.SubscribeBy(ctx, c.team.ID, home, &t, *on, fact)
		return err
	})
}

// know begins the thread of a channel user with whom nobody has spoken, for what is said
// of it.
func (a *API) know(ctx context.Context, c *call, home hub.Home) (hub.Thread, error) {
	if err := a.Store.MarkUsed(ctx, c.team.ID, home.Account); err != nil {
		return hub.Thread{}, err
	}
	who := store.Arrival{Account: home.Account, External: home.External, Kind: home.Kind}
	t, step, err := a.Store.Know(ctx, store.Ref{Team: c.team.ID, User: home.User}, c.at(), "", who)
	switch {
	case err != nil:
		return t, err
	case step == store.Gone:
		return t, hub.E(hub.Erased, "api: subscribe", errors.New("the customer was erased"))
	case step == store.Elsewhere:
		return a.Store.Thread(ctx, store.Ref{Team: c.team.ID, User: home.User})
	}
	return t, nil
}
