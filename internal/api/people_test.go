package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestContactIsMadeChangedTaggedAndFound(t *testing.T) {
	sc := newScene(t)
	sc.do(ask{as: "admin", method: "POST", path: "/attributes", body: `{"key":"points","type":"number"}`}).want(t, "attribute", 201, "")
	made := sc.do(ask{as: "marketer", method: "POST", path: "/contacts",
		body: `{"member_id":"M-1","name":"王小明","email":"Ming@Example.com","phone":"886912 345-678","attributes":{"points":12.50},"tags":["VIP"]}`}).want(t, "create", 201, "")
	id := made.text("id")
	for field, want := range map[string]string{"member_id": "M-1", "name": "王小明", "email": "ming@example.com", "phone": "+886912345678"} {
		if got := made.text(field); got != want {
			t.Errorf("%s: got %q, want %q", field, got, want)
		}
	}
	if made.text("attributes", "points") != "12.50" || made.text("tags", 0, "name") != "VIP" || made.text("homes", 0, "id") != id {
		t.Errorf("got %s, want the exact number, the tag and the home", made.raw)
	}
	sc.Clock.Advance(time.Second)
	got := sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + id, body: `{"email":null,"name":"王大明","attributes":{"points":null}}`}).want(t, "change", 200, "")
	if got.value("email") != nil || got.text("name") != "王大明" || got.value("attributes", "points") != nil || got.text("phone") == "" {
		t.Errorf("got %s, want the email cleared, the rest as it was", got.raw)
	}
	sc.do(ask{as: "agent", method: "PUT", path: "/contacts/" + id + "/note", body: `{"note":"line one\nline two"}`}).want(t, "note", 200, "")
	sc.do(ask{as: "agent", method: "PUT", path: "/contacts/" + id + "/note", body: `{"note":"x","name":"y"}`}).want(t, "more than the note", 400, hub.BadRequest)
	for _, query := range []string{"phone=%2B886912345678", "phone=886912345678", "member_id=M-1", "tag=VIP", ""} {
		found := sc.do(ask{as: "agent", method: "GET", path: "/contacts?" + query}).want(t, query, 200, "")
		if found.text("items", 0, "id") != id || found.value("items", 1) != nil {
			t.Errorf("%s: got %s, want the one contact", query, found.raw)
		}
	}
	for _, query := range []string{"email=ming@example.com", "tag=vip", "crm_id=x", "account=line1"} {
		if found := sc.do(ask{as: "agent", method: "GET", path: "/contacts?" + query}).want(t, query, 200, ""); found.value("items", 0) != nil {
			t.Errorf("%s: got %s, want nobody", query, found.raw)
		}
	}
	sc.do(ask{as: "agent", method: "GET", path: "/contacts?phone=886912345678&tag=VIP"}).want(t, "two lists", 400, hub.BadRequest)
	sc.do(ask{as: "agent", method: "GET", path: "/contacts?account=line1&tag=VIP"}).want(t, "two lists", 400, hub.BadRequest)
	wrong := sc.do(ask{as: "agent", method: "GET", path: "/contacts?phone=12"}).want(t, "a wrong number", 400, hub.BadRequest)
	if wrong.text("errors", 0, "parameter") != "phone" {
		t.Errorf("got %s, want the parameter named", wrong.raw)
	}
	sc.Clock.Advance(time.Second)
	got = sc.do(ask{as: "agent", method: "PATCH", path: "/contacts/" + id + "/tags", body: `{"tags_to_add":["new"],"tags_to_remove":["VIP"]}`}).want(t, "tags", 200, "")
	if got.text("tags", 0, "name") != "new" || got.value("tags", 1) != nil {
		t.Errorf("got %s, want one tag", got.raw)
	}
	sc.do(ask{as: "agent", method: "PATCH", path: "/contacts/" + id + "/tags", body: `{"tags_to_add":["new"],"tags":["a"]}`}).want(t, "replace and add", 400, hub.BadRequest)
}

