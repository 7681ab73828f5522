package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Composer stores what people and programs want to send.
type Composer struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
}

// Draft is a message to a channel user.
type Draft struct {
	Team    hub.TeamID
	Account hub.AccountID
	To      string // the platform's id of the channel user
	Class   hub.Class
	Content hub.Content
	More    []hub.Content // shown after Content, in order
	By      string        // the member's id, or the program's
	Trace   string
	// ID makes the call repeatable: the same draft under the same id is one message.
	// "" = made. At most 26 characters of A-Z, a-z, 0-9.
	ID string
	// At is when it was accepted; 0 = now. A repeated call names it again.
	At hub.Millis
}

// Composed is what was made of a draft.
type Composed struct {
	Ref store.Ref
	// Keys are those of its messages, in the order in which they leave: mostly one. What
	// goes out in one call of the platform is one message.
	Keys []hub.MessageKey
	// Losses are what the channel does not show as it was meant.
	Losses []channel.Loss
}

// Send is Compose for callers that need the first message's key only.
func (c *Composer) Send(ctx context.Context, d Draft) (store.Ref, hub.MessageKey, error) {
	made, err := c.Compose(ctx, d)
	if err != nil {
		return store.Ref{}, "", err
	}
	return made.Ref, made.Keys[0], nil
}

// Compose stores the intent to send a draft, whether its customer has written before or
// not, in the nearest form that the channel can show. It refuses at once what has none;
// whether the customer may be written to is judged when the message goes out. Errors:
// BadRequest, TooLarge, NotFound for the account, Unsupported, Erased for a draft that is not after
// the customer's erasure, Transient.
func (c *Composer) Compose(ctx context.Context, d Draft) (Composed, error) {
	account, err := c.Settings.Account(ctx, d.Team, d.Account)
	if err != nil {
		return Composed{}, err
	}
	adapter := c.Adapters[account.Channel]
	if adapter == nil {
		return Composed{}, hub.E(hub.Unsupported, "chat: send", fmt.Errorf("the channel is not known"))
	}
	switch d.Class {
	case hub.ClassPerson, hub.ClassTransactional, hub.ClassMarketing:
	default:
		return Composed{}, hub.E(hub.BadRequest, "chat: send", fmt.Errorf("class is person, transactional or marketing"))
	}
	if d.To == "" || len(d.ID) > 26 {
		return Composed{}, hub.E(hub.BadRequest, "chat: send", fmt.Errorf("a draft needs a recipient, and an id of at most 26 characters"))
	}
	messages, losses, err := d.fitted(adapter)
	if err != nil {
		return Composed{}, err
	}
	now := hub.MillisOf(c.Now())
	if d.At == 0 {
		d.At = now
	}
	if d.ID == "" {
		d.ID = ulid.MustNew(uint64(d.At), ulid.DefaultEntropy()).String()
	}
	own := store.Ref{Team: d.Team, User: account.Team.Pepper.User(d.Account, d.To)}
	t, err := c.know(ctx, own, d)
	if err != nil {
		return Composed{}, err
	}
	if namer, ok := adapter.(channel.Namer); ok {
		t, err = c.name(ctx, own, t, d, hashed(account, adapter.Capabilities(), namer.Names(d.To)))
		if err != nil {
			return Composed{}, err
		}
	}
	made := Composed{Ref: own, Losses: losses}
	for i, m := range messages {
		k := hub.NewMessageKey(d.At, d.ID).Part(i)
		_, err = c.Store.PutIntent(ctx, own, hub.Intent{
			Key: k, Class: d.Class, Content: m, By: d.By, Account: d.Account, Channel: account.Channel,
			Home: account.Team.Pepper.Home(t.Account, t.External.Reveal(), t.Epoch), Thread: t.User,
			Accepted: d.At, Deadline: d.At.Add(d.Class.SendDeadline()), Trace: d.Trace,
		})
		if err != nil {
			return Composed{}, err
		}
		made.Keys = append(made.Keys, k)
	}
	return made, nil
}

// fitted are the messages of a draft as they go out: one for each call of the platform.
func (d Draft) fitted(a channel.Adapter) (messages []hub.Content, losses []channel.Loss, err error) {
	for _, content := range append([]hub.Content{d.Content}, d.More...) {
		more, lost, err := channel.Fit(a.Capabilities(), content)
		if err != nil {
			return nil, nil, err
		}
		messages, losses = append(messages, more...), append(losses, lost...)
	}
	for _, m := range messages {
		if raw, err := json.Marshal(m); err != nil || len(raw) > hub.MaxContent {
			return nil, nil, hub.E(hub.TooLarge, "chat: send", fmt.Errorf("a message has at most %d KB", hub.MaxContent>>10))
		}
	}
	return channel.Together(a, messages), losses, nil
}

// name finds the thread of the person whom another id of the recipient names already,
// or claims the ids for the thread that the draft begins, so that a person who answers
// under another id finds that one. A thread with words of its own is left to what the
// platform tells of it. It answers the recipient's thread.
func (c *Composer) name(ctx context.Context, own store.Ref, t hub.Thread, d Draft, aliases []store.Alias) (hub.Thread, error) {
	for _, al := range aliases {
		if t.Settled(al.Mark()) || t.FirstKey != "" || t.User != own.User {
			continue
		}
		// What the thread has not settled, an erasure finds by this note.
		if err := c.Store.NoteClaim(ctx, own, al, d.At); err != nil {
			return t, err
		}
		claim, err := c.Store.ClaimAlias(ctx, own.Team, al, d.Account, own.User, "")
		if err != nil || claim.User == own.User {
			return t, err
		}
		known, err := c.Store.Thread(ctx, store.Ref{Team: own.Team, User: claim.User})
		if hub.CodeOf(err) == hub.NotFound || err == nil && known.Account == "" { // what is left of an erased one
			continue
		}
		if err != nil {
			return t, err
		}
		if known.User != own.User {
			if err := c.Store.Fuse(ctx, own.Team, &t, &known); err != nil {
				return t, err
			}
			return c.Store.Thread(ctx, own)
		}
	}
	return t, nil
}

// know makes the customer's thread known if it is not, and answers it.
func (c *Composer) know(ctx context.Context, own store.Ref, d Draft) (hub.Thread, error) {
	if err := c.Store.MarkUsed(ctx, own.Team, d.Account); err != nil {
		return hub.Thread{}, err
	}
	a := store.Arrival{Account: d.Account, External: hub.Personal(d.To), Kind: hub.Person}
	t, step, err := c.Store.Know(ctx, own, d.At, d.Class, a)
	switch {
	case err == nil && step == store.Gone:
		return t, hub.E(hub.Erased, "chat: send", fmt.Errorf("the draft is not after the customer's erasure"))
	case err != nil || step != store.Elsewhere:
		return t, err
	}
	if t, err = c.Store.Thread(ctx, own); err == nil {
		_, _, err = c.Store.Know(ctx, store.Ref{Team: own.Team, User: t.User}, d.At, d.Class, a)
	}
	return t, err
}
