package canary

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/stack"
)

// printed is one line that a function printed.
type printed struct {
	function string
	members  map[string]any
	metrics  bool
}

// lines are what the functions printed from a place in the log on.
func lines(t *testing.T, log string) []printed {
	t.Helper()
	var all []printed
	for _, text := range strings.Split(log, "\n") {
		var members map[string]any
		if json.Unmarshal([]byte(text), &members) != nil {
			continue
		}
		name, _ := members["function"].(string)
		one := printed{function: name, members: members}
		if msg, _ := members["msg"].(string); strings.HasPrefix(msg, "{") {
			one.members, one.metrics = map[string]any{}, true
			if err := json.Unmarshal([]byte(msg), &one.members); err != nil {
				t.Errorf("%s printed %s: %v", name, msg, err)
			}
		} else if members["_aws"] != nil {
			one.metrics = true
		}
		if members["invocation"] != nil {
			all = append(all, one)
		}
	}
	return all
}

// traces are the functions that printed something with a trace, each once.
func traces(all []printed, trace string) []string {
	var found []string
	for _, l := range all {
		if l.members["trace"] == trace {
			found = append(found, l.function)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// TestOneTraceFromWebhookToSend plays a message through all functions as they are
// deployed, and finds the webhook's trace in the log of each and in each event.
func TestOneTraceFromWebhookToSend(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	s, err := stack.Start(ctx, stack.Options{Memory: true, RawLog: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	}()
	play := func(channel string, a fake.Act) string {
		t.Helper()
		before := len(s.Log())
		d, err := s.Customer(ctx, channel, a)
		if err != nil || d.Status != http.StatusOK {
			t.Fatalf("the webhook was answered %d, %v\n%s", d.Status, err, s.Log())
		}
		if err := s.Idle(ctx, time.Minute); err != nil {
			t.Fatalf("%v\n%s", err, s.Log())
		}
		for _, l := range lines(t, s.Log()[before:]) {
			if l.members["msg"] == "webhook taken" && l.members["count"] == 1.0 {
				trace, _ := l.members["trace"].(string)
				return trace
			}
		}
		t.Fatalf("ingress took no webhook with an event\n%s", s.Log()[before:])
		return ""
	}

	// A new customer asks something that is answered: six functions have a part in it.
	trace := play("line", fake.Act{From: "ann", Text: "ping"})
	want := []string{"inbound", "ingress", "outbound", "profile", "relay"}
	got := until(ctx, s, func(log string) bool { return slices.Equal(traces(lines(t, log), trace), want) })
	if len(trace) != 35 || !got {
		t.Errorf("got the trace %q in the logs of %v, want it in those of %v\n%s", trace, traces(lines(t, s.Log()), trace), want, s.Log())
	}
	kinds := []string{hub.MessageReceived, hub.ContactCreated, hub.ConversationOpened, hub.MessageStatus, hub.ContactChanged}
	for _, kind := range kinds {
		if !told(t, ctx, s, kind, trace) {
			t.Errorf("no event %s bears the trace", kind)
		}
	}

	// A send that is parked and handed on by reconcile keeps it too.
	if err := s.Faults(ctx, map[string]any{"line": raw(`{"rate429":1,"retry_after":300}`)}); err != nil {
		t.Fatal(err)
	}
	parked := play("line", fake.Act{From: "ann", Text: "ping"})
	if err := s.Faults(ctx, map[string]any{"line": nil}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.AdvanceClock(ctx, 3*time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Idle(ctx, time.Minute); err != nil {
		t.Fatal(err)
	}
	want = []string{"inbound", "ingress", "outbound", "reconcile", "relay"}
	if !until(ctx, s, func(log string) bool { return slices.Equal(traces(lines(t, log), parked), want) }) {
		t.Errorf("got the parked send's trace in the logs of %v, want %v", traces(lines(t, s.Log()), parked), want)
	}
	if !told(t, ctx, s, hub.MessageStatus, parked) {
		t.Error("no event tells of the parked send under its trace")
	}

	overAPI(ctx, t, s)

	counted := map[string]bool{}
	for _, l := range lines(t, s.Log()) {
		if !l.metrics {
			for _, key := range []string{"function", "level", "msg", "time"} {
				if l.members[key] == nil {
					t.Errorf("a line of %s has no %s: %v", l.function, key, l.members)
				}
			}
			continue
		}
		for name := range l.members {
			if _, ok := metric.Of(metric.Name(name)); ok {
				counted[name] = true
			}
		}
	}
	for _, name := range []metric.Name{
		metric.WebhooksAccepted, metric.EventsEnqueued, metric.MessagesStored, metric.StoreDelay, metric.SendsHandedOn, metric.EventsPublished,
		metric.SendsSent, metric.SendDelay, metric.SendsRetried, metric.SendsParked, metric.SendsDue, metric.OldestDue, metric.ProfilesStored,
		metric.SettingsMisses,
	} {
		if !counted[string(name)] {
			t.Errorf("nobody counted %s: got %v", name, counted)
		}
	}
}

// overAPI gives two contacts one number through the API: the request's id is the trace
// of what is told of it, and of what match makes of that.
func overAPI(ctx context.Context, t *testing.T, s *stack.Stack) {
	t.Helper()
	trace := ""
	for _, name := range []string{"one", "two"} {
		a, err := s.Call(ctx, "admin", "POST", "/contacts", map[string]string{"name": name, "phone": "+886911222333"})
		if err != nil || a.Status != http.StatusCreated {
			t.Fatalf("got %d %s, %v, want a contact", a.Status, a.Raw, err)
		}
		trace = a.Header.Get("X-Request-Id")
		if err := s.Idle(ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"api", "relay"}
	if !until(ctx, s, func(log string) bool { return slices.Equal(traces(lines(t, log), trace), want) }) {
		t.Errorf("got the request's id %q in the logs of %v, want it in those of %v", trace, traces(lines(t, s.Log()), trace), want)
	}
	for _, kind := range []string{hub.ContactCreated, hub.ContactCandidate} {
		if !told(t, ctx, s, kind, trace) {
			t.Errorf("no event %s bears the request's id", kind)
		}
	}
}

// told reports whether an event of a kind bears a trace.
func told(t *testing.T, ctx context.Context, s *stack.Stack, kind, trace string) bool {
	t.Helper()
	events, err := s.Events(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(events, func(e stack.Event) bool {
		var detail struct{ Trace string }
		return e.DetailType == kind && json.Unmarshal(e.Detail, &detail) == nil && detail.Trace == trace
	})
}

// until waits for what is to show in the log, soon: lines come a moment after what
// they tell of.
func until(ctx context.Context, s *stack.Stack, shows func(log string) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !shows(s.Log()) {
		select {
		case <-again.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
