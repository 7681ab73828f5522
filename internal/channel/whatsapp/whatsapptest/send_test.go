package whatsapptest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

// reminder is a template with two blanks and two quick replies.
func reminder(name, time string) string {
	return fmt.Sprintf(`"type":"template","template":{"name":"appointment_reminder","language":{"code":"zh_TW"},"components":[
		{"type":"body","parameters":[{"type":"text","text":%q},{"type":"text","text":%q}]}]}`, name, time)
}

// decoded is what a message's id says.
func decoded(t *testing.T, id string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(id, "wamid."))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSendsAreAnsweredAndNoted(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	status, out, header := w.post("/v24.0/"+shop+"/messages",
		`{"messaging_product":"whatsapp","recipient_type":"individual","to":"+`+phone+`","recipient":"not looked at","type":"text","text":{"body":"嗨","preview_url":true}}`)
	w.Want("answer", []any{status, out["messaging_product"], out["contacts"]},
		[]any{200, "whatsapp", []any{map[string]any{"input": "+" + phone, "wa_id": phone}}})
	w.Want("version", header.Get("Facebook-Api-Version"), "v24.0")
	if id := idOf(out); !strings.Contains(decoded(t, id), phone) {
		t.Errorf("got the id %s, want Meta's form", id)
	}
	w.Want("no message_status of a text", out["messages"], []any{map[string]any{"id": idOf(out)}})
	calls := w.Ledger.Calls("whatsapp", "mei")
	w.Want("calls", len(calls), 1)
	c := calls[0]
	w.Want("call", []any{c.Channel, c.Account, c.To, c.Name, c.Kind, c.Text, c.ID, c.At, c.Dropped, strings.HasPrefix(c.Body, `{"messaging_product"`)},
		[]any{"whatsapp", "shop", phone, "mei", "text", "嗨", idOf(out), int64(1791170415000), false, true})

	status, out = w.send(`"recipient":"` + user + `",` + reminder("王小明", "10/10"))
	w.Want("a template", []any{status, out["messages"].([]any)[0].(map[string]any)["message_status"]}, []any{200, "accepted"})
	c = w.Ledger.Calls("whatsapp", user)[0]
	w.Want("its call", []any{c.To, c.Name, c.Kind, c.Text}, []any{user, "mei", "template", "王小明 您好，提醒您 10/10 的預約。"})
	status, _ = w.send(`"to":"` + phone + `",` + buttons(`{"id":"1","title":"a"}`))
	c = w.Ledger.Calls("", phone)[1]
	w.Want("buttons", []any{status, c.Kind, c.Text}, []any{200, "interactive", "b"})
	status, _, _ = w.post("/v19.0/"+club+"/messages", `{"messaging_product":"whatsapp","recipient":"`+user+`",`+reminder("a", "b")+`}`, "Authorization", "Bearer t2")
	w.Want("the id at another number of the portfolio", status, 200)
}

func TestReadMarksAndTyping(t *testing.T) {
	w := newWorld(t)
	d := w.Act(fake.Act{From: "mei", Text: "hi"})
	phone := w.one(d.Body).Messages[0].From
	for body, kind := range map[string]string{
		`"status":"read","message_id":"` + d.Message + `"`:                                    "read",
		`"status":"read","message_id":"` + d.Message + `","typing_indicator":{"type":"text"}`: "typing",
	} {
		status, out := w.send(body)
		w.Want(kind, []any{status, out["success"]}, []any{200, true})
		calls := w.Ledger.Calls("whatsapp", "mei")
		c := calls[len(calls)-1]
		w.Want(kind, []any{c.Kind, c.To, c.ID, c.Text}, []any{kind, phone, d.Message, ""})
	}
	for name, body := range map[string]string{
		"of nothing":            `"status":"read","message_id":"wamid.x"`,
		"of another number":     `"status":"read","message_id":"` + w.Act(fake.Act{Account: "club", From: "mei", Text: "x"}).Message + `"`,
		"without a message":     `"status":"read"`,
		"unknown state":         `"status":"eaten","message_id":"` + d.Message + `"`,
		"unknown sign":          `"status":"read","message_id":"` + d.Message + `","typing_indicator":{"type":"dance"}`,
		"unknown member":        `"status":"read","message_id":"` + d.Message + `","to":"1"`,
		"not an id of messages": `"status":"read","message_id":"7"`,
	} {
		status, out := w.send(body)
		if status != 400 || code(out) == 0 {
			t.Errorf("%s: got %d, %v, want a refusal", name, status, out)
		}
	}
	w.Want("states of marks", len(w.states()), 0)
	w.Want("ledger", len(w.Ledger.Calls("whatsapp", "")), 2)
}

