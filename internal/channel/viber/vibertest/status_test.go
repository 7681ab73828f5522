package vibertest_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

func TestWhatBecameOfASendIsTold(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	say := func() string { return w.send(mei, `"type":"text","text":"x"`).Token.String() }
	id := say()
	hooks := w.Got()
	if len(hooks) != 1 {
		t.Fatalf("got %v, want one", hooks)
	}
	if c := read(t, hooks[0].Body); c.Event != "delivered" || c.Token.String() != id || c.UserID != mei {
		t.Errorf("got %s, want that %s was delivered to %s", hooks[0].Body, id, mei)
	}
	for plan, want := range map[string][]string{
		`{"status_read":true}`:                                            {"delivered", "seen"},
		`{"status_missing":1,"status_read":1}`:                            nil,
		`{"status_early":1,"status_read":1}`:                              {"delivered", "seen"},
		`{"status_late_ms":20}`:                                           {"delivered"},
		`{"duplicate_webhooks":2}`:                                        {"delivered", "delivered", "delivered"},
		`{"status_read":1,"status_shuffle":true,"shuffle_webhooks":true}`: {"delivered", "seen"},
	} {
		w.Faults(plan)
		id := say()
		var got []string
		for _, event := range w.told() {
			got = append(got, strings.TrimSuffix(event, " "+id))
		}
		slices.Sort(got)
		w.Want(plan, got, want)
	}
	w.Faults(`{"status_early":1}`)
	w.answers(500, "")
	say()
	w.answers(200, "")
	if got := w.told(); len(got) < 2 {
		t.Errorf("got %v, want it told until it is taken", got)
	}
	w.Faults(`{"inbound_delivered":true}`)
	d := w.Act(fake.Act{From: "mei", Text: "hi"})
	w.Want("of an inbound message", w.told(), []string{"message " + d.Message, "delivered " + d.Message})
}

func TestShuffledEventsOfASeedComeInTheSameOrder(t *testing.T) {
	var first []string
	for range 2 {
		w := newWorld(t)
		mei := w.meet("mei")
		w.Faults(`{"seed":3,"status_read":0.5,"status_missing":0.3,"status_shuffle":true}`)
		var got []string
		for i := range 20 {
			w.send(mei, fmt.Sprintf(`"type":"text","text":"x","tracking_data":"{\"ref\":\"m%d\"}"`, i))
			for _, e := range w.told() {
				got = append(got, fmt.Sprint(i, strings.Fields(e)[0]))
			}
		}
		if first == nil {
			first = got
		}
		w.Want("with the same seed", got, first)
	}
	if text := fmt.Sprint(first); !strings.Contains(text, "seen") || len(first) < 8 || len(first) > 32 {
		t.Errorf("got %v, want some read, and some missing", first)
	}
}

func TestEventsByHand(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	id := w.send(mei, `"type":"text","text":"x"`).Token.String()
	w.Got()
	w.Extra("mei", `{"type":"seen"}`)
	w.Extra("mei", `{"type":"failed","details":"too old"}`)
	w.Extra("mei", `{"type":"delivered","message":"17","nobody":true}`)
	w.Extra("mei", `{"type":"event","event":"client_status"}`)
	w.Extra("mei", `{"type":"unknown","kind":"poll","text":"x"}`)
	hooks := w.Got()
	seen, failed, nobody := read(t, hooks[0].Body), read(t, hooks[1].Body), read(t, hooks[2].Body)
	if seen.Token.String() != id || failed.Desc != "too old" || nobody.UserID != "" || nobody.Token.String() != "17" ||
		read(t, hooks[3].Body).Event != "client_status" || read(t, hooks[4].Body).Message.Type != "poll" {
		t.Errorf("got %v", hooks)
	}
}

