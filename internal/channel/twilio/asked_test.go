package twilio_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

func TestALostSendIsFoundAmongTheListed(t *testing.T) {
	s := newStage(t)
	ann := s.act(fake.Act{From: "ann", Text: "x"}).User
	since := hub.Millis(s.clock().UnixMilli())
	m := channel.Outgoing{To: hub.Personal(ann), Content: hub.TextContent("your code is 7"), Ref: "m1"}
	look := func() (channel.Sent, bool) {
		t.Helper()
		sent, found, err := s.adapter.Find(t.Context(), s.accounts["shop"], m, since, nil)
		if err != nil {
			t.Fatal(err)
		}
		return sent, found
	}
	if sent, found := look(); found {
		t.Errorf("before: got %+v, want nothing", sent)
	}
	s.faults(`{"accept_then_drop":1,"status_missing":1}`)
	if _, err := s.adapter.Send(t.Context(), s.accounts["shop"], m); hub.CodeOf(err) != hub.Unclear {
		t.Fatalf("got %v, want %s", err, hub.Unclear)
	}
	s.faults(`null`)
	sent, found := look()
	if !found || !strings.HasPrefix(sent.PlatformID, "SM") || len(s.got()) != 0 {
		t.Errorf("got %+v, %v, want it found", sent, found)
	}
	s.advance(time.Minute)
	since = hub.Millis(s.clock().UnixMilli())
	if sent, found := look(); found {
		t.Errorf("since a minute later: got %+v, want nothing", sent)
	}
	m.Content = hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: content, Language: "en"}}
	if _, found := look(); found {
		t.Error("a template: got it found, want it never looked for")
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	s := newStage(t)
	shop := s.accounts["shop"]
	change := func(f func(*channel.Account)) channel.Account {
		acct := shop
		acct.Secrets = channel.Secrets{}
		for name, v := range shop.Secrets {
			acct.Secrets[name] = v
		}
		f(&acct)
		return acct
	}
	for name, c := range map[string]struct {
		acct channel.Account
		code hub.Code
		says string
	}{
		"good":           {shop, "", sender},
		"sandbox":        {s.accounts["try"], "", twilio.SandboxNumber},
		"wrong token":    {change(func(a *channel.Account) { a.Secrets[twilio.AuthToken] = "0000" }), hub.TokenExpired, "20003"},
		"wrong SID":      {change(func(a *channel.Account) { a.Secrets[twilio.AccountSID] = "AC0123456789abcdef0123456789abcdee" }), hub.TokenExpired, "refused together"},
		"another number": {change(func(a *channel.Account) { a.External = "+14155550101" }), hub.NotFound, "no WhatsApp sender"},
		"no plus":        {change(func(a *channel.Account) { a.External = sender[1:] }), hub.BadRequest, "+"},
	} {
		got, err := s.adapter.Check(t.Context(), c.acct)
		if hub.CodeOf(err) != c.code || !strings.Contains(fmt.Sprint(err, got.External), c.says) {
			t.Errorf("%s: got %+v, %v, want %q that says %q", name, got, err, c.code, c.says)
		}
	}
	if got, err := s.adapter.Check(t.Context(), shop); err != nil || len(got.Advice) != 0 || got.Name != "Demo shop" {
		t.Errorf("got %+v, %v, want nothing to say", got, err)
	}
	s.act(fake.Act{Extra: json.RawMessage(`{"type":"sender","callback":"https://elsewhere.example/"}`)})
	if got, err := s.adapter.Check(t.Context(), shop); err != nil || len(got.Advice) != 1 || !strings.Contains(got.Advice[0], "another URL") {
		t.Errorf("got %+v, %v, want advice about the URL", got, err)
	}
	s.act(fake.Act{Extra: json.RawMessage(`{"type":"sender","state":"OFFLINE"}`)})
	if _, err := s.adapter.Check(t.Context(), shop); hub.CodeOf(err) != hub.AccountBroken || !strings.Contains(err.Error(), "OFFLINE") {
		t.Errorf("got %v, want %s", err, hub.AccountBroken)
	}
	s.act(fake.Act{Extra: json.RawMessage(`{"type":"account","status":"suspended"}`)})
	if _, err := s.adapter.Check(t.Context(), shop); hub.CodeOf(err) != hub.AccountBroken || !strings.Contains(err.Error(), "suspended") {
		t.Errorf("got %v, want %s", err, hub.AccountBroken)
	}
	s.faults(`{"expired_token":true}`)
	if _, err := s.adapter.Check(t.Context(), shop); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("got %v, want %s", err, hub.TokenExpired)
	}
	if _, err := s.send("shop", "wa:886912345678", hub.TextContent("x"), "m"); hub.CodeOf(err) != hub.TokenExpired {
		t.Errorf("a send: got %v, want %s", err, hub.TokenExpired)
	}
	s.faults(`{"down":true}`)
	if _, err := s.adapter.Check(t.Context(), shop); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want %s", err, hub.Transient)
	}
}
