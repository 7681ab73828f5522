package vibertest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestSendsAreRefusedAsByViber(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	button := func(members string) string {
		return `"type":"text","text":"x","keyboard":{"Type":"keyboard","Buttons":[{` + members + `}]}`
	}
	block := func(rows int) string { return fmt.Sprintf(`{"Columns":6,"Rows":%d,"ActionBody":"x","Text":"x"}`, rows) }
	carousel := func(members string) string {
		return `"type":"rich_media","min_api_version":2,"rich_media":{"Type":"rich_media",` + members + `}`
	}
	long := func(n int) string { return strings.Repeat("字", n) }
	for _, c := range []struct {
		name, members string
		status        int
	}{
		{"text", `"type":"text","text":"` + long(7000) + `"`, 0},
		{"long text", `"type":"text","text":"` + long(7001) + `"`, 3},
		{"no text", `"type":"text"`, 4},
		{"text of no text", `"type":"text","text":7`, 3},
		{"no type", `"text":"x"`, 4},
		{"odd type", `"type":"hologram"`, 3},
		{"odd member", `"type":"text","text":"x","quote":"y"`, 3},
		{"sender", `"type":"text","text":"x","sender":{"name":"` + long(28) + `","avatar":"https://x.example/a.jpg"}`, 0},
		{"long sender", `"type":"text","text":"x","sender":{"name":"` + long(29) + `"}`, 3},
		{"sender of no name", `"type":"text","text":"x","sender":{"avatar":"https://x.example/a.jpg"}`, 4},
		{"sender of no object", `"type":"text","text":"x","sender":"x"`, 3},
		{"tracking", `"type":"text","text":"x","tracking_data":"` + strings.Repeat("x", 4000) + `"`, 0},
		{"long tracking", `"type":"text","text":"x","tracking_data":"` + strings.Repeat("x", 4001) + `"`, 3},
		{"newest version", `"type":"text","text":"x","min_api_version":10`, 0},
		{"too new", `"type":"text","text":"x","min_api_version":11`, 13},
		{"over 30 KB", `"type":"text","text":"x","tracking_data":"` + strings.Repeat("x", 31<<10) + `"`, 3},
		{"picture", `"type":"picture","media":"https://x.example/a.jpg","text":"` + long(512) + `","thumbnail":"https://x.example/t.jpg"`, 0},
		{"long caption", `"type":"picture","media":"https://x.example/a.jpg","text":"` + long(513) + `"`, 3},
		{"no picture", `"type":"picture","text":"x"`, 4},
		{"odd picture", `"type":"picture","media":"a.jpg"`, 3},
		{"video", `"type":"video","media":"https://x.example/a.mp4","size":27262976,"duration":600`, 0},
		{"video of no size", `"type":"video","media":"https://x.example/a.mp4"`, 4},
		{"large video", `"type":"video","media":"https://x.example/a.mp4","size":27262977`, 3},
		{"long video", `"type":"video","media":"https://x.example/a.mp4","size":1,"duration":601`, 3},
		{"file", `"type":"file","media":"https://x.example/a","size":1,"file_name":"a.pdf"`, 0},
		{"file of no name", `"type":"file","media":"https://x.example/a","size":1`, 4},
		{"file of no extension", `"type":"file","media":"https://x.example/a","size":1,"file_name":"a"`, 3},
		{"file of no size", `"type":"file","media":"https://x.example/a","file_name":"a.pdf"`, 4},
		{"contact", `"type":"contact","contact":{"name":"Ann","phone_number":"+886912345678"}`, 0},
		{"no contact", `"type":"contact"`, 4},
		{"location", `"type":"location","location":{"lat":-90,"lon":180}`, 0},
		{"off the map", `"type":"location","location":{"lat":-91,"lon":180}`, 3},
		{"url", `"type":"url","media":"https://x.example/"`, 0},
		{"long url", `"type":"url","media":"https://x.example/` + strings.Repeat("x", 2000) + `"`, 3},
		{"sticker", `"type":"sticker","sticker_id":46105`, 0},
		{"odd sticker", `"type":"sticker","sticker_id":"x"`, 3},
		{"keyboard alone", `"keyboard":{"Type":"keyboard","Buttons":[` + block(1) + `]}`, 0},
		{"12 rows", `"type":"text","text":"x","keyboard":{"Type":"keyboard","Buttons":[` + strings.Repeat(block(2)+",", 5) + block(2) + `]}`, 0},
		{"13 rows", `"type":"text","text":"x","keyboard":{"Type":"keyboard","Buttons":[` + strings.Repeat(block(2)+",", 6) + block(1) + `]}`, 3},
		{"no buttons", `"type":"text","text":"x","keyboard":{"Type":"keyboard","Buttons":[]}`, 4},
		{"odd keyboard", `"type":"text","text":"x","keyboard":{"Type":"rich_media","Buttons":[` + block(1) + `]}`, 3},
		{"high button", button(`"Rows":3,"ActionBody":"x","Text":"x"`), 3},
		{"wide button", button(`"Columns":7,"ActionBody":"x","Text":"x"`), 3},
		{"button of no body", button(`"Text":"x"`), 4},
		{"blank button", button(`"ActionBody":"x"`), 4},
		{"button of long text", button(`"ActionBody":"x","Text":"` + long(251) + `"`), 3},
		{"odd action", button(`"ActionType":"jump","ActionBody":"x","Text":"x"`), 3},
		{"odd flag", button(`"ActionBody":"x","Text":"x","Silent":"yes"`), 3},
		{"carousel", carousel(`"ButtonsGroupColumns":6,"ButtonsGroupRows":7,"Buttons":[` + block(3) + "," + block(4) + "," + block(7) + `]`), 0},
		{"six blocks", carousel(`"ButtonsGroupRows":2,"Buttons":[` + strings.Repeat(block(2)+",", 5) + block(2) + `]`), 0},
		{"seven blocks", carousel(`"ButtonsGroupRows":2,"Buttons":[` + strings.Repeat(block(2)+",", 6) + block(2) + `]`), 3},
		{"block with a hole", carousel(`"ButtonsGroupRows":7,"Buttons":[` + block(6) + `]`), 3},
		{"block that runs over", carousel(`"ButtonsGroupRows":3,"Buttons":[` + block(2) + "," + block(2) + "," + block(2) + `]`), 3},
		{"carousel of version 1", `"type":"rich_media","rich_media":{"Type":"rich_media","ButtonsGroupRows":1,"Buttons":[` + block(1) + `]}`, 14},
	} {
		got := w.send(mei, c.members)
		w.wants(c.name, got, c.status)
		if len(got.Token) != 19 || (c.status == 0) != (got.Billing == 1) {
			t.Errorf("%s: got the token %q and billing %d, want a token of its own", c.name, got.Token, got.Billing)
		}
	}
	w.wants("no receiver", w.call("send_message", `{"type":"text","text":"x"}`), 4)
	w.wants("odd receiver", w.send("+886912345678", `"type":"text","text":"x"`), 999)
	w.wants("unknown receiver", w.send("AAAAAAAAAAAAAAAAAAAAAA==", `"type":"text","text":"x"`), 5)
	w.wants("another bot's customer", w.callAs("t2", "send_message", `{"receiver":"`+mei+`","type":"text","text":"x"}`), 5)
	w.wants("no JSON", w.call("send_message", `{`), 3)
	w.wants("no object", w.call("send_message", `[]`), 3)
	w.wants("wrong token", w.callAs("t3", "send_message", `{"receiver":"`+mei+`","type":"text","text":"x"}`), 2)
	w.wants("no token", w.callAs("", "send_message", `{"receiver":"`+mei+`","type":"text","text":"x"}`), 2)
	w.wants("token in the body", w.callAs("", "send_message", `{"auth_token":"t1","receiver":"`+mei+`","type":"text","text":"x"}`), 0)
	if got := w.call("delete_message", `{}`); got.HTTP != 404 {
		t.Errorf("an endpoint that is not there: got HTTP %d, want 404", got.HTTP)
	}
}

