package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func start() hub.Millis { return hub.MillisOf(hubtest.Start) }

func TestConversationIsTakenAnsweredReadAndClosed(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	got := sc.do(ask{as: "agent", method: "GET", path: "/conversations"}).want(t, "list", 200, "")
	conv, last := got.text("items", 0, "conversation", "id"), got.text("items", 0, "last_message")
	if got.text("items", 0, "id") != u || conv == "" || got.value("next") != nil {
		t.Fatalf("got %s, want the one thread", got.raw)
	}
	send := ask{as: "agent", method: "POST", path: "/threads/" + u + "/messages", body: `{"content":{"type":"text","text":"hi"}}`}
	sc.do(send).want(t, "send before it was taken", 409, hub.Refused)
	take := ask{as: "agent", method: "POST", path: "/threads/" + u + "/accept", body: map[string]string{"conversation": conv}}
	got = sc.do(take).want(t, "accept", 200, "")
	if got.text("conversation", "state") != "in_progress" || got.text("conversation", "assignee") != string(sc.Members["agent"].ID) {
		t.Errorf("got %s, want it to be the agent's", got.raw)
	}
	take.as = "supervisor"
	sc.do(take).want(t, "accept what another has", 409, hub.Conflict)
	take.as = "marketing_agent"
	sc.do(take).want(t, "accept what is not shown", 404, hub.NotFound)
	sc.Clock.Advance(time.Second)
	got = sc.do(send).want(t, "send", 202, "")
	if got.text("thread") != u || got.value("messages", 0) == nil {
		t.Errorf("got %s, want the message's id", got.raw)
	}
	at := sc.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	got = sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u}).want(t, "thread", 200, "")
	if got.text("last_team_message_at") != at || got.value("last_marketing_at") != nil || got.text("last_interaction_at") != got.text("last_received_at") {
		t.Errorf("got %s, want the team's message at %s", got.raw, at)
	}
	got = sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u + "/messages?limit=1"}).want(t, "messages", 200, "")
	if got.text("items", 0, "text") != "hi" || got.text("items", 0, "state") != "queued" || got.value("next") == nil {
		t.Errorf("got %s, want the newest first, and more", got.raw)
	}
	got = sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u + "/messages?limit=1&cursor=" + got.text("next")}).want(t, "next page", 200, "")
	if got.text("items", 0, "text") != "hello" {
		t.Errorf("got %s, want the customer's words", got.raw)
	}
	got = sc.do(ask{as: "agent", method: "POST", path: "/threads/" + u + "/read", body: map[string]string{"up_to": last}}).want(t, "read", 200, "")
	if got.value("unread") != false {
		t.Errorf("got %s, want it read", got.raw)
	}
	sc.talk(hubtest.Team, "U1", "one more", start()+1000)
	end := ask{as: "agent", method: "POST", path: "/threads/" + u + "/close", body: map[string]string{"conversation": conv, "last_message": last}}
	sc.do(end).want(t, "close over a new message", 409, hub.Conflict)
	got = sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u})
	end.body = map[string]string{"conversation": conv, "last_message": got.text("last_message")}
	got = sc.do(end).want(t, "close", 200, "")
	if got.value("conversation") != nil {
		t.Errorf("got %s, want it closed", got.raw)
	}
	sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u}).want(t, "own closed", 200, "")
	sc.do(ask{as: "marketing_agent", method: "GET", path: "/threads/" + u}).want(t, "another's closed", 404, hub.NotFound)
	sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).want(t, "an admin's look", 200, "")
}

func TestReleasedConversationWaitsForAllAgain(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	conv := sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u}).text("conversation", "id")
	sc.do(ask{as: "agent", method: "POST", path: "/threads/" + u + "/accept", body: map[string]string{"conversation": conv}}).want(t, "accept", 200, "")
	sc.Clock.Advance(time.Minute)
	got := sc.do(ask{as: "supervisor", method: "POST", path: "/threads/" + u + "/release", body: map[string]string{"conversation": conv}}).want(t, "release", 200, "")
	if got.text("conversation", "state") != "pending" || got.value("conversation", "bot_may_answer") != true {
		t.Errorf("got %s, want it pending", got.raw)
	}
	sc.do(ask{as: "supervisor", method: "POST", path: "/threads/" + u + "/release", body: map[string]string{"conversation": conv}}).want(t, "release twice", 409, hub.Conflict)
	sc.do(ask{as: "marketing_agent", method: "GET", path: "/threads/" + u}).want(t, "pending", 200, "")
}

func TestConversationsComeInPagesOldestFirstAndOnlyThoseThatAreShown(t *testing.T) {
	sc := newScene(t)
	var ids []string
	for i := range 7 {
		ids = append(ids, string(sc.talk(hubtest.Team, "U"+string(rune('a'+i)), "hello", start()+hub.Millis(i*1000))))
	}
	for _, u := range []string{ids[1], ids[4]} {
		conv := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).text("conversation", "id")
		sc.do(ask{as: "admin", method: "POST", path: "/threads/" + u + "/accept", body: map[string]string{"conversation": conv}}).want(t, "accept", 200, "")
	}
	walk := func(as string) (got []string) {
		path := "/conversations?limit=2"
		for range 10 {
			r := sc.do(ask{as: as, method: "GET", path: path}).want(t, "page", 200, "")
			for i := 0; r.value("items", i) != nil; i++ {
				got = append(got, r.text("items", i, "id"))
			}
			if r.value("next") == nil {
				return got
			}
			path = "/conversations?limit=2&cursor=" + r.text("next")
		}
		t.Fatal("the list has no end")
		return nil
	}
	if got := walk("admin"); strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("got %v, want all in order: %v", got, ids)
	}
	want := []string{ids[0], ids[2], ids[3], ids[5], ids[6]}
	if got := walk("agent"); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got %v, want what waits: %v", got, want)
	}
}

func TestProgramsAreNoPersons(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	send := func(class string) reply {
		return sc.do(ask{scopes: "messages:write", method: "POST", path: "/threads/" + u + "/messages", body: map[string]any{"class": class, "content": map[string]string{"type": "text", "text": "x"}}})
	}
	send("person").want(t, "as a person", http.StatusBadRequest, hub.BadRequest)
	send("marketing").want(t, "marketing", 202, "")
	sc.do(ask{as: "agent", method: "POST", path: "/messages", body: `{"account":"line1","to":"U9","content":{"type":"text","text":"x"}}`}).want(t, "an agent out of the blue", 403, "forbidden")
	got := sc.do(ask{scopes: "messages:write", method: "POST", path: "/messages", body: `{"account":"line1","to":"U9","content":{"type":"text","text":"x"}}`}).want(t, "to a new customer", 202, "")
	if got.text("thread") == "" {
		t.Errorf("got %s, want the thread", got.raw)
	}
	sc.do(ask{scopes: "messages:write", method: "POST", path: "/messages", body: `{"account":"nosuch","to":"U9","content":{"type":"text","text":"x"}}`}).want(t, "by no account", 409, hub.Refused)
}
