package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestTagsThatCannotBeKeepTheWholeCallFromBeingDone(t *testing.T) {
	sc := newScene(t)
	names := func(mark string) string {
		var list []string
		for i := range 11 {
			list = append(list, fmt.Sprintf("%q", fmt.Sprint(mark, i)))
		}
		return "[" + strings.Join(list, ",") + "]"
	}
	for tags, field := range map[string]string{
		`"tags":["a"," "]`:                                                "/tags/1",
		`"tags_to_add":["a` + "\u0085" + `b"]`:                            "/tags_to_add/0",
		`"tags_to_add":["a"],"tags_to_remove":["a "]`:                     "/tags_to_remove/0",
		`"tags_to_add":` + names("a") + `,"tags_to_remove":` + names("b"): "/tags_to_remove",
	} {
		for path, text := range map[string]string{"/contacts": `{"name":"Ann",` + tags + `}`, "/contacts:upsert": `{"match":"email","email":"ann@example.com",` + tags + `}`} {
			got := sc.do(ask{as: "admin", method: "POST", path: path, body: text}).want(t, text, 400, hub.BadRequest)
			if got.text("errors", 0, "field") != field {
				t.Errorf("%s: got %s, want %s named", text, got.raw, field)
			}
		}
	}
	if all := sc.do(ask{as: "admin", method: "GET", path: "/contacts"}); all.value("items", 0) != nil {
		t.Errorf("got %s, want nobody: all calls were refused", all.raw)
	}
}

