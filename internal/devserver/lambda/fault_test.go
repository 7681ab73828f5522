package lambda

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"
	"time"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/logs"
)

// faulty is a function of a host under the plan.
func faulty(t *testing.T, plan string) (*Function, *fault.Faults) {
	t.Helper()
	h, _ := host(t)
	h.Faults = &fault.Faults{}
	f := h.Add(config("Act"))
	p, err := fault.ParsePlan(json.RawMessage(plan), func(name string) string { return name })
	if err != nil {
		t.Fatal(err)
	}
	h.Faults.Set(&p)
	return f, h.Faults
}

func TestThrottledInvocationStartsNothing(t *testing.T) {
	f, faults := faulty(t, `{"throttle":1}`)
	wantFailure(t, invoke(f, `{"do":"stream"}`), Throttled, "TooManyRequestsException", "Rate Exceeded.")
	if got := len(f.host.Processes()["Act"]); got != 0 {
		t.Errorf("processes: got %d, want none", got)
	}
	faults.Set(nil)
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	if got := faults.Counts()["act"][fault.Throttle]; got != (fault.Count{Asked: 1, Struck: 1}) {
		t.Errorf("count: got %+v, want one of one", got)
	}
}

func TestUnansweredInvocationHasDoneItsWork(t *testing.T) {
	f, faults := faulty(t, `{"unanswered":1}`)
	wantFailure(t, invoke(f, `{"do":"pid"}`), Lost, "ServiceException", "did not arrive")
	if got := f.host.Processes()["Act"]; len(got) != 1 || got[0].Events != 1 {
		t.Errorf("processes: got %+v, want one that had the event", got)
	}
	wantFailure(t, invoke(f, `{"do":"error","text":"bad order"}`), Reported, "refusedError", "bad order")
	if got := faults.Counts()["act"][fault.Unanswered]; got != (fault.Count{Asked: 1, Struck: 1}) {
		t.Errorf("count: got %+v, want the answer only, and not the error", got)
	}
}

func TestKillStrikesWithinTheUsualDuration(t *testing.T) {
	f, faults := faulty(t, `{}`)
	const usual = 150 * time.Millisecond
	wantAnswer(t, invoke(f, `{"do":"sleep","wait":"150ms"}`), `"slept"`)
	faults.Set(&fault.Plan{Kill: 1})
	var moments []time.Duration
	for range 6 {
		r := invoke(f, `{"do":"sleep","wait":"1m"}`)
		wantFailure(t, r, Crashed, "Runtime.ExitError", "signal: killed")
		moments = append(moments, r.Took)
	}
	for _, m := range moments {
		if m > 20*usual {
			t.Errorf("moments of death: got %v, want them within about %s", moments, usual)
			break
		}
	}
	if got := faults.Counts()["act"][fault.Kill]; got != (fault.Count{Asked: 6, Struck: 6}) {
		t.Errorf("count: got %+v, want 6 of 6", got)
	}
	faults.Set(nil)
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
}

func TestKillSparesWhoHasAnswered(t *testing.T) {
	f, faults := faulty(t, `{}`)
	wantAnswer(t, invoke(f, `{"do":"sleep","wait":"1s"}`), `"slept"`)
	faults.Set(&fault.Plan{Kill: 1, Seed: 2})
	for range 50 {
		if r := invoke(f, `{"do":"stream"}`); r.Failure != nil && r.Failure.Kind != Crashed {
			t.Fatalf("got %v, want an answer or a death", r.Failure)
		}
	}
	got := faults.Counts()["act"][fault.Kill]
	if got.Asked != 50 || got.Struck == 50 {
		t.Errorf("count: got %+v, want some of 50 spared, since they end long before the usual duration", got)
	}
}

func TestSlowStartHoldsTheFirstEventBack(t *testing.T) {
	f, faults := faulty(t, `{"slow_start_ms":400}`)
	began := time.Now()
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("first event: took %s, want 400 ms at least", took)
	}
	first := invoke(f, `{"do":"pid"}`)
	if again := invoke(f, `{"do":"pid"}`); !bytes.Equal(first.Payload, again.Payload) {
		t.Error("a warm process was started again")
	}
	if got := faults.Counts()["act"][fault.SlowStart].Struck; got != 1 {
		t.Errorf("count: got %d, want 1", got)
	}
}

func TestHostClosesWhileAStartIsHeldBack(t *testing.T) {
	h := NewHost(logs.New(io.Discard, false, false))
	h.Faults = &fault.Faults{}
	h.Faults.Set(&fault.Plan{SlowStartMS: 10_000})
	h.Add(config("Act")).Warm()
	began := time.Now()
	h.Close()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("close: took %s, want no wait for the start", took)
	}
}
