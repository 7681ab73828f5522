package viber_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/viber"
	"omnihub/internal/channel/viber/vibertest"
	"omnihub/internal/hub"
)

// stage is the adapter in front of a fake Viber, and an edge that verifies each webhook
// and answers with the welcome.
type stage struct {
	t        *testing.T
	adapter  *viber.Adapter
	platform fake.Platform
	ledger   *fake.Ledger
	account  channel.Account
	welcome  atomic.Pointer[hub.Content]
	edge     *httptest.Server
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, ledger: fake.NewLedger()}
	s.edge = httptest.NewServer(http.HandlerFunc(s.serve))
	s.account = channel.Account{ID: "shop", External: bot, Webhook: s.edge.URL + "/viber",
		Secrets: channel.Secrets{viber.AuthToken: token, viber.SenderName: "小店"}}
	s.platform = vibertest.New(fake.Config{Ledger: s.ledger, Accounts: []fake.Account{
		{ID: "shop", ExternalID: bot, Webhook: s.account.Webhook, Secrets: map[string]string{"auth_token": token}}}})
	mux := http.NewServeMux()
	mux.Handle("/viber/", http.StripPrefix("/viber", s.platform))
	server := httptest.NewServer(mux)
	s.adapter = viber.New(channel.Platform{BaseURL: server.URL})
	t.Cleanup(func() {
		for deadline := time.Now().Add(30 * time.Second); s.platform.Pending() > 0 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		server.Close()
		s.edge.Close()
	})
	return s
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	in := &channel.Request{Method: r.Method, Header: map[string]string{"x-viber-content-signature": r.Header.Get("X-Viber-Content-Signature")}, Body: body}
	if s.adapter.Verify(in, credentials) != nil {
		w.WriteHeader(401)
		return
	}
	slices, err := s.adapter.Split(in)
	if err != nil {
		s.t.Errorf("split: got %v, want no error", err)
		return
	}
	for _, slice := range slices {
		if c := s.welcome.Load(); c != nil {
			if answer, ok := s.adapter.Answer(channel.Credentials{}, slice, *c); ok {
				_, _ = w.Write(answer)
			}
		}
	}
}

// act acts, and gives what the adapter makes of the webhook.
func (s *stage) act(a fake.Act) channel.Event {
	s.t.Helper()
	d, err := s.platform.Act(s.t.Context(), a)
	if err != nil || d.Status != 200 {
		s.t.Fatalf("act: got %+v, %v, want 200", d, err)
	}
	if d.Refused != "" {
		s.t.Errorf("the welcome: got it refused: %s", d.Refused)
	}
	_, e := split(s.t, d.Body)
	return e
}

func (s *stage) send(to string, c hub.Content) (channel.Sent, error) {
	return s.adapter.Send(s.t.Context(), s.account, channel.Outgoing{To: hub.Personal(to), Content: c, Ref: "m1.demo.abc"})
}

