package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// whatsApp gives a team the account "wa2", to which links may lead.
func (sc *scene) whatsApp(id hub.TeamID) {
	sc.t.Helper()
	as := "admin"
	if id == other {
		as += "@rival"
	}
	sc.do(ask{as: as, team: id, method: "POST", path: "/accounts", body: `{"id":"wa2","connection":"wa2","channel":"whatsapp","external_id":"` + string(id) + `2","unchecked":true,
		"secrets":{"app_secret":"a","verify_token":"v","access_token":"t","display_number":"+886 2 7700 1234"}}`}).want(sc.t, "connect", 201, "")
}

// linking is an activity from an account to "wa2"; of a change without an id.
func linking(id, from string) string {
	v := map[string]any{
		"name": "Summer", "enabled": true, "source_account": from, "target_account": "wa2", "card": map[string]any{"text": "Come over", "button": "Go"}, "message": "Hello",
		"success": map[string]any{"source": map[string]string{"text": "linked"}, "target": map[string]string{"text": "welcome"}}, "failure": map[string]any{"source": map[string]string{"text": "no"}},
		"tags": map[string]any{"source": []string{"left"}, "target": []string{"arrived"}}, "journey": "welcome", "confirm": "always",
	}
	if id != "" {
		v["id"] = id
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// with is a body with a member of it, named by its path, in the place of what was there;
// nil takes it away.
func with(body, path string, v any) string {
	var whole map[string]any
	_ = json.Unmarshal([]byte(body), &whole)
	at, parts := whole, strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		at, _ = at[p].(map[string]any)
	}
	if at[parts[len(parts)-1]] = v; v == nil {
		delete(at, parts[len(parts)-1])
	}
	raw, _ := json.Marshal(whole)
	return string(raw)
}

// bucket makes the bucket of pictures.
func (sc *scene) bucket() {
	sc.t.Helper()
	blobs := sc.API.Library.Blobs
	_, err := blobs.Client.CreateBucket(sc.t.Context(), &s3.CreateBucketInput{Bucket: &blobs.Bucket})
	sc.must(err)
}

// call sends what a marketing agent may send.
func (sc *scene) call(method, path, body, match string) reply {
	sc.t.Helper()
	q := ask{as: "marketing_agent", method: method, path: path, header: map[string]string{}}
	if body != "" {
		q.body = body
	}
	if match != "" {
		q.header["If-Match"] = match
	}
	return sc.do(q)
}

// audits are the actions upon a target on the scene's day, in order.
func (sc *scene) audits(target string) string {
	sc.t.Helper()
	got := sc.do(ask{as: "admin", method: "GET", path: "/audit?limit=100&target=" + target})
	var list []string
	for i := 0; got.value("items", i) != nil; i++ {
		list = append(list, got.text("items", i, "action"))
	}
	return strings.Join(list, " ")
}

func TestActivityIsMadeChangedSwitchedAndRemoved(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	got := sc.call("POST", "/activities", linking("summer", "line1"), "").want(t, "create", 201, "")
	if got.text("id") != "summer" || got.text("card", "button") != "Go" || got.value("card", "image") != nil || got.text("success", "target", "text") != "welcome" ||
		got.text("failure", "source", "text") != "no" || got.text("tags", "target", 0) != "arrived" || got.text("journey") != "welcome" || got.text("confirm") != "always" ||
		got.value("enabled") != true || got.text("message") != "Hello" || got.header.Get("ETag") != `"1"` || got.value("totals", "successes") != 0.0 || got.value("advice") == nil {
		t.Errorf("got %s, want what was given", got.raw)
	}
	other := sc.call("POST", "/activities", with(linking("summer", "line1"), "name", "Other"), "").want(t, "another of the id", 409, hub.Refused)
	if other.text("errors", 0, "field") != "/id" || other.text("errors", 0, "detail") != "there is an activity of this id" {
		t.Errorf("got %s, want the id at fault", other.raw)
	}
	nameless := sc.call("POST", "/activities", with(linking("", "line1"), "confirm", "never"), "").want(t, "without an id", 201, "")
	if id := nameless.text("id"); len(id) != 16 || !strings.Contains(nameless.text("advice", 0), "can join his own account") {
		t.Errorf("got %s, want an id, and to be warned", nameless.raw)
	}
	sc.Clock.Advance(time.Second)
	less := `{"name":"Autumn","enabled":true,"source_account":"line1","target_account":"wa2","card":{"text":"Come","button":"Go"},"success":{"target":{"text":"hi"}}}`
	got = sc.call("PUT", "/activities/summer", less, `"1"`).want(t, "change", 200, "")
	if got.text("name") != "Autumn" || got.value("success", "source") != nil || got.value("failure", "source") != nil || got.value("tags", "source", 0) != nil || got.text("confirm") != "matters" || got.text("message") != "" {
		t.Errorf("got %s, want nothing that was not given", got.raw)
	}
	if got := sc.call("PUT", "/activities/summer", with(less, "enabled", nil), `"2"`).want(t, "without its status", 400, hub.BadRequest); !strings.Contains(got.raw, `"/enabled"`) {
		t.Errorf("got %s, want the status asked for", got.raw)
	}
	sc.call("PUT", "/activities/summer", less, `"1"`).want(t, "change what changed", 412, "precondition_failed")
	sc.call("PUT", "/activities/nosuch", less, `"1"`).want(t, "change what is not", 404, hub.NotFound)
	for i, step := range []struct {
		action string
		on     bool
	}{{"disable", false}, {"disable", false}, {"enable", true}} {
		got = sc.call("POST", "/activities/summer/"+step.action, "", "").want(t, step.action, 200, "")
		if got.value("enabled") != step.on {
			t.Errorf("%d %s: got %s", i, step.action, got.raw)
		}
	}
	if shown := sc.call("GET", "/activities/summer", "", ""); shown.raw != got.raw || shown.header.Get("ETag") != `"4"` {
		t.Errorf("got %s, want it as it was answered: %s", shown.raw, got.raw)
	}
	sc.call("DELETE", "/activities/summer", "", `"2"`).want(t, "remove what changed", 412, "precondition_failed")
	sc.call("DELETE", "/activities/summer", "", `"4"`).want(t, "remove", 204, "")
	for _, path := range []string{"", "/statistics?from=2026-10-01&to=2026-10-02", "/successes?from=2026-10-01&to=2026-10-02", "/export?from=2026-10-01&to=2026-10-02"} {
		sc.call("GET", "/activities/summer"+path, "", "").want(t, path, 404, hub.NotFound)
	}
	for _, body := range []string{linking("summer", "line1"), with(linking("summer", "line1"), "name", "Other")} {
		again := sc.call("POST", "/activities", body, "").want(t, "one of a deleted one's id", 409, hub.Refused)
		if again.text("errors", 0, "field") != "/id" || !strings.Contains(again.text("errors", 0, "detail"), "was deleted") || !strings.Contains(again.text("errors", 0, "detail"), "choose another id") {
			t.Errorf("got %s, want to be told why, and what to do", again.raw)
		}
	}
	if got := sc.audits("activity/summer"); got != "activity.create activity.change activity.disable activity.enable activity.remove" {
		t.Errorf("got the audit %s, want each change once", got)
	}
}

func TestWhatAnActivityCannotBeIsNamed(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	good := linking("summer", "line1")
	for _, c := range []struct {
		path, field string
		v           any
	}{
		{"id", "/id", "A#"}, {"name", "/name", ""}, {"name", "/name", " "}, {"name", "/name", strings.Repeat("字", 101)}, {"enabled", "/enabled", nil},
		{"nosuch", "/nosuch", 1}, {"version", "/version", 1}, {"source_account", "/source_account", "nosuch"}, {"target_account", "/target_account", "line1"},
		{"card.text", "/card/text", "\u0000"}, {"card", "/card", map[string]string{"text": strings.Repeat("x", 5000), "button": "Go"}}, {"card.url", "/card/url", "https://evil.example"},
		{"message", "/message", strings.Repeat("x", 501)}, {"success.target", "/success/target", nil}, {"success.target", "/success/target", map[string]string{}},
		{"success.source.module", "/success/source", "aaaaaaaaaaaaaaaa"}, {"success.source", "/success/source/module", map[string]string{"module": "aaaaaaaaaaaaaaaa"}},
		{"failure.source", "/failure/source/text", map[string]string{"text": strings.Repeat("x", 5001)}}, {"success.target.text", "/success/target/text", strings.Repeat("x", 4097)},
		{"tags.source", "/tags/source", []string{"a", "a"}}, {"tags.target", "/tags/target/0", []string{"a\nb"}}, {"confirm", "/confirm", "perhaps"},
		{"card.image", "/card/image/proof", map[string]any{"id": strings.Repeat("a", 26), "width": 1}},
	} {
		got := sc.call("POST", "/activities", with(good, c.path, c.v), "").want(t, c.path, 400, hub.BadRequest)
		if got.text("errors", 0, "field") != c.field && !strings.Contains(got.raw, `"`+c.field+`"`) {
			t.Errorf("%s: got %s, want %s named", c.path, got.raw, c.field)
		}
	}
	// Why an account cannot be a side is told in words.
	got := sc.call("POST", "/activities", with(with(good, "source_account", "wa2"), "target_account", "line1"), "").want(t, "to LINE without LIFF", 400, hub.BadRequest)
	if got.text("errors", 0, "field") != "/target_account" || !strings.Contains(got.text("errors", 0, "detail"), "LIFF") {
		t.Errorf("got %s, want the LIFF app asked for", got.raw)
	}
	if all := sc.call("GET", "/activities", "", ""); all.value("items", 0) != nil {
		t.Errorf("got %s, want none", all.raw)
	}
}

func TestCampaignsAreChangedOnceThoughAnswersAreLost(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	same := func(method, path, body, match string) reply {
		t.Helper()
		q := ask{as: "marketer", method: method, path: path, header: map[string]string{"If-Match": match}}
		if body != "" {
			q.body = body
		}
		first, again := sc.lost(q, nil)
		if first.raw != again.raw || first.header.Get("ETag") != again.header.Get("ETag") {
			t.Errorf("%s %s: got %s, want the first answer: %s", method, path, again.raw, first.raw)
		}
		return again
	}
	m := same("POST", "/modules?adapt=true", leaflet, "")
	path := "/modules/" + m.text("id")
	m = same("PUT", path+"?adapt=true", with(leaflet, "channel", nil), m.header.Get("ETag"))
	m = same("POST", path+"/versions/1/restore?adapt=true", "", m.header.Get("ETag"))
	same("DELETE", path, "", m.header.Get("ETag"))
	same("PUT", "/accounts/wa2/replies?adapt=true", `{"rules":[{"trigger":"welcome","answer":{"content":{"type":"cards","cards":[{"text":"x"}]}}}]}`, `"1"`)
	a := same("POST", "/activities", with(linking("", "line1"), "confirm", "never"), "")
	if !strings.Contains(a.text("advice", 0), "can join his own account") {
		t.Errorf("got %s, want to be warned again", a.raw)
	}
	path = "/activities/" + a.text("id")
	a = same("PUT", path, linking("", "line1"), a.header.Get("ETag"))
	same("POST", path+"/disable", "", "")
	a = same("POST", path+"/enable", "", "")
	same("DELETE", path, "", a.header.Get("ETag"))
	if got := sc.audits("activity/" + strings.TrimPrefix(path, "/activities/")); got != "activity.create activity.change activity.disable activity.enable activity.remove" {
		t.Errorf("got the audit %s, want each change once", got)
	}
	// What was taken away in between is not made again.
	q := ask{as: "marketer", method: "POST", path: "/modules", body: plainModule, header: keyedBy("gone")}
	whole := sc.API.Store
	sc.API.Store = sc.broken(func(operation, body string) bool { return operation == "UpdateItem" && strings.Contains(body, ":cut") })
	id := sc.do(q).want(t, "create", 201, "").text("id")
	sc.API.Store = whole
	sc.edit("DELETE", "/modules/"+id, "", `"1"`).want(t, "remove", 204, "")
	sc.Clock.Advance(time.Hour)
	sc.do(q).want(t, "again", 409, hub.Refused)
	sc.edit("GET", "/modules/"+id, "", "").want(t, "still gone", 404, hub.NotFound)
}
