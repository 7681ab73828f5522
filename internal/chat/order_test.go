package chat_test

import (
	"testing"
	"time"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestSendsUnderSeveralIdsOfOnePersonShareAGroup(t *testing.T) {
	h := hubtest.New(t)
	send := func(u hub.UserKey, id string) store.Queued {
		return store.Queued{Ref: store.Ref{Team: hubtest.Team, User: u}, Intent: hub.Intent{
			Key: hub.NewMessageKey(1791170415123, id), Thread: "phone", Class: hub.ClassPerson, Content: hub.TextContent(id),
		}}
	}
	sends := []store.Queued{send("phone", "a"), send("user", "b"), send("phone", "c")}
	if _, err := chat.HandOn(t.Context(), h.Outbound, sends); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, m := range h.Receive(h.Outbound).Records {
		q := readOrder(t, m.Body)
		if q.Ref != sends[len(got)].Ref || q.Line() != "phone" || m.Attributes["MessageGroupId"] != "phone" {
			t.Errorf("got %+v of %s in group %q, want all in the group of the thread", q.Ref, q.Line(), m.Attributes["MessageGroupId"])
		}
		got += q.Intent.Content.Text
	}
	if got != "abc" {
		t.Errorf("got %q, want abc", got)
	}
}

// TestOrderThatWasHandedOnAgainKeepsItsPlace lets a worker die with the first send in
// hand for as long as reconcile waits for it.
func TestOrderThatWasHandedOnAgainKeepsItsPlace(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	c.intend(uid(1), "a", hub.ClassPerson)
	if n := len(c.hub.Receive(c.hub.Outbound).Records); n != 1 {
		t.Fatalf("got %d records, want 1", n)
	}
	c.intend(uid(1), "b", hub.ClassPerson)
	c.hub.Clock.Advance(store.Overdue + time.Second)
	if n := c.due(); n != 2 {
		t.Fatalf("got %d sends handed on, want 2", n)
	}
	c.drain()
	if got := c.sent(uid(1)); got != "push a, push b" {
		t.Errorf("got %q, want a before b, each once", got)
	}
}

// TestOrderThatComesAgainAfterItsReplyIsNotPushed hands an order on a second time when
// its queue has forgotten the first, and the reply token is too old to be tried.
func TestOrderThatComesAgainAfterItsReplyIsNotPushed(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	q, err := c.hub.Store.Send(t.Context(), c.ref(uid(1)), c.answerTo(uid(1)))
	if err != nil {
		t.Fatal(err)
	}
	c.drain()
	c.hub.Clock.Advance(6 * time.Minute)
	if _, err := chat.HandOn(t.Context(), c.hub.Outbound, []store.Queued{q}); err != nil {
		t.Fatal(err)
	}
	if n, back := c.deliver(); n != 1 || back != 0 {
		t.Fatalf("got %d records, %d back, want one that is done", n, back)
	}
	if got := c.sent(uid(1)); got != "reply pong" {
		t.Errorf("got %q, want the one reply", got)
	}
}

// TestOldReplyTokenThatAnotherWorkerTriesIsNotPushed lets a worker die with the reply
// under way, and an order of the same send come that does not know of it.
func TestOldReplyTokenThatAnotherWorkerTriesIsNotPushed(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	q, err := c.hub.Store.Send(t.Context(), c.ref(uid(1)), c.answerTo(uid(1)))
	if err != nil {
		t.Fatal(err)
	}
	claim := store.Claim{Owner: "dead", Deadline: hub.MillisOf(c.hub.Clock.Now()).Add(10 * time.Minute), Stage: store.StageReply}
	if held, err := c.hub.Store.ClaimSend(t.Context(), q.Ref, q.Intent.Key, claim); held != nil || err != nil {
		t.Fatalf("got %v, %v, want the claim", held, err)
	}
	c.hub.Clock.Advance(time.Minute)
	if err := c.sender.Deliver(t.Context(), q, 1); hub.RetryAfterOf(err) == 0 {
		t.Errorf("got %v, want to wait for the worker", err)
	}
	if got := c.sent(uid(1)); got != "" {
		t.Errorf("got %q, want nothing while nobody knows whether the reply went out", got)
	}
}
