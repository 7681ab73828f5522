package whatsapptest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/fake/faketest"
)

// sample reads one of Meta's bodies, with the names of this world's account in place
// of the sample's.
func sample(t *testing.T, name, waba, display string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/samples/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("104996122399160", waba, "886277001234", display).Replace(string(data))
}

// TestActsMakeTheBytesThatMetaSends makes each sample, byte by byte but for the
// random names of files.
func TestActsMakeTheBytesThatMetaSends(t *testing.T) {
	const (
		first   = `"phone":"886912345678","user_id":"TW.13491208655302741918"`
		message = "wamid.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample"
	)
	file := regexp.MustCompile(`"(sha256|id)":"([0-9A-Za-z+=]|\\/)+"|mid=\d+`)
	for name, c := range map[string]struct {
		identity string
		at       int64
		act      fake.Act
		extra    string
	}{
		"text":                   {act: fake.Act{Text: "你好，想預約 10/10 下午"}, at: 16},
		"image":                  {extra: `{"type":"image","caption":"收據"}`, at: 17},
		"document":               {extra: `{"type":"document","caption":"合約","name":"合約_2026.pdf"}`, at: 18},
		"audio_voice_note":       {extra: `{"type":"audio","voice":true}`, at: 19},
		"location":               {extra: `{"type":"location","latitude":25.0478,"longitude":121.5172,"name":"台北車站","address":"台北市中正區北平西路3號"}`, at: 20},
		"contacts":               {extra: `{"type":"contacts","contacts":[{"name":{"formatted_name":"陳美麗","first_name":"美麗","last_name":"陳"},"phones":[{"phone":"+886 922 000 111","wa_id":"886922000111","type":"CELL"}]}]}`, at: 21},
		"text_with_ad_referral":  {extra: `{"type":"referral","text":"我想了解體驗課"}`, at: 26},
		"reaction":               {extra: `{"type":"reaction","message":"` + message + `90","emoji":"👍"}`, at: 27},
		"text_username_no_phone": {identity: `,"show":"user","username":"@xiaoyu.tw","name":"小玉"`, act: fake.Act{Text: "hi from a username-only user"}, at: 28},
		"unsupported":            {extra: `{"type":"unsupported","kind":"poll"}`, at: 29},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			identity := c.identity
			if identity == "" {
				identity = `,"name":"王小明"`
			}
			w.Extra("ming", `{"type":"identity",`+first+identity+`}`)
			a := c.act
			a.From, a.At = "ming", (1791170400+c.at)*1000+999
			if c.extra != "" {
				a.Extra = json.RawMessage(c.extra)
			}
			got := w.Act(a)
			want := sample(t, name, wabaOf(got.Body), displayOf(got.Body))
			want = regexp.MustCompile(regexp.QuoteMeta(message)+`(0[1-9]|1[0-9])"`).ReplaceAllString(want, got.Message+`"`)
			blank := func(s string) string {
				return file.ReplaceAllStringFunc(s, func(found string) string {
					if strings.Contains(found, got.Message) || strings.Contains(found, wabaOf(got.Body)) {
						return found
					}
					return found[:4]
				})
			}
			if blank(got.Body) != blank(want) {
				t.Errorf("got\n%s\nwant\n%s", got.Body, want)
			}
		})
	}
}

