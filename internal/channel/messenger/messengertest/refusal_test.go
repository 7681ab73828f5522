package messengertest_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
)

func TestCallsThatAreNotLetIn(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	body := `{"recipient":{"id":"` + id + `"},"message":{"text":"x"}}`
	path := "/v25.0/" + shop + "/messages"
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code, message            string
	}{
		{"no token", "POST", path, body, []string{"Authorization", ""}, 400, "104-0", "An access token is required"},
		{"another scheme", "POST", path, body, []string{"Authorization", "Basic t1"}, 400, "190-0", "Invalid OAuth access token"},
		{"unknown token", "POST", path, body, []string{"Authorization", "Bearer t9"}, 400, "190-0", "Invalid OAuth access token"},
		{"another Page's token", "POST", path, body, []string{"Authorization", "Bearer t2"}, 400, "100-33", "Unsupported post request"},
		{"an app's credential", "POST", path, body, []string{"Authorization", "Bearer " + app + "|" + secret}, 400, "210-0", "A page access token is required"},
		{"a wrong app secret", "GET", "/v25.0/" + app + "/subscriptions", "", []string{"Authorization", "Bearer " + app + "|x"}, 400, "190-0", "Error validating client secret"},
		{"unknown Page", "POST", "/v25.0/1/messages", body, nil, 400, "100-33", "Unsupported post request"},
		{"no version", "POST", "/" + shop + "/messages", body, nil, 400, "2500-0", "Unknown path components"},
		{"another edge", "POST", "/v25.0/" + shop + "/feed", body, nil, 400, "100-33", "Unsupported post request"},
		{"another method", "DELETE", path, body, nil, 400, "100-33", "Unsupported delete request"},
		{"not JSON by type", "POST", path, body, []string{"Content-Type", "text/plain"}, 400, "100-0", "The parameter recipient is required"},
		{"not JSON", "POST", path, `{"to":`, nil, 400, "100-0", "not JSON"},
		{"no object", "POST", path, `[1]`, nil, 400, "100-0", "must be an object"},
		{"too large", "POST", path, strings.Repeat("x", 4<<20+1), nil, 413, "1-0", "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, header := w.call(c.method, c.path, c.body, c.headers...)
			w.Want("status and code", []any{status, code(out)}, []any{c.status, c.code})
			e, _ := out["error"].(map[string]any)
			if message, _ := e["message"].(string); !strings.Contains(message, c.message) {
				t.Errorf("message: got %q, want it to say %q", message, c.message)
			}
			trace, _ := e["fbtrace_id"].(string)
			if !regexp.MustCompile(`^A[0-9A-Za-z_-]{22}$`).MatchString(trace) || header.Get("X-Fb-Trace-Id") != trace || e["type"] == "" {
				t.Errorf("got %v, want a type and a trace", e)
			}
		})
	}
	w.Want("ledger", len(w.Ledger.Calls("", "")), 0)
	for _, version := range []string{"v19.0", "v25.0", "v26.0"} {
		status, out, _ := w.call("POST", "/"+version+"/me/messages", body)
		w.Want(version, []any{status, out["recipient_id"]}, []any{200, id})
	}
}

func TestSendsThatMetaRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	text := func(n int) string { return strings.Repeat("字", n) }
	message := func(members string) string { return `"message":{` + members + `}` }
	quick := func(n int) string {
		return message(`"text":"x","quick_replies":[` + strings.TrimSuffix(strings.Repeat(`{"content_type":"text","title":"t","payload":"p"},`, n), ",") + `]`)
	}
	attached := func(kind, payload string) string {
		return message(fmt.Sprintf(`"attachment":{"type":%q,"payload":{%s}}`, kind, payload))
	}
	const tap, web = `{"type":"postback","title":"t","payload":"p"}`, `{"type":"web_url","title":"t","url":"https://x.example/"}`
	buttons := func(text string, list ...string) string {
		return attached("template", fmt.Sprintf(`"template_type":"button","text":%q,"buttons":[%s]`, text, strings.Join(list, ",")))
	}
	cards := func(list ...string) string {
		return attached("template", `"template_type":"generic","elements":[`+strings.Join(list, ",")+`]`)
	}
	many := func(n int, one string) []string {
		var out []string
		for range n {
			out = append(out, one)
		}
		return out
	}
	for name, c := range map[string]struct{ members, code string }{
		"nothing":                      {`"messaging_type":"RESPONSE"`, "100-0"},
		"a message and an action":      {`"sender_action":"typing_on",` + message(`"text":"x"`), "100-0"},
		"an unknown action":            {`"sender_action":"dance"`, "100-0"},
		"an unknown member":            {message(`"text":"x"`) + `,"ttl":5`, "100-0"},
		"an unknown member of it":      {message(`"text":"x","bold":true`), "100-0"},
		"an unknown type":              {message(`"text":"x"`) + `,"messaging_type":"SPAM"`, "100-0"},
		"an update":                    {message(`"text":"x"`) + `,"messaging_type":"UPDATE"`, "0-0"},
		"a tag without its type":       {message(`"text":"x"`) + `,"tag":"HUMAN_AGENT"`, "100-0"},
		"the type without a tag":       {message(`"text":"x"`) + `,"messaging_type":"MESSAGE_TAG"`, "100-0"},
		"a human agent":                {message(`"text":"x"`) + `,"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT"`, "0-0"},
		"a dead tag":                   {message(`"text":"x"`) + `,"messaging_type":"MESSAGE_TAG","tag":"ACCOUNT_UPDATE"`, "100-1893061"},
		"another dead tag":             {message(`"text":"x"`) + `,"messaging_type":"MESSAGE_TAG","tag":"POST_PURCHASE_UPDATE"`, "100-1893061"},
		"an unknown tag":               {message(`"text":"x"`) + `,"messaging_type":"MESSAGE_TAG","tag":"HOLIDAY"`, "100-0"},
		"neither text nor file":        {message(``), "100-0"},
		"both":                         {message(`"text":"x","attachment":{}`), "100-0"},
		"an empty text":                {message(`"text":""`), "100-0"},
		"the longest text":             {message(`"text":"` + text(2000) + `"`), "0-0"},
		"a longer text":                {message(`"text":"` + text(2001) + `"`), "100-0"},
		"a text of 1,001 emoji":        {message(`"text":"` + strings.Repeat("😀", 1001) + `"`), "100-0"},
		"a longer metadata":            {message(`"text":"x","metadata":"` + text(1001) + `"`), "100-0"},
		"a quote":                      {message(`"text":"x"`) + `,"reply_to":{"mid":"m_1"}`, "0-0"},
		"a quote of nothing":           {message(`"text":"x"`) + `,"reply_to":{}`, "100-0"},
		"13 quick replies":             {quick(13), "0-0"},
		"14 quick replies":             {quick(14), "100-0"},
		"a quick reply without data":   {message(`"text":"x","quick_replies":[{"content_type":"text","title":"t"}]`), "100-0"},
		"a quick reply for the phone":  {message(`"text":"x","quick_replies":[{"content_type":"user_phone_number"}]`), "0-0"},
		"a long quick reply":           {message(`"text":"x","quick_replies":[{"content_type":"text","title":"` + text(21) + `","payload":"p"}]`), "100-0"},
		"an image":                     {attached("image", `"url":"https://x.example/a.jpg","is_reusable":false`), "0-0"},
		"an image without an address":  {attached("image", ``), "100-0"},
		"an image by an unknown id":    {attached("image", `"attachment_id":"7"`), "100-0"},
		"a caption":                    {attached("image", `"url":"https://x.example/a.jpg","caption":"c"`), "100-0"},
		"an attachment of no type":     {attached("poem", `"url":"https://x.example/"`), "100-0"},
		"three buttons":                {buttons("b", tap, web, tap), "0-0"},
		"four buttons":                 {buttons("b", tap, tap, tap, tap), "100-0"},
		"no buttons":                   {buttons("b"), "100-0"},
		"buttons without a text":       {buttons("", tap), "100-0"},
		"the longest text of buttons":  {buttons(text(640), tap), "0-0"},
		"a longer text of buttons":     {buttons(text(641), tap), "100-0"},
		"a long button":                {buttons("b", `{"type":"postback","title":"`+text(21)+`","payload":"p"}`), "100-0"},
		"much data":                    {buttons("b", `{"type":"postback","title":"t","payload":"`+text(1001)+`"}`), "100-0"},
		"a button to call":             {buttons("b", `{"type":"phone_number","title":"t","payload":"+886912345678"}`), "0-0"},
		"a button with both":           {buttons("b", `{"type":"postback","title":"t","payload":"p","url":"https://x.example/"}`), "100-0"},
		"ten cards":                    {cards(many(10, `{"title":"t","subtitle":"s","image_url":"https://x.example/a.jpg","buttons":[`+tap+`]}`)...), "0-0"},
		"eleven cards":                 {cards(many(11, `{"title":"t","subtitle":"s"}`)...), "100-0"},
		"no cards":                     {cards(), "100-0"},
		"a card of a title only":       {cards(`{"title":"t"}`), "100-0"},
		"a card without a title":       {cards(`{"subtitle":"s"}`), "100-0"},
		"a long title":                 {cards(`{"title":"` + text(81) + `","subtitle":"s"}`), "100-0"},
		"a long subtitle":              {cards(`{"title":"t","subtitle":"` + text(81) + `"}`), "100-0"},
		"a card with a page behind it": {cards(`{"title":"t","default_action":{"type":"web_url","url":"https://x.example/"}}`), "0-0"},
		"a medium":                     {attached("template", `"template_type":"media","elements":[{"media_type":"image","url":"https://x.example/p"}]`), "0-0"},
		"a list":                       {attached("template", `"template_type":"list","elements":[]`), "100-0"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Advance(time.Second)
			status, out := w.send(id, c.members)
			if code(out) != c.code || (status == 200) != (c.code == "0-0") {
				t.Errorf("got %d %v, want %s", status, out, c.code)
			}
		})
	}
	for name, recipient := range map[string]string{
		"nobody": `{}`, "both": `{"id":"` + id + `","user_ref":"x"}`, "a phone number": `{"phone_number":"+886912345678"}`,
	} {
		_, out, _ := w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":`+recipient+`,"message":{"text":"x"}}`)
		w.Want(name, code(out), "100-0")
	}
}

