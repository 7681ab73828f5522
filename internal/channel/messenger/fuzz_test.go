package messenger_test

import (
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/meta/contracttest"
	"omnihub/internal/hub"
)

func FuzzVerify(f *testing.F) { suite(f).FuzzVerify(f) }

func FuzzSplit(f *testing.F) {
	suite(f).FuzzSplit(f, contracttest.Items("page"), contracttest.Frame, slices.Concat(unknown(), further())...)
}

func FuzzParse(f *testing.F) {
	s := suite(f)
	s.FuzzParse(f, s.Bodies(f, slices.Concat(unknown(), further())...), nil, func(t *testing.T, head, raw []byte, e channel.Event) {
		message := channeltest.MembersOf(channeltest.MembersOf(raw)["message"])
		if e.Kind != channel.EventMessage || e.Type != "message" {
			return
		}
		if id := channeltest.WordOf(message["mid"]); id != "" && e.Message.ID != id ||
			e.Account != channeltest.WordOf(channeltest.MembersOf(head)["entry"]) ||
			e.Message.Type == hub.Text && message["attachments"] == nil && e.Message.Text != channeltest.TextOf(message["text"]) {
			t.Fatalf("got %+v, want what the standard decoder reads of %q", e, raw)
		}
	})
}
