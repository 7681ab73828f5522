package viber_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

func FuzzVerify(f *testing.F) { suite(f).FuzzVerify(f) }

func FuzzSplit(f *testing.F) {
	frame := []string{"event", "message_token", "timestamp", "user", "sender", "user_id", "message", "chat_hostname"}
	suite(f).FuzzSplit(f, reference, frame, slices.Concat(further(), unknown(), []string{
		` {"event":"m\u0065ssage","message_token":"17","sender":{"id":"\ud83d"},"x":[null,true,{"y":[]}]} `, "{\"event\":\"\xff\",\"message_token\":1}",
	})...)
}

// reference reads a body with the standard decoder: it is one event, or Viber's try.
func reference(body []byte) (out []string, ok bool) {
	kind := channeltest.TextOf(channeltest.MembersOf(body)["event"])
	if kind != "webhook" {
		out = []string{" " + string(bytes.TrimSpace(body))}
	}
	return out, kind != ""
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	a := s.New(channel.Platform{})
	seeds := [][2]string{
		{"{}", from(`{"type":"text","text":"\u2063\ud83d","tracking_data":"{\"choices\":{\"\ud83d\":\"\u0000\"}}"}`)},
		{"{}", from(`{"type":"url","media":"a","text":"b","sticker_id":1e9}`)},
	}
	s.FuzzParse(f, s.Bodies(f, slices.Concat(further(), unknown())...), seeds, func(t *testing.T, head, raw []byte, e channel.Event) {
		if e.At != 0 && e.At < 1_000_000_000_000 {
			t.Fatalf("at: got %d, want 13 digits or none", e.At)
		}
		for _, m := range e.Message.Media {
			if (m.ID == "") == (m.URL == "") {
				t.Fatalf("got %+v, want one place of a medium", m)
			}
		}
		answer, ok := a.(channel.Answerer).Answer(channel.Credentials{}, channel.Slice{Raw: raw}, hub.TextContent("x"))
		if ok != (e.Type == "conversation_started" && e.User != "") || ok && !json.Valid(answer) {
			t.Fatalf("answered %s, %v, to %q", answer, ok, raw)
		}
		top := channeltest.MembersOf(raw)
		if e.Type != channeltest.TextOf(top["event"]) || e.Message.ID != "" && e.Message.ID != strings.Trim(string(top["message_token"]), `"`) && !bytes.Contains(raw, []byte(`\u`)) {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
		}
		message := channeltest.MembersOf(top["message"])
		if kind := channeltest.TextOf(message["type"]); e.Kind == channel.EventMessage && kind == "text" {
			text := channeltest.TextOf(message["text"])
			same := e.Message.Type == hub.Text && e.Message.Text == text ||
				e.Message.Type == hub.Choice && e.Message.Data == strings.TrimPrefix(text, "\u2063")
			if !same {
				t.Fatalf("got %+v, want the text %q", e.Message, text)
			}
		}
	})
}
