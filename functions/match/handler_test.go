package main

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
	"omnihub/internal/store"
)

// sampleHome is the home whose phone number the sample event says has changed.
const sampleHome hub.HomeID = "b2xn6qtvhk4mzrwc7dpy3slfeoju5gai"

func newHandler(h *hubtest.Hub, st *store.Store) *handler {
	return &handler{
		Matcher:    &contact.Matcher{Book: &contact.Book{Store: st, Now: h.Clock.Now, Settings: h.Settings}, Log: h.Log},
		Quarantine: chat.Quarantine{Store: h.Store, Now: h.Clock.Now, Log: h.Log},
	}
}

// sample is the sample event at its nth receive.
func sample(t *testing.T, receives string) events.SQSEvent {
	t.Helper()
	var e events.SQSEvent
	hubtest.Event(t, "match-phone.json", &e)
	e.Records[0].Attributes["ApproximateReceiveCount"] = receives
	return e
}

func handle(t *testing.T, h *handler, e events.SQSEvent) int {
	t.Helper()
	out, err := h.Handle(context.Background(), e)
	if err != nil {
		t.Fatalf("the whole batch fails: %v", err)
	}
	return len(out.BatchItemFailures)
}

// people puts the sample's home and another one, with two ways to write one number.
func people(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	ctx := context.Background()
	book := &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	for id, phone := range map[hub.HomeID]string{sampleHome: "5511987654321", "zother": "+55 11 8765-4321"} {
		err := h.Store.PutHome(ctx, hubtest.Team, hub.Home{
			ID: id, Account: hubtest.LineAccount, Channel: "line", User: "u", External: "x", Kind: hub.Person, Created: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := book.Set(ctx, h.Team, id, hub.Register{Field: "phone", Value: phone, At: 5, Source: "event"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSampleChangeMakesACandidateOnce(t *testing.T) {
	h := hubtest.New(t)
	people(t, h)
	fn := newHandler(h, h.Store)
	for range 2 {
		if failed := handle(t, fn, sample(t, "1")); failed != 0 {
			t.Fatalf("got %d failures, want none", failed)
		}
	}
	list, err := h.Store.Candidates(context.Background(), hubtest.Team, sampleHome)
	if err != nil || len(list) != 1 || list[0].B != "zother" || list[0].Reason != hub.ReasonPhoneVariant {
		t.Errorf("got %+v, %v, want the other home", list, err)
	}
}

func TestChangeOfAHomeThatIsGoneIsDone(t *testing.T) {
	h := hubtest.New(t)
	if failed := handle(t, newHandler(h, h.Store), sample(t, "1")); failed != 0 || h.Quarantined(hubtest.Team) != "" {
		t.Errorf("got %d failures, want none, and nothing put aside", failed)
	}
}

func TestFailureComesBackAndIsPutAsideInTheEnd(t *testing.T) {
	h := hubtest.New(t)
	people(t, h)
	n := metrictest.New(t, "match")
	fn := newHandler(h, h.As("broken", hubtest.Cut(0, false)))
	fn.Metrics, fn.Quarantine.Metrics = n.Meter, n.Meter
	for _, c := range []struct {
		receives string
		failed   int
		kept     hub.Code
	}{{"1", 1, ""}, {"7", 1, ""}, {"8", 0, hub.Poison}, {"8", 0, hub.Poison}} {
		if failed := handle(t, fn, sample(t, c.receives)); failed != c.failed || h.Quarantined(hubtest.Team) != c.kept {
			t.Errorf("receive %s: got %d failures, %q put aside, want %d, %q", c.receives, failed, h.Quarantined(hubtest.Team), c.failed, c.kept)
		}
		h.Clock.Advance(time.Hour)
	}
}

func TestUnreadableChangeIsQuarantined(t *testing.T) {
	for _, receives := range []string{"1", "8"} {
		h := hubtest.New(t)
		e := sample(t, receives)
		e.Records[0].Body = `{"team":"test","home":"x","field":"name"}`
		if failed := handle(t, newHandler(h, h.Store), e); failed != 0 || h.Quarantined("hub") != hub.Unparsable {
			t.Errorf("got %d failures, want none, and the message put aside", failed)
		}
	}
}
