package main

import (
	"testing"

	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
)

func TestEveryWebhookIsCountedByItsEnd(t *testing.T) {
	e := newEdge(t)
	n := metrictest.New(t, "ingress", "line", "whatsapp")
	e.intake.Metrics, e.intake.Settings.Metrics = n.Meter, n.Meter
	body := samples(t)["text.json"]
	good := sign(hubtest.LineSecret, body)

	e.post("line", e.PathID, body, good)
	n.Want("a webhook", map[string]int{
		"WebhooksAccepted line": 1, "EventsEnqueued line": 1, "SettingsMisses ingress": 3, // the path keys, the connection, its team
	})
	e.post("line", e.PathID, body, good)
	n.Want("another", map[string]int{"WebhooksAccepted line": 1, "EventsEnqueued line": 1})
	e.post("line", e.PathID, []byte(`{"destination":"`+hubtest.LineBot+`","events":[]}`), sign(hubtest.LineSecret, []byte(`{"destination":"`+hubtest.LineBot+`","events":[]}`)))
	n.Want("one without events", map[string]int{"WebhooksAccepted line": 1})
	e.post("line", e.PathID, body, "")
	n.Want("one that nobody signed", map[string]int{"WebhooksRefused line signature_invalid": 1})
	e.post("telepathy", e.PathID, body, good)
	n.Want("an unknown channel", map[string]int{"WebhooksRefused other not_found": 1})
	e.send("PUT", "line", e.PathID, body, good)
	n.Want("a wrong method", map[string]int{"WebhooksRefused line method_not_allowed": 1})
}
