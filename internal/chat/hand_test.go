package chat_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

const passing = "已為您轉接真人客服，請稍候。"

func TestHandOverSilencesTheBotUntilTheConversationIsClosed(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	over := saying("hours", "9 to 5")
	over.InProgress = true
	y.rules("toy1", asking("person", hub.SystemHuman), saying("ping", "pong"), over)
	y.come("toy1", wrote("ping", "TW.1"))
	e := y.come("toy1", wrote("person", "TW.1"))
	th := y.thread("toy1", "TW.1")
	if th.Floor != hub.FloorTeam || th.Fence != 1 || th.Rev != 1 || th.Need != hub.NeedHuman || th.Assignee != "" || th.BotMaySpeak() {
		t.Fatalf("got %+v, want the floor of the team", th)
	}
	receive(t, y.rc, []hub.Envelope{e, e})
	if again := y.thread("toy1", "TW.1"); again.Fence != 1 || again.Rev != 1 {
		t.Errorf("the same message again: got fence %d, revision %d, want nothing new", again.Fence, again.Rev)
	}
	y.come("toy1", wrote("ping", "TW.1"))
	y.come("toy1", wrote("hours", "TW.1"))
	if got := y.answers("toy1", "TW.1"); got != "pong, "+passing+", 9 to 5" {
		t.Errorf("got %q, want the bot silent but for what may answer always", got)
	}
	for _, order := range y.handOn() {
		y.with(y.sender(), order)
	}
	y.Clock.Advance(4 * time.Minute)
	for _, order := range y.handOn() {
		y.with(y.sender(), order)
	}
	// The answer of before the floor changed is late; that which hands over is not.
	var said []string
	for _, m := range *sent {
		said = append(said, m.Content.Text)
	}
	if got := strings.Join(said, ", "); got != passing+", 9 to 5" {
		t.Errorf("sent: got %q, want what belongs to the floor as it is", got)
	}
	if !strings.Contains(y.Logged.String(), `"code":"stale_fence"`) {
		t.Error("got no line in the log of the late answer")
	}
	now := y.thread("toy1", "TW.1")
	if err := y.Store.Close(t.Context(), y.at("toy1", "TW.1"), &now, "anna"); err != nil {
		t.Fatal(err)
	}
	receive(t, y.rc, []hub.Envelope{e}) // by now of another conversation than is open
	y.come("toy1", wrote("ping", "TW.1"))
	receive(t, y.rc, []hub.Envelope{e})
	if now = y.thread("toy1", "TW.1"); !now.BotMaySpeak() || now.Fence != 2 || !strings.HasSuffix(y.answers("toy1", "TW.1"), ", pong") {
		t.Errorf("closed: got floor %q, fence %d, answers %q, want the bot's floor again", now.Floor, now.Fence, y.answers("toy1", "TW.1"))
	}
	now.Fence = 0
	if _, err := y.Store.HandOver(t.Context(), y.at("toy1", "TW.1"), &now, now.LastKey); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("at an old fence: got %v, want a conflict", err)
	}
}

func TestHandOverIsDoneOnceWhereverItIsCutOff(t *testing.T) {
	y := newToys(t)
	y.rules("toy1", asking("person", hub.SystemHuman))
	for n := range 20 {
		id := fmt.Sprint("TW.", n)
		y.come("toy1", wrote("hello", id))
		e := y.envelope("toy1", wrote("person", id))
		_ = y.receiver(y.As("broken", hubtest.Cut(n/2, n%2 == 0))).Receive(context.Background(), e)
		receive(t, y.rc, []hub.Envelope{e, e})
		th := y.thread("toy1", id)
		if th.Fence != 1 || th.Floor != hub.FloorTeam || y.answers("toy1", id) != passing {
			t.Errorf("cut after %d calls: got fence %d, floor %q, answers %q, want it handed over once", n/2, th.Fence, th.Floor, y.answers("toy1", id))
		}
		k := th.LastKey.Answer()
		if s := y.stored(id, k); s.Intent.Fence != 1 || !s.Intent.Over {
			t.Errorf("cut after %d calls: got the answer under fence %d, over %v, want that of the floor as it is", n/2, s.Intent.Fence, s.Intent.Over)
		}
	}
	told := 0
	for _, p := range y.Published() {
		if p.Kind == hub.ConversationChanged {
			told++
		}
	}
	if told != 20 {
		t.Errorf("got %d changes published, want one for each of 20", told)
	}
}

func TestHandOverLeavesAPersonsFloorAlone(t *testing.T) {
	y := newToys(t)
	always := asking("person", hub.SystemHuman)
	always.InProgress = true
	y.rules("toy1", always)
	y.come("toy1", wrote("hello", "TW.1"))
	th := y.thread("toy1", "TW.1")
	if _, err := y.Store.Accept(t.Context(), y.at("toy1", "TW.1"), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	y.come("toy1", wrote("person", "TW.1"))
	if th = y.thread("toy1", "TW.1"); th.Floor != "anna" || th.Assignee != "anna" || th.Fence != 1 {
		t.Errorf("got floor %q, assignee %q, fence %d, want the person's", th.Floor, th.Assignee, th.Fence)
	}
	seen := th
	seen.Fence = 0
	if _, err := y.Store.HandOver(t.Context(), y.at("toy1", "TW.1"), &seen, "k"); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("at an old fence: got %v, want a conflict", err)
	}
}

// TestFloorThatWasHandedOverPassesToTheThreadThatStays: when two ids turn out to be one
// person, of whom one was promised a person.
func TestFloorThatWasHandedOverPassesToTheThreadThatStays(t *testing.T) {
	y := newToys(t)
	y.rules("toy1", asking("person", hub.SystemHuman), saying("ping", "pong"))
	y.come("toy1", wrote("ping", "TW.1"))
	y.come("toy1", wrote("person", "wa:886"))
	y.come("toy1", wrote("ping", "wa:886", "TW.1"))
	th := y.thread("toy1", "TW.1")
	if th.User != y.thread("toy1", "wa:886").User {
		t.Fatal("got two threads, want one person's one")
	}
	if th.Need != hub.NeedHuman || th.Floor != hub.FloorTeam || th.Conversation == "" {
		t.Errorf("got need %q, floor %q, want those of who was promised a person", th.Need, th.Floor)
	}
}
