package twiliotest_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

func TestCallbacksTellWhatBecomesOfASend(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "886912345678", Text: "hi"})
	w.Got()
	status, out := w.send()
	if status != 201 || out["status"] != "queued" || out["direction"] != "outbound-api" || !strings.HasPrefix(out["sid"].(string), "SM") || out["error_code"] != nil {
		t.Fatalf("got %d, %v", status, out)
	}
	hooks := w.Got()
	if len(hooks) != 2 {
		t.Fatalf("got %v, want two callbacks", hooks)
	}
	for i, want := range []string{"sent", "delivered"} {
		h := hooks[i]
		if h.URL != "/shop?ref=m1" || form(h).Get("MessageStatus") != want || form(h).Get("MessageSid") != out["sid"] ||
			form(h).Get("AccountSid") != sid || form(h).Get("From") != "whatsapp:"+shop || form(h).Has("ErrorCode") {
			t.Errorf("got %+v, want %s", h, want)
		}
		if h.Signature != signed(w.Hub.URL+h.URL, form(h)) {
			t.Errorf("got the signature %q", h.Signature)
		}
	}
	w.Faults(`{"status_read":true,"status_shuffle":true,"seed":4}`)
	orders := map[string]bool{}
	for i := range 8 {
		w.Advance(time.Minute)
		w.send("StatusCallback", w.Hub.URL+"/shop?ref="+string(rune('a'+i)))
		orders[w.told()] = true
	}
	if len(orders) < 2 {
		t.Errorf("got %v, want more orders than one", orders)
	}
	w.Faults(`{"status_missing":1}`)
	w.Advance(time.Minute)
	w.send()
	if got := w.told(); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

