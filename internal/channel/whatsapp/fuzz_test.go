package whatsapp_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/channel/whatsapp"
	"omnihub/internal/hub"
)

func sampleBodies(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/samples/*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("got %d samples, %v, want some", len(files), err)
	}
	var out [][]byte
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// FuzzVerify: no header but the body's own signature passes.
func FuzzVerify(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(sign(body, credentials), body)
	}
	f.Add("", []byte("{}"))
	f.Add("sha256=", []byte("{}"))
	a := whatsapp.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		verify := func(signature string, c channel.Credentials) error {
			return a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": signature}}, c)
		}
		good := sign(body, credentials)
		err := verify(signature, credentials)
		if (err == nil) != (signature == good) {
			t.Errorf("%q: got %v, want it accepted %v", signature, err, signature == good)
		}
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		if err := verify(good, credentials); err != nil {
			t.Errorf("its own signature: got %v, want it accepted", err)
		}
		if err := verify(sign(body, channel.Credentials{}), channel.Credentials{}); hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("without a secret: got %v, want %s", err, hub.BadSignature)
		}
	})
}

// FuzzHandshake: only the right token gets an answer, and that is its own challenge.
func FuzzHandshake(f *testing.F) {
	token := url.QueryEscape(credentials.Secrets[whatsapp.VerifyToken].Reveal())
	f.Add("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" + token)
	f.Add("hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=" + token)
	f.Add("hub.challenge=1&hub.challenge=2&hub.verify_token=" + token + "&hub.mode=subscribe;x")
	f.Add("hub_mode=subscribe&hub_challenge=1&hub_verify_token=" + token)
	plain := regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	a := whatsapp.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, query string) {
		got, err := a.Handshake(&channel.Request{Method: "GET", RawQuery: query}, credentials)
		if err != nil {
			if code := hub.CodeOf(err); got != "" || code != hub.BadSignature && code != hub.BadRequest {
				t.Errorf("got %q, %v", got, err)
			}
			return
		}
		values, _ := url.ParseQuery(query)
		if !plain.MatchString(got) || strings.HasSuffix(got, "\n") || values.Get("hub.challenge") != got || values.Get("hub.mode") != "subscribe" ||
			values.Get("hub.verify_token") != credentials.Secrets[whatsapp.VerifyToken].Reveal() {
			t.Errorf("%q: got %q, want no answer", query, got)
		}
		if got, err := a.Handshake(&channel.Request{RawQuery: query}, channel.Credentials{}); err == nil {
			t.Errorf("without a token of ours: got %q, want no answer", got)
		}
	})
}

// FuzzSplit: what Split accepts is JSON, cut exactly as received and within bounds,
// and none of what the standard decoder finds in it is lost; what it refuses the
// standard decoder finds wrong or undocumented.
func FuzzSplit(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	for _, body := range append(unknown(), list("errors", `{"code":1},7`), list("messages", `7`)) {
		f.Add([]byte(body))
	}
	a := whatsapp.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := a.Split(&channel.Request{Body: body})
		want, readable := reference(body)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable || len(got) > 0 {
				t.Fatalf("got %d, %v, want %s", len(got), err, hub.Unparsable)
			}
			// Named twice, too deep or too many is refused here only.
			if readable && shallow(body) && !twice(body) {
				t.Fatalf("got %v, want %d events", err, len(want))
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("got %d events of broken JSON", len(got))
		}
		if readable && !twice(body) {
			raws := []string{}
			for _, s := range got {
				raws = append(raws, s.Account+" "+string(s.Raw))
			}
			if !slices.Equal(raws, want) {
				t.Fatalf("got %q, want %q", raws, want)
			}
		}
		for _, s := range got {
			if !bytes.Contains(body, s.Raw) || !json.Valid(s.Raw) || !json.Valid(s.Head) || len(s.Head) > 4096 {
				t.Fatalf("got %+v", s)
			}
			if s.Event == "" || len(s.Hash) != 32 || !utf8.ValidString(s.User+s.Event+s.Account) || s.Account == "" && s.User != "" {
				t.Fatalf("got %+v", s)
			}
			e, err := a.Parse(s.Head, s.Raw)
			if err != nil && hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("parse: got %v", err)
			}
			if err == nil && (e.ID != s.Event || e.User != s.User || e.Account != s.Account) {
				t.Fatalf("Parse got %+v, Split %+v", e, s)
			}
		}
	})
}

// reference reads a body with the standard decoder: "<number> <raw>" for each event.
func reference(body []byte) (out []string, ok bool) {
	top := membersOf(body)
	entries, ok := elementsOf(top["entry"])
	if textOf(top["object"]) != "whatsapp_business_account" || !ok {
		return nil, false
	}
	out = []string{}
	for _, entry := range entries {
		changes, ok := elementsOf(membersOf(entry)["changes"])
		if !ok {
			out = append(out, " "+string(entry))
			continue
		}
		for _, change := range changes {
			m := membersOf(change)
			whole, there := m["value"]
			if !there {
				whole = change
			}
			value := membersOf(m["value"])
			number := wordOf(membersOf(value["metadata"])["phone_number_id"])
			known := false
			var list []string
			field := textOf(m["field"])
			// In the body's order, which a map does not keep.
			for _, name := range namesOf(m["value"]) {
				elements, ok := elementsOf(value[name])
				if ok && (name == "messages" || name == "statuses" || name == "errors") {
					known = true
					for _, e := range elements {
						list = append(list, number+" "+string(e))
					}
				}
			}
			if !known || field != "" && field != "messages" {
				list = []string{number + " " + string(whole)}
			}
			out = append(out, list...)
		}
	}
	return out, true
}

// namesOf gives an object's names in order.
func namesOf(value []byte) (out []string) {
	d := json.NewDecoder(bytes.NewReader(value))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		out = append(out, name.(string))
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return nil
		}
	}
	return out
}

// FuzzParse: the answer is an event of valid text that can be kept, as the standard
// decoder reads it, or Unparsable.
func FuzzParse(f *testing.F) {
	a := whatsapp.New(channel.Platform{})
	for _, body := range append(sampleBodies(f), []byte(unknown()[0])) {
		slices, err := a.Split(&channel.Request{Body: body})
		if err != nil {
			f.Fatal(err)
		}
		for _, slice := range slices {
			f.Add(slice.Head, slice.Raw)
		}
	}
	for _, rest := range []string{
		`"type":"order","order":{"product_items":[{"product_retailer_id":"a"}]}`, `"type":"edit","edit":{"original_message_id":"w","message":{"type":"text","text":{"body":"b"}}}`,
		`"type":"contacts","contacts":[{"phones":[{"phone":"1"}]}]`, `"type":"text","group_id":"g","text":{"body":"\ud83d"}`,
	} {
		f.Add([]byte(`{"list":"messages","number":"1"}`), []byte(`{"from":"886912345678","id":"w","timestamp":"1",`+rest+`}`))
	}
	f.Add([]byte(`{"list":"","field":"account_update","time":1}`), []byte(`{"a":{"b":1},"message_template_c":true}`))
	caps := a.Capabilities()
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		e, err := a.Parse(head, raw)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			return
		}
		if !json.Valid(raw) || !json.Valid(head) {
			t.Fatalf("got an event of broken JSON: %q %q", head, raw)
		}
		if e.At < 0 || e.At > 9_999_999_999_999 || e.ID == "" {
			t.Fatalf("got id %q at %d", e.ID, e.At)
		}
		encoded, err := json.Marshal(e)
		if err != nil || bytes.Contains(encoded, []byte(`\ufffd`)) && !bytes.ContainsRune(raw, '\uFFFD') && utf8.Valid(raw) && utf8.Valid(head) &&
			!bytes.Contains(raw, []byte(`\u`)) && !bytes.Contains(head, []byte(`\u`)) {
			t.Fatalf("got text that is not UTF-8: %s, %v", encoded, err)
		}
		switch e.Kind {
		case channel.EventMessage:
			if e.Message.ID == "" || e.User == "" || e.At == 0 || e.Message.Type == "" || e.Message.Type == hub.Choice && e.Message.Data == "" {
				t.Fatalf("got a message that cannot be kept: %+v", e)
			}
			if e.Message.Data != "" && e.Message.Type == hub.Form && membersOf([]byte(e.Message.Data)) == nil {
				t.Fatalf("got a form's answers that are no object: %q", e.Message.Data)
			}
		case channel.EventAction:
			if e.User == "" || e.Action.Target == "" || e.Action.Actor == "" || e.At == 0 {
				t.Fatalf("got an act of nobody: %+v", e)
			}
		case channel.EventReceipt:
			if e.User == "" || !slices.Contains(caps.Receipts, e.Receipt.State) || (e.Receipt.State == hub.Failed) != (e.Receipt.Code != "") {
				t.Fatalf("got a receipt that tells nothing: %+v", e)
			}
		case channel.EventIdentity:
			if e.User == "" || len(e.Aliases) == 0 || len(e.Former) == 0 {
				t.Fatalf("got a change from nobody to nobody: %+v", e)
			}
		case channel.EventNotice:
			if e.User != "" || len(e.Notice.Detail) > 32 {
				t.Fatalf("got a notice of somebody: %+v", e)
			}
		}
		if (e.User == "") != (e.UserKind == "") || e.User != "" && e.Account == "" {
			t.Fatalf("got %s %q of %q", e.UserKind, e.User, e.Account)
		}
		top, around := membersOf(raw), membersOf(head)
		switch textOf(around["list"]) {
		case "messages":
			if id := textOf(top["id"]); len(top["type"]) < 256 && e.Type != textOf(top["type"]) || id != "" && e.ID != id || e.Account != wordOf(around["number"]) {
				t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
			}
			if e.Message.Type == hub.Text && e.Message.Text != textOf(membersOf(top["text"])["body"]) {
				t.Fatalf("got %q, want what the standard decoder reads of %q", e.Message.Text, raw)
			}
		case "statuses":
			if len(top["status"]) < 256 && e.Type != textOf(top["status"]) || e.Kind == channel.EventReceipt && e.Receipt.Target != textOf(top["id"]) {
				t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
			}
		}
	})
}

func membersOf(value []byte) (m map[string]json.RawMessage) {
	if json.Unmarshal(value, &m) != nil {
		return nil
	}
	return m
}

func elementsOf(value []byte) (list []json.RawMessage, ok bool) {
	ok = json.Unmarshal(value, &list) == nil && list != nil
	return list, ok
}

func textOf(value []byte) (s string) {
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

func wordOf(value []byte) string {
	if len(value) > 256 {
		return ""
	}
	if regexp.MustCompile(`^[0-9]{1,20}$`).Match(value) {
		return string(value)
	}
	return textOf(value)
}

// shallow reports whether a body is surely not nested too deeply for the adapter.
func shallow(body []byte) bool {
	return bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) < 60
}

// twice reports whether a body may name a member of the frame twice, which is a fault
// here, while the standard decoder takes the last.
func twice(body []byte) bool {
	if bytes.Contains(body, []byte(`\u`)) {
		return true
	}
	for _, name := range []string{"object", "entry", "id", "time", "changes", "field", "value", "metadata", "phone_number_id", "contacts", "messages", "statuses", "errors"} {
		if bytes.Count(body, []byte(`"`+name+`"`)) > 1 {
			return true
		}
	}
	return false
}
