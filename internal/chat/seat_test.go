package chat_test

import (
	"testing"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// TestProgramTakesNoConversation: not even one that waits for anybody.
func TestProgramTakesNoConversation(t *testing.T) {
	s := newDesk(t)
	s.say(hub.MillisOf(hubtest.Start), "m")
	seen, err := s.desk.Thread(t.Context(), s.ref, boss)
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{true, false} {
		if _, err := s.desk.Accept(t.Context(), s.ref, chat.Seat{ID: "key", All: all, Program: true}, seen.Conversation); hub.CodeOf(err) != hub.Refused {
			t.Errorf("sees all %v: got %v, want refused", all, err)
		}
	}
	if now, err := s.desk.Thread(t.Context(), s.ref, boss); err != nil || now.Assignee != "" || now.Fence != seen.Fence {
		t.Errorf("got %+v, %v, want it to wait still", now, err)
	}
}