func TestThePlatformTakesEveryForm(t *testing.T) {
	s := newStage(t)
	for name, c := range sends() {
		ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
		if sent, err := s.send(ann, c); err != nil || len(sent.PlatformID) != 19 {
			t.Errorf("%s: got %+v, %v, want it sent", name, sent, err)
		}
		s.welcome.Store(&c)
		s.act(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"conversation_started"}`)})
	}
	if calls := s.ledger.Calls("viber", "ann"); len(calls) != 2*len(sends()) {
		t.Errorf("got %d calls, want %d: each sent, and each as a welcome", len(calls), 2*len(sends()))
	}
}

// What the shared check and the adapter let pass, the platform takes: both count in the
// same way.
func TestTheAdapterRefusesBeforeThePlatformDoes(t *testing.T) {
	s := newStage(t)
	caps := s.adapter.Capabilities()
	refused, sent := 0, 0
	for _, filler := range []string{"a", "字", "😀", "👩‍👩‍👧", "<", "&", "&lt;", "e\u0301", "\"", "\u2063", "\x00"} {
		for _, n := range []int{1, 28, 60, 61, 62, 125, 150, 151, 240, 250, 251, 512, 513, 2000, 4000, 6999, 7000, 7001} {
			text := strings.Repeat(filler, n)
			ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
			for _, c := range []hub.Content{
				hub.TextContent(text),
				file(hub.Image, hub.Media{URL: picture}, text),
				file(hub.File, hub.Media{URL: paper, Size: 1, Name: text + ".pdf"}, ""),
				{Type: hub.Buttons, Text: text, Buttons: choices(2)},
				{Type: hub.Buttons, Text: text, Media: &hub.Media{URL: picture}, Buttons: choices(1)},
				{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: text, Data: "d"}}},
				{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: text}}},
				{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", URL: "https://x.example/" + text}}},
				cards(hub.Card{Title: text, Text: "t"}), cards(hub.Card{Title: "t", Text: text}), cards(hub.Card{Image: picture, Title: text, Text: text}),
				{Type: hub.Text, Text: "t", QuickReplies: []hub.Button{{Title: text, Data: text}}},
			} {
				if caps.Check(c) != nil {
					continue
				}
				switch _, err := s.send(ann, c); hub.CodeOf(err) {
				case "":
					sent++
				case hub.Unsupported:
					refused++
				default:
					t.Errorf("%d of %q as %s: got %v, want it sent or refused before", n, filler, c.Type, err)
				}
			}
		}
	}
	if refused < 20 || sent < 200 {
		t.Errorf("got %d refused and %d sent, want many of both", refused, sent)
	}
}

func TestATappedButtonComesBack(t *testing.T) {
	s := newStage(t)
	ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
	for name, c := range map[string]hub.Content{
		"buttons":     {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{choice("buttons"), link("x")}},
		"cards":       cards(hub.Card{Text: "t", Buttons: []hub.Button{choice("cards")}}),
		"quick reply": {Type: hub.Text, Text: "t", QuickReplies: []hub.Button{choice("quick reply")}},
	} {
		if _, err := s.send(ann, c); err != nil {
			t.Fatal(err)
		}
		e := s.act(fake.Act{From: "ann", Button: "answer=" + name})
		if e.Message.Type != hub.Choice || e.Message.Data != "answer="+name || e.Message.Text != name {
			t.Errorf("%s: got %+v, want the choice", name, e.Message)
		}
	}
	if e := s.act(fake.Act{From: "ann", Text: "answer=yes"}); e.Message.Type != hub.Text {
		t.Errorf("typed: got %+v, want a text", e.Message)
	}
	if _, err := s.send(ann, hub.TextContent("anything else?")); err != nil {
		t.Fatal(err)
	}
	if e := s.act(fake.Act{From: "ann", Button: "answer=cards"}); e.Message.Type != hub.Choice || e.Message.Data != "answer=cards" {
		t.Errorf("late: got %+v, want the choice", e.Message)
	}
}

// TestWhatHappensToACustomerIsTold walks through a customer's life with a bot.
func TestWhatHappensToACustomerIsTold(t *testing.T) {
	s := newStage(t)
	greeting := hub.TextContent("歡迎！")
	s.welcome.Store(&greeting)
	e := s.act(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"conversation_started","context":"qr_store_01"}`)})
	if e.Kind != channel.EventEntry || e.Entry.Ref != "qr_store_01" || e.Profile.Name != "ann" {
		t.Errorf("opened: got %+v, want an entry", e)
	}
	if _, err := s.send(e.User, hub.TextContent("x")); hub.CodeOf(err) != hub.Blocked {
		t.Errorf("to who only looks: got %v, want %s", err, hub.Blocked)
	}
	if _, err := s.send("AAAAAAAAAAAAAAAAAAAAAA==", hub.TextContent("x")); hub.CodeOf(err) != hub.Unreachable {
		t.Errorf("to a stranger: got %v, want %s", err, hub.Unreachable)
	}
	if _, err := s.adapter.Profile(t.Context(), s.account, e.User); hub.CodeOf(err) != hub.Unreachable {
		t.Errorf("who only looks: got %v, want %s", err, hub.Unreachable)
	}
	if e := s.act(fake.Act{From: "ann", Follow: true}); e.Kind != channel.EventSubscription || !e.Subscribed {
		t.Errorf("subscribed: got %+v", e)
	}
	sent, err := s.send(e.User, hub.TextContent("x"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]hub.State{"delivered": hub.Delivered, "seen": hub.Read, "failed": hub.Failed} {
		e := s.act(fake.Act{From: "ann", Extra: json.RawMessage(`{"type":"` + name + `"}`)})
		if e.Kind != channel.EventReceipt || e.Receipt.Target != sent.PlatformID || e.Receipt.State != want {
			t.Errorf("%s: got %+v, want it of %s", name, e, sent.PlatformID)
		}
	}
	for i := range 3 {
		p, err := s.adapter.Profile(t.Context(), s.account, e.User)
		if want := map[bool]hub.Code{false: "", true: hub.RateLimited}[i == 2]; hub.CodeOf(err) != want || want == "" && p.Name != "ann" {
			t.Errorf("profile, time %d: got %q, %v, want %q", i+1, p.Name.Reveal(), err, want)
		}
	}
	if e := s.act(fake.Act{From: "ann", Block: true}); e.Kind != channel.EventSubscription || e.Subscribed {
		t.Errorf("unsubscribed: got %+v", e)
	}
	if _, err := s.send(e.User, hub.TextContent("x")); hub.CodeOf(err) != hub.Blocked {
		t.Errorf("to who left: got %v, want %s", err, hub.Blocked)
	}
}

