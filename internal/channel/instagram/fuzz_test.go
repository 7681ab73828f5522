package instagram_test

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
	"omnihub/internal/channel/instagram"
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

// FuzzVerify: no header but the body's own signature with one of the secrets passes.
func FuzzVerify(f *testing.F) {
	const other hub.Secret = "instagram-secret-of-the-app"
	for _, body := range sampleBodies(f) {
		f.Add(sign(body, credentials), body)
		f.Add(signWith(body, other), body)
	}
	f.Add("", []byte("{}"))
	f.Add("sha256=", []byte("{}"))
	a := instagram.New(channel.Platform{})
	both := channel.Credentials{Secrets: channel.Secrets{instagram.AppSecret: credentials.Secrets[instagram.AppSecret], instagram.InstagramAppSecret: other}}
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		verify := func(signature string, c channel.Credentials) error {
			return a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-hub-signature-256": signature}}, c)
		}
		one, two := sign(body, credentials), signWith(body, other)
		for c, good := range map[*channel.Credentials]bool{&credentials: signature == one, &both: signature == one || signature == two} {
			err := verify(signature, *c)
			if (err == nil) != good {
				t.Errorf("%q: got %v, want it accepted %v", signature, err, good)
			}
			if err != nil && hub.CodeOf(err) != hub.BadSignature {
				t.Errorf("got %v, want %s", err, hub.BadSignature)
			}
		}
		if err := verify(two, both); err != nil {
			t.Errorf("the other secret's: got %v, want it accepted", err)
		}
		if err := verify(sign(body, channel.Credentials{}), channel.Credentials{}); hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("without a secret: got %v, want %s", err, hub.BadSignature)
		}
	})
}

// FuzzHandshake: only the right token gets an answer, and that is its own challenge.
func FuzzHandshake(f *testing.F) {
	token := url.QueryEscape(credentials.Secrets[instagram.VerifyToken].Reveal())
	f.Add("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=" + token)
	f.Add("hub.mode=subscribe&hub.challenge=%3Cscript%3E&hub.verify_token=" + token)
	f.Add("hub_mode=subscribe&hub_challenge=1&hub_verify_token=" + token)
	plain := regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)
	a := instagram.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, query string) {
		got, err := a.Handshake(&channel.Request{Method: "GET", RawQuery: query}, credentials)
		if err != nil {
			if code := hub.CodeOf(err); got != "" || code != hub.BadSignature && code != hub.BadRequest {
				t.Errorf("got %q, %v", got, err)
			}
			return
		}
		values, _ := url.ParseQuery(query)
		if !plain.MatchString(got) || values.Get("hub.challenge") != got || values.Get("hub.mode") != "subscribe" ||
			values.Get("hub.verify_token") != credentials.Secrets[instagram.VerifyToken].Reveal() {
			t.Errorf("%q: got %q, want no answer", query, got)
		}
	})
}