func TestWhoMayBeWrittenTo(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	send := func() string { _, out := w.text(id, "x"); return code(out) }
	tagged := func() string {
		_, out := w.send(id, `"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"x"}`)
		return code(out)
	}
	attend := func(action string) string { _, out := w.send(id, `"sender_action":"`+action+`"`); return code(out) }
	_, out := w.text("6999999999999999", "x")
	w.Want("a stranger", code(out), "100-2018001")
	_, out, _ = w.call("POST", "/v25.0/"+club+"/messages", `{"recipient":{"id":"`+id+`"},"message":{"text":"x"}}`, "Authorization", "Bearer t2")
	w.Want("another Page's customer", code(out), "100-2018001")

	w.Advance(24*time.Hour - time.Second)
	w.Want("just within the window", []string{send(), attend("typing_on"), attend("mark_seen")}, []string{"0-0", "0-0", "0-0"})
	w.Advance(time.Second)
	w.Want("after it", []string{send(), attend("typing_on"), tagged()}, []string{"10-2018278", "10-2018278", "0-0"})
	w.Advance(6*24*time.Hour - time.Second)
	w.Want("within a week", []string{send(), tagged()}, []string{"10-2018278", "0-0"})
	w.Advance(time.Second)
	w.Want("after a week", tagged(), "10-2018278")
	w.Extra("ann", `{"type":"read"}`)
	w.Want("reading opens nothing", send(), "10-2018278")
	w.Extra("ann", `{"type":"reaction","emoji":"x"}`)
	w.Want("a reaction does", send(), "0-0")
	w.Extra("ann", `{"type":"ad","text":"x"}`)
	w.Advance(6 * 24 * time.Hour)
	w.Want("a message of an ad, for a week", send(), "0-0")
	w.Advance(25 * time.Hour)
	w.Want("and no longer", send(), "10-2018278")

	w.Act(fake.Act{From: "ann", Follow: true})
	w.Extra("ann", `{"type":"referral","ref":"x"}`)
	w.Act(fake.Act{From: "ann", Block: true})
	w.Want("blocked", []string{send(), tagged()}, []string{"551-1545041", "551-1545041"})
	w.Act(fake.Act{From: "ann", Follow: true})
	w.Want("unblocked", send(), "0-0")
	w.Extra("", `{"type":"restrict"}`)
	w.Want("restricted", send(), "10-1893063")
	w.Extra("", `{"type":"restrict","off":true}`)
	w.Want("free again", send(), "0-0")

	w.Act(fake.Act{From: "guest:R-7", Text: "x"})
	_, out, _ = w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":{"user_ref":"R-7"},"message":{"text":"x"}}`)
	w.Want("a guest", code(out), "0-0")
	_, out = w.text("R-7", "x")
	w.Want("a guest by id", code(out), "100-2018001")
}

func TestWhatComesTooFastIsRefused(t *testing.T) {
	w := newWorld(t)
	id := w.meet("ann")
	film := func() (string, string) {
		_, out, header := w.call("POST", "/v25.0/"+shop+"/messages", `{"recipient":{"id":"`+id+`"},"message":{"attachment":{"type":"video","payload":{"url":"https://x.example/v"}}}}`)
		return code(out), header.Get("X-Business-Use-Case-Usage")
	}
	for range 10 {
		got, _ := film()
		w.Want("a film", got, "0-0")
	}
	got, usage := film()
	w.Want("one more", got, "613-0")
	var told map[string][]map[string]any
	if err := json.Unmarshal([]byte(usage), &told); err != nil || told[shop][0]["estimated_time_to_regain_access"] != 1.0 {
		t.Errorf("usage: got %s, %v, want a minute", usage, err)
	}
	_, out := w.text(id, "x")
	w.Want("a text", code(out), "0-0")
	for range 289 {
		w.send(id, `"message":{"text":"x"}`)
	}
	_, out = w.text(id, "x")
	w.Want("the 301st of a second", code(out), "613-0")
	w.Advance(time.Second)
	_, out = w.text(id, "x")
	w.Want("a second later", code(out), "0-0")
}
