package vibertest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

// TestActsMakeTheSamples: each sample of Viber's webhooks is what an act makes, but for
// the values that are made up.
func TestActsMakeTheSamples(t *testing.T) {
	w := newWorld(t)
	const who = "9vK3mQ7xR2pL5tYw8sZ1aA=="
	w.Act(fake.Act{From: who, Follow: true})
	w.send(who, `"type":"text","text":"x","tracking_data":"flow=booking;step=2"`)
	x := func(text string) fake.Act { return fake.Act{From: who, Extra: json.RawMessage(text)} }
	for name, a := range map[string]fake.Act{
		"message_text":     {From: who, Text: "您好，我想預約"},
		"message_picture":  x(`{"type":"picture","text":"收據","link":"https://dl-media.viber.example/1.jpg?Expires=1791173999","name":"1.jpg","size":81234}`),
		"message_location": x(`{"type":"location","latitude":25.0478,"longitude":121.5172}`),
		"message_video":    x(`{"type":"video"}`), "message_file": x(`{"type":"file"}`), "message_sticker": {From: who, Sticker: "40133"},
		"message_contact": x(`{"type":"contact","name":"陳大文","phone":"+886912345678"}`), "message_url": x(`{"type":"url","link":"https://www.example.tw/menu"}`),
		"subscribed": {From: who, Follow: true}, "unsubscribed": {From: who, Block: true},
		"conversation_started": x(`{"type":"conversation_started","context":"qr_store_01"}`),
		"delivered":            x(`{"type":"delivered"}`), "seen": x(`{"type":"seen"}`),
		"failed": x(`{"type":"failed","details":"failure description"}`),
	} {
		sample, err := os.ReadFile(filepath.Join("../testdata/samples", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		a.Hold = true
		d := w.Act(a)
		if name == "unsubscribed" {
			w.Act(fake.Act{From: who, Follow: true, Hold: true})
		}
		got, want := shape(t, []byte(d.Body)), shape(t, sample)
		for _, optional := range []string{"chat_hostname", "message.tracking_data", "message.text"} {
			if !strings.Contains(got, optional) || !strings.Contains(want, optional) {
				got, want = strings.ReplaceAll(got, optional+" string\n", ""), strings.ReplaceAll(want, optional+" string\n", "")
			}
		}
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s\nof %s", name, got, want, d.Body)
		}
	}
}

// shape lists an object's members with their types, sorted.
func shape(t *testing.T, body []byte) string {
	var whole map[string]any
	if err := json.Unmarshal(body, &whole); err != nil {
		t.Fatal(err)
	}
	var out []string
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				walk(at+"."+name, member)
			}
		case string:
			out = append(out, at+" string")
		case float64:
			out = append(out, at+" number")
		default:
			out = append(out, at+" other")
		}
	}
	walk("", whole)
	slices.Sort(out)
	return strings.ReplaceAll("\n"+strings.Join(out, "\n")+"\n", "\n.", "\n")
}

func TestACustomerHasAnotherIDForEachBot(t *testing.T) {
	w := newWorld(t)
	one := read(t, w.Act(fake.Act{From: "mei", Text: "hi"}).Body)
	again := read(t, w.Act(fake.Act{From: "mei", Text: "hi"}).Body)
	other := read(t, w.Act(fake.Act{Account: rival, From: "mei", Text: "hi"}).Body)
	if one.Sender.ID != again.Sender.ID || one.Sender.ID == other.Sender.ID || one.Sender.Name != "mei" {
		t.Errorf("got %+v, %+v at one bot and %+v at another, want one id for each bot", one.Sender, again.Sender, other.Sender)
	}
	if one.Token == again.Token || len(one.Token) != 19 {
		t.Errorf("got the tokens %s and %s, want two above 2^53", one.Token, again.Token)
	}
}

