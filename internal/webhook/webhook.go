// Package webhook accepts the platforms' webhooks: it checks that the platform
// signed the bytes, cuts them into one envelope per event, and answers 2xx only
// when every envelope lies on the queue. It writes no business data.
package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
)

const (
	// MaxBody is the largest body that is taken, in bytes.
	MaxBody = 3 << 20
	// MaxEvent is the largest event that travels whole; a larger one is quarantined.
	MaxEvent = 700 << 10
	// chunkSize is how much of a body travels in one chunk envelope.
	chunkSize = 600 << 10
)

// Intake accepts webhooks.
type Intake struct {
	Settings *settings.Reader
	Queue    *queue.Queue
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Log      *slog.Logger
}

// Answer is what the platform gets for an accepted request.
type Answer struct {
	Text string // plain text; empty but for a handshake
}

// Accept takes one request for a channel and a path id. An error's code says how to
// answer: NotFound for an unknown channel or connection, BadMethod, TooLarge,
// BadSignature; any other means that the platform should send again.
func (in *Intake) Accept(ctx context.Context, kind hub.Channel, pathID, trace string, r *channel.Request) (Answer, error) {
	received := hub.MillisOf(in.Now())
	adapter, c, err := in.find(ctx, kind, pathID)
	if err != nil {
		return Answer{}, err
	}
	if len(r.Body) > MaxBody {
		return Answer{}, hub.E(hub.TooLarge, "webhook: accept", fmt.Errorf("the body has more than %d bytes", MaxBody))
	}
	switch r.Method {
	case "POST":
	case "GET":
		h, ok := adapter.(channel.Handshaker)
		if !ok {
			return Answer{}, hub.E(hub.BadMethod, "webhook: accept", fmt.Errorf("this channel's webhook takes POST only"))
		}
		text, err := h.Handshake(r, c.Credentials())
		return Answer{Text: text}, err
	default:
		return Answer{}, hub.E(hub.BadMethod, "webhook: accept", fmt.Errorf("the method is not allowed"))
	}
	if err := adapter.Verify(r, c.Credentials()); err != nil {
		return Answer{}, err
	}
	failpoint.AfterVerify.Hit()
	base := hub.Envelope{
		Version: hub.EnvelopeVersion, Team: c.Team.ID, Connection: c.ID, Channel: kind, Received: received, Trace: trace,
	}
	messages, err := in.messages(c, adapter, base, r.Body)
	if err != nil || len(messages) == 0 {
		return Answer{}, err
	}
	_, err = in.Queue.Send(ctx, messages)
	failpoint.AfterEnqueue.Hit()
	return Answer{}, err
}

func (in *Intake) find(ctx context.Context, kind hub.Channel, pathID string) (channel.Adapter, *settings.Connection, error) {
	unknown := hub.E(hub.NotFound, "webhook: accept", fmt.Errorf("no such channel or connection"))
	adapter := in.Adapters[kind]
	if adapter == nil {
		return nil, nil, unknown
	}
	edge, err := in.Settings.Edge(ctx)
	if hub.CodeOf(err) == hub.NotFound {
		return nil, nil, unknown
	}
	if err != nil {
		return nil, nil, err
	}
	team, id, ok := edge.Resolve(pathID)
	if !ok {
		return nil, nil, unknown
	}
	c, err := in.Settings.Connection(ctx, team, id)
	if hub.CodeOf(err) == hub.NotFound {
		return nil, nil, unknown
	}
	if err != nil {
		return nil, nil, err
	}
	if c.Channel != kind {
		return nil, nil, unknown
	}
	return adapter, c, nil
}

// messages makes the envelopes of a verified body. A body that cannot be read, an
// event that is too large and an event for an account that is not connected become
// chunk envelopes: they are kept aside behind the queue.
func (in *Intake) messages(c *settings.Connection, adapter channel.Adapter, base hub.Envelope, body []byte) ([]queue.Message, error) {
	slices, err := adapter.Split(body)
	if err != nil {
		in.Log.Warn("webhook unreadable", "channel", base.Channel, "code", hub.CodeOf(err), "trace", base.Trace)
		return chunks(base, body, hub.Unparsable, "the body is not what the platform documents")
	}
	var messages []queue.Message
	for _, slice := range slices {
		account, ok := c.Accounts[slice.Account]
		if !ok && slice.Account != "" {
			more, err := chunks(base, slice.Raw, hub.NoAccount, "the account is not connected here")
			if err != nil {
				return nil, err
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
			more, err := chunks(e, slice.Raw, hub.Oversize, "the event is larger than 700 KB")
			if err != nil {
				return nil, err
			}
			messages = append(messages, more...)
			continue
		}
		e.Raw = slice.Raw
		m, err := message(e, string(e.User), hub.Digest("event", string(account), slice.Event, slice.Hash))
		if err != nil {
			return nil, err
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func chunks(base hub.Envelope, raw []byte, reason hub.Code, detail string) ([]queue.Message, error) {
	id := hub.Digest("chunk", string(base.Connection), string(base.Account), string(raw))
	total := max(1, (len(raw)+chunkSize-1)/chunkSize)
	var messages []queue.Message
	for i := range total {
		e := base
		e.Raw = raw[i*chunkSize : min(len(raw), (i+1)*chunkSize)]
		e.Chunk = &hub.Chunk{ID: id, Index: i, Total: total, Size: len(raw), Reason: reason, Detail: detail}
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
