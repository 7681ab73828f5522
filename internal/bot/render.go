package bot

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// Contents are what a module's cards show in a scene, in order: for a program that
// answers with one. Nothing if it is gone, or of another channel. Errors: Transient.
func (b *Bot) Contents(ctx context.Context, account *settings.Account, id hub.ModuleID, at hub.Scene) ([]hub.Content, error) {
	m, err := b.Settings.Module(ctx, account.Team.ID, id)
	if hub.CodeOf(err) == hub.NotFound || err == nil && m.Channel != account.Channel {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var contents []hub.Content
	for i, c := range m.Cards {
		switch {
		case c.Type != hub.CardOmniLink:
			contents = append(contents, ContentOf(m, i))
		case b.Card != nil:
			content, err := b.link(ctx, c.Activity, at)
			if err != nil {
				return nil, err
			}
			contents = append(contents, content)
		}
	}
	return contents, nil
}

// link is the card of an activity, or the text that there is no such link, in the
// customer's language: that is looked up only if it is needed.
func (b *Bot) link(ctx context.Context, id hub.ActivityID, at hub.Scene) (hub.Content, error) {
	content, err := b.Card(ctx, id, at)
	if err != nil || content.Type != hub.Text || at.Language != "" {
		return content, err
	}
	if at.Language, err = b.language(ctx, at); err != nil || at.Language == "" {
		return content, err
	}
	return b.Card(ctx, id, at)
}

// forms are what cards are as messages.
var forms = map[hub.CardType]hub.MessageType{
	hub.CardText: hub.Text, hub.CardImage: hub.Image, hub.CardVideo: hub.Video, hub.CardAudio: hub.Audio, hub.CardFile: hub.File,
	hub.CardCarousel: hub.Cards,
}

// ContentOf is a card of a module as a message: not one of an OmniLink card.
func ContentOf(m *hub.Module, i int) hub.Content {
	c := m.Cards[i]
	out := hub.Content{Type: forms[c.Type], Text: c.Text, Media: c.Media, Buttons: buttonsOf(m, c.Buttons), QuickReplies: buttonsOf(m, c.QuickReplies)}
	if c.Type == hub.CardText && len(c.Buttons) > 0 {
		out.Type = hub.Buttons
	}
	for _, col := range c.Columns {
		out.Cards = append(out.Cards, hub.Card{Image: col.Image, Title: col.Title, Text: col.Text, Buttons: buttonsOf(m, col.Buttons)})
	}
	return out
}

func buttonsOf(m *hub.Module, list []hub.ModuleButton) (out []hub.Button) {
	for _, b := range list {
		if b.Action == hub.DoURL {
			out = append(out, hub.Button{Title: b.Title, URL: b.URL})
		} else {
			out = append(out, hub.Button{Title: b.Title, Data: hub.ButtonData(m.ID, m.Version, b.ID)})
		}
	}
	return out
}