func TestWritingSubscribesWithoutAnEvent(t *testing.T) {
	w := newWorld(t)
	d := w.Extra("mei", `{"type":"conversation_started"}`)
	c := read(t, d.Body)
	if c.Subscribed == nil || *c.Subscribed {
		t.Errorf("got %s, want that the customer is not subscribed", d.Body)
	}
	w.wants("who only looks", w.send(c.User.ID, `"type":"text","text":"x"`), 6)
	w.Got()
	w.meet("mei")
	w.wants("who wrote", w.send(c.User.ID, `"type":"text","text":"x"`), 0)
	w.Act(fake.Act{From: "mei", Block: true})
	w.wants("who left", w.send(c.User.ID, `"type":"text","text":"x"`), 6)
	w.refuses(fake.Act{From: "mei", Block: true}, "not subscribed")
	w.Act(fake.Act{From: "mei", Follow: true})
	w.wants("who came back", w.send(c.User.ID, `"type":"text","text":"x"`), 0)
}

func TestTheWelcomeIsTheAnswerItself(t *testing.T) {
	w := newWorld(t)
	good := `{"sender":{"name":"小幫手"},"tracking_data":"flow=welcome","type":"text","text":"歡迎！","keyboard":{"Type":"keyboard","DefaultHeight":false,"Buttons":[{"Columns":6,"Rows":1,"ActionType":"reply","ActionBody":"START","Text":"開始"}]}}`
	w.answers(200, good)
	d := w.Act(fake.Act{From: "mei", Repeat: 2, Extra: json.RawMessage(`{"type":"conversation_started","context":"qr"}`)})
	calls := w.Ledger.Calls("viber", "mei")
	if d.Answer != good || len(calls) != 1 || calls[0].Kind != "welcome" || calls[0].Text != "歡迎！" || calls[0].Body != good || d.Refused != "the welcome was sent before" {
		t.Errorf("got %+v with %+v, want one welcome of two answers", d, calls)
	}
	told := w.told()
	slices.Sort(told) // the welcome may have arrived before the event comes again
	w.Want("told", told, []string{"conversation_started " + d.Event, "conversation_started " + d.Event, "delivered " + calls[0].ID})
	// The customer may tap what the welcome showed.
	tap := read(t, w.Act(fake.Act{From: "mei", Button: "START"}).Body)
	if tap.Message.Text != "START" || tap.Message.Tracking != "flow=welcome" {
		t.Errorf("got %+v, want the button's text and the welcome's tracking data", tap.Message)
	}
	for answer, want := range map[string]string{
		"": "", "{}": "", "ok": "no message", `[]`: "no message", `{"type":"text"}`: "text is missing", `{"message":"x"}`: "type is missing",
		`{"type":"text","text":"x","receiver":"9vK3mQ7xR2pL5tYw8sZ1aA=="}`:             "receiver does not belong",
		`{"type":"text","text":"x","nonsense":1}`:                                      "unknown parameter nonsense",
		`{"type":"text","text":"` + strings.Repeat("x", 7001) + `"}`:                   "too long",
		`{"type":"text","text":"x","sender":{"name":"a name of 29 characters ....."}}`: "too long",
		`{"type":"file","text":"` + strings.Repeat("x", 31<<10) + `"}`:                 "too big",
	} {
		w.answers(200, answer)
		d := w.Extra("bob", `{"type":"conversation_started"}`)
		if want == "" && d.Refused != "" || !strings.Contains(d.Refused, want) {
			t.Errorf("%.60s: got %q, want %q", answer, d.Refused, want)
		}
	}
	w.answers(503, good)
	w.Extra("bob", `{"type":"conversation_started"}`)
	w.answers(200, "")
	if calls := w.Ledger.Calls("viber", "bob"); len(calls) != 0 {
		t.Errorf("got %+v, want no welcome", calls)
	}
}

