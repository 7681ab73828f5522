package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/bus"
	"omnihub/internal/chat"
	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// handler works off the change streams.
type handler struct {
	Outbound   *queue.Queue
	Bus        *bus.Bus
	Store      *store.Store // of threads and homes; records that come in time are not looked up
	Quarantine chat.Quarantine
	Now        func() time.Time
	Log        *slog.Logger
	Metrics    *metric.Meter
}

// asked is what the records of one batch ask for; each send and event stands beside
// the place of its record.
type asked struct {
	sends   []store.Queued
	sendAt  []int
	events  []hub.Published
	eventAt []int
}

// Handle hands on the intents among the records and publishes the events. The
// mapping starts again at the record that is named, the first that failed: what
// stands before it is done, and what follows it may be done twice, under the same
// ids.
func (h *handler) Handle(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	defer h.Metrics.Flush()
	a, end := h.read(ctx, e.Records)
	end = h.handOn(ctx, a, end)
	failpoint.MidBatch.Hit()
	end = h.publish(ctx, e.Records, a, end)

	var response events.DynamoDBEventResponse
	if end < len(e.Records) {
		response.BatchItemFailures = []events.DynamoDBBatchItemFailure{{ItemIdentifier: e.Records[end].Change.SequenceNumber}}
	}
	return response, nil
}

// change reads a record. One at which the reader panics is not understood either.
func change(read func(events.DynamoDBEventRecord) (store.Change, error), r events.DynamoDBEventRecord) (c store.Change, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = hub.E(hub.Poison, "relay: read change", fmt.Errorf("panic of type %T", p))
		}
	}()
	return read(r)
}

// handOn puts the sends on the queue. Its place and answer are as in read.
func (h *handler) handOn(ctx context.Context, a asked, end int) int {
	taken, err := chat.HandOn(ctx, h.Outbound, a.sends)
	for i, ok := range taken {
		trace := a.sends[i].Intent.Trace
		if !ok {
			h.Metrics.Add(metric.HandOnFailures, 1)
			h.Log.Warn("sends not handed on", "trace", trace, "code", hub.CodeOf(err), "error", err)
			return min(end, a.sendAt[i])
		}
		h.Metrics.Add(metric.SendsHandedOn, 1)
		h.Log.Debug("handed on", "trace", trace)
	}
	return end
}

// publish puts the events that stand before end on the bus; the later ones come
// again. What the bus can never take is kept aside.
func (h *handler) publish(ctx context.Context, records []events.DynamoDBEventRecord, a asked, end int) int {
	n := 0
	for n < len(a.events) && a.eventAt[n] < end {
		n++
	}
	for i, err := range h.Bus.Publish(ctx, a.events[:n]) {
		trace, kind := fmt.Sprint(a.events[i].Detail["trace"]), a.events[i].Kind
		switch {
		case err == nil:
			h.Metrics.Add(metric.EventsPublished, 1)
			h.Log.Debug("published", "trace", trace, "kind", kind)
		case hub.CodeOf(err).Quarantined():
			if !h.keep(ctx, records[a.eventAt[i]], err) {
				return a.eventAt[i]
			}
		default:
			h.Metrics.Add(metric.PublishFailures, 1)
			h.Log.Warn("events not published", "trace", trace, "kind", kind, "code", hub.CodeOf(err), "error", err)
			return a.eventAt[i]
		}
	}
	return end
}

// keep puts a record aside that can never be worked off, so that it does not hold
// its shard. It answers whether it is kept.
func (h *handler) keep(ctx context.Context, r events.DynamoDBEventRecord, why error) bool {
	trace := traceOf(r)
	body, err := json.Marshal(r)
	if err == nil {
		at := hub.MillisOf(r.Change.ApproximateCreationDateTime.Time)
		err = h.Quarantine.Record(hub.WithTrace(ctx, trace), store.OriginOf(r), max(at, 0), string(body), why.Error())
	}
	if err != nil {
		h.Log.Warn("record not kept aside", "trace", trace, "code", hub.CodeOf(err), "error", err)
	}
	return err == nil
}

func traceOf(r events.DynamoDBEventRecord) string {
	if v, ok := r.Change.NewImage["tr"]; ok && v.DataType() == events.DataTypeString {
		return v.String()
	}
	return ""
}