func TestNobodyGetsMoreThan100MessagesAnHourWithoutAnAnswer(t *testing.T) {
	w := newWorld(t)
	mei, bob := w.meet("mei"), w.meet("bob")
	say := func(to string) answer { return w.send(to, `"type":"text","text":"x"`) }
	for i := range 100 {
		if i == 50 {
			w.Advance(30 * time.Minute)
		}
		w.wants("one of 100", say(mei), 0)
	}
	w.wants("the 101st", say(mei), 12)
	w.wants("to another", say(bob), 0)
	w.Advance(30 * time.Minute)
	w.wants("an hour after the first", say(mei), 0)
	for range 49 {
		w.wants("one of 50", say(mei), 0)
	}
	w.wants("the 101st again", say(mei), 12)
	w.meet("mei")
	w.wants("after an answer", say(mei), 0)
}

func TestDetailsAreToldTwiceIn12Hours(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	ask := func(id string) answer { return w.call("get_user_details", `{"id":"`+id+`"}`) }
	for range 2 {
		if got := ask(mei); got.Status != 0 || got.User.ID != mei || got.User.Name != "mei" || got.User.Language != "zh-TW" {
			t.Errorf("got %+v, want who mei is", got)
		}
		w.Advance(time.Hour)
	}
	w.wants("the third time", ask(mei), 12)
	w.Advance(10 * time.Hour)
	w.wants("12 hours after the first", ask(mei), 0)
	w.wants("again", ask(mei), 12)
	w.wants("unknown", ask("AAAAAAAAAAAAAAAAAAAAAA=="), 5)
	w.wants("odd", ask("mei"), 999)
	w.wants("nobody", w.call("get_user_details", `{}`), 4)
	w.Act(fake.Act{From: "mei", Block: true})
	w.wants("who left", ask(mei), 6)
}

