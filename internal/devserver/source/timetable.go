package source

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"omnihub/internal/devserver/gateway"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/schedule"
	"omnihub/internal/devserver/template"
)

// Timetable fires all schedules by the hub's clock.
type Timetable struct {
	Account, Region string
	Now             func() time.Time
	Log             *logs.Log

	mu      sync.Mutex
	entries []*entry
	fired   sync.WaitGroup
}

type entry struct {
	template.Schedule
	function string
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
}

// Add adds a schedule of a function. Rates count from now.
func (t *Timetable) Add(function string, s template.Schedule, invoke Invoker) error {
	when, err := schedule.Parse(s.Expression, s.Zone)
	if err != nil {
		return err
	}
	now := t.Now()
	e := &entry{Schedule: s, function: function, invoke: invoke, when: when, start: now}
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
		out = append(out, p)
	}
	return out
}

// Run fires what falls due until ctx ends, and waits for what it fired.
func (t *Timetable) Run(ctx context.Context) {
	defer t.fired.Wait()
	for {
		due, next := t.due()
		for _, e := range due {
			t.fired.Go(func() { t.fire(e) })
		}
		if next.IsZero() {
			<-ctx.Done()
			return
		}
		if !pause(ctx, next.Sub(t.Now())) {
			return
		}
	}
}

// Passed fires once each schedule whose time has passed, and waits for them. Call
// it while the timetable does not run, after the clock moved.
func (t *Timetable) Passed() []Fired {
	due, _ := t.due()
	return t.fireAll(due)
}

// Tick fires all schedules of a function now and waits for them.
func (t *Timetable) Tick(function string) []Fired {
	t.mu.Lock()
	var entries []*entry
	for _, e := range t.entries {
		if e.function == function {
			entries = append(entries, e)
		}
	}
	t.mu.Unlock()
	return t.fireAll(entries)
}

// due takes the entries whose time has come, plans them anew, and tells the
// earliest time that is to come.
func (t *Timetable) due() (due []*entry, next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.Now()
	for _, e := range t.entries {
		if e.next.IsZero() {
			continue
		}
		if !e.next.After(now) {
			due = append(due, e)
			e.plan(now)
		}
		if !e.next.IsZero() && (next.IsZero() || e.next.Before(next)) {
			next = e.next
		}
	}
	return due, next
}

func (t *Timetable) fireAll(entries []*entry) []Fired {
	out := make([]Fired, len(entries))
	var wg sync.WaitGroup
	for i, e := range entries {
		wg.Go(func() { out[i] = t.fire(e) })
	}
	wg.Wait()
	return out
}

func (t *Timetable) fire(e *entry) Fired {
	result := e.invoke.Invoke(context.Background(), t.event(e), gateway.NewTrace(time.Now()))
	f := Fired{Function: e.function, Schedule: e.Event, Millis: result.Took.Milliseconds()}
	if result.Failure != nil {
		f.Error = result.Failure.Error()
		t.Log.Error("schedule", "a scheduled invocation failed", "function", e.function, "schedule", e.Event, "error", f.Error)
	} else {
		f.Answer = string(result.Payload)
	}
	return f
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
