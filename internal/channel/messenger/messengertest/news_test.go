package messengertest_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

func TestEchoAndDeliveryFollowASend(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	w.Faults(`{"status_read":true}`)
	_, out := w.text(id, "m1.ref")
	hooks := w.Got()
	w.Want("webhooks", len(hooks), 3)
	e := w.one(hooks[0].Body)
	w.Want("echo", []any{e.Sender.ID, e.Recipient.ID, e.Timestamp, *e.Message},
		[]any{shop, id, 1791170415123.0, fmt.Sprintf("{%s m1.ref m1.ref true %s <nil> <nil> <nil> [] <nil>}", out["message_id"], app)})
	e = w.one(hooks[1].Body)
	w.Want("delivery", []any{e.Sender.ID, e.Delivery.Mids, e.Delivery.Watermark}, []any{id, []any{out["message_id"]}, 1791170415123})
	w.Want("read", w.one(hooks[2].Body).Read.Watermark, 1791170415123)
	w.Want("path", hooks[0].Path, "/app")
	w.Faults("null")
	w.send(id, `"message":{"attachment":{"type":"template","payload":{"template_type":"button","text":"t","buttons":[{"type":"postback","title":"Yes","payload":"Y"}]}}}`)
	e = w.one(w.Got()[0].Body)
	w.Want("echo of a template", []any{e.Message.Text, e.Message.Attachments[0].Payload.Kind, e.Message.Attachments[0].Payload.Text}, []any{"", "button", "t"})
	w.send(id, `"sender_action":"typing_on"`)
	w.Want("nothing of a sign of attention", w.told(), []string{})
	calls := w.Ledger.Calls("messenger", "ann")
	w.Want("ledger", []any{len(calls), calls[0].Kind, calls[0].To, calls[0].Text, calls[2].Kind}, []any{3, "text", id, "m1.ref", "typing"})
}

func TestNewsComeByThePlan(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	w.Faults(`{"status_missing":1}`)
	w.text(id, "a")
	w.Want("missing", w.told(), []string{})
	w.Faults(`{"status_early":1}`)
	w.text(id, "b")
	w.Want("before the answer", len(w.Hooks()), 2)
	w.Want("and not again", w.told(), []string{"echo b", "delivered"})
	w.Faults(`{"duplicate_webhooks":2}`)
	w.text(id, "c")
	w.Want("again and again", len(w.told()), 6)
	w.Faults(`{"seed":1,"status_shuffle":true,"status_read":true}`)
	orders := map[string]bool{}
	for i := range 12 {
		w.text(id, fmt.Sprint(i))
		list := w.told()
		if len(list) != 3 {
			t.Fatalf("got %v, want three", list)
		}
		for n := range list {
			if list[n][0] == 'e' {
				list[n] = "echo"
			}
		}
		orders[fmt.Sprint(list)] = true
	}
	if len(orders) < 3 {
		t.Errorf("got the orders %v, want more", orders)
	}
	w.Faults(`{"status_late_ms":200,"seed":3}`)
	w.text(id, "late")
	if n := w.Platform.Pending(); n == 0 {
		t.Error("late: got nothing pending, want some")
	}
	w.Want("late, but told", len(w.told()), 2)
}

func TestNewsAreToldUntilTheHubTakesThem(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	w.Answer(503)
	w.text(id, "x")
	for deadline := time.Now().Add(20 * time.Second); ; {
		if len(w.Hooks()) > 0 || time.Now().After(deadline) {
			w.Answer(200)
			break
		}
		time.Sleep(time.Millisecond)
	}
	w.Want("told", slices.Contains(w.told(), "delivered"), true)
}

func TestFaultsOfCalls(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	for plan, want := range map[string][]any{
		`{"rate429":1,"retry_after":9}`:          {429, "4-0", 0},
		`{"rate500":1}`:                          {503, "2-0", 0},
		`{"down":true}`:                          {503, "2-0", 0},
		`{"expired_token":true}`:                 {400, "190-463", 0},
		`{"accept_then_500":1}`:                  {500, "1-0", 1},
		`{"accept_then_drop":1}`:                 {0, "0-0", 1},
		`{"account":"club","rate500":1}`:         {200, "0-0", 1},
		`{"account":"shop","rate500":1}`:         {503, "2-0", 0},
		`{"account":"` + shop + `","rate429":1}`: {429, "4-0", 0},
		`{}`:                                     {200, "0-0", 1},
		`null`:                                   {200, "0-0", 1},
	} {
		w.Faults(plan)
		before := len(w.Ledger.Calls("", ""))
		status, out := w.text(id, plan)
		w.Want(plan, []any{status, code(out), len(w.Ledger.Calls("", "")) - before}, want)
		w.Faults("null")
		w.Got()
	}
	w.Faults(`{"rate429":1,"retry_after":9}`)
	_, _, header := w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":{"id":"`+id+`"},"message":{"text":"x"}}`)
	w.Want("retry after", header.Get("Retry-After"), "9")
	for _, plan := range []string{`{"rate429":2}`, `{"rate500":-1}`, `{"delay_ms":-1}`, `{"account":"none"}`, `{"thunder":1}`, `[]`, `{} {}`} {
		if err := w.Platform.SetFaults(json.RawMessage(plan)); err == nil {
			t.Errorf("%s: got no error, want one", plan)
		}
	}
}

