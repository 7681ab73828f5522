package api

import (
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestMessageThatWasTakenBackIsNotShown(t *testing.T) {
	sc := newScene(t)
	u := sc.talk(hubtest.Team, "U1", "hello", start())
	path := "/threads/" + string(u) + "/messages"
	sc.Clock.Advance(time.Second)
	sent := sc.do(ask{as: "admin", method: "POST", path: path, body: `{"content":{"type":"text","text":"my-own-secret"}}`}).want(t, "send", 202, "")
	now := hub.MillisOf(sc.Clock.Now())
	_, err := sc.Store.Stamp(t.Context(), refOf(u), hub.MessageKey(sent.text("messages", 0)), hub.Stamps{Accepted: now, PlatformID: "p1"})
	sc.must(err)
	got := sc.do(ask{as: "admin", method: "GET", path: path}).want(t, "messages", 200, "")
	if got.text("items", 0, "text") != "my-own-secret" || got.text("items", 0, "content", "text") != "my-own-secret" || got.value("items", 0, "unsent_at") != nil {
		t.Fatalf("got %s, want it shown before", got.raw)
	}
	_, err = sc.Store.PutAction(t.Context(), refOf(u), hub.Action{Kind: "unsend", Target: "p1", Actor: "a", Event: "e", Account: hubtest.LineAccount, Channel: "line", At: now + 1, Received: now + 1})
	sc.must(err)
	got = sc.do(ask{as: "admin", method: "GET", path: path}).want(t, "messages", 200, "")
	if got.text("items", 0, "unsent_at") == "" || got.text("items", 1, "text") != "hello" {
		t.Errorf("got %s, want it told when it was taken back, and the other message", got.raw)
	}
	if strings.Contains(got.raw, "my-own-secret") {
		t.Errorf("got %s, want nothing of what was said", got.raw)
	}
}

func TestConversationIsNotClosedOverALateMessage(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()+1000))
	seen := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).want(t, "thread", 200, "")
	last := seen.text("last_message")
	read := ask{as: "admin", method: "POST", path: "/threads/" + u + "/read", body: map[string]any{"up_to": last}}
	sc.do(read).want(t, "read", 200, "")
	th, err := sc.Store.Thread(t.Context(), refOf(hub.UserKey(u)))
	sc.must(err)
	_, err = sc.Store.PutLate(t.Context(), refOf(hub.UserKey(u)), &th, hub.Inbound{Key: hub.NewMessageKey(start(), "late"), Event: "late", Hash: "late", Type: hub.Text, Text: "late", Received: start() + 2000})
	sc.must(err)
	end := ask{as: "admin", method: "POST", path: "/threads/" + u + "/close", body: map[string]string{"conversation": seen.text("conversation", "id"), "last_message": last}}
	sc.do(end).want(t, "close over a late message", 409, hub.Conflict)
	late := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u}).want(t, "thread", 200, "").text("late", 0)
	read.body = map[string]any{"up_to": last, "late": []string{late}}
	sc.do(read).want(t, "read the late one", 200, "")
	sc.do(end).want(t, "close after it was read", 200, "")
}

func TestMarketingIsSentByRolesThatMay(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	conv := sc.do(ask{as: "agent", method: "GET", path: "/threads/" + u}).text("conversation", "id")
	sc.do(ask{as: "agent", method: "POST", path: "/threads/" + u + "/accept", body: map[string]string{"conversation": conv}}).want(t, "accept", 200, "")
	send := func(as string) reply {
		return sc.do(ask{as: as, method: "POST", path: "/threads/" + u + "/messages", body: `{"class":"marketing","content":{"type":"text","text":"x"}}`})
	}
	send("agent").want(t, "by an agent", 403, "forbidden")
	send("supervisor").want(t, "by a supervisor", 202, "")
}
