package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

func newHandler(t *testing.T, h *hubtest.Hub) *handler {
	t.Helper()
	return &handler{
		Outbound:   &queue.Queue{Client: h.SQS("Relay"), URL: h.Outbound.URL},
		Bus:        newBus(t, h, nil),
		Store:      h.As("Look", nil),
		Quarantine: chat.Quarantine{Store: h.Store, Now: h.Clock.Now, Log: h.Log}, Now: h.Clock.Now, Log: h.Log,
	}
}

func handle(t *testing.T, h *handler, e events.DynamoDBEvent) []events.DynamoDBBatchItemFailure {
	t.Helper()
	out, err := h.Handle(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	return out.BatchItemFailures
}

func sample(t *testing.T, name string) events.DynamoDBEvent {
	t.Helper()
	var e events.DynamoDBEvent
	hubtest.Event(t, name, &e)
	return e
}

func TestIntentIsHandedOnOnce(t *testing.T) {
	h := hubtest.New(t)
	for range 3 {
		if failed := handle(t, newHandler(t, h), sample(t, "relay-intent.json")); len(failed) > 0 {
			t.Fatalf("got failures %v", failed)
		}
	}
	got := h.Receive(h.Outbound)
	if len(got.Records) != 1 {
		t.Fatalf("got %d orders, want 1", len(got.Records))
	}
	q, err := chat.ReadOrder(got.Records[0].Body)
	if err != nil || q.Intent.Content.Text != "pong" || q.Intent.Class != hub.ClassBot || q.Intent.Reply.Token.Reveal() == "" {
		t.Errorf("got %+v, %v, want the sample's answer", q.Intent, err)
	}
	if group := got.Records[0].Attributes["MessageGroupId"]; group != string(q.Ref.User) {
		t.Errorf("got group %q, want the thread's key %q", group, q.Ref.User)
	}
}

func TestChangesOfAnIntentAreNoIntents(t *testing.T) {
	h := hubtest.New(t)
	e := sample(t, "relay-intent.json")
	e.Records[1].EventName = "MODIFY"
	handle(t, newHandler(t, h), e)
	e.Records[1].EventName = "REMOVE"
	handle(t, newHandler(t, h), e)
	if n := h.Depth(h.Outbound); n != 0 {
		t.Errorf("got %d orders, want 0", n)
	}
}

func TestUnreadableRecordIsKeptAsideAndHoldsNoShard(t *testing.T) {
	h := hubtest.New(t)
	e := sample(t, "relay-unreadable.json")
	e.Records = append(e.Records, sample(t, "relay-intent.json").Records...)
	if failed := handle(t, newHandler(t, h), e); len(failed) > 0 {
		t.Errorf("got failures %v, want none", failed)
	}
	list, err := h.Store.QuarantinedOn(context.Background(), "hub", store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 1 {
		t.Errorf("got %d entries, %v, want 1", len(list), err)
	}
	if n := h.Depth(h.Outbound); n != 1 {
		t.Errorf("got %d orders, want the neighbour's", n)
	}
}

func TestQueueThatRefusesHoldsTheShardAtTheFirstRecord(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	r.Outbound.URL = strings.Replace(r.Outbound.URL, "Outbound", "Missing", 1)
	e := sample(t, "relay-intent.json")
	failed := handle(t, r, e)
	if len(failed) != 1 || failed[0].ItemIdentifier != e.Records[1].Change.SequenceNumber {
		t.Errorf("got failures %v, want the intent's sequence number", failed)
	}
}

func TestSendsOfAThreadKeepTheirOrder(t *testing.T) {
	h := hubtest.New(t)
	e := events.DynamoDBEvent{}
	base := sample(t, "relay-intent.json").Records[1]
	for i := range 25 {
		r := base
		r.Change.NewImage = map[string]events.DynamoDBAttributeValue{}
		for name, v := range base.Change.NewImage {
			r.Change.NewImage[name] = v
		}
		thread := string(rune('a' + i%2))
		r.Change.NewImage["PK"] = events.NewStringAttribute("T#test#U#" + thread)
		r.Change.NewImage["SK"] = events.NewStringAttribute("M#1791170415123#" + string(rune('a'+i)))
		e.Records = append(e.Records, r)
	}
	if failed := handle(t, newHandler(t, h), e); len(failed) > 0 {
		t.Fatalf("got failures %v", failed)
	}
	last := map[string]string{}
	for n := 0; n < 25; {
		got := h.Receive(h.Outbound)
		if len(got.Records) == 0 {
			t.Fatalf("got %d orders, want 25", n)
		}
		for _, r := range got.Records {
			q, err := chat.ReadOrder(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			if k := string(q.Intent.Key); k <= last[r.Attributes["MessageGroupId"]] {
				t.Errorf("order %s came behind %s", k, last[r.Attributes["MessageGroupId"]])
			} else {
				last[r.Attributes["MessageGroupId"]] = k
			}
			n++
		}
		h.Ack(h.Outbound, got, events.SQSEventResponse{})
	}
}
