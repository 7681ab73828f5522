package chat_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// deskScene is a desk before one thread with messages.
type deskScene struct {
	*hubtest.Hub
	t    *testing.T
	desk *chat.Desk
	ref  store.Ref
}

func newDesk(t *testing.T) *deskScene {
	h := hubtest.New(t)
	return &deskScene{Hub: h, t: t, desk: &chat.Desk{Store: h.Store}, ref: store.Ref{Team: hubtest.Team, User: h.Team.Pepper.User(hubtest.LineAccount, "U1")}}
}

func (s *deskScene) say(at hub.Millis, id string) hub.MessageKey {
	s.t.Helper()
	k := hub.NewMessageKey(at, id)
	_, _, err := s.Store.Advance(s.t.Context(), s.ref, store.Arrival{Key: k, Account: hubtest.LineAccount, External: "U1", Kind: hub.Person, Preview: "x"})
	if err == nil {
		_, err = s.Store.PutMessage(s.t.Context(), s.ref, hub.Inbound{Key: k, Event: id, Hash: id, Type: hub.Text, Text: id, Account: hubtest.LineAccount, Channel: "line", Received: at})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

var boss = chat.Seat{ID: "boss", All: true}

func TestPagesOfAThreadHoldEveryMessageOnce(t *testing.T) {
	s := newDesk(t)
	var want []hub.MessageKey
	for i := range 9 { // two of each moment, and marks of messages that stand elsewhere
		at := hub.MillisOf(hubtest.Start) + hub.Millis(i/2)
		want = append(want, s.say(at, fmt.Sprint("m", i)))
		for j := range 1 + i%2*15 {
			if err := s.Store.PutMoved(t.Context(), s.ref, hub.NewMessageKey(at, fmt.Sprint("moved", i, "-", j)), want[i], at); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Reverse(want)
	for limit := 1; limit <= 10; limit++ {
		var got []hub.MessageKey
		before := hub.MessageKey("")
		for pages := 0; ; pages++ {
			log, next, err := s.desk.Messages(t.Context(), s.ref, boss, before, limit)
			if err != nil || pages > 20 || len(log) > limit {
				t.Fatalf("limit %d: got %d messages, %v after %d pages", limit, len(log), err, pages)
			}
			for _, l := range log {
				got = append(got, l.Key)
			}
			if before = next; next == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: got %v, want %v", limit, got, want)
		}
	}
}

func TestOneOfManyWhoTakeAConversationHasIt(t *testing.T) {
	s := newDesk(t)
	s.say(hub.MillisOf(hubtest.Start), "m")
	seen, err := s.desk.Thread(t.Context(), s.ref, boss)
	if err != nil {
		t.Fatal(err)
	}
	won := make(chan string, 8)
	for i := range 8 {
		go func() {
			id := fmt.Sprint("agent", i)
			if _, err := s.desk.Accept(context.Background(), s.ref, chat.Seat{ID: id}, seen.Conversation); err != nil {
				id = ""
			}
			won <- id
		}()
	}
	winner := ""
	for range 8 {
		if id := <-won; id != "" && winner != "" {
			t.Errorf("got %s and %s, want one", winner, id)
		} else if id != "" {
			winner = id
		}
	}
	now, err := s.Store.Thread(t.Context(), s.ref)
	if err != nil || now.Assignee != winner || now.Floor != winner || now.Fence != seen.Fence+1 {
		t.Errorf("got %+v, %v, want it to be %s's", now, err, winner)
	}
	if _, err := s.desk.Accept(t.Context(), s.ref, chat.Seat{ID: "key", All: true, Program: true}, seen.Conversation); hub.CodeOf(err) != hub.Refused {
		t.Errorf("a program: got %v, want refused", err)
	}
}

func TestReleaseRaisesTheFenceAndOfAnotherConversationIsRefused(t *testing.T) {
	s := newDesk(t)
	s.say(hub.MillisOf(hubtest.Start), "m")
	seen, _ := s.desk.Thread(t.Context(), s.ref, boss)
	mine := chat.Seat{ID: "anna"}
	if _, err := s.desk.Release(t.Context(), s.ref, mine, seen.Conversation); hub.CodeOf(err) != hub.Refused {
		t.Errorf("not accepted: got %v, want refused", err)
	}
	taken, err := s.desk.Accept(t.Context(), s.ref, mine, seen.Conversation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Release(t.Context(), s.ref, mine, "another"); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("another conversation: got %v, want conflict", err)
	}
	s.Clock.Advance(time.Minute)
	free, err := s.desk.Release(t.Context(), s.ref, mine, seen.Conversation)
	if err != nil || free.Assignee != "" || !free.BotMaySpeak() || free.Fence != taken.Fence+1 || free.WaitSince != hub.MillisOf(s.Clock.Now()) || free.Conversation != seen.Conversation {
		t.Errorf("got %+v, %v, want it free, and the fence raised", free, err)
	}
}

func TestWhoClosedAConversationSeesTheThreadUntilAnotherHasIt(t *testing.T) {
	s := newDesk(t)
	last := s.say(hub.MillisOf(hubtest.Start), "m")
	seen, _ := s.desk.Thread(t.Context(), s.ref, boss)
	anna, ben := chat.Seat{ID: "anna"}, chat.Seat{ID: "ben"}
	if _, err := s.desk.Accept(t.Context(), s.ref, anna, seen.Conversation); err != nil {
		t.Fatal(err)
	}
	if _, err := s.desk.Close(t.Context(), s.ref, anna, seen.Conversation, last); err != nil {
		t.Fatal(err)
	}
	shown := func(seat chat.Seat, want hub.Code) {
		t.Helper()
		if _, err := s.desk.Thread(t.Context(), s.ref, seat); hub.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %q", seat.ID, err, want)
		}
	}
	shown(anna, "")
	shown(ben, hub.NotFound)
	s.say(hub.MillisOf(hubtest.Start)+1000, "n")
	shown(ben, "") // it waits for anybody
	again, _ := s.desk.Thread(t.Context(), s.ref, boss)
	if _, err := s.desk.Accept(t.Context(), s.ref, ben, again.Conversation); err != nil {
		t.Fatal(err)
	}
	shown(ben, "")
	shown(anna, hub.NotFound)
}

func TestReadMarkDoesNotRunAheadOfWhatCame(t *testing.T) {
	s := newDesk(t)
	last := s.say(hub.MillisOf(hubtest.Start), "m")
	got, err := s.desk.Read(t.Context(), s.ref, boss, hub.NewMessageKey(9999999999999, "z"), nil)
	if err != nil || got.ReadKey != last {
		t.Fatalf("got %q, %v, want %q", got.ReadKey, err, last)
	}
	s.say(hub.MillisOf(hubtest.Start)+1, "n")
	if got, err = s.desk.Thread(t.Context(), s.ref, boss); err != nil || !got.Unread() {
		t.Errorf("got %+v, %v, want the new message unread", got, err)
	}
}

func TestErasedThreadIsNotShown(t *testing.T) {
	s := newDesk(t)
	s.PutItem(s.Store.Tables.Messages, map[string]any{
		"PK": "T#test#U#" + string(s.ref.User), "SK": "THREAD", "erasedAt": int64(1791170475123), "lastKey": "1791170475123#~", "epoch": int64(1),
	})
	if _, err := s.desk.Thread(t.Context(), s.ref, boss); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}
