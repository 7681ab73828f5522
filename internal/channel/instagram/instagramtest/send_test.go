package instagramtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestSendsAreAnsweredAndNoted(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{From: "mei", Text: "hello"})
	id := w.idOf("mei")
	status, out, header := w.call("POST", shopTo+"/messages", `{"recipient":{"id":"`+id+`"},"messaging_type":"RESPONSE","message":{"text":"嗨"}}`)
	w.Want("answer", []any{status, out["recipient_id"], header.Get("Facebook-Api-Version"), header.Get("Date")},
		[]any{200, id, "v25.0", "Mon, 05 Oct 2026 03:20:15 GMT"})
	c := w.Ledger.Calls("instagram", "mei")[0]
	w.Want("call", []any{c.Channel, c.Account, c.To, c.Name, c.Kind, c.Text, c.ID, c.At}, []any{"instagram", "shop", id, "mei", "text", "嗨", out["message_id"], int64(1791170415523)})

	for body, want := range map[string]string{
		`"attachment":{"type":"image","payload":{"url":"https://a.example/a.png"}}`:                                                                                "image ",
		`"attachment":{"type":"video","payload":{"url":"https://a.example/a.mp4","is_reusable":false}}`:                                                            "video ",
		`"attachment":{"type":"template","payload":{"template_type":"button","text":"b","buttons":[{"type":"postback","title":"t","payload":"p"}]}}`:               "template b",
		`"attachment":{"type":"template","payload":{"template_type":"generic","elements":[{"title":"a","subtitle":"s"},{"title":"b","image_url":"https://x.y"}]}}`: "template a\nb",
	} {
		status, out := w.send(`{"recipient":{"id":"` + id + `"},"message":{` + body + `}}`)
		calls := w.Ledger.Calls("instagram", "mei")
		c := calls[len(calls)-1]
		w.Want(body, []any{status, c.Kind + " " + c.Text, out["message_id"] == c.ID}, []any{200, want, true})
	}
	status, out, _ = w.call("POST", "/v25.0/me/messages", fmt.Sprintf(`{"recipient":{"id":%q},"message":{"text":"x"}}`, id))
	w.Want("me", []any{status, wrong(out)}, []any{200, ""})

	for _, action := range []string{"typing_on", "mark_seen"} {
		status, out := w.send(`{"recipient":{"id":"` + id + `"},"sender_action":"` + action + `"}`)
		calls := w.Ledger.Calls("instagram", "mei")
		w.Want(action, []any{status, out["recipient_id"], out["message_id"], calls[len(calls)-1].Kind}, []any{200, id, nil, action})
	}
}