func TestKeyThatIsFreeAgainNamesAnotherCall(t *testing.T) {
	sc := newScene(t)
	make := ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"Ann"}`, header: keyedBy("daily")}
	first := sc.do(make).want(t, "first", 201, "")
	sc.Clock.Advance(store.CallKept)
	if late := sc.do(make).want(t, "a day later", 201, ""); late.text("id") == first.text("id") {
		t.Error("got the contact of the day before, want another one")
	}
}

func TestVersionZeroIsNotAnyVersion(t *testing.T) {
	sc := newScene(t)
	zero := map[string]string{"If-Match": `"0"`}
	sc.do(ask{as: "admin", method: "PATCH", path: "", body: `{"name":"Taken over"}`, header: zero}).want(t, "team", 412, "precondition_failed")
	path := "/members/" + string(sc.Members["agent"].ID)
	sc.do(ask{as: "admin", method: "PATCH", path: path, body: `{"role":"admin"}`, header: zero}).want(t, "member", 412, "precondition_failed")
}

func TestJoinsAreUndoneAtTheirOwnContactOnly(t *testing.T) {
	sc := newScene(t)
	create := func(name string) string {
		sc.Clock.Advance(time.Second)
		return sc.do(ask{as: "admin", method: "POST", path: "/contacts", body: `{"name":"` + name + `"}`}).want(t, "create", 201, "").text("id")
	}
	a, b, c, stranger := create("A"), create("B"), create("C"), create("S")
	sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + a + "/joins", body: map[string]string{"with": b}}).want(t, "join", 200, "")
	sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + b + "/joins", body: map[string]string{"with": c}}).want(t, "join", 200, "")
	undo := func(at, key string) reply {
		return sc.do(ask{as: "admin", method: "POST", path: "/contacts/" + at + "/joins:undo", body: map[string]any{"pairs": [][2]string{{b, c}, {a, b}}}, header: keyedBy(key)})
	}
	undo(strings.Repeat("a", 32), "1").want(t, "of nobody", 404, hub.NotFound)
	undo(stranger, "2").want(t, "of another contact", 400, hub.BadRequest)
	if still := sc.do(ask{as: "admin", method: "GET", path: "/contacts/" + a}); still.value("homes", 2) == nil {
		t.Fatalf("got %s, want the three homes joined still", still.raw)
	}
	undo(a, "3").want(t, "its own", 200, "")
	if again := undo(a, "4").want(t, "once more", 200, ""); again.value("homes", 1) != nil {
		t.Errorf("got %s, want one home", again.raw)
	}
}

func TestPageOfLargeMessagesFitsIntoAnAnswer(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	for i := range 14 {
		at := start() + hub.Millis(i+1)
		_, err := sc.Store.PutIntent(t.Context(), refOf(u), hub.Intent{
			Key: hub.NewMessageKey(at, fmt.Sprint("m", i)), Class: hub.ClassPerson, Account: hubtest.LineAccount, Channel: "line", Accepted: at, Deadline: at + 1000,
			Content: hub.Content{Type: "native", Native: []byte(`{"text":"` + strings.Repeat("x", 250<<10) + `"}`)},
		})
		sc.must(err)
	}
	seen, path := 0, "/threads/"+string(u)+"/messages"
	for query := ""; ; {
		got := sc.do(ask{as: "admin", method: "GET", path: path + query}).want(t, "list", 200, "")
		if len(got.raw) > 3<<20 {
			t.Fatalf("got an answer of %d bytes, want less than a function may give", len(got.raw))
		}
		items, _ := got.value("items").([]any)
		seen += len(items)
		if got.text("next") == "" {
			break
		}
		query = "?cursor=" + got.text("next")
	}
	if seen != 15 {
		t.Errorf("got %d messages on all pages, want 15", seen)
	}
}

func TestAuditTellsWhatWasChangedOfTagsAndDefinitions(t *testing.T) {
	sc := newScene(t)
	call := func(method, path, body, match string) reply {
		t.Helper()
		sc.Clock.Advance(time.Second)
		got := sc.do(ask{as: "admin", method: method, path: path, body: body, header: map[string]string{"If-Match": match}})
		if got.status >= 300 {
			t.Fatalf("%s %s: got %d %s", method, path, got.status, got.raw)
		}
		return got
	}
	vip := call("POST", "/tags", `{"name":"VIP","days":30}`, "").text("id")
	call("PATCH", "/tags/"+vip, `{"days":7}`, `"1"`)
	call("POST", "/attributes", `{"key":"size","type":"text"}`, "")
	call("PATCH", "/attributes/size", `{"archived":true}`, `"1"`)
	home := call("POST", "/contacts", `{"name":"A","tags":["VIP"]}`, "").text("id")
	call("PATCH", "/contacts/"+home+"/tags", `{"tags":[]}`, "")
	audit := sc.do(ask{as: "admin", method: "GET", path: "/audit?limit=100"}).want(t, "audit", 200, "")
	var got []string
	for i := 0; audit.value("items", i) != nil; i++ {
		for field, name := range map[string]string{"days": "tag", "archived": "attribute", "tag/" + vip: "contact.tags"} {
			if action := audit.text("items", i, "action"); strings.HasPrefix(action, name) {
				got = append(got, fmt.Sprintf("%s %s>%s", action, audit.text("items", i, "before", field), audit.text("items", i, "after", field)))
			}
		}
	}
	want := []string{"tag.create >30", "tag.change 30>7", "attribute.create >false", "attribute.change false>true", "contact.tags off>on", "contact.tags on>off"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWelcomeIsTakenAwayAgain(t *testing.T) {
	sc := newScene(t)
	made := sc.do(ask{as: "admin", method: "POST", path: "/accounts", body: `{"id":"viber9","connection":"viber9","channel":"viber","external_id":"pa:9","unchecked":true,
		"secrets":{"auth_token":"4453b6ac12345678-a1b2c3d4e5f60718-9d1fd1e1a2b3c4d5"},"welcome":{"type":"text","text":"hello"}}`}).want(t, "connect", 201, "")
	welcomes := func() int {
		it, err := sc.Store.Connection(t.Context(), hubtest.Team, "viber9", store.Strict)
		sc.must(err)
		return len(it.Welcomes)
	}
	change := func(tag, text string) reply {
		return sc.do(ask{as: "admin", method: "PATCH", path: "/accounts/viber9", body: text, header: map[string]string{"If-Match": tag}}).want(t, text, 200, "")
	}
	named := change(made.header.Get("ETag"), `{"name":"Nine","unchecked":true}`)
	if welcomes() != 1 {
		t.Fatal("got no welcome, want it as it was")
	}
	if change(named.header.Get("ETag"), `{"welcome":null,"unchecked":true}`); welcomes() != 0 {
		t.Error("got a welcome still, want none")
	}
}

func TestMessageThatNoTableHoldsIsRefusedForGood(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	text := `{"content":{"type":"native","native":{"type":"text","text":"` + strings.Repeat("x", 500<<10) + `"}}}`
	sc.do(ask{as: "admin", method: "POST", path: "/threads/" + string(u) + "/messages", body: text}).want(t, "send", 413, hub.TooLarge)
}

func TestOptOutHoldsThoughTheOptInBearsTheTimeOfAClockAhead(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	ahead := hub.MillisOf(sc.Clock.Now().Add(5 * time.Second))
	_, _, err := sc.Store.Subscribe(t.Context(), refOf(u), hub.OptIn, ahead, arrivalOf("U1"))
	sc.must(err)
	path := "/contacts/" + string(sc.Team.Pepper.Home(hubtest.LineAccount, "U1", 0)) + "/subscription"
	for _, on := range []bool{false, true, false} {
		got := sc.do(ask{as: "admin", method: "PUT", path: path, body: map[string]bool{"marketing": on}}).want(t, path, 200, "")
		if got.value("takes_marketing") != on {
			t.Fatalf("got %s, want marketing %v", got.raw, on)
		}
	}
}
