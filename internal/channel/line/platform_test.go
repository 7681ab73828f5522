package line_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/hub"
)

// stage is the adapter in front of a fake LINE platform.
type stage struct {
	t        *testing.T
	adapter  *line.Adapter
	platform fake.Platform
	ledger   *fake.Ledger
	account  channel.Account
	sends    int
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, ledger: fake.NewLedger(), account: channel.Account{ID: "shop", External: account,
		Secrets: channel.Secrets{line.ChannelSecret: secret, line.ChannelToken: "token"}}}
	s.platform = linetest.New(fake.Config{Ledger: s.ledger, Accounts: []fake.Account{{ID: "shop", ExternalID: account,
		Secrets: map[string]string{"channel_secret": secret, "channel_token": "token"}}}})
	mux := http.NewServeMux()
	mux.Handle("/line/", http.StripPrefix("/line", s.platform))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.adapter = line.New(channel.Platform{BaseURL: server.URL})
	return s
}

// act acts, and gives what the adapter makes of the webhook.
func (s *stage) act(a fake.Act) channel.Event {
	s.t.Helper()
	a.Hold = true
	d, err := s.platform.Act(s.t.Context(), a)
	if err != nil {
		s.t.Fatalf("act: %v", err)
	}
	r := &channel.Request{Method: "POST", Header: d.Header, Body: []byte(d.Body)}
	if err := s.adapter.Verify(r, credentials); err != nil {
		s.t.Fatal(err)
	}
	slices, err := s.adapter.Split(&channel.Request{Body: r.Body})
	if err != nil || len(slices) != 1 {
		s.t.Fatalf("split: got %d, %v, want 1", len(slices), err)
	}
	e, err := s.adapter.Parse(slices[0].Head, slices[0].Raw)
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

func (s *stage) send(to string, c hub.Content) (channel.Sent, error) {
	s.sends++
	return s.adapter.Send(s.t.Context(), s.account, channel.Outgoing{To: hub.Personal(to), Content: c, RetryKey: hub.RetryKey("t", "u", hub.MessageKey(fmt.Sprint(s.sends)))})
}

func TestThePlatformTakesEveryForm(t *testing.T) {
	s := newStage(t)
	for name, c := range sends() {
		e := s.act(fake.Act{From: "ann", Text: "hi"})
		if sent, err := s.send(e.User, c); err != nil || sent.PlatformID == "" {
			t.Errorf("push %s: got %+v, %v, want it sent", name, sent, err)
		}
		if sent, err := s.adapter.Reply(t.Context(), s.account, e.Reply, channel.Outgoing{To: hub.Personal(e.User), Content: c}); err != nil || sent.PlatformID == "" {
			t.Errorf("reply %s: got %+v, %v, want it sent", name, sent, err)
		}
	}
}

// What the shared check and the adapter let pass, the platform takes: both count
// texts in the same way.
func TestTheAdapterRefusesBeforeThePlatformDoes(t *testing.T) {
	s := newStage(t)
	user := s.act(fake.Act{From: "ann", Text: "hi"}).User
	caps := s.adapter.Capabilities()
	for _, filler := range []string{"a", "字", "😀", "👩‍👩‍👧", "🇹🇼", "e\u0301", "👍🏽", "각", "ก็"} {
		for _, n := range []int{20, 21, 30, 37, 60, 61, 100, 150, 160, 161, 187, 240, 241, 300} {
			text := strings.Repeat(filler, n)
			for _, c := range []hub.Content{
				{Type: hub.Buttons, Text: text, Buttons: []hub.Button{choice("要")}},
				{Type: hub.Buttons, Text: text, Buttons: []hub.Button{choice("要"), choice("不")}},
				{Type: hub.Buttons, Text: text, Header: "h", Buttons: []hub.Button{choice("要")}},
				{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: text, Data: "d"}}},
				{Type: hub.Buttons, Text: "t", Buttons: []hub.Button{{Title: "a", Data: text}}},
				{Type: hub.Cards, Cards: []hub.Card{{Text: text, Buttons: []hub.Button{choice("要")}}}},
				{Type: hub.Cards, Cards: []hub.Card{{Text: "t", Title: text, Buttons: []hub.Button{choice("要")}}}},
				{Type: hub.Location, Place: &hub.Place{Title: text}},
				{Type: hub.Text, Text: "t", QuickReplies: []hub.Button{{Title: text, Data: "d"}}},
			} {
				if caps.Check(c) != nil {
					continue
				}
				if _, err := s.send(user, c); err != nil && hub.CodeOf(err) != hub.Unsupported {
					t.Errorf("%d of %q as %s: got %v, want it sent or refused before", n, filler, c.Type, err)
				}
			}
		}
	}
}

