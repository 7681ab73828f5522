package whatsapptest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
)

const ming = `{"type":"identity","phone":"886912345678","user_id":"TW.13491208655302741918","name":"王小明"}`

// TestChangesOfACustomerAreToldAsMetaTellsThem makes the samples of system messages;
// the new names are the platform's to choose.
func TestChangesOfACustomerAreToldAsMetaTellsThem(t *testing.T) {
	for name, c := range map[string]struct {
		identity, extra string
		at              int64
	}{
		"system_number_changed":  {ming, `{"type":"change_number","phone":"886987654321"}`, 30},
		"system_user_id_changed": {strings.Replace(ming, "王小明", "小玉", 1), `{"type":"change_user_id"}`, 31},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Extra("ming", c.identity)
			d := w.Act(fake.Act{From: "ming", Extra: json.RawMessage(c.extra), At: (1791170400 + c.at) * 1000})
			w.Want("delivered", d.Status, 200)
			want := sample(t, name, wabaOf(d.Body), displayOf(d.Body))
			now := w.one(d.Body).Messages[0].System
			want = strings.NewReplacer("TW.20575119004268813377", now.User, "User A", "User 王小明",
				"wamid.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample15", d.Message,
				"wamid.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample16", d.Message).Replace(want)
			want = strings.Replace(want, "王小明", `\u738b\u5c0f\u660e`, 1)
			if d.Body != want {
				t.Errorf("got\n%s\nwant\n%s", d.Body, want)
			}
			w.Want("a new id", now.User != now.Previous && now.Previous == "TW.13491208655302741918", true)
			m := w.one(w.Act(fake.Act{From: "ming", Text: "x"}).Body).Messages[0]
			w.Want("the next message", m.User, now.User)
			w.Want("another number", m.From != "886912345678", true)
		})
	}
}

// TestChangesAreToldInTheCustomersGuise changes customers whose ids are hidden.
func TestChangesAreToldInTheCustomersGuise(t *testing.T) {
	for name, c := range map[string]struct {
		show, act, kind string
		want            [4]bool // from, wa_id, user_id, previous_user_id are there
	}{
		"a number, before BSUIDs": {"phone", "change_number", "user_changed_number", [4]bool{true, true, false, false}},
		"a hidden number":         {"user", "change_number", "user_changed_user_id", [4]bool{false, false, true, true}},
		"an id":                   {"both", "change_user_id", "user_changed_user_id", [4]bool{false, false, true, true}},
		"an id that is not shown": {"phone", "change_user_id", "user_changed_user_id", [4]bool{false, false, true, true}},
	} {
		w := newWorld(t)
		w.Extra("mei", `{"type":"identity","show":"`+c.show+`"}`)
		m := w.one(w.Extra("mei", `{"type":"`+c.act+`"}`).Body).Messages[0]
		s := m.System
		w.Want(name, []any{m.Type, s.Type, [4]bool{m.From != "", s.WaID != "", s.User != "", s.Previous != ""}, strings.Contains(s.Body, "  ")},
			[]any{"system", c.kind, c.want, false})
	}
}

func TestTemplateStatusIsToldAsMetaTellsIt(t *testing.T) {
	w := newWorld(t)
	d := w.Act(fake.Act{Extra: json.RawMessage(`{"type":"template_status","name":"appointment_reminder","language":"zh_TW","event":"REJECTED"}`), At: 1791170415000})
	id := fmt.Sprint(json.Number(strings.TrimSuffix(strings.Split(strings.Split(d.Body, `"message_template_id":`)[1], ",")[0], ",")))
	want := strings.Replace(sample(t, "message_template_status_update", wabaOf(d.Body), ""), "1689556908129832", id, 1)
	if d.Body != want || len(id) != 16 {
		t.Errorf("got\n%s\nwant\n%s", d.Body, want)
	}
}

