package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// menu is a module with a button that hands over, and one that leads to a module.
func menu(to string) string {
	return with(`{"name":"Menu","channel":"line","cards":[{"type":"text","text":"hi","buttons":[{"title":"Person","action":"handover","tags":["asked"]}]},{"type":"text","text":"more",
		"quick_replies":[{"title":"Go","action":"module","module":"`+to+`"}]}]}`, "name", "Menu")
}

// edit sends what a marketer may send.
func (sc *scene) edit(method, path, body, match string) reply {
	sc.t.Helper()
	q := ask{as: "marketer", method: method, path: path, header: map[string]string{}}
	if body != "" {
		q.body = body
	}
	if match != "" {
		q.header["If-Match"] = match
	}
	return sc.do(q)
}

const plainModule = `{"name":"Hours","channel":"line","cards":[{"type":"text","text":"10 to 21"}]}`

func TestModuleIsMadeChangedRestoredAndRemoved(t *testing.T) {
	sc := newScene(t)
	hours := sc.edit("POST", "/modules", plainModule, "").want(t, "create", 201, "").text("id")
	made := sc.edit("POST", "/modules", menu(hours), "").want(t, "create", 201, "")
	id, button := made.text("id"), made.text("cards", 0, "buttons", 0, "id")
	if len(button) != 6 || made.text("channel") != "line" || made.text("changed_by") != "member:"+string(sc.Members["marketer"].ID) || made.header.Get("ETag") != `"1"` || made.value("losses") == nil {
		t.Errorf("got %s, want the module with the ids of its buttons", made.raw)
	}
	path := "/modules/" + id
	sc.Clock.Advance(time.Second)
	change := `{"name":"Menu 2","cards":[{"type":"text","text":"ho","buttons":[{"id":"` + button + `","title":"Team","action":"handover"}]}]}`
	got := sc.edit("PUT", path, change, `"1"`).want(t, "change", 200, "")
	if got.text("name") != "Menu 2" || got.text("cards", 0, "buttons", 0, "id") != button || got.header.Get("ETag") != `"2"` || got.text("created_at") != made.text("created_at") {
		t.Errorf("got %s, want it changed, and the button to be the same", got.raw)
	}
	sc.edit("PUT", path, change, `"1"`).want(t, "change what changed", 412, "precondition_failed")
	if shown := sc.call("GET", path, "", ""); shown.text("name") != "Menu 2" || shown.header.Get("ETag") != `"2"` {
		t.Errorf("got %s, want it as it was changed", shown.raw)
	}
	sc.edit("POST", path+"/versions/1/restore", "", `"1"`).want(t, "restore over another", 412, "precondition_failed")
	sc.edit("POST", path+"/versions/9/restore", "", `"2"`).want(t, "what is not kept", 404, hub.NotFound)
	sc.edit("POST", path+"/versions/0/restore", "", `"2"`).want(t, "no version", 404, hub.NotFound)
	got = sc.edit("POST", path+"/versions/1/restore", "", `"2"`).want(t, "restore", 200, "")
	if got.text("name") != "Menu" || got.header.Get("ETag") != `"3"` || got.text("cards", 1, "quick_replies", 0, "module") != hours {
		t.Errorf("got %s, want the first version again", got.raw)
	}
	var versions []string
	for query := "?limit=2"; ; {
		got := sc.call("GET", path+"/versions"+query, "", "").want(t, "versions", 200, "")
		for i := 0; got.value("items", i) != nil; i++ {
			versions = append(versions, fmt.Sprint(got.value("items", i, "version"), got.text("items", i, "name")))
		}
		if got.text("next") == "" {
			break
		}
		query = "?limit=2&cursor=" + got.text("next")
	}
	if got := strings.Join(versions, " "); got != "3Menu 2Menu 2 1Menu" {
		t.Errorf("got the versions %s", got)
	}
	sc.edit("DELETE", path, "", `"2"`).want(t, "remove what changed", 412, "precondition_failed")
	sc.edit("DELETE", path, "", `"3"`).want(t, "remove", 204, "")
	sc.edit("GET", path, "", "").want(t, "removed", 404, hub.NotFound)
	sc.edit("GET", path+"/versions", "", "").want(t, "removed", 404, hub.NotFound)
	if got := sc.audits("module/" + id); got != "module.create module.change module.restore module.remove" {
		t.Errorf("got the audit %s, want each change once", got)
	}
}