// TestAnswersToTheHubMakeTheBytesThatMetaSends does so for what answers a message.
func TestAnswersToTheHubMakeTheBytesThatMetaSends(t *testing.T) {
	template := `"type":"template","template":{"name":"appointment_reminder","language":{"code":"zh_TW"},"components":[
		{"type":"body","parameters":[{"type":"text","text":"小明"},{"type":"text","text":"10/10"}]},
		{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"confirm:apt:7781"}]}]}`
	for name, c := range map[string]struct {
		send string
		at   int64
		act  fake.Act
	}{
		"template_button":          {template, 22, fake.Act{Button: "confirm:apt:7781"}},
		"interactive_button_reply": {buttons(`{"id":"flow:booking:yes","title":"好"}`), 23, fake.Act{Button: "flow:booking:yes"}},
		"interactive_list_reply":   {list(`{"id":"slot:2026-10-10T14","title":"14:00","description":"王老師"}`), 24, fake.Act{Button: "slot:2026-10-10T14"}},
		"flow_nfm_reply":           {flow(`"flow_token":"hub:flow:signup:v3:01K6SB"`), 25, fake.Act{FlowAnswer: json.RawMessage(`{"name":"王小明", "course":"cello_basic"}`)}},
		"status_delivered":         {template, 45, fake.Act{Extra: json.RawMessage(`{"type":"status","status":"delivered"}`)}},
		"status_read":              {template, 75, fake.Act{Extra: json.RawMessage(`{"type":"status","status":"read"}`)}},
		"status_failed":            {template, 46, fake.Act{Extra: json.RawMessage(`{"type":"status","status":"failed","code":131047}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Extra("ming", `{"type":"identity","phone":"886912345678","user_id":"TW.13491208655302741918","name":"王小明"}`)
			if name != "status_delivered" && name != "status_read" && name != "status_failed" {
				w.Act(fake.Act{From: "ming", Text: "hi"})
			}
			ref := ""
			if name == "status_delivered" || name == "status_read" {
				ref = `,"biz_opaque_callback_data":"hub:out:01K6SC"`
			}
			status, out := w.send(`"to":"886912345678",` + c.send + ref)
			w.Want("send", status, 200)
			w.Settle()
			a := c.act
			a.From, a.At = "ming", (1791170400+c.at)*1000
			got := w.Act(a)
			want := sample(t, name, wabaOf(got.Body), displayOf(got.Body))
			want = regexp.MustCompile(`wamid\.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample9\d`).ReplaceAllString(want, idOf(out))
			want = regexp.MustCompile(`wamid\.HBgMODg2OTEyMzQ1Njc4FQIAEhgUM0Esample[01]\d`).ReplaceAllString(want, got.Message)
			if name == "status_failed" { // made before BSUIDs came to statuses
				got.Body = strings.Replace(got.Body, `"recipient_user_id":"TW.13491208655302741918",`, "", 1)
			}
			if got.Body != want {
				t.Errorf("got\n%s\nwant\n%s", got.Body, want)
			}
		})
	}
}

// wabaOf and displayOf are an account's own names, out of a webhook of it.
func wabaOf(body string) string    { return between(body, `"entry":[{"id":"`) }
func displayOf(body string) string { return between(body, `"display_phone_number":"`) }

// between is what follows a mark up to the next quotation mark.
func between(s, mark string) string {
	_, rest, _ := strings.Cut(s, mark)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// The members of messages with something to tap.
func buttons(replies ...string) string {
	for i := range replies {
		replies[i] = `{"type":"reply","reply":` + replies[i] + `}`
	}
	return `"type":"interactive","interactive":{"type":"button","body":{"text":"b"},"action":{"buttons":[` + strings.Join(replies, ",") + `]}}`
}

func list(rows ...string) string {
	return `"type":"interactive","interactive":{"type":"list","body":{"text":"l"},"action":{"button":"open","sections":[{"title":"s","rows":[` +
		strings.Join(rows, ",") + `]}]}}`
}

func flow(parameters string) string {
	return `"type":"interactive","interactive":{"type":"flow","body":{"text":"f"},"action":{"name":"flow","parameters":{"flow_message_version":"3",` +
		`"flow_id":"123","flow_cta":"go",` + parameters + `}}}`
}

// TestSignatures holds the signature against vectors that were computed elsewhere.
func TestSignatures(t *testing.T) {
	text, err := os.ReadFile("testdata/samples/text.json")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for body, want := range map[string]string{
		`{}`:                           "125f8a453f384f0f3cde1ce5d73871820d2bfebaf6a15d67e6fc8598f786641b",
		`{"object":"page","entry":[]}`: "ebc91ac8a7ff62b89cbb9528485c73eb565f01882e527d530a4432a374ccc667",
		`{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m_1","text":"\u00e4\u00f6\u00e5 \u4f60\u597d a\/b"}}]}]}`: "a17ea968e58304fa9a13314e929e6533834a7eb589b62cfe283e1965aa6ae772",
		`{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m_1","text":"äöå 你好 a/b"}}]}]}`:                           "e65d681b7ca0592829b6b86fa9286a26914ba809a537c3bda8f77c7eb99bdfbc",
		string(text): "d037104ddc12f12a418366c6bb121de3ad056ecb2046eeb7ac0240bf51d2166d",
	} {
		extra, _ := json.Marshal(map[string]string{"type": "raw", "body": body})
		d := w.Act(fake.Act{Extra: extra})
		w.Want(body, []any{d.Header["x-hub-signature-256"], d.Body == body}, []any{"sha256=" + want, true})
	}
	for _, h := range w.Got() {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(h.Body))
		w.Want("delivered", h.Signature, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
}

func TestTextIsEscapedAsMetaEscapesIt(t *testing.T) {
	w := newWorld(t)
	d := w.Act(fake.Act{From: "ann", Text: "é 你 😀 a/b \\/ <&> \"q\"\n\u2028\x01"})
	want := `"body":"\u00e9 \u4f60 \ud83d\ude00 a\/b \\\/ <&> \"q\"\n\u2028\u0001"`
	if !strings.Contains(d.Body, want) {
		t.Errorf("got %s, want it to have %s", d.Body, want)
	}
	for i := range len(d.Body) {
		if d.Body[i] > 126 || d.Body[i] < ' ' {
			t.Fatalf("got byte %d, want printable ASCII", d.Body[i])
		}
	}
	w.Want("read back", w.one(d.Body).Messages[0].Text.Body, "é 你 😀 a/b \\/ <&> \"q\"\n\u2028\x01")
}

func TestDeliveries(t *testing.T) {
	t.Run("come again with the same bytes", func(t *testing.T) {
		w := newWorld(t)
		d := w.Act(fake.Act{From: "ann", Text: "hi", Repeat: 3})
		hooks := w.Got()
		w.Want("answer", []any{d.Status, d.Statuses, len(hooks)}, []any{200, []int{200, 200, 200}, 3})
		for _, h := range hooks {
			w.Want("hook", h, faketest.Hook{URL: "/app?x=1", Path: "/app", Signature: d.Header["x-hub-signature-256"], Body: d.Body})
		}
	})
	t.Run("are held back", func(t *testing.T) {
		w := newWorld(t)
		d := w.Act(fake.Act{From: "ann", Text: "hi", Hold: true, ID: "wamid.7", At: 1791170400000})
		w.Want("hooks", len(w.Got()), 0)
		m := w.one(d.Body).Messages[0]
		w.Want("answer", []any{d.Status, len(d.Statuses), d.Message, m.ID, m.Timestamp}, []any{0, 0, "wamid.7", "wamid.7", "1791170400"})
		w.Want("the window is open", first(w.text(m.From, "x")), 200)
	})
	t.Run("tell the hub's answer", func(t *testing.T) {
		w := newWorld(t)
		w.Answer(503)
		w.Want("status", w.Act(fake.Act{From: "ann", Text: "hi"}).Status, 503)
		w.Want("not again by themselves", len(w.Got()), 1)
	})
	t.Run("come again later, in any order", func(t *testing.T) {
		w := newWorld(t)
		w.Faults(`{"seed":3,"duplicate_webhooks":2,"shuffle_webhooks":true}`)
		for n := range 10 {
			w.Act(fake.Act{From: "ann", Text: fmt.Sprint("n", n)})
		}
		count := map[string]int{}
		for _, h := range w.Got() {
			count[w.one(h.Body).Messages[0].Text.Body]++
		}
		w.Want("texts", count, map[string]int{"n0": 3, "n1": 3, "n2": 3, "n3": 3, "n4": 3, "n5": 3, "n6": 3, "n7": 3, "n8": 3, "n9": 3})
	})
	t.Run("have ids of their own", func(t *testing.T) {
		w := newWorld(t)
		seen := map[string]bool{}
		for range 200 {
			id := w.Act(fake.Act{From: "ann", Text: "hi", Hold: true}).Message
			if !regexp.MustCompile(`^wamid\.HBgMODg2OT[0-9A-Za-z+/]+=*$`).MatchString(id) || seen[id] {
				t.Fatalf("got %s, want a new id of Meta's form", id)
			}
			seen[id] = true
		}
	})
}

func first(status int, _ map[string]any) int { return status }

func TestActsThatAreNotPossible(t *testing.T) {
	w := newWorld(t)
	w.Act(fake.Act{Account: "shop", From: "bob", Text: "x"})
	w.Act(fake.Act{Account: "shop", From: "eve", Block: true})
	w.Got()
	extra := func(x string) fake.Act { return fake.Act{Account: "shop", From: "ann", Extra: json.RawMessage(x)} }
	for name, a := range map[string]fake.Act{
		"unknown account":              {Account: "none", From: "ann", Text: "x"},
		"nobody":                       {Account: "shop", Text: "x"},
		"nothing":                      {Account: "shop", From: "ann"},
		"two things":                   {Account: "shop", From: "ann", Text: "x", Follow: true},
		"two things and an identity":   {Account: "shop", From: "ann", Text: "x", Image: "y", Extra: json.RawMessage(`{"type":"identity"}`)},
		"a menu":                       {Account: "shop", From: "ann", Postback: "x"},
		"a button that nothing showed": {Account: "shop", From: "ann", Button: "x"},
		"a Flow that nothing showed":   {Account: "shop", From: "ann", FlowAnswer: json.RawMessage(`{}`)},
		"a text of one who blocked":    {Account: "shop", From: "eve", Text: "x"},
		"unknown extra":                extra(`{"type":"poem"}`),
		"unknown member":               extra(`{"type":"image","colour":"red"}`),
		"broken extra":                 extra(`{`),
		"text without text":            extra(`{"type":"text"}`),
		"reply to nothing":             extra(`{"type":"reply","text":"x"}`),
		"reaction to nothing":          extra(`{"type":"reaction","emoji":"x"}`),
		"no cards":                     extra(`{"type":"contacts"}`),
		"no items":                     extra(`{"type":"order","catalog":"1"}`),
		"unknown show":                 extra(`{"type":"identity","show":"nothing"}`),
		"bob's number":                 extra(`{"type":"change_number","phone":"` + firstOf(w.meet("bob")) + `"}`),
		"no number":                    extra(`{"type":"change_number","phone":"x"}`),
		"a known customer":             {Account: "shop", From: "bob", Extra: json.RawMessage(`{"type":"recycled","of":"eve","text":"x"}`)},
		"the number of nobody":         extra(`{"type":"recycled","of":"nobody","text":"x"}`),
		"no text of the new":           extra(`{"type":"recycled","of":"bob"}`),
		"status of nothing":            extra(`{"type":"status","status":"read"}`),
		"no such template":             extra(`{"type":"template_status","name":"x","language":"en","event":"PAUSED"}`),
		"no such event":                extra(`{"type":"template_status","name":"hello_world","language":"en_US","event":"EATEN"}`),
		"a template without body":      extra(`{"type":"template","template":{"name":"x","language":"en","category":"UTILITY","components":[]}}`),
		"an empty batch":               extra(`{"type":"batch"}`),
		"an unknown form":              extra(`{"type":"batch","form":"x","acts":[{"from":"ann","text":"x"}]}`),
		"a batch in a batch":           extra(`{"type":"batch","acts":[{"from":"ann","extra":{"type":"batch"}}]}`),
		"a batch over apps":            extra(`{"type":"batch","acts":[{"account":"rival","from":"ann","text":"x"}]}`),
		"a wrong act in a batch":       extra(`{"type":"batch","acts":[{"from":"ann"}]}`),
	} {
		if d, err := w.Platform.Act(t.Context(), a); err == nil {
			t.Errorf("%s: got %+v, want an error", name, d)
		} else if !strings.HasPrefix(err.Error(), "whatsapptest: act") {
			t.Errorf("%s: got %v, want it to say where it comes from", name, err)
		}
	}
	w.Want("hooks", len(w.Got()), 0)
}

func firstOf(a, _ string) string { return a }
