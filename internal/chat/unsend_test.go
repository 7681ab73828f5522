package chat_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
)

// TestLargeMessageThatWasUnsentStaysEmptyWhenItComesAgain looks for the parts of the
// event, which lie beside its message.
func TestLargeMessageThatWasUnsentStaysEmptyWhenItComesAgain(t *testing.T) {
	t.Parallel() // it is among the longest
	y := newToys(t)
	random := rand.New(rand.NewPCG(1, 1))
	noise := make([]byte, 600<<10) // it does not fit into its item even when it is packed
	for i := range noise {
		noise[i] = byte('0' + random.IntN(75))
	}
	m := wrote(strings.ToValidUTF8(string(noise), ""), "TW.1")
	m.At, m.Message.ID = hub.MillisOf(y.Clock.Now()), "m1"
	message := y.envelope("toy1", m)
	parts := func() int {
		return len(y.Items(y.Store.Tables.Ledger, "T#test#RAW#"+string(y.at("toy1", "TW.1").User)))
	}
	receive(t, y.rc, []hub.Envelope{message, message})
	if parts() == 0 {
		t.Fatal("got no parts, want the event beside its message")
	}
	receive(t, y.rc, []hub.Envelope{y.envelope("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", At: m.At + 50,
		Action: channel.Action{Kind: channel.Unsend, Target: "m1", Actor: "TW.1"}})})
	y.Clock.Advance(time.Minute)
	rc := &chat.Reconciler{Store: y.Store, Queue: y.Outbound, Now: y.Clock.Now, Log: y.Log}
	if _, err := rc.Due(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := parts(); n != 0 {
		t.Fatalf("got %d parts after the unsend, want 0", n)
	}
	receive(t, y.rc, []hub.Envelope{message})
	if n := parts(); n != 0 {
		t.Errorf("got %d parts after the message came again, want 0", n)
	}
}
