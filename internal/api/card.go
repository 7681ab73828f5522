package api

import (
	"context"
	"fmt"

	"omnihub/internal/api/problem"
	"omnihub/internal/bot"
	"omnihub/internal/hub"
)

// cardsFor are the cards of a module as messages to the customer of the call's thread.
func (a *API) cardsFor(ctx context.Context, c *call, id hub.ModuleID) ([]hub.Content, error) {
	t, err := a.Desk.Thread(ctx, c.thread(), c.seat())
	if err != nil {
		return nil, err
	}
	m, err := a.Studio.Get(ctx, c.team.ID, id)
	if hub.CodeOf(err) == hub.NotFound {
		return nil, problem.Body("/module", "names no module of the team")
	}
	if err != nil {
		return nil, err
	}
	account, err := a.Settings.Account(ctx, c.team.ID, t.Account)
	if err != nil {
		return nil, err
	}
	if m.Channel != account.Channel {
		return nil, problem.Body("/module", fmt.Sprintf("is of another channel (%s) than the thread (%s)", m.Channel, account.Channel))
	}
	at := hub.Scene{
		Team: c.team.ID, Account: t.Account, Channel: account.Channel, Home: c.team.Pepper.Home(t.Account, t.External.Reveal(), t.Epoch), Thread: t.User, Kind: t.Kind,
	}
	var contents []hub.Content
	for i, card := range m.Cards {
		content := hub.Content{}
		if card.Type != hub.CardOmniLink {
			content = bot.ContentOf(&m, i)
		} else if content, err = a.links(ctx).Card(ctx, card.Activity, at); err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}
