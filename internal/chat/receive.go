// Package chat moves messages: what customers write into their threads, and what
// the team and the bot send out to the platforms.
package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Receiver stores what the edge accepted. Everything that it does may be done
// again, in any order, and ends in the same state.
type Receiver struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	// Answer finds the automatic answer to a text.
	Answer     func(keywords []store.Keyword, text string) (string, bool)
	Quarantine Quarantine
	Now        func() time.Time
	Log        *slog.Logger
}

// ReadEnvelope reads a message of the inbound queue. Unparsable if it is none.
func ReadEnvelope(body string) (hub.Envelope, error) {
	var e hub.Envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return e, hub.E(hub.Unparsable, "chat: read envelope", fmt.Errorf("not an envelope"))
	}
	if e.Version != hub.EnvelopeVersion || !e.Team.Valid() {
		return e, hub.E(hub.Unparsable, "chat: read envelope", fmt.Errorf("version %d is not known", e.Version))
	}
	return e, nil
}

// Receive works off one envelope. A nil error means that it is stored, or lies in
// quarantine; any other that it should be tried again.
func (rc *Receiver) Receive(ctx context.Context, e hub.Envelope) error {
	if e.Chunk != nil {
		return rc.Quarantine.Chunk(ctx, e)
	}
	err := rc.event(ctx, e)
	if code := hub.CodeOf(err); code.Quarantined() {
		return rc.Quarantine.Event(ctx, e, code, why(err))
	}
	return err
}

// why is the cause of an error without its code: what the quarantine's list shows.
func why(err error) string {
	var e *hub.Error
	if errors.As(err, &e) && e.Err != nil {
		return e.Err.Error()
	}
	return ""
}

func (rc *Receiver) event(ctx context.Context, e hub.Envelope) error {
	adapter := rc.Adapters[e.Channel]
	if adapter == nil {
		return hub.E(hub.Unparsable, "chat: receive", fmt.Errorf("the channel is not known"))
	}
	ev, err := adapter.Parse(e.Head, e.Raw)
	if err != nil {
		return err
	}
	now := hub.MillisOf(rc.Now())
	if ev.At != 0 && ev.At.Add(hub.StaleAfter) < now {
		return hub.E(hub.StaleEvent, "chat: receive", fmt.Errorf("the platform's time is over %v old", hub.StaleAfter))
	}
	ref := store.Ref{Team: e.Team, User: e.User}
	at, moved, err := rc.time(ctx, ref, e, ev)
	if err != nil {
		return err
	}
	if ev.Kind != channel.EventMessage {
		return rc.Store.PutOther(ctx, ref, e, ev.Type, at)
	}
	return rc.message(ctx, ref, e, ev, at, moved)
}

// time is the event's place in the log: the platform's time, or that of the first
// arrival if the platform gives none that can be trusted. In the latter case moved
// is the key that the platform's time would have given.
func (rc *Receiver) time(ctx context.Context, ref store.Ref, e hub.Envelope, ev channel.Event) (hub.Millis, hub.MessageKey, error) {
	if ev.At != 0 && ev.At <= e.Received.Add(hub.MaxAhead) {
		return ev.At, "", nil
	}
	id := ev.Message.ID
	if id == "" {
		id = e.Event
	}
	at, err := rc.Store.PutArrival(ctx, ref, id, e.Received)
	if err != nil || ev.At == 0 || ev.Kind != channel.EventMessage {
		return at, "", err
	}
	return at, hub.NewMessageKey(ev.At, ev.Message.ID), nil
}

