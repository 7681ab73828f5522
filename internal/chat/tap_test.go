package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

const (
	left = "您已取消訂閱，將不再收到自動與行銷訊息。!"
	back = "您已重新訂閱，歡迎回來！!"
)

func TestTapDoesWhatItsButtonSays(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	target := y.says("one", "two", "three")
	for name, c := range map[string]struct {
		button hub.ModuleButton
		want   string
		holds  func(hub.Thread) bool
	}{
		"module":           {hub.ModuleButton{Action: hub.DoModule, Module: target.ID}, "one, two, three", (func(th hub.Thread) bool { return th.Fence == 0 })},
		"nothing":          {hub.ModuleButton{Action: hub.DoNone}, "", func(th hub.Thread) bool { return th.Fence == 0 }},
		"hand over":        {hub.ModuleButton{Action: hub.DoHandOver}, "", func(th hub.Thread) bool { return th.Floor == hub.FloorTeam }},
		"hand over, words": {hub.ModuleButton{Action: hub.DoHandOver, Module: target.ID}, "one, two, three", func(th hub.Thread) bool { return th.Floor == hub.FloorTeam }},
		"a person":         {hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemHuman}, passing, func(th hub.Thread) bool { return th.Floor == hub.FloorTeam }},
		"unsubscribe":      {hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemUnsubscribe}, left, func(th hub.Thread) bool { return !th.Wants(hub.ClassBot) && th.BotMaySpeak() }},
		"subscribe":        {hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemSubscribe}, back, func(th hub.Thread) bool { return th.OptedIn != 0 && th.Wants(hub.ClassMarketing) }},
	} {
		_, data := y.menu(c.button)
		e := y.come("toy1", tapped(data, name))
		receive(t, y.rc, []hub.Envelope{e})
		if got := y.answers("toy1", name); got != c.want || !c.holds(y.thread("toy1", name)) {
			t.Errorf("%s: got %q and %+v, want %q", name, got, y.thread("toy1", name), c.want)
		}
	}
}

func TestTapOnAnOldMessageWorksWhileItsVersionIsKept(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	target := y.says("hi")
	m, data := y.menu(hub.ModuleButton{Action: hub.DoModule, Module: target.ID})
	tap := func(who string) string {
		y.come("toy1", tapped(data, who))
		return y.answers("toy1", who)
	}
	m.Cards[0].Text = "another menu"
	if m = y.save(m); m.Cards[0].Buttons[0].ID == "" || tap("TW.1") != "hi" {
		t.Error("a button that stands in the new version too: got no answer")
	}
	m.Cards[0].Buttons[0].Action, m.Cards[0].Buttons[0].Module = hub.DoNone, ""
	if m = y.save(m); tap("TW.2") != "" {
		t.Error("a button that does something else by now: got what it did")
	}
	m.Cards[0].Buttons = nil
	if m = y.save(m); tap("TW.3") != "hi" {
		t.Error("a button that is gone: got no answer, want that of the version in the message")
	}
	for range hub.ModuleVersions {
		m = y.save(m)
	}
	if got := tap("TW.4"); got != "" || y.thread("toy1", "TW.4").Need != hub.NeedHuman {
		t.Errorf("a version that is not kept: got %q, want no hit, and a person", got)
	}
	fallback := saying("", "what?")
	fallback.Trigger, fallback.Match, fallback.Words = hub.OnFallback, "", nil
	y.rules("toy1", fallback, saying("the title", "no hit"), saying(data, "no hit"))
	if got := tap("TW.5"); got != "what?" {
		t.Errorf("got %q, want it treated as a text that nothing answers", got)
	}
}

func TestTapOnAModuleOfAnotherChannelIsNone(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	m, data := y.menu(hub.ModuleButton{Action: hub.DoHandOver})
	m.Channel, m.Version = "line", m.Version+1
	bots, err := y.Store.Bots(t.Context(), hubtest.Team)
	if err == nil {
		err = y.Store.SaveModule(t.Context(), deed("other"), bots, m)
	}
	if err != nil {
		t.Fatal(err)
	}
	y.Clock.Advance(time.Minute)
	y.come("toy1", tapped(data, "TW.1"))
	if th := y.thread("toy1", "TW.1"); th.Floor != "" {
		t.Errorf("got floor %q, want nothing done", th.Floor)
	}
}

