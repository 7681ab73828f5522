package bus

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"omnihub/internal/hub"
)

// sent is one entry as it goes over the wire.
type sent struct {
	EventBusName, Source, DetailType, Detail string
	Time                                     float64 // seconds
}

// id is the id in the entry's detail.
func (s sent) id() string {
	var d struct{ ID string }
	_ = json.Unmarshal([]byte(s.Detail), &d)
	return d.ID
}

// service answers PutEvents as a test wants: answer gives a status, and either the
// code of an error or a code for each entry, "" for one that is taken.
type service struct {
	mu     sync.Mutex
	calls  [][]sent
	answer func(call int, entries []sent) (status int, code string, entryCodes []string)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var in struct{ Entries []sent }
	if err := json.Unmarshal(body, &in); err != nil || r.Header.Get("X-Amz-Target") != "AWSEvents.PutEvents" {
		http.Error(w, "not PutEvents", http.StatusNotImplemented)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, in.Entries)
	status, code, codes := 200, "", make([]string, len(in.Entries))
	if s.answer != nil {
		status, code, codes = s.answer(len(s.calls), in.Entries)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	if status != 200 {
		fmt.Fprintf(w, `{"__type":%q,"message":"canary-value was wrong"}`, code)
		return
	}
	var results []map[string]string
	failed := 0
	for i, c := range codes {
		if c == "" {
			results = append(results, map[string]string{"EventId": fmt.Sprintf("e-%d-%d", len(s.calls), i)})
			continue
		}
		failed++
		results = append(results, map[string]string{"ErrorCode": c, "ErrorMessage": "canary-value was wrong"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"FailedEntryCount": failed, "Entries": results})
}

func open(t *testing.T, s *service) *Bus {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return &Bus{Name: "hub-bus", Client: eventbridge.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})}
}

func event(id string) hub.Published {
	return hub.Published{
		ID: id, Kind: hub.ContactChanged, Team: "test", At: 1791170415123,
		Detail: map[string]any{"home": "h", "field": "name", "source": "platform"},
	}
}

func eventsOf(n int) []hub.Published {
	var list []hub.Published
	for i := range n {
		list = append(list, event(fmt.Sprint(i)))
	}
	return list
}

func codes(errs []error) []hub.Code {
	var out []hub.Code
	for _, err := range errs {
		out = append(out, hub.CodeOf(err))
	}
	return out
}

func TestEventGoesToTheBusUnderItsKindWithItsTime(t *testing.T) {
	s := &service{}
	p := event("T#test#H#h/P#name#3")
	p.Detail["field"], p.Detail["up_to"], p.Detail["id"] = "<name> & 名前", int64(1791170415123), "a member cannot take the place of the id"
	if errs := open(t, s).Publish(context.Background(), []hub.Published{p}); errs[0] != nil {
		t.Fatal(errs[0])
	}
	got := s.calls[0][0]
	if got.EventBusName != "hub-bus" || got.Source != "omnihub" || got.DetailType != "contact.changed" || got.Time != 1791170415.123 {
		t.Errorf("got %+v", got)
	}
	want := `{"at":1791170415123,"field":"<name> & 名前","home":"h","id":"T#test#H#h/P#name#3","source":"platform","team":"test","up_to":1791170415123}`
	if got.Detail != want {
		t.Errorf("got detail %s, want %s", got.Detail, want)
	}
	if p.Detail["id"] == p.ID {
		t.Error("the caller's detail was changed")
	}
}

