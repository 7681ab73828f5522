package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/api/problem"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// asking is an adapter that has something done while the platform is asked.
type asking struct {
	channel.Adapter
	meanwhile func()
}

func (a *asking) Check(_ context.Context, of channel.Account) (channel.Standing, error) {
	if do := a.meanwhile; do != nil {
		a.meanwhile = nil
		do()
	}
	return channel.Standing{External: "U9bot", Name: "Bot"}, nil
}

func TestOfTwoEditorsOfOneVersionOneWins(t *testing.T) {
	sc := newScene(t)
	platform := &asking{Adapter: sc.API.Keeper.Adapters["line"]}
	sc.API.Keeper.Adapters["line"] = platform
	text := func(name string, more string) string {
		return `{"id":"line9","connection":"line9","channel":"line","name":"` + name + `","secrets":{"channel_secret":"s","channel_token":"t"}` + more + `}`
	}
	connect := func(name, more string) reply {
		return sc.do(ask{as: "admin", method: "POST", path: "/accounts", body: text(name, more)})
	}
	change := func(path, tag, body string) reply {
		return sc.do(ask{as: "admin", method: "PATCH", path: path, body: body, header: map[string]string{"If-Match": tag}})
	}
	stands := func(path string) reply {
		return sc.do(ask{as: "admin", method: "GET", path: path}).want(t, path, 200, "")
	}

	// While the platform is asked about what the one has given, the other is faster.
	platform.meanwhile = func() { connect("Faster", `,"unchecked":true,"external_id":"U9bot"`).want(t, "the faster", 201, "") }
	connect("Slower", "").want(t, "the same account at once", 409, hub.Conflict)
	if got := stands("/accounts/line9"); got.text("name") != "Faster" {
		t.Errorf("got %s, want what the faster one has given", got.raw)
	}

	tag := stands("/accounts/line9").header.Get("ETag")
	platform.meanwhile = func() {
		change("/accounts/line9", tag, `{"name":"Nine","unchecked":true}`).want(t, "the faster", 200, "")
	}
	change("/accounts/line9", tag, `{"scope":"provider"}`).want(t, "the slower", 412, problem.PreconditionFailed)
	if got := stands("/accounts/line9"); got.text("name") != "Nine" || got.text("scope") != "" {
		t.Errorf("got %s, want what the faster one has given alone", got.raw)
	}

	tag = stands("/connections/line9").header.Get("ETag")
	platform.meanwhile = func() {
		change("/connections/line9", tag, `{"secrets":{"channel_secret":"faster"},"unchecked":true}`).want(t, "the faster", 200, "")
	}
	change("/connections/line9", tag, `{"secrets":{"channel_secret":"slower"}}`).want(t, "the slower", 412, problem.PreconditionFailed)
	got, err := sc.Setup.Connection(t.Context(), "test", "line9")
	sc.must(err)
	if got.Secrets["channel_secret"].Reveal() != "faster" {
		t.Error("want the secret of the faster one")
	}
	change("/connections/line9", tag, `{"secrets":{"channel_secret":"late"}}`).want(t, "an old version", 412, problem.PreconditionFailed)
}

func TestListsOfSettingsComeInPages(t *testing.T) {
	sc := newScene(t)
	for i := range 3 {
		sc.do(ask{as: "admin", method: "POST", path: "/keys", body: `{"name":"x","scopes":["export"]}`}).want(t, "key", 201, "")
		sc.talk("test", fmt.Sprint("U", i), "hello", start()+hub.Millis(i))
		path := "/contacts/" + string(homeOf(t, sc, "test", fmt.Sprint("U", i))) + "/erasure"
		look := sc.do(ask{as: "admin", method: "GET", path: path}).want(t, "preview", 200, "")
		sc.do(ask{as: "admin", method: "POST", path: path, body: map[string]string{"confirm": look.text("confirm")}}).want(t, "erase", 202, "")
	}
	for path, want := range map[string]int{"/members": 5, "/keys": 3, "/accounts": 2, "/connections": 2, "/erasures": 3} {
		whole := sc.do(ask{as: "admin", method: "GET", path: path}).want(t, path, 200, "")
		var all, got []string
		for i := 0; whole.value("items", i) != nil; i++ {
			all = append(all, whole.text("items", i, "id"))
		}
		cursor := ""
		for pages := 0; pages == 0 || cursor != ""; pages++ {
			page := sc.do(ask{as: "admin", method: "GET", path: path + "?limit=1" + cursor}).want(t, path, 200, "")
			if page.value("items", 1) != nil || pages > want {
				t.Fatalf("%s: got %s on page %d, want one entry and an end", path, page.raw, pages)
			}
			if id := page.text("items", 0, "id"); id != "" {
				got = append(got, id)
			}
			if cursor = ""; page.text("next") != "" {
				cursor = "&cursor=" + page.text("next")
				sc.do(ask{as: "admin", method: "GET", path: "/tags?limit=1" + cursor}).want(t, "another list", 400, problem.CursorInvalid)
			}
		}
		if len(all) != want || strings.Join(got, " ") != strings.Join(all, " ") {
			t.Errorf("%s: got %v in pages and %v at once, want the same %d", path, got, all, want)
		}
	}
}

func TestWelcomeIsShown(t *testing.T) {
	sc := newScene(t)
	made := sc.do(ask{as: "admin", method: "POST", path: "/accounts", body: `{"id":"viber9","connection":"viber9","channel":"viber","external_id":"pa:9","unchecked":true,
		"secrets":{"auth_token":"4453b6ac12345678-a1b2c3d4e5f60718-9d1fd1e1a2b3c4d5"},"welcome":{"type":"text","text":"hello"}}`}).want(t, "connect", 201, "")
	one := sc.do(ask{as: "agent", method: "GET", path: "/accounts/viber9"}).want(t, "show", 200, "")
	list := sc.do(ask{as: "agent", method: "GET", path: "/accounts"}).want(t, "list", 200, "")
	if made.text("account", "welcome", "text") != "hello" || one.text("welcome", "text") != "hello" || list.text("items", 1, "welcome", "text") != "hello" {
		t.Errorf("got %s, %s, %s, want the welcome", made.raw, one.raw, list.raw)
	}
	if list.text("items", 0, "id") != "line1" || list.value("items", 0, "welcome") != nil {
		t.Errorf("got %s, want none where there is none", list.raw)
	}
}
