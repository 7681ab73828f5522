// Package webhook accepts the platforms' webhooks: it checks that the platform
// signed the bytes, cuts them into one envelope per event, and answers 2xx only
// when every envelope lies on the queue. It writes no business data.
//
// The URL is open to anybody, so that whoever calls it decides as little as possible
// about what a call costs. Nothing is read, hashed or written for a request before
// what is cheaper has been checked: channel, method, length, the path id's form and
// its code, and the signature's form; then the signature. Settings come from a cache.
// A request that is not signed never makes it be renewed; one with a wrong signature
// does once a minute per connection, since the secret may have been changed; made-up
// path ids do once a minute together. What is refused is counted, and logged by kind
// once a second.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
)

const (
	// MaxBody is the largest body that is taken, in bytes.
	MaxBody = 3 << 20
	// MaxEvent is the largest event that travels whole; a larger one is quarantined.
	MaxEvent = 700 << 10
	// maxQuery is the longest query that is looked at, in bytes. The gateway lets
	// through 10,240 with the headers.
	maxQuery = 8 << 10
	// chunkSize is how much of a body travels in one chunk envelope.
	chunkSize = 600 << 10
)

// Intake accepts webhooks. It is safe for concurrent use.
type Intake struct {
	Settings *settings.Reader
	Queue    *queue.Queue
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *metric.Meter

	refusals refusals
}

// Request is a webhook of which nothing is known to be good. What costs something is
// asked for only when it is needed.
type Request struct {
	Channel  hub.Channel // as the path says
	PathID   string
	Trace    string
	Method   string
	RawQuery string
	Size     int64                    // of the body in bytes, as declared
	Header   func() map[string]string // names in lower case; repeated ones joined by commas
	Body     func() ([]byte, error)   // its error means that the request is malformed
}

// Answer is what the platform gets for an accepted request: one of them, or nothing.
type Answer struct {
	Text string // plain text: of a handshake
	JSON []byte // a message to the customer, in the platform's own words
}

// Accept is Take for a request that lies in memory.
func (in *Intake) Accept(ctx context.Context, kind hub.Channel, pathID, trace string, r *channel.Request) (Answer, error) {
	return in.Take(ctx, Request{
		Channel: kind, PathID: pathID, Trace: trace, Method: r.Method, RawQuery: r.RawQuery, Size: int64(len(r.Body)),
		Header: func() map[string]string { return r.Header },
		Body:   func() ([]byte, error) { return r.Body, nil },
	})
}

// Take takes one request. An error's code says how to answer: NotFound for an unknown
// channel or connection, BadMethod, TooLarge, BadRequest, BadSignature; any other
// means that the platform should send again. What is refused is logged here.
func (in *Intake) Take(ctx context.Context, r Request) (Answer, error) {
	received := hub.MillisOf(in.Now())
	adapter := in.Adapters[r.Channel]
	if adapter == nil {
		r.Channel = "unknown" // what anybody may write into a path stays out of the log
	}
	c, err := in.admit(ctx, adapter, r)
	if err != nil {
		return Answer{}, in.refuse(r, c, err)
	}
	answer, messages, err := in.verified(ctx, adapter, c, r, received)
	if err != nil {
		return Answer{}, in.refuse(r, c, err)
	}
	in.settle(in.Now())
	if len(messages) == 0 {
		in.taken(r, 0)
		return answer, nil
	}
	if _, err = in.Queue.Send(ctx, messages); err != nil {
		in.Metrics.Add(metric.EnqueueFailures, 1, metric.Channel(r.Channel))
		answer, err = Answer{}, in.refuse(r, c, err)
	} else {
		in.taken(r, len(messages))
	}
	failpoint.AfterEnqueue.Hit()
	return answer, err
}

// taken tells of a webhook whose events all lie on the queue.
func (in *Intake) taken(r Request, events int) {
	in.Log.Debug("webhook taken", "trace", r.Trace, "channel", r.Channel, "count", events)
	in.Metrics.Add(metric.WebhooksAccepted, 1, metric.Channel(r.Channel))
	in.Metrics.Add(metric.EventsEnqueued, events, metric.Channel(r.Channel))
}