func TestStatusOfASendToAUserIDHidesTheNumber(t *testing.T) {
	w := newWorld(t)
	w.Extra("yu", `{"type":"identity","show":"user","username":"@xiaoyu.tw","name":"小玉","user_id":"TW.13491208655302741918"}`)
	_, out := w.send(`"recipient":"TW.13491208655302741918","biz_opaque_callback_data":"hub:out:01K6SD",` + reminder("a", "b"))
	contact := out["contacts"].([]any)[0].(map[string]any)
	w.Want("answer", contact, map[string]any{"input": "TW.13491208655302741918", "user_id": "TW.13491208655302741918"})
	w.Settle()
	d := w.Act(fake.Act{From: "yu", Extra: json.RawMessage(`{"type":"status","status":"delivered"}`), At: 1791170447000})
	want := strings.Replace(sample(t, "status_delivered_no_phone", wabaOf(d.Body), displayOf(d.Body)),
		"wamid.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample93", idOf(out), 1)
	if d.Body != want {
		t.Errorf("got\n%s\nwant\n%s", d.Body, want)
	}
	for _, h := range w.Got() { // no username in "sent"
		if e := w.one(h.Body); e.Statuses[0].Status == "sent" {
			w.Want("sent", []string{e.Contacts[0].Profile.Username, e.Contacts[0].WaID, e.Statuses[0].To}, []string{"", "", ""})
		}
	}
}

func TestIdentitiesAreShownAsTold(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	say := func(show string) (string, string, string, string, string) {
		a := fake.Act{From: "mei", Text: "x"}
		if show != "" {
			a.Extra = json.RawMessage(`{"type":"identity","show":"` + show + `","username":"@mei"}`)
		}
		d := w.Act(a)
		e := w.one(d.Body)
		m, c := e.Messages[0], e.Contacts[0]
		return m.From, m.User, c.WaID, c.UserID, c.Profile.Username
	}
	check := func(what string, want ...string) func(...string) {
		return func(got ...string) { t.Helper(); w.Want(what, got, want) }
	}
	a, b, c, d, e := say("")
	check("both, by default", phone, user, phone, user, "")(a, b, c, d, e)
	a, b, c, d, e = say("user")
	check("for one act: user", "", user, "", user, "@mei")(a, b, c, d, e)
	a, b, c, d, e = say("phone")
	check("for one act: phone", phone, "", phone, "", "@mei")(a, b, c, d, e)
	a, b, c, d, e = say("")
	check("then as before", phone, user, phone, user, "")(a, b, c, d, e)
	w.Want("no webhook", w.Extra("mei", `{"type":"identity","show":"user","username":"@m"}`), fake.Delivery{Statuses: []int{}, Header: map[string]string{}})
	a, b, c, d, e = say("")
	check("kept", "", user, "", user, "@m")(a, b, c, d, e)
	id := w.Act(fake.Act{From: "mei", Text: "x"}).Message
	if strings.Contains(decoded(t, id), phone) {
		t.Errorf("got the id %s, which tells the number that is hidden", id)
	}
	w.Extra("mei", `{"type":"identity","username":""}`)
	_, _, _, _, e = say("")
	w.Want("no username", e, "")

	w.Want("by digits", w.one(w.Act(fake.Act{From: phone, Text: "x"}).Body).Messages[0].User, user)
	w.Want("by BSUID", w.one(w.Act(fake.Act{From: user, Text: "x"}).Body).Messages[0].User, user)
	w.Want("another number of the portfolio", w.one(w.Act(fake.Act{Account: "club", From: "mei", Text: "x"}).Body).Messages[0].User, user)
	other := w.one(w.Act(fake.Act{Account: "rival", From: "mei", Text: "x"}).Body).Messages[0]
	w.Want("another portfolio", other.User != user && strings.HasPrefix(other.User, "TW."), true)
	stranger := w.one(w.Act(fake.Act{From: "TW.42", Text: "x"}).Body).Messages[0]
	w.Want("a new BSUID", []any{stranger.User, len(stranger.From)}, []any{"TW.42", 12})
	stranger = w.one(w.Act(fake.Act{From: "886911000111", Text: "x"}).Body).Messages[0]
	w.Want("a new number", []any{stranger.From, len(stranger.User)}, []any{"886911000111", 23})
	again := newWorld(t)
	samePhone, sameUser := again.meet("mei")
	w.Want("the same name elsewhere", []string{samePhone, sameUser}, []string{phone, user})
}