// idOf is a customer's id at the shop.
func (w *world) idOf(name string) string {
	w.T.Helper()
	body := w.act(fake.Act{From: name, Text: "who am I?", Hold: true}).Body
	_, rest, _ := strings.Cut(body, `"sender":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func TestTheSameCustomerHasAnotherIDAtEachAccount(t *testing.T) {
	w := newWorld(t)
	body := w.act(fake.Act{Account: "club", From: "mei", Text: "x"}).Body
	if id := w.idOf("mei"); strings.Contains(body, id) || id != w.idOf("mei") {
		t.Errorf("got %s, %s, want ids of their own, always the same", id, body)
	}
}

func TestWindow(t *testing.T) {
	w := newWorld(t)
	status, out := w.text("x")
	w.Want("a stranger", []any{status, wrong(out)}, []any{400, "100/2534014 OAuthException"})
	w.act(fake.Act{Text: "hello"})
	w.Want("at once", first(w.text("x")), 200)
	w.Advance(24*time.Hour - time.Second)
	w.Want("just within", first(w.text("x")), 200)
	w.Advance(time.Second)
	status, out = w.text("x")
	w.Want("after a day", []any{status, wrong(out), says(out)}, []any{403, "10/2534022 OAuthException", "This message is sent outside of allowed window."})
	w.Want("typing after a day", first(w.send(`{"recipient":{"id":"`+mei+`"},"sender_action":"typing_on"}`)), 403)
	agent := `{"recipient":{"id":"` + mei + `"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"x"}}`
	w.Want("a person after a day", first(w.send(agent)), 200)
	w.Advance(6 * 24 * time.Hour)
	w.Want("a person after a week", first(w.send(agent)), 403)
	for x, want := range map[string]int{
		`{"type":"reaction","message":"m1","emoji":"x"}`:                       200,
		`{"type":"referral","ref":"a"}`:                                        200,
		`{"type":"read","message":"m1"}`:                                       403,
		`{"type":"reaction","message":"m1"}`:                                   403,
		`{"type":"echo","text":"we wrote"}`:                                    403,
		`{"type":"edit","message":"m1","text":"x"}`:                            403,
		`{"type":"batch","acts":[{"from":"` + mei + `","postback":"a"}]}`:      200,
		`{"type":"batch","acts":[{"from":"` + mei + `","text":"old","at":1}]}`: 403,
	} {
		w.Advance(25 * time.Hour)
		w.extra(x)
		w.Want(x, first(w.text("x")), want)
	}
	w.extra(`{"type":"ad","text":"I saw it"}`)
	w.Advance(7*24*time.Hour - time.Second)
	w.Want("six days after an advertisement", first(w.text("x")), 200)
	w.Advance(time.Second)
	w.Want("seven days after it", first(w.text("x")), 403)
}

func TestInstagramLoginKnowsTheTagAlone(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Account: "club", Text: "hello"})
	w.Advance(25 * time.Hour)
	body := fmt.Sprintf(textFor, "x")
	status, out, _ := w.call("POST", clubTo+"/messages", body)
	w.Want("without", []any{status, wrong(out)}, []any{403, "10/2534022 IGApiException"})
	status, _, _ = w.call("POST", clubTo+"/messages", strings.Replace(body, `"message"`, `"tag":"HUMAN_AGENT","message"`, 1))
	w.Want("with the tag", status, 200)
	w.act(fake.Act{Text: "hello"})
	status, out = w.send(strings.Replace(body, `"message"`, `"tag":"HUMAN_AGENT","message"`, 1))
	w.Want("Facebook Login wants the type, too", []any{status, wrong(out)}, []any{400, "100 OAuthException"})
}

func TestRates(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	for n := range 100 {
		w.Want("text", first(w.text(fmt.Sprint(n))), 200)
	}
	status, out := w.text("one more")
	w.Want("number 101 within a second", []any{status, wrong(out)}, []any{400, "613/2534040 OAuthException"})
	video := `{"recipient":{"id":"` + mei + `"},"message":{"attachment":{"type":"audio","payload":{"url":"https://a.example/a.m4a"}}}}`
	for range 10 {
		w.Want("audio", first(w.send(video)), 200)
	}
	w.Want("number 11", wrong(second(w.send(video))), "613/2534040 OAuthException")
	w.Advance(time.Second)
	w.Want("the next second", []any{first(w.text("x")), first(w.send(video))}, []any{200, 200})
	w.Want("refused ones are not noted", len(w.Ledger.Calls("instagram", "")), 112)
}

func second[T, U any](_ T, u U) U { return u }

func TestWhoIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.act(fake.Act{Block: true})
	status, out := w.text("x")
	w.Want("blocked", []any{status, wrong(out), says(out)}, []any{400, "551/1545041 OAuthException", "This person isn't available right now."})
	w.act(fake.Act{Follow: true})
	w.Want("back again", first(w.text("x")), 200)
	w.extra(`{"type":"access","off":true}`)
	status, out = w.text("x")
	w.Want("access off", []any{status, wrong(out)}, []any{403, "200/2534041 OAuthException"})
	w.extra(`{"type":"access"}`)
	w.Want("access on", first(w.text("x")), 200)
}

// TestWrongShapesAreRefused: as Meta would, naming what is wrong.
func TestWrongShapesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	to := `"recipient":{"id":"` + mei + `"}`
	message := func(m string) string { return `{` + to + `,"message":{` + m + `}}` }
	template := func(p string) string {
		return message(`"attachment":{"type":"template","payload":{` + p + `}}`)
	}
	element := func(e string) string { return template(`"template_type":"generic","elements":[{` + e + `}]`) }
	long := func(n int) string { return strings.Repeat("x", n) }
	reply := `{"content_type":"text","title":"a","payload":"b"}`
	button := `{"type":"postback","title":"a","payload":"b"}`
	for body, want := range map[string]string{
		`no JSON`:                       "not JSON",
		`[]`:                            "JSON object",
		`{"message":{"text":"x"}}`:      "recipient",
		`{"recipient":{},"message":{}}`: "recipient[id]",
		`{` + to + `}`:                  "message",
		message(``):                     "Exactly one",
		message(`"text":"x","attachment":{"type":"image","payload":{"url":"https://a.b"}}`): "Exactly one",
		message(`"text":""`): "non-empty",
		message(`"text":7`):  "must be a string",
		message(`"text":"` + strings.Repeat("字", 333) + `ab"`):                                                     "less than or equal to 1000 bytes",
		message(`"text":"x","note":"y"`):                                                                           `Unexpected key "note"`,
		message(`"attachment":{"type":"sticker","payload":{"url":"https://a.b"}}`):                                 "must be one of",
		message(`"attachment":{"type":"image","payload":{"url":"http://a.b"}}`):                                    "valid URL",
		message(`"text":"x","quick_replies":[]`):                                                                   "1 to 13",
		message(`"text":"x","quick_replies":[` + strings.Repeat(reply+",", 13) + reply + `]`):                      "1 to 13",
		message(`"text":"x","quick_replies":[{"content_type":"text","title":"` + long(21) + `","payload":"b"}]`):   "equal to 20",
		message(`"text":"x","quick_replies":[{"content_type":"location"}]`):                                        "content_type",
		message(`"text":"x","quick_replies":[{"content_type":"text","title":"a"}]`):                                "payload",
		template(`"template_type":"receipt"`):                                                                      "must be one of",
		template(`"template_type":"button","text":"x"`):                                                            "buttons",
		template(`"template_type":"button","text":"` + long(641) + `","buttons":[` + button + `]`):                 "equal to 640",
		template(`"template_type":"button","text":"x","buttons":[` + strings.Repeat(button+",", 3) + button + `]`): "1 to 3",
		template(`"template_type":"generic","elements":[]`):                                                        "1 to 10",
		element(`"title":"x"`):                                                                      "one more property",
		element(`"subtitle":"x"`):                                                                   "title",
		element(`"title":"` + long(81) + `","subtitle":"x"`):                                        "equal to 80",
		element(`"title":"x","buttons":[{"type":"phone_number"}]`):                                  "must be one of",
		element(`"title":"x","buttons":[{"type":"web_url","title":"x","url":"x"}]`):                 "valid URL",
		`{` + to + `,"messaging_type":"LETTER","message":{"text":"x"}}`:                             "messaging_type",
		`{` + to + `,"messaging_type":"MESSAGE_TAG","message":{"text":"x"}}`:                        "tag",
		`{` + to + `,"messaging_type":"MESSAGE_TAG","tag":"ACCOUNT_UPDATE","message":{"text":"x"}}`: "HUMAN_AGENT",
		`{` + to + `,"messaging_type":"RESPONSE","tag":"HUMAN_AGENT","message":{"text":"x"}}`:       "MESSAGE_TAG",
		`{` + to + `,"sender_action":"dance"}`:                                                      "sender_action",
		`{` + to + `,"sender_action":"typing_on","message":{"text":"x"}}`:                           `Unexpected key "message"`,
		`{` + to + `,"message":{"text":"x"},"note":1}`:                                              `Unexpected key "note"`,
	} {
		status, out := w.send(body)
		if status != 400 || wrong(out) != "100 OAuthException" || !strings.Contains(says(out), want) {
			t.Errorf("%s: got %d, %v, want it to say %s", body, status, out, want)
		}
	}
	status, out := w.send(`{"recipient":{"id":"someone"},"message":{"text":"x"}}`)
	w.Want("no id", []any{status, wrong(out)}, []any{400, "100/2534014 OAuthException"})
	status, out, _ = w.call("POST", shopTo+"/messages", fmt.Sprintf(textFor, "x"), "Content-Type", "text/plain")
	w.Want("no JSON type", []any{status, wrong(out)}, []any{400, "100 OAuthException"})
	w.Want("longest", first(w.send(message(`"text":"`+strings.Repeat("字", 333)+`a"`))), 200)
	w.Want("noted", len(w.Ledger.Calls("instagram", "")), 1)
}

func TestFaultsOfCalls(t *testing.T) {
	w := newWorld(t)
	w.act(fake.Act{Text: "hello"})
	w.Faults(`{"rate429":1,"retry_after":7}`)
	status, out, header := w.call("POST", shopTo+"/messages", fmt.Sprintf(textFor, "x"))
	w.Want("429", []any{status, wrong(out), header.Get("Retry-After")}, []any{429, "613/2534040 OAuthException", "7"})
	w.Faults(`{"rate500":1}`)
	w.Want("500", first(w.text("x")), 503)
	w.Faults(`{"down":true}`)
	w.Want("down", []any{first(w.text("x")), first(w.get(shopTo + "/conversations"))}, []any{503, 503})
	w.Faults(`{"expired_token":true}`)
	status, out = w.text("x")
	w.Want("expired", []any{status, wrong(out)}, []any{400, "190/463 OAuthException"})
	w.Faults(`{"account":"club","down":true}`)
	w.Want("another account's", first(w.text("x")), 200)
	w.Faults(`{"delay_ms":1}`)
	w.Want("slow", first(w.text("x")), 200)
	w.Want("so far", len(w.Ledger.Calls("instagram", "")), 2)

	w.Faults(`{"accept_then_drop":1}`)
	w.Want("dropped", first(w.text("lost")), 0)
	w.Faults(`{"accept_then_500":1}`)
	status, out = w.text("lost too")
	w.Want("500 afterwards", []any{status, wrong(out)}, []any{500, "1 OAuthException"})
	w.Want("done all the same", len(w.Ledger.Calls("instagram", "")), 4)
	for _, plan := range []string{`{"rate429":2}`, `{"retry_after":-1}`, `{"rtae":1}`, `{"account":"x"}`, `[]`, `{} {}`} {
		if err := w.Platform.SetFaults([]byte(plan)); err == nil || !strings.HasPrefix(err.Error(), "instagramtest: faults: ") {
			t.Errorf("%s: got %v, want an error", plan, err)
		}
	}
	w.Faults(`null`)
	w.Want("no faults", first(w.text("x")), 200)
}
