package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// sampleHome is the home that the sample event asks about.
const sampleHome hub.HomeID = "b2xn6qtvhk4mzrwc7dpy3slfeoju5gai"

func newHandler(h *hubtest.Hub, adapters map[hub.Channel]channel.Adapter) *handler {
	return &handler{
		Profiles:   &contact.Profiles{Store: h.Store, Settings: h.Settings, Adapters: adapters, Now: h.Clock.Now, Log: h.Log},
		Quarantine: chat.Quarantine{Store: h.Store, Now: h.Clock.Now, Log: h.Log},
		Queue:      h.Outbound, // any queue: what waits there is not looked at
	}
}

// sample is the sample event at its nth receive.
func sample(t *testing.T, receives string) events.SQSEvent {
	t.Helper()
	var e events.SQSEvent
	hubtest.Event(t, "profile-line.json", &e)
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

func putHome(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	err := h.Store.PutHome(context.Background(), hubtest.Team, hub.Home{
		ID: sampleHome, Account: hubtest.LineAccount, Channel: "line", User: "k5xq2lzhd3wbnm7rta4vuy6ecpjgfo2s",
		External: "U0d9c3f6a82b14e57903c6ad18f4e7b25", Kind: hub.Person, Created: hub.MillisOf(hubtest.Start),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func quarantined(t *testing.T, h *hubtest.Hub, team hub.TeamID, want hub.Code) {
	t.Helper()
	list, err := h.Store.QuarantinedOn(context.Background(), team, store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 1 || list[0].Reason != want {
		t.Fatalf("got quarantine %+v, %v, want one entry of %s", list, err, want)
	}
	body, whole, err := h.Store.QuarantinedBody(context.Background(), list[0])
	if err != nil || !whole || len(body) == 0 {
		t.Errorf("got body %q, whole %v, %v, want the message's", body, whole, err)
	}
}

func TestSampleAskStoresThePlatformsProfile(t *testing.T) {
	h := hubtest.New(t)
	putHome(t, h)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+hubtest.LineToken || r.URL.Path != "/line/v2/bot/profile/U0d9c3f6a82b14e57903c6ad18f4e7b25" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(`{"userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25","displayName":"小安","language":"zh-TW","pictureUrl":"https://profile.line-scdn.net/x"}`))
	}))
	defer platform.Close()
	fn := newHandler(h, all.Adapters(channel.Platform{BaseURL: platform.URL, Client: platform.Client()}))
	for range 2 {
		if failed := handle(t, fn, sample(t, "1")); failed != 0 {
			t.Fatalf("got %d failures, want none", failed)
		}
	}
	got, err := h.Store.Registers(context.Background(), hubtest.Team, sampleHome)
	if err != nil || len(got) != 3 || got[1] != (hub.Register{Field: "name", Value: "小安", At: hub.MillisOf(h.Clock.Now()), Source: "platform"}) {
		t.Errorf("got %+v, %v, want language, name and picture", got, err)
	}
}

func TestAskAboutAHomeThatIsGoneIsDone(t *testing.T) {
	h := hubtest.New(t)
	if failed := handle(t, newHandler(h, all.Adapters(channel.Platform{BaseURL: "http://127.0.0.1:1"})), sample(t, "1")); failed != 0 {
		t.Errorf("got %d failures, want none", failed)
	}
}

// refuser is a channel whose platform answers with an error.
type refuser struct {
	channel.Adapter
	err error
}

func (r refuser) Profile(context.Context, channel.Account, string) (channel.Profile, error) {
	return channel.Profile{}, r.err
}

func TestRefusalIsTriedAgainOrKeptAside(t *testing.T) {
	for _, c := range []struct {
		code     hub.Code
		receives string
		failed   int
		kept     hub.Code
	}{
		{hub.Unreachable, "1", 0, ""},
		{hub.TokenExpired, "1", 1, ""},
		{hub.RateLimited, "7", 1, ""},
		{hub.Transient, "1", 1, ""},
		{hub.Permanent, "1", 0, hub.Permanent},
		{hub.Transient, "8", 0, hub.Poison},
	} {
		h := hubtest.New(t)
		putHome(t, h)
		adapters := map[hub.Channel]channel.Adapter{"line": refuser{err: hub.E(c.code, "line: profile", errors.New("no"))}}
		fn := newHandler(h, adapters)
		if failed := handle(t, fn, sample(t, c.receives)); failed != c.failed {
			t.Errorf("%s at receive %s: got %d failures, want %d", c.code, c.receives, failed, c.failed)
		}
		list, err := h.Store.QuarantinedOn(context.Background(), hubtest.Team, store.Day(hub.MillisOf(h.Clock.Now())))
		if err != nil || len(list) != 0 && c.kept == "" {
			t.Errorf("%s at receive %s: got quarantine %+v, %v, want none", c.code, c.receives, list, err)
		}
		if c.kept != "" {
			h.Clock.Advance(time.Hour) // what is delivered once more later is kept once
			handle(t, fn, sample(t, c.receives))
			quarantined(t, h, hubtest.Team, c.kept)
		}
	}
}

func TestWaitGrowsWithTheTriesUnlessThePlatformSaysOne(t *testing.T) {
	failure := hub.E(hub.Transient, "line: profile", nil)
	for receives, want := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 7: 64 * time.Minute} {
		if got := later(failure, receives); hub.RetryAfterOf(got) != want || hub.CodeOf(got) != hub.Transient {
			t.Errorf("receive %d: got %v, want %v", receives, hub.RetryAfterOf(got), want)
		}
	}
	failure.RetryAfter = 9 * time.Second
	if got := hub.RetryAfterOf(later(failure, 5)); got != 9*time.Second {
		t.Errorf("got %v, want the platform's 9 s", got)
	}
}

func TestProfileThatThePlatformTellsHoursLaterIsLeft(t *testing.T) {
	for wait, want := range map[time.Duration]int{time.Hour: 1, 2 * time.Hour: 1, 12 * time.Hour: 0} {
		h := hubtest.New(t)
		putHome(t, h)
		adapters := map[hub.Channel]channel.Adapter{"line": refuser{err: &hub.Error{Code: hub.RateLimited, Op: "line: profile", RetryAfter: wait}}}
		if failed := handle(t, newHandler(h, adapters), sample(t, "1")); failed != want {
			t.Errorf("asked to wait for %v: got %d failures, want %d", wait, failed, want)
		}
	}
}

func TestUnreadableAskIsQuarantined(t *testing.T) {
	h := hubtest.New(t)
	e := sample(t, "1")
	e.Records[0].Body = `{"team":"test"}`
	if failed := handle(t, newHandler(h, nil), e); failed != 0 {
		t.Errorf("got %d failures, want none", failed)
	}
	quarantined(t, h, "hub", hub.Unparsable)
}

func TestNoCallIsStartedThatCouldNotFinish(t *testing.T) {
	h := hubtest.New(t)
	ctx, cancel := context.WithTimeout(context.Background(), reserve-time.Second)
	defer cancel()
	out, err := newHandler(h, nil).Handle(ctx, sample(t, "1"))
	if err != nil || len(out.BatchItemFailures) != 1 {
		t.Errorf("got failures %v, %v, want the record back", out.BatchItemFailures, err)
	}
}