// message is the recipe by which a customer's message is stored: see the design's
// section on tables and keys. Each write is harmless when it is done again.
func (rc *Receiver) message(ctx context.Context, ref store.Ref, e hub.Envelope, ev channel.Event, at hub.Millis, moved hub.MessageKey) error {
	k := hub.NewMessageKey(at, ev.Message.ID)
	if moved != "" && moved != k {
		if err := rc.Store.PutMoved(ctx, ref, moved, k, e.Received); err != nil {
			return err
		}
	}
	m := hub.Inbound{
		Key: k, Event: e.Event, Hash: e.Hash, Type: ev.Message.Type, Text: ev.Message.Text, Actor: ev.Actor,
		Raw: e.Raw, Received: e.Received, Trace: e.Trace,
	}
	arrival := store.Arrival{
		Key: k, Account: e.Account, External: ev.User, Kind: ev.UserKind, Preview: preview(ev.Message),
	}
	t, step, err := rc.Store.Advance(ctx, ref, arrival)
	if err == nil && step == store.Elsewhere {
		ref.User = t.See
		t, step, err = rc.Store.Advance(ctx, ref, arrival)
	}
	if err != nil {
		return err
	}
	m.Fence = t.Fence
	var put store.Put
	switch step {
	case store.Gone:
		rc.Log.Info("event dropped", "trace", e.Trace, "why", "the customer was erased after it")
		return nil
	case store.Elsewhere:
		return hub.E(hub.Internal, "chat: receive", fmt.Errorf("the thread leads to a thread that leads on"))
	case store.Moved, store.Again:
		put, err = rc.Store.PutMessage(ctx, ref, m)
	case store.Behind:
		put, err = rc.Store.PutLate(ctx, ref, &t, m)
	}
	if err != nil {
		return err
	}
	if put.Moved {
		return nil
	}
	if put.Other {
		return hub.E(hub.KeyReused, "chat: receive", fmt.Errorf("the message id was used before for other content"))
	}
	if err := rc.follow(ctx, ref, &t, k); err != nil {
		return err
	}
	rc.Log.Info("message stored", "trace", e.Trace, "new", put.New, "type", ev.Message.Type, "late", step == store.Behind)
	if put.Fence != t.Fence {
		// The floor has changed since the message came: it is no longer the time to
		// decide whether the bot may answer it.
		return nil
	}
	return rc.answer(ctx, ref, &t, e, ev, k)
}

// follow writes what a thread's first message and a conversation's first message
// bring with them. It runs at every delivery, so a crash before it heals itself.
func (rc *Receiver) follow(ctx context.Context, ref store.Ref, t *hub.Thread, k hub.MessageKey) error {
	if t.FirstKey == k {
		team, err := rc.Settings.Team(ctx, ref.Team)
		if err != nil {
			return err
		}
		err = rc.Store.PutHome(ctx, ref.Team, hub.Home{
			ID: team.Pepper.Home(t.Account, t.External, t.Epoch), Account: t.Account, User: ref.User,
			External: t.External, Kind: t.Kind, Epoch: t.Epoch, Created: k.At(),
		})
		if err != nil {
			return err
		}
	}
	if h := hub.NewConversationID(ref.Team, ref.User, k); t.Conversation == h {
		return rc.Store.PutOpened(ctx, ref, h, k)
	}
	return nil
}

// answer stores the automatic answer to a message, if a keyword has one. Its key
// derives from the message's, so that there is at most one.
func (rc *Receiver) answer(ctx context.Context, ref store.Ref, t *hub.Thread, e hub.Envelope, ev channel.Event, k hub.MessageKey) error {
	now := hub.MillisOf(rc.Now())
	if ev.Standby || ev.Message.Type != hub.Text || !t.BotMaySpeak() || k.At().Add(hub.AnswerWithin) < now {
		return nil
	}
	account, err := rc.Settings.Account(ctx, e.Team, e.Account)
	if err != nil {
		return err
	}
	text, ok := rc.Answer(account.Keywords, ev.Message.Text)
	if !ok {
		return nil
	}
	isNew, err := rc.Store.PutIntent(ctx, ref, hub.Intent{
		Key: k.Answer(), Class: hub.ClassBot, Type: hub.Text, Text: text, Fence: t.Fence,
		Accepted: now, Deadline: now.Add(hub.ClassBot.SendDeadline()),
		Reply: hub.Reply{Token: ev.Reply, Since: e.Received}, Trace: e.Trace,
	})
	if err == nil && isNew {
		rc.Log.Info("answer queued", "trace", e.Trace)
	}
	return err
}

// preview is the line that a list of threads shows of a message.
func preview(m channel.Message) string {
	if m.Text == "" {
		return "[" + string(m.Type) + "]"
	}
	return hub.PreviewOf(m.Text)
}