func TestATappedButtonComesBack(t *testing.T) {
	s := newStage(t)
	user := s.act(fake.Act{From: "ann", Text: "hi"}).User
	for name, c := range map[string]hub.Content{
		"buttons":     {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{choice("buttons"), link("x"), link("y")}},
		"confirm":     {Type: hub.Buttons, Text: "t", Buttons: []hub.Button{choice("confirm"), choice("no")}},
		"cards":       {Type: hub.Cards, Cards: []hub.Card{{Text: "t", Buttons: []hub.Button{choice("cards")}}}},
		"quick reply": {Type: hub.Text, Text: "t", QuickReplies: []hub.Button{choice("quick reply")}},
	} {
		if _, err := s.send(user, c); err != nil {
			t.Fatal(err)
		}
		e := s.act(fake.Act{From: "ann", Button: "answer=" + name})
		m := e.Message
		if e.Kind != channel.EventMessage || m.Type != hub.Choice || m.Data != "answer="+name || m.Text != "" || m.ID != e.ID || e.Reply == "" {
			t.Errorf("%s: got %+v, want the choice", name, e)
		}
	}
	e := s.act(fake.Act{From: "ann", Postback: "menu=1"})
	if e.Message.Type != hub.Choice || e.Message.Data != "menu=1" {
		t.Errorf("a menu's button: got %+v, want the choice", e)
	}
}