func TestTheSameSeedStrikesTheSameCalls(t *testing.T) {
	struck := func() (out []int) {
		w := newWorld(t)
		id := w.meet("ann")
		w.Faults(`{"seed":7,"rate500":0.5}`)
		for i := range 20 {
			if status, _ := w.text(id, fmt.Sprint("m", i)); status != 200 {
				out = append(out, i)
			}
		}
		w.Faults("null")
		return out
	}
	first, second := struck(), struck()
	if len(first) < 4 || len(first) > 16 || !slices.Equal(first, second) {
		t.Errorf("got %v and %v, want the same, about half", first, second)
	}
}

func TestARestartForgetsNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	open := func() (*world, *fake.Journal) {
		journal := faketest.Journal(t, file)
		return newWorldWith(t, journal), journal
	}
	w, journal := open()
	id := w.meet("ann")
	w.Extra("ann", `{"type":"person","first":"Ann","last":"Example"}`)
	w.send(id, `"message":{"text":"x","quick_replies":[{"content_type":"text","title":"Quick","payload":"Q"}]}`)
	w.Act(fake.Act{From: "bob", Text: "x"})
	w.Act(fake.Act{From: "bob", Block: true})
	w.Extra("", `{"type":"token","token":"t7","scopes":["pages_messaging"]}`)
	w.call("POST", "/v25.0/"+app+"/subscriptions", "object=page&verify_token=v1&fields=messages,message_echoes&callback_url="+w.Hub.URL+"/new",
		"Authorization", "Bearer "+app+"|"+secret, "Content-Type", "application/x-www-form-urlencoded")
	w.Extra("", `{"type":"restrict"}`)
	w.Got()
	journal.Close()

	w, _ = open()
	_, out := w.text(id, "x", "Authorization", "Bearer t7")
	w.Want("restricted", code(out), "10-1893063")
	_, out = w.text(id, "x")
	w.Want("the old token", code(out), "190-0")
	w.Extra("", `{"type":"restrict","off":true}`)
	_, out = w.text(id, "x", "Authorization", "Bearer t7")
	w.Want("the window", code(out), "0-0")
	_, out, _ = w.call("GET", "/v25.0/"+id+"?fields=first_name,last_name", "", "Authorization", "Bearer t7")
	w.Want("the person", []any{out["first_name"], out["last_name"]}, []any{"Ann", "Example"})
	if _, err := w.Platform.Act(t.Context(), fake.Act{From: "bob", Text: "x"}); err == nil {
		t.Error("who blocked writes: got no error, want one")
	}
	_, out, _ = w.call("GET", "/v25.0/"+app+"/subscriptions", "", "Authorization", "Bearer "+app+"|"+secret)
	if list, _ := out["data"].([]any); len(list) != 1 || len(list[0].(map[string]any)["fields"].([]any)) != 2 {
		t.Errorf("the app's webhook: got %v, want that of two fields", out)
	}
}

func TestWhatWasNotToldIsToldAfterARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	journal := faketest.Journal(t, file)
	w := newWorldWith(t, journal)
	id := w.meet("ann")
	journal.Record("accepted", map[string]any{"Account": "shop", "Sent": map[string]any{
		"ID": "m_owed", "Person": id, "Ref": "owed", "Kind": "text", "Text": "x", "At": time.UnixMilli(1791170415000), "Owed": []string{"echo", "delivered"}}})
	journal.Record("told", map[string]string{"Account": "shop", "Message": "m_owed", "What": "delivered"})
	journal.Close()
	w = newWorldWith(t, faketest.Journal(t, file))
	w.Want("told", w.told(), []string{"echo owed"})
}
