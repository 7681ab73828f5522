package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/hub"
	"omnihub/internal/localaws/fault"
	"omnihub/internal/stack"
)

const (
	// drilled is how many records are brought into each dead-letter queue.
	drilled = 6
	// drillStep is how far the clock is moved at a time, longer than a message is hidden.
	drillStep = 185 * time.Second
	// drillSteps bounds how often; Outbound gives a message a hundred receives.
	drillSteps = 130
)

// Drill makes records of Inbound and Outbound fail until they lie in their dead-letter
// queues, mends what made them fail, and moves them back: the queues must hold exactly
// these, all must be worked off, and nothing else may change.
func Drill(ctx context.Context, st *stack.Stack, l Load) (Report, error) {
	report := Report{Scenario: "drill", Seed: l.Seed, Level: None, Ordered: l.Ordered, Scale: l.Scale, Figures: map[string]float64{}}
	l.Level, l.Failpoints, l.Rival, l.Poison = None, 0, false, 0
	start := time.Now()
	r, f, err := beginUnder(ctx, st, l)
	if err != nil {
		return report, err
	}
	d := &drill{run: r, report: &report, touched: map[string]bool{}}
	for _, step := range []func(context.Context) error{d.load, d.failInbound, d.failOutbound, d.redrive, d.rest} {
		if err := step(ctx); err != nil {
			r.tell(&report)
			return report, err
		}
	}
	return report, r.conclude(ctx, &report, f, start)
}

type drill struct {
	*run
	report   *Report
	inbound  []*hook         // events that end in the dead-letter queue
	outbound []intent        // sends that do
	touched  map[string]bool // customers of whom these are
}

// load lets all customers write, so that there is something that must not change.
func (d *drill) load(ctx context.Context) error {
	fresh, err := d.write(ctx, 0, 0, perWave-1, d.Messages)
	if err != nil {
		return err
	}
	if err := d.deliver(ctx, repeat(fresh, 2), 0); err != nil {
		return err
	}
	return d.settle(ctx)
}

// failing lets every call of functions to the tables fail.
func (d *drill) failing(ctx context.Context, functions ...string) error {
	plan := stack.AWSPlan{Seed: int64(d.Seed)}
	for _, function := range functions {
		plan.Rules = append(plan.Rules, fault.Rule{Service: "dynamodb", Caller: function, Fault: fault.Internal, Rate: 1})
	}
	if len(functions) == 0 {
		return d.stack.Faults(ctx, map[string]any{stack.AWS: nil})
	}
	return d.stack.Faults(ctx, map[string]any{stack.AWS: plan})
}

// failInbound lets some customers write while inbound can neither store their messages
// nor keep them aside.
func (d *drill) failInbound(ctx context.Context) error {
	if err := d.failing(ctx, "inbound"); err != nil {
		return err
	}
	now := d.now().Truncate(time.Second)
	for i := range drilled {
		who := d.customer(i)
		d.touched[who.name] = true
		// No ping: it would be too old to be answered by then.
		h, err := d.say(ctx, who, "text", who.shows(0), now)
		if err != nil {
			return err
		}
		d.inbound = append(d.inbound, h)
	}
	d.hooks = append(d.hooks, d.inbound...)
	if err := d.deliver(ctx, slices.Clone(d.inbound), 0); err != nil {
		return err
	}
	return d.await(ctx, "InboundDeadLetters", len(d.inbound))
}

// failOutbound lets the desk write to other customers while outbound cannot read their
// threads, and reconcile cannot look after their sends.
func (d *drill) failOutbound(ctx context.Context) error {
	if err := d.failing(ctx, "outbound", "reconcile"); err != nil {
		return err
	}
	for i := range drilled {
		who := d.customer(drilled + i)
		d.touched[who.name] = true
		to := d.addresses[who.name]
		if err := d.send(ctx, who.channel, d.accountOf(who.channel), to, hub.ClassPerson, hub.TextContent("said in the drill")); err != nil {
			return err
		}
		d.outbound = append(d.outbound, d.desk[len(d.desk)-1])
	}
	return d.await(ctx, "OutboundDeadLetters", len(d.outbound))
}

// await moves the clock until a dead-letter queue holds n messages.
func (d *drill) await(ctx context.Context, name string, n int) error {
	for range drillSteps {
		queues, err := queueCounts(ctx, d.stack)
		if err != nil {
			return err
		}
		got := 0
		for queue, count := range queues {
			if strings.Contains(queue, name) {
				got += count
			}
		}
		if got >= n {
			d.report.Figures["in "+name] = float64(got)
			return nil
		}
		if err := d.advance(ctx, drillStep); err != nil {
			return err
		}
		if err := d.doze(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("chaos: %s does not fill", name)
}

// redrive mends all but reconcile, which would send what lies in the dead-letter queue
// by itself, looks at the dead letters, moves them back and waits until they are worked
// off.
func (d *drill) redrive(ctx context.Context) error {
	if err := d.failing(ctx, "reconcile"); err != nil {
		return err
	}
	if err := d.letters(ctx); err != nil {
		return err
	}
	before, err := d.picture(ctx)
	if err != nil {
		return err
	}
	client := sqs.NewFromConfig(config(d.stack))
	for _, name := range []string{"InboundDeadLetters", "OutboundDeadLetters"} {
		arn, err := d.arn(ctx, client, name)
		if err != nil {
			return err
		}
		if _, err := client.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn}); err != nil {
			return fmt.Errorf("chaos: redrive %s: %w", name, err)
		}
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	after, err := d.picture(ctx)
	if err != nil {
		return err
	}
	return d.compare(ctx, before, after)
}

// rest mends all and lets everything that was put off be done.
func (d *drill) rest(ctx context.Context) error {
	if err := d.failing(ctx); err != nil {
		return err
	}
	if err := d.advance(ctx, 4*time.Minute); err != nil {
		return err
	}
	return d.settle(ctx)
}