func TestModuleThatIsUsedIsNotRemoved(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	hours := sc.edit("POST", "/modules", plainModule, "").want(t, "create", 201, "").text("id")
	user := sc.edit("POST", "/modules", menu(hours), "").want(t, "create", 201, "").text("id")
	rules := sc.edit("PUT", "/accounts/line1/replies", `{"rules":[{"trigger":"welcome","answer":{"module":"`+hours+`"}}]}`, sc.call("GET", "/accounts/line1/replies", "", "").header.Get("ETag")).want(t, "rules", 200, "")
	sc.call("POST", "/activities", with(linking("summer", "line1"), "failure.source", map[string]string{"module": hours}), "").want(t, "activity", 201, "")
	got := sc.edit("DELETE", "/modules/"+hours, "", `"1"`).want(t, "remove", 409, "in_use")
	want := fmt.Sprint([]any{"module/" + user, "account/line1/rules/" + rules.text("rules", 0, "id"), "activity/summer"})
	if fmt.Sprint(got.value("used_by")) != want {
		t.Errorf("got %s, want %s", got.raw, want)
	}
}

func TestWhatAModuleCannotBeIsNamed(t *testing.T) {
	sc := newScene(t)
	card := func(c string) string { return `{"name":"x","channel":"line","cards":[` + c + `]}` }
	long := strings.Repeat("x", 21)
	for _, c := range []struct{ body, field string }{
		{`{"name":"x","channel":"fax","cards":[{"type":"text","text":"x"}]}`, "/channel"},
		{card(``), "/cards"}, {card(`{"type":"text"}`), "/cards/0/text"}, {card(`{"type":"song","text":"x"}`), "/cards/0/type"}, {card(`{"type":"text","text":"x","colour":"red"}`), "/cards/0/colour"},
		{card(`{"type":"text","text":"x"},{"type":"text","text":"x","buttons":[{"title":"a","action":"none"},{"title":"` + long + `","action":"none"}]}`), "/cards/1/buttons/1"},
		{card(`{"type":"text","text":"x","buttons":[{"title":"a","action":"url"}]}`), "/cards/0/buttons/0/url"},
		{card(`{"type":"text","text":"x","buttons":[{"title":"a","action":"url","url":"javascript:alert(1)"}]}`), "/cards/0/buttons/0/url"},
		{card(`{"type":"text","text":"x","buttons":[{"title":"a","action":"module","module":"aaaaaaaaaaaaaaaa"}]}`), "/cards/0/buttons/0/module"},
		{card(`{"type":"text","text":"x","quick_replies":[{"title":"a","action":"none"}]},{"type":"text","text":"x"}`), "/cards/0/quick_replies"},
		{card(`{"type":"carousel","columns":[{"text":"x","buttons":[{"title":"a","action":"none"}]},{"text":"` + strings.Repeat("x", 200) + `","buttons":[{"title":"a","action":"none"}]}]}`), "/cards/0/columns/1/text"},
		{card(`{"type":"omnilink","activity":"nosuch"}`), "/cards/0/activity"},
	} {
		got := sc.edit("POST", "/modules", c.body, "").want(t, c.body, 400, hub.BadRequest)
		if got.text("errors", 0, "field") != c.field {
			t.Errorf("%s: got %s, want %s named", c.body, got.raw, c.field)
		}
	}
	if all := sc.call("GET", "/modules", "", ""); all.value("items", 0) != nil {
		t.Errorf("got %s, want none", all.raw)
	}
}

// leaflet is a module that LINE shows in another form only: it sends no files.
const leaflet = `{"name":"Leaflet","channel":"line","cards":[{"type":"file","media":{"url":"https://x.example/a.pdf"}}]}`

func TestModuleIsAdaptedOnlyIfThatIsWanted(t *testing.T) {
	sc := newScene(t)
	seen := sc.call("POST", "/modules:preview", leaflet, "").want(t, "preview", 200, "")
	if seen.text("faults", 0, "field") != "/cards/0/media" || seen.text("cards", 0, "losses", 0, "code") != "medium_as_link" || !strings.Contains(seen.text("cards", 0, "messages", 0, "text"), "https://x.example/a.pdf") ||
		seen.text("cards", 0, "native", 0, "type") != "text" {
		t.Errorf("got %s, want it told what is shown, and why it cannot be saved", seen.raw)
	}
	got := sc.edit("POST", "/modules", leaflet, "").want(t, "as it is", 400, hub.BadRequest)
	if got.text("errors", 0, "field") != "/cards/0/media" {
		t.Errorf("got %s, want the card named", got.raw)
	}
	made := sc.edit("POST", "/modules?adapt=true", leaflet, "").want(t, "adapted", 201, "")
	if made.text("losses", 0, "code") != "medium_as_link" {
		t.Errorf("got %s, want the loss told", made.raw)
	}
	path := "/modules/" + made.text("id")
	if saved := sc.call("GET", path+"/preview", "", "").want(t, "preview", 200, ""); saved.text("cards", 0, "losses", 0, "code") != "medium_as_link" {
		t.Errorf("got %s, want the saved one shown", saved.raw)
	}
	change := with(leaflet, "channel", nil)
	sc.edit("PUT", path, change, `"1"`).want(t, "change", 400, hub.BadRequest)
	sc.edit("PUT", path+"?adapt=true", change, `"1"`).want(t, "change adapted", 200, "")
	sc.edit("POST", path+"/versions/1/restore", "", `"2"`).want(t, "restore", 400, hub.BadRequest)
	if got := sc.edit("POST", path+"/versions/1/restore?adapt=true", "", `"2"`).want(t, "restore adapted", 200, ""); got.text("losses", 0, "code") != "medium_as_link" {
		t.Errorf("got %s, want the loss told", got.raw)
	}
	if bad := sc.call("POST", "/modules:preview", `{"name":"x","channel":"line","cards":[{"type":"image","text":"x"}]}`, "").want(t, "no form", 200, ""); bad.text("faults", 0, "field") != "/cards/0/media" {
		t.Errorf("got %s, want the fault", bad.raw)
	}
}

