package bot_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"omnihub/internal/bot"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestModuleIsSavedOverItsVersionAndKeepsItsButtons(t *testing.T) {
	s := newScene(t)
	d := s.deed()
	m, losses, err := s.Save(ctx, d, module("line", text("hi", button("a"), link("b"))), false)
	if err != nil || !m.ID.Valid() || m.Version != 1 || m.Created != d.Audit.At || m.By != "member:anna" || len(losses) != 0 {
		t.Fatalf("got %+v, %v, %v", m, losses, err)
	}
	first := m.Cards[0].Buttons[0].ID
	if len(first) != 6 || m.Cards[0].Buttons[1].ID == first {
		t.Errorf("got the ids %+v", m.Cards[0].Buttons)
	}
	if again, _, err := s.Save(ctx, d, module("line", text("hi", button("a"), link("b"))), false); err != nil || again.ID != m.ID || again.Version != 1 || again.Cards[0].Buttons[0].ID != first {
		t.Errorf("the same call again: got %+v, %v, want what it made", again, err)
	}
	m.Cards[0].Buttons = append(m.Cards[0].Buttons, button("c"))
	m.Name = "Other"
	next := s.save(m)
	if next.Version != 2 || next.Cards[0].Buttons[0].ID != first || next.Cards[0].Buttons[2].ID == "" || next.Created != m.Created || next.Changed == m.Changed {
		t.Errorf("got %+v", next)
	}
	_, _, err = s.Save(ctx, s.deed(), m, false)
	s.refuses("an old version", err, bot.ErrVersion)
	m.Version = 0
	_, _, err = s.Save(ctx, s.deed(), m, false)
	s.refuses("an id without a version", err, bot.ErrVersion)
	m.Version, m.ID = 2, "aaaaaaaaaaaaaaaa"
	if _, _, err = s.Save(ctx, s.deed(), m, false); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another id: got %v, want not found", err)
	}
	next.Channel = "whatsapp"
	if _, _, err = s.Save(ctx, s.deed(), next, false); wrong(t, err) != "channel" {
		t.Errorf("another channel: got %v, want it refused", err)
	}
	got, err := s.Get(ctx, hubtest.Team, m.ID)
	if hub.CodeOf(err) != hub.NotFound || got.Version != 0 {
		t.Errorf("got %+v, %v, want none of that id", got, err)
	}
	for _, id := range []hub.ModuleID{"", "x", "../../../../../../"} {
		if _, err := s.Get(ctx, hubtest.Team, id); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%q: got %v, want not found", id, err)
		}
	}
	list, err := s.List(ctx, hubtest.Team)
	if err != nil || len(list) != 1 || list[0].Name != "Other" {
		t.Errorf("got %+v, %v", list, err)
	}
	if list, err = s.List(ctx, "other"); err != nil || len(list) != 0 {
		t.Errorf("another team: got %+v, %v", list, err)
	}
}

func TestEachChangeIsAuditedOnce(t *testing.T) {
	s := newScene(t)
	m := s.save(module("line", text("hi")))
	m.Name = "Other"
	m = s.save(m)
	if err := s.Delete(ctx, s.deed(), m.ID, 2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, nil, false); err != nil {
		t.Fatal(err)
	}
	all, _, err := s.Hub.Store.Audits(ctx, hubtest.Team, store.Day(hub.MillisOf(s.Clock.Now())), "", 100)
	if err != nil || len(all) != 4 {
		t.Fatalf("got %d entries, %v, want 4", len(all), err)
	}
	if a := all[1]; a.Before["name"] != "Menu" || a.After["name"] != "Other" || a.After["version"] != "2" || a.Actor.ID != "anna" {
		t.Errorf("got %+v, want what changed", a)
	}
	if a := all[2]; a.Before["name"] != "Other" || len(a.After) != 0 {
		t.Errorf("got %+v, want what was deleted", a)
	}
	if a := all[3]; !strings.Contains(a.Before["rules"], "ping") || a.After["rules"] != "" {
		t.Errorf("got %+v, want the rules before", a)
	}
}

