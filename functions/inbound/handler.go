package main

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
)

// handler works off Inbound.fifo.
type handler struct {
	Receiver *chat.Receiver
}

// Handle stores a batch of envelopes and names those that failed.
func (h *handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer h.Receiver.Metrics.Flush()
	batch := queue.Batch{Handle: h.receive, GiveUp: h.giveUp, Log: h.Receiver.Log, Metrics: h.Receiver.Metrics, Trace: trace}
	return batch.Run(ctx, e), nil
}

func trace(r queue.Record) string {
	envelope, _ := chat.ReadEnvelope(r.Body)
	return envelope.Trace
}

func (h *handler) receive(ctx context.Context, r queue.Record) error {
	envelope, err := chat.ReadEnvelope(r.Body)
	if err != nil {
		return h.Receiver.Quarantine.Unreadable(ctx, r.Body, "not an envelope")
	}
	return h.Receiver.Receive(ctx, envelope)
}

// giveUp keeps aside what failed at every try.
func (h *handler) giveUp(ctx context.Context, r queue.Record) error {
	envelope, err := chat.ReadEnvelope(r.Body)
	if err != nil {
		return h.Receiver.Quarantine.Unreadable(ctx, r.Body, "not an envelope")
	}
	if envelope.Chunk != nil {
		return h.Receiver.Quarantine.Chunk(ctx, envelope)
	}
	return h.Receiver.Quarantine.Event(ctx, envelope, hub.Poison, "it failed at every try")
}
