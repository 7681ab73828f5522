package linetest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func extra(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}

// dropped tells of each push to a customer whether it got lost.
func (w *world) dropped(to string) (out []bool) {
	for _, c := range w.Ledger.Calls("line", to) {
		if c.Kind == "push" {
			out = append(out, c.Dropped)
		}
	}
	return out
}

func TestStrangersAreReachedForSevenDays(t *testing.T) {
	w := newWorld(t)
	user := eventOf(t, w.Act(fake.Act{From: "zoe", Extra: extra(`{"type":"text","text":"hi","stranger":true}`)}).Body).Source.UserID
	status, _, _ := w.call("GET", "/v2/bot/profile/"+user, "")
	w.Want("profile of a stranger", status, 404)
	push := func(what string) {
		status, _, _ := w.push(user, what)
		w.Want(what, status, 200)
	}
	push("at once")
	w.Advance(7 * 24 * time.Hour)
	push("after 7 days")
	w.Advance(time.Second)
	push("a second later")
	w.Act(fake.Act{From: "zoe", Text: "still no friend"})
	push("after another message")
	w.Advance(8 * 24 * time.Hour)
	push("8 days later")
	w.Act(fake.Act{From: "zoe", Follow: true})
	w.Advance(30 * 24 * time.Hour)
	push("as a friend")
	w.Want("dropped", w.dropped("zoe"), []bool{false, false, true, false, true, false})
	_, out, _ := w.call("GET", "/v2/bot/message/quota/consumption", "")
	w.Want("counted this month", out["totalUsage"], 1)

	w.text("ann") // who acts for the first time without saying so is a friend
	w.Advance(300 * 24 * time.Hour)
	w.push(eventOf(t, w.Act(fake.Act{From: "ann", Extra: extra(`{"type":"beacon","hwid":"d41d8cd98f","kind":"enter"}`)}).Body).Source.UserID, "x")
	w.Want("a friend after a year", w.dropped("ann"), []bool{false})
}

func TestGroups(t *testing.T) {
	w := newWorld(t)
	joined := eventOf(t, w.Act(fake.Act{Extra: extra(`{"type":"join","group":"family"}`)}).Body)
	w.Want("join", []any{joined.Type, joined.Source.Type, joined.Source.UserID}, []any{"join", "group", ""})
	group := joined.Source.GroupID
	status, out, _ := w.call("GET", "/v2/bot/group/"+group+"/summary", "")
	w.Want("summary", []any{status, out["groupName"]}, []any{200, "family"})
	status, _ = w.reply(joined.ReplyToken)
	w.Want("a reply to the join", status, 200)

	used := func() any {
		_, out, _ := w.call("GET", "/v2/bot/message/quota/consumption", "")
		return out["totalUsage"]
	}
	w.push(group, "to whoever is there")
	w.Want("counted for one at least", used(), 1)
	for _, who := range []string{"ann", "ben"} {
		w.Act(fake.Act{From: who, Extra: extra(`{"type":"member_joined","group":"family"}`)})
	}
	spoke := eventOf(t, w.Act(fake.Act{From: "cho", Extra: extra(`{"type":"group_text","group":"family","text":"x"}`)}).Body)
	w.push(group, "to three")
	w.Want("counted for each", used(), 4)
	w.Act(fake.Act{From: "ben", Extra: extra(`{"type":"member_left","group":"family"}`)})
	w.Faults(`{"monthly_quota":5}`)
	status, _, _ = w.push(group, "to two")
	w.Want("over the quota by one", []any{status, used()}, []any{429, 4})
	w.Faults(`{"monthly_quota":6}`)
	status, _, _ = w.push(group, "to two")
	w.Want("up to the quota", []any{status, used()}, []any{200, 6})
	w.Faults("null")

	// A member of the group is known, but was never in a chat of his own.
	status, _, _ = w.push(spoke.Source.UserID, "x")
	w.Want("to a member", []any{status, w.dropped("cho")}, []any{200, []bool{true}})
	status, _, _ = w.call("GET", "/v2/bot/profile/"+spoke.Source.UserID, "")
	w.Want("his profile", status, 404)

	left := eventOf(t, w.Act(fake.Act{Extra: extra(`{"type":"leave","group":"family"}`)}).Body)
	w.Want("leave", []any{left.Type, left.ReplyToken}, []any{"leave", ""})
	status, out, _ = w.push(group, "x")
	w.Want("to a group that was left", []any{status, out["message"]}, []any{400, "Failed to send messages"})
	status, _, _ = w.call("GET", "/v2/bot/group/"+group+"/summary", "")
	w.Want("its summary", status, 404)
	if _, err := w.Platform.Act(t.Context(), fake.Act{Account: "shop", From: "ann", Extra: extra(`{"type":"group_text","group":"family","text":"x"}`)}); err == nil {
		t.Error("a text in a group that was left: got no error, want one")
	}
	w.Act(fake.Act{Extra: extra(`{"type":"join","group":"family"}`)})
	status, _, _ = w.push(group, "x")
	w.Want("back again", status, 200)
}

