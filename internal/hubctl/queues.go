package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"omnihub/internal/queue"
)

// listQueues shows the queues of a stack, each with its dead-letter queue.
func (c *control) listQueues(ctx context.Context, args []string) error {
	f := newFlags("queues")
	stack, peek := f.stack(), f.Bool("age", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	list, err := c.stackQueues(ctx, *stack)
	if err != nil {
		return err
	}
	graves := map[string]queue.Stock{}
	for _, s := range list {
		graves[s.ARN] = s
	}
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "queue\tvisible\tin flight\tdelayed\toldest\tdead letters")
	for _, s := range list {
		oldest := "-"
		if *peek && isGrave(s, list) && s.Visible > 0 {
			if oldest, err = c.oldest(ctx, s); err != nil {
				return err
			}
		}
		dead := "-"
		if g, ok := graves[s.Grave]; ok {
			dead = fmt.Sprintf("%d in %s", g.Visible+g.InFlight, g.Logical)
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\t%s\n", s.Logical, s.Visible, s.InFlight, s.Delayed, oldest, dead)
	}
	return t.Flush()
}

// isGrave tells whether a queue holds dead letters: of another queue, or of rules and
// schedules, which its name tells.
func isGrave(s queue.Stock, list []queue.Stock) bool {
	for _, other := range list {
		if other.Grave == s.ARN {
			return true
		}
	}
	return strings.HasSuffix(s.Logical, "DeadLetters")
}

// oldest looks through a dead-letter queue for its oldest message that can be seen.
func (c *control) oldest(ctx context.Context, s queue.Stock) (string, error) {
	d := &queue.Queue{Client: c.queues, URL: s.URL}
	var first queue.Dead
	_, err := d.Look(ctx, c.pause, func(m queue.Dead) (queue.Verdict, error) {
		if first.Sent == 0 || m.Sent < first.Sent {
			first = m
		}
		return queue.Leave, nil
	})
	return age(first.Sent, c.now()), err
}
