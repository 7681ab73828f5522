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