// signed is Twilio's signature, written once more.
func signed(address string, form map[string][]string) string {
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		address += name + form[name][0]
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func TestFailuresAreToldByCallbacks(t *testing.T) {
	w := newWorld(t)
	send := func(want string, changes ...string) {
		t.Helper()
		if status, out := w.send(changes...); status != 201 {
			t.Fatalf("got %d, %v", status, out)
		}
		if got := w.told(); got != want {
			t.Errorf("%v: got %q, want %q", changes, got, want)
		}
	}
	send("undelivered 63024")
	w.Act(fake.Act{From: "886912345678", Text: "hi"})
	w.Got()
	for range 45 {
		w.send("StatusCallback", "-")
	}
	send("undelivered 63018")
	w.Advance(5 * time.Minute)
	send("undelivered 63021", "MediaUrl", "https://x.example/a.gif")
	send("failed 63019", "MediaUrl", "https://x.example/missing.jpg")
	send("failed 63028", "ContentSid", "HX00000000000000000000000000000001")
	send("undelivered 63041", "ContentSid", "HX00000000000000000000000000000004", "ContentVariables", `{"1":"https://x"}`)
	w.Advance(24 * time.Hour)
	send("undelivered 63016")
	send("sent, delivered", "ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":"Ann","2":"77"}`)
	w.Act(fake.Act{From: "886912345678", Block: true})
	send("undelivered 63014", "ContentSid", "HX00000000000000000000000000000001", "ContentVariables", `{"1":"Ann","2":"77"}`)
	dropped := 0
	for _, c := range w.Ledger.Calls("twilio", "") {
		if c.Dropped {
			dropped++
		}
	}
	if dropped != 8 {
		t.Errorf("got %d calls in the ledger that nobody gets, want 8", dropped)
	}
	w.Faults(`{"refuse_at_once":true}`)
	if status, out := w.send(); status != 400 || code(out) != 63014 {
		t.Errorf("at once: got %d, %v, want 63014", status, out)
	}
}

func TestCallbacksAreTriedAgainAsTheirURLAsks(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "886912345678", Text: "hi"})
	w.Got()
	w.Answer(503)
	for callback, want := range map[string]int{"": 2, "#rc=2&rp=all": 2 * 3, "#rc=1&rp=5xx": 2 * 2, "#rc=3&rp=ct": 2, "#rc=9": 2} {
		w.Advance(time.Minute)
		w.send("StatusCallback", w.Hub.URL+"/shop?ref=m1"+callback)
		if got := w.Got(); len(got) != want || got[0].URL != "/shop?ref=m1" {
			t.Errorf("%q: got %d callbacks, want %d", callback, len(got), want)
		}
	}
}

func TestARestartedTwilioStillKnows(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	journal := faketest.Journal(t, file)
	w := newWorld(t)
	w.start(journal)
	ann := identity(w, "ann")
	w.Act(fake.Act{From: "ann", Text: "hi"})
	w.Act(fake.Act{Account: "try", From: "ben", Text: "join silver-tiger"})
	w.Extra("", `{"type":"content","content":{"sid":"HX00000000000000000000000000000009","name":"own","type":"twilio/text","body":"Own {{1}}"}}`)
	w.Extra("", `{"type":"account","kind":"Trial"}`)
	w.Got()
	w.Faults(`{"status_late_ms":60000}`) // the states are still owed when it stops
	w.send("To", "whatsapp:"+ann, "Body", "owed")
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	w.start(faketest.Journal(t, file))
	if got := w.told(); got != "sent, delivered" {
		t.Errorf("what was owed: got %q, want it told", got)
	}
	if got := identity(w, "ann"); got != ann {
		t.Errorf("ann: got %s, want %s", got, ann)
	}
	w.Act(fake.Act{Account: "try", From: "ben", Text: "ping"})
	if _, out := w.call("GET", "/2010-04-01/Accounts/"+sid+".json", nil); out["type"] != "Trial" {
		t.Errorf("got %v, want a trial", out)
	}
	if _, out := w.call("GET", messages+"?To=whatsapp:%2B"+ann[1:], nil); len(out["messages"].([]any)) != 1 {
		t.Errorf("got %v, want the message that was sent before", out)
	}
	w.Got()
	if status, out := w.send("To", "whatsapp:"+ann, "ContentSid", "HX00000000000000000000000000000009", "ContentVariables", `{"1":"x"}`); status != 201 {
		t.Errorf("got %d, %v, want the template still there", status, out)
	}
}

// identity is how the webhooks name somebody.
func identity(w *world, name string) string {
	d := w.Act(fake.Act{From: name, Text: "who am I?", Hold: true})
	for part := range strings.SplitSeq(d.Body, "&") {
		if id, ok := strings.CutPrefix(part, "From=whatsapp%3A%2B"); ok {
			return "+" + id
		}
	}
	return ""
}

func TestMessagesAreListedNewestFirst(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{From: "886912345678", Text: "first"})
	w.send("Body", "second")
	w.Got()
	w.Advance(24 * time.Hour)
	w.Act(fake.Act{From: "886912345678", Text: "third"})
	w.Act(fake.Act{From: "886900000001", Text: "another's"})
	list := func(query string) string {
		t.Helper()
		status, out := w.call("GET", messages+query, nil)
		if status != 200 {
			t.Fatalf("%s: got %d, %v", query, status, out)
		}
		var texts []string
		for _, m := range out["messages"].([]any) {
			m := m.(map[string]any)
			texts = append(texts, m["body"].(string)+" "+m["direction"].(string)+" "+m["status"].(string))
		}
		return strings.Join(texts, ", ")
	}
	const first, second, third = "first inbound received", "second outbound-api delivered", "third inbound received"
	for query, want := range map[string]string{
		"":                               "another's inbound received, " + third + ", " + second + ", " + first,
		"?PageSize=1":                    "another's inbound received",
		"?To=whatsapp:%2B886912345678":   second,
		"?From=whatsapp:%2B886912345678": third + ", " + first,
		"?From=whatsapp:%2B886912345678&DateSent%3E=2026-10-06": third,
		"?DateSent%3E=2026-10-07":                               "",
	} {
		if got := list(query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	status, out := w.call("GET", "/v2/Channels/Senders?Channel=whatsapp", nil)
	senders, _ := json.Marshal(out["senders"])
	if status != 200 || strings.Count(string(senders), "sender_id") != 1 || !strings.Contains(string(senders), "whatsapp:"+shop) {
		t.Errorf("senders: got %d, %s, want the shop alone", status, senders)
	}
}

func TestActsThatAreNotPossible(t *testing.T) {
	w := newWorld(t)
	for name, a := range map[string]fake.Act{
		"nothing":            {From: "ann"},
		"two":                {From: "ann", Text: "x", Image: "y"},
		"nobody":             {Text: "x"},
		"no account":         {Account: "x", From: "ann", Text: "x"},
		"a menu's button":    {From: "ann", Postback: "x"},
		"a Flow":             {From: "ann", FlowAnswer: json.RawMessage(`{}`)},
		"a button not shown": {From: "ann", Button: "x"},
		"unknown extra":      {From: "ann", Extra: json.RawMessage(`{"type":"poll"}`)},
		"unknown member":     {From: "ann", Extra: json.RawMessage(`{"type":"text","text":"x","ttl":1}`)},
		"no text":            {From: "ann", Extra: json.RawMessage(`{"type":"text"}`)},
		"no place":           {From: "ann", Extra: json.RawMessage(`{"type":"location"}`)},
		"no files":           {From: "ann", Extra: json.RawMessage(`{"type":"files"}`)},
		"no answers":         {From: "ann", Extra: json.RawMessage(`{"type":"form","answers":[1]}`)},
		"reply to nothing":   {From: "ann", Extra: json.RawMessage(`{"type":"reply","text":"x"}`)},
		"odd show":           {From: "ann", Extra: json.RawMessage(`{"type":"identity","show":"x"}`)},
		"status of nothing":  {From: "ann", Extra: json.RawMessage(`{"type":"status","status":"read"}`)},
		"odd content":        {Extra: json.RawMessage(`{"type":"content","content":{"sid":"HX1"}}`)},
		"raw of no form":     {Extra: json.RawMessage(`{"type":"raw","body":"%zz"}`)},
		"not in the sandbox": {Account: "try", From: "ann", Text: "ping"},
	} {
		if d, err := w.Platform.Act(t.Context(), a); err == nil {
			t.Errorf("%s: got %+v, want an error", name, d)
		}
	}
	if hooks := w.Got(); len(hooks) != 0 {
		t.Errorf("got %v, want no webhook", hooks)
	}
	w.send("To", "whatsapp:"+identity(w, "ann"))
	w.Got()
	for _, x := range []string{`{"type":"status","status":"read"}`, `{"type":"status","status":"failed","code":63013}`} {
		w.Extra("ann", x)
	}
	if got := w.told(); got != "read, failed 63013" {
		t.Errorf("got %q", got)
	}
}
