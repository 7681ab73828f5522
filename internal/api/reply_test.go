package api

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

func TestRepliesAreReplacedAsAWhole(t *testing.T) {
	sc := newScene(t)
	path := "/accounts/line1/replies"
	seen := sc.call("GET", path, "", "").want(t, "read", 200, "")
	if seen.text("rules", 0, "words", 0) != "ping" || seen.text("rules", 0, "answer", "content", "text") != "pong" {
		t.Fatalf("got %s, want the account's keyword", seen.raw)
	}
	rules := `{"rules":[{"trigger":"keyword","match":"regexp","words":["^hi+$"],"name":"Greeting","answer":{"content":{"type":"text","text":"hello"}},"tags":["met"],
		"hours":[{"days":[1,5],"from":"09:00","to":"18:00"}],"outside":true,"in_progress":true},
		{"trigger":"fallback","every":"message","off":true,"answer":{"system":"human"}}]}`
	got := sc.edit("PUT", path, rules, seen.header.Get("ETag")).want(t, "change", 200, "")
	if got.text("rules", 0, "name") != "Greeting" || got.text("rules", 0, "id") == "" || got.value("rules", 1, "off") != true || got.value("rules", 2) != nil || got.value("rules", 0, "hours", 0, "days", 1) != 5.0 {
		t.Errorf("got %s, want the rules", got.raw)
	}
	if shown := sc.call("GET", path, "", ""); shown.raw != got.raw || shown.header.Get("ETag") != got.header.Get("ETag") {
		t.Errorf("got %s, want them as they were answered: %s", shown.raw, got.raw)
	}
	sc.edit("PUT", path, rules, seen.header.Get("ETag")).want(t, "change what changed", 412, "precondition_failed")
	sc.edit("PUT", path, rules, "").want(t, "without a version", 428, "precondition_required")
	stands := got.header.Get("ETag")
	one := func(r string) string {
		return `{"rules":[{"trigger":"welcome","answer":{"system":"human"}},` + r + `]}`
	}
	for _, c := range []struct{ body, field string }{
		{`{}`, "/rules"}, {one(`{"trigger":"keyword","answer":{"system":"human"}}`), "/rules/1/match"}, {one(`{"trigger":"keyword","match":"exact","answer":{"system":"human"}}`), "/rules/1/words"},
		{one(`{"trigger":"keyword","match":"regexp","words":["a","("],"answer":{"system":"human"}}`), "/rules/1/words/1"}, {one(`{"trigger":"often","answer":{"system":"human"}}`), "/rules/1/trigger"},
		{one(`{"trigger":"welcome","answer":{"system":"human","module":"aaaaaaaaaaaaaaaa"}}`), "/rules/1/answer"}, {one(`{"trigger":"welcome","answer":{"module":"aaaaaaaaaaaaaaaa"}}`), "/rules/1/answer/module"},
		{one(`{"trigger":"welcome","answer":{"system":"human"},"hours":[{"days":[8],"from":"09:00","to":"18:00"}]}`), "/rules/1/hours/0/days/0"},
		{one(`{"trigger":"welcome","answer":{"system":"human"},"hours":[{"days":[1],"from":"9","to":"18:00"}]}`), "/rules/1/hours/0/from"},
		{one(`{"trigger":"welcome","answer":{"content":{"type":"file","media":{"url":"https://x.example/a.pdf"}}}}`), "/rules/1/answer/content"},
		{one(`{"trigger":"welcome","answer":{"system":"human"},"outside":true}`), "/rules/1/outside"},
	} {
		got := sc.edit("PUT", path, c.body, stands).want(t, c.body, 400, hub.BadRequest)
		if got.text("errors", 0, "field") != c.field {
			t.Errorf("%s: got %s, want %s named", c.body, got.raw, c.field)
		}
	}
	adapted := sc.edit("PUT", path+"?adapt=true", one(`{"trigger":"welcome","answer":{"content":{"type":"file","media":{"url":"https://x.example/a.pdf"}}}}`), stands).want(t, "adapted", 200, "")
	if again := sc.call("GET", path, "", ""); adapted.text("losses", 0, "code") != "medium_as_link" || again.raw != adapted.raw {
		t.Errorf("got %s and %s, want the loss told", adapted.raw, again.raw)
	}
	if got := sc.audits("account/line1"); got != "replies.change replies.change" {
		t.Errorf("got the audit %s, want each change once", got)
	}
	sc.call("GET", "/accounts/nosuch/replies", "", "").want(t, "of no account", 404, hub.NotFound)
}

// TestRepliesBeforeTheFirstHaveAVersion: what was never set is changed like anything else.
func TestRepliesBeforeTheFirstHaveAVersion(t *testing.T) {
	sc := newScene(t)
	sc.whatsApp(hubtest.Team)
	got := sc.call("GET", "/accounts/wa2/replies", "", "").want(t, "read", 200, "")
	rules := `{"rules":[{"trigger":"welcome","answer":{"system":"human"}}]}`
	sc.edit("PUT", "/accounts/wa2/replies", rules, `"0"`).want(t, "of any version", 412, "precondition_failed")
	sc.edit("PUT", "/accounts/wa2/replies", rules, got.header.Get("ETag")).want(t, "the first", 200, "")
	sc.edit("PUT", "/accounts/wa2/replies", rules, got.header.Get("ETag")).want(t, "the first again", 412, "precondition_failed")
}
