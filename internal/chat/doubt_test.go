package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// queueDue lets reconcile hand on what is due.
func (y *toys) queueDue() {
	y.t.Helper()
	rc := &chat.Reconciler{Store: y.Store, Queue: y.Outbound, Now: y.Clock.Now, Log: y.Log}
	if _, err := rc.Due(context.Background()); err != nil {
		y.t.Fatal(err)
	}
}

// handOn lets reconcile hand on what is due, and answers the orders.
func (y *toys) handOn() (orders []store.Queued) {
	y.t.Helper()
	y.queueDue()
	e := y.Receive(y.Outbound)
	for _, m := range e.Records {
		q, err := chat.ReadOrder(m.Body)
		if err != nil {
			y.t.Fatal(err)
		}
		orders = append(orders, q)
	}
	return orders
}

// lose lets the platform take every call and answer none. It counts the calls.
func (y *toys) lose() *int {
	calls := 0
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		calls++
		return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
	}
	return &calls
}

// TestSendOfAWorkerThatDiesIsMadeOnce lets a worker die at each of its calls of the
// table, before or after the table carried it out: whoever gets the send after it
// must not make the platform's call a second time.
func TestSendOfAWorkerThatDiesIsMadeOnce(t *testing.T) {
	died := 0
	for _, after := range []bool{false, true} {
		for n := range 6 {
			y := newToys(t)
			sent := y.accept("p1")
			y.come("toy1", wrote("hello", "TW.1"))
			q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
			dying := y.sender()
			dying.Store = y.As("dying", hubtest.Cut(n, after))
			if dying.Deliver(context.Background(), q, 1) != nil {
				died++
			}
			y.Clock.Advance(time.Minute) // past the dead worker's claim
			for receives := range 3 {
				_ = y.sender().Deliver(context.Background(), q, receives+2)
				y.Clock.Advance(time.Minute)
			}
			if len(*sent) > 1 {
				t.Errorf("cut after %d calls (answer lost: %v): got %d calls of the platform, want 1", n, after, len(*sent))
			}
			if s := y.stored("TW.1", q.Intent.Key).Stamps; !s.Final() {
				t.Errorf("cut after %d calls (answer lost: %v): got %s, want the send to end", n, after, s.State())
			}
		}
	}
	if died < 6 {
		t.Errorf("got %d workers that died, want one at each call", died)
	}
}

