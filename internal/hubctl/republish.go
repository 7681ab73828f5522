package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// wanted is which events are published again.
type wanted struct {
	team        hub.TeamID
	since       hub.Millis
	until       hub.Millis
	kind        string // a detail-type, or its beginning before a "*"; "" = all
	withMessage bool   // message.received too
}

// fits tells whether an event is wanted: it happened, or what told it was taken, in the
// time. Both count, since a platform may tell of things late.
func (w wanted) fits(e hub.Published, stored hub.Millis) bool {
	within := func(at hub.Millis) bool { return at >= w.since && at <= w.until }
	if !within(e.At) && !(stored != 0 && within(stored)) {
		return false
	}
	if e.Kind == hub.MessageReceived && !w.withMessage {
		return false
	}
	if prefix, ok := strings.CutSuffix(w.kind, "*"); ok {
		return strings.HasPrefix(e.Kind, prefix)
	}
	return w.kind == "" || e.Kind == w.kind
}

// republish publishes facts, and the last revision of what has revisions, once more
// under the ids that relay gives them.
func (c *control) republish(ctx context.Context, args []string) error {
	f := newFlags("republish")
	team, all := f.String("team", "", ""), f.Bool("all", false, "")
	since, until, kind := f.String("since", "", ""), f.String("until", "", ""), f.String("filter", "", "")
	export, messages, segments := f.String("export", "", ""), f.String("messages", "yes", ""), f.Int("segments", 4, "")
	stack, rate, dry := f.stack(), f.rate(), f.Bool("dry-run", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if (*team == "") != *all {
		return errors.New("hubctl republish: want -team ID or -all")
	}
	if err := f.need("since"); err != nil {
		return err
	}
	if err := checkRate(f.Name(), *rate); err != nil {
		return err
	}
	if *segments < 1 || *segments > 64 || *messages != "yes" && *messages != "no" {
		return errors.New("hubctl republish: -segments is 1 to 64, -messages is yes or no")
	}
	want := wanted{team: hub.TeamID(*team), until: hub.MillisOf(c.now().Add(ahead)), kind: *kind, withMessage: *messages == "yes"}
	var err error
	if want.since, err = moment("since", *since, c.now()); err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	if *until != "" {
		if want.until, err = moment("until", *until, c.now()); err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
	}
	p := &publisher{control: c, stack: *stack, want: want, dry: *dry, pause: c.pause, kinds: map[string]int{}, work: c.begin("published", *rate)}
	if *dry {
		p.work.verb = "would be published"
	}
	defer p.work.end()
	if *export != "" {
		err = p.export(ctx, *export)
	} else {
		err = p.scan(ctx, *segments)
	}
	return p.finish(ctx, err)
}

// publisher publishes what it is told, ten at a time.
type publisher struct {
	*control
	stack string
	want  wanted
	dry   bool
	pause time.Duration // after the first try; each further one doubles it

	mu    sync.Mutex
	work  *work
	kinds map[string]int
	batch []hub.Published
	of    []store.Origin // of the batch's
}

// batchSize is how many events stand in a call of the bus.
const batchSize = 10

// patience is how often events that the bus did not take are offered to it again.
const patience = 5

// tell takes what an item told. It may be called from several goroutines.
func (p *publisher) tell(ctx context.Context) store.Tell {
	return func(told store.Told, err error) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			p.work.failed++
			fmt.Fprintf(p.out, "not understood: %s\n", why(err))
			return nil
		}
		for _, e := range told.Events {
			if !p.want.fits(e, told.Stored) {
				continue
			}
			if !p.dry {
				if err := p.work.next(ctx); err != nil {
					return err
				}
			}
			if p.batch, p.of = append(p.batch, e), append(p.of, told.Of); len(p.batch) == batchSize {
				if err := p.flush(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// flush publishes the batch, but for what is of persons who were erased since. What the
// bus did not take is offered to it again, after a pause that doubles; what it can never
// take is counted and named.
func (p *publisher) flush(ctx context.Context) error {
	batch, of := p.batch, p.of
	p.batch, p.of = nil, nil
	erased, err := p.erasedSince(ctx, of)
	if err != nil {
		p.work.failed += len(batch)
		return err
	}
	var left []hub.Published
	for i, e := range batch {
		switch {
		case erased[i]:
			p.work.left++
			continue
		case p.dry:
			p.work.done++
		default:
			left = append(left, e)
		}
		p.kinds[e.Kind]++
	}
	for try := 0; len(left) > 0; try++ {
		var again []hub.Published
		var last error
		for i, err := range p.bus(p.stack).Publish(ctx, left) {
			switch {
			case err == nil:
				p.work.done++
			case hub.CodeOf(err).Quarantined():
				p.work.failed++
				fmt.Fprintf(p.out, "never to be published: %s\n", why(err))
			default:
				again, last = append(again, left[i]), err
			}
		}
		if left = again; len(left) == 0 {
			return nil
		}
		if try == patience || ctx.Err() != nil {
			p.work.failed += len(left)
			return last
		}
		t := time.NewTimer(p.pause << try)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
	return nil
}

// finish publishes the rest and tells what was done.
func (p *publisher) finish(ctx context.Context, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.flush(ctx)
	}
	for _, kind := range sorted(p.kinds) {
		fmt.Fprintf(p.out, "%8d  %s\n", p.kinds[kind], kind)
	}
	fmt.Fprintln(p.out, p.work)
	if err != nil {
		return err
	}
	return p.work.err("hubctl republish")
}

// erasedSince tells of each of some items whether who it is of was erased since: whatever
// is told late is not told of them. It needs the names of both tables.
func (c *control) erasedSince(ctx context.Context, of []store.Origin) ([]bool, error) {
	if len(of) > 0 && (c.store.Tables.Messages == "" || c.store.Tables.Contacts == "") {
		return nil, errors.New("hubctl: set MESSAGES_TABLE and CONTACTS_TABLE, in which it is looked up who was erased")
	}
	return c.store.ErasedSince(ctx, of)
}