func TestLastFiftyVersionsAreKeptAndRestored(t *testing.T) {
	s := newScene(t)
	m := s.save(module("line", text("1", button("a"))))
	for i := 2; i <= hub.ModuleVersions+2; i++ {
		m.Cards[0].Text = fmt.Sprint(i)
		m = s.save(m)
	}
	list, err := s.Versions(ctx, hubtest.Team, m.ID)
	if err != nil || len(list) != hub.ModuleVersions || list[0].Version != 52 || list[49].Version != 3 {
		t.Fatalf("got %d versions, %v, want the last 50, the newest first", len(list), err)
	}
	back, _, err := s.Restore(ctx, s.deed(), m.ID, 52, 3, false)
	if err != nil || back.Version != 53 || back.Cards[0].Text != "3" || back.Cards[0].Buttons[0].ID != m.Cards[0].Buttons[0].ID {
		t.Errorf("got %+v, %v, want version 3 again", back, err)
	}
	_, _, err = s.Restore(ctx, s.deed(), m.ID, 52, 4, false)
	s.refuses("over an old version", err, bot.ErrVersion)
	for _, from := range []int{0, 1, 99} {
		if _, _, err := s.Restore(ctx, s.deed(), m.ID, 53, from, false); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("version %d: got %v, want not found", from, err)
		}
	}
	if err := s.Delete(ctx, s.deed(), m.ID, 53); err != nil {
		t.Fatal(err)
	}
	if dump := s.Dump(s.Hub.Store.Tables.Config); strings.Contains(dump, string(m.ID)) {
		t.Error("something of the deleted module is left")
	}
	if _, err := s.Versions(ctx, hubtest.Team, m.ID); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}

func TestModuleThatIsUsedStays(t *testing.T) {
	s := newScene(t)
	m := s.save(module("line", text("hi")))
	to := hub.ModuleButton{Title: "go", Action: hub.DoModule, Module: m.ID}
	user := s.save(module("line", text("menu", to)))
	rules := []hub.Rule{{ID: "r1", Trigger: hub.OnWelcome, Answer: hub.RuleAnswer{Module: m.ID}}}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, rules, false); err != nil {
		t.Fatal(err)
	}
	s.Users = func(_ context.Context, team hub.TeamID, id hub.ModuleID) ([]string, error) {
		if team == hubtest.Team && id == m.ID {
			return []string{"activity/a1"}, nil
		}
		return nil, nil
	}
	err := s.Delete(ctx, s.deed(), m.ID, 1)
	s.refuses("used thrice", err, nil)
	var used bot.InUse
	if want := []string{"module/" + string(user.ID), "account/line1/rules/r1", "activity/a1"}; !errors.As(err, &used) || !slices.Equal(used.By, want) {
		t.Errorf("got %v, want %v", used.By, want)
	}
	s.Users = nil
	if err := s.Delete(ctx, s.deed(), user.ID, 1); err != nil {
		t.Errorf("a module that uses others: got %v", err)
	}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 2, nil, false); err != nil {
		t.Fatal(err)
	}
	s.refuses("another version", s.Delete(ctx, s.deed(), m.ID, 2), bot.ErrVersion)
	m.Cards[0].Buttons = []hub.ModuleButton{to} // leads to itself
	m = s.save(m)
	if err := s.Delete(ctx, s.deed(), m.ID, 2); err != nil {
		t.Errorf("used by nobody any more: got %v", err)
	}
}

// TestNothingLeadsToAModuleThatIsGone lets modules and rules be made that lead to one that
// is deleted meanwhile.
func TestNothingLeadsToAModuleThatIsGone(t *testing.T) {
	s := newScene(t)
	for n := range 12 {
		m := s.save(module("line", text("hi")))
		rules, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		to := hub.ModuleButton{Title: "go", Action: hub.DoModule, Module: m.ID}
		deeds := []store.Deed{s.deed(), s.deed(), s.deed()}
		var saved, put, deleted error
		var working sync.WaitGroup
		working.Go(func() { deleted = s.Delete(ctx, deeds[0], m.ID, 1) })
		working.Go(func() { _, _, saved = s.Save(ctx, deeds[1], module("line", text("menu", to)), false) })
		working.Go(func() {
			list := []hub.Rule{{Trigger: hub.OnWelcome, Answer: hub.RuleAnswer{Module: m.ID}}}
			_, _, put = s.PutRules(ctx, deeds[2], hubtest.LineAccount, rules.Version, list, false)
		})
		working.Wait()
		if deleted == nil && (saved == nil || put == nil) || deleted != nil && saved != nil && put != nil {
			t.Fatalf("%d: got deleted %v, saved %v, rules %v, want either deleted or used", n, deleted, saved, put)
		}
	}
}

