package api

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/team/apikey"
)

var update = flag.Bool("update", false, "write the golden file anew")

// sample fills the parameters of a path with ids of the right form that name nothing.
func sample(path string) string {
	for name, id := range map[string]string{
		"connection": "nosuch", "account": "nosuch", "thread": strings.Repeat("a", 32), "contact": strings.Repeat("a", 32), "other": strings.Repeat("b", 32),
		"entry": strings.Repeat("a", 32), "member": strings.Repeat("a", 26), "key": strings.Repeat("a", 16), "tag": strings.Repeat("a", 20), "attribute": "nosuch", "erasure": strings.Repeat("a", 26),
		"module": strings.Repeat("a", 16), "version": "1", "activity": "nosuch", "picture": strings.Repeat("a", 32),
	} {
		path = strings.ReplaceAll(path, "{"+name+"}", id)
	}
	return path
}

// admitted tells what the API says to who asks, before it looks at anything that was
// given: "in", or the status. A member that is let in meets a request that cannot be
// good.
func (sc *scene) admitted(r Route, id hub.TeamID, q ask) string {
	q.method, q.team = r.Method, id
	q.path = strings.ReplaceAll(sample(r.Path), "{team}", string(id))
	if q.scopes != "" {
		q.path = openPrefix + q.path
	}
	q.path += "?nosuch=1"
	switch got := sc.do(q); {
	case got.status == http.StatusBadRequest && got.text("errors", 0, "parameter") == "nosuch":
		return "in"
	default:
		return fmt.Sprint(got.status)
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	sc := newScene(t)
	var out strings.Builder
	roles := append([]hub.Role{}, hub.Roles()...)
	fmt.Fprintf(&out, "# operation: what each role gets in its own team, and in another team; what a program\n# gets with the operation's scope, with all other scopes, and in another team.\n")
	for _, r := range Routes() {
		if r.Access != ForMembers {
			continue
		}
		line := []string{r.Operation}
		for _, role := range roles {
			line = append(line, fmt.Sprintf("%s=%s", role, sc.admitted(r, hubtest.Team, ask{as: string(role)})))
		}
		for _, role := range roles {
			if got := sc.admitted(r, hubtest.Team, ask{as: string(role) + "@rival"}); got != "404" {
				t.Errorf("%s: a foreign %s gets %s, want 404", r.Operation, role, got)
			}
		}
		line = append(line, "foreign=404")
		if got := sc.admitted(r, hubtest.Team, ask{}); got != "401" {
			t.Errorf("%s: nobody gets %s, want 401", r.Operation, got)
		}
		var others []string
		for _, s := range apikey.Scopes() {
			if string(s) != r.Scope {
				others = append(others, string(s))
			}
		}
		with, without := "none", sc.admitted(r, hubtest.Team, ask{scopes: strings.Join(others, " ")})
		if r.Scope != "" {
			with = r.Scope + "=" + sc.admitted(r, hubtest.Team, ask{scopes: r.Scope})
		}
		sc.Clock.Advance(1e9) // a program has so many calls a second
		line = append(line, "scope:"+with, "other scopes="+without)
		fmt.Fprintln(&out, strings.Join(line, "  "))
	}
	const golden = "testdata/rights.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")
	for i := range max(len(wanted), len(got)) {
		if i >= len(wanted) || i >= len(got) || wanted[i] != got[i] {
			t.Fatalf("line %d of %s differs:\ngot  %s\nwant %s\n(go test -run TestWhoMayDoWhat -update writes it anew)", i+1, golden, at(got, i), at(wanted, i))
		}
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

func TestForeignTeamAnswersByteForByteAsOneThatThereIsNot(t *testing.T) {
	sc := newScene(t)
	for _, r := range Routes() {
		if r.Access != ForMembers {
			continue
		}
		for _, who := range []ask{{as: "admin@rival"}, {scopes: strings.Join(scopesOf(), " ")}} {
			if who.scopes != "" && r.Scope == "" {
				continue
			}
			get := func(id hub.TeamID) reply {
				q := who
				q.method, q.path = r.Method, strings.ReplaceAll(sample(r.Path), "{team}", string(id))
				if q.scopes != "" {
					q.path, q.team = openPrefix+q.path, other
				}
				return sc.do(q)
			}
			foreign, missing := get(hubtest.Team), get("nosuchteam")
			if foreign.status != 404 || foreign.raw != missing.raw || fmt.Sprint(foreign.header) != fmt.Sprint(missing.header) {
				t.Errorf("%s: got %d %s %v, and of no team %d %s %v", r.Operation, foreign.status, foreign.raw, foreign.header, missing.status, missing.raw, missing.header)
			}
		}
	}
}

func scopesOf() []string {
	var all []string
	for _, s := range apikey.Scopes() {
		all = append(all, string(s))
	}
	return all
}

// TestIdsOfAnotherTeamAnswerAsMissingOnes asks in the own team for what only the other
// team has, and for what nobody has.
func TestIdsOfAnotherTeamAnswerAsMissingOnes(t *testing.T) {
	sc := newScene(t)
	there := map[string]string{"connection": "rival1", "account": "rival1", "attribute": "rivalkey"}
	there["thread"] = string(sc.talk(other, "Urival", "hello", start()))
	there["contact"] = string(homeOf(t, sc, other, "Urival"))
	there["other"] = string(homeOf(t, sc, other, "Urival"))
	there["member"] = string(sc.Members["agent@rival"].ID)
	k := sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/keys", body: `{"name":"x","scopes":["export"]}`}).want(t, "key", 201, "")
	there["key"] = k.text("id")
	there["tag"] = sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/tags", body: `{"name":"x"}`}).want(t, "tag", 201, "").text("id")
	sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/attributes", body: `{"key":"rivalkey","type":"text"}`}).want(t, "attribute", 201, "")
	sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/accounts",
		body: `{"id":"rival1","connection":"rival1","channel":"line","external_id":"Urivalbot","unchecked":true,"secrets":{"channel_secret":"s","channel_token":"t"}}`}).want(t, "account", 201, "")
	look := sc.do(ask{as: "admin@rival", team: other, method: "GET", path: "/contacts/" + there["contact"] + "/erasure"}).want(t, "preview", 200, "")
	there["erasure"] = sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/contacts/" + there["contact"] + "/erasure", body: map[string]string{"confirm": look.text("confirm")}}).want(t, "erase", 202, "").text("id")
	there["entry"] = strings.Repeat("c", 32)
	there["version"] = "1"
	there["module"] = sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/modules", body: `{"name":"x","channel":"line","cards":[{"type":"text","text":"x"}]}`}).want(t, "module", 201, "").text("id")
	there["picture"] = sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/pictures", body: `{"mime":"image/png","size":9}`}).want(t, "picture", 201, "").text("id")
	there["activity"] = "rival1"
	sc.whatsApp(other)
	sc.do(ask{as: "admin@rival", team: other, method: "POST", path: "/activities", body: linking("rival1", "rival1")}).want(t, "activity", 201, "")
	sc.bucket()
	bodies := map[string]string{
		"MemberChange": `{"name":"x"}`, "ConnectionChange": `{"secrets":{"channel_secret":"x"},"unchecked":true}`, "AccountChange": `{"name":"x","unchecked":true}`,
		"Confirmed": `{"confirm":"1791170475123.abc"}`, "ContactChange": `{"name":"x"}`, "Note": `{"note":"x"}`, "TagsChange": `{"tags_to_add":["x"]}`, "SubscriptionChange": `{"marketing":false}`,
		"NewJoin": `{"with":"` + there["contact"] + `"}`, "JoinsUndone": `{"pairs":[["` + there["contact"] + `","` + strings.Repeat("d", 32) + `"]]}`, "Never": `{"why":"x"}`,
		"TagChange": `{"days":3}`, "AttributeChange": `{"title":"x"}`, "NewMessage": `{"content":{"type":"text","text":"x"}}`, "ReadMark": `{"up_to":"1791170475123#1"}`,
		"ConversationNamed": `{"conversation":"` + strings.Repeat("a", 26) + `"}`, "ModuleChange": `{"name":"x","cards":[{"type":"text","text":"x"}]}`, "RepliesChange": `{"rules":[]}`, "ActivityChange": linking("", "line1"),
		"ConversationSeen": `{"conversation":"` + strings.Repeat("a", 26) + `","last_message":"1791170475123#1"}`,
	}
	for _, r := range Routes() {
		if r.Access != ForMembers || strings.Count(r.Path, "{") < 2 {
			continue
		}
		fill := func(ids map[string]string) reply {
			path := r.Path
			for name, id := range ids {
				path = strings.ReplaceAll(path, "{"+name+"}", id)
			}
			q := ask{as: "admin", method: r.Method, path: strings.ReplaceAll(sample(path), "{team}", string(hubtest.Team))}
			if r.Body != "" {
				q.body = bodies[r.Body]
			}
			if r.IfMatch {
				q.header = map[string]string{"If-Match": `"1"`}
			}
			return sc.do(q)
		}
		foreign, missing := fill(there), fill(nil)
		if foreign.status != 404 || foreign.raw != missing.raw || fmt.Sprint(foreign.header) != fmt.Sprint(missing.header) {
			t.Errorf("%s: got %d %s, and of a missing one %d %s", r.Operation, foreign.status, foreign.raw, missing.status, missing.raw)
		}
	}
}

