package instagram_test

import (
	"encoding/json"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// TestWhatCustomersDoComesAsItsKind reads what the fake makes of each act.
func TestWhatCustomersDoComesAsItsKind(t *testing.T) {
	w := newWorld(t)
	acct := routes()["facebook"]
	hello := w.act(fake.Act{Account: "shop", From: "mei", Text: "ping"})
	sent, err := w.adapter.Send(t.Context(), acct, channel.Outgoing{To: hub.Personal(hello.User), Content: hub.TextContent("pong")})
	if err != nil {
		t.Fatal(err)
	}
	does := func(x string) channel.Event {
		t.Helper()
		return w.act(fake.Act{Account: "shop", From: "mei", Extra: json.RawMessage(x)})
	}
	type check func(e channel.Event) bool
	action := func(kind channel.ActionKind, target, value string) check {
		return func(e channel.Event) bool {
			return e.Kind == channel.EventAction && e.Action == channel.Action{Kind: kind, Target: target, Value: value, Actor: hello.User}
		}
	}
	message := func(kind hub.MessageType, files int) check {
		return func(e channel.Event) bool {
			return e.Kind == channel.EventMessage && e.Message.Type == kind && len(e.Message.Media) == files
		}
	}
	for _, c := range []struct {
		act string
		is  check
	}{
		{`{"type":"read"}`, func(e channel.Event) bool {
			return e.Kind == channel.EventReceipt && e.Receipt == channel.Receipt{Target: sent.PlatformID, State: hub.Read}
		}},
		{`{"type":"reaction","reaction":"love","emoji":"❤"}`, action(channel.Reaction, sent.PlatformID, "❤")},
		{`{"type":"reaction"}`, action(channel.Reaction, sent.PlatformID, "")},
		{`{"type":"edit","text":"ping!"}`, action(channel.Edit, hello.ID, "ping!")},
		{`{"type":"delete"}`, action(channel.Unsend, hello.ID, "")},
		{`{"type":"reply","text":"x"}`, func(e channel.Event) bool { return e.Message.Quotes == sent.PlatformID }},
		{`{"type":"share","post":"1790"}`, message(hub.File, 1)},
		{`{"type":"reel","post":"1791"}`, message(hub.File, 1)},
		{`{"type":"story_mention"}`, message(hub.Story, 1)},
		{`{"type":"story_reply","text":"x","story":"179"}`, func(e channel.Event) bool { return e.Message.Quotes == "179" && len(e.Message.Media) == 1 }},
		{`{"type":"attachments","attachments":[{"type":"image"},{"type":"image"},{"type":"audio"}]}`, message(hub.Image, 3)},
		{`{"type":"ephemeral"}`, message(hub.OtherMsg, 0)},
		{`{"type":"unsupported"}`, message(hub.OtherMsg, 0)},
		{`{"type":"ad","text":"x"}`, func(e channel.Event) bool { return e.Kind == channel.EventMessage && e.Entry.Ad != "" }},
		{`{"type":"referral","ref":"qr"}`, func(e channel.Event) bool {
			return e.Kind == channel.EventEntry && e.Entry == channel.Entry{Source: "IGME-SOURCE-LINK", Ref: "qr"}
		}},
		{`{"type":"echo","text":"by hand"}`, func(e channel.Event) bool {
			return e.Kind == channel.EventEcho && e.User == hello.User && e.Message.Text == "by hand"
		}},
		{`{"type":"self","text":"x"}`, func(e channel.Event) bool { return e.Kind == channel.EventOther && e.User == "" }},
		{`{"type":"text","text":"x","form":"standby"}`, func(e channel.Event) bool { return e.Standby && e.Message.Text == "x" }},
		{`{"type":"text","text":"x","form":"changes"}`, func(e channel.Event) bool { return !e.Standby && e.Message.Text == "x" && e.At > 0 }},
		{`{"type":"text","text":"x","object":"page"}`, message(hub.Text, 0)},
	} {
		if e := does(c.act); !c.is(e) || e.Account != account {
			t.Errorf("%s: got %+v", c.act, e)
		}
	}
	d, err := w.platform.Act(t.Context(), fake.Act{Extra: json.RawMessage(`{"type":"handshake"}`)})
	if err != nil || d.Status != 200 || d.Body != d.Event {
		t.Errorf("handshake: got %+v, %v", d, err)
	}
}

// TestStoriesThatAreSignedAnewAreTheSame: the address of a story's file is another at
// another delivery, what the customer wrote is not.
func TestStoriesThatAreSignedAnewAreTheSame(t *testing.T) {
	w := newWorld(t)
	split := func(text, link, file string) channel.Slice {
		t.Helper()
		raw := `"message":{"mid":"m1","text":"` + text + `","reply_to":{"story":{"url":"` + link + `","id":"179"}},"attachments":[{"type":"image","payload":{"url":"` + file + `"}}]}`
		list, err := w.adapter.Split(&channel.Request{Body: []byte(body(item(raw)))})
		if err != nil || len(list) != 1 {
			t.Fatalf("got %d, %v", len(list), err)
		}
		return list[0]
	}
	one := split("x", "https://a.example/1", "https://a.example/8")
	hashes := []string{one.Hash, split("x", "https://a.example/2", "https://a.example/9").Hash}
	if hashes[0] != hashes[1] || slices.Contains(hashes, split("y", "https://a.example/1", "https://a.example/8").Hash) {
		t.Errorf("got %v, want one hash for the same words, another for others", hashes)
	}
}
