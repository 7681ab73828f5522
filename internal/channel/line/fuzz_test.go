package line_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
	"omnihub/internal/channel/line"
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
		f.Add(sign(body, credentials.Secrets), body)
	}
	f.Add("", []byte("{}"))
	f.Add("good,bad", []byte(`{"destination":"x"}`))
	a := line.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		err := a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-line-signature": signature}}, credentials)
		if err == nil && signature != sign(body, credentials.Secrets) {
			t.Errorf("got %q accepted, want it refused", signature)
		}
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		// A signed body passes only if it is for the account or does not say.
		err = a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-line-signature": sign(body, credentials.Secrets)}}, credentials)
		var whole map[string]json.RawMessage
		var destination string
		if json.Unmarshal(body, &whole) == nil && json.Unmarshal(whole["destination"], &destination) == nil &&
			bytes.Count(body, []byte("estination")) < 2 && destination != "" && shallow(body) {
			if want := destination == account; (err == nil) != want {
				t.Errorf("signed for %q: got %v, want accepted %v", destination, err, want)
			}
		}
	})
}

// FuzzSplit: what Split accepts the standard decoder reads in the same way, and what
// it refuses the standard decoder finds wrong or undocumented.
func FuzzSplit(f *testing.F) {
	for _, body := range sampleBodies(f) {
		f.Add(body)
	}
	f.Add([]byte(`{"destination":"a\u0062","events":[{"n":-1.5e+3,"deliveryContext":{"isRedelivery":true}} , {}],"x":[null,true,{"y":[]}]}`))
	f.Add([]byte("{\"destination\":\"\xff\",\"events\":[]}"))
	a := line.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, body []byte) {
		slices, err := a.Split(body)
		var whole map[string]json.RawMessage
		var events []json.RawMessage
		var destination string
		readable := json.Unmarshal(body, &whole) == nil &&
			json.Unmarshal(whole["destination"], &destination) == nil && destination != "" &&
			json.Unmarshal(whole["events"], &events) == nil && events != nil
		for _, e := range events {
			readable = readable && e[0] == '{'
		}
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			// Named twice, or too deep, is refused here only.
			if readable && shallow(body) && !twice(body) {
				t.Fatalf("got %v, want %d events", err, len(events))
			}
			return
		}
		if !readable || len(slices) != len(events) {
			t.Fatalf("got %d events, want %d (readable %v)", len(slices), len(events), readable)
		}
		for i, slice := range slices {
			if !bytes.Equal(slice.Raw, events[i]) {
				t.Fatalf("event %d: got %q, want %q", i, slice.Raw, events[i])
			}
			if slice.Account != destination || !json.Valid(slice.Head) || slice.Event == "" || len(slice.Hash) != 32 || !utf8.ValidString(slice.User) {
				t.Fatalf("event %d: got %+v", i, slice)
			}
			e, err := a.Parse(slice.Head, slice.Raw)
			if err != nil && hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("event %d: got %v", i, err)
			}
			if err == nil && (e.ID != slice.Event || e.User != slice.User || e.Account != slice.Account) {
				t.Fatalf("event %d: Parse got %+v, Split %+v", i, e, slice)
			}
		}
	})
}

// FuzzParse: the answer is an event of valid text, as the standard decoder reads it,
// or Unparsable.
func FuzzParse(f *testing.F) {
	a := line.New(channel.Platform{})
	for _, body := range sampleBodies(f) {
		slices, err := a.Split(body)
		if err != nil {
			f.Fatal(err)
		}
		for _, slice := range slices {
			f.Add(slice.Head, slice.Raw)
		}
	}
	f.Add([]byte(`{"destination":"U"}`), []byte(`{"type":"message","timestamp":1,"source":{"type":"room","roomId":"R"},"message":{"id":"\ud83d","text":"\u0000"}}`))
	f.Fuzz(func(t *testing.T, head, raw []byte) {
		e, err := a.Parse(head, raw)
		if err != nil {
			if hub.CodeOf(err) != hub.Unparsable {
				t.Fatalf("got %v, want %s", err, hub.Unparsable)
			}
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("got an event of broken JSON: %q", raw)
		}
		for _, s := range []string{e.Type, e.ID, e.Account, e.User, e.Actor, e.Message.ID, e.Message.Text, e.Reply.Reveal()} {
			if !utf8.ValidString(s) {
				t.Fatalf("got text that is not UTF-8: %q", s)
			}
		}
		if e.At < 0 || e.At > 9_999_999_999_999 {
			t.Fatalf("at: got %d, want at most 13 digits", e.At)
		}
		if e.Kind == channel.EventMessage && (e.Message.ID == "" || e.User == "" || e.At == 0 || e.Message.Type == "") {
			t.Fatalf("got a message that cannot be kept: %+v", e)
		}
		top := membersOf(raw)
		source, message := membersOf(top["source"]), membersOf(top["message"])
		from := map[string]string{"user": "userId", "group": "groupId", "room": "roomId"}[textOf(source["type"])]
		user := ""
		if from != "" {
			user = textOf(source[from])
		}
		if e.Type != textOf(top["type"]) || e.User != user || e.Standby != (textOf(top["mode"]) == "standby") ||
			e.Redelivered != (string(membersOf(top["deliveryContext"])["isRedelivery"]) == "true") {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
		}
		if id := textOf(top["webhookEventId"]); id != "" && e.ID != id {
			t.Fatalf("id: got %q, want %q", e.ID, id)
		}
		if e.Kind == channel.EventMessage && (e.Message.ID != textOf(message["id"]) ||
			e.Message.Type == hub.Text && e.Message.Text != textOf(message["text"])) {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e.Message, raw)
		}
	})
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

// twice reports whether a body may name its destination or its events twice.
func twice(body []byte) bool {
	return bytes.Count(body, []byte("events")) > 1 || bytes.Count(body, []byte("destination")) > 1 || bytes.Contains(body, []byte(`\u`))
}
