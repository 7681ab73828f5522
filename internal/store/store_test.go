package store_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

var ctx = context.Background()

func arrive(t *testing.T, h *hubtest.Hub, r store.Ref, at hub.Millis, id, text string) hub.Thread {
	t.Helper()
	th, _, err := h.Store.Advance(ctx, r, store.Arrival{
		Key: hub.NewMessageKey(at, id), Account: hubtest.LineAccount, External: hub.Personal("U" + strings.Repeat("f", 32)), Kind: hub.Person, Preview: text})
	if err != nil {
		t.Fatal(err)
	}
	return th
}

func thread(n int) store.Ref {
	return store.Ref{Team: hubtest.Team, User: hub.UserKey(fmt.Sprintf("%032d", n))}
}

func TestThreadAndShortTextStayUnderOneKilobyte(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	text := strings.Repeat("很長的訊息", 13) // 195 bytes
	for i := range 3 {
		h.Cloud.Meter().Reset()
		at := now.Add(time.Duration(i) * time.Second)
		arrive(t, h, thread(1), at, "577102334455667701", hub.PreviewOf(text))
		raw := fmt.Sprintf(`{"type":"message","mode":"active","timestamp":%d,"source":{"type":"user","userId":"U0d9c3f6a82b14e57903c6ad18f4e7b25"},"webhookEventId":"01K6S9Z2Q8M4X7B3N5T0V1W201","deliveryContext":{"isRedelivery":false},"replyToken":"689daf599db8f711dd084d4f1ea67276","message":{"type":"text","id":"577102334455667701","quoteToken":"yHAz4Ua2wx7_sample_quote_token_01_and_some_more_that_line_adds","markAsReadToken":"30yhdy232_sample_mark_as_read_01_and_some_more_that_line_adds","text":%q}}`, at, text)
		put, err := h.Store.PutMessage(ctx, thread(1), hub.Inbound{
			Key: hub.NewMessageKey(at, "577102334455667701"), Event: "01K6S9Z2Q8M4X7B3N5T0V1W201", Hash: hub.Digest("x"), Type: hub.Text,
			Text: text, Raw: []byte(raw), Received: at, Trace: "1-67890abc-0123456789abcdef01234567", Fence: 12,
		})
		if err != nil || !put.New {
			t.Fatal(put, err)
		}
		_, _, write := h.Calls("test")
		if want := 2.0; i > 0 && write != want {
			t.Errorf("message %d: got %v WRU, want %v: an item is over 1 KB", i, write, want)
		}
	}
}

func TestLargeEventReadsBackByteForByte(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	raw := make([]byte, 690<<10) // noise, so that deflating does not help
	for i, x := 0, uint32(1); i < len(raw); i++ {
		x = x*1664525 + 1013904223
		raw[i] = byte(x >> 24)
	}
	text := strings.Repeat("好", 100_000)
	th := arrive(t, h, thread(1), now, "1", "x")
	if put, err := h.Store.PutMessage(ctx, thread(1), hub.Inbound{Key: hub.NewMessageKey(now, "1"), Hash: "h", Text: text, Raw: raw, Received: now}); err != nil || !put.New {
		t.Fatal(put, err)
	}
	if put, err := h.Store.PutLate(ctx, thread(1), &th, hub.Inbound{Key: hub.NewMessageKey(now-1, "0"), Hash: "h", Raw: raw, Received: now}); err != nil || !put.New {
		t.Fatal(put, err)
	}
	log, err := h.Store.Log(ctx, thread(1), "", 10)
	if err != nil || len(log) != 2 || !bytes.Equal(log[0].Raw, raw) || !bytes.Equal(log[1].Raw, raw) {
		t.Fatalf("got %d messages, %v, want both events whole", len(log), err)
	}
	if got := log[0].Text; len(got) == 0 || len(got) > 64<<10 || !strings.HasPrefix(text, got) {
		t.Errorf("got a text of %d bytes, want the beginning, at most 64 KB", len(got))
	}
}

