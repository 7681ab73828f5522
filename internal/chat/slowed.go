package chat

import (
	"context"
	"slices"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// slowedWait is how long a send waits that the platform took and then refused as too
// fast, by how often that has happened. Once more is once too often.
func slowedWait(times int) (wait time.Duration, ok bool) {
	waits := []time.Duration{time.Minute, 10 * time.Minute, time.Hour}
	if times >= len(waits) {
		return 0, false
	}
	return waits[times], true
}

// slowed takes a receipt by which a platform refuses, after it took a send under an id,
// to deliver it so fast. That is as definite as a refusal in the answer: the send waits
// and goes out again, behind those of its thread that have left meanwhile. It answers
// false for one that fails for good: marketing is not called twice, and the others
// neither too often, nor past their deadline, nor once anything else was told of them.
// The same receipt may come again, at any time.
func (rc *Receiver) slowed(ctx context.Context, a *arrived, r store.Ref, k hub.MessageKey, id string) (done bool, err error) {
	err = settings.Settle(func() error {
		done = false
		q, err := rc.Store.Send(ctx, r, k)
		if hub.CodeOf(err) == hub.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if done = slices.Contains(q.Refused, id); done || id == "" {
			return nil
		}
		if s := q.Stamps; s.Delivered != 0 || s.Read != 0 || s.Failed != 0 || s.Unknown != 0 || q.Intent.Class == hub.ClassMarketing {
			return nil
		}
		if !oneCall(q, id) {
			done = true
			return rc.Store.Disown(ctx, r, k, id)
		}
		wait, ok := slowedWait(len(q.Refused))
		due := hub.MillisOf(rc.Now()).Add(wait)
		if !ok || due >= q.Intent.Deadline {
			return nil
		}
		if err := rc.Store.SendAgain(ctx, q, id, due); err != nil {
			return err
		}
		done = true
		rc.Log.Info("send waits", "trace", a.e.Trace, "code", hub.RateLimited, "seconds", int(wait.Seconds()), "count", len(q.Refused)+1)
		rc.Metrics.Add(metric.SendsRetried, 1, metric.Channel(a.e.Channel), metric.Code(hub.RateLimited))
		return nil
	})
	return done && err == nil, err
}

// oneCall reports whether a platform's id is that of the only call for a send which may
// have gone out.
func oneCall(q store.Queued, id string) bool {
	if q.Stamps.PlatformID != "" {
		return q.Stamps.PlatformID == id
	}
	switch q.Claim.Stage {
	case store.StageSend, store.StageDoubt:
		return true
	case store.StageLost:
		return q.Intent.Class != hub.ClassTransactional // else it is the second call's answer that was lost
	}
	return false
}
