package fault

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// known has a few operations of each service.
func known(service, operation string) bool {
	return slices.Contains(map[string][]string{
		"dynamodb": {"PutItem", "GetItem", "Query", "BatchWriteItem", "TransactWriteItems"},
		"streams":  {"GetRecords"},
		"sqs":      {"SendMessage", "SendMessageBatch", "ReceiveMessage"},
		"events":   {"PutEvents"},
	}[service], operation)
}

func plan(t testing.TB, seed int64, rules ...string) *Plan {
	t.Helper()
	p, err := Decode(fmt.Appendf(nil, `{"seed":%d,"rules":[%s]}`, seed, strings.Join(rules, ",")), known)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func put(caller, key string) *Call {
	return &Call{Service: "dynamodb", Operation: "PutItem", Caller: caller, Resource: "dev-Messages", Identity: key, Entries: 1}
}

func TestPlansThatCannotBeMeantAreRefusedWithTheReason(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{``, "want a JSON object"},
		{`[]`, "want a JSON object"},
		{`{"seed":1`, "not valid JSON"},
		{`{"seed":1}{}`, "something follows"},
		{`{"seed":1,"rule":[]}`, `unknown member "rule"`},
		{`{"seed":"x"}`, "seed cannot be read from a JSON string"},
		{`{"rules":[{"fault":"drop","rate":1},{"fault":"drop","rates":1}]}`, `rule 2: unknown member "rates"`},
		{`{"rules":[{"fault":"explode","rate":1}]}`, `fault "explode" is unknown`},
		{`{"rules":[{"rate":1}]}`, `fault "" is unknown`},
		{`{"rules":[{"fault":"drop"}]}`, "rate is missing"},
		{`{"rules":[{"fault":"drop","rate":1.1}]}`, "rate is 1.1"},
		{`{"rules":[{"fault":"drop","rate":-0.1}]}`, "rate is -0.1"},
		{`{"rules":[{"fault":"drop","rate":1,"count":-1}]}`, "count is -1"},
		{`{"rules":[{"fault":"slow","rate":1}]}`, "ms is missing"},
		{`{"rules":[{"fault":"slow","rate":1,"ms":-5}]}`, "ms is -5"},
		{`{"rules":[{"fault":"slow","rate":1,"ms":900001}]}`, "ms is 900001"},
		{`{"rules":[{"fault":"drop","rate":1,"ms":5}]}`, `ms means nothing to the fault "drop"`},
		{`{"rules":[{"service":"sns","fault":"drop","rate":1}]}`, `service "sns" is unknown`},
		{`{"rules":[{"service":"sqs","operation":"PutItem","fault":"drop","rate":1}]}`, `operation "PutItem" is none of the service sqs`},
		{`{"rules":[{"operation":"PutItme","fault":"drop","rate":1}]}`, `operation "PutItme" is none of the service *`},
		{`{"rules":[{"service":"dynamodb","operation":"Query","fault":"conflict","rate":1}]}`, `fault "conflict" cannot befall the operation Query`},
		{`{"rules":[{"service":"sqs","fault":"conflict","rate":1}]}`, `fault "conflict" cannot befall`},
		{`{"rules":[{"service":"sqs","operation":"SendMessage","fault":"partial","rate":1}]}`, `fault "partial" cannot befall`},
		{`{"rules":[{"service":"sqs","fault":"stall"}]}`, `fault "stall" cannot befall`},
		{`{"rules":[{"service":"streams","fault":"early","rate":1}]}`, `fault "early" cannot befall`},
	} {
		p, err := Decode([]byte(test.text), known)
		if err == nil || !strings.Contains(err.Error(), test.want) || p != nil {
			t.Errorf("%s: got %v, want an error with %q", test.text, err, test.want)
		}
	}
	if p, err := Decode([]byte(" null\n"), known); p != nil || err != nil {
		t.Errorf("null: got %v, %v, want no plan", p, err)
	}
}

func TestReportNamesTheRulesAsTheyAreInForce(t *testing.T) {
	p := plan(t, 7, `{"service":"dynamodb","fault":"throttle","rate":1,"count":2}`, `{"fault":"down","resource":"Ledger"}`, `{"fault":"drop","rate":0}`)
	for range 5 {
		p.Judge(put("InboundFunction", "a"))
	}
	got, want := p.Report(), &Report{Seed: 7, Rules: []Count{
		{Rule{"dynamodb", "*", "*", "*", "throttle", 1, 2, 0}, 5, 2},
		{Rule{"*", "*", "*", "Ledger", "down", 1, 0, 0}, 0, 0},
		{Rule{"*", "*", "*", "*", "drop", 0, 0, 0}, 3, 0},
	}}
	if fmt.Sprint(*got) != fmt.Sprint(*want) {
		t.Errorf("got %v, want %v", *got, *want)
	}
}

