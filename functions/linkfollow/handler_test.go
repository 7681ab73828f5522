package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/followup"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
	"omnihub/internal/omnilink"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// The two sides of the sample's link.
const (
	from hub.HomeID = "b2xn6qtvhk4mzrwc7dpy3slfeoju5gai"
	to   hub.HomeID = "m4zrwc7dpy3slfeoju5gaib2xn6qtvhk"
)

func newHandler(h *hubtest.Hub, st *store.Store) *handler {
	adapters := all.Adapters(channel.Platform{})
	does := &followup.Follower{
		Settings: h.Settings,
		Composer: &chat.Composer{Store: st, Settings: h.Settings, Adapters: adapters, Now: h.Clock.Now},
		Bot:      &bot.Bot{Settings: h.Settings, Store: st},
		Tags:     &tag.Book{Store: st, Now: h.Clock.Now},
	}
	return &handler{
		Follower:   &omnilink.Follower{Store: st, Settings: h.Settings, Say: does.Say, Tag: does.Tag, Log: h.Log},
		Quarantine: chat.Quarantine{Store: h.Store, Now: h.Clock.Now, Log: h.Log},
	}
}

// linked is a hub with both sides and the activity of the sample.
func linked(t *testing.T) *hubtest.Hub {
	t.Helper()
	h := hubtest.New(t)
	ctx := context.Background()
	act := hub.Activity{
		ID: "summer", Name: "Summer", Enabled: true, Source: hubtest.LineAccount, Target: hubtest.WhatsAppAccount,
		Success: hub.LinkSays{Source: hub.Say{Text: "you are linked"}, Target: hub.Say{Text: "welcome over here"}},
		Failure: hub.Say{Text: "it did not work"}, Tags: hub.LinkTags{Source: []string{"left"}, Target: []string{"arrived"}},
	}
	if err := h.Store.SaveActivity(ctx, hubtest.Team, act, hub.Audit{ID: strings.Repeat("a", 26), At: 1}); err != nil {
		t.Fatal(err)
	}
	for id, account := range map[hub.HomeID]hub.AccountID{from: hubtest.LineAccount, to: hubtest.WhatsAppAccount} {
		err := h.Store.PutHome(ctx, hubtest.Team, hub.Home{
			ID: id, Account: account, Channel: hub.Channel(strings.TrimRight(string(account), "1")), User: "u", External: hub.Personal("x" + string(id)), Kind: hub.Person, Created: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// sample is the sample event at its nth receive, with some of it replaced.
func sample(t *testing.T, receives string, replaced ...string) events.SQSEvent {
	t.Helper()
	var e events.SQSEvent
	hubtest.Event(t, "linkfollow-linked.json", &e)
	e.Records[0].Attributes["ApproximateReceiveCount"] = receives
	e.Records[0].Body = strings.NewReplacer(replaced...).Replace(e.Records[0].Body)
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

// done is what was said and tagged.
func done(h *hubtest.Hub) string {
	var list []string
	messages, contacts := h.Dump(h.Store.Tables.Messages), h.Dump(h.Store.Tables.Contacts)
	for _, said := range []string{"you are linked", "welcome over here", "it did not work", "ol1.q4mzrwc7dpy3slfeoju5gaib2xn6tvhk.y"} {
		if strings.Contains(messages, said) {
			list = append(list, said)
		}
	}
	for home, name := range map[hub.HomeID]string{from: "left", to: "arrived"} {
		if strings.Contains(contacts, "H#"+string(home)+" SK G#"+string(hub.NewTagID(hubtest.Team, name))) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func TestSampleLinkIsToldAndTaggedOnBothSidesOnce(t *testing.T) {
	h := linked(t)
	fn := newHandler(h, h.Store)
	for range 3 {
		if failed := handle(t, fn, sample(t, "1")); failed != 0 {
			t.Fatalf("got %d failures, want none", failed)
		}
	}
	if got, want := done(h), "arrived, left, welcome over here, you are linked"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := strings.Count(h.Dump(h.Store.Tables.Messages), "SK M#"); got != 2 {
		t.Errorf("got %d messages, want one to each side", got)
	}
}

func TestQuestionAndFailureGoToTheSourceOnly(t *testing.T) {
	for kind, want := range map[string]string{hub.OmniAsked: "ol1.q4mzrwc7dpy3slfeoju5gaib2xn6tvhk.y", hub.OmniFailed: "it did not work"} {
		h := linked(t)
		for range 2 {
			if failed := handle(t, newHandler(h, h.Store), sample(t, "1", hub.OmniLinked, kind, `"target_home"`, `"nobody"`)); failed != 0 {
				t.Fatalf("%s: got %d failures, want none", kind, failed)
			}
		}
		if got := done(h); got != want || strings.Count(h.Dump(h.Store.Tables.Messages), "SK M#") != 1 {
			t.Errorf("%s: got %s, want one message, %s", kind, got, want)
		}
	}
}

// TestACutAtEachCallHealsWhenItIsDeliveredAgain: however much of it was done, the rest is
// done by the next delivery, and nothing a second time.
func TestACutAtEachCallHealsWhenItIsDeliveredAgain(t *testing.T) {
	for calls, ended := 0, false; !ended; calls++ {
		ended = true
		for _, after := range []bool{false, true} {
			h := linked(t)
			if handle(t, newHandler(h, h.As("broken", hubtest.Cut(calls, after))), sample(t, "1")) != 0 {
				ended = false
			}
			if failed := handle(t, newHandler(h, h.Store), sample(t, "2")); failed != 0 {
				t.Errorf("cut after %d calls (answer lost: %v): it fails again", calls, after)
			}
			if got, want := done(h), "arrived, left, welcome over here, you are linked"; got != want || strings.Count(h.Dump(h.Store.Tables.Messages), "SK M#") != 2 {
				t.Errorf("cut after %d calls (answer lost: %v): got %s, want %s", calls, after, got, want)
			}
		}
		if calls > 40 {
			t.Fatal("it is cut at every call: the test does not end")
		}
	}
}

func TestWhoWasErasedAndWhatWasDeletedNeedNothing(t *testing.T) {
	h := hubtest.New(t)
	for _, kind := range []string{hub.OmniLinked, hub.OmniAsked, hub.OmniFailed} {
		if failed := handle(t, newHandler(h, h.Store), sample(t, "1", hub.OmniLinked, kind)); failed != 0 || h.Quarantined(hubtest.Team) != "" || done(h) != "" {
			t.Errorf("%s: got %d failures, %q put aside, %s", kind, failed, h.Quarantined(hubtest.Team), done(h))
		}
	}
	h = linked(t)
	if failed := handle(t, newHandler(h, h.Store), sample(t, "1", `"target_home"`, `"nobody"`)); failed != 0 || done(h) != "left, you are linked" {
		t.Errorf("got %d failures, %s, want the side that is left told", failed, done(h))
	}
}

func TestFailureComesBackAndIsPutAsideInTheEnd(t *testing.T) {
	h := linked(t)
	n := metrictest.New(t, "linkfollow")
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

func TestUnreadableEventIsQuarantined(t *testing.T) {
	for _, change := range [][2]string{{hub.OmniLinked, "contact.linked"}, {`"team":"test"`, `"team":"#"`}, {`"link"`, `"other"`}, {`"home"`, `"other"`}, {"{", "["}} {
		for _, receives := range []string{"1", "8"} {
			h := hubtest.New(t)
			if failed := handle(t, newHandler(h, h.Store), sample(t, receives, change[0], change[1])); failed != 0 || h.Quarantined("hub") != hub.Unparsable {
				t.Errorf("%s: got %d failures, want none, and the message put aside", change[1], failed)
			}
		}
	}
}