func TestWindow(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	w.Advance(24*time.Hour - time.Second)
	w.Want("just within", first(w.text(phone, "x")), 200)
	w.Advance(time.Second)
	for _, to := range []string{`"to":"` + phone, `"recipient":"` + user} {
		status, out := w.send(to + `","type":"text","text":{"body":"x"}`)
		w.Want("after 24 hours", []any{status, code(out), details(out)}, []any{400, 131047, "(#131047) Re-engagement message: Message failed to send because " +
			"more than 24 hours have passed since the customer last replied to this number."})
	}
	w.Want("a template", first(w.send(`"to":"`+phone+`",`+reminder("a", "b"))), 200)
	w.Extra("mei", `{"type":"change_user_id"}`)
	phone = w.one(w.Act(fake.Act{From: "mei", Text: "new"}).Body).Messages[0].From
	w.Want("opened again", first(w.text(phone, "x")), 200)
	_, out := w.text(phone, "x", "Authorization", "Bearer t1")
	w.Want("it is the number's own", []any{idOf(out) != ""}, []any{true})
	status, out, _ := w.post("/v24.0/"+club+"/messages", `{"messaging_product":"whatsapp","to":"`+phone+`","text":{"body":"x"}}`, "Authorization", "Bearer t2")
	w.Want("another number", []any{status, code(out)}, []any{400, 131047})

	old := w.Clock().Add(-25 * time.Hour).UnixMilli()
	w.Act(fake.Act{From: "mei", Text: "came late", At: old})
	w.Want("a late message closes nothing", first(w.text(phone, "x")), 200)

	w.Extra("ann", `{"type":"identity"}`)
	d := w.Act(fake.Act{From: "ann", Text: "late", At: old})
	status, out = w.text(w.one(d.Body).Messages[0].From, "x")
	w.Want("a message of yesterday opens nothing", []any{status, code(out)}, []any{400, 131047})
	w.Got()

	w.Faults(`{"fail_by_status":true}`)
	status, out = w.text(w.one(d.Body).Messages[0].From, "late")
	w.Want("accepted", []any{status, idOf(out) != ""}, []any{200, true})
	w.Want("and failed", w.states(), []string{"failed 131047 late"})
	calls := w.Ledger.Calls("", "ann")
	w.Want("dropped", calls[len(calls)-1].Dropped, true)
}

func TestPairRate(t *testing.T) {
	w := newWorld(t)
	phone, _ := w.meet("mei")
	ben, _ := w.meet("ben")
	for n := range 45 {
		w.Want("burst", first(w.text(phone, fmt.Sprint(n))), 200)
	}
	status, out := w.text(phone, "one more")
	w.Want("over it", []any{status, code(out)}, []any{400, 131056})
	w.Want("another customer", first(w.text(ben, "x")), 200)
	w.Advance(45*6*time.Second - time.Second)
	_, out = w.text(phone, "too early")
	w.Want("before it is paid off", code(out), 131056)
	w.Advance(time.Second)
	w.Want("paid off", first(w.text(phone, "now")), 200)
	for range 20 {
		w.Advance(6 * time.Second)
		w.Want("one each 6 s", first(w.text(phone, "x")), 200)
	}
	w.Want("a second one is borrowed", first(w.text(phone, "x")), 200)
	w.Advance(6 * time.Second)
	_, out = w.text(phone, "x")
	w.Want("and paid back", code(out), 131056)
	w.Want("refused ones are not noted", len(w.Ledger.Calls("", "mei")), 45+1+20+1)
}

func TestThroughput(t *testing.T) {
	w := newWorld(t)
	var phones []string
	for n := range 3 {
		phone, _ := w.meet(fmt.Sprint("customer", n))
		phones = append(phones, phone)
	}
	for n := range 80 {
		w.Want("send", first(w.text(phones[n%2], "x")), 200)
	}
	status, out := w.text(phones[2], "x")
	w.Want("number 81 within a second", []any{status, code(out)}, []any{400, 130429})
	w.Advance(time.Second)
	w.Want("the next second", first(w.text(phones[2], "x")), 200)
}

func TestRecipients(t *testing.T) {
	w := newWorld(t)
	phone, user := w.meet("mei")
	display := displayOf(w.Act(fake.Act{From: "mei", Text: "x"}).Body)
	foreign := w.one(w.Act(fake.Act{Account: "rival", From: "mei", Text: "x"}).Body).Messages[0].User
	w.Got()
	status, out := w.text(display, "x")
	w.Want("to itself", []any{status, code(out)}, []any{400, 131021})
	status, out = w.send(`"recipient":"` + foreign + `","text":{"body":"x"}`)
	w.Want("another portfolio's id", []any{status, code(out)}, []any{400, 131009})
	if strings.Contains(fmt.Sprint(out), foreign) {
		t.Errorf("got %v, want no id in an error", out)
	}
	status, out = w.send(`"recipient":"` + user + `","type":"template","template":{"name":"login_code","language":{"code":"zh_TW"},"components":[
		{"type":"body","parameters":[{"type":"text","text":"1"}]},{"type":"button","sub_type":"url","index":"0","parameters":[{"type":"text","text":"1"}]}]}`)
	w.Want("a code to a BSUID", []any{status, code(out)}, []any{400, 131062})

	status, _ = w.text("886900000001", "stranger")
	w.Want("a number that is not on WhatsApp", status, 200)
	w.Want("fails", w.states(), []string{"failed 131026 stranger"})
	w.Want("dropped", w.Ledger.Calls("", "886900000001")[0].Dropped, true)
	w.Want("spaces and brackets", first(w.text("+"+phone[:3]+" ("+phone[3:6]+") "+phone[6:], "x")), 200)
	w.Got()

	w.Act(fake.Act{From: "mei", Block: true})
	w.Want("one who blocked", first(w.text(phone, "blocked")), 200)
	w.Want("is not delivered", w.states(), []string{"sent blocked"})
	calls := w.Ledger.Calls("", "mei")
	w.Want("dropped", calls[len(calls)-1].Dropped, true)
	w.Act(fake.Act{From: "mei", Follow: true})
	w.Want("one who came back", first(w.text(phone, "again")), 200)
	w.Want("is delivered", w.states(), []string{"sent again", "delivered again"})
}
