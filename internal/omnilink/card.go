package omnilink

import (
	"context"
	"errors"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// Card is an activity's card for a channel user, with a link that is his alone and the
// same each time: a read, and for a new one a transaction. In place of the card of an
// activity that does not lead anywhere, or not from this account, stands the text that
// there is no such link. Errors: Transient.
//
// A page of the bot shows it as it is, or in the channel's nearest form.
func (l *Linker) Card(ctx context.Context, id hub.ActivityID, at hub.Scene) (hub.Content, error) {
	const op = "make card"
	t, err := l.Settings.Team(ctx, at.Team)
	if err != nil {
		return hub.Content{}, err
	}
	r, err := l.route(ctx, op, at.Team, id)
	// The members of a group are not one person, whose link it could be.
	if err == nil && (!r.Enabled || r.Source != at.Account || at.Kind == hub.Group) {
		err = gone(op)
	}
	switch hub.CodeOf(err) {
	case "":
	case hub.NotFound, hub.Refused, hub.Unsupported, hub.AccountBroken: // trying again makes no link of it
		return hub.TextContent(hub.LeadsNowhere(hub.Spoken(at.Language, t.Language))), nil
	default:
		return hub.Content{}, err
	}
	token := linkToken(t.Pepper, id, at.Home)
	hash := hashOf("link", token)
	_, err = l.Store.LinkCard(ctx, at.Team, hash, store.Relaxed)
	if hub.CodeOf(err) == hub.NotFound {
		err = l.Store.PutLinkCard(ctx, at.Team, hash, store.LinkCard{Activity: id, Home: at.Home, User: at.Thread, Account: at.Account})
	}
	if err != nil {
		return hub.Content{}, err
	}
	return shown(r.Activity.Card, r.facts, l.URL+"/l/"+path(at.Team, token)), nil
}

// shown is a card with a link. A picture without the channel's variant is left out.
func shown(c hub.LinkCard, f hub.Linking, link string) hub.Content {
	out := hub.Content{Type: hub.Buttons, Text: c.Text, Buttons: []hub.Button{{Title: c.Button, URL: link}}}
	if c.Image != nil {
		if u, err := f.URL(c.Image); err == nil {
			w, h := f.Size(c.Image)
			out.Media = &hub.Media{URL: u, Width: w, Height: h}
		}
	}
	return out
}

// Sample is the card as Card makes it, with a link that leads nowhere, for people who look
// at it in a kind of channel, disabled or not. NotFound if there is no such activity; Refused
// if it leads nowhere, or its source is of another kind.
func (l *Linker) Sample(ctx context.Context, team hub.TeamID, id hub.ActivityID, kind hub.Channel) (hub.Content, error) {
	const op = "show card"
	if _, err := l.Settings.Activity(ctx, team, id); err != nil {
		return hub.Content{}, err
	}
	r, err := l.route(ctx, op, team, id)
	switch {
	case hub.CodeOf(err) == hub.NotFound:
		return hub.Content{}, hub.E(hub.Refused, "omnilink: "+op, errors.New("the activity leads nowhere: one of its accounts is not what it was"))
	case err != nil:
		return hub.Content{}, err
	case r.source.Channel != kind:
		return hub.Content{}, hub.E(hub.Refused, "omnilink: "+op, errors.New("the activity's source is another channel"))
	}
	return shown(r.Activity.Card, r.facts, l.URL+"/l/"+path(team, sampleToken)), nil
}

// sampleToken is as long as a real one.
const sampleToken = "0000000000000000000000"
