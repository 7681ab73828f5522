package twilio_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

func sampleBodies(f *testing.F) [][]byte {
	files, err := filepath.Glob("testdata/samples/*.form")
	if err != nil || len(files) == 0 {
		f.Fatalf("got %d samples, %v, want some", len(files), err)
	}
	var out [][]byte
	for _, file := range files {
		out = append(out, sample(f, filepath.Base(file)))
	}
	return out
}

// FuzzVerify: no header but the request's own signature passes, and that only under
// the connection's token, URL and account.
func FuzzVerify(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(signed(&channel.Request{Body: body}, credentials), "", body)
	}
	f.Add("", "c=tw1", []byte("a=1&a=1"))
	f.Add("AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "bodySHA256="+hashOf([]byte(`{"a":1}`)), []byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, signature, query string, body []byte) {
		r := channel.Request{Method: "POST", RawQuery: query, Body: body}
		good := signed(&r, credentials)
		values, broken := url.ParseQuery(string(body))
		in, brokenQuery := url.ParseQuery(query)
		err := verify(r, signature, credentials)
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		if broken != nil || brokenQuery != nil || in.Has("bodySHA256") || len(values) > 100 {
			return // the reference reads other bytes, or the hash decides
		}
		foreign := slices.ContainsFunc(values["AccountSid"], func(sid string) bool { return sid != "" && sid != account })
		if err == nil && (signature != good || foreign) && signature != signed(&r, with(credentials, "https://hub.example.tw:443"+webhook[len("https://hub.example.tw"):])) {
			t.Errorf("%q: got it accepted, want %q", signature, good)
		}
		if err := verify(r, good, credentials); (err == nil) == foreign {
			t.Errorf("its own signature: got %v, want it refused %v", err, foreign)
		}
		if err := verify(r, signed(&r, channel.Credentials{URL: webhook}), channel.Credentials{URL: webhook}); err == nil {
			t.Error("without a token: got it accepted")
		}
	})
}

// FuzzSplit: a request is one event that is cut as received, with names that do not
// depend on how it was spelled, and Parse agrees; what is refused is no form.
func FuzzSplit(f *testing.F) {
	for _, body := range append(sampleBodies(f), []byte(inbound("From", "whatsapp:TW.1"))) {
		f.Add("ref=m1.demo", body)
	}
	for _, body := range append(unknown(), broken()...) {
		f.Add("", []byte(body))
	}
	a := twilio.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, query string, body []byte) {
		before := bytes.Clone(body)
		got, err := a.Split(&channel.Request{Method: "POST", RawQuery: query, Body: body})
		if !bytes.Equal(before, body) {
			t.Fatal("Split changed the body")
		}
		values, broken := url.ParseQuery(string(body))
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable || len(got) > 0 {
				t.Fatalf("got %d, %v, want %s", len(got), err, hub.Unparsable)
			}
			if trimmed := bytes.TrimSpace(body); broken == nil && len(values) > 0 && len(values) < 100 && len(body) < 500 && trimmed[0] != '{' && trimmed[0] != '[' {
				t.Fatalf("got %v, want %d parameters", err, len(values))
			}
			return
		}
		s := got[0]
		if len(got) != 1 || !bytes.Equal(s.Raw, body) || !json.Valid(s.Head) || len(s.Head) > 2048 {
			t.Fatalf("got %+v", got)
		}
		if s.Event == "" || len(s.Hash) != 32 || !utf8.ValidString(s.User+s.Event+s.Account) || s.Account == "" && s.User != "" {
			t.Fatalf("got %+v", s)
		}
		e, err := a.Parse(s.Head, s.Raw)
		if err != nil && hub.CodeOf(err) != hub.Unparsable {
			t.Fatalf("parse: got %v", err)
		}
		if err == nil && (e.ID != s.Event || e.User != s.User || e.Account != s.Account || e.At != 0) {
			t.Fatalf("Parse got %+v, Split %+v", e, s)
		}
		if trimmed := bytes.TrimSpace(body); broken != nil || len(trimmed) == 0 || trimmed[0] == '{' || trimmed[0] == '[' {
			return
		}
		respelled, err := a.Split(&channel.Request{Method: "POST", Body: []byte(values.Encode())})
		if err != nil || respelled[0].Event != s.Event || respelled[0].Hash != s.Hash || respelled[0].User != s.User {
			t.Fatalf("spelled otherwise: got %+v, %v, want %+v", respelled, err, s)
		}
	})
}

// FuzzParse: the answer is an event of valid text that can be kept, or Unparsable.
func FuzzParse(f *testing.F) {
	for _, body := range append(sampleBodies(f), []byte(unknown()[0])) {
		f.Add([]byte(`{"ref":"m1.demo"}`), body)
	}
	for _, body := range further() {
		f.Add([]byte(`{}`), []byte(body))
	}
	f.Add([]byte(`{"ref":5}`), []byte("a"))
	a := twilio.New(channel.Platform{})
	caps := a.Capabilities()
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		e, err := a.Parse(head, raw)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			return
		}
		if e.At != 0 || e.ID == "" || (e.User == "") != (e.UserKind == "") || e.User != "" && e.Account == "" {
			t.Fatalf("got %+v", e)
		}
		m := e.Message
		texts := e.ID + e.Type + e.User + e.Account + m.Text + m.Data + m.Quotes + e.Profile.Name.Reveal() + e.Entry.Ad + e.Receipt.Ref
		for _, file := range m.Media {
			texts += file.URL + file.MIME
		}
		if !utf8.ValidString(texts) {
			t.Fatalf("got text that is not UTF-8: %q", texts)
		}
		switch e.Kind {
		case channel.EventMessage:
			if m.ID == "" || e.User == "" || m.Type == "" || m.Type == hub.Choice && m.Data == "" || len(m.Media) > 10 {
				t.Fatalf("got a message that cannot be kept: %+v", e)
			}
			var object map[string]any
			if m.Type == hub.Form && json.Unmarshal([]byte(m.Data), &object) != nil {
				t.Fatalf("got a form's answers that are no object: %q", m.Data)
			}
			if values, err := url.ParseQuery(string(raw)); err == nil && m.Type == hub.Text && len(values["Body"]) == 1 && utf8.ValidString(values.Get("Body")) && m.Text != values.Get("Body") {
				t.Fatalf("got %q, want what the standard decoder reads of %q", m.Text, raw)
			}
		case channel.EventReceipt:
			if e.User == "" || e.Receipt.Target == "" || !slices.Contains(caps.Receipts, e.Receipt.State) || (e.Receipt.State == hub.Failed) != (e.Receipt.Code != "") {
				t.Fatalf("got a receipt that tells nothing: %+v", e)
			}
		case channel.EventOther:
			if m.ID != "" || e.Receipt.State != "" {
				t.Fatalf("got %+v", e)
			}
		default:
			t.Fatalf("got a kind that Twilio does not tell: %+v", e)
		}
	})
}
