package webhook

import (
	"context"
	"encoding/json"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
)

// messages makes the envelopes of a verified body. A body that cannot be read, an
// event that is too large and an event for an account that is not connected become
// chunk envelopes: they are kept aside behind the queue.
func (in *Intake) messages(c *settings.Connection, adapter channel.Adapter, base hub.Envelope, r *channel.Request) ([]queue.Message, error) {
	_, messages, err := in.envelopes(adapter, base, r, func([]channel.Slice) *settings.Connection { return c })
	return messages, err
}

// envelopes is messages with the connection that fits the body's events, and with the
// body of the webhook's own answer, if it brings the customer something.
func (in *Intake) envelopes(adapter channel.Adapter, base hub.Envelope, r *channel.Request, of func([]channel.Slice) *settings.Connection) (answer []byte, messages []queue.Message, err error) {
	slices, err := adapter.Split(r)
	if err != nil {
		in.Log.Warn("webhook unreadable", "channel", base.Channel, "code", hub.CodeOf(err), "trace", base.Trace)
		messages, err = chunks(base, r.Body, hub.Chunk{Reason: hub.Unparsable, Detail: "the body is not what the platform documents"})
		return nil, messages, err
	}
	c := of(slices)
	for _, slice := range slices {
		if slice.Account == "" && slice.User != "" {
			slice.Account = only(adapter, c)
		}
		account, ok := c.Accounts[slice.Account]
		if !ok && slice.Account != "" {
			e := base
			e.Event, e.Hash, e.Head = slice.Event, slice.Hash, slice.Head
			more, err := chunks(e, slice.Raw, hub.Chunk{
				Reason: hub.NoAccount, Detail: "the account is not connected here", External: slice.Account, Person: []byte(slice.User),
			})
			if err != nil {
				return nil, nil, err
			}
			messages = append(messages, more...)
			continue
		}
		e := base
		e.Account, e.Event, e.Hash, e.Head = account, slice.Event, slice.Hash, slice.Head
		e.User = c.Team.Pepper.User(account, slice.User)
		if slice.Account == "" {
			// An event of the connection as a whole: it has a place of its own.
			e.User = c.Team.Pepper.User("", "connection "+string(c.ID))
		}
		if len(slice.Raw) > MaxEvent {
			more, err := chunks(e, slice.Raw, hub.Chunk{Reason: hub.Oversize, Detail: "the event is larger than 700 KB"})
			if err != nil {
				return nil, nil, err
			}
			messages = append(messages, more...)
			continue
		}
		e.Raw = slice.Raw
		if answer == nil {
			answer, e.Answered = welcome(adapter, c, slice)
		}
		m, err := message(e, string(e.User), hub.Digest("event", string(account), slice.Event, slice.Hash))
		if err != nil {
			return nil, nil, err
		}
		messages = append(messages, m)
	}
	return answer, messages, nil
}

// only is the platform's name of a connection's only account, for a channel that does
// not name it where a connection has no other; "" if there is none or, against the
// channel's rule, several.
func only(adapter channel.Adapter, c *settings.Connection) string {
	if len(c.Accounts) != 1 || !adapter.Setup().Single {
		return ""
	}
	for name := range c.Accounts {
		return name
	}
	return ""
}

// welcome is what the webhook's own answer brings the customer for an event, and the
// same as the content that is stored; nothing if the channel cannot, the account has no
// welcome that it can show as one message, or the event is none to be answered so.
func welcome(adapter channel.Adapter, c *settings.Connection, slice channel.Slice) ([]byte, *hub.Content) {
	answerer, ok := adapter.(channel.Answerer)
	if !ok || slice.User == "" {
		return nil, nil
	}
	content, ok := c.Welcomes[slice.Account]
	if !ok {
		return nil, nil
	}
	shown, _, err := channel.Fit(adapter.Capabilities(), content)
	if err != nil || len(shown) != 1 {
		return nil, nil
	}
	body, ok := answerer.Answer(c.Credentials(), slice, shown[0])
	if !ok || len(body) == 0 {
		return nil, nil
	}
	return body, &shown[0]
}

// renewed gives the connection anew if an event is for an account that it does not
// have: the account may have been connected since it was read.
func (in *Intake) renewed(ctx context.Context, c *settings.Connection, slices []channel.Slice) *settings.Connection {
	for _, s := range slices {
		if _, ok := c.Accounts[s.Account]; ok || s.Account == "" {
			continue
		}
		if newer, err := in.Settings.Renewed(ctx, c, settings.UnknownAccount); err == nil && newer.Channel == c.Channel {
			return newer
		}
		break
	}
	return c
}

// chunks makes the chunk envelopes of what is kept aside; why says of each what is the
// same for all.
func chunks(base hub.Envelope, raw []byte, why hub.Chunk) ([]queue.Message, error) {
	id := hub.Digest("chunk", string(base.Connection), string(base.Account), string(raw))
	total := max(1, (len(raw)+chunkSize-1)/chunkSize)
	var messages []queue.Message
	for i := range total {
		e := base
		e.Raw = raw[i*chunkSize : min(len(raw), (i+1)*chunkSize)]
		c := why
		c.ID, c.Index, c.Total, c.Size = id, i, total, len(raw)
		e.Chunk = &c
		m, err := message(e, id, hub.Digest("chunk", id, fmt.Sprint(i)))
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func message(e hub.Envelope, group, dedup string) (queue.Message, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return queue.Message{}, hub.E(hub.Internal, "webhook: encode envelope", err)
	}
	return queue.Message{Body: string(body), Group: group, Dedup: dedup}, nil
}
