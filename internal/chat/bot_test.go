package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// rules gives an account other rules, which every reader sees.
func (y *toys) rules(account hub.AccountID, list ...hub.Rule) {
	y.t.Helper()
	setRules(y.t, y.Hub, account, list...)
}

func setRules(t testing.TB, h *hubtest.Hub, account hub.AccountID, list ...hub.Rule) {
	t.Helper()
	ctx := t.Context()
	seen, err := h.Store.Rules(ctx, hubtest.Team, account, store.Strict)
	if err != nil {
		t.Fatal(err)
	}
	bots, err := h.Store.Bots(ctx, hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Store.SaveRules(ctx, deed("rules"), bots, account, seen.Version, list); err != nil {
		t.Fatal(err)
	}
	h.Clock.Advance(time.Minute) // after which settings are read anew
}

func deed(id string) store.Deed {
	return store.Deed{Team: hubtest.Team, Audit: hub.Audit{
		ID: id, Actor: hub.Actor{Kind: hub.ActorHub, ID: "test"}, Action: "bot.test", Target: "x", At: hub.MillisOf(hubtest.Start),
	}}
}

// keyword is a rule that answers a text.
func keyword(text string, answer hub.Content) hub.Rule {
	return hub.Rule{ID: "k" + text, Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{text}, Answer: hub.RuleAnswer{Content: &answer}}
}

// saying is a keyword that is answered with a text.
func saying(text, answer string) hub.Rule { return keyword(text, hub.TextContent(answer)) }

// asking is a keyword that is answered by a system module.
func asking(text string, system hub.System) hub.Rule {
	return hub.Rule{ID: "s" + text, Trigger: hub.OnKeyword, Match: hub.MatchExact, Words: []string{text}, Answer: hub.RuleAnswer{System: system}}
}

// tapped is a tap on a button that bears some data.
func tapped(data string, ids ...string) channel.Event {
	e := wrote("", ids...)
	e.Message = channel.Message{Type: hub.Choice, Text: "the title", Data: data}
	return e
}

// save makes a module of the toy channel, or changes it.
func (y *toys) save(m hub.Module) hub.Module {
	y.t.Helper()
	m.Name, m.Channel = "m", "toy"
	studio := &bot.Studio{Store: y.Store, Adapters: y.adapters()}
	saved, _, err := studio.Save(y.t.Context(), deed(fmt.Sprintf("save %d", y.n)), m, true)
	if err != nil {
		y.t.Fatal(err)
	}
	y.n++
	y.Clock.Advance(time.Minute)
	return saved
}

// says is a module of texts.
func (y *toys) says(texts ...string) hub.Module {
	var m hub.Module
	for _, text := range texts {
		m.Cards = append(m.Cards, hub.ModuleCard{Type: hub.CardText, Text: text})
	}
	return y.save(m)
}

// menu is a module with a button, and what the button bears.
func (y *toys) menu(b hub.ModuleButton) (hub.Module, string) {
	y.t.Helper()
	b.Title = "tap"
	m := y.save(hub.Module{Cards: []hub.ModuleCard{{Type: hub.CardText, Text: "menu", Buttons: []hub.ModuleButton{b}}}})
	return m, hub.ButtonData(m.ID, m.Version, m.Cards[0].Buttons[0].ID)
}

// buttoned lets the toy channel show buttons.
func (y *toys) buttoned() {
	long := channel.Limit{Max: 300}
	y.caps.Shows[hub.Buttons] = channel.Shape{Body: long, BodyNeeded: true, Buttons: channel.Items{Max: 3, Title: long, Data: long}}
}

// log is what was said in a thread, the oldest first: "in ping", "bot pong".
func (y *toys) log(account hub.AccountID, id string) string {
	y.t.Helper()
	all, err := y.Store.Log(context.Background(), y.at(account, id), "", 100)
	if err != nil {
		y.t.Fatal(err)
	}
	var out []string
	for i := len(all) - 1; i >= 0; i-- {
		who := string(all[i].Class)
		if all[i].Inbound {
			who = "in"
		}
		out = append(out, who+" "+all[i].Text)
	}
	return strings.Join(out, ", ")
}

// answers are what the bot and the hub have said.
func (y *toys) answers(account hub.AccountID, id string) string {
	var out []string
	for _, line := range strings.Split(y.log(account, id), ", ") {
		if said, ok := strings.CutPrefix(line, "bot "); ok {
			out = append(out, said)
		} else if said, ok := strings.CutPrefix(line, "transactional "); ok {
			out = append(out, said+"!")
		}
	}
	return strings.Join(out, ", ")
}

func TestFirstRuleInOrderAnswersAndOneForAllElseAfterThem(t *testing.T) {
	y := newToys(t)
	fallback := saying("", "what?")
	fallback.Trigger, fallback.Match, fallback.Words, fallback.Every = hub.OnFallback, "", nil, hub.EveryMessage
	part := saying("ours", "9 to 5")
	part.Match = hub.MatchContains
	y.rules("toy1", fallback, part, saying("hours", "never"), asking("x", hub.SystemHuman))
	for text, want := range map[string]string{"Hours?": "9 to 5", "anything": "what?", "YOURS": "9 to 5"} {
		y.come("toy1", wrote(text, "TW."+text))
		if got := y.answers("toy1", "TW."+text); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestFallbackOfAConversationAnswersWhatBeganIt(t *testing.T) {
	y := newToys(t)
	fallback := saying("", "what?")
	fallback.Trigger, fallback.Match, fallback.Words = hub.OnFallback, "", nil
	y.rules("toy1", fallback)
	first := y.come("toy1", wrote("hello", "TW.1"))
	y.come("toy1", wrote("anybody?", "TW.1"))
	y.come("toy1", channel.Event{Kind: channel.EventMessage, User: "TW.1", Message: channel.Message{Type: hub.Image}})
	y.rc.Receive(context.Background(), first)
	if got := y.answers("toy1", "TW.1"); got != "what?" {
		t.Errorf("got %q, want one answer", got)
	}
	th := y.thread("toy1", "TW.1")
	if err := y.Store.Close(t.Context(), y.at("toy1", "TW.1"), &th, "anna"); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", wrote("again", "TW.1"))
	if got := y.answers("toy1", "TW.1"); got != "what?, what?" {
		t.Errorf("after a new beginning: got %q, want a second answer", got)
	}
}

func TestWelcomeGoesToWhoBegins(t *testing.T) {
	y := newToys(t)
	welcome := saying("", "welcome!")
	welcome.Trigger, welcome.Match, welcome.Words = hub.OnWelcome, "", nil
	y.rules("toy1", welcome, saying("ping", "pong"))
	follow := func(on bool, id string) channel.Event {
		return channel.Event{Kind: channel.EventSubscription, User: id, Subscribed: on}
	}

	// A channel that does not tell who lets the account in: the first message of a thread.
	e := y.come("toy1", wrote("ping", "TW.1"))
	y.come("toy1", wrote("ping", "TW.1"))
	receive(t, y.rc, []hub.Envelope{e})
	if got := y.answers("toy1", "TW.1"); got != "welcome!, pong" {
		t.Errorf("first message: got %q, want the welcome before the keyword, once", got)
	}
	y.come("toy1", tapped(hub.GetStarted, "TW.1"))
	if got := y.answers("toy1", "TW.1"); got != "welcome!, pong, welcome!" {
		t.Errorf("get started: got %q, want the welcome", got)
	}

	y.caps.Follows = true
	followed := y.come("toy1", follow(true, "TW.2"))
	y.come("toy1", wrote("hello", "TW.2"))
	receive(t, y.rc, []hub.Envelope{followed})
	if got := y.answers("toy1", "TW.2"); got != "welcome!" {
		t.Errorf("follow: got %q, want the welcome once", got)
	}
	if th := y.thread("toy1", "TW.2"); th.Need != hub.NeedHuman {
		t.Errorf("got need %q, want a person: the follow is no message", th.Need)
	}
	y.come("toy1", follow(false, "TW.2"))
	if got := y.answers("toy1", "TW.2"); got != "welcome!" {
		t.Errorf("block: got %q, want no welcome", got)
	}
	y.come("toy1", follow(true, "TW.2"))
	if got := y.answers("toy1", "TW.2"); got != "welcome!, welcome!" {
		t.Errorf("unblocked: got %q, want another welcome", got)
	}
	old := follow(true, "TW.3")
	old.At = hub.MillisOf(y.Clock.Now().Add(-6 * time.Minute))
	y.come("toy1", old)
	if log := y.log("toy1", "TW.3"); log != "" {
		t.Errorf("a follow of six minutes ago: got %q, want no welcome", log)
	}
	group := follow(true, "G")
	group.UserKind = hub.Group
	y.come("toy1", group)
	if log := y.log("toy1", "G"); log != "" {
		t.Errorf("a group: got %q, want no welcome", log)
	}
}

func TestWelcomeIsSaidOnceWhereverItIsCutOff(t *testing.T) {
	y := newToys(t)
	welcome := saying("", "welcome!")
	welcome.Trigger, welcome.Match, welcome.Words = hub.OnWelcome, "", nil
	y.rules("toy1", welcome)
	y.caps.Follows = true
	for n := range 12 {
		id := fmt.Sprint("TW.", n)
		e := y.envelope("toy1", channel.Event{Kind: channel.EventSubscription, User: id, Subscribed: true})
		_ = y.receiver(y.As("broken", hubtest.Cut(n/2, n%2 == 0))).Receive(context.Background(), e)
		receive(t, y.rc, []hub.Envelope{e, e})
		if got := y.log("toy1", id); got != "bot welcome!" {
			t.Errorf("cut after %d calls: got %q, want one welcome", n/2, got)
		}
	}
}

func TestRuleThatMayAnswersBesideAPerson(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	over := saying("hours", "9 to 5")
	over.InProgress = true
	y.rules("toy1", saying("hours", "nobody reads this"), over, saying("ping", "pong"))
	y.come("toy1", wrote("hello", "TW.1"))
	th := y.thread("toy1", "TW.1")
	if _, err := y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", wrote("ping", "TW.1"))
	e := y.come("toy1", wrote("hours", "TW.1"))
	if got := y.answers("toy1", "TW.1"); got != "9 to 5" {
		t.Fatalf("got %q, want the rule that may answer", got)
	}
	k := hub.NewMessageKey(hub.MillisOf(y.Clock.Now())+hub.Millis(y.n), "m"+e.Event).Answer()
	y.with(y.sender(), y.stored("TW.1", k))
	if got := y.stored("TW.1", k).Stamps.State(); got != hub.Sent || len(*sent) != 1 {
		t.Errorf("got %s and %d calls, want it sent", got, len(*sent))
	}
	// An answer of the time before the person took over is late, whoever may answer now.
	late := store.Queued{Ref: y.at("toy1", "TW.1"), Intent: y.stored("TW.1", k).Intent}
	late.Intent.Fence--
	late.Intent.Key += "x"
	if _, err := y.Store.PutIntent(t.Context(), late.Ref, late.Intent); err != nil {
		t.Fatal(err)
	}
	y.with(y.sender(), late)
	if s := y.stored("TW.1", late.Intent.Key).Stamps; s.Code != hub.StaleFence || len(*sent) != 1 {
		t.Errorf("got %+v and %d calls, want it refused as stale", s, len(*sent))
	}
	if !strings.Contains(y.Logged.String(), `"code":"stale_fence"`) {
		t.Error("got no line in the log of the refusal")
	}
}

func TestOmniLinkIsHandedOnAndNothingElseAnswers(t *testing.T) {
	y := newToys(t)
	var came []hub.Came
	y.rc.Linked = func(said hub.Said) bool {
		return strings.HasSuffix(said.Text, "CODE") || strings.HasPrefix(said.Data, "ol1.")
	}
	ended := hub.TextContent("it has ended")
	y.rc.Link = func(_ context.Context, c hub.Came) (*hub.Content, error) {
		came = append(came, c)
		switch {
		case len(came) == 1:
			return nil, hub.E(hub.Transient, "test", nil)
		case c.Said.Text == "old CODE":
			return &ended, nil
		}
		return nil, nil
	}
	y.rules("toy1", saying("ping code", "pong"), saying("ol1.x.y", "pong"))
	e := y.come("toy1", wrote("ping CODE", "TW.1"))
	if len(came) != 2 || !came[0].First || came[0] != came[1] || came[0].Home == "" || came[0].Received != e.Received || came[0].Said.Text != "ping CODE" {
		t.Fatalf("got %+v, want the first message of a thread, handed on till it is taken", came)
	}
	if th := y.thread("toy1", "TW.1"); th.Need != hub.NeedBot {
		t.Errorf("got need %q, want the bot", th.Need)
	}
	y.come("toy1", tapped("ol1.x.y", "TW.1"))
	if len(came) != 3 || came[2].First || y.answers("toy1", "TW.1") != "" {
		t.Errorf("got %d times, answers %q, want the tap handed on and no answer", len(came), y.answers("toy1", "TW.1"))
	}
	old := y.come("toy1", wrote("old CODE", "TW.1"))
	receive(t, y.rc, []hub.Envelope{old})
	if got := y.answers("toy1", "TW.1"); got != "it has ended!" {
		t.Errorf("got the answers %q, want the one that it gives, once", got)
	}
}