// TestTagsOfTapsAndRulesArePutOnOnce, whatever is cut off.
func TestTagsOfTapsAndRulesArePutOnOnce(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	_, data := y.menu(hub.ModuleButton{Action: hub.DoNone, Tags: []string{"VIP", "new"}})
	rule := saying("ping", "pong")
	rule.Tags = []string{"curious"}
	y.rules("toy1", rule)
	for n := range 24 {
		event, want := tapped(data, fmt.Sprint("TW.", n)), []string{"VIP", "new"}
		if n%2 == 0 {
			event, want = wrote("ping", fmt.Sprint("TW.", n)), []string{"curious"}
		}
		e := y.envelope("toy1", event)
		_ = y.receiver(y.As("broken", hubtest.Cut(n/4, n%4 < 2))).Receive(context.Background(), e)
		receive(t, y.rc, []hub.Envelope{e, e})
		th := y.thread("toy1", fmt.Sprint("TW.", n))
		states, err := y.Store.TagsAt(t.Context(), hubtest.Team, y.Team.Pepper.Home(th.Account, th.External.Reveal(), th.Epoch))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range states {
			if s.Standing == hub.TagOn && s.At == th.LastKey.At() && s.Source == "bot" && s.Version == 1 {
				names = append(names, s.Name)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("%d: got the tags %q, want %q, each put on once", n, names, want)
		}
	}
}

// TestTapCountsWhoeverHasTheFloor: its tags, and the customer's own word on what he gets.
// What the bot would say stays unsaid.
func TestTapCountsWhoeverHasTheFloor(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	target := y.says("hi")
	_, tags := y.menu(hub.ModuleButton{Action: hub.DoModule, Module: target.ID, Tags: []string{"VIP"}})
	_, leave := y.menu(hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemUnsubscribe})
	rule := saying("ping", "pong")
	rule.Tags = []string{"curious"}
	y.rules("toy1", rule)
	y.come("toy1", wrote("hello", "TW.1"))
	th := y.thread("toy1", "TW.1")
	if _, err := y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", wrote("ping", "TW.1"))
	y.come("toy1", tapped(tags, "TW.1"))
	y.come("toy1", tapped(leave, "TW.1"))
	th = y.thread("toy1", "TW.1")
	states, err := y.Store.TagsAt(t.Context(), hubtest.Team, y.Team.Pepper.Home(th.Account, th.External.Reveal(), th.Epoch))
	if err != nil || len(states) != 1 || states[0].Name != "VIP" {
		t.Errorf("got the tags %+v, %v, want the button's, and not that of a rule which did not answer", states, err)
	}
	if got := y.answers("toy1", "TW.1"); got != left || th.Wants(hub.ClassBot) || th.Floor != "anna" {
		t.Errorf("got %q, floor %q, want only the word on what he gets", got, th.Floor)
	}
}

// menuOf lets "menu" be answered by a module of texts.
func (y *toys) menuOf(texts ...string) {
	y.t.Helper()
	rule := saying("menu", "")
	rule.Answer = hub.RuleAnswer{Module: y.says(texts...).ID}
	y.rules("toy1", rule)
}

func TestAnswerOfSeveralCardsTakesOneOfTheBudget(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	y.menuOf("one", "two", "three")
	for range 6 {
		e := y.come("toy1", wrote("menu", "TW.1"))
		receive(t, y.rc, []hub.Envelope{e})
		last := y.thread("toy1", "TW.1").LastKey
		for i := range 3 {
			y.with(y.sender(), y.stored("TW.1", last.Answer().Part(i)))
		}
	}
	var got []string
	for _, m := range *sent {
		got = append(got, m.Content.Text)
	}
	if len(got) != 15 || !slices.Equal(got[:3], []string{"one", "two", "three"}) {
		t.Errorf("got %d messages %q, want five answers of three each", len(got), got)
	}
	th := y.thread("toy1", "TW.1")
	if s := y.stored("TW.1", th.LastKey.Answer().Part(2)).Stamps; s.Code != hub.ReplyBudget || len(th.Auto) != hub.ReplyBudgetCount {
		t.Errorf("the sixth: got %+v, budget %+v, want it refused", s, th.Auto)
	}
}

