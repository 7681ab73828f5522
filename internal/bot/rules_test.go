package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

func says(words string) hub.RuleAnswer {
	content := hub.TextContent(words)
	return hub.RuleAnswer{Content: &content}
}

func TestRulesAreSavedOverTheirVersion(t *testing.T) {
	s := newScene(t)
	seen, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil || seen.Version != 1 || len(seen.List) != 1 {
		t.Fatalf("got %+v, %v, want the keyword of the account", seen, err)
	}
	list := append(seen.List, hub.Rule{Trigger: hub.OnWelcome, Answer: says("hi"), Tags: []string{"new"}})
	saved, losses, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, list, false)
	if err != nil || saved.Version != 2 || len(losses) != 0 || saved.List[0].ID != seen.List[0].ID || len(saved.List[1].ID) != 6 {
		t.Errorf("got %+v, %v, %v, want ids made where there were none", saved, losses, err)
	}
	if got, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount); err != nil || got.Version != 2 || got.List[1].ID != saved.List[1].ID || got.List[1].Tags[0] != "new" {
		t.Errorf("got %+v, %v", got, err)
	}
	_, _, err = s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, nil, false)
	s.refuses("an old version", err, bot.ErrVersion)
	for _, id := range []hub.AccountID{"nobody", "", "A#"} {
		if _, _, err := s.PutRules(ctx, s.deed(), id, 0, nil, false); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%q: got %v, want not found", id, err)
		}
		if _, err := s.Rules(ctx, hubtest.Team, id); hub.CodeOf(err) != hub.NotFound {
			t.Errorf("%q: got %v, want not found", id, err)
		}
	}
	if _, err := s.Rules(ctx, "other", hubtest.LineAccount); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("another team: got %v, want not found", err)
	}
}

// TestRulesOutliveAChangeOfTheirAccount: whoever changes its name, or its keywords, leaves
// the others.
func TestRulesOutliveAChangeOfTheirAccount(t *testing.T) {
	s := newScene(t)
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, []hub.Rule{{ID: "w", Trigger: hub.OnWelcome, Answer: says("hi")}}, false); err != nil {
		t.Fatal(err)
	}
	change := func(keywords []hub.Keyword) hub.Rules {
		t.Helper()
		s.connect(keywords)
		rules, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		return rules
	}
	if got := change(nil); got.Version != 2 || len(got.List) != 1 {
		t.Errorf("no keywords given: got %+v, want the rules as they were", got)
	}
	if got := change([]hub.Keyword{{Match: "ping", Answer: hub.TextContent("pong")}}); got.Version != 3 || len(got.List) != 2 || got.List[0].Words[0] != "ping" || got.List[1].ID != "w" {
		t.Errorf("a keyword given: got %+v, want it before the others", got)
	}
	if got := change([]hub.Keyword{}); got.Version != 4 || len(got.List) != 1 || got.List[0].ID != "w" {
		t.Errorf("none given: got %+v, want the others", got)
	}
}

