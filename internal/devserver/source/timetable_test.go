package source

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

func timetable(t *testing.T) (*Timetable, *clock) {
	c := newCloud(t, 1)
	return &Timetable{Account: "000000000000", Region: "ap-east-1", Now: c.clock.Now, Log: c.log}, c.clock
}

func (tt *Timetable) must(t *testing.T, function string, s template.Schedule, f *function) {
	t.Helper()
	if err := tt.Add(&template.Function{ID: function, ARN: "arn:aws:lambda:x:1:function:" + function}, s, f); err != nil {
		t.Fatal(err)
	}
}

func TestInputIsPassedExactlyAndEnvelopeWithout(t *testing.T) {
	tt, _ := timetable(t)
	input, envelope, rule, filled := &function{}, &function{}, &function{}, &function{}
	tt.must(t, "A", template.Schedule{Expression: "rate(1 hour)", Input: `{ "job" : "due" }`}, input)
	tt.must(t, "B", template.Schedule{Name: "hub-B", Expression: "rate(1 hour)"}, envelope)
	tt.must(t, "C", template.Schedule{Name: "hub-C", Expression: "rate(1 hour)", Rule: true}, rule)
	tt.must(t, "D", template.Schedule{Name: "hub-D", Expression: "rate(1 hour)", Input: `{"arn":"<aws.scheduler.schedule-arn>","n":"<aws.scheduler.attempt-number>"}`}, filled)
	for _, id := range []string{"A", "B", "C", "D"} {
		if got := tt.Tick(id); len(got) != 1 || got[0].Error != "" || got[0].Function != id {
			t.Errorf("tick %s: got %+v", id, got)
		}
	}
	if got, want := input.payloads[0], `{ "job" : "due" }`; got != want {
		t.Errorf("input: got %s, want %s", got, want)
	}
	for _, want := range []string{`"source":"aws.scheduler"`, `"detail":"{}"`, `"detail-type":"Scheduled Event"`, `"resources":["arn:aws:scheduler:ap-east-1:000000000000:schedule/default/hub-B"]`} {
		if !strings.Contains(envelope.payloads[0], want) {
			t.Errorf("envelope: got %s, want %s in it", envelope.payloads[0], want)
		}
	}
	for _, want := range []string{`"source":"aws.events"`, `"detail":{}`, `"resources":["arn:aws:events:ap-east-1:000000000000:rule/hub-C"]`} {
		if !strings.Contains(rule.payloads[0], want) {
			t.Errorf("rule: got %s, want %s in it", rule.payloads[0], want)
		}
	}
	if got, want := filled.payloads[0], `{"arn":"arn:aws:scheduler:ap-east-1:000000000000:schedule/default/hub-D","n":"1"}`; got != want {
		t.Errorf("attributes: got %s, want %s", got, want)
	}
}

func TestPassedSchedulesFireOnceEach(t *testing.T) {
	tt, clock := timetable(t)
	often, rare, far := &function{}, &function{}, &function{}
	tt.must(t, "Often", template.Schedule{Event: "E", Expression: "rate(1 minute)"}, often)
	tt.must(t, "Rare", template.Schedule{Event: "E", Expression: "rate(1 hour)"}, rare)
	tt.must(t, "Far", template.Schedule{Event: "E", Expression: "rate(1 day)"}, far)
	if got := tt.Passed(); len(got) != 0 {
		t.Errorf("before the clock moved: got %+v fired", got)
	}
	clock.Advance(2 * time.Hour)
	if got := tt.Passed(); len(got) != 2 {
		t.Errorf("after two hours: got %+v fired, want two", got)
	}
	if often.count() != 1 || rare.count() != 1 || far.count() != 0 {
		t.Errorf("fired: got %d, %d, %d, want 1, 1, 0", often.count(), rare.count(), far.count())
	}
	if got := tt.Passed(); len(got) != 0 {
		t.Errorf("a second time: got %+v fired", got)
	}
	for _, p := range tt.Plan() {
		if p.Next == nil || !p.Next.After(clock.Now()) {
			t.Errorf("%s: next is %v, want it after %s", p.Function, p.Next, clock.Now())
		}
	}
}

func TestRunningTimetableFiresWhatFallsDue(t *testing.T) {
	tt, clock := timetable(t)
	f := &function{answer: func(batch) lambda.Result { return failed() }}
	tt.must(t, "A", template.Schedule{Expression: "rate(1 minute)"}, f)
	clock.Advance(60*time.Second - 50*time.Millisecond)
	run(t, tt)
	eventually(t, "fired", func() bool { return f.count() == 1 })
}

func TestScheduleKeepsToItsStartAndEnd(t *testing.T) {
	tt, clock := timetable(t)
	f := &function{}
	now := clock.Now()
	tt.must(t, "A", template.Schedule{Expression: "rate(1 hour)", Start: now.Add(10 * time.Hour), End: now.Add(12*time.Hour + time.Minute)}, f)
	fired := 0
	for range 20 {
		clock.Advance(time.Hour)
		fired += len(tt.Passed())
	}
	if fired != 2 {
		t.Errorf("fired: got %d times, want 2 (at start + 1 h and + 2 h)", fired)
	}
	if p := tt.Plan()[0]; p.Next != nil {
		t.Errorf("after the end: next is %s, want none", p.Next)
	}
}