// TestAnswerThatTheBudgetRefusesIsNotBegunInItsMiddle, though there is room again when its
// later cards come.
func TestAnswerThatTheBudgetRefusesIsNotBegunInItsMiddle(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	y.menuOf("one", "two", "three")
	ask := func() func(part int) hub.Code {
		y.come("toy1", wrote("menu", "TW.1"))
		k := y.thread("toy1", "TW.1").LastKey.Answer()
		return func(part int) hub.Code {
			y.with(y.sender(), y.stored("TW.1", k.Part(part)))
			return y.stored("TW.1", k.Part(part)).Stamps.Code
		}
	}
	for range 5 {
		ask()(0)
	}
	y.Clock.Advance(hub.ReplyBudgetWindow - time.Second)
	sixth := ask()
	if code := sixth(0); code != hub.ReplyBudget {
		t.Fatalf("the sixth answer's first card: got %q, want it refused", code)
	}
	y.Clock.Advance(2 * time.Second)
	for part := 1; part < 3; part++ {
		if code := sixth(part); code != hub.ReplyBudget {
			t.Errorf("its card %d, after the window: got %q, want it refused too", part, code)
		}
	}
	if len(*sent) != 5 {
		t.Errorf("got %d calls, want those of five answers", len(*sent))
	}
	seventh := ask()
	for part := range 3 {
		if code := seventh(part); code != "" {
			t.Errorf("the next answer's card %d: got %q", part, code)
		}
	}
	// What has begun goes on, though the budget has forgotten it: nothing of it was refused.
	eighth := ask()
	eighth(0)
	y.Clock.Advance(2 * hub.ReplyBudgetWindow)
	ask()(0)
	if code := eighth(1); code != "" || len(*sent) != 11 {
		t.Errorf("got %q after %d calls, want the second card", code, len(*sent))
	}
	// One that is refused in its middle ends there.
	ninth := ask()
	ninth(0)
	y.Clock.Advance(2 * hub.ReplyBudgetWindow)
	for range 5 {
		ask()(0)
	}
	if code := ninth(1); code != hub.ReplyBudget {
		t.Errorf("a second card that finds no room: got %q", code)
	}
	y.Clock.Advance(hub.ReplyBudgetWindow + time.Second)
	if code := ninth(2); code != hub.ReplyBudget {
		t.Errorf("the third behind it: got %q, want it refused too", code)
	}
}

// TestPartsOfOneContentGoByTheFreeToken: the picture, and the words that it cannot bear.
func TestPartsOfOneContentGoByTheFreeToken(t *testing.T) {
	c := newChain(t)
	two := keyword("menu", hub.Content{Type: hub.Sticker, Text: "words", Media: &hub.Media{URL: "https://x.example/s.png"}})
	setRules(t, c.hub, hubtest.LineAccount, two)
	c.write(uid(1), "menu")
	c.drain()
	if got := c.posted(uid(1)); got != "reply 2: https://x.example/s.png words" {
		t.Errorf("got %q, want one reply", got)
	}
}

// TestPersonWhoTakesOverStopsTheRestOfAnAnswer between two of its cards.
func TestPersonWhoTakesOverStopsTheRestOfAnAnswer(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	y.menuOf("one", "two")
	y.come("toy1", wrote("menu", "TW.1"))
	th := y.thread("toy1", "TW.1")
	y.with(y.sender(), y.stored("TW.1", th.LastKey.Answer()))
	if _, err := y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	y.with(y.sender(), y.stored("TW.1", th.LastKey.Answer().Part(1)))
	if s := y.stored("TW.1", th.LastKey.Answer().Part(1)).Stamps; s.Code != hub.StaleFence || len(*sent) != 1 {
		t.Errorf("got %+v after %d calls, want the second card refused", s, len(*sent))
	}
}

func TestKnownCustomersTextWithoutAHitAsksForNothingMore(t *testing.T) {
	y := newToys(t)
	y.rules("toy1", saying("ping", "pong"), asking("person", hub.SystemHuman))
	y.come("toy1", wrote("hello", "TW.1"))
	counted := y.receiver(y.As("counted", nil))
	for _, text := range []string{"hello", "again", "and again"} {
		e := y.envelope("toy1", wrote(text, "TW.1"))
		y.Cloud.Meter().Reset()
		if err := counted.Receive(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if calls, read, write := y.Calls("counted"); calls != 2 || read != 0 || write != 2 {
			t.Errorf("%s: got %d calls, %v RRU, %v WRU, want 2, 0, 2", text, calls, read, write)
		}
	}
}

// TestMessageToAnAccountThatIsGoneIsStored, though nothing can answer there.
func TestMessageToAnAccountThatIsGoneIsStored(t *testing.T) {
	y := newToys(t)
	e := y.envelope("gone", channel.Event{Kind: channel.EventMessage, User: "TW.1", Message: channel.Message{Type: hub.Image}})
	receive(t, y.rc, []hub.Envelope{e})
	log, err := y.Store.Log(t.Context(), store.Ref{Team: hubtest.Team, User: e.User}, "", 10)
	if err != nil || len(log) != 1 {
		t.Errorf("got %d messages, %v, want it stored", len(log), err)
	}
}