func TestAcceptHasOneWinner(t *testing.T) {
	h := hubtest.New(t)
	th := arrive(t, h, thread(1), hub.MillisOf(h.Clock.Now()), "1", "x")
	var wg sync.WaitGroup
	won := make(chan string, 50)
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			member := fmt.Sprintf("m%d", i)
			got, err := h.Store.Accept(ctx, thread(1), th.Conversation, member)
			if err == nil {
				won <- member
				if got.Assignee != member || got.Floor != member || got.Fence != 1 || got.Rev != 1 {
					t.Errorf("got %+v, want %s with fence and rev raised", got, member)
				}
			} else if hub.CodeOf(err) != hub.Conflict {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if n := len(won); n != 1 {
		t.Errorf("got %d winners, want 1", n)
	}
}

func TestCloseRefusesWhatItHasNotSeen(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	seen := arrive(t, h, thread(1), now, "1", "x")

	newer := arrive(t, h, thread(1), now+1, "2", "y")
	if err := h.Store.Close(ctx, thread(1), &seen, "anna"); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v over a message that was not seen, want conflict", err)
	}
	if _, err := h.Store.PutLate(ctx, thread(1), &newer, hub.Inbound{Key: hub.NewMessageKey(now-1, "0"), Hash: "h", Received: now}); err != nil {
		t.Fatal(err)
	}
	if err := h.Store.Close(ctx, thread(1), &newer, "anna"); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v over a late message that was not seen, want conflict", err)
	}
	all, err := h.Store.Thread(ctx, thread(1))
	if err != nil || len(all.Late) != 1 || !all.Unread() {
		t.Fatalf("got %+v, %v, want one late key", all, err)
	}
	if err := h.Store.Close(ctx, thread(1), &all, "anna"); err != nil {
		t.Fatal(err)
	}
	closed, err := h.Store.Thread(ctx, thread(1))
	if err != nil || closed.Conversation != "" || closed.Unread() || closed.Fence != all.Fence+1 || len(closed.Late) != 0 {
		t.Errorf("got %+v, %v, want it closed and read", closed, err)
	}
	if err := h.Store.Close(ctx, thread(1), &all, "ben"); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v at the second close, want conflict", err)
	}
	open, err := openThreads(h)
	if err != nil || len(open) != 0 {
		t.Errorf("got %v, %v in the list of open threads, want none", open, err)
	}
	again := arrive(t, h, thread(1), now+2, "3", "z")
	if again.Conversation == "" || again.Conversation == all.Conversation {
		t.Errorf("got conversation %q after %q, want a new one", again.Conversation, all.Conversation)
	}
}

func openThreads(h *hubtest.Hub) ([]store.Waiting, error) {
	var all []store.Waiting
	for shard := range store.Shards {
		list, err := h.Store.Open(ctx, hubtest.Team, shard, 100)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func TestOpenThreadsAreListedByTheirWait(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	for i := range 20 {
		arrive(t, h, thread(i), now+hub.Millis(100-i), "1", "x")
		arrive(t, h, thread(i), now+hub.Millis(500), "2", "x") // does not move the wait
	}
	for shard := range store.Shards {
		list, err := h.Store.Open(ctx, hubtest.Team, shard, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(list); i++ {
			if list[i].Since < list[i-1].Since {
				t.Errorf("shard %d: got wait since %d behind %d", shard, list[i].Since, list[i-1].Since)
			}
		}
	}
	if all, err := openThreads(h); err != nil || len(all) != 20 {
		t.Errorf("got %d open threads, %v, want 20", len(all), err)
	}
}

func TestLateKeysAreBounded(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	arrive(t, h, thread(1), now, "new", "x")
	for i := range hub.MaxLate + 5 {
		th, err := h.Store.Thread(ctx, thread(1))
		if err != nil {
			t.Fatal(err)
		}
		if put, err := h.Store.PutLate(ctx, thread(1), &th, hub.Inbound{Key: hub.NewMessageKey(now-hub.Millis(i)-1, "l"), Hash: "h", Received: now}); err != nil || !put.New {
			t.Fatal(put, err)
		}
	}
	th, err := h.Store.Thread(ctx, thread(1))
	if err != nil || len(th.Late) != hub.MaxLate || !th.LateMany {
		t.Fatalf("got %d late keys, more %v, %v, want %d and more", len(th.Late), th.LateMany, err, hub.MaxLate)
	}
	if err := h.Store.Read(ctx, thread(1), th.LastKey, th.Late); err != nil {
		t.Fatal(err)
	}
	if th, err = h.Store.Thread(ctx, thread(1)); err != nil || th.Unread() {
		t.Errorf("got %+v, %v after all was read, want nothing unread", th, err)
	}
}

func TestLateMessageMeetsAThreadThatChanged(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	open := arrive(t, h, thread(1), now, "1", "x")
	if err := h.Store.Close(ctx, thread(1), &open, "anna"); err != nil {
		t.Fatal(err)
	}
	late := hub.Inbound{Key: hub.NewMessageKey(now-1, "0"), Hash: "h", Received: now}
	if _, err := h.Store.PutLate(ctx, thread(1), &open, late); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v on a thread that was closed meanwhile, want conflict", err)
	}
	closed, err := h.Store.Thread(ctx, thread(1))
	if err != nil {
		t.Fatal(err)
	}
	if put, err := h.Store.PutLate(ctx, thread(1), &closed, late); err != nil || !put.New {
		t.Fatal(put, err)
	}
	again, err := h.Store.Thread(ctx, thread(1))
	if err != nil || again.Conversation != hub.NewConversationID(hubtest.Team, thread(1).User, late.Key) || len(again.Late) != 1 {
		t.Errorf("got %+v, %v, want the late message to open a conversation", again, err)
	}
}

// TestStampsComeInAnyOrder: every order and repetition of the stamps of one
// message ends in the same state, and none is overwritten.
func TestStampsComeInAnyOrder(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	stamps := []hub.Stamps{{Sent: 10, PlatformID: "p1"}, {Delivered: 20}, {Read: 30}, {Delivered: 99}}
	for n, order := range [][]int{{0, 1, 2, 3}, {2, 1, 0, 3}, {1, 0, 2, 3}, {2, 0, 1, 3, 0, 1, 2}} {
		r := thread(n)
		k := hub.NewMessageKey(now, "m")
		if met, err := h.Store.Stamp(ctx, r, k, stamps[0]); met.Found || err != nil {
			t.Fatalf("got %v, %v for a message that is not there, want false", met, err)
		}
		if _, err := h.Store.PutIntent(ctx, r, hub.Intent{Key: k, Class: hub.ClassPerson, Content: hub.TextContent("x"), Accepted: now, Deadline: now + 1000}); err != nil {
			t.Fatal(err)
		}
		for _, i := range order {
			if met, err := h.Store.Stamp(ctx, r, k, stamps[i]); !met.Found || err != nil {
				t.Fatal(met, err)
			}
		}
		q, err := h.Store.Send(ctx, r, k)
		want := hub.Stamps{Sent: 10, Delivered: 20, Read: 30, PlatformID: "p1"}
		if err != nil || q.Stamps != want || q.Stamps.State() != hub.Read {
			t.Errorf("order %v: got %+v, %v, want %+v", order, q.Stamps, err, want)
		}
	}
	h.Clock.Advance(time.Hour)
	for shard := range store.Shards {
		due, err := h.Store.Due(ctx, store.Day(now), shard, hub.MillisOf(h.Clock.Now()), 10)
		if err != nil || len(due.Sends) != 0 {
			t.Errorf("got %d due sends, %v: a final send stands in the index", len(due.Sends), err)
		}
	}
}

func TestClaimHasOneWinner(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	k := hub.NewMessageKey(now, "m")
	if _, err := h.Store.PutIntent(ctx, thread(1), hub.Intent{Key: k, Class: hub.ClassBot, Content: hub.TextContent("x"), Accepted: now, Deadline: now + 1000}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	won := make(chan bool, 50)
	for i := range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			held, err := h.Store.ClaimSend(ctx, thread(1), k, store.Claim{Owner: fmt.Sprint(i), Deadline: now + 500, Stage: store.StageReply})
			if err != nil {
				t.Error(err)
			}
			won <- held == nil
		}()
	}
	wg.Wait()
	close(won)
	n := 0
	for w := range won {
		if w {
			n++
		}
	}
	if n != 1 {
		t.Errorf("got %d winners, want 1", n)
	}
	if err := h.Store.MoveClaim(ctx, thread(1), k, "somebody else", store.StageReply, "", 0); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v when another gives the claim back, want conflict", err)
	}
}

