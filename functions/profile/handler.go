package main

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
)

const (
	// reserve is the time that one profile may need: a platform's call at its
	// time-out, and the tables.
	reserve = 7 * time.Second
	// firstWait is the wait after the first try; each further try doubles it, so that
	// the tries of a record span two hours of a platform's outage.
	firstWait = time.Minute
	// patience is the longest wait that a profile is worth. Nothing waits for one, and
	// the customer's next events tell most of it.
	patience = 2 * time.Hour
)

// handler works off the profile queue.
type handler struct {
	Profiles   *contact.Profiles
	Quarantine chat.Quarantine
	Queue      *queue.Queue
}

// Handle asks for a batch of profiles and names those that have to wait.
func (h *handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer h.Profiles.Metrics.Flush()
	batch := queue.Batch{
		Handle: h.fetch, Queue: h.Queue, Reserve: reserve, Log: h.Profiles.Log, Metrics: h.Profiles.Metrics, Trace: trace,
	}
	return batch.Run(ctx, e), nil
}

func trace(r queue.Record) string {
	ask, _ := contact.ReadAsk(r.Body)
	return ask.Trace
}

func (h *handler) fetch(ctx context.Context, r queue.Record) error {
	ask, err := contact.ReadAsk(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not an ask for a profile")
	}
	if r.Receives >= queue.LastTry {
		return h.keep(ctx, ask, r, hub.Poison, "it failed at every try")
	}
	err = h.Profiles.Fetch(ctx, ask)
	switch code := hub.CodeOf(err); {
	case err == nil:
		return nil
	case hub.RetryAfterOf(err) > patience:
		h.Profiles.Log.Info("profile left", "trace", ask.Trace, "channel", ask.Channel, "why", "the platform tells it hours later")
		return nil
	case code == hub.TokenExpired || code.Retryable():
		return later(err, r.Receives)
	default:
		return h.keep(ctx, ask, r, code, "the platform refuses the call")
	}
}

// later gives an error that asks for no wait of its own one that grows with the
// tries.
func later(err error, receives int) error {
	if hub.RetryAfterOf(err) > 0 {
		return err
	}
	e := hub.E(hub.CodeOf(err), "profile: fetch", err)
	e.RetryAfter = firstWait << max(receives-1, 0)
	return e
}

// keep puts an ask into quarantine, from where it can be handed in again.
func (h *handler) keep(ctx context.Context, a contact.Ask, r queue.Record, code hub.Code, why string) error {
	return h.Quarantine.Event(ctx, hub.Envelope{
		Team: a.Team, Account: a.Account, Channel: a.Channel, User: a.User, Event: "profile " + string(a.Home),
		Raw: []byte(r.Body), Received: h.sent(r), Trace: a.Trace,
	}, code, why)
}

// sent is when the ask was put on the queue: the same at every delivery.
func (h *handler) sent(r queue.Record) hub.Millis {
	if ms, err := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64); err == nil {
		return hub.Millis(ms)
	}
	return hub.MillisOf(h.Profiles.Now())
}
