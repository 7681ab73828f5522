package twilio_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/channel/twilio/twiliotest"
	"omnihub/internal/hub"
)

// stage is the adapter before a fake Twilio, with a hub that takes what verifies.
type stage struct {
	t        *testing.T
	adapter  *twilio.Adapter
	platform fake.Platform
	accounts map[string]channel.Account

	mu     sync.Mutex
	now    time.Time
	events []channel.Event
	slices []channel.Slice
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, now: time.UnixMilli(1791170415123), accounts: map[string]channel.Account{}}
	guard := &channeltest.Guard{}
	edge := httptest.NewServer(http.HandlerFunc(s.take))
	var list []fake.Account
	for id, fields := range map[string]map[string]string{
		"shop": {"external": sender, "account_sid": account, "auth_token": token},
		"try": {"external": twilio.SandboxNumber, "account_sid": "AC00000000000000000000000000000bad", "auth_token": "00112233445566778899aabbccddeeff",
			"sandbox": "silver-tiger"},
	} {
		acct := channel.Account{ID: "", External: fields["external"], Webhook: edge.URL + "/hook/" + id, Secrets: channel.Secrets{}}
		secrets := map[string]string{}
		for name, value := range fields {
			if name != "external" {
				secrets[name], acct.Secrets[name] = value, hub.Secret(value)
			}
		}
		s.accounts[id] = acct
		list = append(list, fake.Account{ID: id, ExternalID: acct.External, Webhook: acct.Webhook, Secrets: secrets})
	}
	s.platform = twiliotest.New(fake.Config{Accounts: list, Now: s.clock, Client: &http.Client{}})
	api := httptest.NewServer(http.StripPrefix("/twilio", s.platform))
	s.adapter = twilio.New(channel.Platform{BaseURL: api.URL, Client: guard.Client()})
	t.Cleanup(func() { s.settle(); api.Close(); edge.Close() })
	return s
}