func TestWrongFieldsOfAProfileAreNamed(t *testing.T) {
	sc := newScene(t)
	for text, field := range map[string]string{
		`{"email":"no"}`: "/email", `{"phone":"12"}`: "/phone", `{"birthday":"2026-02-30"}`: "/birthday", `{"attributes":{"nosuch":"x"}}`: "/attributes/nosuch",
		`{"attributes":{"a-b":"x"}}`: "", `{"username":"x"}`: "/username", `{"member_id":{"a":1}}`: "/member_id", `{"name":"` + strings.Repeat("x", 201) + `"}`: "/name",
	} {
		got := sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: text}).want(t, text, 400, hub.BadRequest)
		if field != "" && got.text("errors", 0, "field") != field {
			t.Errorf("%s: got %s, want %s named", text, got.raw, field)
		}
	}
}

func TestUpsertFindsByAValueOrByAChannelUser(t *testing.T) {
	sc := newScene(t)
	up := func(text string, status int, code hub.Code) reply {
		t.Helper()
		sc.Clock.Advance(time.Second)
		return sc.do(ask{scopes: "contacts:write contacts:read", method: "POST", path: "/contacts:upsert", body: text}).want(t, text, status, code)
	}
	first := up(`{"match":"member_id","member_id":"M-1","email":"a@example.com","tags":["a","b"]}`, 200, "")
	second := up(`{"match":"email","email":"A@example.com","name":"Ann","tags_to_add":["c"],"tags_to_remove":["a"]}`, 200, "")
	if first.value("created") != true || second.value("created") != false || first.text("home") != second.text("home") {
		t.Errorf("got %s and %s, want the same home", first.raw, second.raw)
	}
	if second.text("contact", "member_id") != "M-1" || second.text("contact", "tags", 0, "name") != "b" || second.text("contact", "tags", 1, "name") != "c" {
		t.Errorf("got %s, want M-1 with b and c", second.raw)
	}
	third := up(`{"match":"email","email":"a@example.com","tags":["z"]}`, 200, "")
	if third.text("contact", "tags", 0, "name") != "z" || third.value("contact", "tags", 1) != nil {
		t.Errorf("got %s, want z alone", third.raw)
	}
	user := up(`{"user":{"account":"line1","external_id":"Unew"},"member_id":"M-1"}`, 200, "")
	if user.text("contact", "member_id") != "M-1" || user.value("contact", "homes", 1) == nil {
		t.Errorf("got %s, want the channel user joined by the member id", user.raw)
	}
	up(`{"match":"email","name":"x"}`, 400, hub.BadRequest)
	up(`{"match":"email","email":"x@example.com","user":{"account":"line1","external_id":"U"}}`, 400, hub.BadRequest)
	up(`{"name":"x"}`, 400, hub.BadRequest)
	up(`{"match":"name","name":"x"}`, 400, hub.BadRequest)
	none := up(`{"user":{"account":"nosuch","external_id":"U"}}`, 409, hub.Refused)
	sent := sc.do(ask{as: "admin", method: "POST", path: "/messages", body: `{"account":"nosuch","to":"U","content":{"type":"text","text":"x"}}`}).want(t, "send", 409, hub.Refused)
	if sent.text("detail") != none.text("detail") || sent.text("errors", 0, "field") != "/account" || none.text("errors", 0, "field") != "/user/account" {
		t.Errorf("got %s and %s of an account that there is not, want the same, with its place", none.raw, sent.raw)
	}
}

