package queue

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
)

const (
	// Suspect is the number of receives from which a record of an isolating batch
	// runs last and by itself.
	Suspect = 3
	// LastTry is the number of receives at which such a record is given up instead
	// of being tried.
	LastTry = 8

	defaultReserve = time.Second
	// answerTime is what is left of the function's time for its answer.
	answerTime     = 300 * time.Millisecond
	defaultWorkers = 8
)

// Record is one received message.
type Record struct {
	events.SQSMessage
	Receives int    // this one included
	Group    string // "" = its queue has no groups
}

// Batch works off what SQS hands to a function. Records of one group run one after
// the other, in order; groups run side by side. A record that fails is returned to
// the queue, and with it the later ones of its group; all others are acknowledged.
type Batch struct {
	// Handle does one record. A nil error acknowledges it. An error that asks for a
	// wait (hub.Error.RetryAfter) hides the record for that time.
	Handle func(ctx context.Context, r Record) error

	// GiveUp, if set, makes the batch isolate records that fail again and again:
	// from the third receive on they run last and hold nobody back, and from the
	// eighth on GiveUp keeps them aside instead. Only for handlers that do not need
	// the order of a group.
	GiveUp func(ctx context.Context, r Record) error

	Queue   *Queue        // for waits; may be nil if no error asks for one
	Reserve time.Duration // no record is started with less time left (default 1 s)
	Workers int           // groups at a time (default 8)
	Log     *slog.Logger
	Metrics *metric.Meter

	// Trace reads the trace of a record, for the line about one that failed; "" if it
	// bears none. May be nil.
	Trace func(r Record) string
}

// Run works off one event and names the records that failed.
func (b *Batch) Run(ctx context.Context, e events.SQSEvent) events.SQSEventResponse {
	groups, order := map[string][]Record{}, []string{}
	for _, m := range e.Records {
		r := Record{SQSMessage: m, Group: m.Attributes["MessageGroupId"], Receives: 1}
		if n, err := strconv.Atoi(m.Attributes["ApproximateReceiveCount"]); err == nil {
			r.Receives = n
		}
		group := r.Group
		if group == "" {
			group = "\x00" + m.MessageId
		}
		if _, ok := groups[group]; !ok {
			order = append(order, group)
		}
		groups[group] = append(groups[group], r)
	}

	workers := b.Workers
	if workers == 0 {
		workers = defaultWorkers
	}
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		response events.SQSEventResponse
		slots    = make(chan struct{}, workers)
	)
	for _, group := range order {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			failed := b.group(ctx, groups[group])
			mu.Lock()
			defer mu.Unlock()
			for _, r := range failed {
				response.BatchItemFailures = append(response.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			}
		}()
	}
	wg.Wait()
	return response
}

// group works off the records of one group and returns those that failed, in order.
func (b *Batch) group(ctx context.Context, records []Record) (failed []Record) {
	var fresh, suspects []Record
	for _, r := range records {
		if b.GiveUp != nil && r.Receives >= Suspect {
			suspects = append(suspects, r)
		} else {
			fresh = append(fresh, r)
		}
	}
	for i, r := range fresh {
		if err := b.one(ctx, r); err != nil {
			failed = append(failed, fresh[i:]...)
			b.wait(ctx, fresh[i:], err)
			break
		}
	}
	for _, r := range suspects {
		if b.one(ctx, r) != nil {
			failed = append(failed, r)
		}
	}
	return failed
}

func (b *Batch) one(ctx context.Context, r Record) (err error) {
	reserve := b.Reserve
	if reserve == 0 {
		reserve = defaultReserve
	}
	if deadline, ok := ctx.Deadline(); ok {
		if time.Until(deadline) < reserve {
			return hub.E(hub.Transient, "queue: work off batch", fmt.Errorf("no time left"))
		}
		// A record that outlasts the function would take the answer for all others with it.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	defer func() {
		if p := recover(); p != nil {
			// What was panicked with may quote the message: only its type is logged.
			b.Metrics.Add(metric.RecordsPanicked, 1)
			b.Log.Error("record panicked", "trace", b.trace(r), "message", r.MessageId, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			err = hub.E(hub.Internal, "queue: work off batch", fmt.Errorf("panic"))
		}
	}()
	defer failpoint.MidBatch.Hit()
	if b.GiveUp != nil && r.Receives >= LastTry {
		err = b.GiveUp(ctx, r)
	} else {
		err = b.Handle(ctx, r)
	}
	if err != nil {
		b.returned(ctx, r, err)
	}
	return err
}

// returned tells of a record that comes again. One that has to wait its turn has not
// failed, and its handler has told why it waits.
func (b *Batch) returned(ctx context.Context, r Record, err error) {
	level, code := slog.LevelDebug, hub.CodeOf(err)
	if code != hub.RateLimited {
		level = slog.LevelWarn
		b.Metrics.Add(metric.RecordsReturned, 1)
	}
	b.Log.Log(ctx, level, "record returned", "trace", b.trace(r), "message", r.MessageId, "receives", r.Receives, "code", code, "error", err)
}

func (b *Batch) trace(r Record) string {
	if b.Trace == nil {
		return ""
	}
	return b.Trace(r)
}

// wait gives a failed record and those behind it the wait that its error asks for.
// Without it they come back after the queue's own time.
func (b *Batch) wait(ctx context.Context, records []Record, cause error) {
	d := hub.RetryAfterOf(cause)
	if d <= 0 || b.Queue == nil {
		return
	}
	handles := make([]string, len(records))
	for i, r := range records {
		handles[i] = r.ReceiptHandle
	}
	if err := b.Queue.Wait(ctx, handles, d); err != nil {
		b.Log.Warn("wait not set", "trace", b.trace(records[0]), "code", hub.CodeOf(err), "error", err)
	}
}
