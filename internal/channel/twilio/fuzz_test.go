package twilio_test

import (
	"bytes"
	"net/url"
	"slices"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/channel/twilio"
	"omnihub/internal/hub"
)

// FuzzVerify: no header but the request's own signature passes, and that only under
// the connection's token, URL and account.
func FuzzVerify(f *testing.F) {
	for _, body := range suite(f).Bodies(f) {
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
	contract := suite(f)
	for _, body := range append(contract.Bodies(f), []byte(inbound("From", "whatsapp:TW.1"))) {
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
		if len(got) != 1 || !bytes.Equal(s.Raw, body) {
			t.Fatalf("got %+v", got)
		}
		contract.Sliced(t, a, body, s)
		if trimmed := bytes.TrimSpace(body); broken != nil || len(trimmed) == 0 || trimmed[0] == '{' || trimmed[0] == '[' {
			return
		}
		respelled, err := a.Split(&channel.Request{Method: "POST", Body: []byte(values.Encode())})
		if err != nil || respelled[0].Event != s.Event || respelled[0].Hash != s.Hash || respelled[0].User != s.User {
			t.Fatalf("spelled otherwise: got %+v, %v, want %+v", respelled, err, s)
		}
	})
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	seeds := [][2]string{{`{"ref":5}`, "a"}}
	for _, body := range s.Bodies(f, unknown()[0]) {
		seeds = append(seeds, [2]string{`{"ref":"m1.demo"}`, string(body)})
	}
	for _, body := range further() {
		seeds = append(seeds, [2]string{`{}`, body})
	}
	s.FuzzParse(f, nil, seeds, func(t *testing.T, _, raw []byte, e channel.Event) {
		if e.At != 0 || len(e.Message.Media) > 10 || !slices.Contains([]channel.EventKind{channel.EventMessage, channel.EventReceipt, channel.EventOther}, e.Kind) {
			t.Fatalf("got what Twilio does not tell: %+v", e)
		}
		values, err := url.ParseQuery(string(raw))
		if text := values["Body"]; err == nil && e.Message.Type == hub.Text && len(text) == 1 && utf8.ValidString(text[0]) && e.Message.Text != text[0] {
			t.Fatalf("got %q, want what the standard decoder reads of %q", e.Message.Text, raw)
		}
	})
}
