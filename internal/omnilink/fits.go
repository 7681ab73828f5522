package omnilink

import (
	"context"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
)

// neverAsks is what people are told of an activity that never asks.
const neverAsks = "Whoever gets hold of a customer's link can join his own account at the target with that customer's contact, and nobody is asked: " +
	"choose to ask where it matters."

// cannotAnswer is what they are told of one that asks where nobody can answer.
const cannotAnswer = "The source's channel shows no buttons: whoever is asked there whether it was him cannot answer, and no link is made then."

// fits refuses, as BadRequest with a hub.FieldFault, what an activity's two channels
// cannot be or show, and answers what people should know of what they can.
func (a *Activities) fits(ctx context.Context, team hub.TeamID, act *hub.Activity) (advice []string, err error) {
	source, facts, err := a.source(ctx, team, act.Source)
	if err != nil {
		return nil, err
	}
	target, err := a.target(ctx, team, act)
	if err != nil {
		return nil, err
	}
	if err := facts.LinkImageError(act.Card.Image); err != nil {
		return nil, err
	}
	if act.Card.Image != nil {
		if _, err := facts.URL(act.Card.Image); err != nil {
			return nil, fault("card.image", "lacks the variant that its channel shows")
		}
	}
	// As long as a real link is; what a card's channel does to it is told.
	card, err := channel.Show(a.Adapters[source.Channel], shown(act.Card, facts, "https://"+longHost+"/l/"+path(team, sampleToken)))
	if err != nil {
		return nil, fault("card", "cannot be shown in its channel: %s", cause(err))
	}
	for _, loss := range card.Losses {
		advice = append(advice, loss.Sentence())
	}
	for _, s := range []struct {
		field   string
		account *settings.Account
		say     hub.Say
	}{
		{"success.source", source, act.Success.Source}, {"success.target", target, act.Success.Target}, {"failure.source", source, act.Failure},
	} {
		if err := a.sayable(ctx, team, s.field, s.account, s.say); err != nil {
			return nil, err
		}
	}
	asked, err := channel.Show(a.Adapters[source.Channel], question(wordsIn(source.Team.Language), hub.Digest("sample")))
	switch {
	case act.Confirm == hub.ConfirmNever:
		advice = append(advice, neverAsks)
	case err != nil || slices.Contains(asked.Losses, channel.LossChoices):
		advice = append(advice, cannotAnswer)
	}
	return advice, nil
}

// longHost stands for the hub's own in the length of a link.
const longHost = "abcdefghij.execute-api.ap-northeast-1.amazonaws.com"

func fault(field, format string, args ...any) error {
	return hub.Fault("omnilink: save activity", field, format, args...)
}

// cause is what an error says without its operation and code.
func cause(err error) string {
	if e, ok := err.(*hub.Error); ok && e.Err != nil {
		return e.Err.Error()
	}
	return "it is not possible"
}

// account reads an account that an activity names.
func (a *Activities) account(ctx context.Context, team hub.TeamID, field string, id hub.AccountID) (*settings.Account, error) {
	account, err := a.Settings.Account(ctx, team, id)
	if hub.CodeOf(err) == hub.NotFound {
		return nil, fault(field, "is no account of the team")
	}
	if err == nil && a.Adapters[account.Channel] == nil {
		err = fault(field, "is of a channel that is not known")
	}
	return account, err
}

func (a *Activities) source(ctx context.Context, team hub.TeamID, id hub.AccountID) (*settings.Account, hub.Linking, error) {
	const field = "source_account"
	account, err := a.account(ctx, team, field, id)
	if err != nil {
		return nil, hub.Linking{}, err
	}
	f := facts(a.Adapters[account.Channel])
	if !f.Source {
		return nil, f, fault(field, "cannot be a source: %s", f.NoSource)
	}
	return account, f, nil
}

func (a *Activities) target(ctx context.Context, team hub.TeamID, act *hub.Activity) (*settings.Account, error) {
	const field = "target_account"
	account, err := a.account(ctx, team, field, act.Target)
	if err != nil {
		return nil, err
	}
	chat, login := target(a.Adapters[account.Channel])
	switch {
	case login != nil:
		_, err = login.LoginPage(account.Platform)
	case chat != nil:
		_, err = chat.ChatLink(account.Platform, "")
	default:
		return nil, fault(field, "cannot be a target: %s", facts(a.Adapters[account.Channel]).NoTarget)
	}
	switch {
	case err != nil:
		return nil, fault(field, "cannot be a target yet: %s", cause(err))
	case act.Message == "":
		return account, nil
	case chat == nil:
		return nil, fault("message", "is for a target that is a chat: this one is a sign-in")
	}
	if _, err := chat.ChatLink(account.Platform, act.Message+"\n"+sampleCode); err != nil {
		return nil, fault("message", "cannot stand in the link: %s", cause(err))
	}
	return account, nil
}

// sampleCode is as long as a real one.
var sampleCode = strings.Repeat("0", codeLength)

// sayable refuses what cannot be said in an account's channel: a text that is too long, a
// module of another channel.
func (a *Activities) sayable(ctx context.Context, team hub.TeamID, field string, account *settings.Account, s hub.Say) error {
	switch {
	case s.Text != "":
		if _, err := channel.Show(a.Adapters[account.Channel], hub.TextContent(s.Text)); err != nil {
			return fault(field+".text", "cannot be shown in its channel: %s", cause(err))
		}
	case s.Module != "":
		kind, err := a.Module(ctx, team, s.Module)
		switch {
		case hub.CodeOf(err) == hub.NotFound:
			return fault(field+".module", "is no module of the bot")
		case err != nil:
			return err
		case kind != account.Channel:
			return fault(field+".module", "is of another channel than the one in which it is sent")
		}
	}
	return nil
}