func TestButtonsAreTappedWhereTheyAreShown(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	w.refuses(fake.Act{From: "mei", Button: "a"}, "no message shows")
	keyboard := func(body, text string) string {
		return `"type":"text","text":"x","tracking_data":"t-` + text + `","keyboard":{"Type":"keyboard","Buttons":[{"ActionType":"reply","ActionBody":"` + body + `","Text":"` + text + `"},{"ActionType":"open-url","ActionBody":"https://x.example/","Text":"link"}]}`
	}
	w.wants("keyboard", w.send(mei, keyboard("\u2063a", "A")), 0)
	for _, name := range []string{"a", "\u2063a", "A"} {
		if got := read(t, w.Act(fake.Act{From: "mei", Button: name}).Body); got.Message.Text != "\u2063a" || got.Message.Tracking != "t-A" {
			t.Errorf("%q: got %+v, want what the button bears", name, got.Message)
		}
	}
	w.refuses(fake.Act{From: "mei", Button: "link"}, "no message shows")
	w.wants("carousel", w.send(mei, `"type":"rich_media","min_api_version":2,"tracking_data":"t-C","rich_media":{"Type":"rich_media","ButtonsGroupRows":1,"Buttons":[{"ActionType":"reply","ActionBody":"c","Text":"C"}]}`), 0)
	w.refuses(fake.Act{From: "mei", Button: "a"}, "no message shows") // the last message's keyboard counts
	w.wants("text", w.send(mei, `"type":"text","text":"x"`), 0)
	if got := read(t, w.Act(fake.Act{From: "mei", Button: "c"}).Body); got.Message.Text != "c" || got.Message.Tracking != "" {
		t.Errorf("late: got %+v, want the button of the carousel, with the last message's tracking data", got.Message)
	}
}

func TestActsThatAreNotPossibleAreRefused(t *testing.T) {
	w := newWorld(t)
	x := func(text string) fake.Act { return fake.Act{From: "mei", Extra: json.RawMessage(text)} }
	for want, a := range map[string]fake.Act{
		"no account":       {Account: "x", From: "mei", Text: "x"},
		"who is it from":   {Text: "x"},
		"exactly one":      {From: "mei", Text: "x", Follow: true},
		"there are 0":      {From: "mei"},
		"no menu":          {From: "mei", Postback: "x"},
		"no forms":         {From: "mei", FlowAnswer: json.RawMessage(`{}`)},
		"64 bits":          {From: "mei", Text: "x", ID: "abc"},
		"unknown field":    x(`{"type":"text","x":1}`),
		"no type":          x(`{"type":"hologram"}`),
		"needs a type":     x(`{}`),
		"is a number":      {From: "mei", Sticker: "cat"},
		"is not empty":     x(`{"type":"text"}`),
		"sent none":        x(`{"type":"seen"}`),
		"no message shows": x(`{"type":"button","data":"x"}`),
	} {
		w.refuses(a, want)
	}
	w.Extra("", `{"type":"taken"}`)
	w.refuses(fake.Act{From: "mei", Text: "x"}, "no webhook")
	if calls := w.Got(); len(calls) != 0 {
		t.Errorf("got %v, want no webhook", calls)
	}
}

func TestRawBodiesAreSignedAndLearntFrom(t *testing.T) {
	w := newWorld(t)
	const who = "9vK3mQ7xR2pL5tYw8sZ1aA=="
	w.wants("unknown", w.send(who, `"type":"text","text":"x"`), 5)
	for _, name := range []string{"message_text", "unsubscribed", "subscribed"} {
		body, err := os.ReadFile(filepath.Join("../testdata/samples", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		raw, _ := json.Marshal(map[string]string{"type": "raw", "body": string(body)})
		if d := w.Act(fake.Act{Extra: raw}); d.Body != string(body) {
			t.Errorf("got %s, want %s", d.Body, body)
		}
		want := 0
		if name == "unsubscribed" {
			want = 6
		}
		w.wants(name, w.send(who, `"type":"text","text":"x"`), want)
	}
	w.Act(fake.Act{Extra: json.RawMessage(`{"type":"raw","body":"{broken"}`)})
	body, want := w.Got(), "{broken"
	if body[len(body)-1].Body != want && body[0].Body != want && !strings.Contains(join(body), want) {
		t.Errorf("got %v, want the broken body too", body)
	}
}

func join(hooks []faketest.Hook) (out string) {
	for _, h := range hooks {
		out += h.Body
	}
	return out
}
