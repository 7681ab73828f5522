// Package omnilink takes customers from a channel to another one by a link, and makes one
// contact of who tapped it and who arrived: activities and their cards, taps with their
// one-time codes, completion with its question and its reasons to fail, and what came of
// it all.
//
// A card bears the same link each time that its customer gets it. A tap mints a code of
// 128 bits, which the customer brings to the target: as the text that opens a chat, or
// through a sign-in of the platform's. Whoever brings it has proved, by the target's own
// signature, who is there; that it is who tapped is certain only within one browser, and
// else asked at the source where it matters.
package omnilink

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	// ChatLife and LoginLife are how long a code is good, by the kind of its target.
	ChatLife  = 15 * time.Minute
	LoginLife = 10 * time.Minute
	// ConfirmLife is how long the source may answer the question.
	ConfirmLife = 24 * time.Hour
	// margin is how far the clocks of two machines are apart at most.
	margin = 10 * time.Second

	// by is who joins and tags, in facts.
	by = "hub:omnilink"
	// source is where its tags come from, for people.
	source = "OmniLink"
)

// ErrGone is the cause of a NotFound of a link that leads nowhere any more: its activity
// is disabled or deleted, or an account of it is not what it was.
var ErrGone = errors.New("the link leads nowhere any more")

// Linker shows cards, counts taps and completes links. It is safe for concurrent use.
type Linker struct {
	Store    *store.Store
	Settings *settings.Reader
	Contacts *contact.Book
	Adapters map[hub.Channel]channel.Adapter
	URL      string // the public address of the hub, without a slash at its end
	// Worth reports whether one of some homes has what the others would get hold of by a
	// join, beside a member id: coupons. nil = nobody has.
	Worth func(context.Context, hub.TeamID, []hub.HomeID) (bool, error)
	Now   func() time.Time
	Log   *slog.Logger
}

// State is what an attempt to complete a link came to.
type State string

const (
	Linked   State = "linked"
	Pending  State = "pending"  // the source is asked
	Failed   State = "failed"   // for Outcome.Reason
	Stranger State = "stranger" // who signed in is no friend of the account: it may not write to him
	Refused  State = "refused"  // the code is not good, not any more, or not for this one
	TooMany  State = "too_many" // too many codes of this one were not good: it is not looked at
)

// Outcome is what an attempt came to.
type Outcome struct {
	State    State
	Reason   hub.LinkReason // with Failed
	Activity hub.ActivityID // but with Refused and TooMany
	New      bool           // with Linked: the target was nobody's contact before the tap
}

func (l *Linker) now() hub.Millis { return hub.MillisOf(l.Now()) }

// facts are the platform's facts about OmniLink.
func facts(a channel.Adapter) hub.Linking {
	if a == nil {
		return hub.Linking{}
	}
	return a.Capabilities().Linking
}

// route is an activity with its two accounts, as they stand.
type route struct {
	hub.Activity
	source, target *settings.Account
	facts          hub.Linking // of the source
	chat           channel.ChatLinker
	login          channel.Login
}

// life is how long a code for the route is good.
func (r *route) life() time.Duration {
	if r.login != nil {
		return LoginLife
	}
	return ChatLife
}

func gone(op string) error { return hub.E(hub.NotFound, "omnilink: "+op, ErrGone) }

// route reads the way that an activity leads, if it does; a disabled one with off. The
// error is gone where people are told that there is no such link.
func (l *Linker) route(ctx context.Context, op string, team hub.TeamID, id hub.ActivityID) (r route, err error) {
	if r.Activity, err = l.Settings.Activity(ctx, team, id); err != nil {
		return r, goneIf(op, err)
	}
	if r.source, err = l.Settings.Account(ctx, team, r.Source); err != nil {
		return r, goneIf(op, err)
	}
	if r.target, err = l.Settings.Account(ctx, team, r.Target); err != nil {
		return r, goneIf(op, err)
	}
	r.facts = facts(l.Adapters[r.source.Channel])
	r.chat, r.login = target(l.Adapters[r.target.Channel])
	if !r.facts.Source || r.chat == nil && r.login == nil {
		return r, gone(op)
	}
	if r.login != nil {
		if _, err := r.login.LoginPage(r.target.Platform); err != nil {
			return r, gone(op)
		}
	}
	return r, nil
}

// target is how an adapter can be one: a sign-in proves more than a chat.
func target(a channel.Adapter) (channel.ChatLinker, channel.Login) {
	if login, ok := a.(channel.Login); ok {
		return nil, login
	}
	chat, _ := a.(channel.ChatLinker)
	return chat, nil
}

func goneIf(op string, err error) error {
	if hub.CodeOf(err) == hub.NotFound {
		return gone(op)
	}
	return err
}