// TestKeywordsWithoutAVersionAreRules: of an account that had keywords before it could have
// rules.
func TestKeywordsWithoutAVersionAreRules(t *testing.T) {
	s := newScene(t)
	stored := func(fields ...string) types.AttributeValue {
		m := map[string]types.AttributeValue{}
		for i := 0; i < len(fields); i += 2 {
			m[fields[i]] = &types.AttributeValueMemberS{Value: fields[i+1]}
		}
		return &types.AttributeValueMemberM{Value: m}
	}
	_, err := s.Hub.Store.DB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.Hub.Store.Tables.Config, Item: map[string]types.AttributeValue{
		"PK": &types.AttributeValueMemberS{Value: "T#test"}, "SK": &types.AttributeValueMemberS{Value: "KEYW#line1"},
		"list": &types.AttributeValueMemberL{Value: []types.AttributeValue{
			stored("match", "ping", "ty", "text", "tx", "pong"),
			stored("match", "menu", "ty", "buttons", "tx", "what?", "ct", `{"type":"buttons","text":"what?","buttons":[{"title":"A","data":"a"}]}`),
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil || seen.Version != 0 || len(seen.Keywords()) != 2 || seen.List[1].Answer.Content.Buttons[0].Data != "a" {
		t.Fatalf("got %+v, %v, want both keywords", seen, err)
	}
	if place, ok := seen.Keyword("PING", time.Time{}, func(*hub.Rule) bool { return true }); !ok || place != 0 {
		t.Errorf("got %d, %v, want the first hit", place, ok)
	}
	if saved, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 0, seen.List, false); err != nil || saved.Version != 1 {
		t.Errorf("got %+v, %v, want them saved as rules", saved, err)
	}
}

func TestRuleOfFaultsIsRefusedByItsField(t *testing.T) {
	s := newScene(t)
	here, there := s.save(module("line", text("hi"))), s.save(module("whatsapp", text("hi")))
	key := func(change func(*hub.Rule)) []hub.Rule {
		r := hub.Rule{Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{"hi"}, Answer: says("ho")}
		change(&r)
		return []hub.Rule{{Trigger: hub.OnWelcome, Answer: says("welcome")}, r}
	}
	answer := func(a hub.RuleAnswer) []hub.Rule { return key(func(r *hub.Rule) { r.Answer = a }) }
	hours := func(h hub.Hours) []hub.Rule { return key(func(r *hub.Rule) { r.Hours = []hub.Hours{h} }) }
	many := make([]hub.Rule, hub.MaxRules+1)
	for i := range many {
		many[i] = hub.Rule{Trigger: hub.OnWelcome, Answer: says("x")}
	}
	large := make([]hub.Rule, 100)
	for i := range large {
		large[i] = hub.Rule{Trigger: hub.OnWelcome, Answer: says(strings.Repeat("x", 4000))}
	}
	wide := says("x")
	wide.Content.QuickReplies = make([]hub.Button, 14)
	for i := range wide.Content.QuickReplies {
		wide.Content.QuickReplies[i] = hub.Button{Title: "x", Data: "x"}
	}
	content := wide.Content
	for what, c := range map[string]struct {
		rules []hub.Rule
		field string
	}{
		"good":                     {key(func(*hub.Rule) {}), ""},
		"a module":                 {answer(hub.RuleAnswer{Module: here.ID}), ""},
		"a system module":          {answer(hub.RuleAnswer{System: hub.SystemSubscribe}), ""},
		"an expression":            {key(func(r *hub.Rule) { r.Match, r.Words = hub.MatchRegexp, []string{`^\d+$`} }), ""},
		"hours over midnight":      {hours(hub.Hours{Days: []int{7}, From: "22:00", To: "02:00"}), ""},
		"200 rules":                {many[1:], ""},
		"201 rules":                {many, "rules"},
		"too much":                 {large, "rules"},
		"no trigger":               {key(func(r *hub.Rule) { r.Trigger = "" }), "rules[1].trigger"},
		"no match":                 {key(func(r *hub.Rule) { r.Match = "" }), "rules[1].match"},
		"no words":                 {key(func(r *hub.Rule) { r.Words = nil }), "rules[1].words"},
		"21 words":                 {key(func(r *hub.Rule) { r.Words = strings.Split(strings.Repeat("x,", 20)+"x", ",") }), "rules[1].words"},
		"an empty word":            {key(func(r *hub.Rule) { r.Words = []string{"a", " "} }), "rules[1].words[1]"},
		"a long word":              {key(func(r *hub.Rule) { r.Words = []string{strings.Repeat("字", 201)} }), "rules[1].words[0]"},
		"too large one":            {key(func(r *hub.Rule) { r.Match, r.Words = hub.MatchRegexp, []string{`\pL{1000}`} }), "rules[1].words[0]"},
		"no expression":            {key(func(r *hub.Rule) { r.Match, r.Words = hub.MatchRegexp, []string{"("} }), "rules[1].words[0]"},
		"an expression not of RE2": {key(func(r *hub.Rule) { r.Match, r.Words = hub.MatchRegexp, []string{`(a)\1`} }), "rules[1].words[0]"},
		"a long expression":        {key(func(r *hub.Rule) { r.Match, r.Words = hub.MatchRegexp, []string{strings.Repeat("x", 201)} }), "rules[1].words[0]"},
		"words of a welcome":       {key(func(r *hub.Rule) { r.Trigger, r.Match = hub.OnWelcome, "" }), "rules[1].words"},
		"how often of a keyword":   {key(func(r *hub.Rule) { r.Every = hub.EveryMessage }), "rules[1].every"},
		"another how often":        {key(func(r *hub.Rule) { r.Trigger, r.Match, r.Words, r.Every = hub.OnFallback, "", nil, "day" }), "rules[1].every"},
		"no answer":                {answer(hub.RuleAnswer{}), "rules[1].answer"},
		"two answers":              {key(func(r *hub.Rule) { r.Answer.System = hub.SystemHuman }), "rules[1].answer"},
		"a module that is not":     {answer(hub.RuleAnswer{Module: "aaaaaaaaaaaaaaaa"}), "rules[1].answer.module"},
		"a module of no form":      {answer(hub.RuleAnswer{Module: "x"}), "rules[1].answer.module"},
		"of another channel":       {answer(hub.RuleAnswer{Module: there.ID}), "rules[1].answer.module"},
		"a system that is not":     {answer(hub.RuleAnswer{System: "wallet"}), "rules[1].answer.system"},
		"an answer beyond limits":  {answer(says(strings.Repeat("x", 5001))), "rules[1].answer.content"},
		"an answer in another way": {answer(hub.RuleAnswer{Content: content}), "rules[1].answer.content"},
		"six tags":                 {key(func(r *hub.Rule) { r.Tags = []string{"1", "2", "3", "4", "5", "6"} }), "rules[1].tags"},
		"no days":                  {hours(hub.Hours{From: "09:00", To: "18:00"}), "rules[1].hours[0]"},
		"no such minute":           {hours(hub.Hours{Days: []int{1}, From: "09:00", To: "24:00"}), "rules[1].hours[0]"},
		"outside of nothing":       {key(func(r *hub.Rule) { r.Outside = true }), "rules[1].outside"},
		"a long name":              {key(func(r *hub.Rule) { r.Name = strings.Repeat("字", 101) }), "rules[1].name"},
		"an id of its own":         {key(func(r *hub.Rule) { r.ID = "A#1" }), "rules[1].id"},
		"twins":                    {append(key(func(r *hub.Rule) { r.ID = "x" }), hub.Rule{ID: "x", Trigger: hub.OnWelcome, Answer: says("x")}), "rules[2].id"},
	} {
		seen, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.PutRules(ctx, s.deed(), hubtest.LineAccount, seen.Version, c.rules, false)
		if got := wrong(t, err); got != c.field {
			t.Errorf("%s: got %q at fault (%v), want %q", what, got, err, c.field)
		}
	}
	seen, err := s.Rules(ctx, hubtest.Team, hubtest.LineAccount)
	if err != nil {
		t.Fatal(err)
	}
	_, losses, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, seen.Version, answer(hub.RuleAnswer{Content: content}), true)
	if err != nil || len(losses) != 1 {
		t.Errorf("in another way, as is wished: got %v, %v, want it saved with its losses", losses, err)
	}
}

// TestWhoIsGreetedByTheWebhooksAnswerIsNotGreetedByARuleToo: wherever an account can have
// such a welcome, and nowhere else.
func TestWhoIsGreetedByTheWebhooksAnswerIsNotGreetedByARuleToo(t *testing.T) {
	s := newScene(t)
	greeted := 0
	for kind, adapter := range s.Adapters {
		id, want := hub.AccountID(kind)+"9", ""
		err := s.Setup.Connect(ctx, s.Team, hub.ConnectionID(id), kind, channel.Secrets{"s": "x"}, settings.NewAccount{ID: id, External: "ext-" + string(id)})
		if err != nil {
			t.Fatal(err)
		}
		if _, answers := adapter.(channel.Answerer); answers {
			greeted, want = greeted+1, "rules[1].trigger"
		}
		list := []hub.Rule{
			{Trigger: hub.OnFallback, Answer: says("what?")}, {Trigger: hub.OnWelcome, Answer: says("hi"), Off: true},
			{Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{"hi"}, Answer: says("ho")},
		}
		_, _, err = s.PutRules(ctx, s.deed(), id, 0, list, false)
		if got := wrong(t, err); got != want {
			t.Errorf("%s: got %q at fault (%v), want %q", kind, got, err, want)
		}
		if want == "" {
			continue
		}
		if _, _, err := s.PutRules(ctx, s.deed(), id, 0, append(list[:1:1], list[2]), false); err != nil {
			t.Errorf("%s: got %v, want the other rules saved", kind, err)
		}
	}
	if greeted == 0 {
		t.Error("no channel answers webhooks with a welcome")
	}
}

// TestAnswersOfDayAndNightAreOfTheTeamsClock: 2026-10-05 is a Monday in Taipei, 8 hours
// ahead.
func TestHoursAreOfTheTeamsClock(t *testing.T) {
	s := newScene(t)
	rules := []hub.Rule{
		{ID: "day", Trigger: hub.OnFallback, Every: hub.EveryMessage, Answer: says("day"), Hours: []hub.Hours{{Days: []int{1, 2, 3, 4, 5}, From: "09:00", To: "17:59"}}},
		{ID: "night", Trigger: hub.OnFallback, Every: hub.EveryMessage, Answer: says("night"), Outside: true,
			Hours: []hub.Hours{{Days: []int{1, 2, 3, 4, 5}, From: "09:00", To: "17:59"}}},
	}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, rules, false); err != nil {
		t.Fatal(err)
	}
	b := &bot.Bot{Settings: s.Settings, Store: s.Hub.Store}
	s.Clock.Advance(time.Minute)
	answer := func(at string) string {
		t.Helper()
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		account, err := s.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		met, err := b.Decide(ctx, account, hub.Said{Type: hub.Text, Text: "hello", At: hub.MillisOf(when)})
		if err != nil {
			t.Fatal(err)
		}
		r, err := b.Compose(ctx, account, met, hub.Scene{Floor: true})
		if err != nil || len(r.Contents) != 1 {
			t.Fatalf("%s: got %+v, %v, want one answer", at, r, err)
		}
		return r.Contents[0].Text
	}
	for at, want := range map[string]string{
		"2026-10-05T00:59:59Z": "night", "2026-10-05T01:00:00Z": "day", "2026-10-05T09:59:59Z": "day", "2026-10-05T10:00:00Z": "night",
		"2026-10-03T04:00:00Z": "night", // a Saturday
		"2026-10-05T23:00:00Z": "night", // Tuesday 07:00
	} {
		if got := answer(at); got != want {
			t.Errorf("%s: got %s, want %s", at, got, want)
		}
	}
	if err := s.zone("America/New_York"); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{"2026-10-05T12:59:00Z": "night", "2026-10-05T13:00:00Z": "day", "2026-12-07T13:30:00Z": "night"} {
		if got := answer(at); got != want {
			t.Errorf("New York, %s: got %s, want %s", at, got, want)
		}
	}
}