func TestButtonsAreTappedWhereTheyWereShown(t *testing.T) {
	w := newWorld(t)
	_, ann := w.text("ann")
	_, ben := w.text("ben")
	w.Act(fake.Act{Account: otherBot, From: "ann", Text: "hi"})
	refused := func(what string, a fake.Act) {
		t.Helper()
		if a.Account == "" {
			a.Account = "shop"
		}
		if _, err := w.Platform.Act(t.Context(), a); err == nil {
			t.Errorf("%s: got no error, want one", what)
		}
	}
	send := func(to, messages string) {
		t.Helper()
		status, out, _ := w.call("POST", "/v2/bot/message/push", fmt.Sprintf(`{"to":%q,"messages":[%s]}`, to, messages))
		w.Want("push", fmt.Sprint(status, out["details"]), "200 <nil>")
	}
	postback := func(data string) string {
		return fmt.Sprintf(`{"type":"postback","label":"a","data":%q,"displayText":"a"}`, data)
	}
	quick := func(text, data string) string {
		return fmt.Sprintf(`{"type":"text","text":%q,"quickReply":{"items":[{"type":"action","action":%s}]}}`, text, postback(data))
	}
	send(ann, `{"type":"template","altText":"a","template":{"type":"buttons","text":"t","actions":[`+postback("size=1")+`,{"type":"uri","label":"b","uri":"tel:1"}]}}`)
	send(ann, `{"type":"flex","altText":"a","contents":{"type":"bubble","footer":{"type":"box","layout":"vertical","contents":[{"type":"button","action":`+postback("size=2")+`}]}}}`)
	refused("another customer", fake.Act{From: "ben", Button: "size=1"})
	refused("another account", fake.Act{Account: otherBot, From: "ann", Button: "size=1"})
	refused("another button", fake.Act{From: "ann", Button: "size=3"})
	for _, data := range []string{"size=1", "size=2", "size=1"} { // a button stays
		body := w.Act(fake.Act{From: "ann", Button: data}).Body
		var got struct {
			Events []struct {
				Type     string
				Postback struct{ Data string }
			}
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || got.Events[0].Type != "postback" || got.Events[0].Postback.Data != data {
			t.Errorf("got %s, %v, want a postback of %s", body, err, data)
		}
	}

	send(ben, quick("first", "q=1"))
	send(ben, quick("second", "q=2"))
	refused("a quick reply of the message before", fake.Act{From: "ben", Button: "q=1"})
	w.Act(fake.Act{From: "ben", Button: "q=2"})
	refused("a quick reply that was tapped", fake.Act{From: "ben", Button: "q=2"})

	w.Act(fake.Act{From: "ben", Block: true})
	send(ben, quick("not seen", "q=3"))
	w.Act(fake.Act{From: "ben", Follow: true})
	refused("a button of a message that was not delivered", fake.Act{From: "ben", Button: "q=3"})

	group := eventOf(t, w.Act(fake.Act{From: "ann", Extra: extra(`{"type":"group_text","group":"family","text":"x"}`)}).Body).Source.GroupID
	send(group, quick("who comes?", "come"))
	refused("in private", fake.Act{From: "ann", Button: "come"})
	tapped := eventOf(t, w.Act(fake.Act{From: "ann", Extra: extra(`{"type":"button","group":"family","data":"come"}`)}).Body).Source
	w.Want("in the group", []any{tapped.GroupID, tapped.UserID}, []any{group, ann})
}

func TestLoadingAnimation(t *testing.T) {
	w := newWorld(t)
	_, user := w.text("ann")
	for body, want := range map[string]int{
		fmt.Sprintf(`{"chatId":%q}`, user):                     202,
		fmt.Sprintf(`{"chatId":%q,"loadingSeconds":5}`, user):  202,
		fmt.Sprintf(`{"chatId":%q,"loadingSeconds":60}`, user): 202,
		fmt.Sprintf(`{"chatId":%q,"loadingSeconds":0}`, user):  400,
		fmt.Sprintf(`{"chatId":%q,"loadingSeconds":7}`, user):  400,
		fmt.Sprintf(`{"chatId":%q,"loadingSeconds":65}`, user): 400,
		`{"chatId":"C4d9b0a7c2e6f41358a0b9d7e3f5c1264"}`:       400,
		`{"chatId":"U99999999999999999999999999999999"}`:       202,
		`{}`: 400, `x`: 400,
	} {
		status, _, _ := w.call("POST", "/v2/bot/chat/loading/start", body)
		w.Want(body, status, want)
	}
	calls := w.Ledger.Calls("line", "ann")
	w.Want("ledger", []any{len(calls), calls[0].Kind}, []any{3, "loading"})
}
