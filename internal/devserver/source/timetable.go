package source

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/schedule"
	"omnihub/internal/devserver/template"
)

// Timetable fires all schedules by the hub's clock. As the services do, it hands each
// event to Lambda's asynchronous side, which tries again where the function fails.
type Timetable struct {
	Account, Region string
	Now             func() time.Time
	Log             *logs.Log

	// Keep sends a message to the queue with the ARN: the record of an event that was
	// given up, for functions that name a queue for it.
	Keep func(ctx context.Context, queueARN, body string) error

	mu      sync.Mutex
	entries []*entry
	again   []*delivery   // failed, to be tried again
	woken   chan struct{} // has an element when again has grown
	fired   sync.WaitGroup
}

type entry struct {
	template.Schedule
	function string
	arn      string // of the function
	async    template.Async
	invoke   Invoker
	when     *schedule.Schedule
	start    time.Time
	next     time.Time // zero = never
}

// Fired is the outcome of one firing.
type Fired struct {
	Function string `json:"function"`
	Schedule string `json:"schedule"`
	Error    string `json:"error,omitempty"`
	Answer   string `json:"answer,omitempty"`
	Millis   int64  `json:"ms"`
}

// Planned is a schedule as the state page shows it.
type Planned struct {
	Function   string     `json:"function"`
	Schedule   string     `json:"schedule"`
	Expression string     `json:"expression"`
	Next       *time.Time `json:"next,omitempty"`
	Again      *time.Time `json:"again,omitempty"` // when a failed event is tried again
}

// Add adds a schedule of a function. Rates count from now.
func (t *Timetable) Add(f *template.Function, s template.Schedule, invoke Invoker) error {
	when, err := schedule.Parse(s.Expression, s.Zone)
	if err != nil {
		return err
	}
	now := t.Now()
	e := &entry{Schedule: s, function: f.ID, arn: f.ARN, async: f.Async, invoke: invoke, when: when, start: now}
	if !s.Start.IsZero() {
		e.start = s.Start
	}
	e.plan(now)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries = append(t.entries, e)
	return nil
}

// plan settles the next time after now.
func (e *entry) plan(now time.Time) {
	if now.Before(e.Start) {
		now = e.Start.Add(-time.Nanosecond)
	}
	e.next = e.when.Next(e.start, now)
	if !e.End.IsZero() && e.next.After(e.End) {
		e.next = time.Time{}
	}
}

// Plan lists the schedules.
func (t *Timetable) Plan() []Planned {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := []Planned{}
	for _, e := range t.entries {
		p := Planned{Function: e.function, Schedule: e.Event, Expression: e.Expression}
		if !e.next.IsZero() {
			next := e.next.UTC()
			p.Next = &next
		}
		for _, d := range t.again {
			if at := d.next.UTC(); d.entry == e && (p.Again == nil || at.Before(*p.Again)) {
				p.Again = &at
			}
		}
		out = append(out, p)
	}
	return out
}

// Run fires what falls due until ctx ends, and waits for what it fired.
func (t *Timetable) Run(ctx context.Context) {
	defer t.fired.Wait()
	for {
		due, next := t.due()
		for _, d := range due {
			t.fired.Go(func() { t.try(d) })
		}
		timer := time.NewTimer(max(0, next.Sub(t.Now())))
		if next.IsZero() {
			timer.Stop()
		}
		select {
		case <-timer.C:
		case <-t.wake():
		case <-ctx.Done():
			timer.Stop()
			return
		}
		timer.Stop()
	}
}

// wake is the channel that tells Run of a delivery to be tried again.
func (t *Timetable) wake() chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.woken == nil {
		t.woken = make(chan struct{}, 1)
	}
	return t.woken
}

// Passed fires once each schedule whose time has passed, tries again what failed and
// is due again, and waits for all of it. Call it while the timetable does not run,
// after the clock moved.
func (t *Timetable) Passed() []Fired {
	due, _ := t.due()
	return t.tryAll(due)
}

// Tick fires all schedules of a function now and waits for them.
func (t *Timetable) Tick(function string) []Fired {
	t.mu.Lock()
	var firing []*delivery
	for _, e := range t.entries {
		if e.function == function {
			firing = append(firing, t.newDelivery(e))
		}
	}
	t.mu.Unlock()
	return t.tryAll(firing)
}

// due takes what has come due: deliveries of the schedules, which are planned anew,
// and those that failed. It tells the earliest time that is to come.
func (t *Timetable) due() (due []*delivery, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	waiting := t.again
	t.again = nil
	for _, d := range waiting {
		if !d.next.After(now) {
			due = append(due, d)
			continue
		}
		t.again = append(t.again, d)
		if next.IsZero() || d.next.Before(next) {
			next = d.next
		}
	}
	for _, e := range t.entries {
		if e.next.IsZero() {
			continue
		}
		if !e.next.After(now) {
			due = append(due, t.newDelivery(e))
			e.plan(now)
		}
		if !e.next.IsZero() && (next.IsZero() || e.next.Before(next)) {
			next = e.next
		}
	}
	return due, next
}

// event is the schedule's input as it stands, with Scheduler's attributes filled
// in, or without input the service's envelope.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
func (t *Timetable) event(e *entry) []byte {
	now, id := stamp(t.Now()), newEventID()
	arn := "arn:aws:scheduler:" + t.Region + ":" + t.Account + ":schedule/default/" + e.Name
	if e.Rule {
		arn = "arn:aws:events:" + t.Region + ":" + t.Account + ":rule/" + e.Name
	}
	if e.Input != "" {
		if e.Rule {
			return []byte(e.Input)
		}
		return []byte(strings.NewReplacer("<aws.scheduler.schedule-arn>", arn, "<aws.scheduler.scheduled-time>", now,
			"<aws.scheduler.execution-id>", id, "<aws.scheduler.attempt-number>", "1").Replace(e.Input))
	}
	source, detail := "aws.scheduler", any("{}")
	if e.Rule {
		source, detail = "aws.events", any(struct{}{})
	}
	out, _ := json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": "Scheduled Event", "source": source, "account": t.Account, "time": now,
		"region": t.Region, "resources": []string{arn}, "detail": detail,
	})
	return out
}