func TestRecycledNumbers(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	w.Extra("mei", `{"type":"change_number"}`)
	m := w.one(w.Extra("bob", `{"type":"recycled","of":"mei","text":"hi"}`).Body).Messages[0]
	w.Want("the new owner", []any{m.From, m.User != user, m.Text.Body}, []any{phone, true, "hi"})
	mei := w.one(w.Act(fake.Act{From: "mei", Text: "still here"}).Body).Messages[0]
	w.Want("the old owner", []any{mei.From != phone, mei.User != user}, []any{true, true})
	w.Want("the number", w.one(w.Act(fake.Act{From: phone, Text: "x"}).Body).Messages[0].User, m.User)

	status, _ := w.send(`"recipient":"` + user + `",` + `"type":"text","text":{"body":"x"},"biz_opaque_callback_data":"old id"`)
	w.Want("a send to the id of the past", status, 200)
	w.Want("fails", w.states(), []string{"failed 131026 old id"})

	// Without a change before, the number is lost.
	w.meet("ann")
	w.Extra("eve", `{"type":"recycled","of":"ann","text":"hi"}`)
	if _, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: "ann", Text: "x"}); err == nil {
		t.Error("got no error for one who has no number any more, want one")
	}
	_, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: user, Text: "x"})
	if err == nil || !strings.Contains(err.Error(), "any more") {
		t.Errorf("got %v for an id of the past, want an error", err)
	}
}

func TestButtonsAndFlows(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	ben, _ := w.meet("ben")
	send := func(to, members string) string {
		t.Helper()
		status, out := w.send(`"to":"` + to + `",` + members)
		w.Want("send", []any{status, out["error"]}, []any{200, nil})
		return idOf(out)
	}
	one := send(phone, buttons(`{"id":"yes","title":"Yes"}`, `{"id":"no","title":"No"}`))
	two := send(phone, list(`{"id":"r1","title":"Row"}`))
	tap := func(data string) (string, string) {
		t.Helper()
		m := w.one(w.Act(fake.Act{From: "ann", Button: data}).Body).Messages[0]
		return m.Interactive.Button.Title + m.Interactive.Row.Title + m.Button.Text, m.Context.ID
	}
	for data, want := range map[string][2]string{"yes": {"Yes", one}, "no": {"No", one}, "r1": {"Row", two}} {
		title, context := tap(data)
		w.Want(data, [2]string{title, context}, want)
	}
	three := send(phone, buttons(`{"id":"yes","title":"Yes!"}`))
	title, context := tap("yes")
	w.Want("the newest", []string{title, context}, []string{"Yes!", three})
	four := send(phone, reminder("a", "b"))
	title, context = tap("確認") // the label, when no payload was given
	w.Want("a template's", []string{title, context}, []string{"確認", four})
	if _, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: "ben", Button: "yes"}); err == nil {
		t.Error("got no error for another's button, want one")
	}

	send(ben, flow(`"flow_token":"tok <1>"`))
	answer := func(from, a string) string {
		t.Helper()
		return w.one(w.Act(fake.Act{From: from, FlowAnswer: json.RawMessage(a)}).Body).Messages[0].Interactive.NFM.JSON
	}
	w.Want("an answer", answer("ben", `{"name": "班", "n": [1, 2]}`), `{"flow_token":"tok <1>","name":"班","n":[1,2]}`)
	w.Want("an empty answer", answer("ben", `{}`), `{"flow_token":"tok <1>"}`)
	w.Want("a forged answer", answer("ben", `{"x":1,"flow_token":"stolen"}`), `{"x":1,"flow_token":"stolen"}`)
	five := send(ben, `"type":"template","template":{"name":"signup_form","language":{"code":"en"},"components":[
		{"type":"body","parameters":[{"type":"text","text":"Ben"}]},
		{"type":"button","sub_type":"flow","index":0,"parameters":[{"type":"action","action":{"flow_token":"t5","flow_action_data":{"a":1}}}]}]}`)
	m := w.one(w.Act(fake.Act{From: "ben", FlowAnswer: json.RawMessage(`{"a":1}`)}).Body).Messages[0]
	w.Want("a template's Flow", []string{m.Interactive.NFM.JSON, m.Context.ID, m.Context.From},
		[]string{`{"flow_token":"t5","a":1}`, five, displayOf(w.Act(fake.Act{From: "ben", Text: "x"}).Body)})
	if _, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: "ben", FlowAnswer: json.RawMessage(`[1]`)}); err == nil {
		t.Error("got no error for an answer that is no object, want one")
	}
}

