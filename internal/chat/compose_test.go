package chat_test

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func (y *toys) composer() *chat.Composer {
	return &chat.Composer{Store: y.Store, Settings: y.Settings, Adapters: map[hub.Channel]channel.Adapter{"toy": y.toy}, Now: y.Clock.Now}
}

func draft(to string) chat.Draft {
	return chat.Draft{Team: hubtest.Team, Account: "toy1", To: to, Class: hub.ClassPerson, Content: hub.TextContent("hi"), By: "anna"}
}

func TestDraftIsOneIntentHoweverOftenItIsSent(t *testing.T) {
	y := newToys(t)
	d := draft("TW.1")
	d.ID, d.At = "order42", hub.MillisOf(y.Clock.Now())
	for range 3 {
		if _, _, err := y.composer().Send(context.Background(), d); err != nil {
			t.Fatal(err)
		}
		y.Clock.Advance(time.Minute)
	}
	if got := y.texts("toy1", "TW.1"); got != "hi" {
		t.Errorf("got %q, want one message", got)
	}
	if th := y.thread("toy1", "TW.1"); th.Conversation != "" || th.LastKey != "" || th.External != "TW.1" {
		t.Errorf("got %+v, want a thread that is known, and no conversation", th)
	}
}

func TestDraftThatCannotBeSentIsRefusedAtOnce(t *testing.T) {
	y := newToys(t)
	for name, c := range map[string]struct {
		change func(*chat.Draft)
		want   hub.Code
	}{
		"no such account":  {func(d *chat.Draft) { d.Account = "nosuch" }, hub.NotFound},
		"class of the bot": {func(d *chat.Draft) { d.Class = hub.ClassBot }, hub.BadRequest},
		"nobody":           {func(d *chat.Draft) { d.To = "" }, hub.BadRequest},
		"long id":          {func(d *chat.Draft) { d.ID = "123456789012345678901234567" }, hub.BadRequest},
		"form":             {func(d *chat.Draft) { d.Content = hub.Content{Type: hub.Video} }, hub.Unsupported},
	} {
		d := draft("TW.1")
		c.change(&d)
		if _, _, err := y.composer().Send(context.Background(), d); hub.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if _, err := y.Store.Thread(context.Background(), y.at("toy1", "TW.1")); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want no thread of what was refused", err)
	}
}

func TestDraftToAnotherIDOfAKnownPersonIsSentInTheirThread(t *testing.T) {
	y := newToys(t)
	y.accept("p")
	y.come("toy1", wrote("hello", "wa:886", "TW.1"))
	r, k, err := y.composer().Send(context.Background(), draft("wa:886"))
	if err != nil {
		t.Fatal(err)
	}
	q, err := y.Store.Send(context.Background(), r, k)
	if err != nil {
		t.Fatal(err)
	}
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	q, err = y.Store.Send(context.Background(), r, k)
	if err != nil || q.Stamps.State() != hub.Sent {
		t.Errorf("got %s, %v, want it sent within the window that the other id opened", q.Stamps.State(), err)
	}
	if got := y.texts("toy1", "TW.1"); got != "hi hello" {
		t.Errorf("got %q, want both in one thread", got)
	}
}

func TestPersonWhoAnswersUnderAnotherIDFindsTheThreadOfTheDraft(t *testing.T) {
	y := newToys(t)
	d := draft("wa:886")
	d.Content = hub.Content{Type: hub.Template, Template: &hub.TemplateCall{Name: "n", Language: "zh_TW"}}
	if _, _, err := y.composer().Send(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", wrote("yes", "wa:886", "TW.1"))
	th := y.thread("toy1", "TW.1")
	log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
	if err != nil || len(log) != 2 {
		t.Fatalf("got %d messages, %v, want the template and the answer in one thread", len(log), err)
	}
	if y.thread("toy1", "wa:886").User != th.User || th.Conversation == "" {
		t.Errorf("got %+v, want one thread with an open conversation", th)
	}
}