func homeOf(t *testing.T, sc *scene, id hub.TeamID, external string) hub.HomeID {
	t.Helper()
	tm, err := sc.Hub.Settings.Team(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return tm.Pepper.Home(hubtest.LineAccount, external, 0)
}

func TestDisabledAndRemovedMembersAreOutAtOnce(t *testing.T) {
	sc := newScene(t)
	sc.do(ask{as: "agent", method: "GET", path: "/tags"}).want(t, "before", 200, "")
	id := string(sc.Members["agent"].ID)
	got := sc.do(ask{as: "admin", method: "PATCH", path: "/members/" + id, body: `{"state":"disabled"}`, header: map[string]string{"If-Match": `"1"`}}).want(t, "disable", 200, "")
	sc.do(ask{as: "agent", method: "GET", path: "/tags"}).want(t, "disabled", 404, hub.NotFound)
	if r := sc.do(ask{as: "agent", method: "GET", path: "/v1/teams"}).want(t, "teams", 200, ""); r.value("items", 0) != nil {
		t.Errorf("got %s, want no team", r.raw)
	}
	got = sc.do(ask{as: "admin", method: "PATCH", path: "/members/" + id, body: `{"state":"active"}`, header: map[string]string{"If-Match": got.header.Get("ETag")}}).want(t, "enable", 200, "")
	sc.do(ask{as: "agent", method: "GET", path: "/tags"}).want(t, "enabled", 200, "")
	sc.do(ask{as: "admin", method: "DELETE", path: "/members/" + id, header: map[string]string{"If-Match": got.header.Get("ETag")}}).want(t, "remove", 204, "")
	sc.do(ask{as: "agent", method: "GET", path: "/tags"}).want(t, "removed", 404, hub.NotFound)
	admin := string(sc.Members["admin"].ID)
	sc.do(ask{as: "admin", method: "PATCH", path: "/members/" + admin, body: `{"role":"agent"}`, header: map[string]string{"If-Match": `"1"`}}).want(t, "the last admin", 409, hub.Refused)
}

func TestNothingOfACallerComesFromHeaders(t *testing.T) {
	sc := newScene(t)
	for name, v := range map[string]string{"X-Team": "test", "X-Tenant": "test", "Authorization": "Bearer x", "X-Member": "admin", "X-Role": "admin"} {
		sc.do(ask{method: "GET", path: "/tags", header: map[string]string{name: v}}).want(t, name, 401, "unauthorized")
		sc.do(ask{as: "admin@rival", method: "GET", path: "/tags", header: map[string]string{name: v}}).want(t, name, 404, hub.NotFound)
	}
	// A program's grant opens no path of people, and a person's token none of programs.
	sc.do(ask{scopes: "contacts:read", method: "GET", path: "/v1/teams/test/tags"}).want(t, "a program as a person", 401, "unauthorized")
	sc.do(ask{as: "admin", method: "GET", path: "/open/v1/teams/test/tags"}).want(t, "a person as a program", 401, "unauthorized")
}

func TestIDTokensOpenNothing(t *testing.T) {
	sc := newScene(t)
	for _, path := range []string{"/tags", "/v1/teams"} {
		sc.do(ask{as: "admin", use: "id", method: "GET", path: path}).want(t, "an ID token", 401, "unauthorized")
		sc.do(ask{as: "admin", use: "access", method: "GET", path: path}).want(t, "an access token", 200, "")
	}
}
