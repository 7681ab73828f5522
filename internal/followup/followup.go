// Package followup does what follows a completed link of OmniLink: what is said in both
// channels, and the tags of both sides.
package followup

import (
	"context"

	"omnihub/internal/bot"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/settings"
	"omnihub/internal/tag"
)

// by is who sends what follows a link.
const by = "hub:omnilink"

// Follower does what follows a link, each once however often it is asked. It is safe for
// concurrent use.
type Follower struct {
	Settings *settings.Reader
	Composer *chat.Composer
	Bot      *bot.Bot
	Tags     *tag.Book
}

// Say has a text, a content or the cards of a module sent, in their order.
func (f *Follower) Say(ctx context.Context, m omnilink.Message) error {
	contents, err := f.contents(ctx, m)
	if err != nil || len(contents) == 0 {
		return err
	}
	_, err = f.Composer.Compose(ctx, chat.Draft{
		Team: m.Team, Account: m.Account, To: m.To.Reveal(), Class: hub.ClassTransactional, Content: contents[0], More: contents[1:],
		By: by, Trace: hub.TraceOf(ctx), ID: m.ID, At: m.At,
	})
	return err
}

func (f *Follower) contents(ctx context.Context, m omnilink.Message) ([]hub.Content, error) {
	switch {
	case m.Content != nil:
		return []hub.Content{*m.Content}, nil
	case m.Say.Module == "":
		return []hub.Content{hub.TextContent(m.Say.Text)}, nil
	}
	account, err := f.Settings.Account(ctx, m.Team, m.Account)
	if err != nil {
		return nil, err
	}
	return f.Bot.Contents(ctx, account, m.Say.Module, hub.Scene{
		Team: m.Team, Account: m.Account, Channel: account.Channel, Home: m.Home, Thread: account.Team.Pepper.User(m.Account, m.To.Reveal()),
	})
}

// Tag gives tags.
func (f *Follower) Tag(ctx context.Context, t omnilink.Tagging) error {
	return f.Tags.Change(ctx, t.Team, t.Home, t.Names, nil, tag.Call{ID: t.ID, At: t.At, Source: t.Source, By: t.By})
}
