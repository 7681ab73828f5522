package source

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

// failing fails so many times, and then goes on well.
func failing(times int) *function {
	f := &function{}
	f.answer = func(batch) lambda.Result {
		if f.count() <= times {
			return lambda.Result{ID: "r", Failure: &lambda.Failure{Kind: lambda.Crashed, Type: "Runtime.ExitError", Message: "gone"}}
		}
		return lambda.Result{Payload: []byte(`"well"`)}
	}
	return f
}

func (tt *Timetable) mustAsync(t *testing.T, async template.Async, f *function) {
	t.Helper()
	if err := tt.Add(&template.Function{ID: "A", ARN: "arn:f", Async: async}, template.Schedule{Event: "E", Expression: "rate(1 day)"}, f); err != nil {
		t.Fatal(err)
	}
}

func TestFailedEventIsTriedAgainAfterOneMinuteAndThenTwo(t *testing.T) {
	tt, clock := timetable(t)
	f := failing(2)
	tt.mustAsync(t, template.Async{Retries: 2, MaxAge: 6 * time.Hour}, f)
	if got := tt.Tick("A"); len(got) != 1 || got[0].Error == "" {
		t.Fatalf("tick: got %+v, want the failure", got)
	}
	if p := tt.Plan()[0]; p.Again == nil || p.Again.Sub(clock.Now()) > time.Minute {
		t.Errorf("plan: got %+v, want another try within a minute", p)
	}
	steps := []struct {
		wait  time.Duration
		tries int
	}{{59 * time.Second, 1}, {2 * time.Second, 2}, {118 * time.Second, 2}, {3 * time.Second, 3}, {time.Hour, 3}}
	for _, s := range steps {
		clock.Advance(s.wait)
		tt.Passed()
		if f.count() != s.tries {
			t.Fatalf("%s later: got %d tries, want %d", s.wait, f.count(), s.tries)
		}
	}
	if f.payloads[0] != f.payloads[1] || f.payloads[1] != f.payloads[2] {
		t.Errorf("payloads: got %q, want one event three times", f.payloads)
	}
	if p := tt.Plan()[0]; p.Again != nil {
		t.Errorf("plan: got %+v, want no further try", p)
	}
}

func TestEventThatWasGivenUpGoesToTheFunctionsQueue(t *testing.T) {
	cases := []struct {
		name      string
		async     template.Async
		kind      lambda.Kind
		tries     int
		condition string // "" = nothing is kept
	}{
		{"all tries failed", template.Async{Retries: 2, MaxAge: 6 * time.Hour, OnFailure: "arn:q"}, lambda.Reported, 3, "RetriesExhausted"},
		{"no retries", template.Async{MaxAge: 6 * time.Hour, OnFailure: "arn:q"}, lambda.TimedOut, 1, "RetriesExhausted"},
		{"too old for a third try", template.Async{Retries: 2, MaxAge: 2 * time.Minute, OnFailure: "arn:q"}, lambda.NotReady, 2, "EventAgeExceeded"},
		{"no queue", template.Async{Retries: 1, MaxAge: 6 * time.Hour}, lambda.Crashed, 2, ""},
		{"not taken", template.Async{Retries: 2, MaxAge: 6 * time.Hour, OnFailure: "arn:q"}, lambda.Refused, 1, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tt, clock := timetable(t)
			f := &function{answer: func(batch) lambda.Result {
				return lambda.Result{ID: "r", Failure: &lambda.Failure{Kind: c.kind, Type: "E", Message: "no"}}
			}}
			tt.mustAsync(t, c.async, f)
			var kept []string
			tt.Keep = func(_ context.Context, queue, body string) error {
				kept = append(kept, queue, body)
				return nil
			}
			tt.Tick("A")
			for range 3 {
				clock.Advance(3 * time.Minute / 2)
				tt.Passed()
			}
			if f.count() != c.tries {
				t.Errorf("tries: got %d, want %d", f.count(), c.tries)
			}
			if c.condition == "" {
				if kept != nil {
					t.Errorf("kept: got %v, want nothing", kept)
				}
				return
			}
			if len(kept) != 2 || kept[0] != "arn:q" {
				t.Fatalf("kept: got %v, want one record in arn:q", kept)
			}
			var rec asyncRecord
			if err := json.Unmarshal([]byte(kept[1]), &rec); err != nil {
				t.Fatal(err)
			}
			if rec.RequestContext != (asyncRequest{"r", "arn:f:$LATEST", c.condition, c.tries}) || string(rec.RequestPayload) != f.payloads[0] ||
				(*rec.ResponsePayload)["errorMessage"] != "no" || rec.ResponseContext.Error != "Unhandled" {
				t.Errorf("record: got %s", kept[1])
			}
		})
	}
}