func TestSystemModulesSpeakTheTeamsLanguage(t *testing.T) {
	s := newScene(t)
	rules := []hub.Rule{}
	for _, name := range hub.Systems() {
		rules = append(rules, hub.Rule{Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{string(name)}, Answer: hub.RuleAnswer{System: name}})
	}
	if _, _, err := s.PutRules(ctx, s.deed(), hubtest.LineAccount, 1, rules, false); err != nil {
		t.Fatal(err)
	}
	b := &bot.Bot{Settings: s.Settings, Store: s.Hub.Store}
	for _, c := range [][2]string{{"", "真人客服"}, {"zh-CN", "人工客服"}, {"en", "a member of our team"}, {"zh-TW", "真人客服"}} {
		language, want := c[0], c[1]
		if err := s.language(language); err != nil {
			t.Fatal(err)
		}
		account, err := s.Settings.Account(ctx, hubtest.Team, hubtest.LineAccount)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]bool{}
		for _, name := range hub.Systems() {
			met, err := b.Decide(ctx, account, hub.Said{Type: hub.Text, Text: string(name)})
			if err != nil {
				t.Fatal(err)
			}
			r, err := b.Compose(ctx, account, met, hub.Scene{Floor: true})
			if err != nil || len(r.Contents) != 1 || r.Contents[0].Text == "" || r.Notice != (name != hub.SystemHuman) || r.HandOver != (name == hub.SystemHuman) {
				t.Fatalf("%s: got %+v, %v", name, r, err)
			}
			said[r.Contents[0].Text] = true
			if name == hub.SystemHuman && !strings.Contains(r.Contents[0].Text, want) {
				t.Errorf("%q: got %q, want %q", language, r.Contents[0].Text, want)
			}
		}
		if len(said) != len(hub.Systems()) {
			t.Errorf("%q: got %d texts, want one of each", language, len(said))
		}
	}
}
