package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func newHandler(h *hubtest.Hub, st *store.Store) *handler {
	return &handler{Receiver: &chat.Receiver{
		Store: st, Settings: h.Settings, Contacts: &contact.Book{Store: st, Now: h.Clock.Now},
		Adapters: all.Adapters(channel.Platform{}), Bot: &bot.Bot{Settings: h.Settings, Store: st}, Consent: bot.Consent,
		Quarantine: chat.Quarantine{Store: st, Now: h.Clock.Now, Log: h.Log}, Now: h.Clock.Now, Log: h.Log,
	}}
}

func handle(t *testing.T, h *handler, e events.SQSEvent) []events.SQSBatchItemFailure {
	t.Helper()
	out, err := h.Handle(context.Background(), e)
	if err != nil {
		t.Fatalf("the whole batch fails: %v", err)
	}
	return out.BatchItemFailures
}

func sample(t *testing.T, name string) events.SQSEvent {
	t.Helper()
	var e events.SQSEvent
	hubtest.Event(t, name, &e)
	return e
}

var sampleThread = store.Ref{Team: hubtest.Team, User: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}

func TestSampleMessageIsStoredOnce(t *testing.T) {
	h := hubtest.New(t)
	in := newHandler(h, h.Store)
	for range 3 {
		if failed := handle(t, in, sample(t, "inbound-line-text.json")); len(failed) > 0 {
			t.Fatalf("got failures %v", failed)
		}
	}
	log, err := h.Store.Log(context.Background(), sampleThread, "", 10)
	if err != nil || len(log) != 1 || log[0].Text != "你好，我想詢問課程報名 😀" {
		t.Errorf("got %+v, %v, want the sample's text once", log, err)
	}
}

// TestEachSampleDoesWhatItSaysOnce takes every event file of this function: worked
// off three times, it leaves the same tables as once, and what it should.
func TestEachSampleDoesWhatItSaysOnce(t *testing.T) {
	for name, want := range map[string]string{ // a sort key's beginning, or a part of the tables
		"inbound-line-text.json":                "M#1791170415123#577102334455667701",
		"inbound-line-follow.json":              "followedAt",
		"inbound-line-unfollow.json":            "unfollowedAt",
		"inbound-line-postback.json":            "choice",
		"inbound-line-unsend.json":              "A#",
		"inbound-line-message-edited.json":      "#edit#",
		"inbound-line-account-link.json":        "contact.account_link",
		"inbound-whatsapp-text.json":            "M#1791170416000#sha256-",
		"inbound-whatsapp-image.json":           "ty image",
		"inbound-whatsapp-reaction.json":        "#reaction#",
		"inbound-whatsapp-flow-answer.json":     "ty form",
		"inbound-whatsapp-status-read.json":     "readAt",
		"inbound-whatsapp-number-changed.json":  "ty system",
		"inbound-whatsapp-template-status.json": "account.notice",
	} {
		t.Run(name, func(t *testing.T) {
			h := hubtest.New(t)
			ours := store.Ref{Team: hubtest.Team, User: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}
			if _, err := h.Store.PutIntent(context.Background(), ours, hub.Intent{
				Key: "1791170415123#01K6SCOURS", Class: hub.ClassPerson, Content: hub.TextContent("ours"), Accepted: 1791170415123, Deadline: 1791256815123,
			}); err != nil {
				t.Fatal(err)
			}
			in := newHandler(h, h.Store)
			dump := func() string { return h.Dump(h.Store.Tables.Messages) + h.Dump(h.Store.Tables.Contacts) }
			once := ""
			for range 3 {
				if failed := handle(t, in, sample(t, name)); len(failed) > 0 {
					t.Fatalf("got failures %v\n%s", failed, h.Logged)
				}
				if once == "" {
					once = dump()
				}
			}
			if !strings.Contains(once, want) {
				t.Errorf("got tables without %q:\n%s", want, once)
			}
			if dump() != once {
				t.Error("a repetition changed the tables")
			}
			list, err := h.Store.QuarantinedOn(context.Background(), hubtest.Team, store.Day(1791170475000))
			if err != nil || len(list) != 0 {
				t.Errorf("got %+v, %v in quarantine, want nothing", list, err)
			}
		})
	}
}

func TestKnownCustomersShortTextCostsOneUpdateAndOnePut(t *testing.T) {
	h := hubtest.New(t)
	handle(t, newHandler(h, h.Store), sample(t, "inbound-line-text.json"))
	counted := newHandler(h, h.As("Inbound", nil))
	second := sample(t, "inbound-line-text.json")
	envelope, err := chat.ReadEnvelope(second.Records[0].Body)
	if err != nil {
		t.Fatal(err)
	}
	raw := strings.NewReplacer("577102334455667701", "577102334455667799", "1791170415123", "1791170416123").Replace(string(envelope.Raw))
	envelope.Raw = []byte(raw)
	h.Cloud.Meter().Reset()
	if err := counted.Receiver.Receive(context.Background(), envelope); err != nil {
		t.Fatal(err)
	}
	calls, read, write := h.Calls("Inbound")
	if calls != 2 || read != 0 || write != 2 {
		t.Errorf("got %d calls, %v RRU, %v WRU, want 2, 0, 2", calls, read, write)
	}
}

func TestUnreadableMessageIsQuarantinedAndAcknowledged(t *testing.T) {
	h := hubtest.New(t)
	if failed := handle(t, newHandler(h, h.Store), sample(t, "inbound-unreadable.json")); len(failed) > 0 {
		t.Errorf("got failures %v, want none", failed)
	}
	list, err := h.Store.QuarantinedOn(context.Background(), "hub", store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 1 {
		t.Errorf("got %d entries, %v, want 1", len(list), err)
	}
}

// broken fails every call but the first n.
type broken struct {
	next http.RoundTripper
	left atomic.Int64
}

func (b *broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.left.Add(-1) < 0 {
		return nil, errors.New("outage")
	}
	return b.next.RoundTrip(r)
}

func TestOutageReturnsTheRecordAndQuarantineNeedsTheTable(t *testing.T) {
	h := hubtest.New(t)
	in := newHandler(h, h.As("Inbound", func(next http.RoundTripper) http.RoundTripper { return &broken{next: next} }))
	e := sample(t, "inbound-line-text.json")
	if failed := handle(t, in, e); len(failed) != 1 {
		t.Errorf("got failures %v, want the record back", failed)
	}
	e.Records[0].Attributes["ApproximateReceiveCount"] = "8"
	if failed := handle(t, in, e); len(failed) != 1 {
		t.Errorf("got failures %v, want the record back: it could not be kept aside", failed)
	}
}

func TestPoisonIsKeptAsideBeforeItsEighthTry(t *testing.T) {
	h := hubtest.New(t)
	e := sample(t, "inbound-line-text.json")
	e.Records[0].Attributes["ApproximateReceiveCount"] = "8"
	if failed := handle(t, newHandler(h, h.Store), e); len(failed) > 0 {
		t.Errorf("got failures %v, want none", failed)
	}
	list, err := h.Store.QuarantinedOn(context.Background(), hubtest.Team, "20261005")
	if err != nil || len(list) != 1 || list[0].Reason != hub.Poison {
		t.Errorf("got %+v, %v, want one poison", list, err)
	}
	if _, err := h.Store.Thread(context.Background(), sampleThread); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want no thread: it was not tried again", err)
	}
}
