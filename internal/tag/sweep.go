package tag

import (
	"context"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// sweep goes through all who bear a tag whose validity was shortened. It writes only of
// those who bear it for longer than the definition says now; who bears it for ever goes
// on to.
func (c *Check) sweep(ctx context.Context, w store.TagSweep, now hub.Millis) (Checked, error) {
	var got Checked
	d, err := c.Store.Tag(ctx, w.Team, w.Tag, store.Strict)
	if hub.CodeOf(err) == hub.NotFound {
		return got, c.Store.EndSweep(ctx, w)
	}
	if err != nil {
		return got, err
	}
	failed := false
	for d.Days > 0 {
		if short(ctx) {
			if got.Left++; failed {
				return got, nil // from the place where this run began
			}
			return got, c.Store.MoveSweep(ctx, w)
		}
		bearers, next, err := c.Store.Bearers(ctx, w.Team, w.Tag, w.Position, pageSize)
		if err != nil {
			return got, err
		}
		for _, h := range bearers {
			if h.Until == 0 || d.Until(h.At) >= h.Until {
				continue
			}
			err := c.shorten(ctx, store.TaggedHome{Team: w.Team, Home: h.Home, State: hub.TagState{Tag: w.Tag}}, d, now)
			failed = failed || err != nil
			got.add(c.counted(err, w.Team, w.Tag, Checked{Shortened: 1}))
		}
		if w.Position = next; next == "" {
			break
		}
	}
	if failed {
		return got, nil
	}
	if now < w.Since+soon {
		// A tagging that was under way may have read the definition as it was before.
		w.Due, w.Position = hub.TagCheck(now), ""
		return got, c.Store.MoveSweep(ctx, w)
	}
	return got, c.Store.EndSweep(ctx, w)
}

// shorten lets a tag of a home end by the definition as it is now.
func (c *Check) shorten(ctx context.Context, at store.TaggedHome, d hub.Tag, now hub.Millis) error {
	return c.settled(ctx, at, func(t hub.TagState) error {
		until := d.Until(t.At)
		switch {
		case t.Standing != hub.TagOn || t.Until == 0 || until >= t.Until:
			return nil
		case until <= now:
			return c.expire(ctx, at, t, hub.TagCheck(now.Add(-day)), now)
		}
		to := t
		to.Until = until
		_, err := c.Store.ChangeTags(ctx, at.Team, at.Home, []store.TagChange{{Seen: t, To: &to, Due: dueOf(to, now)}}, nil)
		return err
	})
}
