package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/bot"
	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/channel/fake"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// menuOf lets "menu" be answered by a module of cards at LINE.
func (c *chain) menuOf(cards ...hub.ModuleCard) {
	c.t.Helper()
	studio := &bot.Studio{Store: c.hub.Store, Adapters: all.Adapters(channel.Platform{})}
	m, _, err := studio.Save(c.t.Context(), deed("menu"), hub.Module{Name: "m", Channel: "line", Cards: cards}, true)
	if err != nil {
		c.t.Fatal(err)
	}
	rule := saying("menu", "")
	rule.Answer = hub.RuleAnswer{Module: m.ID}
	setRules(c.t, c.hub, hubtest.LineAccount, rule)
}

func card(text string) hub.ModuleCard { return hub.ModuleCard{Type: hub.CardText, Text: text} }

// pictured is a card that LINE shows in two messages.
func pictured(text string) hub.ModuleCard {
	return hub.ModuleCard{Type: hub.CardImage, Text: text, Media: &hub.Media{URL: "https://x.example/" + text + ".png"}}
}

func cardsOf(texts ...string) (cards []hub.ModuleCard) {
	for _, text := range texts {
		cards = append(cards, card(text))
	}
	return cards
}

// posted lists what LINE accepted for a customer, as "kind n: text text".
func (c *chain) posted(to string) string {
	c.t.Helper()
	var list []string
	for _, call := range c.ledger.Calls("line", to) {
		var body struct{ Messages []json.RawMessage }
		if err := json.Unmarshal([]byte(call.Body), &body); err != nil {
			c.t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %d: %s", call.Kind, len(body.Messages), strings.ReplaceAll(call.Text, "\n", " ")))
	}
	return strings.Join(list, ", ")
}

func TestCardsOfAnAnswerLeaveInOneFreeReply(t *testing.T) {
	c := newChain(t)
	c.menuOf(cardsOf("one", "two", "three")...)
	c.write(uid(1), "menu")
	if n, back := c.deliver(); n != 1 || back != 0 {
		t.Fatalf("got %d records, %d back, want one order for the three cards", n, back)
	}
	if got := c.posted(uid(1)); got != "reply 3: one two three" {
		t.Errorf("got %q, want one reply of all", got)
	}
	sent := c.stamps(uid(1), c.answerTo(uid(1)))
	if sent.State() != hub.Sent || sent.PlatformID != c.ledger.Calls("line", uid(1))[0].ID {
		t.Errorf("got %+v, want it sent, under the id of the first", sent)
	}
	log, err := c.hub.Store.Log(t.Context(), c.ref(uid(1)), "", 10)
	if err != nil || len(log) != 2 || log[0].Type != hub.Several || log[0].Text != "one\ntwo\nthree" ||
		len(log[0].Content.Parts) != 3 || log[0].Content.Parts[1].Text != "two" {
		t.Errorf("got %d messages, %v, want the log to show what went out", len(log), err)
	}
	// A customer may answer to any of them, also to one of which we keep no id.
	c.hub.Clock.Advance(time.Second)
	c.quote(uid(1), "this?", "543215704078805067")
	if got := c.posted(uid(1)); got != "reply 3: one two three" {
		t.Errorf("got %q after a quote, want nothing more", got)
	}
	if log, err := c.hub.Store.Log(t.Context(), c.ref(uid(1)), "", 10); err != nil || len(log) != 3 || log[0].Text != "this?" {
		t.Errorf("got %d messages, %v, want the quote stored", len(log), err)
	}
}

// quote lets a customer answer to a message.
func (c *chain) quote(from, text, id string) {
	c.t.Helper()
	for _, e := range c.envelopes(fake.Act{From: from, Extra: json.RawMessage(fmt.Sprintf(`{"type":"text","text":%q,"quotes":%q}`, text, id))}) {
		if err := c.receiver.Receive(c.t.Context(), e); err != nil {
			c.t.Fatal(err)
		}
	}
	c.relay(from)
	c.drain()
}

// envelopes are what the edge makes of what a customer does.
func (c *chain) envelopes(a fake.Act) (list []hub.Envelope) {
	c.t.Helper()
	c.post(a)
	for _, r := range c.hub.Receive(c.hub.Inbound).Records {
		e, err := chat.ReadEnvelope(r.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func TestAnswerOfMoreThanACallTakesGoesOnInTheNext(t *testing.T) {
	c := newChain(t)
	c.menuOf(pictured("one"), pictured("two"), card("three"), pictured("four"))
	for n := range 7 { // the budget is five answers a minute
		c.write(uid(1), "menu")
		k := c.answerTo(uid(1))
		c.drain()
		if first, second := c.stamps(uid(1), k), c.stamps(uid(1), k.Part(1)); first.Code != second.Code || (first.Code == hub.ReplyBudget) != (n >= hub.ReplyBudgetCount) {
			t.Errorf("answer %d: got %+v and %+v, want five answers whole", n, first, second)
		}
		c.hub.Clock.Advance(time.Second)
	}
	one := "reply 5: https://x.example/one.png one https://x.example/two.png two three, push 2: https://x.example/four.png four"
	if got := c.posted(uid(1)); got != strings.Repeat(one+", ", 4)+one {
		t.Errorf("got %q, want each answer in a reply of five and a push of two", got)
	}
	if th, err := c.hub.Store.Thread(t.Context(), c.ref(uid(1))); err != nil || len(th.Auto) != hub.ReplyBudgetCount {
		t.Errorf("got %+v, %v, want the budget to count answers", th.Auto, err)
	}
}

func TestRedeliveryMakesNoFurtherCallForCards(t *testing.T) {
	c := newChain(t)
	c.menuOf(cardsOf("one", "two", "three")...)
	for _, e := range c.envelopes(fake.Act{From: uid(1), Text: "menu"}) {
		receive(t, c.receiver, []hub.Envelope{e, e, e})
	}
	c.relay(uid(1))
	e := c.hub.Receive(c.hub.Outbound)
	if len(e.Records) != 1 {
		t.Fatalf("got %d orders, want one", len(e.Records))
	}
	for _, receives := range []int{1, 1, 2, 3} {
		if err := c.sender.Deliver(t.Context(), readOrder(t, e.Records[0].Body), receives); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.posted(uid(1)); got != "reply 3: one two three" {
		t.Errorf("got %q, want one reply", got)
	}
}

func TestRefusedReplyTokenFallsToOnePushOfAllCards(t *testing.T) {
	c := newChain(t)
	c.menuOf(cardsOf("one", "two", "three")...)
	c.write(uid(1), "menu")
	k := c.answerTo(uid(1))
	q, err := c.hub.Store.Send(t.Context(), c.ref(uid(1)), k)
	if err != nil {
		t.Fatal(err)
	}
	// The token is used up behind the hub's back, and the push's answer is lost.
	if code := c.callLine("/v2/bot/message/reply", `{"replyToken":"`+q.Intent.Reply.Token.Reveal()+`","messages":[{"type":"text","text":"other"}]}`); code != 200 {
		t.Fatalf("got %d from the fake, want 200", code)
	}
	c.faults(`{"accept_then_drop":1}`)
	c.deliver()
	c.faults(`{}`)
	for range 3 {
		c.hub.Clock.Advance(2 * time.Second)
		c.deliver()
	}
	if got := c.posted(uid(1)); got != "reply 1: other, push 3: one two three" {
		t.Errorf("got %q, want one push of all after the refused token", got)
	}
	if call := c.ledger.Calls("line", uid(1))[1]; call.RetryKey != hub.RetryKey(c.ref(uid(1)).Team, c.ref(uid(1)).User, k) {
		t.Errorf("got the retry key %q, want that of the answer", call.RetryKey)
	}
	if s := c.stamps(uid(1), k); s.State() != hub.Sent || s.PlatformID != c.ledger.Calls("line", uid(1))[1].ID {
		t.Errorf("got %+v, want it sent, with the id that the first try got", s)
	}
}

func TestLostAnswerOfAReplyOfCardsIsNeverPushed(t *testing.T) {
	c := newChain(t)
	c.menuOf(cardsOf("one", "two", "three")...)
	c.faults(`{"accept_then_drop":1}`)
	c.write(uid(1), "menu")
	c.deliver()
	c.faults(`{}`)
	c.hub.Clock.Advance(4 * time.Minute)
	c.due()
	c.drain()
	if got, s := c.posted(uid(1)), c.stamps(uid(1), c.answerTo(uid(1))); got != "reply 3: one two three" || s.State() != hub.Unknown {
		t.Errorf("got %q and %s, want one reply, and its end unknown", got, s.State())
	}
}

// TestCardThatLINEDoesNotTakeFailsAlone, though the shared limits do not tell of it.
func TestCardThatLINEDoesNotTakeFailsAlone(t *testing.T) {
	c := newChain(t)
	odd := card("odd")
	c.menuOf(card("one"), card("two"), odd, card("four"))
	bots, err := c.hub.Store.Bots(t.Context(), hubtest.Team)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.hub.Settings.Module(t.Context(), hubtest.Team, c.module())
	if err != nil {
		t.Fatal(err)
	}
	changed := *m
	changed.Cards = slices.Clone(m.Cards)
	changed.Cards[2] = hub.ModuleCard{Type: hub.CardVideo, Media: &hub.Media{URL: "https://x.example/v.mp4"}} // no preview
	changed.Version++
	if err := c.hub.Store.SaveModule(t.Context(), deed("odd"), bots, changed); err != nil {
		t.Fatal(err)
	}
	c.hub.Clock.Advance(time.Minute)
	c.write(uid(1), "menu")
	c.drain()
	if got := c.posted(uid(1)); got != "reply 2: one two, push 1: four" {
		t.Errorf("got %q, want the good ones", got)
	}
	if s := c.stamps(uid(1), c.answerTo(uid(1)).Part(1)); s.Code != hub.Unsupported {
		t.Errorf("got %+v, want the odd one failed", s)
	}
}

// module is the one with which the first rule answers.
func (c *chain) module() hub.ModuleID {
	c.t.Helper()
	rules, err := c.hub.Store.Rules(c.t.Context(), hubtest.Team, hubtest.LineAccount, store.Strict)
	if err != nil {
		c.t.Fatal(err)
	}
	return rules.List[0].Answer.Module
}

func TestDraftOfSeveralContentsIsOnePush(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	composer := &chat.Composer{Store: c.hub.Store, Settings: c.hub.Settings, Adapters: all.Adapters(channel.Platform{}), Now: c.hub.Clock.Now}
	d := chat.Draft{
		Team: hubtest.Team, Account: hubtest.LineAccount, To: uid(1), Class: hub.ClassPerson, By: "anna", ID: "D1", At: hub.MillisOf(c.hub.Clock.Now()),
		Content: picture, More: []hub.Content{hub.TextContent("two"), hub.TextContent("three"), hub.TextContent("four"), hub.TextContent("five")},
	}
	made, err := composer.Compose(context.Background(), d)
	if err != nil || len(made.Keys) != 2 || !slices.Equal(made.Losses, []channel.Loss{channel.LossApart}) {
		t.Fatalf("got %+v, %v, want two calls for the six messages", made, err)
	}
	if again, err := composer.Compose(context.Background(), d); err != nil || !slices.Equal(again.Keys, made.Keys) {
		t.Errorf("the same draft again: got %v, %v, want %v", again.Keys, err, made.Keys)
	}
	c.relay(uid(1))
	c.drain()
	if got := c.posted(uid(1)); got != "push 5: https://x.example/p.png our shop two three four, push 1: five" {
		t.Errorf("got %q, want five at once, then the sixth", got)
	}

	d.ID, d.More = "D2", []hub.Content{hub.TextContent("good"), {Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}}}
	if made, err = composer.Compose(context.Background(), d); hub.CodeOf(err) != hub.Unsupported || len(made.Keys) != 0 {
		t.Errorf("with one that LINE cannot show: got %v, %v, want nothing stored", made.Keys, err)
	}
	d.ID, d.Content, d.More = "D3", hub.Content{Type: hub.Several, Parts: []hub.Content{hub.TextContent("a"), hub.TextContent("b")}}, nil
	if made, err = composer.Compose(context.Background(), d); hub.CodeOf(err) != hub.Unsupported || len(made.Keys) != 0 {
		t.Errorf("asked for by its type: got %v, %v, want it refused as unknown", made.Keys, err)
	}
}

// TestChannelOfOneMessageForACallIsAsItWas: each card is a message by itself.
func TestChannelOfOneMessageForACallIsAsItWas(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	y.Clock.Advance(time.Second)
	d := draft("TW.1")
	d.ID, d.At, d.More = "D1", hub.MillisOf(y.Clock.Now()), []hub.Content{hub.TextContent("two"), hub.TextContent("three")}
	made, err := y.composer().Compose(t.Context(), d)
	first := hub.NewMessageKey(d.At, "D1")
	if err != nil || !slices.Equal(made.Keys, []hub.MessageKey{first, first.Part(1), first.Part(2)}) {
		t.Fatalf("got %v, %v, want three messages", made.Keys, err)
	}
	for _, k := range made.Keys {
		y.with(y.sender(), y.stored("TW.1", k))
	}
	if got := y.texts("toy1", "TW.1"); got != "hello hi two three" || len(*sent) != 3 {
		t.Errorf("got %q by %d calls, want three", got, len(*sent))
	}
}

// TestLargestCallFitsTheTablesAndTheQueue: five texts as long as LINE takes them, of
// letters that JSON writes at their longest.
func TestLargestCallFitsTheTablesAndTheQueue(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	composer := &chat.Composer{Store: c.hub.Store, Settings: c.hub.Settings, Adapters: all.Adapters(channel.Platform{}), Now: c.hub.Clock.Now}
	for n, letter := range []string{"字", "<"} {
		long := hub.TextContent(strings.Repeat(letter, 5000))
		made, err := composer.Compose(t.Context(), chat.Draft{
			Team: hubtest.Team, Account: hubtest.LineAccount, To: uid(1), Class: hub.ClassPerson, By: "anna",
			Content: long, More: []hub.Content{long, long, long, long},
		})
		if err != nil || len(made.Keys) != 1 {
			t.Fatalf("%s: got %v, %v, want one message", letter, made.Keys, err)
		}
		c.relay(uid(1))
		c.drain()
		if calls := c.ledger.Calls("line", uid(1)); len(calls) != n+1 || calls[n].Text != strings.Repeat(long.Text+"\n", 4)+long.Text {
			t.Errorf("%s: got %d calls, want all of it in one", letter, len(calls))
		}
	}
}
