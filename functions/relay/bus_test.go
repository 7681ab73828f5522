package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"omnihub/internal/bus"
	"omnihub/internal/bus/catalogue"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

const busName = "relay-test"

// newBus is the test's own bus, whose client meets the faults that wrap makes; nil for
// none.
func newBus(t *testing.T, h *hubtest.Hub, wrap func(http.RoundTripper) http.RoundTripper) *bus.Bus {
	t.Helper()
	cfg := h.AWS("Relay")
	_, err := eventbridge.NewFromConfig(cfg).CreateEventBus(context.Background(), &eventbridge.CreateEventBusInput{Name: aws.String(busName)})
	var exists *types.ResourceAlreadyExistsException
	if err != nil && !errors.As(err, &exists) {
		t.Fatal(err)
	}
	if wrap != nil {
		cfg.HTTPClient = &http.Client{Transport: wrap(h.Near())}
	}
	return &bus.Bus{Client: eventbridge.NewFromConfig(cfg), Name: busName}
}

// published is what the bus took, as its detail, oldest first.
func published(t *testing.T, h *hubtest.Hub) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, p := range h.Cloud.Events().Published(0) {
		var detail map[string]any
		if err := json.Unmarshal([]byte(p.Detail), &detail); err != nil {
			t.Fatal(err)
		}
		if p.Bus != busName || p.Source != hub.Source {
			t.Errorf("got an event on %s from %s", p.Bus, p.Source)
		}
		raw, _ := catalogue.Schema(p.DetailType)
		checkSchema(t, p.DetailType, raw, p.Detail)
		detail["kind of event"] = p.DetailType
		out = append(out, detail)
	}
	return out
}

// checkSchema holds an event that was published against its kind's schema.
func checkSchema(t *testing.T, kind string, raw []byte, detail string) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%q has no schema: %v", kind, err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(kind, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(kind)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(detail))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(v); err != nil {
		t.Errorf("a published %s does not fit its schema: %v", kind, err)
	}
}

// fault stands between relay and the bus. Of each call, counted from 1, it lets
// through the entries for which fail gives "", and answers with its code for the
// others; a code for entry -1 refuses the whole call.
type fault struct {
	next http.RoundTripper
	call int
	fail func(call, entry int) string
}

func faults(fail func(call, entry int) string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return &fault{next: next, fail: fail} }
}

func (f *fault) RoundTrip(r *http.Request) (*http.Response, error) {
	f.call++
	if code := f.fail(f.call, -1); code != "" {
		return answer(r, 400, map[string]any{"__type": code, "message": "no"}), nil
	}
	var in struct{ Entries []json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	results := make([]map[string]any, len(in.Entries))
	var through []json.RawMessage
	var places []int
	for i, e := range in.Entries {
		if code := f.fail(f.call, i); code != "" {
			results[i] = map[string]any{"ErrorCode": code, "ErrorMessage": "no"}
			continue
		}
		through, places = append(through, e), append(places, i)
	}
	if len(through) > 0 {
		body, _ := json.Marshal(map[string]any{"Entries": through})
		again := r.Clone(r.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		out, err := f.next.RoundTrip(again)
		if err != nil {
			return nil, err
		}
		defer out.Body.Close()
		var got struct{ Entries []map[string]any }
		if err := json.NewDecoder(out.Body).Decode(&got); err != nil || len(got.Entries) != len(through) {
			return nil, fmt.Errorf("the bus answered %d entries: %v", len(got.Entries), err)
		}
		for n, i := range places {
			results[i] = got.Entries[n]
		}
	}
	return answer(r, 200, map[string]any{"FailedEntryCount": len(in.Entries) - len(through), "Entries": results}), nil
}

func answer(r *http.Request, status int, body map[string]any) *http.Response {
	raw, _ := json.Marshal(body)
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(raw)),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(bytes.NewReader(raw)),
	}
}

// facts are n inserts of messages of as many threads.
func facts(t *testing.T, n int) events.DynamoDBEvent {
	t.Helper()
	base := sample(t, "relay-facts-messages.json").Records[0]
	var e events.DynamoDBEvent
	for i := range n {
		e.Records = append(e.Records, changed(base, i, map[string]string{
			"PK": "T#test#U#" + strings.Repeat(string(rune('a'+i)), 32), "tx": fmt.Sprint("text ", i),
		}))
	}
	return e
}