func TestFaultsOfCalls(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	say := func(ref string) answer {
		return w.send(mei, `"type":"text","text":"x","tracking_data":"{\"ref\":\"`+ref+`\"}"`)
	}
	w.Faults(`{"rate429":1,"retry_after":7}`)
	got := say("a")
	if w.wants("too many", got, 12); got.Header.Get("Retry-After") != "7" {
		t.Errorf("got %v, want a wait of 7 s", got.Header)
	}
	w.Faults(`{"rate500":1}`)
	if got := say("a"); got.HTTP != 500 {
		t.Errorf("got HTTP %d, want 500", got.HTTP)
	}
	w.Faults(`{"expired_token":true}`)
	w.wants("expired", say("a"), 2)
	w.wants("expired, too", w.call("get_account_info", `{}`), 2)
	w.Faults(`{"down":true}`)
	if got := w.call("get_account_info", `{}`); got.HTTP != 503 {
		t.Errorf("got HTTP %d, want 503", got.HTTP)
	}
	if calls := w.Ledger.Calls("viber", mei); len(calls) != 0 {
		t.Errorf("got %+v, want nothing done", calls)
	}
	w.Faults(`{"accept_then_500":1}`)
	if got := say("a"); got.HTTP != 500 {
		t.Errorf("got HTTP %d, want 500", got.HTTP)
	}
	if calls := w.Ledger.Calls("viber", mei); len(calls) != 1 {
		t.Errorf("got %+v, want it done", calls)
	}
	w.Faults(`{"rate500":1,"account":"rival"}`)
	w.wants("the other bot's fault", say("b"), 0)
	w.Faults(`{"delay_ms":1}`)
	w.wants("late", say("c"), 0)
	w.Faults(`null`)
	w.wants("no faults", say("d"), 0)
	for plan, want := range map[string]string{
		`{"rate428":1}`: "rate428", `{"rate429":2}`: "between 0 and 1", `{"delay_ms":-1}`: "below 0", `{"account":"x"}`: "no account", `{} {}`: "more than one", `7`: "",
	} {
		if err := w.Platform.SetFaults(json.RawMessage(plan)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that says %q", plan, err, want)
		}
	}
}

// TestFaultsThatLoseTheAnswer: nothing was done, or all of it, and the caller cannot
// tell which.
func TestFaultsThatLoseTheAnswer(t *testing.T) {
	w := newWorld(t)
	mei := w.meet("mei")
	api := httptest.NewServer(w.Platform)
	defer api.Close()
	for plan, want := range map[string]int{`{"timeout":1}`: 0, `{"accept_then_drop":1}`: 1} {
		w.Faults(plan)
		before := len(w.Ledger.Calls("viber", mei))
		r, _ := http.NewRequest("POST", api.URL+"/pa/send_message", strings.NewReader(`{"receiver":"`+mei+`","type":"text","text":"x"}`))
		r.Header.Set("X-Viber-Auth-Token", "t1")
		resp, err := (&http.Client{Timeout: 300 * time.Millisecond}).Do(r)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s: got an answer, want none", plan)
		}
		if got := len(w.Ledger.Calls("viber", mei)) - before; got != want {
			t.Errorf("%s: got %d done, want %d", plan, got, want)
		}
	}
}
