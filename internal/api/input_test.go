package api

import (
	"strings"
	"testing"

	"omnihub/internal/api/body"
	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestWhatDoesNotFitIsNamed(t *testing.T) {
	sc := newScene(t)
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	lists := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, c := range []struct {
		what, body, field string
		status            int
		code              hub.Code
	}{
		{"an unknown member", `{"name":"x","role":"admin"}`, "/role", 400, hub.BadRequest},
		{"the team's id", `{"name":"x","team":"rival"}`, "/team", 400, hub.BadRequest},
		{"a number for a text", `{"name":1}`, "/name", 400, hub.BadRequest},
		{"a list for a text", `{"name":["x"]}`, "/name", 400, hub.BadRequest},
		{"null for a text", `{"name":null}`, "/name", 400, hub.BadRequest},
		{"a text that is too long", `{"name":"` + strings.Repeat("字", 201) + `"}`, "/name", 400, hub.BadRequest},
		{"control characters", `{"name":"a\u0000b"}`, "/name", 400, hub.BadRequest},
		{"nothing", `{}`, "", 400, hub.BadRequest},
		{"a list", `[]`, "", 400, hub.BadRequest},
		{"no body", ``, "", 400, hub.BadRequest},
		{"two values", `{"name":"x"}{}`, "", 400, hub.BadRequest},
		{"half a body", `{"name":"x"`, "", 400, hub.BadRequest},
		{"a name twice", `{"name":"x","name":"y"}`, "/name", 400, hub.BadRequest},
		{"a name twice, once escaped", `{"name":"x","n\u0061me":"y"}`, "/name", 400, hub.BadRequest},
		{"no UTF-8", "{\"name\":\"\xff\"}", "", 400, hub.BadRequest},
		{"a deep object", deep, "/a" + strings.Repeat("/a", body.MaxDepth-1), 400, hub.BadRequest},
		{"a deep list", lists, strings.Repeat("/0", body.MaxDepth), 400, hub.BadRequest},
		{"a number without an end", `{"name":1e999999999}`, "/name", 400, hub.BadRequest},
		{"a name with a slash", `{"a/b~c":1}`, "/a~1b~0c", 400, hub.BadRequest},
		{"a zone that there is not", `{"time_zone":"Asia/Nowhere"}`, "/time_zone", 400, hub.BadRequest},
		{"over 1 MB", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, "", 413, hub.TooLarge},
	} {
		got := sc.do(ask{as: "admin", method: "PATCH", path: "", body: c.body, header: map[string]string{"If-Match": `"1"`}})
		if got.status != c.status || got.text("code") != string(c.code) {
			t.Errorf("%s: got %d %s", c.what, got.status, got.raw)
			continue
		}
		if field := got.text("errors", 0, "field"); c.field != "" && field != c.field {
			t.Errorf("%s: got the field %q named, want %q: %s", c.what, field, c.field, got.raw)
		}
		if len(got.raw) > 8<<10 {
			t.Errorf("%s: got %d bytes of a problem", c.what, len(got.raw))
		}
	}
}

func TestQueryIsHeldAgainstItsDescription(t *testing.T) {
	sc := newScene(t)
	for query, name := range map[string]string{
		"limit=0": "limit", "limit=101": "limit", "limit=x": "limit", "limit=1&limit=2": "limit", "nosuch=1": "nosuch",
		"day=2026-13-01": "day", "day=yesterday": "day", "action=DROP": "action", "limit=99999999999999999999": "limit",
	} {
		got := sc.do(ask{as: "admin", method: "GET", path: "/audit?" + query}).want(t, query, 400, hub.BadRequest)
		if got.text("errors", 0, "parameter") != name {
			t.Errorf("%s: got %s, want %s named", query, got.raw, name)
		}
	}
	sc.do(ask{as: "admin", method: "GET", path: "/audit?limit=100&day=2026-10-05"}).want(t, "a good one", 200, "")
}

func TestBodyMustBeJSONAndWhereNoneIsTakenThereIsNone(t *testing.T) {
	sc := newScene(t)
	sc.do(ask{as: "admin", method: "POST", path: "/keys", body: `{}`, header: map[string]string{"Content-Type": "text/plain"}}).want(t, "text", 415, problem.UnsupportedMedia)
	sc.do(ask{as: "admin", method: "POST", path: "/accounts/line1/deactivate", body: `{"x":1}`}).want(t, "a body", 400, hub.BadRequest)
	got := sc.do(ask{as: "admin", method: "POST", path: "/keys", body: `{"name":"x","scopes":["contacts:read"]}`, header: map[string]string{"Content-Type": "Application/JSON; charset=utf-8"}})
	got.want(t, "JSON in capitals", 201, "")
}

func TestPathsThatThereAreNotAndMethodsThatTheyDoNotHave(t *testing.T) {
	sc := newScene(t)
	for _, path := range []string{"/v1", "/v1/", "/v1/teams/", "/v1/teams/test/", "/v1/teams/test/nosuch", "/v2/teams", "/open/v1/teams", "/open/v1/teams/test/members",
		"/v1/teams/test/members/a/b", "/v1/teams//members", "/v1/teams/test/members/%25zz", "/v1/openapi.json/x"} {
		sc.do(ask{as: "admin", method: "GET", path: path}).want(t, path, 404, hub.NotFound)
	}
	got := sc.do(ask{as: "admin", method: "PUT", path: "/members"}).want(t, "PUT", 405, hub.BadMethod)
	if got.header.Get("Allow") != "GET, POST" {
		t.Errorf("got Allow %q, want GET, POST", got.header.Get("Allow"))
	}
}

func TestIfMatchIsAskedForAndHeld(t *testing.T) {
	sc := newScene(t)
	change := func(match string) reply {
		q := ask{as: "admin", method: "PATCH", path: "", body: `{"name":"New"}`}
		if match != "" {
			q.header = map[string]string{"If-Match": match}
		}
		return sc.do(q)
	}
	stands := sc.do(ask{as: "admin", method: "GET", path: ""}).want(t, "read", 200, "").header.Get("ETag")
	change("").want(t, "none", 428, problem.PreconditionRequired)
	for _, bad := range []string{"*", "1", "W/" + stands, `"2"`, `"00"`, `"-1"`, `"0", "1"`, `"x"`, `"99999999999999"`} {
		change(bad).want(t, bad, 412, problem.PreconditionFailed)
	}
	got := change(stands).want(t, "the one that stands", 200, "")
	if got.header.Get("ETag") == stands || got.text("name") != "New" {
		t.Errorf("got %s with %s, want another version", got.raw, got.header.Get("ETag"))
	}
	change(stands).want(t, "the one before", 412, problem.PreconditionFailed)
	tag := "/tags/" + sc.do(ask{as: "admin", method: "POST", path: "/tags", body: `{"name":"VIP"}`}).want(t, "tag", 201, "").text("id")
	edit := ask{as: "admin", method: "PATCH", path: tag, body: `{"days":3}`, header: map[string]string{"If-Match": `"1"`}}
	sc.do(edit).want(t, "a tag", 200, "")
	sc.do(edit).want(t, "a tag that was changed", 412, problem.PreconditionFailed)
	id := string(sc.Members["agent"].ID)
	sc.do(ask{as: "admin", method: "DELETE", path: "/members/" + id, header: map[string]string{"If-Match": `"0"`}}).want(t, "any version", 412, problem.PreconditionFailed)
}

func TestCursorsAreGoodForTheirOwnListOnly(t *testing.T) {
	sc := newScene(t)
	for i := range 3 {
		sc.talk(hubtest.Team, "U"+string(rune('a'+i)), "hello", start()+hub.Millis(i))
		sc.talk(other, "U"+string(rune('a'+i)), "hello", start()+hub.Millis(i))
	}
	cursor := sc.do(ask{as: "admin", method: "GET", path: "/conversations?limit=1"}).want(t, "page", 200, "").text("next")
	with := func(q ask, c string) reply {
		sep := "?"
		if strings.Contains(q.path, "?") {
			sep = "&"
		}
		q.method, q.path = "GET", q.path+sep+"cursor="+c
		return sc.do(q)
	}
	with(ask{as: "admin", path: "/conversations"}, cursor).want(t, "its own list", 200, "")
	with(ask{as: "admin@rival", team: other, path: "/conversations"}, cursor).want(t, "another team", 400, problem.CursorInvalid)
	with(ask{as: "admin", path: "/contacts"}, cursor).want(t, "another list", 400, problem.CursorInvalid)
	contacts := sc.do(ask{as: "admin", method: "GET", path: "/contacts?limit=1"}).want(t, "contacts", 200, "").text("next")
	with(ask{as: "admin", path: "/contacts?account=line1"}, contacts).want(t, "other filters", 400, problem.CursorInvalid)
	with(ask{as: "admin", path: "/contacts?limit=2"}, contacts).want(t, "another length", 200, "")
	for i := range len(cursor) {
		forged := []byte(cursor)
		forged[i] = map[bool]byte{true: 'A', false: 'B'}[forged[i] != 'A']
		if got := with(ask{as: "admin", path: "/conversations"}, string(forged)); got.status != 400 || got.text("code") != string(problem.CursorInvalid) {
			t.Fatalf("a cursor that was changed at %d: got %d %s", i, got.status, got.raw)
		}
	}
	for _, junk := range []string{"a", "%21%21", "bnVsbA", strings.Repeat("A", 1000)} {
		with(ask{as: "admin", path: "/conversations"}, junk).want(t, junk, 400, problem.CursorInvalid)
	}
}
