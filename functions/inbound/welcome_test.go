package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestWhatTheEdgeAnsweredIsStored: the content travels with the event.
func TestWhatTheEdgeAnsweredIsStored(t *testing.T) {
	h := hubtest.New(t)
	in := newHandler(h, h.Store)
	e := sample(t, "inbound-line-text.json")
	envelope, err := chat.ReadEnvelope(e.Records[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	envelope.Answered = &hub.Content{Type: hub.Text, Text: "歡迎", QuickReplies: []hub.Button{{Title: "Shop", Data: "shop"}}}
	body, err := json.Marshal(envelope)
	if err != nil {
		t.Fatal(err)
	}
	e.Records[0].Body = string(body)
	for range 2 {
		if failed := handle(t, in, events.SQSEvent{Records: e.Records[:1]}); len(failed) > 0 {
			t.Fatalf("got failures %v", failed)
		}
	}
	log, err := h.Store.Log(context.Background(), sampleThread, "", 10)
	if err != nil || len(log) != 2 {
		t.Fatalf("got %d messages, %v, want the customer's and the welcome", len(log), err)
	}
	m := log[0]
	if m.Inbound {
		m = log[1]
	}
	if m.Inbound || m.Stamps.State() != hub.Sent || m.Content.Text != "歡迎" || len(m.Content.QuickReplies) != 1 {
		t.Errorf("got %+v, want the welcome, sent", m)
	}
}
