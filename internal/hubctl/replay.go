package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// way is how an entry gets on its way again.
type way struct {
	what string // "event to Inbound"
	// do takes the way. token is the same when a replay that was cut off is repeated.
	do func(ctx context.Context, token string) error
}

// quarantineReplay puts entries on their way again and marks them. Of each it notes
// that it begins, hands it on, and marks it: cut off anywhere, it is listed still, and
// running it again repeats at most what changes nothing. One that fails again is
// listed again, under the same id if for the same reason.
func (c *control) quarantineReplay(ctx context.Context, args []string) error {
	f := newFlags("quarantine replay")
	s := f.selection()
	id, stack := f.String("id", "", ""), f.stack()
	rate, dry := f.rate(), f.Bool("dry-run", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("team"); err != nil {
		return err
	}
	if err := checkRate(f.Name(), *rate); err != nil {
		return err
	}
	list, err := c.toReplay(ctx, f, s, *id)
	if err != nil || len(list) == 0 {
		return err
	}
	r := &replayer{control: c, stack: *stack}
	w := c.begin("replayed", *rate)
	if *dry {
		w.verb = "would be replayed"
	}
	defer w.end()
	for _, q := range list {
		if !*dry {
			if err := w.next(ctx); err != nil {
				return err
			}
		}
		said, err := r.one(ctx, q, *dry)
		switch {
		case err == nil:
			w.done++
		case hub.CodeOf(err).Retryable():
			w.failed++
			said = "failed: " + why(err)
		default:
			w.refused++
			said = "stays: " + why(err)
		}
		fmt.Fprintf(c.out, "%s  %s  %s  %s\n", q.ID, clock(q.At), q.Reason, said)
	}
	fmt.Fprintln(c.out, w)
	return w.err(f.Name())
}

// toReplay are the entries that are meant: the one of an id, or those that are selected.
func (c *control) toReplay(ctx context.Context, f flags, s selection, id string) ([]store.Quarantined, error) {
	if id == "" {
		if !f.was("since") && !f.was("account") && !f.was("filter") {
			return nil, errors.New("hubctl quarantine replay: want -id, or a selection by -since, -account or -filter")
		}
		list, err := c.find(ctx, f.Name(), s)
		if err == nil && len(list) == 0 {
			fmt.Fprintln(c.out, "no entry is selected")
		}
		return list, err
	}
	if f.was("since") || f.was("account") || f.was("filter") {
		return nil, errors.New("hubctl quarantine replay: want -id alone, or a selection")
	}
	q, err := c.store.QuarantinedEntry(ctx, hub.TeamID(*s.team), id)
	if err != nil {
		return nil, err
	}
	if q.Replayed != 0 && !*s.all {
		fmt.Fprintf(c.out, "it was replayed at %s and has not come back; -all replays it once more\n", clock(q.Replayed))
		return nil, nil
	}
	return []store.Quarantined{q}, nil
}

// one replays an entry, or, dry, tells what would be done.
func (r *replayer) one(ctx context.Context, q store.Quarantined, dry bool) (string, error) {
	to, err := r.find(ctx, q)
	if err != nil {
		return "", err
	}
	if dry {
		return "would go: " + to.what, nil
	}
	begun, err := r.store.BeginReplay(ctx, q)
	if err != nil {
		return "", err
	}
	if err := to.do(ctx, strconv.FormatInt(int64(begun), 10)+" "+q.ID); err != nil {
		return "", err
	}
	kept, err := r.store.EndReplay(ctx, q, begun)
	if err != nil {
		return "", err
	}
	if !kept {
		return "", hub.E(hub.Refused, "hubctl quarantine replay", fmt.Errorf("it came back at once"))
	}
	return "replayed: " + to.what, nil
}