// changed is a record with other attributes and a sequence number of its own.
func changed(r events.DynamoDBEventRecord, i int, with map[string]string) events.DynamoDBEventRecord {
	image := map[string]events.DynamoDBAttributeValue{}
	for name, v := range r.Change.NewImage {
		image[name] = v
	}
	for name, v := range with {
		image[name] = events.NewStringAttribute(v)
	}
	r.Change.NewImage = image
	r.Change.SequenceNumber = fmt.Sprintf("%024d", 100+i)
	return r
}

// work gives a batch to the handler as a mapping does: again from the record that is
// named, until none is or the tries are used up. It answers the names.
func work(t *testing.T, r *handler, e events.DynamoDBEvent, tries int) []string {
	t.Helper()
	var named []string
	for range tries {
		failed := handle(t, r, e)
		if len(failed) == 0 {
			return named
		}
		named = append(named, failed[0].ItemIdentifier)
		at := slices.IndexFunc(e.Records, func(x events.DynamoDBEventRecord) bool {
			return x.Change.SequenceNumber == failed[0].ItemIdentifier
		})
		if len(failed) != 1 || at < 0 {
			t.Fatalf("got failures %v, want one record of the batch", failed)
		}
		e.Records = e.Records[at:]
	}
	return named
}

func TestFactsOfBothTablesArePublished(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	for _, name := range []string{"relay-facts-messages.json", "relay-facts-contacts.json"} {
		if failed := handle(t, r, sample(t, name)); len(failed) > 0 {
			t.Fatalf("%s: got failures %v", name, failed)
		}
	}
	var kinds []string
	ids := map[any]bool{}
	for _, p := range published(t, h) {
		kinds = append(kinds, p["kind of event"].(string))
		ids[p["id"]] = true
	}
	if want := []string{hub.MessageReceived, hub.ConversationOpened, hub.ContactCreated, hub.ContactChanged}; !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
	if len(ids) != 4 {
		t.Errorf("got %d ids, want 4", len(ids))
	}
	if n := h.Depth(h.Outbound); n != 0 {
		t.Errorf("got %d orders, want none", n)
	}
}

func TestOnlyChangesWithAnotherRevisionArePublished(t *testing.T) {
	h := hubtest.New(t)
	if failed := handle(t, newHandler(t, h), sample(t, "relay-revisions.json")); len(failed) > 0 {
		t.Fatalf("got failures %v", failed)
	}
	got := published(t, h)
	if len(got) != 2 || got[0]["kind of event"] != hub.MessageStatus || got[0]["state"] != "sent" || got[1]["kind of event"] != hub.ConversationChanged || got[1]["assignee"] != "ming" {
		t.Errorf("got %v, want a message that was sent and a conversation that was accepted", got)
	}
}

func TestRepeatedRecordIsPublishedUnderTheSameID(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	for range 2 {
		handle(t, r, sample(t, "relay-facts-contacts.json"))
	}
	got := published(t, h)
	if len(got) != 4 || got[0]["id"] != got[2]["id"] || got[1]["id"] != got[3]["id"] || got[0]["id"] == got[1]["id"] {
		t.Errorf("got %v, want the same two ids twice", got)
	}
}

func TestFailureOfOneEntryIsTriedAgainAndCompletes(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	r.Bus = newBus(t, h, faults(func(call, entry int) string {
		if call == 1 && entry == 2 {
			return "InternalFailure"
		}
		return ""
	}))
	e := facts(t, 10)
	if named := work(t, r, e, 2); !slices.Equal(named, []string{e.Records[2].Change.SequenceNumber}) {
		t.Errorf("got %v, want the third record named once", named)
	}
	times := map[any]int{}
	for _, p := range published(t, h) {
		times[p["text"]]++
	}
	for i := range 10 {
		if n := times[fmt.Sprint("text ", i)]; n < 1 || i < 2 && n != 1 || i == 2 && n != 1 {
			t.Errorf("event %d was published %d times", i, n)
		}
	}
}

func TestThrottledBusNamesTheFirstRecord(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	throttled := true
	r.Bus = newBus(t, h, faults(func(_, entry int) string {
		if throttled && entry == -1 {
			return "ThrottlingException"
		}
		return ""
	}))
	e := facts(t, 25)
	failed := handle(t, r, e)
	if len(failed) != 1 || failed[0].ItemIdentifier != e.Records[0].Change.SequenceNumber {
		t.Errorf("got failures %v, want the first record", failed)
	}
	throttled = false
	if named := work(t, r, e, 1); len(named) > 0 || len(published(t, h)) != 25 {
		t.Errorf("got failures %v and %d events, want all 25 after the throttling", named, len(published(t, h)))
	}
}