func TestCallsHoldTenEntriesAtMost(t *testing.T) {
	s := &service{}
	for i, err := range open(t, s).Publish(context.Background(), eventsOf(23)) {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	var sizes []int
	next := 0
	for _, call := range s.calls {
		sizes = append(sizes, len(call))
		for _, e := range call {
			if e.id() != fmt.Sprint(next) {
				t.Errorf("got event %s, want %d", e.id(), next)
			}
			next++
		}
	}
	if !slices.Equal(sizes, []int{10, 10, 3}) {
		t.Errorf("got calls of %v entries, want 10, 10, 3", sizes)
	}
}

// sized is an event whose entry counts so many bytes at the service.
func sized(t *testing.T, id string, size int) hub.Published {
	t.Helper()
	p := event(id)
	p.Detail["source"] = ""
	e, err := (&Bus{}).entry(p)
	if err != nil {
		t.Fatal(err)
	}
	p.Detail["source"] = strings.Repeat("x", size-e.size)
	return p
}

func TestCallsStayBelowTheLimitAsTheServiceCounts(t *testing.T) {
	s := &service{}
	list := []hub.Published{
		sized(t, "0", 500_000), sized(t, "1", 499_999), // together just below
		sized(t, "2", 500_000), sized(t, "3", 500_000), // together at the limit
		sized(t, "4", 999_999), // alone just below
		sized(t, "5", 1_000_000),
		event("6"),
	}
	got := codes(open(t, s).Publish(context.Background(), list))
	if want := []hub.Code{"", "", "", "", "", hub.Oversize, ""}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var shape []string
	for _, call := range s.calls {
		ids, size := "", 0
		for _, e := range call {
			ids += e.id()
			size += 14 + len(e.Source) + len(e.DetailType) + len(e.Detail)
		}
		if size >= 1_000_000 {
			t.Errorf("a call of %d bytes", size)
		}
		shape = append(shape, ids)
	}
	if !slices.Equal(shape, []string{"01", "2", "3", "4", "6"}) {
		t.Errorf("got calls %v, want 01 2 3 4 6", shape)
	}
}

func TestEachFailedEntryIsReportedForItself(t *testing.T) {
	s := &service{answer: func(_ int, entries []sent) (int, string, []string) {
		out := make([]string, len(entries))
		out[2], out[5], out[6] = "ThrottlingException", "MalformedDetail", "InternalFailure"
		return 200, "", out
	}}
	got := codes(open(t, s).Publish(context.Background(), eventsOf(10)))
	want := []hub.Code{"", "", hub.Transient, "", "", hub.Unparsable, hub.Transient, "", "", ""}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNothingMoreIsTriedAfterAFailureThatMayPass(t *testing.T) {
	for name, answer := range map[string]func(int, []sent) (int, string, []string){
		"call": func(int, []sent) (int, string, []string) { return 400, "ThrottlingException", nil },
		"entry": func(int, []sent) (int, string, []string) {
			return 200, "", append(make([]string, 9), "InternalFailure")
		},
		"short": func(int, []sent) (int, string, []string) { return 200, "", make([]string, 9) },
	} {
		s := &service{answer: answer}
		errs := open(t, s).Publish(context.Background(), eventsOf(25))
		if len(s.calls) != 1 {
			t.Errorf("%s: got %d calls, want 1", name, len(s.calls))
		}
		for i, err := range errs[9:] {
			if hub.CodeOf(err) != hub.Transient {
				t.Errorf("%s: event %d: got %v, want transient", name, i+9, err)
			}
		}
	}
}

func TestPermanentFailureStopsNothing(t *testing.T) {
	s := &service{answer: func(call int, entries []sent) (int, string, []string) {
		out := make([]string, len(entries))
		if call == 1 {
			out[0] = "InvalidArgument"
		}
		return 200, "", out
	}}
	errs := open(t, s).Publish(context.Background(), eventsOf(15))
	if hub.CodeOf(errs[0]) != hub.Unparsable || !hub.CodeOf(errs[0]).Quarantined() {
		t.Errorf("got %v, want a code that is quarantined", errs[0])
	}
	for i, err := range errs[1:] {
		if err != nil {
			t.Errorf("event %d: %v", i+1, err)
		}
	}
}

func TestCallRefusedForOneEntryShowsWhichAndTakesTheOthers(t *testing.T) {
	s := &service{answer: func(_ int, entries []sent) (int, string, []string) {
		for _, e := range entries {
			if e.id() == "3" {
				return 400, "ValidationException", nil
			}
		}
		return 200, "", make([]string, len(entries))
	}}
	got := codes(open(t, s).Publish(context.Background(), eventsOf(12)))
	want := make([]hub.Code, 12)
	want[3] = hub.Unparsable
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(s.calls) != 12 { // ten, each of them alone, and the last two
		t.Errorf("got %d calls, want 12", len(s.calls))
	}
}

func TestUnfitEventIsNotSent(t *testing.T) {
	s := &service{}
	var list []hub.Published
	for _, spoil := range []func(*hub.Published){
		func(p *hub.Published) { p.Kind = "contact.unheard_of" },
		func(p *hub.Published) { p.ID = "" },
		func(p *hub.Published) { p.Team = "" },
		func(p *hub.Published) { p.At = 0 },
		func(p *hub.Published) { p.Detail["field"] = func() {} },
	} {
		p := event("x")
		spoil(&p)
		list = append(list, p)
	}
	for i, err := range open(t, s).Publish(context.Background(), list) {
		if hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("event %d: got %v, want unparsable", i, err)
		}
	}
	if len(s.calls) != 0 {
		t.Errorf("got %d calls, want none", len(s.calls))
	}
}

func TestErrorsCarryNoContent(t *testing.T) {
	p := event("canary-id")
	p.Detail["field"], p.Team = "canary-field", "canary"
	huge := sized(t, "canary-huge", 1_000_001)
	broken := event("canary-broken")
	broken.Detail["canary-member"] = func() {}
	answers := []func(int, []sent) (int, string, []string){
		func(int, []sent) (int, string, []string) { return 400, "ValidationException", nil },
		func(int, []sent) (int, string, []string) { return 403, "AccessDeniedException", nil },
		func(int, []sent) (int, string, []string) { return 500, "InternalFailure", nil },
		func(int, []sent) (int, string, []string) { return 200, "", []string{"MalformedDetail"} },
		func(int, []sent) (int, string, []string) { return 200, "", []string{"ThrottlingException"} },
	}
	for _, answer := range answers {
		for _, err := range open(t, &service{answer: answer}).Publish(context.Background(), []hub.Published{p, huge, broken}) {
			if err == nil || strings.Contains(err.Error(), "canary") || !strings.HasPrefix(err.Error(), "bus: publish: ") {
				t.Errorf("got %v, want an error of the bus without content", err)
			}
		}
	}
}

func TestServiceThatIsDownIsTransient(t *testing.T) {
	b := open(t, &service{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := b.Publish(ctx, eventsOf(1))[0]; hub.CodeOf(err) != hub.Transient || !strings.Contains(err.Error(), "out of time") {
		t.Errorf("got %v, want transient: out of time", err)
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	b.Client = eventbridge.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &gone.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	if err := b.Publish(context.Background(), eventsOf(1))[0]; hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient", err)
	}
}

func TestNothingToPublishCallsNobody(t *testing.T) {
	s := &service{}
	if errs := open(t, s).Publish(context.Background(), nil); len(errs) != 0 || len(s.calls) != 0 {
		t.Errorf("got %v and %d calls, want nothing", errs, len(s.calls))
	}
}