func TestModuleOfFaultsIsRefusedByItsField(t *testing.T) {
	s := newScene(t)
	target := s.save(module("whatsapp", text("hi")))
	with := func(change func(*hub.ModuleButton)) hub.Module {
		b := button("a")
		change(&b)
		return module("line", text("t", b))
	}
	six := []hub.ModuleCard{text("1"), text("2"), text("3"), text("4"), text("5"), text("6")}
	tags := func(names ...string) hub.Module { return with(func(b *hub.ModuleButton) { b.Tags = names }) }
	twins := module("line", text("t", hub.ModuleButton{ID: "aaaaaa", Title: "a", Action: hub.DoNone}, hub.ModuleButton{ID: "aaaaaa", Title: "b", Action: hub.DoNone}))
	large := module("whatsapp", text("t"))
	for i := range large.Cards[:1] {
		large.Cards[i] = hub.ModuleCard{Type: hub.CardText, Text: strings.Repeat("x", 70<<10)}
	}
	nameless := module("line", text("t"))
	nameless.Name = " "
	long := module("line", text("t"))
	long.Name = strings.Repeat("字", 101)
	for what, c := range map[string]struct {
		m     hub.Module
		field string
	}{
		"no name":                 {nameless, "name"},
		"a long name":             {long, "name"},
		"no channel":              {module("fax", text("t")), "channel"},
		"no cards":                {module("line"), "cards"},
		"six cards":               {module("line", six...), "cards"},
		"too much":                {large, "cards"},
		"no type":                 {module("line", hub.ModuleCard{Text: "t"}), "cards[0].type"},
		"no text":                 {module("line", text("")), "cards[0].text"},
		"no media":                {module("line", hub.ModuleCard{Type: hub.CardImage}), "cards[0].media"},
		"no columns":              {module("line", hub.ModuleCard{Type: hub.CardCarousel}), "cards[0].columns"},
		"a medium of http":        {module("line", media(hub.CardImage, hub.Media{URL: "http://x.example/i.png"})), "cards[0].media"},
		"media of a text":         {module("line", hub.ModuleCard{Type: hub.CardText, Text: "t", Media: &hub.Media{URL: "https://x.example"}}), "cards[0].media"},
		"buttons of an image":     {module("line", hub.ModuleCard{Type: hub.CardImage, Media: &hub.Media{URL: "https://x.example/i.png"}, Buttons: buttons(1)}), "cards[0].buttons"},
		"words of an omnilink":    {module("line", hub.ModuleCard{Type: hub.CardOmniLink, Activity: "a1", Text: "t"}), "cards[0].text"},
		"no activity":             {module("line", hub.ModuleCard{Type: hub.CardOmniLink}), "cards[0].activity"},
		"an activity of no form":  {module("line", hub.ModuleCard{Type: hub.CardOmniLink, Activity: "A#1"}), "cards[0].activity"},
		"early quick replies":     {module("line", replies(text("1"), button("a")), text("2")), "cards[0].quick_replies"},
		"a button without title":  {with(func(b *hub.ModuleButton) { b.Title = "" }), "cards[0].buttons[0].title"},
		"no action":               {with(func(b *hub.ModuleButton) { b.Action = "" }), "cards[0].buttons[0].action"},
		"an id of its own":        {with(func(b *hub.ModuleButton) { b.ID = "mine" }), "cards[0].buttons[0].id"},
		"twins":                   {twins, "cards[0].buttons[1].id"},
		"no module":               {with(func(b *hub.ModuleButton) { b.Action = hub.DoModule }), "cards[0].buttons[0].module"},
		"a module of no form":     {with(func(b *hub.ModuleButton) { b.Action, b.Module = hub.DoModule, "x" }), "cards[0].buttons[0].module"},
		"a module that is not":    {with(func(b *hub.ModuleButton) { b.Action, b.Module = hub.DoModule, "aaaaaaaaaaaaaaaa" }), "cards[0].buttons[0].module"},
		"of another channel":      {with(func(b *hub.ModuleButton) { b.Action, b.Module = hub.DoModule, target.ID }), "cards[0].buttons[0].module"},
		"words of another's":      {with(func(b *hub.ModuleButton) { b.Action, b.Module = hub.DoHandOver, target.ID }), "cards[0].buttons[0].module"},
		"a module of no action":   {with(func(b *hub.ModuleButton) { b.Module = target.ID }), "cards[0].buttons[0].module"},
		"no url":                  {with(func(b *hub.ModuleButton) { b.Action = hub.DoURL }), "cards[0].buttons[0].url"},
		"a script":                {with(func(b *hub.ModuleButton) { b.Action, b.URL = hub.DoURL, "javascript:alert(1)" }), "cards[0].buttons[0].url"},
		"a url without host":      {with(func(b *hub.ModuleButton) { b.Action, b.URL = hub.DoURL, "https://" }), "cards[0].buttons[0].url"},
		"a link that tags":        {with(func(b *hub.ModuleButton) { b.Action, b.URL, b.Tags = hub.DoURL, "https://x.example", []string{"VIP"} }), "cards[0].buttons[0].tags"},
		"no system":               {with(func(b *hub.ModuleButton) { b.Action = hub.DoSystem }), "cards[0].buttons[0].system"},
		"a system that is not":    {with(func(b *hub.ModuleButton) { b.Action, b.System = hub.DoSystem, "wallet" }), "cards[0].buttons[0].system"},
		"six tags":                {tags("1", "2", "3", "4", "5", "6"), "cards[0].buttons[0].tags"},
		"a tag twice":             {tags("a", "a"), "cards[0].buttons[0].tags[1]"},
		"a tag of space":          {tags(" "), "cards[0].buttons[0].tags[0]"},
		"a tag with space around": {tags(" a"), "cards[0].buttons[0].tags[0]"},
		"the second card's":       {module("line", text("1"), text("2", buttons(5)...)), "cards[1].buttons"},
	} {
		_, _, err := s.Save(ctx, s.deed(), c.m, false)
		if got := wrong(t, err); got != c.field {
			t.Errorf("%s: got %q at fault (%v), want %q", what, got, err, c.field)
		}
		p, err := s.Studio.Preview(ctx, hubtest.Team, c.m)
		if err != nil || len(p.Faults) == 0 || p.Faults[0].Field != c.field {
			t.Errorf("%s: previewed: got %+v, %v, want %q", what, p.Faults, err, c.field)
		}
	}
	if good := tags("1", "2", "3", "4", "5"); wrong(t, func() error { _, _, err := s.Save(ctx, s.deed(), good, false); return err }()) != "" {
		t.Error("five tags: got refused")
	}
	before := s.Dump(s.Hub.Store.Tables.Config)
	if _, err := s.Studio.Preview(ctx, hubtest.Team, module("line", text("t", button("a")))); err != nil || s.Dump(s.Hub.Store.Tables.Config) != before {
		t.Errorf("a preview has written something, or failed: %v", err)
	}
}

