package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func newHandler(h *hubtest.Hub, platform string) *handler {
	return &handler{
		Sender: &chat.Sender{
			Store: h.Store, Settings: h.Settings, Now: h.Clock.Now, Owner: "w1", Log: h.Log,
			Adapters: all.Adapters(channel.Platform{BaseURL: platform, Client: http.DefaultClient}),
		},
		Quarantine: chat.Quarantine{Store: h.Store, Now: h.Clock.Now, Log: h.Log},
		Queue:      h.Outbound,
	}
}

func sample(t *testing.T) events.SQSEvent {
	t.Helper()
	var e events.SQSEvent
	hubtest.Event(t, "outbound-answer.json", &e)
	return e
}

func TestOrderOfAThreadThatIsGoneIsDropped(t *testing.T) {
	h := hubtest.New(t)
	out, err := newHandler(h, "http://127.0.0.1:1").Handle(context.Background(), sample(t))
	if err != nil || len(out.BatchItemFailures) > 0 {
		t.Errorf("got failures %v, %v, want none", out.BatchItemFailures, err)
	}
}

func TestPlatformThatIsDownReturnsTheRecord(t *testing.T) {
	h := hubtest.New(t)
	r := store.Ref{Team: hubtest.Team, User: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
	now := hub.MillisOf(h.Clock.Now())
	_, _, err := h.Store.Advance(context.Background(), r, store.Arrival{
		Key: hub.NewMessageKey(now, "1"), Account: hubtest.LineAccount, External: "U1", Kind: hub.Person, Preview: "x"})
	if err != nil {
		t.Fatal(err)
	}
	ok, err := h.Store.PutIntent(context.Background(), r, hub.Intent{
		Key: "1791170415123#577102334455667701~a", Class: hub.ClassBot, Type: hub.Text, Text: "pong", Accepted: now, Deadline: now.Add(time.Hour)})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	out, err := newHandler(h, "http://127.0.0.1:1").Handle(context.Background(), sample(t))
	if err != nil || len(out.BatchItemFailures) != 1 {
		t.Errorf("got failures %v, %v, want the record back: nothing was sent", out.BatchItemFailures, err)
	}
}

func TestUnreadableOrderIsQuarantined(t *testing.T) {
	h := hubtest.New(t)
	e := sample(t)
	e.Records[0].Body = "no order"
	out, err := newHandler(h, "http://127.0.0.1:1").Handle(context.Background(), e)
	if err != nil || len(out.BatchItemFailures) > 0 {
		t.Errorf("got failures %v, %v, want none", out.BatchItemFailures, err)
	}
	list, err := h.Store.QuarantinedOn(context.Background(), "hub", store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 1 {
		t.Errorf("got %d entries, %v, want 1", len(list), err)
	}
}

func TestNoSendIsStartedThatCouldNotFinish(t *testing.T) {
	h := hubtest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), reserve-time.Second)
	defer cancel()
	out, err := newHandler(h, "http://127.0.0.1:1").Handle(ctx, sample(t))
	if err != nil || len(out.BatchItemFailures) != 1 {
		t.Errorf("got failures %v, %v, want the record back", out.BatchItemFailures, err)
	}
}