func TestPoisonIsKeptAsideAndItsNeighboursArePublished(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	r.Bus = newBus(t, h, faults(func(_, entry int) string {
		if entry == 3 {
			return "MalformedDetail"
		}
		return ""
	}))
	e := facts(t, 6)
	e.Records[1] = changed(e.Records[1], 1, map[string]string{"pub": "contact.unheard_of"})
	if failed := handle(t, r, e); len(failed) > 0 {
		t.Errorf("got failures %v, want none", failed)
	}
	var texts []any
	for _, p := range published(t, h) {
		texts = append(texts, p["text"])
	}
	if fmt.Sprint(texts) != "[text 0 text 2 text 3 text 5]" {
		t.Errorf("got %v, want the events 0, 2, 3 and 5", texts)
	}
	list, err := h.Store.QuarantinedOn(context.Background(), "test", store.Day(hub.MillisOf(h.Clock.Now())))
	if err != nil || len(list) != 2 {
		t.Errorf("got %d entries, %v, want 2", len(list), err)
	}
}

func TestEarliestFailureOfBothPathsIsNamed(t *testing.T) {
	intent := sample(t, "relay-intent.json").Records[1]
	for name, c := range map[string]struct {
		queue      bool // whether it fails
		bus        int  // the entry of the bus that fails: -1 the whole call, -2 none
		want, sent int  // place of the record that is named; events that went out
	}{
		"queue":                      {queue: true, bus: -2, want: 2, sent: 2},
		"bus":                        {bus: -1, want: 0, sent: 0},
		"both":                       {queue: true, bus: -1, want: 0, sent: 0},
		"queue, then an entry":       {queue: true, bus: 3, want: 2, sent: 2},
		"an entry behind the intent": {bus: 2, want: 3, sent: 3},
		"an entry, then the queue":   {queue: true, bus: 1, want: 1, sent: 1},
	} {
		h := hubtest.New(t)
		r := newHandler(t, h)
		r.Bus = newBus(t, h, faults(func(_, entry int) string {
			if entry == c.bus {
				return "InternalFailure"
			}
			return ""
		}))
		if c.queue {
			r.Outbound.URL = strings.Replace(r.Outbound.URL, "Outbound", "Missing", 1)
		}
		e := facts(t, 5)
		e.Records[2] = changed(intent, 2, nil)
		failed := handle(t, r, e)
		if len(failed) != 1 || failed[0].ItemIdentifier != e.Records[c.want].Change.SequenceNumber {
			t.Errorf("%s: got failures %v, want record %d", name, failed, c.want)
		}
		if n := len(published(t, h)); n != c.sent {
			t.Errorf("%s: %d events went out, want %d: the later ones come again", name, n, c.sent)
		}
	}
}

func TestRecordThatCannotBeKeptAsideIsNamedAndWhatStandsBeforeItIsDone(t *testing.T) {
	h := hubtest.New(t)
	r := newHandler(t, h)
	st := *h.Store
	st.Tables.Ledger = "missing"
	r.Quarantine.Store = &st
	e := facts(t, 5)
	e.Records[1] = changed(sample(t, "relay-intent.json").Records[1], 1, nil)
	e.Records[3] = changed(e.Records[3], 3, map[string]string{"pub": "contact.unheard_of"})
	failed := handle(t, r, e)
	if len(failed) != 1 || failed[0].ItemIdentifier != e.Records[3].Change.SequenceNumber {
		t.Errorf("got failures %v, want the fourth record", failed)
	}
	if events, orders := len(published(t, h)), h.Depth(h.Outbound); events != 2 || orders != 1 {
		t.Errorf("got %d events and %d orders, want the 2 and 1 that stand before it", events, orders)
	}
}

func TestRecordAtWhichTheReaderPanicsIsNotUnderstood(t *testing.T) {
	_, err := change(func(events.DynamoDBEventRecord) (store.Change, error) { panic("canary") }, events.DynamoDBEventRecord{})
	if hub.CodeOf(err) != hub.Poison || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want poison without content", err)
	}
}