func TestJoinWhyUndoAndNever(t *testing.T) {
	sc := newScene(t)
	create := func(text string) string {
		sc.Clock.Advance(time.Second)
		return sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: text}).want(t, "create", 201, "").text("id")
	}
	a, b, c := create(`{"name":"A","member_id":"M-1"}`), create(`{"name":"B"}`), create(`{"name":"C","member_id":"M-2"}`)
	join := func(x, y string) reply {
		return sc.do(ask{as: "marketing_agent", method: "POST", path: "/contacts/" + x + "/joins", body: map[string]string{"with": y, "why": "seen in the shop"}})
	}
	got := join(b, a).want(t, "join", 200, "")
	if got.text("id") != a || got.text("name") != "B" || got.text("member_id") != "M-1" || got.text("joins", 0, "evidence") != "person" {
		t.Errorf("got %s, want one contact with its evidence", got.raw)
	}
	why := sc.do(ask{as: "agent", method: "GET", path: "/contacts/" + a + "/joins/" + b}).want(t, "why", 200, "")
	if why.text("joins", 0, "detail") != "seen in the shop" {
		t.Errorf("got %s, want the evidence", why.raw)
	}
	join(b, c).want(t, "two member ids", 409, "member_id_conflict")
	taken := sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + c, body: `{"member_id":"M-1"}`})
	if taken.status != 409 || taken.value("contacts", 0) == nil {
		t.Errorf("got %d %s, want the contact that has it", taken.status, taken.raw)
	}
	undo := ask{as: "admin", method: "POST", path: "/contacts/" + a + "/joins:undo", body: map[string]any{"pairs": [][]string{{a, b}}}}
	got = sc.do(undo).want(t, "undo", 200, "")
	if got.text("name") != "A" || got.value("homes", 1) != nil {
		t.Errorf("got %s, want A alone", got.raw)
	}
	sc.do(ask{as: "admin", method: "PUT", path: "/contacts/" + a + "/never/" + b, body: `{"why":"father and son"}`}).want(t, "never", 204, "")
	join(a, b).want(t, "join what is never one", 409, "never_join")
	sc.do(ask{as: "admin", method: "DELETE", path: "/contacts/" + a + "/never/" + b}).want(t, "take back", 204, "")
	join(a, b).want(t, "join again", 200, "")
	sc.do(ask{as: "admin", method: "PUT", path: "/contacts/" + a + "/never/" + b, body: `{"why":"x"}`}).want(t, "never of one", 409, "already_one")
	audit := sc.do(ask{as: "supervisor", method: "GET", path: "/audit?action=contact"}).want(t, "audit", 200, "")
	for _, action := range []string{"contact.create", "contact.join", "contact.undo", "contact.never"} {
		if !strings.Contains(audit.raw, action) {
			t.Errorf("got no %s in the audit", action)
		}
	}
	if strings.Contains(audit.raw, "M-1") || strings.Contains(audit.raw, `"A"`) {
		t.Errorf("got a value of a person in the audit: %s", audit.raw)
	}
}

func TestListShowsEachContactOnceByItsAccount(t *testing.T) {
	sc := newScene(t)
	var homes []string
	for i := range 5 {
		sc.talk(hubtest.Team, fmt.Sprint("U", i), "hello", start()+hub.Millis(i*1000))
		homes = append(homes, string(homeOf(t, sc, hubtest.Team, fmt.Sprint("U", i))))
	}
	sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + homes[1] + "/joins", body: map[string]string{"with": homes[3]}}).want(t, "join", 200, "")
	for _, filter := range []string{"", "&account=line1", "&channel=line"} {
		var got []string
		path := "/contacts?limit=2" + filter
		for range 10 {
			r := sc.do(ask{as: "admin", method: "GET", path: path}).want(t, path, 200, "")
			for i := 0; r.value("items", i) != nil; i++ {
				got = append(got, r.text("items", i, "id"))
			}
			if r.value("next") == nil {
				break
			}
			path = "/contacts?limit=2" + filter + "&cursor=" + r.text("next")
		}
		if want := []string{homes[4], homes[2], homes[1], homes[0]}; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q: got %v, want %v", filter, got, want)
		}
	}
	if r := sc.do(ask{as: "admin", method: "GET", path: "/contacts?channel=viber"}); r.value("items", 0) != nil {
		t.Errorf("got %s, want nobody", r.raw)
	}
}

