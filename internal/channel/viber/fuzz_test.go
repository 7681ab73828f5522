package viber_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/channel/viber"
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
	for _, body := range append(further(), unknown()...) {
		out = append(out, []byte(body))
	}
	return out
}

// FuzzVerify: no header but the body's own signature passes, in either case of digits.
func FuzzVerify(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(sign(body, credentials), body)
	}
	f.Add("", []byte("{}"))
	f.Add("good,bad", []byte(`{"event":"webhook"}`))
	a := viber.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		verify := func(signature string) error {
			return a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-viber-content-signature": signature}}, credentials)
		}
		good := sign(body, credentials)
		err := verify(signature)
		if err == nil && !strings.EqualFold(signature, good) {
			t.Errorf("got %q accepted, want it refused", signature)
		}
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		if err := verify(good); err != nil {
			t.Errorf("the good signature: got %v, want none", err)
		}
	})
}

// FuzzSplit: what Split accepts the standard decoder reads in the same way, and what
// it refuses the standard decoder finds wrong or undocumented.
func FuzzSplit(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	f.Add([]byte(` {"event":"m\u0065ssage","message_token":"17","sender":{"id":"\ud83d"},"x":[null,true,{"y":[]}]} `))
	f.Add([]byte("{\"event\":\"\xff\",\"message_token\":1}"))
	a := viber.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, body []byte) {
		slices, err := a.Split(&channel.Request{Body: body})
		top := membersOf(body)
		readable := top != nil && textOf(top["event"]) != ""
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			// Named twice, or too deep, is refused here only.
			if readable && shallow(body) && !twice(body) {
				t.Fatalf("got %v, want an event", err)
			}
			return
		}
		if !readable {
			t.Fatalf("got %d events of %q, want it refused", len(slices), body)
		}
		if want := textOf(top["event"]) != "webhook"; (len(slices) == 1) != want || len(slices) > 1 {
			t.Fatalf("got %d events of %q", len(slices), body)
		}
		for _, slice := range slices {
			if !bytes.Equal(slice.Raw, bytes.TrimSpace(body)) || slice.Account != "" || !json.Valid(slice.Head) || slice.Event == "" ||
				len(slice.Hash) != 32 || !utf8.ValidString(slice.User) || !utf8.ValidString(slice.Event) {
				t.Fatalf("got %+v of %q", slice, body)
			}
			e, err := a.Parse(slice.Head, slice.Raw)
			if err != nil || e.ID != slice.Event || e.User != slice.User || e.Account != "" {
				t.Fatalf("Parse got %+v, %v, Split %+v", e, err, slice)
			}
			answer, ok := a.Answer(channel.Credentials{}, slice, hub.TextContent("x"))
			if ok != (e.Type == "conversation_started" && e.User != "") || ok && !json.Valid(answer) {
				t.Fatalf("answered %s, %v, to %q", answer, ok, body)
			}
		}
	})
}

// FuzzParse: the answer is an event of valid text, as the standard decoder reads it,
// or Unparsable.
func FuzzParse(f *testing.F) {
	a := viber.New(channel.Platform{})
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	f.Add([]byte(from(`{"type":"text","text":"\u2063\ud83d","tracking_data":"{\"choices\":{\"\ud83d\":\"\u0000\"}}"}`)))
	f.Add([]byte(from(`{"type":"url","media":"a","text":"b","sticker_id":1e9}`)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := a.Parse(nil, raw)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("got an event of broken JSON: %q", raw)
		}
		texts := []string{e.Type, e.ID, e.User, e.Message.ID, e.Message.Text, e.Message.Data, e.Receipt.Target, e.Entry.Ref, e.Entry.Source,
			e.Profile.Name.Reveal(), e.Profile.Picture.Reveal(), e.Profile.Language}
		for _, m := range e.Message.Media {
			texts = append(texts, m.ID, m.URL, m.Name)
			if (m.ID == "") == (m.URL == "") || m.Size < 0 {
				t.Fatalf("got %+v, want one place of a medium", m)
			}
		}
		for _, s := range texts {
			if !utf8.ValidString(s) {
				t.Fatalf("got text that is not UTF-8: %q", s)
			}
		}
		if e.At != 0 && (e.At < 1_000_000_000_000 || e.At > 9_999_999_999_999) {
			t.Fatalf("at: got %d, want 13 digits or none", e.At)
		}
		if why := lacking(e); why != "" {
			t.Fatalf("got %+v, which lacks %s", e, why)
		}
		top := membersOf(raw)
		if e.Type != textOf(top["event"]) || e.Message.ID != "" && e.Message.ID != strings.Trim(string(top["message_token"]), `"`) && !bytes.Contains(raw, []byte(`\u`)) {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
		}
		message := membersOf(top["message"])
		if kind := textOf(message["type"]); e.Kind == channel.EventMessage && kind == "text" {
			text := textOf(message["text"])
			same := e.Message.Type == hub.Text && e.Message.Text == text ||
				e.Message.Type == hub.Choice && e.Message.Data == strings.TrimPrefix(text, "\u2063")
			if !same {
				t.Fatalf("got %+v, want the text %q", e.Message, text)
			}
		}
	})
}

// lacking names what an event of its kind cannot be kept without.
func lacking(e channel.Event) string {
	switch {
	case e.Kind == channel.EventOther:
		return ""
	case e.User == "" || e.UserKind != hub.Person:
		return "a person"
	case e.Kind == channel.EventMessage && (e.Message.ID == "" || e.Message.Type == ""):
		return "id and type of a message"
	case e.Message.Type == hub.Choice && e.Message.Data == "":
		return "what was chosen"
	case e.Kind == channel.EventReceipt && (e.Receipt.Target == "" || (e.Receipt.State == hub.Failed) != (e.Receipt.Code != "")):
		return "the message, or why it failed"
	case e.Kind == channel.EventEntry && e.Entry.Source == "":
		return "how the customer came"
	}
	return ""
}

func membersOf(value []byte) (m map[string]json.RawMessage) {
	if json.Unmarshal(value, &m) != nil {
		return nil
	}
	return m
}

func textOf(value []byte) (s string) {
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// shallow reports whether a body is surely not nested too deeply for the adapter.
func shallow(body []byte) bool {
	return bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) < 60
}

// twice reports whether a body may name something of its frame twice.
func twice(body []byte) bool {
	for _, name := range []string{"event", "message_token", "timestamp", "user", "sender", "user_id", "message", "chat_hostname"} {
		if bytes.Count(body, []byte(`"`+name+`"`)) > 1 {
			return true
		}
	}
	return bytes.Contains(body, []byte(`\u`))
}
