package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestConversationWaitsForAPersonOnceSomethingWasForOne(t *testing.T) {
	y := newToys(t)
	y.buttoned()
	_, none := y.menu(hub.ModuleButton{Action: hub.DoNone})
	_, over := y.menu(hub.ModuleButton{Action: hub.DoHandOver})
	_, human := y.menu(hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemHuman})
	_, leave := y.menu(hub.ModuleButton{Action: hub.DoSystem, System: hub.SystemUnsubscribe})
	y.rules("toy1", saying("ping", "pong"), asking("person", hub.SystemHuman))
	media := func(kind hub.MessageType) channel.Event {
		e := wrote("", "?")
		e.Message.Type = kind
		return e
	}
	menu := func(data string) channel.Event {
		e := tapped(data, "?")
		e.Message.Postback = true
		return e
	}
	ping, hello := wrote("ping", "?"), wrote("hello", "?")
	for name, c := range map[string]struct {
		events []channel.Event
		want   hub.Need
	}{
		"keyword":                     {[]channel.Event{ping}, hub.NeedBot},
		"text without a hit":          {[]channel.Event{hello}, hub.NeedHuman},
		"picture":                     {[]channel.Event{media(hub.Image)}, hub.NeedHuman},
		"sticker":                     {[]channel.Event{media(hub.Sticker)}, hub.NeedHuman},
		"audio":                       {[]channel.Event{media(hub.Audio)}, hub.NeedHuman},
		"get started":                 {[]channel.Event{tapped(hub.GetStarted, "?")}, hub.NeedBot},
		"a button of ours":            {[]channel.Event{tapped(none, "?")}, hub.NeedBot},
		"unsubscribing":               {[]channel.Event{tapped(leave, "?")}, hub.NeedBot},
		"a button nobody knows":       {[]channel.Event{tapped(none[:len(none)-6]+"zzzzzz", "?")}, hub.NeedHuman},
		"another system's button":     {[]channel.Event{tapped("theirs", "?")}, hub.NeedHuman},
		"a menu's button":             {[]channel.Event{menu("theirs")}, hub.NeedBot},
		"a menu's, for a person":      {[]channel.Event{menu("person")}, hub.NeedHuman},
		"a card's that nobody knows":  {[]channel.Event{menu(none[:len(none)-6] + "zzzzzz")}, hub.NeedHuman},
		"a keyword for a person":      {[]channel.Event{wrote("person", "?")}, hub.NeedHuman},
		"handing over":                {[]channel.Event{tapped(over, "?")}, hub.NeedHuman},
		"the system's person":         {[]channel.Event{tapped(human, "?")}, hub.NeedHuman},
		"a keyword, then a text":      {[]channel.Event{ping, hello}, hub.NeedHuman},
		"a text, then a keyword":      {[]channel.Event{hello, ping}, hub.NeedHuman},
		"keywords and taps, no texts": {[]channel.Event{ping, tapped(none, "?"), ping}, hub.NeedBot},
	} {
		for _, e := range c.events {
			e.User, e.Aliases = name, nil
			y.come("toy1", e)
		}
		th := y.thread("toy1", name)
		if state, need := th.Case(); state != hub.CasePending || need != c.want || th.Need != c.want {
			t.Errorf("%s: got %s for %q, want it to wait for %q", name, state, need, c.want)
		}
	}
}

func TestClosedConversationWaitsForNobodyAndTheNextBeginsAnew(t *testing.T) {
	y := newToys(t)
	y.come("toy1", wrote("hello", "TW.1"))
	th := y.thread("toy1", "TW.1")
	taken, err := y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), th.Conversation, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if state, need := taken.Case(); state != hub.CaseInProgress || need != "" {
		t.Errorf("accepted: got %s for %q", state, need)
	}
	y.come("toy1", wrote("thanks", "TW.1"))
	now := y.thread("toy1", "TW.1")
	if state, _ := now.Case(); state != hub.CaseInProgress {
		t.Errorf("a message of the customer's: got %s, want it in progress still", state)
	}
	if err := y.Store.Close(t.Context(), y.at("toy1", "TW.1"), &now, "anna"); err != nil {
		t.Fatal(err)
	}
	now = y.thread("toy1", "TW.1")
	if state, need := now.Case(); state != hub.CaseClosed || need != "" || now.Need != "" {
		t.Errorf("closed: got %s for %q", state, need)
	}
	y.come("toy1", wrote("ping", "TW.1"))
	if now = y.thread("toy1", "TW.1"); now.Need != hub.NeedBot {
		t.Errorf("a keyword afterwards: got %q, want the bot", now.Need)
	}
	taken, err = y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), now.Conversation, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if now, err = y.Store.Release(t.Context(), y.at("toy1", "TW.1"), taken.Conversation, "anna", "anna"); err != nil || now.Need != hub.NeedHuman {
		t.Errorf("given back by a person: got %q, %v, want it to wait for one", now.Need, err)
	}
}

// TestNeedIsTheSameInAnyOrder plays messages for the bot and for a person in every order,
// with repetitions: within the same moment, late, and in order.
func TestNeedIsTheSameInAnyOrder(t *testing.T) {
	t.Parallel() // it is among the longest
	h := hubtest.New(t)
	rc := receiver(h, h.Store)
	base := hub.MillisOf(h.Clock.Now())
	times := []hub.Millis{base - 30_000, base - 20_000, base - 20_000, base - 10_000}
	for mask := range 1 << len(times) { // which are for a person
		n := 0
		permutations(len(times), func(order []int) {
			if n++; n%5 != mask%5 && mask > 1 {
				return
			}
			user := fmt.Sprintf("U%d-%d", mask, n)
			var list []hub.Envelope
			for i, at := range order {
				text := "ping"
				if mask>>at&1 == 1 {
					text = "hello"
				}
				list = append(list, envelope(h, user, said{fmt.Sprint("10", at), times[at], text}))
				if i%2 == n%2 {
					list = append(list, list[0])
				}
			}
			receive(t, rc, list)
			th, err := h.Store.Thread(context.Background(), ref(h, user))
			if want := (hub.Met{Bot: mask == 0}).For(); err != nil || th.Need != want {
				t.Errorf("for persons %04b, in the order %v: got %q, %v, want %q", mask, order, th.Need, err, want)
			}
		})
	}
}

// TestNeedIsNotLostWhereverAMessageIsCutOff: of the message for a person, which comes in
// order, late, or first.
func TestNeedIsNotLostWhereverAMessageIsCutOff(t *testing.T) {
	h := hubtest.New(t)
	whole := receiver(h, h.Store)
	now := hub.MillisOf(h.Clock.Now())
	bot, human := said{"1", now - 20, "ping"}, said{"2", now - 10, "hello"}
	for name, order := range map[string][]said{"in order": {bot, human}, "late": {{"3", now - 5, "ping"}, human}, "first": {human}} {
		for n := range 12 {
			user := fmt.Sprint("U", name, n)
			var list []hub.Envelope
			for _, m := range order {
				list = append(list, envelope(h, user, m))
			}
			receive(t, whole, list[:len(list)-1])
			_ = receiver(h, h.As("broken", hubtest.Cut(n/2, n%2 == 0))).Receive(context.Background(), list[len(list)-1])
			receive(t, whole, slices.Concat(list[len(list)-1:], list))
			th, err := h.Store.Thread(context.Background(), ref(h, user))
			if err != nil || th.Need != hub.NeedHuman {
				t.Errorf("%s, cut after %d calls: got %q, %v, want a person", name, n/2, th.Need, err)
			}
		}
	}
}
