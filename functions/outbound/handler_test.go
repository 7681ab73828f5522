package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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
		Key: "1791170415123#577102334455667701~a", Class: hub.ClassBot, Content: hub.TextContent("pong"), Accepted: now, Deadline: now.Add(time.Hour)})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	out, err := newHandler(h, "http://127.0.0.1:1").Handle(context.Background(), sample(t))
	if err != nil || len(out.BatchItemFailures) != 1 {
		t.Errorf("got failures %v, %v, want the record back: nothing was sent", out.BatchItemFailures, err)
	}
}

// TestEachSampleOrderReachesItsPlatform takes every event file of this function: what
// it says goes out once, in the platform's own form.
func TestEachSampleOrderReachesItsPlatform(t *testing.T) {
	for name, want := range map[string]struct {
		account hub.AccountID
		to      string
		path    string
		body    string
	}{
		"outbound-answer.json":            {hubtest.LineAccount, "U0d9c3f6a82b14e57903c6ad18f4e7b25", "/line/v2/bot/message/push", `"text":"pong"`},
		"outbound-line-flex.json":         {hubtest.LineAccount, "U0d9c3f6a82b14e57903c6ad18f4e7b25", "/line/v2/bot/message/push", `"type":"flex"`},
		"outbound-whatsapp-template.json": {hubtest.WhatsAppAccount, "wa:886912345678", "/messages", `"name":"appointment_reminder"`},
		"outbound-whatsapp-buttons.json":  {hubtest.WhatsAppAccount, "wa:886912345678", "/messages", `"id":"book=yes"`},
	} {
		t.Run(name, func(t *testing.T) {
			h := hubtest.New(t)
			var calls []string
			platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				calls = append(calls, r.URL.Path+" "+string(body))
				_, _ = io.WriteString(w, `{"sentMessages":[{"id":"1"}],"messages":[{"id":"wamid.1"}]}`)
			}))
			defer platform.Close()
			var e events.SQSEvent
			hubtest.Event(t, name, &e)
			q, err := chat.ReadOrder(e.Records[0].Body)
			if err != nil {
				t.Fatal(err)
			}
			now := hub.MillisOf(h.Clock.Now())
			_, _, err = h.Store.Advance(context.Background(), q.Ref, store.Arrival{
				Key: hub.NewMessageKey(now, "1"), Account: want.account, External: hub.Personal(want.to), Kind: hub.Person, Preview: "x"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Store.PutIntent(context.Background(), q.Ref, q.Intent); err != nil {
				t.Fatal(err)
			}
			handler := newHandler(h, platform.URL)
			for range 2 {
				out, err := handler.Handle(context.Background(), e)
				if err != nil || len(out.BatchItemFailures) != 0 {
					t.Fatalf("got failures %v, %v\n%s", out.BatchItemFailures, err, h.Logged)
				}
				e.Records[0].Attributes["ApproximateReceiveCount"] = "2" // the queue gives it once more
			}
			if len(calls) != 1 || !strings.Contains(calls[0], want.path) || !strings.Contains(calls[0], want.body) {
				t.Errorf("got calls %v, want one to %s with %s", calls, want.path, want.body)
			}
		})
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
