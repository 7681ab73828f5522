// Package bot is what the hub answers by itself, and what a customer's words mean for it:
// modules of cards and their buttons, the rules by which an account answers, and the
// answers that every account has.
package bot

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
	"omnihub/internal/team"
)

// Bot decides what customers have met, and words the answers. It stands behind
// chat.Receiver and is safe for concurrent use.
type Bot struct {
	Settings *settings.Reader
	Store    *store.Store
	// Card makes the card of an activity for the channel user of a scene. In place of one
	// that cannot be made stands a text which says so, in the scene's language. Errors:
	// Transient. nil = there are no activities, and none of their cards is shown.
	Card func(ctx context.Context, activity hub.ActivityID, at hub.Scene) (hub.Content, error)

	zones sync.Map // *time.Location by name
}

// Decide tells what of the bot's a customer has met. What asks for a person is for a
// person, though a rule or a button of ours says so; and so is a tap on a button of ours
// that is not known any more.
func (b *Bot) Decide(ctx context.Context, account *settings.Account, said hub.Said) (hub.Met, error) {
	module, version, button, tapped := hub.ParseButtonData(said.Data)
	if said.Type != hub.Choice || !tapped || said.Link {
		return Decide(account.Rules, said, b.local(account.Team, said.At)), nil
	}
	met := hub.Met{Said: said, Tapped: true}
	var err error
	if met.Button, err = b.button(ctx, account, module, version, button); err != nil {
		return met, err
	}
	met.Bot = met.Button != nil && met.Button.Action != hub.DoHandOver &&
		(met.Button.Action != hub.DoSystem || met.Button.System != hub.SystemHuman)
	return met, nil
}

// Decide is what a customer has met by an account's rules at a time by the team's clock,
// of all but the buttons of modules. A tap on the account's menu asks for no person, though
// no rule knows it.
func Decide(rules hub.Rules, said hub.Said, local time.Time) hub.Met {
	met := hub.Met{Said: said}
	if said.Type == "" || said.Link {
		met.Bot = true
		return met
	}
	met.Bot = started(said) || said.Type == hub.Choice && said.Postback
	if place, ok := rules.Keyword(said.Words(), local, func(*hub.Rule) bool { return true }); ok {
		met.Keyword = place + 1
		met.Bot = rules.List[place].Answer.System != hub.SystemHuman
	}
	return met
}

// started tells of the tap by which a conversation begins.
func started(said hub.Said) bool { return said.Type == hub.Choice && said.Data == hub.GetStarted }

// button finds a button that was tapped: in its module as it stands, else in the version
// whose message the customer has. nil if it is in neither.
func (b *Bot) button(ctx context.Context, account *settings.Account, id hub.ModuleID, version int, button string) (*hub.ModuleButton, error) {
	m, err := b.Settings.Module(ctx, account.Team.ID, id)
	if err == nil && m.Channel == account.Channel {
		if found := m.Button(button); found != nil {
			return found, nil
		}
		if version == m.Version {
			return nil, nil
		}
		if m, err = b.Settings.ModuleAt(ctx, account.Team.ID, id, version); err == nil {
			return m.Button(button), nil
		}
	}
	if hub.CodeOf(err) == hub.NotFound {
		err = nil
	}
	return nil, err
}

// local is a time by a team's clock.
func (b *Bot) local(t *settings.Team, at hub.Millis) time.Time {
	name := cmp.Or(t.Zone, team.DefaultZone)
	if kept, ok := b.zones.Load(name); ok {
		if zone, ok := kept.(*time.Location); ok {
			return at.Time().In(zone)
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil { // a name that is none is refused when it is set
		return at.Time()
	}
	b.zones.Store(name, zone)
	return at.Time().In(zone)
}

// Compose words what is done about what a customer has met.
func (b *Bot) Compose(ctx context.Context, account *settings.Account, met hub.Met, at hub.Scene) (hub.Reaction, error) {
	if met.Button != nil {
		return b.tapped(ctx, account, *met.Button, at)
	}
	if met.Said.Link || at.Quiet {
		return hub.Reaction{}, nil
	}
	rule := Choose(account.Rules, met, at, b.local(account.Team, met.Said.At))
	if rule == nil {
		return hub.Reaction{}, nil
	}
	r := hub.Reaction{Tags: rule.Tags, Over: rule.InProgress, Rule: rule.ID}
	if rule.Answer.System != "" {
		err := b.system(ctx, account, rule.Answer.System, at, &r)
		return r, err
	}
	if rule.Answer.Content != nil {
		r.Contents = []hub.Content{*rule.Answer.Content}
		return r, nil
	}
	var err error
	r.Contents, err = b.Contents(ctx, account, rule.Answer.Module, at)
	return r, err
}

// Choose is the rule that answers, nil = none: the first in order of those for the
// customer's words and for a welcome, else of those for all that nothing else answers.
func Choose(rules hub.Rules, met hub.Met, at hub.Scene, local time.Time) *hub.Rule {
	may := func(r *hub.Rule) bool { return at.Floor || r.InProgress }
	place := -1
	if met.Keyword > 0 {
		if found, ok := rules.Keyword(met.Said.Words(), local, may); ok {
			place = found
		}
	}
	if met.Said.Type == "" || at.First || started(met.Said) {
		if found, ok := rules.First(hub.OnWelcome, local, may); ok && (place < 0 || found < place) {
			place = found
		}
	}
	if place < 0 && met.Said.Type != "" {
		found, ok := rules.First(hub.OnFallback, local, func(r *hub.Rule) bool { return may(r) && (at.Opened || r.Every == hub.EveryMessage) })
		if ok {
			place = found
		}
	}
	if place < 0 {
		return nil
	}
	return &rules.List[place]
}

// tapped is what a button does. What it says of the customer, and what the customer says
// by it, holds whoever has the floor.
func (b *Bot) tapped(ctx context.Context, account *settings.Account, button hub.ModuleButton, at hub.Scene) (hub.Reaction, error) {
	r := hub.Reaction{Tags: slices.Clone(button.Tags)}
	silent := at.Quiet || !at.Floor
	var err error
	switch {
	case button.Action == hub.DoSystem && button.System != hub.SystemHuman:
		err = b.system(ctx, account, button.System, at, &r)
	case silent:
	case button.Action == hub.DoSystem:
		err = b.system(ctx, account, button.System, at, &r)
	case button.Action == hub.DoModule, button.Action == hub.DoHandOver && button.Module != "":
		r.Contents, err = b.Contents(ctx, account, button.Module, at)
	}
	r.HandOver = r.HandOver || button.Action == hub.DoHandOver && !silent
	return r, err
}