func TestEventThatGrewTooOldIsNotTriedAgain(t *testing.T) {
	tt, clock := timetable(t)
	f := failing(9)
	tt.mustAsync(t, template.Async{Retries: 2, MaxAge: 2 * time.Minute, OnFailure: "arn:q"}, f)
	var kept string
	tt.Keep = func(_ context.Context, _, body string) error {
		kept = body
		return nil
	}
	tt.Tick("A")
	clock.Advance(10 * time.Minute)
	if got := tt.Passed(); len(got) != 1 || got[0].Error == "" || f.count() != 1 {
		t.Errorf("ten minutes later: got %+v after %d tries, want the event given up after one", got, f.count())
	}
	var rec asyncRecord
	if err := json.Unmarshal([]byte(kept), &rec); err != nil || rec.RequestContext.Condition != "EventAgeExceeded" || rec.RequestContext.Tries != 1 || rec.RequestContext.ID == "" || rec.ResponseContext != nil {
		t.Errorf("record: got %s, %v", kept, err)
	}
}

func TestRunningTimetableTriesAgain(t *testing.T) {
	tt, clock := timetable(t)
	f := failing(1)
	tt.mustAsync(t, template.Async{Retries: 1}, f)
	var before, after atomic.Int32
	tt.Now = func() time.Time {
		if f.count() == 0 {
			before.Add(1)
			return clock.Now()
		}
		if after.Add(1) == 1 { // plans the second try
			return clock.Now()
		}
		return clock.Now().Add(retryStep - 50*time.Millisecond)
	}
	run(t, tt)
	eventually(t, "waits for tomorrow", func() bool { return before.Load() == 2 })
	tt.Tick("A")
	eventually(t, "tried again", func() bool { return f.count() == 2 })
}

func TestThrottledEventWaitsAndUsesUpNoTry(t *testing.T) {
	tt, clock := timetable(t)
	f := &function{}
	f.answer = func(batch) lambda.Result {
		switch n := f.count(); {
		case n <= 2:
			return throttled()
		case n == 3:
			return lambda.Result{Failure: &lambda.Failure{Kind: lambda.Lost, Type: "ServiceException", Message: "gone"}}
		case n == 4:
			return failed()
		}
		return lambda.Result{Payload: []byte(`"well"`)}
	}
	tt.mustAsync(t, template.Async{Retries: 1, MaxAge: 6 * time.Hour}, f)
	if got := tt.Tick("A"); len(got) != 1 || got[0].Error == "" {
		t.Fatalf("tick: got %+v, want the failure", got)
	}
	steps := []struct {
		wait  time.Duration
		tries int
	}{{900 * time.Millisecond, 1}, {200 * time.Millisecond, 2}, {1900 * time.Millisecond, 2}, {200 * time.Millisecond, 3}, {4100 * time.Millisecond, 4}, {61 * time.Second, 5}, {time.Hour, 5}}
	for _, s := range steps {
		clock.Advance(s.wait)
		tt.Passed()
		if f.count() != s.tries {
			t.Fatalf("%s later: got %d tries, want %d", s.wait, f.count(), s.tries)
		}
	}
}
