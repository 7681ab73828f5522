package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// user is whom the i-th of the records that facts makes is of.
func user(i int) hub.UserKey { return hub.UserKey(strings.Repeat(string(rune('a'+i)), 32)) }

// erasedAt has a channel user erased as of a time.
func erasedAt(h *hubtest.Hub, u hub.UserKey, at hub.Millis) {
	h.PutItem(h.Store.Tables.Messages, map[string]any{"PK": "T#test#U#" + string(u), "SK": "THREAD", "erasedAt": int64(at), "epoch": int64(1)})
}

// texts are what the messages said that were published.
func texts(t *testing.T, h *hubtest.Hub) (list []any) {
	t.Helper()
	for _, p := range published(t, h) {
		list = append(list, p["text"])
	}
	return list
}

func TestHeldUpRecordOfWhoWasErasedSinceIsNotTold(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	e := facts(t, 4)
	said := hub.MessageKey(strings.TrimPrefix(e.Records[0].Change.NewImage["SK"].String(), "M#")).At()
	erasedAt(h, user(0), said+5000)
	erasedAt(h, user(2), said-1) // he wrote after it
	h.Clock.Advance(inTime)
	for range 2 {
		if failed := handle(t, r, e); len(failed) > 0 {
			t.Fatalf("got failures %v", failed)
		}
	}
	if got := texts(t, h); slices.Contains(got, any("text 0")) || len(got) != 6 {
		t.Errorf("got %v, want all but what is of before the erasure", got)
	}
}

func TestRecordInTimeIsToldWithoutARead(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	e := facts(t, 20)
	h.Clock.Advance(inTime - h.Clock.Now().Sub(e.Records[0].Change.ApproximateCreationDateTime.Time))
	h.Cloud.Meter().Reset()
	handle(t, r, e)
	if calls, read, _ := h.Calls("Look"); calls != 0 || read != 0 || len(texts(t, h)) != 20 {
		t.Errorf("got %d calls and %v RRU for %d events, want 20 events and no read", calls, read, len(texts(t, h)))
	}
	h.Clock.Advance(time.Second)
	handle(t, r, e)
	if calls, read, _ := h.Calls("Look"); calls != 1 || read != 20 {
		t.Errorf("a second later: got %d calls and %v RRU, want each thread read once, in one call", calls, read)
	}
}

// TestHeldUpRecordOfAHomeThatIsGoneIsNotTold: of an edge both homes count.
func TestHeldUpRecordOfAHomeThatIsGoneIsNotTold(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	at := hub.MillisOf(hubtest.Start)
	there := map[string]hub.HomeID{}
	for name, left := range map[string]map[string]any{
		"there": {"kind": "person", "ra": int64(at)}, "mark": {"era": "x", "erasedAt": int64(at)}, "begun": {"kind": "person", "era": "x"}, "gone": nil,
	} {
		there[name] = h.Team.Pepper.Home("line1", name, 0)
		if left != nil {
			left["PK"], left["SK"] = "T#test#H#"+string(there[name]), "HOME"
			h.PutItem(h.Store.Tables.Contacts, left)
		}
	}
	e := sample(t, "relay-facts-contacts.json")
	changed1 := e.Records[slices.IndexFunc(e.Records, func(r events.DynamoDBEventRecord) bool {
		return r.Change.NewImage["pub"].String() == hub.ContactChanged
	})]
	e.Records = nil
	for i, name := range []string{"gone", "there", "mark", "begun"} {
		e.Records = append(e.Records, changed(changed1, i, map[string]string{"PK": "T#test#H#" + string(there[name]), "src": name}))
	}
	for i, other := range []string{"gone", "there"} {
		edge := changed(changed1, 10+i, map[string]string{
			"PK": "T#test#H#" + string(there["there"]), "SK": "E#" + string(there[other]), "pub": hub.ContactLinked, "by": other, "evidence": "person",
		})
		delete(edge.Change.NewImage, "rev")
		e.Records = append(e.Records, edge)
	}
	h.Clock.Advance(inTime)
	if failed := handle(t, r, e); len(failed) > 0 {
		t.Fatalf("got failures %v", failed)
	}
	var got []string
	for _, p := range published(t, h) {
		got = append(got, fmt.Sprint(p["kind of event"], " ", p["source"], p["by"]))
	}
	if want := []string{"contact.changed there<nil>", "contact.linked <nil>there"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRecordOfWhichIsNotKnownWhoWasErasedComesAgain(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	r.Store = h.As("Look", hubtest.Cut(0, false))
	e := facts(t, 5)
	h.Clock.Advance(inTime)
	now := events.SecondsEpochTime{Time: h.Clock.Now()}
	e.Records[0].Change.ApproximateCreationDateTime, e.Records[1].Change.ApproximateCreationDateTime = now, now
	failed := handle(t, r, e)
	if len(failed) != 1 || failed[0].ItemIdentifier != e.Records[2].Change.SequenceNumber {
		t.Errorf("got failures %v, want the third record", failed)
	}
	if got := texts(t, h); len(got) != 2 {
		t.Errorf("got %v, want what stands before it", got)
	}
}

func TestRecordThatIsKeptAsideIsFoundByItsUser(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	e := facts(t, 2)
	for i := range e.Records {
		e.Records[i] = changed(e.Records[i], i, map[string]string{"pub": "contact.unheard_of"})
	}
	erasedAt(h, user(1), hub.MillisOf(hubtest.Start))
	handle(t, r, events.DynamoDBEvent{Records: e.Records[:1]})
	h.Clock.Advance(inTime)
	handle(t, r, events.DynamoDBEvent{Records: e.Records[1:]}) // held up: the person is erased
	list, err := h.Store.QuarantinedOn(context.Background(), "test", store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 1 || list[0].User != user(0) {
		t.Fatalf("got %+v, %v, want the entry of one who was not erased, with the user", list, err)
	}
	if index := h.Items(h.Store.Tables.Ledger, "T#test#QU#"+string(user(0))); index[list[0].ID] == nil {
		t.Errorf("got %v, want it where an erasure looks", index)
	}
}