func TestOtherMessages(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	_, out := w.text(phone, "question")
	w.Got()
	own := w.Act(fake.Act{From: "ann", Text: "mine"}).Message
	for x, want := range map[string]string{
		`{"type":"reply","text":"yes"}`:                                        `"context":{"from":"` + displayOf(w.Act(fake.Act{From: "ann", Text: "x"}).Body) + `","id":"` + idOf(out) + `"},`,
		`{"type":"text","text":"as I said","message":"` + own + `"}`:           `"context":{"from":"` + phone + `","id":"` + own + `"},`,
		`{"type":"text","text":"look","forwarded":true}`:                       `"context":{"forwarded":true},`,
		`{"type":"reaction"}`:                                                  `"reaction":{"message_id":"` + idOf(out) + `"}}`,
		`{"type":"video","caption":"c"}`:                                       `"type":"video","video":{"caption":"c","mime_type":"video\/mp4"`,
		`{"type":"sticker","animated":true}`:                                   `"animated":true`,
		`{"type":"audio"}`:                                                     `"voice":false`,
		`{"type":"document","mime":"text/plain","link":"https://x.example/y"}`: `"mime_type":"text\/plain"`,
		`{"type":"order","catalog":"7","items":[{"product_retailer_id":"a\/b","quantity":2}],"text":"t"}`: `"order":{"catalog_id":"7","product_items":[{"product_retailer_id":"a\/b","quantity":2}],"text":"t"}`,
		`{"type":"unsupported","code":131060}`:                        `"errors":[{"code":131060,`,
		`{"type":"referral","text":"x","referral":{"source_id":"1"}}`: `"referral":{"source_id":"1"}`,
		`{"type":"error","code":131052,"details":"d"}`:                `"errors":[{"code":131052,"title":"Media download error","message":"Media download error","error_data":{"details":"d"}}]`,
	} {
		if body := w.Extra("ann", x).Body; !strings.Contains(body, want) {
			t.Errorf("%s: got %s, want it to have %s", x, body, want)
		}
	}
	for _, a := range []fake.Act{{Image: "photo"}, {Image: "https://x.example/1.jpg"}, {Sticker: "smile"}} {
		a.From = "ann"
		m := w.one(w.Act(a).Body).Messages[0]
		w.Want("type", m.Type == "image" || m.Type == "sticker", true)
	}
}

