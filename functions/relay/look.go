package main

import (
	"context"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/store"
)

// inTime is how old a record may be of which relay tells without a look at whether the
// person was erased meanwhile. What is of before an erasure is told within it and one run
// of this function, or not at all: well before the second sweep, hub.ErasureSettle after
// the first, and the certificate. Records are this old only if a stream was held up.
const inTime = 5 * time.Minute

// told is what a record says, or why it cannot be understood.
type told struct {
	store.Change
	err    error
	erased bool // whoever it is of, since
}

// read sorts the records. It answers the place of the first that failed, or their
// number: from there on nothing is done now.
func (h *handler) read(ctx context.Context, records []events.DynamoDBEventRecord) (asked, int) {
	var a asked
	list, end := h.look(ctx, records)
	for i, c := range list[:end] {
		switch {
		case c.erased:
			// Not even without its content: subscribers were told that the person is erased.
			h.Log.Info("record dropped", "trace", traceOf(records[i]), "why", "the person was erased after it")
			continue
		case c.err != nil:
			if !h.keep(ctx, records[i], c.err) {
				return a, i
			}
			continue
		}
		if c.Send != nil {
			a.sends, a.sendAt = append(a.sends, *c.Send), append(a.sendAt, i)
		}
		if c.Event != nil {
			a.events, a.eventAt = append(a.events, *c.Event), append(a.eventAt, i)
		}
	}
	return a, end
}

// look reads the records, and, of those that were held up and are to be told or kept
// aside, whether the person was erased meanwhile. Intents to send are judged by outbound.
// Its answer beside them is as that of read.
func (h *handler) look(ctx context.Context, records []events.DynamoDBEventRecord) ([]told, int) {
	list := make([]told, len(records))
	var late []int
	var of []store.Origin
	for i, r := range records {
		list[i].Change, list[i].err = change(store.ReadChange, r)
		if h.Now().Sub(r.Change.ApproximateCreationDateTime.Time) > inTime && (list[i].Event != nil || list[i].err != nil) {
			late, of = append(late, i), append(of, store.OriginOf(r))
		}
	}
	erased, err := h.Store.ErasedSince(ctx, of)
	if err != nil {
		h.Metrics.Add(metric.PublishFailures, 1)
		h.Log.Warn("not known who was erased", "code", hub.CodeOf(err), "error", err)
		return list, late[0]
	}
	for n, i := range late {
		list[i].erased = erased[n]
	}
	return list, len(records)
}
