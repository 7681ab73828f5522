package chat_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
)

func TestEachStepOfAMessageIsCounted(t *testing.T) {
	c := newChain(t)
	n := metrictest.New(t, "inbound", "line")
	c.intake.Metrics, c.receiver.Metrics, c.sender.Metrics = n.Meter, n.Meter, n.Meter

	c.write(uid(1), "ping")
	c.deliver()
	n.Want("a keyword", map[string]int{
		"WebhooksAccepted line": 1, "EventsEnqueued line": 1, "MessagesStored line": 1, "StoreDelay line": 1, "SendsSent line bot": 1, "SendDelay line bot": 1,
	})

	c.faults(`{"accept_then_drop":1}`)
	c.write(uid(2), "ping")
	c.deliver()
	n.Want("a lost answer", map[string]int{
		"WebhooksAccepted line": 1, "EventsEnqueued line": 1, "MessagesStored line": 1, "StoreDelay line": 1, "SendsUnknown bot": 1,
	})

	c.faults(`{"rate429":1,"retry_after":300}`)
	c.intend(uid(1), "news", hub.ClassPerson)
	c.deliver()
	n.Want("a platform that wants it slower", map[string]int{"SendsRetried line rate_limited": 1, "SendsParked line": 1})

	c.faults(`{"expired_token":true}`)
	c.hub.Clock.Advance(time.Second)
	c.intend(uid(2), "news", hub.ClassPerson)
	c.deliver()
	n.Want("an expired token", map[string]int{"SendsRetried line token_expired": 1, "SendsParked line": 1})

	c.write(uid(3), "hello")
	c.faults(`{"monthly_quota":0}`)
	c.hub.Clock.Advance(4 * time.Minute) // till the credentials are tried again
	n.Counted()
	c.intend(uid(3), "news", hub.ClassPerson)
	c.deliver()
	// By channel and code, and by class, in one line: CloudWatch makes two metrics of it.
	n.Want("a used-up quota", map[string]int{"SendsFailed line quota_exhausted person": 1})
}

func TestRepeatedAndLateMessagesAreCountedApart(t *testing.T) {
	y := newToys(t)
	n := metrictest.New(t, "inbound", "toy")
	y.rc.Metrics = n.Meter
	first := y.come("toy1", wrote("one", "TW.1"))
	n.Want("a new message", map[string]int{"MessagesStored toy": 1, "StoreDelay toy": 1})
	receive(t, y.rc, []hub.Envelope{first})
	n.Want("the same again", map[string]int{"MessagesRepeated toy": 1})
	late := wrote("zero", "TW.1")
	late.At = hub.MillisOf(y.Clock.Now()).Add(-time.Minute)
	y.come("toy1", late)
	n.Want("an older one", map[string]int{"MessagesStored toy": 1, "MessagesLate toy": 1, "StoreDelay toy": 1})
	failed := receipt("", "p9", hub.Failed)
	failed.Receipt.Code = hub.Blocked
	q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
	failed.Receipt.Ref = string(q.Ref.User) + "." + string(q.Intent.Key)
	y.come("toy1", failed)
	n.Want("a receipt of a failure", map[string]int{"ReceiptsFailed toy blocked": 1})
}

func TestDoubtIsCountedUntilItsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		receipt bool
		want    map[string]int
	}{
		"a receipt comes": {true, map[string]int{"SendsInDoubt toy": 1, "SendsParked toy": 1, "SendsReconciled toy": 1}},
		"none comes": {false, map[string]int{
			"SendsInDoubt toy": 1, "SendsParked toy": 1, "SendsDue": 1, "OldestDue": 1, "SendsRepeated toy": 1, "SendsSent toy transactional": 1, "SendDelay toy transactional": 1,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToys(t)
			sender := y.sender()
			y.come("toy1", wrote("hello", "TW.1"))
			n := metrictest.New(t, "inbound", "toy")
			y.rc.Metrics, sender.Metrics = n.Meter, n.Meter
			calls := 0
			y.send = func(channel.Outgoing) (channel.Sent, error) {
				if calls++; calls == 1 {
					return channel.Sent{}, hub.E(hub.Unclear, "toy: send", errors.New("lost"))
				}
				return channel.Sent{PlatformID: "p2"}, nil
			}
			q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
			if err := sender.Deliver(context.Background(), q, 1); err != nil {
				t.Fatal(err)
			}
			if c.receipt {
				y.come("toy1", receipt(string(q.Ref.User)+"."+string(q.Intent.Key), "p1", hub.Delivered))
			}
			y.Clock.Advance(3 * time.Minute)
			rc := &chat.Reconciler{Store: y.Store, Queue: y.Outbound, Now: y.Clock.Now, Log: y.Log, Metrics: n.Meter}
			if _, err := rc.Due(context.Background()); err != nil {
				t.Fatal(err)
			}
			for _, m := range y.Receive(y.Outbound).Records {
				if err := sender.Deliver(context.Background(), readOrder(t, m.Body), 1); err != nil {
					t.Fatal(err)
				}
			}
			n.Want(name, c.want)
		})
	}
}

func TestPacedSendsAreCounted(t *testing.T) {
	y := newToys(t)
	sender := y.sender()
	y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	n := metrictest.New(t, "inbound", "toy")
	for i := range 46 {
		if i == 45 {
			sender.Metrics = n.Meter // the burst is 45
		}
		if err := sender.Deliver(context.Background(), y.intend("TW.1", hub.ClassPerson, hub.TextContent("x")), 1); err != nil {
			t.Fatal(err)
		}
	}
	n.Want("one beyond the burst", map[string]int{"SendsPaced toy": 1, "SendsParked toy": 1})
}

func TestQuarantineIsCountedByCode(t *testing.T) {
	h := hubtest.New(t)
	n := metrictest.New(t, "inbound", "line")
	rc := receiver(h, h.Store)
	rc.Quarantine.Metrics = n.Meter
	e := hub.Envelope{Version: hub.EnvelopeVersion, Team: hubtest.Team, Account: hubtest.LineAccount, Channel: "line", Raw: []byte("{"), Received: hub.MillisOf(h.Clock.Now())}
	receive(t, rc, []hub.Envelope{e})
	n.Want("what cannot be read", map[string]int{"Quarantined unparsable": 1})
}
