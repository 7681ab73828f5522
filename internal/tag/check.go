package tag

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Check is the daily check: it ends the tags whose validity is over, with the records of
// their taggings of the home. It may run twice at a time, and goes on where a run before
// it did not come.
type Check struct {
	Store *store.Store
	Now   func() time.Time
	Log   *slog.Logger
}

// Checked counts what came of a run.
type Checked struct {
	Ended     int `json:"ended"`     // homes that do not bear a tag any more
	Shortened int `json:"shortened"` // homes whose tag ends earlier now, or has ended, by a new validity
	Left      int `json:"left"`      // what the next run is to do
}

func (c *Checked) add(more Checked) {
	c.Ended += more.Ended
	c.Shortened += more.Shortened
	c.Left += more.Left
}

const (
	pageSize = 100
	// reserve is the time at the end of a run in which nothing new is begun.
	reserve = 60 * time.Second
	// margin is how far the clocks of two machines are apart at most: a run that the
	// schedule fires on the minute must not find itself before it.
	margin = 10 * time.Second
	// back is how many days a run goes back that finds no trace of an earlier one.
	back = 31
	day  = 24 * time.Hour

	// source and by stand in the record of what the check ends.
	source = "expiry"
	by     = "hub:tagexpiry"
	// recordsAtOnce is how many records one transaction deletes.
	recordsAtOnce = 90
)

// Due ends what is due, day by day, from the first that no run has finished. What fails
// for one home stops no other, and keeps its day from being finished: the next run goes
// through it again. What is done leaves the index that the run reads, so that it needs no
// place within a day. Errors: of the reading of the lists.
func (c *Check) Due(ctx context.Context) (Checked, error) {
	var all Checked
	now := hub.MillisOf(c.Now().Add(margin))
	last, err := c.Store.TagsChecked(ctx)
	if err != nil {
		return all, err
	}
	first := now.Add(-back * day)
	if at, err := time.Parse("20060102", last); err == nil {
		first = hub.MillisOf(at).Add(day)
	}
	for at := first; store.Day(at) <= store.Day(now); at = at.Add(day) {
		got, err := c.day(ctx, store.Day(at), now)
		all.add(got)
		if err != nil {
			return all, err
		}
		if all.Left > 0 || store.Day(hub.TagCheck(now)) == store.Day(at) {
			continue // a later run is to go through this day again
		}
		if err := c.Store.FinishTagCheck(ctx, store.Day(at)); err != nil {
			return all, err
		}
	}
	return all, nil
}

// day does what is due of one day, all shards beside each other.
func (c *Check) day(ctx context.Context, date string, now hub.Millis) (Checked, error) {
	var got [store.Shards]Checked
	var errs [store.Shards]error
	var working sync.WaitGroup
	for shard := range store.Shards {
		working.Go(func() { got[shard], errs[shard] = c.shard(ctx, date, shard, now) })
	}
	working.Wait()
	var all Checked
	for i := range got {
		all.add(got[i])
	}
	for _, err := range errs {
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (c *Check) shard(ctx context.Context, date string, shard int, now hub.Millis) (Checked, error) {
	var all Checked
	for after := ""; ; {
		due, next, err := c.Store.TagsDue(ctx, date, shard, after, now, pageSize)
		if err != nil {
			return all, err
		}
		for _, at := range due.Homes {
			if short(ctx) {
				all.Left++
				return all, nil
			}
			ended, err := c.end(ctx, at, now)
			all.add(c.counted(err, at.Team, at.State.Tag, Checked{Ended: ended}))
		}
		for _, w := range due.Sweeps {
			got, err := c.sweep(ctx, w, now)
			all.add(c.counted(err, w.Team, w.Tag, got))
		}
		if after = next; after == "" {
			return all, nil
		}
	}
}

// counted is what was done, or, after an error, which it logs, that something is left.
func (c *Check) counted(err error, team hub.TeamID, tag hub.TagID, got Checked) Checked {
	if err != nil {
		got = Checked{Left: 1}
		c.Log.Warn("a tag could not be ended", "team", team, "tag", tag, "code", hub.CodeOf(err))
	}
	return got
}

// short reports whether the time of the run is nearly over.
func short(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < reserve
}

// end ends a tag at a home that was due when it was listed, unless it was given again
// since: of the two, the tagging wins, before and after. It answers 1 if it ended it.
func (c *Check) end(ctx context.Context, at store.TaggedHome, now hub.Millis) (ended int, err error) {
	err = c.settled(ctx, at, func(t hub.TagState) error {
		switch {
		case t.Standing == hub.TagOn && t.Until != 0 && t.Until <= now:
			if err := c.expire(ctx, at, t, t.Until, now); err != nil {
				return err
			}
			ended = 1
		case t == at.State && t.Standing == hub.TagExpired: // a run before this one did not delete all records
			return c.expire(ctx, at, t, 0, now)
		}
		return nil
	})
	return ended, err
}

// settled does something with how a tag stands at a home, which it reads if at does not
// tell it, and again with what was written meanwhile by others.
func (c *Check) settled(ctx context.Context, at store.TaggedHome, do func(hub.TagState) error) error {
	var seen *hub.TagState
	if at.State.Version > 0 {
		seen = &at.State
	}
	err := settings.Settle(func() error {
		if seen == nil {
			_, states, err := c.Store.TagStates(ctx, at.Team, at.Home, []hub.TagID{at.State.Tag})
			if err != nil {
				return err
			}
			t := states[at.State.Tag]
			seen = &t
		}
		t := *seen
		seen = nil
		return do(t)
	})
	if hub.CodeOf(err) == hub.NotFound {
		return nil // the home is gone, and its tags with it
	}
	return err
}

// expire ends a tag that stands as it was seen, and deletes the records of its taggings:
// in one transaction if they are not too many, else the first of them, and the rest after
// it.
func (c *Check) expire(ctx context.Context, at store.TaggedHome, seen hub.TagState, when, now hub.Millis) error {
	for {
		records, err := c.Store.TaggingKeys(ctx, at.Team, at.Home, seen.Tag, seen.At, recordsAtOnce+1)
		if err != nil {
			return err
		}
		to := seen
		to.Standing, to.Source, to.By, to.Until, to.Forgot = hub.TagExpired, source, by, 0, seen.At
		change := store.TagChange{Seen: seen, To: &to, Forget: records[:min(len(records), recordsAtOnce)]}
		if seen.Standing == hub.TagOn {
			r := record(to, at.Home)
			r.At, r.ID = when, source+"-"+seen.ID
			change.Removed, change.Tell = r, true
		}
		more := len(records) > recordsAtOnce
		if more {
			change.Due = hub.TagCheck(now + soon) // if this run does not come to it
		}
		if _, err := c.Store.ChangeTags(ctx, at.Team, at.Home, []store.TagChange{change}, nil); err != nil || !more {
			return err
		}
		seen = to
		seen.Version++
	}
}
