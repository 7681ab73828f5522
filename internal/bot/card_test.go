package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
	"omnihub/internal/team"
)

// connect connects the LINE account again, with these keywords.
func (s *scene) connect(keywords []hub.Keyword) {
	s.t.Helper()
	err := s.Setup.Connect(ctx, s.Team, hubtest.LineConn, "line", channel.Secrets{}, settings.NewAccount{
		ID: hubtest.LineAccount, External: hubtest.LineBot, Name: "Other", Keywords: keywords,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// patch changes what the team says of itself, as every reader sees it.
func (s *scene) patch(p team.DataPatch) error {
	office := &team.Office{Store: s.Hub.Store, Settings: s.Settings, Now: s.Clock.Now}
	_, err := office.PatchData(ctx, hubtest.Team, hub.Actor{Kind: hub.ActorHub, ID: "test"}, 0, p)
	s.Clock.Advance(2 * time.Minute)
	return err
}

func (s *scene) zone(name string) error { return s.patch(team.DataPatch{Zone: &name}) }

func (s *scene) language(name string) error {
	if name == "" {
		return nil
	}
	return s.patch(team.DataPatch{Language: &name})
}

// home is that of a customer of the LINE account.
func (s *scene) home() hub.HomeID {
	s.t.Helper()
	home := hub.Home{ID: s.Team.Pepper.Home(hubtest.LineAccount, "U1", 0), Account: hubtest.LineAccount, Channel: "line", User: "u", External: "U1", Kind: hub.Person, Created: 1}
	if err := s.Hub.Store.PutHome(ctx, hubtest.Team, home); err != nil {
		s.t.Fatal(err)
	}
	return home.ID
}

// speaks notes the language of who has a home, as of a time.
func (s *scene) speaks(home hub.HomeID, language string, at hub.Millis) {
	s.t.Helper()
	r := hub.Register{Field: "language", Value: language, At: at, Source: "platform"}
	if err := s.Hub.Store.SetRegister(ctx, hubtest.Team, home, r); err != nil {
		s.t.Fatal(err)
	}
}

// TestSystemModulesSpeakTheCustomersLanguage: what the event tells of it, else what the home
// does, and the team's only where neither is one of the hub's.
func TestSystemModulesSpeakTheCustomersLanguage(t *testing.T) {
	s := newScene(t)
	rule := hub.Rule{Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{"person"}, Answer: hub.RuleAnswer{System: hub.SystemHuman}}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, []hub.Rule{rule}, false); err != nil {
		t.Fatal(err)
	}
	const traditional, simplified, english = "真人客服", "人工客服", "a member of our team"
	b := &bot.Bot{Settings: s.Settings, Store: s.Hub.Store}
	home := s.home()
	for step, c := range []struct{ team, event, home, want string }{
		{"zh-TW", "", "", traditional}, {"zh-TW", "en-GB", "", english}, {"zh-TW", "ja", "", traditional}, {"zh-TW", "", "zh-CN", simplified},
		{"zh-TW", "en", "zh-CN", english}, {"en", "", "zh-Hant", traditional}, {"en", "", "ja", english}, {"en", "zh-SG", "ja", simplified},
	} {
		if err := s.language(c.team); err != nil {
			t.Fatal(err)
		}
		if c.home != "" {
			s.speaks(home, c.home, hub.Millis(5+step))
		}
		account, err := s.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		at := hub.Scene{Team: hubtest.Team, Home: home, Language: c.event, Floor: true}
		met := hub.Met{Said: hub.Said{Type: hub.Text, Text: "person"}, Keyword: 1}
		for way, met := range map[string]hub.Met{"rule": met, "button": {Button: &hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemHuman}}} {
			r, err := b.Compose(ctx, account, met, at)
			if err != nil || len(r.Contents) != 1 || !strings.Contains(r.Contents[0].Text, c.want) {
				t.Errorf("%s, %+v: got %+v, %v", way, c, r, err)
			}
		}
	}
}

// What stands in the place of a card is asked for in the customer's language.
func TestOmniLinkCardIsTheActivitys(t *testing.T) {
	s := newScene(t)
	m := s.save(module("line", text("first"), hub.ModuleCard{Type: hub.CardOmniLink, Activity: "a1"}, text("last")))
	account, err := s.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil {
		t.Fatal(err)
	}
	b := &bot.Bot{Settings: s.Settings, Store: s.Hub.Store}
	home := s.home()
	shows := func(at hub.Scene) []string {
		t.Helper()
		at.Team = hubtest.Team
		list, err := b.Contents(ctx, account, m.ID, at)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, c := range list {
			texts = append(texts, c.Text)
		}
		return texts
	}
	if got := shows(hub.Scene{Home: home}); !slices.Equal(got, []string{"first", "last"}) {
		t.Errorf("where there are no activities: got %q, want the other cards", got)
	}
	kind := hub.Buttons
	b.Card = func(_ context.Context, id hub.ActivityID, at hub.Scene) (hub.Content, error) {
		if id != "a1" || at.Home != home {
			t.Errorf("got asked for %s at %s", id, at.Home)
		}
		return hub.Content{Type: kind, Text: string(kind) + " in " + at.Language}, nil
	}
	for step, c := range []struct {
		kind        hub.MessageType
		event, home string // what the event tells of the language, and the home
		want        string
	}{
		{hub.Buttons, "", "", "buttons in "}, {hub.Text, "", "", "text in "}, {hub.Text, "en-GB", "", "text in en-GB"},
		{hub.Text, "", "zh-CN", "text in zh-CN"}, {hub.Text, "en", "zh-CN", "text in en"}, {hub.Buttons, "", "zh-CN", "buttons in "},
	} {
		if c.home != "" {
			s.speaks(home, c.home, hub.Millis(5+step))
		}
		kind = c.kind
		if got := shows(hub.Scene{Home: home, Language: c.event}); !slices.Equal(got, []string{"first", c.want, "last"}) {
			t.Errorf("%+v: got %q", c, got)
		}
	}
	b.Card = func(context.Context, hub.ActivityID, hub.Scene) (hub.Content, error) {
		return hub.Content{}, hub.E(hub.Transient, "test", nil)
	}
	if _, err := b.Contents(ctx, account, m.ID, hub.Scene{Team: hubtest.Team}); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want to be tried again", err)
	}
}

func TestModuleOfAnotherChannelShowsNothing(t *testing.T) {
	s := newScene(t)
	m := s.save(module("whatsapp", text("hi")))
	account, err := s.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil {
		t.Fatal(err)
	}
	b := &bot.Bot{Settings: s.Settings, Store: s.Hub.Store}
	for _, id := range []hub.ModuleID{m.ID, "aaaaaaaaaaaaaaaa"} {
		if list, err := b.Contents(ctx, account, id, hub.Scene{Team: hubtest.Team}); err != nil || len(list) != 0 {
			t.Errorf("%s: got %+v, %v, want nothing", id, list, err)
		}
	}
}