// admit finds the connection of a request by what is told of it without its headers
// and its body. Nothing is read for a path id that the hub did not make.
func (in *Intake) admit(ctx context.Context, adapter channel.Adapter, r Request) (*settings.Connection, error) {
	const op = "webhook: accept"
	unknown := hub.E(hub.NotFound, op, errors.New("no such channel or connection"))
	if adapter == nil {
		return nil, unknown
	}
	if err := allowed(adapter, r.Method); err != nil {
		return nil, err
	}
	if r.Size > MaxBody {
		return nil, tooLarge()
	}
	if len(r.RawQuery) > maxQuery {
		return nil, hub.E(hub.BadRequest, op, fmt.Errorf("the query has more than %d bytes", maxQuery))
	}
	team, id, err := in.Settings.Resolve(ctx, r.PathID)
	if hub.CodeOf(err) == hub.NotFound {
		return nil, unknown
	}
	if err != nil {
		return nil, err
	}
	c, err := in.Settings.Known(ctx, team, id)
	if hub.CodeOf(err) == hub.NotFound || err == nil && c.Channel != r.Channel {
		return nil, unknown
	}
	return c, err
}

func tooLarge() error {
	return hub.E(hub.TooLarge, "webhook: accept", fmt.Errorf("the body has more than %d bytes", MaxBody))
}

func allowed(adapter channel.Adapter, method string) error {
	_, shakes := adapter.(channel.Handshaker)
	switch {
	case method == "POST", method == "GET" && shakes:
		return nil
	case method == "GET":
		return hub.E(hub.BadMethod, "webhook: accept", errors.New("this channel's webhook takes POST only"))
	}
	return hub.E(hub.BadMethod, "webhook: accept", errors.New("the method is not allowed"))
}

// verified reads a request whole, checks it, and gives what it comes to: how to answer
// it, once the messages are queued.
func (in *Intake) verified(ctx context.Context, adapter channel.Adapter, c *settings.Connection, r Request, received hub.Millis) (Answer, []queue.Message, error) {
	request := &channel.Request{Method: r.Method, RawQuery: r.RawQuery, Header: r.Header()}
	if r.Method == "GET" {
		text, _, err := in.checked(ctx, adapter, c, request)
		return Answer{Text: text}, nil, err
	}
	var err error
	if request.Body, err = r.Body(); err != nil {
		return Answer{}, nil, hub.E(hub.BadRequest, "webhook: accept", errors.New("the body cannot be read"))
	}
	if len(request.Body) > MaxBody {
		return Answer{}, nil, tooLarge()
	}
	_, c, err = in.checked(ctx, adapter, c, request)
	if err != nil {
		return Answer{}, nil, err
	}
	failpoint.AfterVerify.Hit()
	answer, messages, err := in.envelopes(adapter, hub.Envelope{
		Version: hub.EnvelopeVersion, Team: c.Team.ID, Connection: c.ID, Channel: r.Channel, Received: received, Trace: r.Trace,
	}, request, func(slices []channel.Slice) *settings.Connection { return in.renewed(ctx, c, slices) })
	return Answer{JSON: answer}, messages, err
}

// checked checks a request against what is known of its connection, and gives the
// connection as of the last minute, against which the request is good too. Who proves
// nothing causes no reading, who brings a wrong proof one a minute.
func (in *Intake) checked(ctx context.Context, adapter channel.Adapter, c *settings.Connection, r *channel.Request) (string, *settings.Connection, error) {
	text, err := check(adapter, c, r)
	if hub.CodeOf(err) == hub.BadSignature && bearsProof(r) {
		newer, failed := in.Settings.Renewed(ctx, c, settings.WrongSignature)
		if failed == nil && newer != c {
			c = newer
			text, err = check(adapter, c, r)
		}
	}
	if err != nil {
		return "", nil, err
	}
	now, err := in.Settings.Connection(ctx, c.Team.ID, c.ID)
	if err == nil && now != c {
		text, err = check(adapter, now, r)
	}
	return text, now, err
}

func check(adapter channel.Adapter, c *settings.Connection, r *channel.Request) (string, error) {
	if h, ok := adapter.(channel.Handshaker); ok && r.Method == "GET" {
		return h.Handshake(r, c.Credentials())
	}
	return "", adapter.Verify(r, c.Credentials())
}

// bearsProof reports whether a request brings anything that other secrets could fit:
// platforms sign in a header that is named so, and shake hands in the query.
func bearsProof(r *channel.Request) bool {
	if r.Method == "GET" {
		return r.RawQuery != ""
	}
	for name, v := range r.Header {
		if v != "" && strings.Contains(name, "signature") {
			return true
		}
	}
	return false
}