// strikes is which of the calls, each asked about several times, a plan strikes, in
// whatever order and beside whatever else they come.
func strikes(p *Plan, workers int) string {
	var mu sync.Mutex
	hit := map[string]int{}
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < 400; i += workers {
				for range 3 {
					if v := p.Judge(put("inbound", fmt.Sprint(i))); v.Refuse != nil {
						mu.Lock()
						hit[fmt.Sprint(i, v.Refuse.Code)]++
						mu.Unlock()
					}
				}
				p.Judge(put("relay", fmt.Sprint("other ", w, i)))
			}
		})
	}
	wait.Wait()
	return fmt.Sprint(hit)
}

func TestTheSameCallsAreStruckWhateverComesBetween(t *testing.T) {
	const rule = `{"caller":"inbound","fault":"throttle","rate":0.2}`
	want := strikes(plan(t, 3, rule), 1)
	if got := strikes(plan(t, 3, `{"caller":"relay","fault":"drop","rate":0.5}`, rule), 8); got != want {
		t.Errorf("got other strikes with eight workers and another rule:\n%s\nwant\n%s", got, want)
	}
	if got := strikes(plan(t, 4, rule), 1); got == want {
		t.Error("got the same strikes with another seed")
	}
	p := plan(t, 3, rule)
	strikes(p, 4)
	if got := p.Report().Rules[0]; got.Asked != 1200 || got.Struck < 180 || got.Struck > 300 {
		t.Errorf("got %d strikes of %d calls, want about 240 of 1200", got.Struck, got.Asked)
	}
}

func TestAHigherRateStrikesAllThatALowerOneStrikes(t *testing.T) {
	low, high := plan(t, 1, `{"fault":"lose","rate":0.1}`), plan(t, 1, `{"fault":"lose","rate":0.3}`)
	for i := range 500 {
		a, b := low.Judge(put("inbound", fmt.Sprint(i))), high.Judge(put("inbound", fmt.Sprint(i)))
		if a.Lose && !b.Lose {
			t.Fatalf("call %d: struck at the rate 0.1 and not at 0.3", i)
		}
	}
}

func TestRulesMeetFunctionsAndWhoTheyName(t *testing.T) {
	receive := func(caller string) *Call {
		return &Call{Service: "sqs", Operation: "ReceiveMessage", Caller: caller, Resource: "Inbound.fifo"}
	}
	for _, test := range []struct {
		rule, caller string
		call         func(string) *Call
		want         bool
	}{
		{`{"fault":"lose","rate":1}`, "InboundFunction", receive, true},
		{`{"fault":"lose","rate":1}`, "Inbound", receive, true},
		{`{"fault":"lose","rate":1}`, "devserver", receive, false},
		{`{"fault":"lose","rate":1}`, "devserver/Inbound", receive, false},
		{`{"fault":"lose","rate":1}`, "checker", receive, false},
		{`{"fault":"lose","rate":1}`, "hubctl", receive, false},
		{`{"caller":"devserver","fault":"lose","rate":1}`, "devserver", receive, true},
		{`{"caller":"devserver","fault":"lose","rate":1}`, "devserver/Inbound", receive, true},
		{`{"caller":"checker","fault":"lose","rate":1}`, "checker", receive, true},
		{`{"caller":"inbound","fault":"lose","rate":1}`, "InboundFunction", receive, true},
		{`{"caller":"InboundFunction","fault":"lose","rate":1}`, "Inbound", receive, true},
		{`{"caller":"inbound","fault":"lose","rate":1}`, "OutboundFunction", receive, false},
		{`{"caller":"inbound","fault":"lose","rate":1}`, "devserver/Inbound", receive, false},
		{`{"resource":"Inbound","fault":"lose","rate":1}`, "inbound", receive, true},
		{`{"resource":"Outbound","fault":"lose","rate":1}`, "inbound", receive, false},
		{`{"service":"dynamodb","fault":"lose","rate":1}`, "inbound", receive, false},
		{`{"operation":"SendMessage","fault":"lose","rate":1}`, "inbound", receive, false},
	} {
		if got := plan(t, 1, test.rule).Judge(test.call(test.caller)).Lose; got != test.want {
			t.Errorf("%s of %s: got struck %v, want %v", test.rule, test.caller, got, test.want)
		}
	}
	for caller, want := range map[string]bool{"devserver": true, "devserver/InboundFunction": true, "devserver/Outbound": false, "inbound": true, "checker": false} {
		p := plan(t, 1, `{"caller":"inbound","fault":"duplicate","rate":1}`)
		if got := p.Hide(receive(caller), false, time.Minute) == 0; got != want {
			t.Errorf("a duplicate of the queue of inbound, received by %s: got %v, want %v", caller, got, want)
		}
	}
	if p := plan(t, 1, `{"fault":"stall"}`); !p.Judge(&Call{Service: "streams", Operation: "GetRecords", Caller: "devserver"}).Hold {
		t.Error("a stall of every function: the devserver's reader was not held")
	}
}

