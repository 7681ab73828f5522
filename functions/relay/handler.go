package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// handler works off the change streams.
type handler struct {
	Outbound   *queue.Queue
	Quarantine chat.Quarantine
	Log        *slog.Logger
}

// Handle hands on the intents among the records. The mapping starts again at the
// first record that is named; what follows it may be handed on twice, under the
// same deduplication id.
func (h *handler) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	var (
		response events.DynamoDBEventResponse
		sends    []store.Queued
		at       []string // sequence number of each send
	)
	fail := func(sequence string) events.DynamoDBEventResponse {
		response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: sequence}}
		return response
	}
	for _, r := range e.Records {
		if r.EventName != string(events.DynamoDBOperationTypeInsert) || !isSend(r.Change.NewImage) {
			continue // facts wait for the bus; changes are no intents
		}
		q, ok := store.QueuedImage(r.Change.NewImage)
		if !ok {
			if err := h.keep(ctx, r); err != nil {
				return fail(r.Change.SequenceNumber), nil
			}
			continue
		}
		sends = append(sends, q)
		at = append(at, r.Change.SequenceNumber)
	}
	taken, err := chat.HandOn(ctx, h.Outbound, sends)
	for i, ok := range taken {
		if !ok {
			h.Log.Warn("sends not handed on", "code", hub.CodeOf(err), "error", err)
			return fail(at[i]), nil
		}
		h.Log.Info("handed on", "trace", sends[i].Intent.Trace)
	}
	return response, nil
}

// isSend tells an intent by its place in the due index, as the mapping's filter
// does.
func isSend(image map[string]events.DynamoDBAttributeValue) bool {
	v, ok := image["gpk"]
	return ok && v.DataType() == events.DataTypeString && strings.HasPrefix(v.String(), "S#")
}

// keep puts a record aside that looks like an intent and is none, so that it does
// not hold its shard.
func (h *handler) keep(ctx context.Context, r events.DynamoDBEventRecord) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return h.Quarantine.Unreadable(ctx, string(body), "not an intent")
}
