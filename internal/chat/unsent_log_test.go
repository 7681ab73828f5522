package chat_test

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/channel"
)

// TestThreadOfAnUnsentMessageCanBeRead: what was emptied has no bytes to be unpacked.
func TestThreadOfAnUnsentMessageCanBeRead(t *testing.T) {
	y := newToys(t)
	m := wrote("my card number 4711", "TW.1")
	m.Message.ID = "m1"
	y.come("toy1", m)
	y.come("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Unsend, Target: "m1", Actor: "TW.1"}})
	y.Clock.Advance(time.Minute)
	y.handOn()
	log, err := y.Store.Log(context.Background(), y.at("toy1", "TW.1"), "", 10)
	if err != nil || len(log) != 1 || log[0].Text != "" || log[0].Unsent == 0 {
		t.Errorf("got %d messages, %v, want the one that was unsent, empty", len(log), err)
	}
}
