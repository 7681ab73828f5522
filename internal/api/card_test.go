package api

import (
	"maps"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestModuleIsSentInAThread(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	sc.call("POST", "/activities", linking("summer", "line1"), "").want(t, "activity", 201, "")
	module := sc.edit("POST", "/modules", `{"name":"x","channel":"line","cards":[{"type":"text","text":"first","buttons":[{"title":"Person","action":"handover"}]},{"type":"text","text":"second"},
		{"type":"omnilink","activity":"summer"}]}`, "").want(t, "module", 201, "").text("id")
	foreign := sc.edit("POST", "/modules", with(plainModule, "channel", "whatsapp"), "").want(t, "module", 201, "").text("id")
	sc.Clock.Advance(time.Second)
	send := func(as, module string) reply {
		return sc.do(ask{as: as, method: "POST", path: "/threads/" + u + "/messages", body: map[string]string{"module": module}, header: keyedBy("send" + as + module)})
	}
	send("agent", module).want(t, "before it was accepted", 409, hub.Refused)
	for what, id := range map[string]string{"none": strings.Repeat("a", 16), "another channel's": foreign} {
		if got := send("admin", id).want(t, what, 400, hub.BadRequest); got.text("errors", 0, "field") != "/module" {
			t.Errorf("%s: got %s, want the module named", what, got.raw)
		}
	}
	for _, body := range []string{`{}`, `{"content":{"type":"several","parts":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}`, `{"content":{"type":"text","text":"a","parts":[]}}`,
		`{"module":"` + module + `","content":{"type":"text","text":"x"}}`, `{"module":"x"}`} {
		sc.do(ask{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: body}).want(t, body, 400, hub.BadRequest)
	}
	first, again := send("admin", module).want(t, "send", 202, ""), send("admin", module)
	if again.raw != first.raw || first.value("messages", 0) == nil || first.value("messages", 1) != nil {
		t.Errorf("got %s and %s, want one message of LINE's for the three cards, once", first.raw, again.raw)
	}
	log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"})
	part := func(i int, path ...any) string {
		return log.text(append([]any{"items", 0, "content", "parts", i}, path...)...)
	}
	if part(0, "text") != "first" || part(1, "text") != "second" || !strings.HasPrefix(part(2, "buttons", 0, "url"), hubtest.API+"/l/test.") || log.value("items", 2) != nil ||
		log.text("items", 0, "type") != "several" || log.text("items", 0, "text") != "first\nsecond\n"+part(2, "text") || !strings.HasPrefix(part(0, "buttons", 0, "data"), "b1."+module+".1.") {
		t.Errorf("got %s, want the cards in their order", log.raw)
	}
	lost, again := sc.lost(ask{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: map[string]string{"module": module}}, nil)
	if lost.raw != again.raw {
		t.Errorf("got %s, want it told as the first: %s", again.raw, lost.raw)
	}
	if log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"}); log.value("items", 2) == nil || log.value("items", 3) != nil {
		t.Errorf("got %s, want one message more", log.raw)
	}
}

// narrow is a channel whose texts have up to eight characters.
type narrow struct{ channel.Adapter }

func (n narrow) Capabilities() channel.Capabilities {
	c := n.Adapter.Capabilities()
	c.Shows = maps.Clone(c.Shows)
	text := c.Shows[hub.Text]
	text.Body.Max = 8
	c.Shows[hub.Text] = text
	return c
}

// TestModuleIsSentWholeOrNotAtAll: a channel may have other limits than when it was saved.
func TestModuleIsSentWholeOrNotAtAll(t *testing.T) {
	sc := newScene(t)
	u := string(sc.talk(hubtest.Team, "U1", "hello", start()))
	module := sc.edit("POST", "/modules", `{"name":"x","channel":"line","cards":[{"type":"text","text":"short"},{"type":"text","text":"rather longer"}]}`, "").want(t, "module", 201, "").text("id")
	sc.API.Keeper.Adapters["line"] = narrow{sc.API.Keeper.Adapters["line"]}
	sc.Clock.Advance(time.Second)
	sc.do(ask{as: "admin", method: "POST", path: "/threads/" + u + "/messages", body: map[string]string{"module": module}}).want(t, "send", 422, hub.Unsupported)
	if log := sc.do(ask{as: "admin", method: "GET", path: "/threads/" + u + "/messages"}); log.value("items", 1) != nil {
		t.Errorf("got %s, want nothing sent", log.raw)
	}
}
