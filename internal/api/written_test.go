package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestWritingKeyIsToldIDsAlone: of a contact or a conversation that it may not read.
func TestWritingKeyIsToldIDsAlone(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "what the customer says", start()))
	home := string(homeOf(t, sc, hubtest.Team, "U1"))
	sc.do(ask{as: "admin", method: "PATCH", path: "/contacts/" + home, body: `{"email":"hidden@example.com","member_id":"M-1"}`}).want(t, "set up", 200, "")
	thread := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u})
	conv, last := thread.text("conversation", "id"), thread.text("last_message")
	for _, c := range []struct {
		scope, method, path, body string
		status                    int
		id                        string
	}{
		{"contacts:write", "PATCH", "/contacts/" + home, `{"name":"Ann"}`, 200, home},
		{"contacts:write", "PUT", "/contacts/" + home + "/note", `{"note":"x"}`, 200, home},
		{"contacts:write", "PUT", "/contacts/" + home + "/subscription", `{"marketing":false}`, 200, home},
		{"tags:write", "PATCH", "/contacts/" + home + "/tags", `{"tags_to_add":["VIP"]}`, 200, home},
		{"contacts:write", "POST", "/contacts:upsert", `{"match":"member_id","member_id":"M-1"}`, 200, home},
		{"contacts:write", "POST", "/contacts", `{"name":"Bob"}`, 201, ""},
		{"conversations:write", "POST", "/threads/" + u + "/read", `{"up_to":"` + last + `"}`, 200, u},
		{"conversations:write", "POST", "/threads/" + u + "/close", `{"conversation":"` + conv + `","last_message":"` + last + `"}`, 200, u},
	} {
		sc.Clock.Advance(time.Second)
		got := sc.do(ask{scopes: c.scope, method: c.method, path: c.path, body: c.body}).want(t, c.path, c.status, "")
		if id := got.text("id") + got.text("contact", "id"); id == "" || c.id != "" && id != c.id {
			t.Errorf("%s: got %s, want the id %s", c.path, got.raw, c.id)
		}
		for _, word := range []string{"hidden", "says", "name", "Ann", "preview", "followed"} {
			if strings.Contains(got.raw, word) {
				t.Errorf("%s: got %s, want nothing that the key may not read", c.path, got.raw)
			}
		}
	}
	both := sc.do(ask{scopes: "contacts:write contacts:read", method: "PATCH", path: "/contacts/" + home, body: `{"name":"Ann"}`}).want(t, "with both", 200, "")
	if both.text("email") != "hidden@example.com" {
		t.Errorf("got %s, want the contact for a key that may read it", both.raw)
	}
}

func TestUpsertSaysWhetherAChannelUserIsSubscribed(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	up := func(user, more string, status int, code hub.Code) reply {
		t.Helper()
		sc.Clock.Advance(time.Second)
		return sc.do(ask{as: "marketer", method: "POST", path: "/contacts:upsert",
			body: `{"user":{"account":"line1","external_id":"` + user + `"}` + more + `}`}).want(t, user+more, status, code)
	}
	takes := func(r reply) string {
		return fmt.Sprint(r.value("contact", "homes", 0, "subscription", "takes_marketing"), " ", r.value("contact", "homes", 0, "subscription", "takes_automatic"))
	}
	for _, c := range []struct{ user, status, want string }{
		{"U1", "false", "false true"}, {"U1", "true", "true true"}, {"U1", "true", "true true"},
		{"Unew", "false", "false true"}, {"Unew", "true", "true true"}, // one who has not written yet
		{"Uother", "true", "<nil> <nil>"}, // nothing is to be said of him
	} {
		if got := up(c.user, `,"status":`+c.status, 200, ""); takes(got) != c.want {
			t.Errorf("%s %s: got %s, want %s", c.user, c.status, got.raw, c.want)
		}
	}
	if got := up("U1", `,"name":"Ann"`, 200, ""); takes(got) != "true true" {
		t.Errorf("got %s, want it as it was", got.raw)
	}
	audit := sc.do(ask{as: "admin", method: "GET", path: "/audit?action=contact.subscription"})
	if audit.value("items", 3) == nil || audit.value("items", 4) != nil || audit.text("items", 0, "after", "marketing") != "off" {
		t.Errorf("got %s, want an entry of each change", audit.raw)
	}
	_, _, err := sc.Store.Subscribe(t.Context(), refOf(u), hub.OptOut, hub.MillisOf(sc.Clock.Now()), arrivalOf("U1"))
	sc.must(err)
	up("U1", `,"status":true,"name":"Changed"`, 409, hub.Refused)
	if got := up("U1", `,"status":false`, 200, ""); got.text("contact", "name") != "Ann" {
		t.Errorf("half of a refused call was done: got %s", got.raw)
	}
	got := sc.do(ask{as: "admin", method: "POST", path: "/contacts:upsert", body: `{"match":"email","email":"a@example.com","status":true}`}).want(t, "of nobody's channel", 400, hub.BadRequest)
	if got.text("errors", 0, "field") != "/status" {
		t.Errorf("got %s, want the status named", got.raw)
	}
}

func TestRepeatedUpsertDoesNotUnsubscribeAgain(t *testing.T) {
	sc := newScene(t)
	sc.talk(hubtest.Team, "U1", "hello", start())
	home := string(homeOf(t, sc, hubtest.Team, "U1"))
	sc.Clock.Advance(time.Second)
	_, got := sc.lost(ask{as: "admin", method: "POST", path: "/contacts:upsert", body: `{"user":{"account":"line1","external_id":"U1"},"name":"Ann","status":false}`}, func() {
		sc.do(ask{as: "admin", method: "PUT", path: "/contacts/" + home + "/subscription", body: `{"marketing":true}`}).want(t, "subscribed again", 200, "")
	})
	if got.value("created") != false {
		t.Errorf("got %s, want it told that the contact was there", got.raw)
	}
	if got.value("contact", "homes", 0, "subscription", "takes_marketing") != true {
		t.Errorf("the later word is gone: got %s", got.raw)
	}
}
