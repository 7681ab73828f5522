package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/queue"
)

// redrive moves dead letters back to where they came from.
func (c *control) redrive(ctx context.Context, args []string) error {
	f := newFlags("redrive")
	name, stack, chosen := f.String("queue", "", ""), f.stack(), f.choice()
	rate, dry, limit := f.rate(), f.Bool("dry-run", false, ""), f.Int("limit", 20, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if err := f.need("queue"); err != nil {
		return err
	}
	if err := checkRate(f.Name(), *rate); err != nil {
		return err
	}
	if *chosen.since != "" {
		from, err := moment("since", *chosen.since, c.now())
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name(), err)
		}
		chosen.from = from
	}
	if strings.EqualFold(*name, failedRecords) {
		return c.redriveRecords(ctx, *stack, chosen, *rate, *dry)
	}
	list, err := c.stackQueues(ctx, *stack)
	if err != nil {
		return err
	}
	grave, err := graveOf(list, *name)
	if err != nil {
		return err
	}
	d := &drive{control: c, stack: *stack, grave: grave, chosen: chosen, limit: *limit, sources: map[string]queue.Stock{}, torn: map[string]bool{}}
	for _, s := range list {
		if s.Grave == grave.ARN {
			d.sources[s.ARN] = s
		}
	}
	if *chosen.account != "" && c.store.Tables.Messages == "" && d.holdsOrders() {
		return errors.New("hubctl redrive: the orders of Outbound do not name their account: set MESSAGES_TABLE, by which it is looked up")
	}
	switch {
	case *dry:
		return d.show(ctx)
	case chosen.all() && len(d.sources) > 0:
		moveRate := 0
		if f.was("rate") {
			moveRate = *rate
		}
		return d.move(ctx, moveRate)
	}
	return d.one(ctx, *rate)
}

// graveOf finds a dead-letter queue by its own name, by that of the queue whose dead
// letters it holds, or by the beginning of either: Inbound, InboundQueue,
// InboundDeadLetters, or the name at the service.
func graveOf(list []queue.Stock, name string) (queue.Stock, error) {
	byARN := map[string]queue.Stock{}
	var known []string
	for _, s := range list {
		byARN[s.ARN] = s
		if isGrave(s, list) {
			known = append(known, strings.TrimSuffix(s.Logical, "DeadLetters"))
		}
	}
	for _, suffix := range []string{"", "Queue", "DeadLetters"} {
		for _, s := range list {
			if !strings.EqualFold(s.Logical, name+suffix) && s.Name != name {
				continue
			}
			if isGrave(s, list) {
				return s, nil
			}
			if g, ok := byARN[s.Grave]; ok {
				return g, nil
			}
			return s, fmt.Errorf("hubctl redrive: %s has no dead-letter queue", s.Logical)
		}
	}
	return queue.Stock{}, fmt.Errorf("hubctl redrive: no queue %q; there are dead letters of %s, and %s", name, strings.Join(known, ", "), failedRecords)
}

// drive is one redrive of one dead-letter queue.
type drive struct {
	*control
	stack   string
	grave   queue.Stock
	sources map[string]queue.Stock // by ARN
	chosen  *choice
	limit   int             // how many lines are shown
	torn    map[string]bool // groups of which a message could not be sent: the later ones stay behind it
}

func (d *drive) queue() *queue.Queue { return &queue.Queue{Client: d.queues, URL: d.grave.URL} }

func (d *drive) holdsOrders() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(d.sources)), func(s queue.Stock) bool { return s.Logical == "OutboundQueue" })
}

// move lets the service move everything, and watches it to the end. A task that is
// under way already is watched.
func (d *drive) move(ctx context.Context, rate int) error {
	m, ever, err := queue.LastMove(ctx, d.queues, d.grave.ARN)
	if err != nil {
		return err
	}
	if !ever || !m.Running {
		if d.grave.Visible+d.grave.InFlight == 0 {
			fmt.Fprintf(d.out, "%s is empty\n", d.grave.Logical)
			return nil
		}
		if err := queue.StartMove(ctx, d.queues, d.grave.ARN, rate); err != nil {
			return err
		}
	}
	tick := time.NewTicker(d.pause)
	defer tick.Stop()
	for {
		if m, ever, err = queue.LastMove(ctx, d.queues, d.grave.ARN); err != nil {
			return err
		}
		if ever && !m.Running {
			break
		}
		fmt.Fprintf(d.progress, "moved %d of %d\n", m.Moved, m.Of)
		select {
		case <-ctx.Done():
			return hub.E(hub.Transient, "hubctl redrive", errors.New("interrupted: the service goes on moving; the same command watches it"))
		case <-tick.C:
		}
	}
	fmt.Fprintf(d.out, "moved %d of %d\n", m.Moved, m.Of)
	if m.Failure != "" {
		return fmt.Errorf("hubctl redrive: the service ended the move: %s", m.Failure)
	}
	return nil
}