func TestActsAreUnderstood(t *testing.T) {
	s := newStage(t)
	extra := func(text string) fake.Act { return fake.Act{From: "ann", Extra: json.RawMessage(text)} }
	ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
	group := s.act(fake.Act{Extra: json.RawMessage(`{"type":"join","group":"family"}`)})
	if group.Kind != channel.EventSubscription || !group.Subscribed || group.UserKind != hub.Group {
		t.Errorf("join: got %+v, want a subscription of the group", group)
	}
	for name, c := range map[string]struct {
		act  fake.Act
		want func(e channel.Event) bool
	}{
		"quote": {extra(`{"type":"text","text":"this one","quotes":"461230966842064897"}`), func(e channel.Event) bool {
			return e.Message.Quotes == "461230966842064897" && e.Message.Text == "this one"
		}},
		"picture from elsewhere": {fake.Act{From: "ann", Image: "https://x.example/a.png"}, func(e channel.Event) bool {
			return len(e.Message.Media) == 1 && e.Message.Media[0] == channel.Media{Type: hub.Image, URL: "https://x.example/a.png"}
		}},
		"picture": {fake.Act{From: "ann", Image: "photo"}, func(e channel.Event) bool {
			return len(e.Message.Media) == 1 && e.Message.Media[0] == channel.Media{Type: hub.Image, ID: e.Message.ID}
		}},
		"message sticker": {extra(`{"type":"sticker","package":"12287","sticker":"738839","text":"謝謝"}`), func(e channel.Event) bool {
			return e.Message.Type == hub.Sticker && e.Message.Text == "謝謝"
		}},
		"edit": {extra(`{"type":"edit","group":"family","message":"1","text":"new"}`), func(e channel.Event) bool {
			return e.User == group.User && e.Action == channel.Action{Kind: channel.Edit, Target: "1", Value: "new", Actor: ann}
		}},
		"unsend": {extra(`{"type":"unsend","message":"1"}`), func(e channel.Event) bool {
			return e.User == ann && e.Action == channel.Action{Kind: channel.Unsend, Target: "1", Actor: ann}
		}},
		"linked": {extra(`{"type":"account_link","result":"ok","nonce":"n"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventLink && e.User == ann && e.Link.OK && e.Link.Nonce == "n"
		}},
		"not linked": {extra(`{"type":"account_link","result":"failed","nonce":"n"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventLink && e.User == "" && !e.Link.OK && e.Link.Nonce == "n" && e.Reply == ""
		}},
		"standby": {extra(`{"type":"text","text":"x","standby":true}`), func(e channel.Event) bool {
			return e.Kind == channel.EventMessage && e.Standby && e.Reply == ""
		}},
		"a page of the menu": {extra(`{"type":"postback","data":"a","params":{"newRichMenuAliasId":"b","status":"SUCCESS"}}`), func(e channel.Event) bool {
			return e.Kind == channel.EventOther
		}},
		"video watched": {extra(`{"type":"video_play","tracking":"t"}`), func(e channel.Event) bool { return e.Kind == channel.EventOther && e.User == ann }},
		"member": {extra(`{"type":"member_joined","group":"family"}`), func(e channel.Event) bool {
			return e.Kind == channel.EventOther && e.User == group.User && e.Reply != ""
		}},
	} {
		if e := s.act(c.act); !c.want(e) {
			t.Errorf("%s: got %+v", name, e)
		}
	}
	if e := s.act(fake.Act{From: "ann", Block: true}); e.Kind != channel.EventSubscription || e.Subscribed || e.User != ann {
		t.Errorf("block: got %+v, want the end of a subscription", e)
	}
	if e := s.act(fake.Act{From: "ann", Follow: true}); e.Kind != channel.EventSubscription || !e.Subscribed || e.Reply == "" {
		t.Errorf("follow: got %+v, want a subscription", e)
	}
}

func TestAbilitiesAgainstThePlatform(t *testing.T) {
	s := newStage(t)
	ann := s.act(fake.Act{From: "ann", Text: "hi"}).User
	group := s.act(fake.Act{Extra: json.RawMessage(`{"type":"join","group":"family"}`)}).User
	for _, user := range []string{ann, group} {
		p, err := s.adapter.Profile(t.Context(), s.account, user)
		if err != nil || p.Name.Reveal() != map[string]string{ann: "ann", group: "family"}[user] || !strings.HasPrefix(p.Picture.Reveal(), "https://") {
			t.Errorf("profile: got %+v, %v, want name and picture", p, err)
		}
	}
	if _, err := s.send(ann, hub.TextContent("one")); err != nil {
		t.Fatal(err)
	}
	if q, err := s.adapter.Quota(t.Context(), s.account); err != nil || q != (channel.Quota{Used: 1}) {
		t.Errorf("quota: got %+v, %v, want one used of no limit", q, err)
	}
	if err := s.platform.SetFaults([]byte(`{"monthly_quota":1}`)); err != nil {
		t.Fatal(err)
	}
	if q, err := s.adapter.Quota(t.Context(), s.account); err != nil || q != (channel.Quota{Limited: true, Limit: 1, Used: 1}) {
		t.Errorf("quota: got %+v, %v, want one of one", q, err)
	}
	if _, err := s.send(ann, hub.TextContent("two")); hub.CodeOf(err) != hub.QuotaExhausted {
		t.Errorf("over the quota: got %v, want %s", err, hub.QuotaExhausted)
	}
	if err := s.adapter.Typing(t.Context(), s.account, ann, ""); err != nil {
		t.Errorf("typing: got %v, want no error", err)
	}
	if calls := s.ledger.Calls("line", "ann"); calls[len(calls)-1].Kind != "loading" {
		t.Errorf("ledger: got %+v, want the animation", calls)
	}
	s.act(fake.Act{From: "ann", Block: true})
	s.act(fake.Act{Extra: json.RawMessage(`{"type":"leave","group":"family"}`)})
	for _, user := range []string{ann, group, "U99999999999999999999999999999999", "R4d9b0a7c2e6f41358a0b9d7e3f5c1264"} {
		if _, err := s.adapter.Profile(t.Context(), s.account, user); hub.CodeOf(err) != hub.Unreachable {
			t.Errorf("profile of %s: got %v, want %s", user, err, hub.Unreachable)
		}
	}
	if _, err := s.send(group, hub.TextContent("x")); hub.CodeOf(err) != hub.Unreachable {
		t.Errorf("to a group that was left: got %v, want %s", err, hub.Unreachable)
	}
}
