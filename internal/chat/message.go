package chat

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// message is the recipe by which a customer's message is stored: see the design's
// section on tables and keys. Each write is harmless when it is done again.
func (rc *Receiver) message(ctx context.Context, a *arrived, moved hub.MessageKey) error {
	k := hub.NewMessageKey(a.at, a.ev.Message.ID)
	a.key = k
	if moved != "" && moved != k {
		if gone, err := rc.erased(ctx, a, a.at); gone || err != nil {
			return err
		}
		if err := rc.Store.PutMoved(ctx, a.own, moved, k, a.e.Received); err != nil {
			return err
		}
	}
	met, err := rc.meet(ctx, a)
	if err != nil {
		return err
	}
	failpoint.BeforeWrite.Hit()
	said, raw := rc.kept(a.ev.Message.Text, a.e.Raw)
	arrival := a.arrival(k, preview(a.ev.Message.Type, said))
	arrival.Need = met.For()
	t, step, err := rc.advance(ctx, a, arrival)
	if err != nil {
		return err
	}
	m := hub.Inbound{
		Key: k, Event: a.e.Event, Hash: a.e.Hash, Type: a.ev.Message.Type, Text: said, Data: a.ev.Message.Data, Actor: a.ev.Actor,
		Account: a.e.Account, Channel: a.e.Channel, Home: a.home(&t), Fence: t.Fence, Need: met.For(),
		Raw: raw, Received: a.e.Received, Trace: a.e.Trace,
	}
	failpoint.AfterWrite.Hit()
	var put store.Put
	switch step {
	case store.Gone:
		rc.Log.Info("event dropped", "trace", a.e.Trace, "why", "the customer was erased after it")
		return nil
	case store.Moved, store.Again:
		put, err = rc.Store.PutMessage(ctx, a.own, m)
	case store.Behind:
		put, err = rc.Store.PutLate(ctx, a.own, &t, m)
	default:
		return hub.E(hub.Internal, "chat: receive", fmt.Errorf("the threads lead in a circle"))
	}
	if err != nil || put.Moved {
		return err
	}
	if put.Other {
		return hub.E(hub.KeyReused, "chat: receive", fmt.Errorf("the message id was used before for other content"))
	}
	failpoint.AfterWrite.Hit()
	if err := rc.follow(ctx, a, &t, k); err != nil {
		return err
	}
	failpoint.AfterWrite.Hit()
	if a.ev.Entry != (channel.Entry{}) {
		if err := rc.entered(ctx, a, &t, "~entry"); err != nil {
			return err
		}
	}
	consent, err := rc.consent(ctx, a, &t, k)
	if err != nil {
		return err
	}
	rc.stored(a, put.New, step == store.Behind)
	if consent {
		return nil
	}
	if met.Said.Link {
		return rc.link(ctx, a, &t, k, met.Said)
	}
	return rc.answer(ctx, a, &t, k, met, put.Fence)
}

// stored tells that a message is stored.
func (rc *Receiver) stored(a *arrived, isNew, late bool) {
	rc.Log.Debug("message stored", "trace", a.e.Trace, "channel", a.e.Channel, "new", isNew, "type", a.ev.Message.Type, "late", late)
	on := metric.Channel(a.e.Channel)
	if !isNew {
		rc.Metrics.Add(metric.MessagesRepeated, 1, on)
		return
	}
	rc.Metrics.Add(metric.MessagesStored, 1, on)
	rc.Metrics.Observe(metric.StoreDelay, time.Duration(hub.MillisOf(rc.Now())-a.e.Received)*time.Millisecond, on)
	if late {
		rc.Metrics.Add(metric.MessagesLate, 1, on)
	}
}

// follow writes what a thread's first message and a conversation's first message
// bring with them. It runs at every delivery, so a crash before it heals itself.
func (rc *Receiver) follow(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey) error {
	if t.FirstKey == k {
		if err := rc.putHome(ctx, a, t, k.At()); err != nil {
			return err
		}
	}
	if h := hub.NewConversationID(a.own.Team, a.own.User, k); t.Conversation == h {
		return rc.Store.PutOpened(ctx, a.own, store.Opening{
			Conversation: h, Key: k, Account: t.Account, Channel: a.e.Channel, Home: a.home(t),
		})
	}
	return nil
}

// putHome makes the home of a thread's channel user, if there is none yet, with what
// the event tells of the person.
func (rc *Receiver) putHome(ctx context.Context, a *arrived, t *hub.Thread, at hub.Millis) error {
	home := hub.Home{
		ID: a.home(t), Account: t.Account, Channel: a.e.Channel, User: t.User, External: t.External, Kind: t.Kind, Epoch: t.Epoch, Created: at,
	}
	if err := rc.Store.PutHome(ctx, a.own.Team, home); err != nil {
		return err
	}
	for field, v := range map[string]hub.Personal{
		"name": a.ev.Profile.Name, "username": a.ev.Profile.Username, "phone": a.ev.Profile.Phone, "language": hub.Personal(a.ev.Profile.Language),
	} {
		if v == "" {
			continue
		}
		if err := rc.Contacts.Set(ctx, a.team, home.ID, hub.Register{Field: field, Value: v.Reveal(), At: at, Source: "event"}); err != nil {
			return err
		}
	}
	return nil
}

// consent carries out what a message says about automatic and marketing messages,
// and answers whether that is all there is to answer. Words that let messages in
// again may be a keyword too.
func (rc *Receiver) consent(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey) (bool, error) {
	said := a.ev.Message.Text
	// Only words that were typed: a button "cancel" calls off what the button is about.
	if said == "" || t.Kind != hub.Person || a.ev.Message.Type != hub.Text {
		return false, nil
	}
	account, err := rc.Settings.Account(ctx, a.own.Team, a.e.Account)
	if err != nil {
		return false, err
	}
	kind := rc.Consent(account.OptOut, said)
	if kind == "" {
		return false, nil
	}
	if err := rc.subscribe(ctx, a, t, kind); err != nil {
		return false, err
	}
	reply := account.OptOut.OutReply
	if kind == hub.OptIn {
		reply = account.OptOut.InReply
	}
	if reply == "" || a.ev.Standby {
		return kind == hub.OptOut, nil
	}
	return true, rc.intend(ctx, a, t, k, hub.ClassTransactional, false, hub.TextContent(reply))
}

// preview is the line that a list of threads shows of a message.
func preview(kind hub.MessageType, text string) string {
	if text == "" {
		return "[" + string(kind) + "]"
	}
	return hub.PreviewOf(text)
}

// kept is what may be stored of a text and of the event that brought it.
func (rc *Receiver) kept(text string, raw []byte) (string, []byte) {
	if rc.Hidden == nil {
		return text, raw
	}
	for _, part := range rc.Hidden(text) {
		mask := part[:2] + "…"
		text, raw = strings.ReplaceAll(text, part, mask), bytes.ReplaceAll(raw, []byte(part), []byte(mask))
	}
	return text, raw
}
