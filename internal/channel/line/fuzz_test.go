package line_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
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
		f.Add(sign(body, credentials), body)
	}
	f.Add("", []byte("{}"))
	f.Add("good,bad", []byte(`{"destination":"x"}`))
	a := line.New(channel.Platform{})
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		err := a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-line-signature": signature}}, credentials)
		if err == nil && signature != sign(body, credentials) {
			t.Errorf("got %q accepted, want it refused", signature)
		}
		if err != nil && hub.CodeOf(err) != hub.BadSignature {
			t.Errorf("got %v, want %s", err, hub.BadSignature)
		}
		// A signed body passes only if it is for the account or does not say.
		err = a.Verify(&channel.Request{Body: body, Header: map[string]string{"x-line-signature": sign(body, credentials)}}, credentials)
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
		slices, err := a.Split(&channel.Request{Body: body})
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
		slices, err := a.Split(&channel.Request{Body: body})
		if err != nil {
			f.Fatal(err)
		}
		for _, slice := range slices {
			f.Add(slice.Head, slice.Raw)
		}
	}
	f.Add([]byte(`{"destination":"U"}`), []byte(`{"type":"message","timestamp":1,"source":{"type":"room","roomId":"R"},"message":{"id":"\ud83d","text":"\u0000"}}`))
	for _, event := range []string{
		`"type":"postback","postback":{"data":"a=b","params":{"time":"10:00","status":"x"}}`,
		`"type":"postback","postback":{"data":5,"params":[{"date":"x"}]}`,
		`"type":"unsend","unsend":{"messageId":"1"}`, `"type":"unsend","unsend":["1"]`,
		`"type":"messageEdited","message":{"type":"text","id":"1","text":"\u0000"}`,
		`"type":"accountLink","link":{"result":"ok","nonce":"n"}`, `"type":"follow","follow":{"isUnblocked":true}`,
		`"type":"message","message":{"type":"video","id":"1","contentProvider":{"type":"external","originalContentUrl":"u"}}`,
		`"type":"message","message":{"type":"sticker","id":"1","keywords":["a",1,["b"],"c","d"],"quotedMessageId":"2"}`,
	} {
		f.Add([]byte(`{"destination":"U"}`), []byte(`{"timestamp":1,"source":{"type":"user","userId":"U1"},`+event+`}`))
	}
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
		texts := []string{e.Type, e.ID, e.Account, e.User, e.Actor, e.Reply.Reveal(), e.Message.ID, e.Message.Text, e.Message.Data,
			e.Message.Quotes, e.Action.Target, e.Action.Value, e.Action.Actor, e.Link.Nonce}
		for _, m := range e.Message.Media {
			texts = append(texts, m.ID, m.URL, m.Name)
		}
		for _, s := range texts {
			if !utf8.ValidString(s) {
				t.Fatalf("got text that is not UTF-8: %q", s)
			}
		}
		if e.At < 0 || e.At > 9_999_999_999_999 {
			t.Fatalf("at: got %d, want at most 13 digits", e.At)
		}
		if faults := lacking(e); faults != "" {
			t.Fatalf("got %+v, which lacks %s", e, faults)
		}
		top := membersOf(raw)
		source := membersOf(top["source"])
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
		if want := takenOf(top, e); !reflect.DeepEqual(taken(e), want) {
			t.Fatalf("got %q, want %q, as the standard decoder reads %q", taken(e), want, raw)
		}
	})
}

// lacking names what an event of its kind cannot be kept without.
func lacking(e channel.Event) string {
	switch {
	case e.Kind == channel.EventOther:
		return ""
	case e.At == 0:
		return "a time"
	case e.User == "" && (e.Kind != channel.EventLink || e.Link.OK):
		return "a user"
	case e.Kind == channel.EventMessage && (e.Message.ID == "" || e.Message.Type == ""):
		return "id and type of a message"
	case e.Kind == channel.EventAction && (e.Action.Target == "" || e.Action.Actor == ""):
		return "target and actor of an action"
	case e.Kind == channel.EventLink && e.Link.Nonce == "":
		return "a nonce"
	}
	for _, m := range e.Message.Media {
		if (m.ID == "") == (m.URL == "") {
			return "one place of a medium"
		}
	}
	return ""
}

// taken are the texts that an event of its kind took over from its body.
func taken(e channel.Event) []string {
	switch e.Kind {
	case channel.EventMessage:
		if e.Message.Type == hub.Choice {
			return []string{e.ID, e.Message.Data, e.Message.Text}
		}
		if e.Message.Type == hub.Text {
			return []string{e.Message.ID, e.Message.Quotes, e.Message.Text}
		}
		return []string{e.Message.ID, e.Message.Quotes}
	case channel.EventAction:
		return []string{e.Action.Target, e.Action.Value}
	case channel.EventLink:
		return []string{e.Link.Nonce, fmt.Sprint(e.Link.OK)}
	case channel.EventSubscription:
		return []string{fmt.Sprint(e.Subscribed)}
	}
	return nil
}

// takenOf reads the same by the standard decoder.
func takenOf(top map[string]json.RawMessage, e channel.Event) []string {
	message, postback, link := membersOf(top["message"]), membersOf(top["postback"]), membersOf(top["link"])
	switch kind := textOf(top["type"]); {
	case e.Kind == channel.EventOther:
		return nil
	case kind == "postback":
		// Of several dates the last one counts, which a map does not tell.
		return []string{e.ID, textOf(postback["data"]), e.Message.Text}
	case kind == "message" && e.Message.Type == hub.Text:
		return []string{textOf(message["id"]), textOf(message["quotedMessageId"]), textOf(message["text"])}
	case kind == "message":
		return []string{textOf(message["id"]), textOf(message["quotedMessageId"])}
	case kind == "unsend":
		return []string{textOf(membersOf(top["unsend"])["messageId"]), ""}
	case kind == "messageEdited":
		return []string{textOf(message["id"]), textOf(message["text"])}
	case kind == "accountLink":
		return []string{textOf(link["nonce"]), fmt.Sprint(textOf(link["result"]) == "ok")}
	}
	return []string{fmt.Sprint(textOf(top["type"]) == "follow" || textOf(top["type"]) == "join")}
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