func TestBatches(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("ann")
	w.text(phone, "m")
	w.Got()
	acts := `"acts":[{"from":"ann","text":"1"},{"from":"ben","text":"2"},{"account":"club","from":"ann","text":"3"},
		{"from":"ann","extra":{"type":"status","status":"read"}},{"from":"ben","extra":{"type":"identity","show":"user"}},{"from":"ben","text":"4"}]`
	for form, want := range map[string]string{
		"":         "1 entries, changes [5]",
		"changes":  "1 entries, changes [5]",
		"entries":  "5 entries, changes [1 1 1 1 1]",
		"messages": "1 entries, changes [4]",
	} {
		d := w.Extra("", `{"type":"batch","form":"`+form+`",`+acts+`}`)
		var in struct{ Entry []struct{ Changes []any } }
		if err := json.Unmarshal([]byte(d.Body), &in); err != nil {
			t.Fatal(err)
		}
		var changes []int
		for _, e := range in.Entry {
			changes = append(changes, len(e.Changes))
		}
		w.Want("form "+form, fmt.Sprintf("%d entries, changes %v", len(in.Entry), changes), want)
		var got []string
		for _, e := range w.events(d.Body) {
			for _, m := range e.Messages {
				got = append(got, e.Metadata.ID[12:]+m.Text.Body)
			}
			for _, s := range e.Statuses {
				got = append(got, s.Status)
			}
		}
		w.Want("form "+form, got, []string{"9221", "9222", "9233", "read", "9224"})
		w.Want("one webhook", len(w.Got()), 1)
	}
	d := w.Extra("", `{"type":"batch","acts":[{"from":"ann","text":"1"},{"extra":{"type":"template_status","name":"hello_world","language":"en_US","event":"PAUSED"}},{"from":"ann","text":"2"}]}`)
	w.Want("an event of the WABA has an entry of its own", strings.Count(d.Body, `"changes"`), 3)
	w.Want("with a time", strings.Count(d.Body, `"time":1791170415}`), 1)
}

func TestHandshake(t *testing.T) {
	w := newWorld(t)
	d := w.Extra("", `{"type":"handshake"}`)
	w.Want("answer", []any{d.Status, d.Body == d.Event, len(d.Event), d.Header["content-type"]}, []any{200, true, 10, "text/plain"})
	w.Want("url", strings.Contains(d.URL, "/app?hub.challenge="+d.Event+"&hub.mode=subscribe&hub.verify_token=v1&x=1"), true)
	w.Want("a wrong token", w.Extra("", `{"type":"handshake","token":"v2"}`).Status, 403)
	w.Want("another mode", w.Extra("", `{"type":"handshake","mode":"x"}`).Status, 403)
	w.Want("a challenge", w.Extra("", `{"type":"handshake","challenge":"<b>"}`).Body, "<b>")
	held := w.Act(fake.Act{Extra: json.RawMessage(`{"type":"handshake"}`), Hold: true})
	w.Want("held", []any{held.Status, held.URL != ""}, []any{0, true})
}

func TestRawBodiesAreLearntFrom(t *testing.T) {
	w := newWorld(t)
	raw := func(body string) fake.Delivery {
		extra, _ := json.Marshal(map[string]string{"type": "raw", "body": body})
		return w.Act(fake.Act{Extra: extra})
	}
	for _, name := range []string{"text", "text_username_no_phone"} {
		data := sample(t, name, "1", "2")
		w.Want(name, raw(data).Body, data)
	}
	w.Want("broken", raw(`{"entry":`).Body, `{"entry":`)
	w.Want("by number", first(w.text("886912345678", "x")), 200)
	w.Want("by id", first(w.send(`"recipient":"TW.13491208655302741918","type":"text","text":{"body":"x"}`)), 200)
	w.Want("one customer", w.one(w.Act(fake.Act{From: "886912345678", Text: "x"}).Body).Messages[0].User, "TW.13491208655302741918")
	message := func(phone, user string) {
		raw(`{"entry":[{"changes":[{"value":{"metadata":{"phone_number_id":"` + shop + `"},"messages":[{"from":"` + phone +
			`","from_user_id":"` + user + `","id":"wamid.r","timestamp":"1791170400","type":"text"}]}}]}]}`)
	}
	message("886912345678", "TW.999")
	w.Want("a recycled number", w.one(w.Act(fake.Act{From: "886912345678", Text: "x"}).Body).Messages[0].User, "TW.999")
	w.Got()
	w.Want("who had it", first(w.send(`"recipient":"TW.13491208655302741918","type":"text","text":{"body":"x"}`)), 200)
	w.Want("has none any more", w.states(), []string{"failed 131026"})
	message("886955555555", "")
	message("886955555555", "TW.777")
	w.Want("an id learnt later", w.one(w.Act(fake.Act{From: "886955555555", Text: "x"}).Body).Messages[0].User, "TW.777")
	status, _ := w.send(`"status":"read","message_id":"wamid.r"`)
	w.Want("a read mark", status, 200)
}
