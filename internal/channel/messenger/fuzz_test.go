package messenger_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
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
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		verify := func(signature string, c channel.Credentials) error {
			return adapter.Verify(&channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": signature}}, c)
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

// FuzzSplit: what Split accepts is JSON, cut exactly as received and within bounds, and
// none of what the standard decoder finds in it is lost; what it refuses the standard
// decoder finds wrong or undocumented.
func FuzzSplit(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	for _, body := range append(unknown(), further()...) {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := adapter.Split(&channel.Request{Body: body})
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
			if !bytes.Contains(body, s.Raw) || !json.Valid(s.Raw) || !json.Valid(s.Head) || len(s.Head) > 2048 {
				t.Fatalf("got %+v", s)
			}
			if s.Event == "" || len(s.Hash) != 32 || !utf8.ValidString(s.User+s.Event+s.Account) || s.Account == "" && s.User != "" {
				t.Fatalf("got %+v", s)
			}
			e, err := adapter.Parse(s.Head, s.Raw)
			if err != nil && hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("parse: got %v", err)
			}
			if err == nil && (e.ID != s.Event || e.User != s.User || e.Account != s.Account) {
				t.Fatalf("Parse got %+v, Split %+v", e, s)
			}
		}
	})
}

// reference reads a body with the standard decoder: "<account> <raw>" for each event.
func reference(body []byte) (out []string, ok bool) {
	top := membersOf(body)
	entries, ok := elementsOf(top["entry"])
	if textOf(top["object"]) != "page" || !ok {
		return nil, false
	}
	out = []string{}
	for _, entry := range entries {
		m := membersOf(entry)
		id, known := wordOf(m["id"])+" ", false
		var list []string
		for _, name := range namesOf(entry) { // in the body's order, which a map does not keep
			switch name {
			case "messaging", "standby", "changes":
				elements, is := elementsOf(m[name])
				known = known || is
				for _, e := range elements {
					list = append(list, id+string(unwrapped(e)))
				}
			case "value":
				known = true
				list = append(list, id+string(m[name]))
			}
		}
		if !known {
			list = []string{id + string(entry)}
		}
		out = append(out, list...)
	}
	return out, true
}

// unwrapped is the value of a field and its value, or the element itself.
func unwrapped(element json.RawMessage) json.RawMessage {
	m := membersOf(element)
	if m["value"] == nil || m["sender"] != nil || m["recipient"] != nil {
		return element
	}
	return m["value"]
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
	bodies := sampleBodies(f)
	for _, body := range append(unknown(), further()...) {
		bodies = append(bodies, []byte(body))
	}
	for _, body := range bodies {
		slices, err := adapter.Split(&channel.Request{Body: body})
		if err != nil {
			f.Fatal(err)
		}
		for _, slice := range slices {
			f.Add(slice.Head, slice.Raw)
		}
	}
	caps := adapter.Capabilities()
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		e, err := adapter.Parse(head, raw)
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
		case channel.EventMessage, channel.EventEcho:
			if e.Message.ID == "" || e.User == "" || e.Message.Type == "" || (e.Message.Type == hub.Choice) != (e.Message.Data != "") {
				t.Fatalf("got a message that cannot be kept: %+v", e)
			}
			if e.Kind == channel.EventEcho && (len(e.Echo.Ref) > 512 || e.Message.Type == hub.Choice) {
				t.Fatalf("got an echo of what nobody can send: %+v", e)
			}
		case channel.EventAction:
			if e.User == "" || e.Action.Target == "" || e.Action.Actor == "" {
				t.Fatalf("got an act of nobody: %+v", e)
			}
		case channel.EventReceipt:
			if e.User == "" || e.Receipt.Target == "" || !slices.Contains(caps.Receipts, e.Receipt.State) {
				t.Fatalf("got a receipt that tells nothing: %+v", e)
			}
		case channel.EventWatermark:
			if e.User == "" || e.Watermark.UpTo <= 0 || !slices.Contains(caps.Receipts, e.Watermark.State) {
				t.Fatalf("got a watermark that tells nothing: %+v", e)
			}
		case channel.EventEntry:
			if e.User == "" || e.Entry == (channel.Entry{}) {
				t.Fatalf("got an entry that tells nothing: %+v", e)
			}
		case channel.EventNotice:
			if e.User != "" || e.Notice.Topic == "" {
				t.Fatalf("got a notice of somebody: %+v", e)
			}
		case channel.EventOther:
		default:
			t.Fatalf("got the kind %q", e.Kind)
		}
		if (e.User == "") != (e.UserKind == "") || e.User != "" && e.Account == "" {
			t.Fatalf("got %s %q of %q", e.UserKind, e.User, e.Account)
		}
		around := membersOf(head)
		message := membersOf(membersOf(raw)["message"])
		if e.Kind == channel.EventMessage && e.Type == "message" {
			if id := wordOf(message["mid"]); id != "" && e.Message.ID != id || e.Account != wordOf(around["entry"]) ||
				e.Message.Type == hub.Text && message["attachments"] == nil && e.Message.Text != textOf(message["text"]) {
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

var digits = regexp.MustCompile(`^[0-9]{1,20}$`)

func wordOf(value []byte) string {
	if len(value) > 256 {
		return ""
	}
	if digits.Match(value) {
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
	for _, name := range []string{"object", "entry", "id", "time", "messaging", "standby", "changes", "field", "value", "sender", "recipient"} {
		if bytes.Count(body, []byte(`"`+name+`"`)) > 1 {
			return true
		}
	}
	return false
}
