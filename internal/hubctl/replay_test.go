package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

func mustEnvelope(t *testing.T, body string) hub.Envelope {
	t.Helper()
	e, err := chat.ReadEnvelope(body)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func replay(args ...string) []string {
	return append([]string{"quarantine", "replay", "-team", "test", "-stack", "test", "-rate", "1000"}, args...)
}

func TestReplayedEventIsStoredOnceAndMarked(t *testing.T) {
	s := newScene(t)
	sees := s.adapters["line"]
	s.adapters["line"] = blind{Adapter: sees, parse: true}
	s.post(s.said("1", "hello"))
	s.drain()
	id := s.entry("test").ID

	out, err := s.run(replay("-id", id)...)
	if err == nil || !strings.Contains(out, "stays: ") || !strings.Contains(err.Error(), "refused 1") || s.Depth(s.Inbound) != 0 {
		t.Fatalf("while nobody understands it: got %v, %s", err, out)
	}
	s.adapters["line"] = sees
	before := s.state()
	if out := s.does(replay("-id", id, "-dry-run")...); !strings.Contains(out, "would go: event to Inbound") {
		t.Errorf("dry run: got %s", out)
	}
	if s.state() != before || s.Depth(s.Inbound) != 0 {
		t.Error("the dry run has changed something")
	}
	if out := s.does(replay("-id", id)...); !strings.Contains(out, "replayed 1") {
		t.Errorf("got %s", out)
	}
	if n := s.drain(); n != 1 || s.texts() != "hello" {
		t.Fatalf("got %d messages on the queue and %q stored, want one", n, s.texts())
	}
	if out := s.does("quarantine", "list", "-team", "test"); out != "0 entries\n" {
		t.Errorf("replayed: got %s, want it listed no more", out)
	}
	if out := s.does("quarantine", "list", "-team", "test", "-all"); !strings.Contains(out, "replayed 2026-10-05T") {
		t.Errorf("with -all: got %s", out)
	}
	if out := s.does(replay("-id", id)...); !strings.Contains(out, "it was replayed at") || s.Depth(s.Inbound) != 0 {
		t.Errorf("again: got %s, want nothing done", out)
	}
	if out := s.does(replay("-since", "1h")...); out != "no entry is selected\n" {
		t.Errorf("by selection: got %s", out)
	}

	s.Clock.Advance(time.Second)
	stored := s.Dump(s.Store.Tables.Messages) + s.Dump(s.Store.Tables.Contacts)
	s.does(replay("-id", id, "-all")...)
	if n := s.drain(); n != 1 {
		t.Errorf("the queue took %d messages, want 1: it has another deduplication id", n)
	}
	if s.Dump(s.Store.Tables.Messages)+s.Dump(s.Store.Tables.Contacts) != stored {
		t.Error("the second replay has changed something")
	}
}

func TestEventThatFailsAgainIsTheSameEntry(t *testing.T) {
	s := newScene(t)
	s.post(s.said("1", "hello"))
	giveUp := func() {
		t.Helper()
		e := s.Receive(s.Inbound)
		if len(e.Records) != 1 {
			t.Fatalf("got %d messages, want 1", len(e.Records))
		}
		if err := s.receiver().Quarantine.Event(ctx, mustEnvelope(t, e.Records[0].Body), hub.Poison, "it failed at every try"); err != nil {
			t.Fatal(err)
		}
		s.Ack(s.Inbound, e, events.SQSEventResponse{})
	}
	giveUp()
	first := s.entry("test")
	s.does(replay("-id", first.ID)...)
	if q := s.entry("test"); q.Replayed == 0 {
		t.Fatal("it is not marked as replayed")
	}
	s.Clock.Advance(time.Hour)
	giveUp()
	if q := s.entry("test"); q.ID != first.ID || q.Replayed != 0 || q.Begun != 0 || q.At != first.At {
		t.Errorf("got %+v, want the first entry as it was", q)
	}
	if out := s.does("quarantine", "list", "-team", "test"); !strings.Contains(out, first.ID) {
		t.Errorf("it is not listed again: %s", out)
	}
	s.does(replay("-filter", "poison")...)
	if n := s.drain(); n != 1 || s.texts() != "hello" {
		t.Errorf("got %d messages, %q", n, s.texts())
	}
}

func TestBodyIsCutAnewWhenItIsUnderstood(t *testing.T) {
	s := newScene(t)
	sees := s.adapters["line"]
	s.adapters["line"] = blind{Adapter: sees, split: true}
	body := s.said("1", "one")
	two := s.said("2", "two")
	from := strings.Index(two, `{"type"`)
	s.post(strings.TrimSuffix(body, "]}") + "," + strings.TrimSuffix(two[from:], "]}") + "]}")
	s.drain()
	id := s.entry("test").ID
	if _, err := s.run(replay("-id", id)...); err == nil {
		t.Error("a body that nobody understands was replayed")
	}
	s.adapters["line"] = sees
	if out := s.does(replay("-id", id)...); !strings.Contains(out, "2 messages to Inbound") {
		t.Errorf("got %s", out)
	}
	s.drain()
	if got := s.texts(); got != "two, one" {
		t.Errorf("got %q stored", got)
	}
}

func TestEventOfAnAccountIsReplayedOnceThatIsConnected(t *testing.T) {
	s := newScene(t)
	s.postMeta(s.saidAt("999", "1", "hello"))
	s.drain()
	id := s.entry("test").ID
	out, err := s.run(replay("-id", id)...)
	if err == nil || !strings.Contains(out, "the account is not connected here") {
		t.Fatalf("got %v, %s, want it to stay", err, out)
	}
	if err := s.Setup.Connect(ctx, s.Team, hubtest.WhatsAppConn, "whatsapp", nil, settings.NewAccount{
		ID: "whatsapp2", External: "999", Secrets: channel.Secrets{"access_token": "t"},
	}); err != nil {
		t.Fatal(err)
	}
	s.does(replay("-filter", "unknown_account")...)
	s.drain()
	if got := s.textsOf("whatsapp2", "wa:"+phone); got != "hello" {
		t.Errorf("got %q in the account's thread, want the text", got)
	}
	if len(s.Dump(s.Store.Tables.Messages)) == 0 || strings.Count(s.Dump(s.Store.Tables.Messages), "hello") != 2 { // text and preview
		t.Errorf("the text is not stored once: %s", s.Dump(s.Store.Tables.Messages))
	}
}

func TestWhatIsTooOldTooLargeOrDoubleStays(t *testing.T) {
	s := newScene(t)
	s.post(s.saidBefore(9*24*time.Hour, "1", "late"))
	s.drain() // stale
	s.post(s.said("2", strings.Repeat("x", 720_000)))
	s.drain() // oversize
	s.adapters["line"] = blind{Adapter: s.adapters["line"], parse: true}
	s.post(s.said("3", "unseen"))
	s.drain() // unparsable now, stale when it is replayed
	s.adapters["line"] = s.adapters["line"].(blind).Adapter
	s.Clock.Advance(9 * 24 * time.Hour)
	if n := len(s.entries("test")); n != 3 {
		t.Fatalf("got %d entries, want 3", n)
	}
	out, err := s.run(replay("-since", "20d")...)
	if err == nil || !strings.Contains(err.Error(), "refused 3") {
		t.Errorf("got %v, want 3 refused", err)
	}
	for _, want := range []string{"over 8 days old: it would be refused again", "oversize: the event is larger", "old by now"} {
		if strings.Count(out, want) != 1 {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	if n := s.Depth(s.Inbound); n != 0 {
		t.Errorf("%d messages were queued", n)
	}
}

func TestWhatBelongsToNobodyGoesBackToWhereItsFormBelongs(t *testing.T) {
	s := newScene(t)
	qu := s.receiver().Quarantine
	s.post(s.said("1", "canary"))
	s.drain()
	must(t)(s.run("send", "-team", "test", "-account", "line1", "-to", customer, "-class", "person", "-text", "canary"))
	records := s.Changes(s.Store.Tables.Messages)
	records = append(records, s.Changes(s.Store.Tables.Contacts)...)
	var intent, fact string
	for _, r := range records {
		c, err := store.ReadChange(r)
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(r)
		if c.Send != nil {
			intent = string(raw)
		}
		if c.Event != nil && c.Event.Kind == hub.ContactCreated {
			fact = string(raw)
		}
	}
	if intent == "" || fact == "" {
		t.Fatal("the change stream lacks an intent or a fact")
	}
	user := s.Team.Pepper.User("line1", customer)
	order := fmt.Sprintf(`{"v":1,"team":"test","u":%q,"k":"1791170475123#x","class":"person","content":{"type":"text","text":"canary"},"acc":1,"dl":2,"trace":"t"}`, user)
	envelope := fmt.Sprintf(`{"v":1,"team":"test","conn":"line1","chan":"line","u":%q,"ev":"E","raw":"e30=","at":1}`, user)
	var linked events.SQSEvent
	hubtest.Event(t, "linkfollow-linked.json", &linked)
	tap := linked.Records[0].Body
	for _, c := range []struct {
		body, want, queue string
	}{
		{order, "order to Outbound", "OutboundQueue"},
		{envelope, "envelope to Inbound", "InboundQueue"},
		{`{"team":"test","home":"h","account":"line1","channel":"line","user":"u"}`, "ask for a profile to Profile", "ProfileQueue"},
		{`{"team":"test","home":"h","field":"phone","trace":"t"}`, "change of a field to Match", "MatchQueue"},
		{tap, "event of a tap to LinkFollow", "LinkFollowQueue"},
		{intent, "reconcile hands on the intent", ""},
		{fact, "contact.created to the bus", "bus"},
		{strings.Replace(fact, hub.ContactCreated, "contact.unheard_of", 1), "stays: ", ""},
		{`{"v":7}`, "the form of nothing", ""},
		{`canary`, "no JSON", ""},
		{`{"v":2,"team":"test","raw":"e30="}`, "version 2", ""},
		{`{"dynamodb":{"NewImage":{"PK":{"N":{}}}}}`, "malformed", ""},
	} {
		if err := qu.Unreadable(ctx, c.body, "canary or not"); err != nil {
			t.Fatal(err)
		}
		list := s.does("quarantine", "list", "-team", "hub", "-json")
		var e entry
		if err := json.Unmarshal([]byte(list), &e); err != nil {
			t.Fatalf("%s: got %s", c.want, list)
		}
		seen := len(s.Cloud.Events().Published(0))
		out, err := s.run("quarantine", "replay", "-team", "hub", "-stack", "test", "-id", e.ID)
		if !strings.Contains(out, c.want) || (err == nil) != strings.Contains(out, "replayed 1") || strings.Contains(out, "canary") {
			t.Errorf("%s: got %v, %s", c.want, err, out)
		}
		switch c.queue {
		case "":
		case "bus":
			if p := s.Cloud.Events().Published(0); len(p) != seen+1 || p[len(p)-1].Bus != "test-bus" {
				t.Errorf("%s: got %d events, want one more on the stack's bus", c.want, len(p)-seen)
			}
		default:
			q := s.queue(c.queue)
			got := s.Receive(q)
			if len(got.Records) != 1 || got.Records[0].Body != c.body {
				t.Errorf("%s: got %d messages on the queue", c.want, len(got.Records))
			}
			s.Ack(q, got, events.SQSEventResponse{})
		}
		s.Clock.Advance(25 * time.Hour) // the next entry is alone in the list
	}
}

func TestAskForAProfileIsReplayed(t *testing.T) {
	s := newScene(t)
	ask := `{"team":"test","home":"h","account":"line1","channel":"line","user":"u"}`
	err := s.receiver().Quarantine.Event(ctx, hub.Envelope{
		Team: "test", Account: "line1", Channel: "line", User: "u", Event: "profile h", Raw: []byte(ask), Received: hub.MillisOf(s.Clock.Now()),
	}, hub.Poison, "it failed at every try")
	if err != nil {
		t.Fatal(err)
	}
	if out := s.does(replay("-account", "line1")...); !strings.Contains(out, "ask for a profile to Profile") {
		t.Errorf("got %s", out)
	}
	if got := s.Receive(s.queue("ProfileQueue")); len(got.Records) != 1 || got.Records[0].Body != ask {
		t.Errorf("got %d messages on the queue", len(got.Records))
	}
}

// cuts runs a command again and again, each time with its network cut off one call
// later, before or after that call was served, until it comes through; between starts a
// scene of its own for each, and after looks at what is left.
func cuts(t *testing.T, prepare func(*scene) []string, after func(s *scene, at string)) {
	t.Helper()
	for _, late := range []bool{false, true} {
		for calls := 1; ; calls++ {
			s := newScene(t)
			args := prepare(s)
			out, err := runOver(s.Hub, hubtest.Cut(calls, late), nil, args...)
			if calls > 60 {
				t.Fatalf("it never comes through: %v\n%s", err, out)
			}
			s.Clock.Advance(2 * time.Minute) // what it held is visible again
			s.does(args...)
			after(s, fmt.Sprintf("cut after %d calls (last one served: %v)", calls, late))
			if err == nil {
				break
			}
		}
	}
}

func TestReplayThatIsCutOffLosesAndDoublesNothing(t *testing.T) {
	cuts(t, func(s *scene) []string {
		sees := s.adapters["line"]
		s.adapters["line"] = blind{Adapter: sees, parse: true}
		s.post(s.said("1", "hello"))
		s.drain()
		s.adapters["line"] = sees
		return replay("-since", "1h")
	}, func(s *scene, at string) {
		if n := s.drain(); n != 1 {
			s.t.Errorf("%s: got %d messages on the queue, want 1", at, n)
		}
		if got := s.texts(); got != "hello" {
			s.t.Errorf("%s: got %q stored", at, got)
		}
		if q := s.entry("test"); q.Replayed == 0 {
			s.t.Errorf("%s: the entry is not marked", at)
		}
	})
}