func TestErasedThreadRefusesReplaysAndTakesNewMessages(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	r := thread(1)
	h.PutItem(h.Store.Tables.Messages, map[string]any{
		"PK": "T#test#U#" + string(r.User), "SK": "THREAD", "erasedAt": int64(now), "lastKey": fmt.Sprintf("%013d#~", now), "epoch": int64(1),
	})
	for _, at := range []hub.Millis{now - 1000, now} {
		_, step, err := h.Store.Advance(ctx, r, store.Arrival{Key: hub.NewMessageKey(at, "1"), Account: "a", External: "U1", Kind: hub.Person})
		if err != nil || step != store.Gone {
			t.Errorf("message of %d: got step %v, %v, want it gone", at-now, step, err)
		}
	}
	th, step, err := h.Store.Advance(ctx, r, store.Arrival{Key: hub.NewMessageKey(now+1, "2"), Account: "a", External: "U1", Kind: hub.Person})
	if err != nil || step != store.Moved || th.Epoch != 1 || th.FirstKey != hub.NewMessageKey(now+1, "2") {
		t.Errorf("got %+v, step %v, %v, want a fresh start in epoch 1", th, step, err)
	}
}

func TestThreadThatLeadsElsewhereIsNotTouched(t *testing.T) {
	h := hubtest.New(t)
	h.PutItem(h.Store.Tables.Messages, map[string]any{"PK": "T#test#U#" + string(thread(1).User), "SK": "THREAD", "see": "other"})
	th, step, err := h.Store.Advance(ctx, thread(1), store.Arrival{Key: hub.NewMessageKey(1, "1"), Account: "a", External: "U1", Kind: hub.Person})
	if err != nil || step != store.Elsewhere || th.See != "other" {
		t.Errorf("got %+v, step %v, %v, want the way to the other thread", th, step, err)
	}
}
