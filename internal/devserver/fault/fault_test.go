package fault

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func find(name string) string {
	switch strings.ToLower(name) {
	case "inbound", "relay":
		return strings.ToLower(name)
	}
	return ""
}

func plan(t *testing.T, text string) *Plan {
	t.Helper()
	p, err := ParsePlan(json.RawMessage(text), find)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestPlanRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, want := range map[string]string{
		`{"dupliacte":1}`:              "dupliacte",
		`{"kill":1.5}`:                 "kill: the rate 1.5",
		`{"throttle":-0.1}`:            "throttle: the rate -0.1",
		`{"duplicate":2}`:              "duplicate",
		`{"unanswered":"often"}`:       "unanswered",
		`{"slow_start_ms":10001}`:      "slow_start_ms: 10001",
		`{"slow_start_ms":-1}`:         "slow_start_ms",
		`{"functions":["inbond"]}`:     "no function inbond",
		`{"stall_streams":true} {}`:    "follows",
		`null`:                         "object",
		``:                             "object",
		`[]`:                           "object",
		`{"seed":1.5}`:                 "seed",
		`{"kill":0.1,"functions":"x"}`: "functions",
	} {
		if _, err := ParsePlan(json.RawMessage(text), find); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", text, err, want)
		}
	}
	p := plan(t, `{"seed":1,"duplicate":0.05,"unanswered":0.05,"throttle":0.05,"kill":0.02,"slow_start_ms":0,"functions":["Inbound"],"stall_streams":false}`)
	if len(p.Functions) != 1 || p.Functions[0] != "inbound" || p.Kill != 0.02 {
		t.Errorf("got %+v, want the plan for inbound", p)
	}
}

func TestNothingStrikesWithoutAPlan(t *testing.T) {
	var none *Faults
	for _, f := range []*Faults{none, {}} {
		e := f.Event("inbound", []byte(`{}`))
		_, killed := e.Killed()
		if e.Throttled() || e.Unanswered() || e.Duplicated() || killed || f.SlowStart("inbound") != 0 || f.Stalled("inbound") != nil {
			t.Error("something struck, want nothing")
		}
	}
	f := &Faults{}
	f.Set(plan(t, `{"throttle":1,"kill":1,"stall_streams":true,"slow_start_ms":5,"functions":["inbound"]}`))
	if e := f.Event("relay", nil); e.Throttled() || f.Stalled("relay") != nil || f.SlowStart("relay") != 0 {
		t.Error("a function that the plan does not name was struck")
	}
	if e := f.Event("inbound", nil); !e.Throttled() || f.Stalled("inbound") == nil || f.SlowStart("inbound") != 5*time.Millisecond {
		t.Error("the function that the plan names was not struck")
	}
	f.Set(nil)
	if f.Event("inbound", nil).Throttled() || f.Plan() != nil {
		t.Error("an ended plan struck")
	}
}

// throws writes down what strikes an event that is given n times.
func throws(f *Faults, function, event string, n int) string {
	out := ""
	for range n {
		e := f.Event(function, []byte(event))
		share, killed := e.Killed()
		out += fmt.Sprint(e.Throttled(), e.Unanswered(), e.Duplicated(), killed, share, ";")
	}
	return out
}

func TestThrowsDependOnSeedFunctionEventAndHowOften(t *testing.T) {
	with := func(seed int) *Faults {
		f := &Faults{}
		f.Set(plan(t, fmt.Sprintf(`{"seed":%d,"throttle":0.5,"unanswered":0.5,"duplicate":0.5,"kill":0.5}`, seed)))
		return f
	}
	const event = `{"Records":[{"body":"x"}]}`
	want := throws(with(7), "inbound", event, 30)
	busy := with(7)
	throws(busy, "inbound", `{"Records":[{"body":"other"}]}`, 9)
	throws(busy, "relay", event, 5)
	if got := throws(busy, "inbound", event, 30); got != want {
		t.Errorf("between other events: got\n%s, want\n%s", got, want)
	}
	for name, other := range map[string]string{
		"seed": throws(with(8), "inbound", event, 30), "function": throws(with(7), "relay", event, 30), "event": throws(with(7), "inbound", `{}`, 30),
	} {
		if other == want {
			t.Errorf("another %s: got the same throws, want others", name)
		}
	}
}

