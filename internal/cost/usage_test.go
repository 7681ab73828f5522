package main

import (
	"math"
	"strings"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// plain is a model with round figures: each call takes 10 ms at 1 GB, nothing else
// takes time, and a platform 100 ms.
func plain() *Model {
	a := &Assumptions{}
	a.CPU.FullMB, a.Logs.GB, a.Month.Days, a.Month.Messages = 1024, 1e9, 30, million
	a.WaitMS.SQS, a.WaitMS.DynamoDB, a.WaitMS.Events, a.WaitMS.KMS, a.WaitMS.S3, a.WaitMS.Platform = 10, 10, 10, 10, 10, 100
	a.PlatformCalls.PerMessage = map[string]float64{"Out": 1}
	a.Polling.Pollers, a.Polling.WaitS = 5, 20
	p := &Plant{
		Functions: map[string]Function{
			"Edge": {Memory: 1024, Trigger: byHTTP}, "In": {Memory: 1024, Trigger: byQueue, Queue: "in.fifo"},
			"Out": {Memory: 1024, Trigger: byQueue, Queue: "out.fifo"}, "Ask": {Memory: 1024, Trigger: byQueue, Queue: "ask"},
			"Relay": {Memory: 1024, Trigger: byStream}, "Tick": {Memory: 1024, Trigger: bySchedule, Monthly: 100},
		},
		Queues: map[string]bool{"in.fifo": true, "out.fifo": true, "ask": false}, Fed: []string{"in.fifo", "ask"}, Keys: 2, Alarms: 3,
	}
	return &Model{Plant: p, Assume: a, Measured: &Measured{}}
}

func plainPrices() *Prices {
	per := func(usd float64) Price { return Price{USD: usd, Per: million} }
	return &Prices{Items: map[string]Price{
		"httpapi.request": per(1), "lambda.request": per(0.2), "lambda.gbsecond": {USD: 0.00001, Per: 1}, "sqs.fifo.request": per(0.5),
		"sqs.standard.request": per(0.4), "dynamodb.wru": per(0.625), "dynamodb.rru": per(0.125), "eventbridge.event": per(1),
		"kms.request": per(3), "s3.put": per(5), "logs.gb": {USD: 0.5, Per: 1}, "scheduler.invocation": per(1),
		"kms.key": {USD: 1, Per: 1}, "cloudwatch.alarm": {USD: 0.1, Per: 1},
	}}
}

var text = Scenario{Name: "text", Counts: []Count{
	{Function: "Edge", Operation: "SendMessageBatch", Resource: "in.fifo", Calls: 1},
	{Function: "In", Operation: "UpdateItem", Resource: "T", Calls: 1, Write: 1},
	{Function: "In", Operation: "PutItem", Resource: "T", Calls: 1, Write: 1},
}}

func priced(t *testing.T, s Scenario, shape Shape) Bill {
	t.Helper()
	m := plain()
	u, err := m.use(s, shape)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bill(plainPrices(), m.Assume, u)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// By hand, of a million:
//
//	alone    1.00 HTTP + 2 M × 0.20 + (10 + 20) ms × 1 GB × 10 + 3 M × 0.50 + 2 M × 0.625 = 1 + 0.4  + 0.3  + 1.5  + 1.25
//	10       1.00 HTTP + 1.1 M      + 30 ms                    + 1.2 M      + 2 M         = 1 + 0.22 + 0.3  + 0.6  + 1.25
//	10 of 10 0.10 HTTP + 0.2 M      + (1 + 20) ms              + 0.3 M      + 2 M         = 0.1 + 0.04 + 0.21 + 0.15 + 1.25
func TestPriceOfATextIsThatOfTheHand(t *testing.T) {
	for i, want := range []float64{4.45, 3.37, 1.75} {
		if got := priced(t, text, shapes[i]).Sum; !near(got, want) {
			t.Errorf("column %s: got %.6f, want %.6f", shapes[i].Name, got, want)
		}
	}
}

func TestWebhookOfTenCostsWhatTheColumnSays(t *testing.T) {
	ten := Scenario{Name: "webhook of ten events", Published: map[string]float64{"message.received": 10}, Counts: []Count{
		{Function: "Edge", Operation: "SendMessageBatch", Resource: "in.fifo", Calls: 1},
		{Function: "In", Operation: "UpdateItem", Resource: "T", Calls: 10, Write: 10},
		{Function: "In", Operation: "PutItem", Resource: "T", Calls: 10, Write: 10},
	}}
	one := text
	one.Published = map[string]float64{"message.received": 1}
	if got, want := priced(t, ten, shapes[2]).Sum, priced(t, one, shapes[2]).Sum; !near(got, want) {
		t.Errorf("got %.6f, want %.6f", got, want)
	}
}

func TestEventsOnTheBusCostByTheEventAndTakeTheStreamsFunction(t *testing.T) {
	one := text
	one.Published = map[string]float64{"message.received": 1, "message.status": 1}
	for i, want := range []float64{2*1 + 2*0.2 + 0.2, 2*1 + 0.2*0.2 + 0.02, 2*1 + 0.2*0.2 + 0.02} {
		if got := priced(t, one, shapes[i]).Sum - priced(t, text, shapes[i]).Sum; !near(got, want) {
			t.Errorf("column %s: got %.6f more, want %.6f", shapes[i].Name, got, want)
		}
	}
}

func TestScenarioWithoutAKindIsPricedAsIfItWereNotPublished(t *testing.T) {
	both := text
	both.Published = map[string]float64{"message.received": 2, "message.status": 1}
	status := text
	status.Published = map[string]float64{"message.status": 1}
	for i, shape := range shapes {
		if got, want := priced(t, both.without([]string{"message.received"}), shape).Sum, priced(t, status, shape).Sum; !near(got, want) {
			t.Errorf("column %s: got %.6f, want %.6f", shapes[i].Name, got, want)
		}
		b := priced(t, both.without([]string{"message.received", "message.status"}), shape)
		if want := priced(t, text, shape).Sum; !near(b.Sum, want) || b.Items["eventbridge.event"] != 0 {
			t.Errorf("column %s, nothing published: got %.6f, %v, want %.6f", shapes[i].Name, b.Sum, b.Items, want)
		}
	}
	if both.published() != 3 {
		t.Errorf("the scenario itself has %g events now, want 3", both.published())
	}
}

func TestSendGoesThroughItsQueueToThePlatform(t *testing.T) {
	answer := Scenario{Name: "answer", Counts: []Count{
		{Function: "Relay", Operation: "SendMessageBatch", Resource: "out.fifo", Calls: 1},
		{Function: "Out", Operation: "GetItem", Resource: "T", Calls: 1, Read: 1},
	}}
	b := priced(t, answer, shapes[0])
	for id, want := range map[string]float64{"sqs.fifo.request": 3, "lambda.request": 2, "dynamodb.rru": 1, "lambda.gbsecond": 0.01 + 0.11, "httpapi.request": 0} {
		if got := b.Usage.Items[id]; !near(got, want) {
			t.Errorf("%s: got %g, want %g", id, got, want)
		}
	}
}

func TestRulePutsEachMessageOnItsQueueByItself(t *testing.T) {
	ask := Scenario{Name: "ask", Counts: []Count{{Function: "Ask", Operation: "UpdateItem", Resource: "T", Calls: 1, Write: 1}}}
	for i, want := range []float64{1 + 2, 1 + 0.2} {
		if got := priced(t, ask, shapes[i]).Usage.Items["sqs.standard.request"]; !near(got, want) {
			t.Errorf("column %s: got %g requests, want %g", shapes[i].Name, got, want)
		}
	}
}

func TestLambdaIsBilledByTheWholeMillisecondAndSlowsWithItsMemory(t *testing.T) {
	m := plain()
	m.Assume.WaitMS.SQS, m.Assume.CPU.InvokeMS, m.Assume.CPU.CallMS = 0, 0.1, 0.2
	m.Assume.Cold.Share, m.Assume.Cold.InitMS = 0.01, 40
	m.Plant.Functions["Edge"] = Function{Memory: 256, Trigger: byHTTP}
	u, err := m.use(Scenario{Name: "s", Counts: text.Counts[:1]}, shapes[0])
	// (0.1 + 0.2) × 1024 / 256 + 0.01 × 40 = 1.6 ms, billed 2, of a quarter of a GB.
	if got := u.Items["lambda.gbsecond"]; err != nil || !near(got, 0.002*0.25) {
		t.Errorf("got %g, %v, want %g", got, err, 0.002*0.25)
	}
}

func TestCountsThatCannotBePricedAreErrors(t *testing.T) {
	for name, c := range map[string]Count{
		"function":  {Function: "Nobody", Operation: "GetItem", Calls: 1},
		"operation": {Function: "In", Operation: "Scan", Calls: 1},
		"queue":     {Function: "In", Operation: "SendMessageBatch", Resource: "other.fifo", Calls: 1},
	} {
		if u, err := plain().use(Scenario{Name: "s", Counts: []Count{c}}, shapes[0]); err == nil {
			t.Errorf("unknown %s: got %+v, want an error", name, u)
		}
	}
	m := plain()
	delete(m.Plant.Functions, "Relay")
	if _, err := m.use(Scenario{Name: "s", Published: map[string]float64{"message.received": 1}}, shapes[0]); err == nil {
		t.Error("events that no function can have published: got no error")
	}
}

func TestMissingPriceIsAnError(t *testing.T) {
	for id := range priced(t, text, shapes[0]).Items {
		m, p := plain(), plainPrices()
		delete(p.Items, id)
		u, err := m.use(text, shapes[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bill(p, m.Assume, u); err == nil || !strings.Contains(err.Error(), id) {
			t.Errorf("without the price of %s: got %v, want an error that names it", id, err)
		}
	}
	if _, err := bill(plainPrices(), plain().Assume, Usage{Items: map[string]float64{"gold": 1}}); err == nil {
		t.Error("an item without a line: got no error")
	}
}

func TestLogsAreOwnLinesAndTheServicesLines(t *testing.T) {
	m := plain()
	m.Assume.Logs.OverheadBytes, m.Assume.Logs.Invocation, m.Assume.Logs.Webhook = 10, []string{"12345"}, []string{"1234567890"}
	if u, err := m.use(text, shapes[0]); err != nil || !near(u.LogBytes, 2*15+20) || len(u.Notes) != 1 {
		t.Errorf("not measured: got %g, %v, %v, want 50 and a note", u.LogBytes, u.Notes, err)
	}
	m.Measured.Scenarios = map[string]map[string]Logged{"text": {"Edge": {Lines: 1, Bytes: 90}, "In": {Lines: 2, Bytes: 180}}}
	for i, want := range []float64{2*15 + 20 + 100 + 200, 1.1*15 + 20 + 100 + 200, 0.2*15 + 2 + 10 + 200} {
		if u, err := m.use(text, shapes[i]); err != nil || !near(u.LogBytes, want) || len(u.Notes) != 0 {
			t.Errorf("column %s: got %g, %v, %v, want %g", shapes[i].Name, u.LogBytes, u.Notes, err, want)
		}
	}
}

func TestLambdasLinesAreNotPaidWhereItLogsFailuresOnly(t *testing.T) {
	m := plain()
	m.Assume.Logs.OverheadBytes, m.Assume.Logs.Invocation = 10, []string{"12345"}
	edge := m.Plant.Functions["Edge"]
	edge.Quiet = true
	m.Plant.Functions["Edge"] = edge
	if u, err := m.use(text, shapes[0]); err != nil || !near(u.LogBytes, 15) {
		t.Errorf("got %g, %v, want the 15 bytes of the other function", u.LogBytes, err)
	}
}

func TestMonthIsPollingSchedulesKeysAndAlarms(t *testing.T) {
	idle := []Scenario{{Name: "idle minute", Counts: []Count{{Function: "Tick", Operation: "Query", Resource: "T/due", Calls: 2, Read: 8}}}}
	polling, other, err := plain().fixed(plainPrices(), idle)
	if err != nil {
		t.Fatal(err)
	}
	// 5 pollers × 2,592,000 s / 20 s of two queues; 100 ticks of 1 + 0.2 + 8 × 0.125 a million and of 20 ms.
	if got, want := total(polling), 0.648*(0.5+0.4); !near(got, want) {
		t.Errorf("polling: got %g, want %g", got, want)
	}
	if got, want := total(other), 100*(1+0.2+1)/million+100*0.02*0.00001+2*1+3*0.1; !near(got, want) {
		t.Errorf("other: got %g, want %g", got, want)
	}
}
