package chat_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestWhatTheEdgeAnsweredIsStoredAsSent, once, whatever is cut off.
func TestWhatTheEdgeAnsweredIsStoredAsSent(t *testing.T) {
	for n := range 14 {
		y := newToys(t)
		y.caps.Window = 0
		started := entered("", "qr", "")
		started.Type = "conversation_started"
		e := y.envelope("toy1", started)
		welcome := hub.Content{Type: hub.Text, Text: "welcome!", QuickReplies: []hub.Button{{Title: "Shop", Data: "shop"}}}
		e.Answered = &welcome
		_ = y.receiver(y.As("broken", hubtest.Cut(n, n%2 == 0))).Receive(context.Background(), e)
		receive(t, y.rc, []hub.Envelope{e, e})
		log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
		if err != nil || len(log) != 1 {
			t.Fatalf("cut after %d calls: got %d messages, %v, want one", n, len(log), err)
		}
		m := log[0]
		if m.Inbound || m.Stamps.State() != hub.Sent || m.Class != hub.ClassBot || m.Content.Text != "welcome!" || len(m.Content.QuickReplies) != 1 {
			t.Errorf("cut after %d calls: got %+v, want the bot's message, sent", n, m)
		}
		if th := y.thread("toy1", "TW.1"); th.Conversation != "" || th.LastKey != "" {
			t.Errorf("cut after %d calls: got %+v, want no conversation", n, th)
		}
		told := map[string]int{}
		for _, p := range y.Published() {
			told[p.Kind]++
		}
		if told[hub.MessageStatus] != 1 || told[hub.ContactEntered] != 1 {
			t.Errorf("cut after %d calls: got the events %v, want it told once", n, told)
		}
		y.Clock.Advance(time.Hour)
		if orders := y.handOn(); len(orders) != 0 {
			t.Errorf("cut after %d calls: got %d orders, want none: it is sent", n, len(orders))
		}
	}
}

func TestWhatWasAnsweredBeforeAnErasureIsNotStored(t *testing.T) {
	y := newToys(t)
	e := y.envelope("toy1", channel.Event{Kind: channel.EventOther, Type: "conversation_started", User: "TW.1", At: hub.MillisOf(y.Clock.Now())})
	content := hub.TextContent("welcome!")
	e.Answered = &content
	y.Clock.Advance(time.Minute)
	y.PutItem(y.Store.Tables.Messages, map[string]any{
		"PK": "T#test#U#" + string(y.at("toy1", "TW.1").User), "SK": "THREAD", "erasedAt": int64(hub.MillisOf(y.Clock.Now())), "epoch": int64(1),
	})
	before := y.Dump(y.Store.Tables.Messages)
	receive(t, y.rc, []hub.Envelope{e})
	if y.Dump(y.Store.Tables.Messages) != before {
		t.Error("got something stored, want nothing")
	}
}

// TestAccountMayLeaveOutOfAMessageWhatItDoesNotWant: by the settings that stand among its
// secrets, and those of its connection.
func TestAccountMayLeaveOutOfAMessageWhatItDoesNotWant(t *testing.T) {
	y := newToys(t)
	y.rc.Adapters = map[hub.Channel]channel.Adapter{"toy": strict{y.toy}}
	e := y.come("toy1", wrote("a picture", "TW.1"))
	if got := y.texts("toy1", "TW.1"); got != "left out" {
		t.Errorf("got %q, want it left out", got)
	}
	log, err := y.Store.Log(t.Context(), y.at("toy1", "TW.1"), "", 1)
	if err != nil || len(log) != 1 || !bytes.Equal(log[0].Raw, e.Raw) {
		t.Errorf("got %d messages, %v, want the event as it came beside it", len(log), err)
	}
}
