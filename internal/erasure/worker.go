package erasure

import (
	"context"
	"log/slog"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

const (
	// lease is how long an erasure is one worker's. Longer than a run, so that nobody
	// works on it beside; what a killed one left is gone on with after it.
	lease = 6 * time.Minute
	// reserve is the time that a run keeps to give back what it did not end.
	reserve = 3 * time.Second
	// dueLimit is how many erasures of one shard a run looks at.
	dueLimit = 20
	// again is when an erasure that failed is worked on again.
	again = time.Minute
)

// Worker carries out erasures that are due.
type Worker struct {
	Store    *store.Store
	Settings *settings.Reader
	// Records is the bucket of failed records of the change streams; nil = there is none.
	Records *Records
	Now     func() time.Time
	Log     *slog.Logger
}

// Due works on all erasures that are due, and answers on how many. One that fails holds
// up no other: it is due again in a minute, and goes on where it stands. So is one that the
// run's time is too short for, which is no error. The last error comes back.
func (w *Worker) Due(ctx context.Context) (int, error) {
	if end, ok := ctx.Deadline(); ok {
		// What there is no time for goes on with the next run.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-reserve))
		defer cancel()
	}
	now := hub.MillisOf(w.Now())
	count := 0
	var failed error
	for shard := range store.Shards {
		list, err := w.Store.ErasuresDue(ctx, shard, now, dueLimit)
		if err != nil {
			return count, err
		}
		for _, e := range list {
			worked, err := w.one(ctx, e)
			if worked {
				count++
			}
			switch {
			case ctx.Err() != nil:
				w.Log.Info("erasure goes on later", "team", e.Team, "erasure", e.ID, "phase", e.Phase, "why", "the run's time is over")
				return count, nil
			case err != nil:
				w.Log.Warn("erasure goes on later", "team", e.Team, "erasure", e.ID, "phase", e.Phase, "code", hub.CodeOf(err), "error", err)
				failed = err
			}
		}
	}
	return count, failed
}

// one leases an erasure, does the work of its phase, and moves it to the next one.
func (w *Worker) one(ctx context.Context, seen hub.Erasure) (worked bool, err error) {
	held := seen
	held.Due = hub.MillisOf(w.Now()).Add(lease)
	err = w.Store.MoveErasure(ctx, seen, held)
	if hub.CodeOf(err) == hub.Conflict {
		return false, nil // another worker has it
	}
	if err != nil {
		return false, err
	}
	next, err := w.work(ctx, &held)
	if err != nil {
		next = held
		next.Due = hub.MillisOf(w.Now()).Add(again)
		// The time of this run may be over: that it is given back must not depend on it.
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if moved := w.Store.MoveErasure(back, held, next); moved != nil {
			w.Log.Warn("erasure stays leased", "team", seen.Team, "erasure", seen.ID, "error", moved)
		}
		return true, err
	}
	if err := w.Store.MoveErasure(ctx, held, next); err != nil {
		return true, err
	}
	w.Log.Info("erasure moved", "team", seen.Team, "erasure", seen.ID, "phase", next.Phase,
		"contacts", next.Counts.Contacts, "messages", next.Counts.Messages, "ledger", next.Counts.Ledger, "records", next.Counts.Records)
	return true, nil
}

// work does what a phase asks for, and answers the erasure as it stands after it. How far
// it came before it failed stands in e.
func (w *Worker) work(ctx context.Context, e *hub.Erasure) (next hub.Erasure, err error) {
	if e.Phase != hub.ErasureDone {
		if err := w.sweep(ctx, *e); err != nil {
			return next, err
		}
	}
	if w.Records != nil {
		err := w.Records.erase(ctx, w.Store, *e, func(key string) error {
			further := *e
			further.Records = key
			err := w.Store.MoveErasure(ctx, *e, further)
			if err == nil {
				*e = further
			}
			return err
		})
		if err != nil {
			return next, err
		}
	}
	now := hub.MillisOf(w.Now())
	if next, err = w.Store.Erasure(ctx, e.Team, e.ID); err != nil { // with its counts
		return next, err
	}
	next.Records = ""
	switch e.Phase {
	case hub.ErasureBegun:
		next.Phase, next.Swept, next.Due = hub.ErasureSettling, now, now.Add(hub.ErasureSettle)
	case hub.ErasureSettling:
		next.Phase, next.Erased, next.Due = hub.ErasureDone, now, now.Add(hub.ErasureLast)
	default:
		next.Phase, next.Due = hub.ErasureClosed, 0
	}
	return next, nil
}

// sweep erases what the tables hold. It may be done again, at any time.
func (w *Worker) sweep(ctx context.Context, e hub.Erasure) error {
	t, err := w.Settings.Team(ctx, e.Team)
	if err != nil {
		return err
	}
	for _, u := range e.Users {
		if err := settle(func() error { return w.Store.EraseUser(ctx, e, u) }); err != nil {
			return err
		}
	}
	for _, h := range e.Homes {
		if err := settle(func() error { return w.Store.EraseHome(ctx, e, h, t.Pepper.Value) }); err != nil {
			return err
		}
	}
	for _, a := range e.Aliases {
		if err := settle(func() error { return w.Store.EraseAlias(ctx, e, a) }); err != nil {
			return err
		}
	}
	for _, u := range e.Users {
		if err := settle(func() error { return w.Store.EraseClaims(ctx, e, u) }); err != nil {
			return err
		}
	}
	return nil
}

// settle does something as often as others may be faster.
func settle(do func() error) (err error) {
	for range tries {
		if err = do(); hub.CodeOf(err) != hub.Conflict {
			return err
		}
	}
	return err
}