func (s *stage) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stage) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// take verifies a webhook as the edge does, by the stored URL, and keeps its events.
func (s *stage) take(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	acct := s.accounts[strings.TrimPrefix(r.URL.Path, "/hook/")]
	request := &channel.Request{Method: r.Method, RawQuery: r.URL.RawQuery, Body: body, Header: map[string]string{}}
	for name := range r.Header {
		request.Header[strings.ToLower(name)] = r.Header.Get(name)
	}
	if err := s.adapter.Verify(request, channel.Credentials{Secrets: acct.Secrets, URL: acct.Webhook}); err != nil {
		s.t.Errorf("%s: %v", body, err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	list, err := s.adapter.Split(request)
	if err != nil {
		s.t.Errorf("%s: %v", body, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slice := range list {
		e, err := s.adapter.Parse(slice.Head, slice.Raw)
		if err != nil {
			s.t.Errorf("%s: %v", body, err)
		}
		s.events, s.slices = append(s.events, e), append(s.slices, slice)
	}
}

func (s *stage) settle() {
	for deadline := time.Now().Add(time.Minute); s.platform.Pending() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// got settles and gives the events since the last call.
func (s *stage) got() []channel.Event {
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.events
	s.events, s.slices = nil, nil
	return out
}

func (s *stage) act(a fake.Act) channel.Event {
	s.t.Helper()
	if a.Account == "" {
		a.Account = "shop"
	}
	d, err := s.platform.Act(s.t.Context(), a)
	if err != nil || d.Status != 0 && d.Status != 200 {
		s.t.Fatalf("act: got %+v, %v", d, err)
	}
	if events := s.got(); len(events) == 1 {
		return events[0]
	}
	return channel.Event{}
}

func (s *stage) faults(plan string) {
	s.t.Helper()
	if err := s.platform.SetFaults(json.RawMessage(plan)); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) send(id, to string, content hub.Content, ref string) (channel.Sent, error) {
	return s.adapter.Send(s.t.Context(), s.accounts[id], channel.Outgoing{To: hub.Personal(to), Content: content, Ref: ref})
}

// states are the receipts among events: "<ref> <state> <code>".
func states(events []channel.Event) (out []string) {
	for _, e := range events {
		if e.Kind == channel.EventReceipt {
			out = append(out, strings.TrimSpace(fmt.Sprint(e.Receipt.Ref, " ", e.Receipt.State, " ", e.Receipt.Code)))
		}
	}
	return out
}

func TestAConversationWithTheFakeTwilio(t *testing.T) {
	s := newStage(t)
	first := s.act(fake.Act{From: "886912345678", Text: "您好 & welcome"})
	if first.Kind != channel.EventMessage || first.Message.Text != "您好 & welcome" || first.Account != sender || len(first.Aliases) != 2 {
		t.Fatalf("got %+v", first)
	}
	s.faults(`{"status_read":true}`)
	sent, err := s.send("shop", first.User, hub.TextContent("pong 😀"), "m1.a+b")
	if err != nil || !strings.HasPrefix(sent.PlatformID, "SM") {
		t.Fatalf("got %+v, %v", sent, err)
	}
	if got := states(s.got()); !slices.Equal(got, []string{"m1.a+b sent", "m1.a+b delivered", "m1.a+b read"}) {
		t.Errorf("got %q", got)
	}
	s.faults(`null`)
	for name, content := range sends() {
		if content.Type == hub.Template || content.Type == hub.Native && name != "native_text" {
			continue // of templates that the fake does not know
		}
		s.advance(15 * time.Second)
		if _, err := s.send("shop", first.User, content, name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := states(s.got()); !slices.Equal(got, []string{name + " sent", name + " delivered"}) {
			t.Errorf("%s: got %q", name, got)
		}
	}

	visit := hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "HX00000000000000000000000000000002", Language: "en", Body: []hub.Blank{{Value: "14:00"}}}}
	if _, err := s.send("shop", first.User, visit, "visit"); err != nil {
		t.Fatal(err)
	}
	s.got()
	tap := s.act(fake.Act{From: "886912345678", Button: "visit=confirm"})
	if tap.Message.Type != hub.Choice || tap.Message.Data != "visit=confirm" || tap.Message.Text != "Confirm" || tap.Message.Quotes == "" {
		t.Errorf("got %+v", tap.Message)
	}
	slots := hub.Content{Type: hub.Native, Native: []byte(`{"ContentSid":"HX00000000000000000000000000000003"}`)}
	if _, err := s.send("shop", first.User, slots, "slots"); err != nil {
		t.Fatal(err)
	}
	s.got()
	if row := s.act(fake.Act{From: "886912345678", Button: "slot=14"}); row.Message.Data != "slot=14" || row.Message.Type != hub.Choice {
		t.Errorf("got %+v", row.Message)
	}
}

func TestActsOfEveryKindAreRead(t *testing.T) {
	s := newStage(t)
	for extra, want := range map[string]string{
		`{"type":"list","id":"slot=1","title":"14:00"}`:                           "choice 14:00 slot=1",
		`{"type":"button","id":"b","title":"Yes"}`:                                "choice Yes b",
		`{"type":"location","latitude":25.04,"longitude":121.5,"name":"Station"}`: "location Station ",
		`{"type":"referral","text":"I saw it"}`:                                   "text I saw it ",
		`{"type":"document","name":"contract.pdf"}`:                               "file contract.pdf ",
		`{"type":"audio"}`:                 "audio  ",
		`{"type":"video","caption":"c"}`:   "video c ",
		`{"type":"contacts","name":"Ann"}`: "contacts Ann ",
		`{"type":"files","caption":"two","files":[{"type":"image"},{"type":"video"}]}`:                "image two ",
		`{"type":"form","answers":{"a":1}}`:                                                           `form Sent {"a":1}`,
		`{"type":"text","text":"hi","forwarded":true,"message":"SM00000000000000000000000000000001"}`: "text hi ",
		`{"type":"sms","text":"by SMS"}`:                                                              "  ",
		`{"type":"json","body":"{\"a\": 1}"}`:                                                         "  ",
		`{"type":"raw","body":"A=1&A=1&B=%2b"}`:                                                       "  ",
	} {
		e := s.act(fake.Act{From: "ann", Extra: json.RawMessage(extra)})
		if got := fmt.Sprint(e.Message.Type, " ", e.Message.Text, " ", e.Message.Data); got != want {
			t.Errorf("%s: got %q, want %q", extra, got, want)
		}
		if want == "  " && e.Kind != channel.EventOther {
			t.Errorf("%s: got %+v, want it kept", extra, e)
		}
		if strings.Contains(extra, "referral") && e.Entry.Ad == "" {
			t.Errorf("%s: got no advertisement", extra)
		}
	}
	if e := s.act(fake.Act{From: "ann", Sticker: "x"}); e.Message.Type != hub.Sticker {
		t.Errorf("got %+v", e.Message)
	}
	if e := s.act(fake.Act{From: "ann", Image: "https://media.example.tw/a.jpg"}); len(e.Message.Media) != 1 || e.Message.Media[0].URL != "https://media.example.tw/a.jpg" {
		t.Errorf("got %+v", e.Message)
	}
}

func TestPeopleWithAUsernameAreWrittenToByTheirId(t *testing.T) {
	s := newStage(t)
	e := s.act(fake.Act{From: "TW.13491208655302741918", Text: "hi"})
	if e.User != "TW.13491208655302741918" || len(e.Aliases) != 1 {
		t.Fatalf("got %+v", e)
	}
	if _, err := s.send("shop", e.User, hub.TextContent("hello"), "m1"); err != nil {
		t.Fatal(err)
	}
	events := s.got()
	if got := states(events); len(got) != 2 || events[0].User != e.User {
		t.Errorf("got %q of %q", got, events[0].User)
	}
}

func TestRefusalsComeAsReceipts(t *testing.T) {
	s := newStage(t)
	ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
	file := func(name string) hub.Content {
		return hub.Content{Type: hub.Image, Media: &hub.Media{URL: "https://media.example.tw/" + name}}
	}
	content := func(n int, values ...string) hub.Content {
		c := hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: fmt.Sprintf("HX%032d", n), Language: "en"}}
		for _, v := range values {
			c.Template.Body = append(c.Template.Body, hub.Blank{Value: v})
		}
		return c
	}
	check := func(name, to string, c hub.Content, want ...string) {
		t.Helper()
		if _, err := s.send("shop", to, c, name); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := states(s.got()); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	check("nobody", "wa:886900000001", hub.TextContent("x"), "nobody failed unreachable")
	check("svg", ann, file("a.svg"), "svg failed unsupported")
	check("missing", ann, file("missing.png"), "missing failed permanent")
	check("count", ann, content(1, "only one"), "count failed template_invalid")
	check("paused", ann, hub.Content{Type: hub.Native, Native: []byte(`{"ContentSid":"HX00000000000000000000000000000004","ContentVariables":{"1":"https://x"}}`)},
		"paused failed template_invalid")
	s.act(fake.Act{From: "ann", Block: true})
	check("blocked", ann, hub.TextContent("x"), "blocked failed blocked")
	s.act(fake.Act{From: "ann", Follow: true})
	s.advance(24*time.Hour - time.Second)
	check("open", ann, hub.TextContent("x"), "open sent", "open delivered")
	s.advance(time.Second)
	check("closed", ann, hub.TextContent("x"), "closed failed template_needed")
	check("session", ann, content(3), "session failed template_needed")
	check("template", ann, content(1, "Ann", "77"), "template sent", "template delivered")

	s.faults(`{"refuse_at_once":true}`)
	if _, err := s.send("shop", ann, hub.TextContent("x"), "at once"); hub.CodeOf(err) != hub.TemplateNeeded || !strings.Contains(err.Error(), "24 hours") {
		t.Errorf("got %v, want %s", err, hub.TemplateNeeded)
	}
	if _, err := s.send("shop", ann, content(99), "unknown"); hub.CodeOf(err) != hub.TemplateInvalid {
		t.Errorf("got %v, want %s", err, hub.TemplateInvalid)
	}
}

func TestTheSandboxTakesThoseWhoJoinedForThreeDays(t *testing.T) {
	s := newStage(t)
	try := func(act fake.Act) error {
		act.Account = "try"
		_, err := s.platform.Act(t.Context(), act)
		return err
	}
	send := func(ref, want string) {
		t.Helper()
		if _, err := s.send("try", "wa:886912345678", hub.TextContent("x"), ref); err != nil {
			t.Fatal(err)
		}
		if got := states(s.got()); len(got) == 0 || got[0] != ref+" "+want {
			t.Errorf("%s: got %q, want %s", ref, got, want)
		}
	}
	send("stranger", "failed unreachable")
	if err := try(fake.Act{From: "886912345678", Text: "ping"}); err == nil {
		t.Error("a stranger's message: got no error, want that Twilio answers itself")
	}
	for _, text := range []string{"join silver-tiger", "ping"} {
		if err := try(fake.Act{From: "886912345678", Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	events := s.got()
	if len(events) != 1 || events[0].Message.Text != "ping" || events[0].Account != twilio.SandboxNumber {
		t.Errorf("got %+v, want the message after the joining", events)
	}
	send("member", "sent")
	s.advance(3 * 24 * time.Hour)
	send("after three days", "failed unreachable")
}

func TestRepeatedWebhooksOfTheFakeAreTheSameEvents(t *testing.T) {
	s := newStage(t)
	s.faults(`{"duplicate_webhooks":2,"shuffle_webhooks":true,"status_shuffle":true,"seed":3}`)
	d, err := s.platform.Act(t.Context(), fake.Act{Account: "shop", From: "ann", Text: "x", Repeat: 3})
	if err != nil || len(d.Statuses) != 3 {
		t.Fatalf("got %+v, %v", d, err)
	}
	s.settle()
	s.mu.Lock()
	list := s.slices
	s.mu.Unlock()
	if len(list) != 5 {
		t.Fatalf("got %d deliveries, want 5", len(list))
	}
	for _, slice := range list[1:] {
		if slice.Event != list[0].Event || slice.Hash != list[0].Hash {
			t.Errorf("got %s %s, want %s %s", slice.Event, slice.Hash, list[0].Event, list[0].Hash)
		}
	}
	if u, err := url.Parse(d.URL); err != nil || u.Fragment != "" {
		t.Errorf("got %s, want no fragment called", d.URL)
	}
}
