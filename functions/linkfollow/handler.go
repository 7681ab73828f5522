package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/omnilink"
	"omnihub/internal/queue"
)

// handler works off the queue of what follows from taps.
type handler struct {
	Follower   *omnilink.Follower
	Quarantine chat.Quarantine
	Metrics    *metric.Meter
}

// Handle follows a batch of events and names those that failed.
func (h *handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer h.Metrics.Flush()
	batch := queue.Batch{Handle: h.follow, GiveUp: h.giveUp, Log: h.Follower.Log, Metrics: h.Metrics, Trace: trace}
	return batch.Run(ctx, e), nil
}

func trace(r queue.Record) string {
	t, _ := omnilink.ReadTold(r.Body)
	return t.Trace
}

func (h *handler) follow(ctx context.Context, r queue.Record) error {
	t, err := omnilink.ReadTold(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not an event of a tap")
	}
	return h.Follower.Follow(ctx, t)
}

// giveUp keeps aside what failed at every try, from where it can be handed in again.
func (h *handler) giveUp(ctx context.Context, r queue.Record) error {
	t, err := omnilink.ReadTold(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not an event of a tap")
	}
	return h.Quarantine.Event(ctx, hub.Envelope{
		Team: t.Team, Event: t.Kind + " " + t.Link, Raw: []byte(r.Body), Received: t.At, Trace: t.Trace,
	}, hub.Poison, "it failed at every try")
}
