package webhook

import (
	"context"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
)

// Again makes the queue messages of what was quarantined on the inbound way, as the edge
// would make them now, by the connection's settings of now. base is the quarantined
// envelope, its Raw the whole; with an Event it is an event, without one a body that
// could not be cut. External and person are the platform's names of the account and the
// user, for an event whose account was not connected. token keeps the messages of one
// replay apart from those of another, and of the edge.
//
// Errors, upon which nothing would be gained by queueing it: NotFound (the connection is
// gone), NoAccount (the account is still not connected), Oversize, Unparsable.
func (in *Intake) Again(ctx context.Context, base hub.Envelope, external string, person hub.Personal, token string) ([]queue.Message, error) {
	adapter := in.Adapters[base.Channel]
	if adapter == nil {
		return nil, hub.E(hub.Unparsable, "webhook: replay", fmt.Errorf("the channel is not known"))
	}
	base.Version, base.Chunk = hub.EnvelopeVersion, nil
	messages, err := in.again(ctx, adapter, base, external, person)
	for i := range messages {
		messages[i].Dedup = hub.Digest("replay", token, messages[i].Dedup)
	}
	return messages, err
}

func (in *Intake) again(ctx context.Context, adapter channel.Adapter, base hub.Envelope, external string, person hub.Personal) ([]queue.Message, error) {
	if base.Event == "" || base.Account == "" && external != "" {
		c, err := in.Settings.Connection(ctx, base.Team, base.Connection)
		if err != nil {
			return nil, err
		}
		if base.Event == "" {
			return in.cut(c, adapter, base)
		}
		if err := place(&base, c, external, person); err != nil {
			return nil, err
		}
	}
	if len(base.Raw) > MaxEvent {
		return nil, hub.E(hub.Oversize, "webhook: replay", fmt.Errorf("the event is larger than %d KB", MaxEvent>>10))
	}
	m, err := message(base, string(base.User), hub.Digest("event", string(base.Account), base.Event, base.Hash))
	return []queue.Message{m}, err
}

// cut makes the envelopes of a whole body that could not be cut before.
func (in *Intake) cut(c *settings.Connection, adapter channel.Adapter, base hub.Envelope) ([]queue.Message, error) {
	r := &channel.Request{Method: "POST", Body: base.Raw}
	base.Raw = nil
	if _, err := adapter.Split(r); err != nil {
		return nil, err
	}
	return in.messages(c, adapter, base, r)
}

// place names the account and the user of an event whose account is connected now.
func place(e *hub.Envelope, c *settings.Connection, external string, person hub.Personal) error {
	account, ok := c.Accounts[external]
	if !ok {
		return hub.E(hub.NoAccount, "webhook: replay", fmt.Errorf("the account is not connected here"))
	}
	e.Account, e.User = account, c.Team.Pepper.User(account, person.Reveal())
	return nil
}
