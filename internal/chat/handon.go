package chat

import (
	"context"
	"log/slog"
	"sort"
	"time"

	"omnihub/internal/failpoint"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// HandOn puts sends on the outbound queue. It answers for each whether the queue
// took it. The order within a thread is kept: at most one send of a thread goes
// into a batch call, and a thread stops at its first failure.
func HandOn(ctx context.Context, out *queue.Queue, sends []store.Queued) ([]bool, error) {
	taken := make([]bool, len(sends))
	waiting := map[hub.UserKey][]int{}
	var threads []hub.UserKey
	for i, q := range sends {
		if len(waiting[q.Line()]) == 0 {
			threads = append(threads, q.Line())
		}
		waiting[q.Line()] = append(waiting[q.Line()], i)
	}
	var failed error
	for len(threads) > 0 {
		batch := make([]queue.Message, len(threads))
		for n, u := range threads {
			m, err := orderMessage(sends[waiting[u][0]])
			if err != nil {
				return taken, err
			}
			batch[n] = m
		}
		ok, err := out.Send(ctx, batch)
		if err != nil {
			failed = err
		}
		failpoint.MidBatch.Hit()
		var next []hub.UserKey
		for n, u := range threads {
			if !ok[n] {
				continue
			}
			taken[waiting[u][0]] = true
			if waiting[u] = waiting[u][1:]; len(waiting[u]) > 0 {
				next = append(next, u)
			}
		}
		threads = next
	}
	return taken, failed
}

// Reconciler hands on the sends that are due: parked ones whose time has come, and
// those of which the change stream or the queue lost track. It also carries out the
// unsends that are due.
type Reconciler struct {
	Store   *store.Store
	Queue   *queue.Queue
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *metric.Meter
}

// dueLimit is how many sends of one bucket are handed on in one run.
const dueLimit = 500

// Due hands on what is due now, in the order of acceptance within each thread.
// Each is put on the queue first and its next look comes after, so that a crash
// between the two repeats it under the same deduplication id. It answers how many
// were handed on.
func (rc *Reconciler) Due(ctx context.Context) (int, error) {
	now := hub.MillisOf(rc.Now())
	total := 0
	for _, day := range store.DueDays(now) {
		for shard := range store.Shards {
			n, err := rc.bucket(ctx, day, shard, now)
			total += n
			if err != nil {
				return total, err
			}
		}
	}
	if total > 0 {
		rc.Log.Info("sends handed on", "count", total)
	}
	return total, nil
}

func (rc *Reconciler) bucket(ctx context.Context, day string, shard int, now hub.Millis) (int, error) {
	all, err := rc.Store.Due(ctx, day, shard, now, dueLimit)
	if err != nil {
		return 0, err
	}
	for _, sc := range all.Scrubs {
		found, err := rc.Store.Scrub(ctx, sc)
		if err != nil {
			return 0, err
		}
		rc.Log.Debug("unsend carried out", "found", found)
	}
	due := all.Sends
	if len(due) == 0 {
		return 0, nil
	}
	sort.SliceStable(due, func(i, j int) bool {
		a := hub.Parked{Accepted: due[i].Intent.Accepted, Key: due[i].Intent.Key}
		return a.Before(hub.Parked{Accepted: due[j].Intent.Accepted, Key: due[j].Intent.Key})
	})
	again := make([]store.Queued, len(due))
	oldest := now
	for i, q := range due {
		again[i] = q
		again[i].Attempt++
		oldest = min(oldest, q.Due)
	}
	rc.Metrics.Observe(metric.OldestDue, time.Duration(now-oldest)*time.Millisecond)
	taken, failed := HandOn(ctx, rc.Queue, again)
	n := 0
	for i, ok := range taken {
		if !ok {
			continue
		}
		n++
		rc.Log.Debug("handed on", "trace", due[i].Intent.Trace)
		rc.Metrics.Add(metric.SendsDue, 1)
		failpoint.MidBatch.Hit()
		if err := rc.Store.HandedOn(ctx, due[i], now.Add(store.Overdue)); err != nil {
			failed = err
		}
	}
	return n, failed
}
