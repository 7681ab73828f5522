package main

import (
	"context"
	"errors"

	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
)

// links is OmniLink as the pages see it.
type links struct{ *omnilink.Linker }

// gone gives what leads nowhere any more its own code.
func gone(err error) error {
	if errors.Is(err, omnilink.ErrGone) {
		return hub.E(hub.Refused, "omnilink pages", err)
	}
	return err
}

// Look tells what a link leads to.
func (l links) Look(ctx context.Context, token string) (View, error) {
	v, err := l.Linker.Look(ctx, token)
	if err != nil {
		return View{}, gone(err)
	}
	return View{
		Language: v.Team.Language, Text: v.Activity.Card.Text, Button: v.Activity.Card.Button, Image: v.Image,
		Brand: v.Target.Name, Chat: !v.Login, To: v.Landing,
	}, nil
}

// Tap counts a tap.
func (l links) Tap(ctx context.Context, token, tap, browser string) (Target, error) {
	url, err := l.Linker.Tap(ctx, omnilink.Tapped{Link: token, ID: tap, Browser: browser})
	if hub.CodeOf(err) == hub.Refused {
		return Target{}, hub.E(hub.Conflict, "omnilink pages", err)
	}
	return Target{url}, gone(err)
}

// Arrive tells where a code is to sign in.
func (l links) Arrive(ctx context.Context, code string) (Arrival, error) {
	in, err := l.Linker.SignIn(ctx, code)
	if err != nil {
		return Arrival{}, gone(err)
	}
	return Arrival{Language: in.Team.Language, Brand: in.Account.Name, Login: in.Page}, nil
}

// Return completes what a code began.
func (l links) Return(ctx context.Context, code string, idToken hub.Secret, browser string) (Outcome, error) {
	out, err := l.Linker.CompleteLogin(ctx, omnilink.Arrival{Bearer: code, Token: idToken, Browser: browser})
	if err != nil {
		return "", gone(err)
	}
	switch out.State {
	case omnilink.Linked:
		return Linked, nil
	case omnilink.Pending:
		return Pending, nil
	case omnilink.Stranger:
		return Friend, nil
	case omnilink.Refused:
		return "", hub.E(hub.DeadlinePassed, "omnilink pages", nil)
	case omnilink.TooMany:
		return "", hub.E(hub.RateLimited, "omnilink pages", nil)
	}
	return Failed, nil
}