// show tells what lies in the queue, and changes nothing.
func (d *drive) show(ctx context.Context) error {
	type about struct{ team, account, kind, reason string }
	counts := map[about]int{}
	var fits, others, lines int
	var oldest hub.Millis
	_, err := d.queue().Look(ctx, d.pause, func(m queue.Dead) (queue.Verdict, error) {
		l := d.read(ctx, m)
		if !d.chosen.fits(l) {
			others++
			return queue.Leave, nil
		}
		fits++
		if oldest == 0 || l.Sent < oldest {
			oldest = l.Sent
		}
		counts[about{string(l.team), string(l.account), l.kind, l.reason}]++
		if lines++; lines <= d.limit {
			fmt.Fprintln(d.out, d.line(l))
		}
		return queue.Leave, nil
	})
	if err != nil {
		return err
	}
	if lines > d.limit {
		fmt.Fprintf(d.out, "... and %d more; -limit shows more\n", lines-d.limit)
	}
	order := slices.SortedFunc(maps.Keys(counts), func(a, b about) int { return counts[b] - counts[a] })
	for _, a := range order {
		fmt.Fprintf(d.out, "%6d  %s of team %s, account %s, reason %s\n", counts[a], a.kind, dash(a.team), dash(a.account), dash(a.reason))
	}
	fmt.Fprintf(d.out, "%d would go back, %d would stay, the oldest is %s old\n", fits, others, age(oldest, d.now()))
	return d.unseen(ctx, fits+others)
}

// unseen tells of messages that stand behind others in their groups.
func (d *drive) unseen(ctx context.Context, seen int) error {
	if err := d.grave.Read(ctx, d.queues); err != nil {
		return err
	}
	if n := d.grave.Visible + d.grave.InFlight; d.grave.FIFO() && n > seen {
		fmt.Fprintf(d.out, "about %d more were not seen: they stand behind others of their threads that stay\n", n-seen)
	}
	return nil
}

// one moves the chosen messages one by one: each is put where it came from first and
// removed after that, so that a crash between repeats it and loses nothing.
func (d *drive) one(ctx context.Context, rate int) error {
	w := d.begin("redriven", rate)
	defer w.end()
	handed := 0
	unremoved, err := d.queue().Look(ctx, d.pause, func(m queue.Dead) (queue.Verdict, error) {
		l := d.read(ctx, m)
		if !d.chosen.fits(l) {
			w.left++
			return queue.Leave, nil
		}
		if d.torn[l.Group] {
			w.failed++
			return queue.Leave, nil
		}
		if err := w.next(ctx); err != nil {
			return queue.Leave, err
		}
		err := d.back(ctx, l)
		switch {
		case err == nil:
			handed++
			return queue.Remove, nil
		case hub.CodeOf(err).Retryable():
			w.failed++
			d.torn[l.Group] = l.Group != ""
		default:
			w.refused++
		}
		fmt.Fprintf(d.out, "%s  stays: %s\n", d.line(l), why(err))
		return queue.Leave, nil
	})
	w.done = handed - unremoved
	w.failed += unremoved
	fmt.Fprintln(d.out, w)
	if err != nil {
		return err
	}
	if err := d.unseen(ctx, w.left+w.refused+w.failed); err != nil {
		return err
	}
	return w.err("hubctl redrive")
}

// back puts a dead message where it came from: on its queue, or, if a rule could not
// deliver it, on the bus once more, since what the rule's queue is to get is for the
// rule to make. Its other subscribers know it by its id.
func (d *drive) back(ctx context.Context, l letter) error {
	switch source, known := d.sources[l.Source]; {
	case known:
		return (&queue.Queue{Client: d.queues, URL: source.URL}).Resend(ctx, l.Dead)
	case l.published != nil:
		return d.bus(d.stack).Publish(ctx, []hub.Published{*l.published})[0]
	case l.kind == "schedule":
		return stays(hub.Refused, "a schedule's run is not repeated: the next one does its work")
	}
	return stays(hub.Refused, "it does not tell where it came from")
}
