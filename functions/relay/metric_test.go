package main

import (
	"strings"
	"testing"

	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
)

func TestWhatIsHandedOnAndWhatIsNotIsCounted(t *testing.T) {
	h := hubtest.New(t)
	n := metrictest.New(t, "relay")
	r := newHandler(t, h)
	r.Metrics, r.Quarantine.Metrics = n.Meter, n.Meter
	handle(t, r, sample(t, "relay-intent.json"))
	n.Want("a message and the intent to answer it", map[string]int{"EventsPublished": 1, "SendsHandedOn": 1})
	handle(t, r, sample(t, "relay-revisions.json"))
	n.Want("two revisions", map[string]int{"EventsPublished": 2})
	handle(t, r, sample(t, "relay-unreadable.json"))
	n.Want("what cannot be read", map[string]int{"Quarantined unparsable": 1})

	r.Outbound.URL = strings.Replace(r.Outbound.URL, "Outbound", "Nowhere", 1)
	handle(t, r, sample(t, "relay-intent.json"))
	n.Want("a queue that does not answer", map[string]int{"EventsPublished": 1, "HandOnFailures": 1})
	r.Bus.Client = newBus(t, h, hubtest.Cut(0, false)).Client
	handle(t, r, sample(t, "relay-revisions.json"))
	n.Want("a bus that does not answer", map[string]int{"PublishFailures": 1})
}