func TestOmniLinkCardIsHeldAgainstItsActivity(t *testing.T) {
	s := newScene(t)
	card := func(id hub.ActivityID) hub.Module {
		return module("line", text("1"), hub.ModuleCard{Type: hub.CardOmniLink, Activity: id})
	}
	if _, _, err := s.Save(ctx, s.deed(), card("any"), false); err != nil {
		t.Errorf("where there are no activities: got %v", err)
	}
	s.Sample = func(_ context.Context, team hub.TeamID, id hub.ActivityID, kind hub.Channel) (hub.Content, error) {
		switch {
		case team != hubtest.Team || id == "none":
			return hub.Content{}, hub.E(hub.NotFound, "test", nil)
		case kind != "line" || id == "other":
			return hub.Content{}, hub.E(hub.Refused, "test", errors.New("its source is another channel"))
		case id == "down":
			return hub.Content{}, hub.E(hub.Transient, "test", nil)
		}
		return hub.Content{Type: hub.Buttons, Text: "Join us", Buttons: []hub.Button{{Title: "Go", URL: "https://x.example/l/x"}}}, nil
	}
	for id, want := range map[hub.ActivityID]string{"good": "", "none": "cards[1].activity", "other": "cards[1].activity"} {
		_, _, err := s.Save(ctx, s.deed(), card(id), false)
		if got := wrong(t, err); got != want {
			t.Errorf("%s: got %q at fault (%v), want %q", id, got, err, want)
		}
	}
	if _, _, err := s.Save(ctx, s.deed(), card("down"), false); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want to be tried again", err)
	}
	p, err := s.Studio.Preview(ctx, hubtest.Team, card("good"))
	if err != nil || len(p.Cards) != 2 || p.Cards[1].Messages[0].Text != "Join us" || len(p.Cards[1].Native) != 1 {
		t.Errorf("got %+v, %v, want the activity's card", p, err)
	}
}
