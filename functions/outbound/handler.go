package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/queue"
)

// reserve is the time that one send may need: two calls of a platform at their
// time-out, and the tables.
const reserve = 12 * time.Second

// handler works off Outbound.fifo.
type handler struct {
	Sender     *chat.Sender
	Quarantine chat.Quarantine
	Queue      *queue.Queue
}

// Handle sends a batch of orders and names those that have to wait.
func (h *handler) Handle(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
	defer h.Sender.Metrics.Flush()
	batch := queue.Batch{
		Handle: h.deliver, Queue: h.Queue, Reserve: reserve, Log: h.Sender.Log, Metrics: h.Sender.Metrics, Trace: trace,
	}
	return batch.Run(ctx, e), nil
}

func trace(r queue.Record) string {
	send, _ := chat.ReadOrder(r.Body)
	return send.Intent.Trace
}

func (h *handler) deliver(ctx context.Context, r queue.Record) error {
	send, err := chat.ReadOrder(r.Body)
	if err != nil {
		return h.Quarantine.Unreadable(ctx, r.Body, "not an order")
	}
	return h.Sender.Deliver(ctx, send, r.Receives)
}
