package main

import (
	"context"
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/queue"
)

// handler works off the match queue.
type handler struct {
	Matcher    *contact.Matcher
	Quarantine chat.Quarantine
	Metrics    *metric.Meter
}

// Handle matches a batch of changes and names those that failed.
func (h *handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer h.Metrics.Flush()
	batch := queue.Batch{Handle: h.match, GiveUp: h.giveUp, Log: h.Matcher.Log, Metrics: h.Metrics, Trace: trace}
	return batch.Run(ctx, e), nil
}

func trace(r queue.Record) string {
	c, _ := contact.ReadChanged(r.Body)
	return c.Trace
}

func (h *handler) match(ctx context.Context, r queue.Record) error {
	c, err := contact.ReadChanged(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not a change of a field")
	}
	return h.Matcher.Match(ctx, c)
}

// giveUp keeps aside what failed at every try, from where it can be handed in again.
func (h *handler) giveUp(ctx context.Context, r queue.Record) error {
	c, err := contact.ReadChanged(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not a change of a field")
	}
	sent, err := strconv.ParseInt(r.Attributes["SentTimestamp"], 10, 64)
	if err != nil {
		sent = h.Matcher.Book.Now().UnixMilli()
	}
	return h.Quarantine.Event(ctx, hub.Envelope{
		Team: c.Team, Event: "match " + c.Field + " " + string(c.Home), Raw: []byte(r.Body), Received: hub.Millis(sent), Trace: c.Trace,
	}, hub.Poison, "it failed at every try")
}
