package chat

import (
	"context"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Bot answers by itself what customers write and tap. It is asked at every delivery of an
// event, and reads settings through their cache.
type Bot interface {
	// Decide tells what of the bot's the customer has met, before anything of the event is
	// stored: it asks no table but through the cache. Errors: Transient.
	Decide(ctx context.Context, account *settings.Account, said hub.Said) (hub.Met, error)
	// Compose words what is done about it, where it happened. Errors: Transient.
	Compose(ctx context.Context, account *settings.Account, met hub.Met, at hub.Scene) (hub.Reaction, error)
}

// meet decides what of the bot's the customer has met, and so for whom the event is.
func (rc *Receiver) meet(ctx context.Context, a *arrived) (hub.Met, error) {
	said := hub.Said{Type: a.ev.Message.Type, Text: a.ev.Message.Text, Data: a.ev.Message.Data, Postback: a.ev.Message.Postback, At: a.at}
	said.Link = rc.Linked != nil && rc.Linked(said)
	account, err := rc.Settings.Account(ctx, a.own.Team, a.e.Account)
	if hub.CodeOf(err) == hub.NotFound { // it was taken out since: nothing answers there
		return hub.Met{Said: said, Bot: said.Link}, nil
	}
	if err != nil {
		return hub.Met{}, err
	}
	a.account = account
	return rc.Bot.Decide(ctx, account, said)
}

// scene is where an answer to an event is to be given: to its message k, if it is one. The
// fence is the thread's when the message was stored first.
func (rc *Receiver) scene(a *arrived, t *hub.Thread, k hub.MessageKey, fence int) hub.Scene {
	handed := handed(t, k, fence)
	return hub.Scene{
		Team: a.own.Team, Account: a.e.Account, Channel: a.e.Channel, Home: a.home(t), Thread: t.User, Kind: t.Kind, Language: a.ev.Profile.Language,
		First:  t.FirstKey == k && !a.caps.Follows,
		Opened: t.Conversation != "" && t.Conversation == hub.NewConversationID(a.own.Team, a.own.User, k),
		// If the floor has changed since the message came, it is no longer the time to
		// answer it; unless it was by the message itself.
		Quiet: a.ev.Standby || fence != t.Fence && !handed || k.At().Add(hub.AnswerWithin) < hub.MillisOf(rc.Now()),
		Floor: t.BotMaySpeak() || handed,
	}
}

// handed tells that a message, stored under a fence, has given the floor to the team, and
// nothing came between since.
func handed(t *hub.Thread, k hub.MessageKey, fence int) bool {
	return t.Handed == k && t.Floor == hub.FloorTeam && t.Fence == fence+1
}

// answer does what the bot does about an event. Its keys derive from the event's, so that
// it is done once, however often the event comes.
func (rc *Receiver) answer(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey, met hub.Met, fence int) error {
	if a.account == nil {
		return nil
	}
	r, err := rc.Bot.Compose(ctx, a.account, met, rc.scene(a, t, k, fence))
	if err != nil {
		return err
	}
	if r.Consent != "" && t.Kind == hub.Person {
		if err := rc.subscribe(ctx, a, t, r.Consent); err != nil {
			return err
		}
	}
	if err := rc.tag(ctx, a, t, k, r.Tags); err != nil {
		return err
	}
	switch {
	case handed(t, k, fence):
		r.Over = true
	case r.HandOver && t.Conversation != "" && t.BotMaySpeak():
		now, err := rc.Store.HandOver(ctx, store.Ref{Team: a.own.Team, User: t.User}, t, k)
		if err != nil {
			return err
		}
		rc.Log.Info("conversation handed over", "trace", a.e.Trace)
		t, r.Over = &now, true
	}
	class := hub.ClassBot
	if r.Notice {
		class = hub.ClassTransactional
	}
	return rc.intend(ctx, a, t, k, class, r.Over, r.Contents...)
}

// tag puts tags on the customer, once for an event.
func (rc *Receiver) tag(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey, names []string) error {
	if len(names) == 0 || rc.Tag == nil {
		return nil
	}
	if err := rc.homed(ctx, a, t, k); err != nil {
		return err
	}
	id := hub.Digest("bot", string(a.own.Team), string(a.own.User), string(k))[:26]
	err := rc.Tag(ctx, a.own.Team, a.home(t), names, id, k.At())
	if code := hub.CodeOf(err); code == hub.BadRequest || code == hub.NotFound {
		rc.Log.Warn("not tagged", "trace", a.e.Trace, "code", code)
		return nil
	}
	return err
}

// homed makes sure of the home of a thread: whoever stored its first message, if that is
// another one, may be about to make it.
func (rc *Receiver) homed(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey) error {
	if t.FirstKey == k {
		return nil
	}
	return rc.putHome(ctx, a, t, k.At())
}

// greet answers that the customer has let the account in.
func (rc *Receiver) greet(ctx context.Context, a *arrived, t *hub.Thread) error {
	if t.Kind != hub.Person {
		return nil
	}
	met, err := rc.meet(ctx, a)
	if err != nil {
		return err
	}
	return rc.answer(ctx, a, t, hub.NewMessageKey(a.at, a.e.Event), met, t.Fence)
}

// link hands on what is OmniLink's, at each delivery.
func (rc *Receiver) link(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey, said hub.Said) error {
	if err := rc.homed(ctx, a, t, k); err != nil {
		return err
	}
	answer, err := rc.Link(ctx, hub.Came{
		Team: a.own.Team, User: a.own.User, Thread: t.User, Account: a.e.Account, Channel: a.e.Channel, Home: a.home(t), Key: k,
		First: t.FirstKey == k, Said: said, Received: a.e.Received, Trace: a.e.Trace,
	})
	if err != nil || answer == nil || a.ev.Standby {
		return err
	}
	return rc.intend(ctx, a, t, k, hub.ClassTransactional, false, *answer)
}

// intend stores what is to be answered to a message, in the nearest form that the
// channel can show: the first call for it by the free token, if there is one.
func (rc *Receiver) intend(ctx context.Context, a *arrived, t *hub.Thread, k hub.MessageKey, class hub.Class, over bool, contents ...hub.Content) error {
	now := hub.MillisOf(rc.Now())
	reply := hub.Reply{Token: a.ev.Reply, Since: a.e.Received}
	for i, m := range channel.Together(rc.Adapters[a.e.Channel], rc.fitted(a, contents)) {
		isNew, err := rc.Store.PutIntent(ctx, a.own, hub.Intent{
			Key: k.Answer().Part(i), Class: class, Content: m, Fence: t.Fence, Over: over,
			Account: t.Account, Channel: a.e.Channel, Home: a.home(t), Thread: t.User,
			Accepted: now, Deadline: now.Add(class.SendDeadline()),
			Reply: reply, Trace: a.e.Trace,
		})
		if err != nil {
			return err
		}
		if isNew {
			rc.Log.Debug("answer queued", "trace", a.e.Trace, "class", class)
		}
		reply = hub.Reply{}
	}
	return nil
}

// fitted are the messages of contents.
func (rc *Receiver) fitted(a *arrived, contents []hub.Content) (all []hub.Content) {
	for _, content := range contents {
		messages, losses, err := channel.Fit(a.caps, content)
		if err != nil {
			messages = []hub.Content{content} // its failure shows what is wrong with it
		}
		if len(losses) > 0 {
			rc.Log.Info("answer in another form", "trace", a.e.Trace, "why", fmt.Sprint(losses))
		}
		all = append(all, messages...)
	}
	return all[:min(len(all), hub.MaxParts)]
}
