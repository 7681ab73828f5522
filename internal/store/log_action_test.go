package store_test

import (
	"fmt"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestPageOfALogReadsWhatWasDoneToItAlone: of a thread with thousands of reactions a page
// costs what its own messages do.
func TestPageOfALogReadsWhatWasDoneToItAlone(t *testing.T) {
	h := hubtest.New(t)
	start := hub.MillisOf(hubtest.Start)
	put := func(i int, kind, actor, value string) {
		t.Helper()
		at := start + hub.Millis(10_000+i)
		_, err := h.Store.PutAction(ctx, thread(1), hub.Action{Kind: kind, Target: fmt.Sprint("m", i), Actor: actor, Value: value, Event: actor + kind, At: at, Received: at, Raw: []byte("{}")})
		if err != nil {
			t.Fatal(err)
		}
	}
	const messages = 300
	for i := range messages {
		key := hub.NewMessageKey(start+hub.Millis(i), fmt.Sprint("m", i))
		_, err := h.Store.PutMessage(ctx, thread(1), hub.Inbound{Key: key, Event: fmt.Sprint("e", i), Hash: "h", Type: hub.Text, Text: "hello", Account: hubtest.LineAccount, Channel: "line", Received: start})
		if err != nil {
			t.Fatal(err)
		}
		put(i, "reaction", "ann", strings.Repeat("heart", 200))
	}
	put(messages-1, "edit", "ann", "hello again")
	for i := range 210 { // more than are shown
		put(messages-2, "reaction", fmt.Sprintf("z%03d", i), "smile")
	}
	put(messages-2, "unsend", "ann", "")
	put(messages-3, "reaction", "ben", "smile")

	st := h.As("desk", nil)
	h.Cloud.Meter().Reset()
	log, err := st.Log(ctx, thread(1), "", 3)
	if err != nil || len(log) != 3 {
		t.Fatalf("got %d messages, %v", len(log), err)
	}
	if calls, read, _ := h.Calls("desk"); calls > 8 || read > 60 {
		t.Errorf("got %d calls of %.1f units, want those of three messages", calls, read)
	}
	newest, unsent, third := log[0], log[1], log[2]
	if newest.Text != "hello again" || len(newest.Reactions) != 1 || newest.Edited == 0 {
		t.Errorf("got %+v, want it edited, with one reaction", newest)
	}
	if unsent.Unsent == 0 || unsent.Text != "" || len(unsent.Reactions) < 150 || len(unsent.Reactions) > 200 {
		t.Errorf("got %d reactions of one taken back at %d with %q, want many, and no words", len(unsent.Reactions), unsent.Unsent, unsent.Text)
	}
	if len(third.Reactions) != 2 || third.Unsent != 0 {
		t.Errorf("got %+v, want two reactions", third)
	}
	older, err := st.Log(ctx, thread(1), hub.NewMessageKey(start+hub.Millis(10), "m10"), 2)
	if err != nil || len(older) != 2 || len(older[0].Reactions) != 1 || older[0].Reactions[0].Target != "m9" {
		t.Errorf("got %+v, %v, want those before, each with its own reaction", older, err)
	}
}

func TestWhoClosedAConversationIsKnownByOneRead(t *testing.T) {
	h := hubtest.New(t)
	var th hub.Thread
	for i := range 30 {
		th = arrive(t, h, thread(1), hub.MillisOf(hubtest.Start)+hub.Millis(i), fmt.Sprint("m", i), "hello")
		by := fmt.Sprint("member", i%3)
		if err := h.Store.Close(ctx, thread(1), &th, by); err != nil {
			t.Fatal(err)
		}
	}
	st := h.As("desk", nil)
	for member, want := range map[string]bool{"member0": true, "member2": true, "member": false, "nobody": false} {
		h.Cloud.Meter().Reset()
		got, err := st.ClosedBy(ctx, hubtest.Team, &th, member)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", member, got, err, want)
		}
		if calls, read, _ := h.Calls("desk"); calls != 1 || read > 1 {
			t.Errorf("%s: got %d calls of %.1f units, want one read", member, calls, read)
		}
	}
}