// FuzzSplit: what Split accepts is JSON of the documented frame, cut exactly as received
// and within bounds, with every item that the standard decoder finds in it.
func FuzzSplit(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	for _, body := range append(unknown(), further()...) {
		f.Add([]byte(body))
	}
	a := instagram.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := a.Split(&channel.Request{Body: body})
		want, readable := items(body)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable || len(got) > 0 {
				t.Fatalf("got %d, %v, want %s", len(got), err, hub.Unparsable)
			}
			// Named twice, too deep or too many is refused here only.
			if readable && bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) < 60 && !twice(body) {
				t.Fatalf("got %v, want %d items", err, len(want))
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("got %d events of broken JSON", len(got))
		}
		if readable && !twice(body) {
			var raws []string
			for _, s := range got {
				raws = append(raws, s.Account+" "+string(s.Raw))
			}
			for _, w := range want {
				if !slices.Contains(raws, w) {
					t.Fatalf("got %q, want %q among them", raws, w)
				}
			}
		}
		for _, s := range got {
			if !bytes.Contains(body, s.Raw) || !json.Valid(s.Raw) || !json.Valid(s.Head) || len(s.Head) > 4096 {
				t.Fatalf("got %+v", s)
			}
			if s.Event == "" || len(s.Event) > 600 || len(s.Hash) != 32 || !utf8.ValidString(s.User+s.Event+s.Account) || s.Account == "" && s.User != "" {
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

// items reads a body with the standard decoder: "<account> <raw>" of each item of
// messaging and standby.
func items(body []byte) (out []string, ok bool) {
	top := membersOf(body)
	entries, ok := elementsOf(top["entry"])
	if object := wordOf(top["object"]); !ok || object != "instagram" && object != "page" {
		return nil, false
	}
	for _, entry := range entries {
		m := membersOf(entry)
		for _, name := range []string{"messaging", "standby"} {
			list, _ := elementsOf(m[name])
			for _, raw := range list {
				if !bytes.Contains(raw, []byte(`"value"`)) { // else the value is the item
					out = append(out, wordOf(m["id"])+" "+string(raw))
				}
			}
		}
	}
	return out, true
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

// twice reports whether an object of the body names a member twice, in whatever case: in
// the frame that is a fault here, while the standard decoder takes the last.
func twice(body []byte) bool {
	d := json.NewDecoder(bytes.NewReader(body))
	type object struct {
		names map[string]bool // nil = an array
		value bool            // a value comes next
	}
	var open []object
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		if name, ok := token.(string); ok && len(open) > 0 && open[len(open)-1].names != nil && !open[len(open)-1].value {
			o := &open[len(open)-1]
			if o.names[strings.ToLower(name)] {
				return true
			}
			o.names[strings.ToLower(name)], o.value = true, true
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, object{names: map[string]bool{}})
			continue
		case json.Delim('['):
			open = append(open, object{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			open[len(open)-1].value = false
		}
	}
}

func wordOf(value []byte) string {
	if len(value) > 256 {
		return ""
	}
	if regexp.MustCompile(`^[0-9]{1,20}$`).Match(value) {
		return string(value)
	}
	var s string
	_ = json.Unmarshal(value, &s)
	return s
}

// FuzzParse: the answer is an event of valid text that can be kept, or Unparsable.
func FuzzParse(f *testing.F) {
	a := instagram.New(channel.Platform{})
	bodies := sampleBodies(f)
	for _, body := range append(unknown(), further()...) {
		bodies = append(bodies, []byte(body))
	}
	for _, body := range bodies {
		list, err := a.Split(&channel.Request{Body: body})
		if err != nil {
			f.Fatal(err)
		}
		for _, s := range list {
			f.Add(s.Head, s.Raw)
		}
	}
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
		if e.At < 0 || e.At > 9_999_999_999_999 || e.ID == "" || (e.User == "") != (e.UserKind == "") || e.User != "" && e.Account == "" {
			t.Fatalf("got %+v", e)
		}
		m := e.Message
		if !utf8.ValidString(strings.Join([]string{e.ID, e.User, e.Type, m.ID, m.Text, m.Data, m.Quotes, e.Action.Value, e.Entry.Ref}, " ")) {
			t.Fatalf("got text that is not UTF-8: %+v", e)
		}
		switch e.Kind {
		case channel.EventMessage, channel.EventEcho:
			if m.ID == "" || e.User == "" || m.Type == "" || m.Type == hub.Choice && m.Data == "" {
				t.Fatalf("got a message that cannot be kept: %+v", e)
			}
			seen := map[string]bool{}
			for _, file := range m.Media {
				if file.URL == "" && file.ID == "" || file.Name == "post" && seen[file.URL] {
					t.Fatalf("got a file that is nowhere, or twice: %+v", m.Media)
				}
				seen[file.URL] = true
			}
		case channel.EventAction:
			if e.User == "" || e.Action.Target == "" || e.Action.Actor != e.User {
				t.Fatalf("got an act of nobody: %+v", e)
			}
		case channel.EventReceipt:
			if e.User == "" || e.Receipt.Target == "" {
				t.Fatalf("got a receipt that tells nothing: %+v", e)
			}
		case channel.EventEntry:
			if e.User == "" || e.Entry == (channel.Entry{}) {
				t.Fatalf("got an entry of nobody: %+v", e)
			}
		case channel.EventNotice:
			if e.User != "" {
				t.Fatalf("got a notice of somebody: %+v", e)
			}
		}
	})
}
