package main

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const sample = `first text
  Inbound   PutItem            MessagesTable          10 calls  0 RRU  12.5 WRU
  Profile   Decrypt                                    1 calls  0 RRU  0 WRU
  Relay     SendMessageBatch   OutboundQueue.fifo     1 or 2 calls  0 RRU  0 WRU
  published message.received                           1 events
  published conversation.opened                        2 events
forged webhooks, 300 of them
  nothing
`

func TestGoldenIsReadWhole(t *testing.T) {
	got, err := parseGolden(strings.NewReader(sample))
	want := []Scenario{
		{Name: "first text", Published: map[string]float64{"message.received": 1, "conversation.opened": 2}, Counts: []Count{
			{Function: "Inbound", Operation: "PutItem", Resource: "MessagesTable", Calls: 10, Write: 12.5},
			{Function: "Profile", Operation: "Decrypt", Calls: 1},
			{Function: "Relay", Operation: "SendMessageBatch", Resource: "OutboundQueue.fifo", Calls: 2},
		}},
		{Name: "forged webhooks, 300 of them"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestGoldenRefusesWhatItDoesNotKnow(t *testing.T) {
	count := "  Inbound   PutItem            MessagesTable           1 calls  0 RRU  1 WRU\n"
	for name, text := range map[string]string{
		"another unit":          "a\n  Inbound   PutItem  MessagesTable  1 calls  0 RRU  1 WRU  3 errors\n",
		"no unit":               "a\n  Inbound   PutItem  MessagesTable  1 calls\n",
		"a number that is none": "a\n  Inbound   PutItem  MessagesTable  1 calls  x RRU  1 WRU\n",
		"no calls":              "a\n  Inbound   PutItem  MessagesTable  0 calls  0 RRU  1 WRU\n",
		"no events":             "a\n  published message.received  0 events\n",
		"a remark":              "a\n" + count + "  remark\n",
		"an empty line":         "a\n" + count + "\n",
		"no name":               count,
		"a name twice":          "a\n" + count + "a\n" + count,
		"no counts":             "a\nb\n" + count,
		"nothing and more":      "a\n  nothing\n" + count,
		"more and nothing":      "a\n" + count + "  nothing\n",
		"calls without events":  "a\n  Relay     PutEvents          facts                   1 calls  0 RRU  0 WRU\n",
		"an empty file":         "",
	} {
		if got, err := parseGolden(strings.NewReader(text)); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

func TestScenarioKnowsHowManyEventsItsWebhookHas(t *testing.T) {
	for name, want := range map[string]float64{
		"webhook of ten events of one known customer": 10, "webhook of 12 events": 12,
		"short text of a known customer": 1, "redelivery of often events": 1, "event that is no message": 1,
	} {
		if got := (Scenario{Name: name}).events(); got != want {
			t.Errorf("%s: got %g, want %g", name, got, want)
		}
	}
}

func TestEveryMeasuredActIsAScenarioOfTheGoldenFile(t *testing.T) {
	list, err := ReadGolden(project.golden)
	if err != nil {
		t.Fatal(err)
	}
	measured, err := ReadMeasured(project.measured)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"": true}
	for _, s := range list {
		names[s.Name] = true
	}
	for _, a := range acts(time.Unix(0, 0)) {
		if _, ok := measured.Scenarios[a.scenario]; !names[a.scenario] || !ok && a.scenario != "" {
			t.Errorf("%q: in the golden file: %v, measured: %v, want both", a.scenario, names[a.scenario], ok)
		}
	}
}

func TestGoldenOfTheProjectHasTheScenariosOfTheReport(t *testing.T) {
	list, err := ReadGolden(project.golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"short text", "known customer"}, {"keyword", "answer"}, {"first", "new customer"}, {"webhook of ten events"}, {"idle minute"}} {
		if len(find(list, words...)) == 0 {
			t.Errorf("no scenario has the words %q", words)
		}
	}
}