func TestRatesAreKeptAndCounted(t *testing.T) {
	f := &Faults{}
	f.Set(plan(t, `{"seed":3,"throttle":0.25,"kill":1}`))
	n := 0
	low, high := 1.0, 0.0
	for i := range 2000 {
		e := f.Event("inbound", fmt.Append(nil, i))
		if e.Throttled() {
			n++
		}
		share, killed := e.Killed()
		if low, high = min(low, share), max(high, share); !killed || share < 0 || share >= 1 {
			t.Fatalf("kill at rate 1: got %v at %g of the duration", killed, share)
		}
	}
	if n < 400 || n > 600 {
		t.Errorf("throttled at 0.25: got %d of 2000", n)
	}
	if low > 0.05 || high < 0.95 {
		t.Errorf("moments of kills: got %g to %g, want the whole duration", low, high)
	}
	f.Event("inbound", nil).Died()
	f.Set(nil)
	got := f.Counts()["inbound"]
	if got[Throttle] != (Count{2000, n}) || got[Kill] != (Count{2000, 1}) || len(got) != 2 {
		t.Errorf("counts: got %v, want what struck, also after the plan has ended", got)
	}
}

func TestStallEndsWithThePlan(t *testing.T) {
	f := &Faults{}
	f.Set(plan(t, `{"stall_streams":true}`))
	stalled := f.Stalled("relay")
	select {
	case <-stalled:
		t.Fatal("the stall is over, want it to last")
	default:
	}
	f.Set(nil)
	select {
	case <-stalled:
	case <-time.After(10 * time.Second):
		t.Fatal("the stall outlived its plan")
	}
	if f.Stalled("relay") != nil {
		t.Error("stalled without a plan")
	}
}

func TestEventsAreNamedByWhatAnotherRunWouldRepeat(t *testing.T) {
	same := [][2]string{
		{`{"Records":[{"messageId":"1","receiptHandle":"a","body":"x","attributes":{"MessageDeduplicationId":"d","SentTimestamp":"1"}}]}`,
			`{"Records":[{"messageId":"2","receiptHandle":"b","body":"y","attributes":{"MessageDeduplicationId":"d","SentTimestamp":"2"}},{"body":"z"}]}`},
		{`{"Records":[{"messageId":"1","body":"x"}]}`, `{"Records":[{"messageId":"2","body":"x"}]}`},
		{`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","Keys":{"PK":{"S":"a"}}}}]}`,
			`{"Records":[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"2","Keys":{"PK":{"S":"a"}}}}]}`},
		{`{"rawPath":"/a","body":"b","requestContext":{"requestId":"1","http":{"method":"POST"}}}`,
			`{"rawPath":"/a","body":"b","requestContext":{"requestId":"2","http":{"method":"POST"}}}`},
		{`{"job":"sweep"}`, `{"job":"sweep"}`},
		{`no json`, `no json`},
	}
	seen := map[string]string{}
	for _, pair := range same {
		a, b := identity([]byte(pair[0])), identity([]byte(pair[1]))
		if a != b {
			t.Errorf("%s and %s: got %s and %s, want one name", pair[0], pair[1], a, b)
		}
		if other := seen[a]; other != "" {
			t.Errorf("%s and %s have one name, want two", other, pair[0])
		}
		seen[a] = pair[0]
	}
	if identity([]byte(`{"Records":[{"body":"x"}]}`)) == identity([]byte(`{"Records":[{"body":"y"}]}`)) {
		t.Error("two bodies have one name")
	}
}
