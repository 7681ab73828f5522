package line_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/line"
	"omnihub/internal/hub"
)

// FuzzVerify: no header but the body's own signature passes.
func FuzzVerify(f *testing.F) {
	for _, body := range suite(f).Bodies(f) {
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
		_, readable := reference(body)
		destination := channeltest.TextOf(channeltest.MembersOf(body)["destination"])
		if readable && bytes.Count(body, []byte("estination")) < 2 && bytes.Count(body, []byte("{")) < 30 && bytes.Count(body, []byte("[")) < 30 {
			if want := destination == account; (err == nil) != want {
				t.Errorf("signed for %q: got %v, want accepted %v", destination, err, want)
			}
		}
	})
}

func FuzzSplit(f *testing.F) {
	suite(f).FuzzSplit(f, reference, []string{"destination", "events"},
		`{"destination":"a\u0062","events":[{"n":-1.5e+3,"deliveryContext":{"isRedelivery":true}} , {}],"x":[null,true,{"y":[]}]}`,
		"{\"destination\":\"\xff\",\"events\":[]}")
}

// reference reads a body with the standard decoder: "<destination> <raw>" for each event.
func reference(body []byte) (out []string, ok bool) {
	top := channeltest.MembersOf(body)
	events, ok := channeltest.ElementsOf(top["events"])
	destination := channeltest.TextOf(top["destination"])
	for _, e := range events {
		ok = ok && e[0] == '{'
		out = append(out, destination+" "+string(e))
	}
	return out, ok && destination != ""
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	seeds := [][2]string{{`{"destination":"U"}`, `{"type":"message","timestamp":1,"source":{"type":"room","roomId":"R"},"message":{"id":"\ud83d","text":"\u0000"}}`}}
	for _, event := range []string{
		`"type":"postback","postback":{"data":"a=b","params":{"time":"10:00","status":"x"}}`,
		`"type":"postback","postback":{"data":5,"params":[{"date":"x"}]}`,
		`"type":"unsend","unsend":{"messageId":"1"}`, `"type":"unsend","unsend":["1"]`,
		`"type":"messageEdited","message":{"type":"text","id":"1","text":"\u0000"}`,
		`"type":"accountLink","link":{"result":"ok","nonce":"n"}`, `"type":"follow","follow":{"isUnblocked":true}`,
		`"type":"message","message":{"type":"video","id":"1","contentProvider":{"type":"external","originalContentUrl":"u"}}`,
		`"type":"message","message":{"type":"sticker","id":"1","keywords":["a",1,["b"],"c","d"],"quotedMessageId":"2"}`,
	} {
		seeds = append(seeds, [2]string{`{"destination":"U"}`, `{"timestamp":1,"source":{"type":"user","userId":"U1"},` + event + `}`})
	}
	s.FuzzParse(f, s.Bodies(f), seeds, func(t *testing.T, _, raw []byte, e channel.Event) {
		if e.Kind != channel.EventOther && (e.At == 0 || e.User == "" && (e.Kind != channel.EventLink || e.Link.OK)) {
			t.Fatalf("got %+v, want a time and a user", e)
		}
		for _, m := range e.Message.Media {
			if (m.ID == "") == (m.URL == "") {
				t.Fatalf("got %+v, want one place of a medium", m)
			}
		}
		top := channeltest.MembersOf(raw)
		source := channeltest.MembersOf(top["source"])
		from := map[string]string{"user": "userId", "group": "groupId", "room": "roomId"}[channeltest.TextOf(source["type"])]
		user := ""
		if from != "" {
			user = channeltest.IDOf(source[from])
		}
		if e.Type != channeltest.IDOf(top["type"]) || e.User != user || e.Standby != (channeltest.TextOf(top["mode"]) == "standby") ||
			e.Redelivered != (string(channeltest.MembersOf(top["deliveryContext"])["isRedelivery"]) == "true") {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
		}
		if id := channeltest.IDOf(top["webhookEventId"]); id != "" && e.ID != id {
			t.Fatalf("id: got %q, want %q", e.ID, id)
		}
		if want := takenOf(top, e); !reflect.DeepEqual(taken(e), want) {
			t.Fatalf("got %q, want %q, as the standard decoder reads %q", taken(e), want, raw)
		}
	})
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
	message, postback, link := channeltest.MembersOf(top["message"]), channeltest.MembersOf(top["postback"]), channeltest.MembersOf(top["link"])
	switch kind := channeltest.IDOf(top["type"]); {
	case e.Kind == channel.EventOther:
		return nil
	case kind == "postback":
		// Of several dates the last one counts, which a map does not tell.
		return []string{e.ID, channeltest.TextOf(postback["data"]), e.Message.Text}
	case kind == "message" && e.Message.Type == hub.Text:
		return []string{channeltest.IDOf(message["id"]), channeltest.IDOf(message["quotedMessageId"]), channeltest.TextOf(message["text"])}
	case kind == "message":
		return []string{channeltest.IDOf(message["id"]), channeltest.IDOf(message["quotedMessageId"])}
	case kind == "unsend":
		return []string{channeltest.IDOf(channeltest.MembersOf(top["unsend"])["messageId"]), ""}
	case kind == "messageEdited":
		return []string{channeltest.IDOf(message["id"]), channeltest.TextOf(message["text"])}
	case kind == "accountLink":
		return []string{channeltest.TextOf(link["nonce"]), fmt.Sprint(channeltest.TextOf(link["result"]) == "ok")}
	}
	return []string{fmt.Sprint(channeltest.IDOf(top["type"]) == "follow" || channeltest.IDOf(top["type"]) == "join")}
}