// TestSecondCallOfALostSendIsTheLast: no answer comes back at all.
func TestSecondCallOfALostSendIsTheLast(t *testing.T) {
	y := newToys(t)
	calls := y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		y.Clock.Advance(3 * time.Minute)
		for _, order := range y.handOn() {
			if err := y.sender().Deliver(context.Background(), order, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; *calls != 2 || s.State() != hub.Unknown {
		t.Errorf("got %d calls and %s, want 2 and unknown", *calls, s.State())
	}
}

// TestReceiptEndsTheDoubtOfASendThatIsOnItsWayAgain: the receipt comes when the order
// for the second call lies on the queue already.
func TestReceiptEndsTheDoubtOfASendThatIsOnItsWayAgain(t *testing.T) {
	y := newToys(t)
	calls := y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	y.Clock.Advance(3 * time.Minute)
	orders := y.handOn()
	y.come("toy1", receipt(string(q.Ref.User)+"."+string(q.Intent.Key), "p1", hub.Delivered))
	for _, order := range orders {
		if err := y.sender().Deliver(context.Background(), order, 1); err != nil {
			t.Fatal(err)
		}
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; len(orders) != 1 || *calls != 1 || s.State() != hub.Delivered {
		t.Errorf("got %d orders, %d calls and %s, want 1, 1 and delivered", len(orders), *calls, s.State())
	}
}

// TestClaimOutlivesAWorkerThatHasNoTimeLeft: a claim that was made in the last moment
// of a worker holds for a second, and for what two clocks may differ.
func TestClaimOutlivesAWorkerThatHasNoTimeLeft(t *testing.T) {
	y := newToys(t)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	calls := 0
	y.send = func(channel.Outgoing) (channel.Sent, error) {
		calls++
		<-ctx.Done() // the worker is stopped in the middle of its call
		return channel.Sent{}, hub.E(hub.Unclear, "toy: send", ctx.Err())
	}
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	if err := y.sender().Deliver(ctx, q, 1); err == nil {
		t.Fatal("a worker that was stopped has finished its send")
	}
	other := y.sender()
	y.Clock.Advance(10500 * time.Millisecond)
	if err := other.Deliver(context.Background(), q, 2); hub.RetryAfterOf(err) == 0 {
		t.Errorf("10.5 s later: got %v, want it to wait for the claim", err)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Final() {
		t.Errorf("10.5 s later: got %s, want the claim to hold", s.State())
	}
	y.Clock.Advance(time.Second)
	if err := other.Deliver(context.Background(), q, 3); err != nil {
		t.Errorf("11.5 s later: got %v, want the claim to be over", err)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != hub.Unknown || calls != 1 {
		t.Errorf("11.5 s later: got %s after %d calls, want unknown after 1", s.State(), calls)
	}
}

// TestNothingOfAnErasedCustomerComesBack: what happened before an erasure and comes
// after it leaves no trace, whatever its kind, and what was to be sent is not.
func TestNothingOfAnErasedCustomerComesBack(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p1")
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	before := hub.MillisOf(y.Clock.Now())
	y.Clock.Advance(time.Minute)
	erased := hub.MillisOf(y.Clock.Now())
	y.PutItem(y.Store.Tables.Messages, map[string]any{
		"PK": "T#test#U#" + string(y.at("toy1", "TW.1").User), "SK": "THREAD", "acct": "toy1", "ext": "TW.1", "kind": "person",
		"erasedAt": int64(erased), "lastKey": fmt.Sprintf("%013d#~", erased), "epoch": int64(1),
	})
	messages, contacts := y.Dump(y.Store.Tables.Messages), y.Dump(y.Store.Tables.Contacts)
	late := wrote("my secret", "TW.1")
	late.Aliases = nil
	for name, e := range map[string]channel.Event{
		"message":  late,
		"reaction": {Kind: channel.EventAction, Action: channel.Action{Kind: channel.Reaction, Target: "m1", Value: "👍", Actor: "TW.1"}},
		"follow":   {Kind: channel.EventSubscription, Type: "follow", Subscribed: true},
		"read":     {Kind: channel.EventWatermark, Watermark: channel.Watermark{State: hub.Read, UpTo: before}},
		"link":     {Kind: channel.EventLink, Link: hub.AccountLink{OK: true, Nonce: "n"}},
		"other":    {Kind: channel.EventOther, Type: "videoPlayComplete"},
	} {
		e.User, e.At = "TW.1", before
		y.come("toy1", e)
		if y.Dump(y.Store.Tables.Messages) != messages || y.Dump(y.Store.Tables.Contacts) != contacts {
			t.Errorf("%s of before the erasure: got something stored, want nothing", name)
			messages, contacts = y.Dump(y.Store.Tables.Messages), y.Dump(y.Store.Tables.Contacts)
		}
	}
	y.Clock.Advance(time.Minute)
	y.come("toy1", wrote("here I am again", "TW.1"))
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Code != hub.Erased || len(*sent) != 0 {
		t.Errorf("a send of before the erasure: got %s %q after %d calls, want it failed as erased", s.State(), s.Code, len(*sent))
	}
}

// TestNothingOfAnUnsentMessageStays looks for its words in every table.
func TestNothingOfAnUnsentMessageStays(t *testing.T) {
	const words = "my card number 4711"
	for name, text := range map[string]string{"short": words, "long": words + strings.Repeat(" 🙈", 200_000)} {
		y := newToys(t)
		m := wrote(text, "TW.1")
		m.Message.ID = "m1"
		y.come("toy1", m)
		holds := func() bool {
			for _, table := range []string{y.Store.Tables.Messages, y.Store.Tables.Contacts, y.Store.Tables.Ledger} {
				if strings.Contains(y.Dump(table), words) {
					return true
				}
			}
			var names []string
			for sk, of := range y.Items(y.Store.Tables.Messages, "T#test#U#"+string(y.at("toy1", "TW.1").User)) {
				if strings.HasPrefix(sk, "M#") {
					names = append(names, of...)
				}
			}
			parts := y.Items(y.Store.Tables.Ledger, "T#test#RAW#"+string(y.at("toy1", "TW.1").User))
			return slices.Contains(names, "rw") || slices.Contains(names, "parts") || len(parts) > 0
		}
		if !holds() {
			t.Fatalf("%s: the message is not where this test looks for it", name)
		}
		y.come("toy1", channel.Event{Kind: channel.EventAction, User: "TW.1", Action: channel.Action{Kind: channel.Unsend, Target: "m1", Actor: "TW.1"}})
		y.Clock.Advance(time.Minute)
		y.handOn()
		if holds() {
			t.Errorf("%s: got something of the message after it was unsent, want nothing", name)
		}
	}
}

func TestLostAnswerIsJudgedByClassAndReceipt(t *testing.T) {
	lost := func(channel.Outgoing) (channel.Sent, error) {
		return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
	}
	for _, c := range []struct {
		name    string
		class   hub.Class
		receipt bool
		want    hub.State
		calls   int
	}{
		{"marketing is never sent again", hub.ClassMarketing, false, hub.Unknown, 1},
		{"a person's message is not sent again", hub.ClassPerson, false, hub.Unknown, 1},
		{"a late receipt tells", hub.ClassPerson, true, hub.Delivered, 1},
		{"transactional is sent once more", hub.ClassTransactional, false, hub.Sent, 2},
		{"transactional with a receipt is not", hub.ClassTransactional, true, hub.Delivered, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := newToys(t)
			sender := y.sender()
			y.come("toy1", wrote("hello", "TW.1"))
			calls := 0
			y.send = func(m channel.Outgoing) (channel.Sent, error) {
				if calls++; calls == 1 {
					return lost(m)
				}
				return channel.Sent{PlatformID: "p2"}, nil
			}
			q := y.intend("TW.1", c.class, hub.TextContent("x"))
			if err := sender.Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
			if c.receipt {
				y.come("toy1", receipt(string(q.Ref.User)+"."+string(q.Intent.Key), "p1", hub.Delivered))
			}
			y.Clock.Advance(3 * time.Minute)
			rc := &chat.Reconciler{Store: y.Store, Queue: y.Outbound, Now: y.Clock.Now, Log: y.Log}
			if _, err := rc.Due(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, m := range y.Receive(y.Outbound).Records {
				order := readOrder(t, m.Body)
				if err := sender.Deliver(context.Background(), order, 1); err != nil {
					t.Fatal(err)
				}
			}
			got := y.stored("TW.1", q.Intent.Key)
			if got.Stamps.State() != c.want || calls != c.calls {
				t.Errorf("got %s after %d calls, want %s after %d", got.Stamps.State(), calls, c.want, c.calls)
			}
			if th := y.thread("toy1", "TW.1"); len(th.Held) != 0 {
				t.Errorf("held: got %v, want nobody held back", th.Held)
			}
			if _, err := y.Store.Home(context.Background(), hubtest.Team, y.Team.Pepper.Home("toy1", "TW.1", 0)); err != nil {
				t.Error(err)
			}
		})
	}
}