func TestPreviewShowsTheCardOfAnActivity(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	sc.call("POST", "/activities", linking("summer", "line1"), "").want(t, "activity", 201, "")
	module := `{"name":"x","channel":"line","cards":[{"type":"omnilink","activity":"summer"}]}`
	sc.API.Links.URL = "" // known by the request alone
	r := sc.do(ask{as: "marketing_agent", method: "POST", path: "/modules:preview", body: module, address: "https://api.example.tw"}).want(t, "preview", 200, "")
	if url := r.text("cards", 0, "messages", 0, "buttons", 0, "url"); r.text("cards", 0, "messages", 0, "text") != "Come over" || !strings.HasPrefix(url, "https://api.example.tw/l/test.") {
		t.Errorf("got %s, want the activity's card", r.raw)
	}
	sc.call("POST", "/activities/summer/disable", "", "").want(t, "off", 200, "")
	sc.Clock.Advance(time.Minute + time.Second)
	if got := sc.call("POST", "/modules:preview", module, "").want(t, "preview", 200, ""); got.text("faults", 0, "field") != "/cards/0/activity" {
		t.Errorf("got %s, want it told that the activity is off", got.raw)
	}
}

func TestModulesComeInPagesAndByChannel(t *testing.T) {
	sc := newScene(t)
	for i := range 3 {
		sc.edit("POST", "/modules", with(plainModule, "name", fmt.Sprint("L", i)), "").want(t, "create", 201, "")
	}
	sc.edit("POST", "/modules", with(with(plainModule, "name", "W"), "channel", "whatsapp"), "").want(t, "create", 201, "")
	walk := func(query string) (names []string) {
		last := ""
		for path := "/modules?limit=2" + query; ; {
			got := sc.call("GET", path, "", "").want(t, path, 200, "")
			for i := 0; got.value("items", i) != nil; i++ {
				if id := got.text("items", i, "id"); id <= last {
					t.Errorf("got %s behind %s", id, last)
				} else {
					last = id
				}
				names = append(names, got.text("items", i, "name"))
			}
			if got.text("next") == "" {
				return names
			}
			path = "/modules?limit=2" + query + "&cursor=" + got.text("next")
		}
	}
	if got := walk(""); len(got) != 4 {
		t.Errorf("got %v, want all", got)
	}
	if got := walk("&channel=line"); len(got) != 3 || strings.Contains(fmt.Sprint(got), "W") {
		t.Errorf("got %v, want those of LINE", got)
	}
	cursor := sc.call("GET", "/modules?limit=2", "", "").text("next")
	sc.do(ask{as: "admin@rival", team: other, method: "GET", path: "/modules?cursor=" + cursor}).want(t, "another team", 400, "cursor_invalid")
	sc.call("GET", "/modules?channel=line&cursor="+cursor, "", "").want(t, "other filters", 400, "cursor_invalid")
}

func TestLargeModulesFitIntoAnAnswer(t *testing.T) {
	sc := newScene(t)
	text := strings.Repeat("x", 5000)
	card := `{"type":"text","text":"` + text + `"}`
	made := sc.edit("POST", "/modules", `{"name":"x","channel":"line","cards":[`+strings.Repeat(card+",", 4)+card+`]}`, "").want(t, "create", 201, "")
	seen := 0
	m, err := sc.Store.Modules(t.Context(), hubtest.Team)
	sc.must(err)
	all := make([]hub.Module, 0, 100)
	for i := range 100 {
		m[0].Version = i + 1
		all = append(all, m[0])
	}
	c := &call{route: &Route{}, team: sc.Team, query: map[string]any{}}
	for left := all; len(left) > 0; seen++ {
		got, err := firstPage(c, left, showModule, func(m hub.Module) string { return fmt.Sprint(m.Version) })
		sc.must(err)
		page, _ := got.body.(list[moduleShown])
		raw, err := encode(got.body)
		if err != nil || len(raw) > maxPageBytes+100_000 || len(page.Items) == 0 || (page.Next == nil) != (len(page.Items) == len(left)) {
			t.Fatalf("got %d bytes, %d entries, next %v, %v", len(raw), len(page.Items), page.Next, err)
		}
		left = left[len(page.Items):]
	}
	if seen != 2 || made.text("id") == "" { // 50 a page, if they fit
		t.Errorf("got %d pages", seen)
	}
}