func TestSubscriptionIsTheCustomersOwnFirst(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	home := string(homeOf(t, sc, hubtest.Team, "U1"))
	put := func(on bool) reply {
		sc.Clock.Advance(time.Second)
		return sc.do(ask{as: "marketer", method: "PUT", path: "/contacts/" + home + "/subscription", body: map[string]bool{"marketing": on}})
	}
	if got := put(false).want(t, "off", 200, ""); got.value("takes_marketing") != false || got.value("takes_automatic") != true {
		t.Errorf("got %s, want no marketing, and answers", got.raw)
	}
	put(false).want(t, "off again", 200, "")
	if got := put(true).want(t, "on", 200, ""); got.value("takes_marketing") != true {
		t.Errorf("got %s, want it on", got.raw)
	}
	_, _, err := sc.Store.Subscribe(t.Context(), refOf(u), hub.OptOut, hub.MillisOf(sc.Clock.Now()), arrivalOf("U1"))
	sc.must(err)
	put(true).want(t, "against his will", 409, hub.Refused)
	got := sc.do(ask{as: "admin", method: "GET", path: "/contacts/" + home}).want(t, "show", 200, "")
	if got.value("homes", 0, "subscription", "takes_automatic") != false || got.text("homes", 0, "thread") != string(u) {
		t.Errorf("got %s, want how he stands", got.raw)
	}
	var told []string
	for _, e := range sc.Published() {
		if strings.HasPrefix(e.Kind, "subscription.") {
			told = append(told, fmt.Sprint(e.Kind, " ", e.Detail["channel"], " ", e.Detail["home"] == home, " ", e.Detail["user"] == string(u), " ", e.Detail["event"] != nil))
		}
	}
	if want := []string{"subscription.marketing_out line true true true", "subscription.opted_in line true true true"}; strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q published, want %q", told, want)
	}
	audit := sc.do(ask{as: "admin", method: "GET", path: "/audit?action=contact.subscription"})
	if audit.text("items", 0, "after", "marketing") != "off" || audit.value("items", 2) != nil {
		t.Errorf("got %s, want two changes", audit.raw)
	}
}

func TestPersonIsErasedOnConfirmationOnly(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	home := string(homeOf(t, sc, hubtest.Team, "U1"))
	erase := func(confirm string) reply {
		return sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + home + "/erasure", body: map[string]string{"confirm": confirm}})
	}
	erase("nonsense").want(t, "no token", 400, hub.BadRequest)
	look := sc.do(ask{as: "admin", method: "GET", path: "/contacts/" + home + "/erasure"}).want(t, "preview", 200, "")
	if look.text("contact") != home || look.value("messages") != 1.0 || look.value("threads") != 1.0 {
		t.Errorf("got %s, want what would be erased", look.raw)
	}
	erase("9999999999999.aaaa").want(t, "a forged token", 409, hub.Conflict)
	begun := erase(look.text("confirm")).want(t, "erase", 202, "")
	got := sc.do(ask{as: "admin", method: "GET", path: "/erasures/" + begun.text("id")}).want(t, "show", 200, "")
	if got.text("phase") != "begun" || got.text("by") != "member:"+string(sc.Members["admin"].ID) {
		t.Errorf("got %s, want it begun", got.raw)
	}
	sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).want(t, "the thread", 404, hub.NotFound)
	if all := sc.do(ask{as: "admin", method: "GET", path: "/erasures"}).want(t, "list", 200, ""); all.text("items", 0, "id") != begun.text("id") {
		t.Errorf("got %s, want it listed", all.raw)
	}
	sc.do(ask{as: "admin", method: "POST", path: "/erasures:allow", body: `{"field":"email","value":"x@example.com"}`}).want(t, "allow what was not erased", 404, hub.NotFound)
	sc.do(ask{as: "admin", method: "POST", path: "/erasures:allow", body: `{"field":"email","value":"no"}`}).want(t, "allow what is none", 400, hub.BadRequest)
}

func TestExportGivesOutAllThatIsKnownInPages(t *testing.T) {
	sc := newScene(t)
	sc.talk(hubtest.Team, "U1", "hello", start())
	home := string(homeOf(t, sc, hubtest.Team, "U1"))
	sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + home, body: `{"email":"mei@example.com"}`}).want(t, "change", 200, "")
	shop := sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"Mei Lin","tags":["VIP"]}`}).want(t, "create", 201, "").text("id")
	sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + home + "/joins", body: `{"with":"` + shop + `"}`}).want(t, "join", 200, "")
	var all strings.Builder
	joins, cursor := 0, ""
	for range 100 {
		got := sc.do(ask{as: "supervisor", method: "GET", path: "/contacts/" + shop + "/export?raw=true" + cursor}).want(t, "export", 200, "")
		for got.value("joins", joins) != nil {
			joins++
		}
		all.WriteString(got.raw)
		if got.value("next") == nil {
			cursor = ""
			break
		}
		cursor = "&cursor=" + got.text("next")
	}
	for _, want := range []string{"hello", "mei@example.com", "Mei Lin", "VIP", `"kind":"audit"`, `"kind":"raw"`} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the export lacks %s", want)
		}
	}
	if joins != 1 || cursor != "" {
		t.Errorf("got %d joins, want 1; and the end of it: %q", joins, cursor)
	}
}