func TestTheLastWebhookWins(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	set := func(members string) answer { return w.call("set_webhook", `{`+members+`}`) }
	got := set(`"url":"` + w.Hub.URL + `/shop?again","event_types":["delivered","failed","message"],"send_name":true,"send_photo":true`)
	w.wants("set", got, 0)
	w.Want("events", got.Events, []string{"message", "subscribed", "unsubscribed", "delivered", "failed"})
	hooks := w.Got()
	if len(hooks) != 1 || read(t, hooks[0].Body).Event != "webhook" {
		t.Errorf("got %v, want the webhook tried out before it is entered", hooks)
	}
	info := w.call("get_account_info", `{}`)
	if info.Webhook != w.Hub.URL+"/shop?again" || info.ID != shop || info.Name == "" || info.Count != 1 || !slices.Equal(info.Events, got.Events) {
		t.Errorf("got %+v, want what was entered", info)
	}
	// What the webhook is not registered for does not come.
	if d := w.Extra("mei", `{"type":"conversation_started"}`); d.Body != "" || len(d.Statuses) != 0 {
		t.Errorf("got %+v, want no webhook", d)
	}
	w.Faults(`{"status_read":1}`)
	id := w.send(mei, `"type":"text","text":"x"`).Token.String()
	w.Want("told", w.told(), []string{"delivered " + id})

	for name, c := range map[string]struct {
		members string
		status  int
	}{
		"not https":      {`"url":"http://hub.example.tw/"`, 1},
		"no address":     {`"url":"hub"`, 1},
		"nobody there":   {`"url":"http://127.0.0.1:1/"`, 1},
		"no url":         {`"event_types":["seen"]`, 4},
		"odd events":     {`"url":"` + w.Hub.URL + `","event_types":["dance"]`, 3},
		"events of text": {`"url":"` + w.Hub.URL + `","event_types":"seen"`, 3},
		"odd member":     {`"url":"` + w.Hub.URL + `","x":1`, 3},
	} {
		w.wants(name, set(c.members), c.status)
	}
	w.Got()
	w.answers(401, "")
	w.wants("not answered with 200", set(`"url":"`+w.Hub.URL+`/other"`), 1)
	w.answers(200, "")
	w.Got()
	if now := w.call("get_account_info", `{}`).Webhook; now != info.Webhook {
		t.Errorf("got %s, want the old one as long as the new one does not answer", now)
	}
	w.Extra("", `{"type":"taken","url":"`+w.Hub.URL+`/rival"}`)
	if now := w.call("get_account_info", `{}`); now.Webhook != w.Hub.URL+"/rival" || len(now.Events) != 7 {
		t.Errorf("got %+v, want another system's, with all events", now)
	}
	w.wants("taken out", set(`"url":""`), 0)
	if now := w.call("get_account_info", `{}`); now.Webhook != "" || len(now.Events) != 0 {
		t.Errorf("got %+v, want none", now)
	}
	w.wants("no webhook, no sends", w.send(mei, `"type":"text","text":"x"`), 10)
}

// TestRestartForgetsNothing restarts the platform over its journal.
func TestRestartForgetsNothing(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "viber.jsonl")
	start := func() *fake.Journal {
		j := faketest.Journal(t, path)
		w.Ledger = fake.OpenLedger(j)
		w.start(j)
		return j
	}
	j := start()
	mei := w.meet("mei")
	keyboard := `"type":"text","text":"x","tracking_data":"t","keyboard":{"Type":"keyboard","Buttons":[{"ActionBody":"a","Text":"A"}]}`
	for range 99 {
		w.wants("send", w.send(mei, keyboard), 0)
	}
	w.answers(200, `{"type":"text","text":"welcome"}`)
	started := w.Act(fake.Act{From: "bob", ID: "17", Extra: []byte(`{"type":"conversation_started"}`)})
	w.Got()
	w.answers(503, "")
	last := w.send(mei, keyboard).Token.String()
	j.Close() // what the first life still tells is not remembered

	w.answers(200, `{"type":"text","text":"welcome"}`)
	w.Got()
	defer start().Close()
	if told := w.told(); !slices.Contains(told, "delivered "+last) || len(told) != 1 {
		t.Errorf("got %v, want what was not told yet, and no more", told)
	}
	w.wants("the 101st of the hour", w.send(mei, keyboard), 12)
	if tap := read(t, w.Act(fake.Act{From: "mei", Button: "A"}).Body); tap.Message.Text != "a" || tap.Message.Tracking != "t" || tap.Sender.ID != mei || tap.Sender.Name != "mei" {
		t.Errorf("got %+v, want the button that was shown before", tap)
	}
	again := w.Act(fake.Act{From: "bob", ID: "17", Extra: []byte(`{"type":"conversation_started"}`)})
	if again.Event != started.Event || again.Refused != "the welcome was sent before" {
		t.Errorf("got %+v, want the welcome once only", again)
	}
	w.Advance(time.Hour)
	if calls := w.Ledger.Calls("viber", ""); len(calls) != 101 {
		t.Errorf("got %d calls, want all 101", len(calls))
	}
}
