package chat_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

var picture = hub.Content{Type: hub.Image, Text: "our shop", Media: &hub.Media{URL: "https://x.example/p.png"}}

func TestDraftLeavesInTheNearestForm(t *testing.T) {
	y := newToys(t)
	y.caps.Shows[hub.Image] = channel.Shape{Media: channel.MediaLimit{Types: []hub.MessageType{hub.Image}}} // no caption
	sent := y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	draft := chat.Draft{Team: hubtest.Team, Account: "toy1", To: "TW.1", Class: hub.ClassPerson, Content: picture, By: "anna", ID: "D1", At: hub.MillisOf(y.Clock.Now())}
	made, err := y.composer().Compose(context.Background(), draft)
	if err != nil || len(made.Keys) != 2 || !slices.Equal(made.Losses, []channel.Loss{channel.LossApart}) {
		t.Fatalf("got %+v, %v, want two messages and why", made, err)
	}
	again, err := y.composer().Compose(context.Background(), draft)
	if err != nil || !slices.Equal(again.Keys, made.Keys) {
		t.Errorf("the same draft again: got %v, %v, want %v", again.Keys, err, made.Keys)
	}
	_, key, err := y.composer().Send(context.Background(), draft)
	if err != nil || key != made.Keys[0] {
		t.Errorf("for one key: got %s, %v, want %s", key, err, made.Keys[0])
	}
	for _, k := range made.Keys {
		y.with(y.sender(), y.stored("TW.1", k))
	}
	if got := y.ours("TW.1"); got != "sent anna, our shop sent anna" || len(*sent) != 2 || (*sent)[0].Content.Type != hub.Image {
		t.Errorf("got %q, %d calls, want the picture, then its words", got, len(*sent))
	}

	draft.Content, draft.ID = hub.TextContent(strings.Repeat("x", 101)), "D2"
	if made, err = y.composer().Compose(context.Background(), draft); hub.CodeOf(err) != hub.Unsupported || len(made.Keys) != 0 {
		t.Errorf("a text too long: got %v, %v, want it refused and not cut", made.Keys, err)
	}
}

func TestKeywordIsAnsweredInTheNearestForm(t *testing.T) {
	y := newToys(t)
	y.caps.Shows[hub.Image] = channel.Shape{Media: channel.MediaLimit{Types: []hub.MessageType{hub.Image}}}
	y.accept("p")
	content := hub.Content{Type: hub.Buttons, Text: "which?", Buttons: []hub.Button{{Title: "Shop", URL: "https://x.example"}, {Title: "Hours", Data: "hours"}}}
	y.rules("toy1", keyword("menu", content), keyword("photo", picture), keyword("long", hub.TextContent(strings.Repeat("x", 101))))
	var got []string
	for _, said := range []string{"menu", "photo", "long"} {
		e := y.come("toy1", wrote(said, "TW.1"))
		receive(t, y.rc, []hub.Envelope{e})
		log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 20)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(log)
		answers := 0
		for _, m := range log {
			if !m.Inbound && !m.Stamps.Final() {
				answers++
				y.with(y.sender(), y.stored("TW.1", m.Key))
				s := y.stored("TW.1", m.Key).Stamps
				got = append(got, fmt.Sprintf("%s %.60q %s %s", m.Type, m.Text, s.State(), s.Code))
			}
		}
	}
	want := []string{
		`text "which?\nShop: https://x.example\n1. Hours" sent `, `image "" sent `, `text "our shop" sent `, fmt.Sprintf("text %.60q failed unsupported", strings.Repeat("x", 101)),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