// TestTheLastWebhookWinsAndTheLoserIsTold connects a bot, loses it to another system,
// takes it back, and lets it go.
func TestTheLastWebhookWinsAndTheLoserIsTold(t *testing.T) {
	s := newStage(t)
	ctx := t.Context()
	registered := func(want bool) {
		t.Helper()
		if got, err := s.adapter.Registered(ctx, s.account); err != nil || got != want {
			t.Errorf("registered: got %v, %v, want %v", got, err, want)
		}
	}
	if err := s.adapter.Register(ctx, s.account); err != nil {
		t.Fatal(err)
	}
	registered(true)
	standing, err := s.adapter.Check(ctx, s.account)
	if err != nil || standing.External != bot || standing.Name == "" || len(standing.Advice) != 0 {
		t.Errorf("check: got %+v, %v, want all well", standing, err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer other.Close()
	winner := s.account
	winner.Webhook = other.URL
	if err := s.adapter.Register(ctx, winner); err != nil {
		t.Fatal(err)
	}
	registered(false)
	if standing, err := s.adapter.Check(ctx, s.account); err != nil || len(standing.Advice) != 1 {
		t.Errorf("check: got %+v, %v, want to be told", standing, err)
	}
	if err := s.adapter.Unregister(ctx, s.account); err != nil {
		t.Error(err)
	}
	if got, err := s.adapter.Registered(ctx, winner); err != nil || !got {
		t.Errorf("the winner's: got %v, %v, want it left alone", got, err)
	}
	wrong := s.account
	wrong.Webhook = s.edge.URL + "/viber"
	if err := s.adapter.Register(ctx, wrong); err != nil {
		t.Fatal(err)
	}
	registered(true)
	for range 2 {
		if err := s.adapter.Unregister(ctx, s.account); err != nil {
			t.Error(err)
		}
	}
	registered(false)
	if standing, err := s.adapter.Check(ctx, s.account); err != nil || len(standing.Advice) != 1 || !strings.Contains(standing.Advice[0], "nowhere") {
		t.Errorf("check: got %+v, %v, want to be told", standing, err)
	}
	if _, err := s.send("AAAAAAAAAAAAAAAAAAAAAA==", hub.TextContent("x")); hub.CodeOf(err) != hub.AccountBroken {
		t.Errorf("without a webhook: got %v, want %s", err, hub.AccountBroken)
	}
	away := s.account
	away.Webhook = "http://127.0.0.1:1/viber"
	if err := s.adapter.Register(ctx, away); hub.CodeOf(err) != hub.Refused || !strings.Contains(err.Error(), "nothing listens") {
		t.Errorf("where nobody is: got %v, want %s", err, hub.Refused)
	}
	deaf := s.account
	deaf.Secrets = channel.Secrets{viber.AuthToken: "another-token"}
	if err := s.adapter.Register(ctx, deaf); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("another token: got %v, want %s", err, hub.TokenExpired)
	}
}

func TestFaultsOfThePlatformAreToldApart(t *testing.T) {
	s := newStage(t)
	ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
	for plan, want := range map[string]hub.Code{
		`{"rate429":1}`: hub.RateLimited, `{"rate500":1}`: hub.Unclear, `{"accept_then_drop":1}`: hub.Unclear, `{"accept_then_500":1}`: hub.Unclear,
		`{"expired_token":true}`: hub.TokenExpired, `{"down":true}`: hub.Unclear, `{}`: "",
	} {
		if err := s.platform.SetFaults(json.RawMessage(plan)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.send(ann, hub.TextContent("x")); hub.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", plan, err, want)
		}
	}
}