func TestAPartOfABatchIsLeftAnywhereInIt(t *testing.T) {
	places := make([]int, 10)
	p := plan(t, 1, `{"service":"sqs","fault":"partial","rate":1}`)
	for i := range 200 {
		v := p.Judge(&Call{Service: "sqs", Operation: "SendMessageBatch", Caller: "ingress", Resource: "q", Identity: fmt.Sprint(i), Entries: 10})
		left := 0
		for at, unserved := range v.Unserved {
			if unserved {
				places[at]++
				left++
			}
		}
		if left == 0 || left == 10 {
			t.Fatalf("got %d of 10 entries left undone, want some and not all", left)
		}
	}
	for at, n := range places {
		if n < 50 || n > 150 {
			t.Errorf("entry %d: left undone in %d of 200 batches, want about half", at, n)
		}
	}
	one := func(service, operation string) []bool {
		return plan(t, 1, `{"fault":"partial","rate":1}`).Judge(&Call{Service: service, Operation: operation, Caller: "x", Entries: 1}).Unserved
	}
	if got := one("events", "PutEvents"); len(got) != 1 || !got[0] {
		t.Errorf("one event: got %v, want it left undone", got)
	}
	if got := one("dynamodb", "BatchWriteItem"); got != nil {
		t.Errorf("one item: got %v; DynamoDB answers an error if it serves none", got)
	}
}

func TestOneEndingStrikesAndOthersAdd(t *testing.T) {
	p := plan(t, 1, `{"fault":"slow","rate":1,"ms":20}`, `{"fault":"slow","rate":1,"ms":30}`, `{"fault":"drop","rate":1}`,
		`{"fault":"partial","rate":1}`, `{"fault":"down"}`, `{"fault":"lose","rate":1}`)
	v := p.Judge(&Call{Service: "events", Operation: "PutEvents", Caller: "relay", Entries: 4})
	if v.Delay != 50*time.Millisecond || !v.Drop || v.Unserved == nil || v.Refuse == nil || v.Refuse.Status != 503 || v.Lose {
		t.Errorf("got %+v, want a delay of 50 ms, a drop, a partial batch and an outage", v)
	}
	if got := p.Report().Rules[5].Asked; got != 0 {
		t.Errorf("got the rule after the end asked %d times, want 0", got)
	}
}

func TestVisibilityEndsEarlyWithinItsTime(t *testing.T) {
	message := func(i int) *Call {
		return &Call{Service: "sqs", Operation: "ReceiveMessage", Caller: "devserver", Resource: "q", Identity: fmt.Sprint(i)}
	}
	p := plan(t, 1, `{"fault":"early","rate":1}`)
	early := 0
	for i := range 100 {
		got := p.Hide(message(i), true, time.Minute)
		if got <= 0 || got >= time.Minute {
			t.Fatalf("got hidden for %v, want more than 0 and less than a minute", got)
		}
		if got < 30*time.Second {
			early++
		}
	}
	if early < 30 || early > 70 {
		t.Errorf("got %d of 100 ends in the first half, want about half", early)
	}
	if got := plan(t, 1, `{"fault":"early","rate":1,"ms":70000}`).Hide(message(1), false, time.Minute); got != time.Minute {
		t.Errorf("got hidden for %v, want no longer than the visibility timeout", got)
	}
	p = plan(t, 1, `{"fault":"duplicate","rate":1}`)
	if got := p.Hide(message(1), true, time.Minute); got != time.Minute || p.Report().Rules[0].Asked != 0 {
		t.Errorf("a FIFO queue gave a duplicate: got hidden for %v", got)
	}
}

func TestATransactionNamesTheItemThatStoppedIt(t *testing.T) {
	p := plan(t, 1, `{"fault":"conflict","rate":1}`)
	seen := map[string]bool{}
	for i := range 60 {
		e := p.Judge(&Call{Service: "dynamodb", Operation: "TransactWriteItems", Caller: "inbound", Identity: fmt.Sprint(i), Entries: 3}).Refuse
		if e.Code != "TransactionCanceledException" {
			t.Fatalf("got %s, want TransactionCanceledException", e.Code)
		}
		seen[e.Message[strings.Index(e.Message, "["):]] = true
	}
	for _, want := range []string{"[TransactionConflict, None, None]", "[None, TransactionConflict, None]", "[None, None, TransactionConflict]"} {
		if !seen[want] {
			t.Errorf("got the reasons %v, want %s among them", seen, want)
		}
	}
	throttled := map[string]bool{}
	p = plan(t, 1, `{"fault":"throttle","rate":1}`)
	for i := range 60 {
		throttled[p.Judge(&Call{Service: "dynamodb", Operation: "TransactWriteItems", Caller: "inbound", Identity: fmt.Sprint(i), Entries: 3}).Refuse.Code] = true
	}
	if len(throttled) != 3 {
		t.Errorf("got the errors %v, want a cancellation and two refusals", throttled)
	}
}

func BenchmarkJudge(b *testing.B) {
	p := plan(b, 1, `{"fault":"throttle","rate":0.2}`, `{"fault":"drop","rate":0.05}`, `{"service":"sqs","fault":"partial","rate":0.1}`)
	c := put("inbound", "T#team#U#abcdefghijklmnop M#1767323045000#wamid")
	for b.Loop() {
		p.Judge(c)
	}
}
