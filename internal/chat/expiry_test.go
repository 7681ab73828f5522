package chat_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// expire lets the platform refuse the credentials till good is set. It lists what it
// has taken, and counts all calls.
func (y *toys) expire() (good *bool, taken *[]string, calls *int) {
	good, taken, calls = new(bool), &[]string{}, new(int)
	y.send = func(m channel.Outgoing) (channel.Sent, error) {
		if *calls++; !*good {
			return channel.Sent{}, hub.E(hub.TokenExpired, "toy: send", errors.New("refused"))
		}
		*taken = append(*taken, m.Content.Text)
		return channel.Sent{PlatformID: fmt.Sprint("p", *calls)}, nil
	}
	return good, taken, calls
}

// renew gives the account new credentials.
func (y *toys) renew(secret string) {
	y.t.Helper()
	err := y.Hub.Setup.Connect(context.Background(), y.Team, "toy1", "toy", channel.Secrets{"s": hub.Secret(secret)}, settings.NewAccount{
		ID: "toy1", External: "ext-toy1", Scope: "portfolio",
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

// with works one order off by a sender that lives on.
func (y *toys) with(sn *chat.Sender, orders ...store.Queued) {
	y.t.Helper()
	for _, q := range orders {
		if err := sn.Deliver(context.Background(), q, 1); err != nil && hub.RetryAfterOf(err) == 0 {
			y.t.Fatal(err)
		}
	}
}

// work works off what is due, and all that lies on the queue, each by the sender that is
// picked for it.
func (y *toys) work(pick func() *chat.Sender) {
	y.t.Helper()
	y.queueDue()
	batch := queue.Batch{Log: y.Log, Queue: y.Outbound, Handle: func(ctx context.Context, r queue.Record) error {
		q, err := chat.ReadOrder(r.Body)
		if err != nil {
			return err
		}
		return pick().Deliver(ctx, q, r.Receives)
	}}
	for e := y.Receive(y.Outbound); len(e.Records) > 0; e = y.Receive(y.Outbound) {
		y.Ack(y.Outbound, e, batch.Run(context.Background(), e))
	}
}

func (y *toys) expiredFacts() int {
	n := 0
	for _, e := range y.Published() {
		if e.Kind == hub.AccountTokenExpired {
			n++
		}
	}
	return n
}

func TestSendsWaitWhileTheCredentialsAreRefused(t *testing.T) {
	for name, idempotent := range map[string]bool{"with a retry key": true, "under a claim": false} {
		y := newToys(t)
		y.caps.Idempotent = idempotent
		good, taken, calls := y.expire()
		y.come("toy1", wrote("hello", "TW.1"))
		y.come("toy1", wrote("hello", "TW.2"))
		sn := y.sender()
		var sends []store.Queued
		for _, text := range []string{"1", "2", "3"} {
			sends = append(sends, y.intend("TW.1", hub.ClassPerson, hub.TextContent(text)))
			y.Clock.Advance(time.Second)
		}
		sends = append(sends, y.intend("TW.2", hub.ClassPerson, hub.TextContent("other")))
		y.with(sn, sends...)
		if *calls != 1 || y.expiredFacts() != 1 {
			t.Errorf("%s: got %d calls and %d facts, want one of each", name, *calls, y.expiredFacts())
		}
		for range 30 { // half an hour
			y.Clock.Advance(time.Minute)
			y.with(sn, y.handOn()...)
		}
		if *calls < 4 || *calls > 11 || y.expiredFacts() != 1 {
			t.Errorf("%s, after half an hour: got %d calls and %d facts, want one call every few minutes, and one fact", name, *calls, y.expiredFacts())
		}
		for _, q := range sends {
			if s := y.stored(userOf(q.Intent.Content.Text), q.Intent.Key).Stamps; s.Final() {
				t.Errorf("%s: got %q %s %s, want it to wait", name, q.Intent.Content.Text, s.State(), s.Code)
			}
		}
		if th := y.thread("toy1", "TW.1"); th.Pair.Until > hub.MillisOf(y.Clock.Now()).Add(time.Minute) {
			t.Errorf("%s: got the pace spent until %d, want the waiting to cost none", name, th.Pair.Until)
		}
		*good = true
		y.renew("new")
		for range 12 {
			y.Clock.Advance(time.Minute)
			y.with(sn, y.handOn()...)
		}
		got := slices.DeleteFunc(slices.Clone(*taken), func(s string) bool { return s == "other" })
		if !slices.Equal(got, []string{"1", "2", "3"}) || len(*taken) != 4 {
			t.Errorf("%s: got %v, want all once, in the order of acceptance", name, *taken)
		}
		if held := y.thread("toy1", "TW.1").Held; len(held) != 0 {
			t.Errorf("%s: got %v held, want nobody", name, held)
		}
	}
}

func userOf(text string) string {
	if text == "other" {
		return "TW.2"
	}
	return "TW.1"
}

// TestSendGoesSoonAfterTheSameCredentialsAreTakenAgain: however long it has waited, and
// whenever in its waiting they are good again.
func TestSendGoesSoonAfterTheSameCredentialsAreTakenAgain(t *testing.T) {
	t.Parallel() // it is among the longest
	for phase := 0; phase < 10; phase += 2 {
		y := newToys(t)
		good, taken, _ := y.expire()
		y.come("toy1", wrote("hello", "TW.1"))
		sn := y.sender()
		y.with(sn, y.intend("TW.1", hub.ClassPerson, hub.TextContent("x")))
		for range 14 + phase {
			y.Clock.Advance(time.Minute)
			y.work(func() *chat.Sender { return sn })
		}
		*good = true
		for range 5 {
			y.Clock.Advance(time.Minute)
			y.work(func() *chat.Sender { return sn })
		}
		if len(*taken) != 1 {
			t.Errorf("good again after %d minutes: got it still waiting five minutes later", 14+phase)
		}
	}
}

// TestSendsOfManyGoOnceTheSameCredentialsAreTakenAgain: several processes, each with a
// memory of its own, have refused for a while what waits; then the platform takes the
// same credentials again.
func TestSendsOfManyGoOnceTheSameCredentialsAreTakenAgain(t *testing.T) {
	t.Parallel() // it is among the longest
	for seed := range uint64(max(*shuffles/10, 1)) {
		random, turn := rand.New(rand.NewPCG(seed, 7)), sync.Mutex{}
		dice := func(n int) int {
			turn.Lock()
			defer turn.Unlock()
			return random.IntN(n)
		}
		y := newToys(t)
		good, taken, _ := y.expire()
		answer := y.send
		y.send = func(m channel.Outgoing) (channel.Sent, error) { // it says nothing of the credentials at times
			busy := dice(4) == 0
			turn.Lock()
			defer turn.Unlock()
			if busy {
				return channel.Sent{}, hub.E(hub.Transient, "toy: send", errors.New("too busy"))
			}
			return answer(m)
		}
		senders := make([]*chat.Sender, 1+dice(5))
		for i := range senders {
			senders[i] = y.sender()
		}
		work := func() {
			y.work(func() *chat.Sender { return senders[dice(len(senders))] })
		}
		const people, each = 4, 2
		for p := range people {
			id := fmt.Sprint("TW.", p)
			y.come("toy1", wrote("hello", id))
			for n := range each {
				if _, err := chat.HandOn(context.Background(), y.Outbound, []store.Queued{y.intend(id, hub.ClassPerson, hub.TextContent(fmt.Sprint(p, " ", n)))}); err != nil {
					t.Fatal(err)
				}
				work()
				y.Clock.Advance(time.Second)
			}
		}
		for range 15 + dice(15) {
			y.Clock.Advance(time.Minute)
			work()
		}
		*good = true
		late := 0
		for ; len(*taken) < people*each && late < 60; late++ {
			y.Clock.Advance(time.Minute)
			work()
		}
		if late > 15 {
			t.Errorf("seed %d: got the last of %d sends %d minutes late, want a few", seed, len(*taken), late)
		}
	}
}

// TestNewCredentialsAreTriedAtOnce: the memory is of those that were refused, and no
// others.
func TestNewCredentialsAreTriedAtOnce(t *testing.T) {
	y := newToys(t)
	good, taken, calls := y.expire()
	y.come("toy1", wrote("hello", "TW.1"))
	y.come("toy1", wrote("hello", "TW.2"))
	sn := y.sender()
	y.with(sn, y.intend("TW.1", hub.ClassPerson, hub.TextContent("1")))
	*good = true
	y.Clock.Advance(70 * time.Second) // past what is kept of the settings
	y.with(sn, y.intend("TW.2", hub.ClassPerson, hub.TextContent("other")))
	if *calls != 1 {
		t.Errorf("got %d calls with the refused ones within a few minutes, want 1", *calls)
	}
	y.renew("new")
	y.Clock.Advance(70 * time.Second)
	y.come("toy1", wrote("hello", "TW.3"))
	y.with(sn, y.intend("TW.3", hub.ClassPerson, hub.TextContent("3")))
	if fmt.Sprint(*taken) != "[3]" {
		t.Errorf("got %v taken, want the new credentials to be tried at once", *taken)
	}
	// The refused ones were given back: the fact is of each that were refused.
	*good = false
	y.come("toy1", wrote("hello", "TW.4"))
	y.with(sn, y.intend("TW.4", hub.ClassPerson, hub.TextContent("4")))
	if n := y.expiredFacts(); n != 2 {
		t.Errorf("got %d facts, want one of each that were refused", n)
	}
}

func TestSendThatWaitedInVainSaysWhy(t *testing.T) {
	y := newToys(t)
	good, taken, _ := y.expire()
	y.come("toy1", wrote("hello", "TW.1"))
	person := y.intend("TW.1", hub.ClassPerson, hub.TextContent("1"))
	bot := y.intend("TW.1", hub.ClassBot, hub.TextContent("2"))
	y.with(y.sender(), person, bot)
	for range 12 {
		y.Clock.Advance(4 * time.Minute)
		y.with(y.sender(), y.handOn()...) // each time another process
	}
	if s := y.stored("TW.1", bot.Intent.Key).Stamps; s.Code != hub.TokenExpired {
		t.Errorf("the bot's, behind the other: got %s %q, want token_expired after half an hour", s.State(), s.Code)
	}
	if s := y.stored("TW.1", person.Intent.Key).Stamps; s.Final() {
		t.Errorf("the member's: got %s %q, want it to wait for a day", s.State(), s.Code)
	}
	for range 9 {
		y.Clock.Advance(3 * time.Hour)
		y.with(y.sender(), y.handOn()...)
	}
	if s := y.stored("TW.1", person.Intent.Key).Stamps; s.Code != hub.TokenExpired {
		t.Errorf("the member's: got %s %q, want token_expired after a day", s.State(), s.Code)
	}
	*good = true
	y.come("toy1", wrote("still there?", "TW.1"))
	y.with(y.sender(), y.intend("TW.1", hub.ClassPerson, hub.TextContent("3")))
	if fmt.Sprint(*taken) != "[3]" {
		t.Errorf("got %v taken, want the next one, held back by nobody", *taken)
	}
}

// TestSecondCallWaitsForTheCredentialsToo: the answer of the first was lost.
func TestSecondCallWaitsForTheCredentialsToo(t *testing.T) {
	y := newToys(t)
	y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
	sn := y.sender()
	y.with(sn, q)
	good, taken, calls := y.expire()
	for range 20 {
		y.Clock.Advance(time.Minute)
		y.with(sn, y.handOn()...)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.Final() || *calls < 2 {
		t.Errorf("got %s after %d calls, want it to wait", s.State(), *calls)
	}
	*good = true
	for range 15 {
		y.Clock.Advance(time.Minute)
		y.with(sn, y.handOn()...)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; s.State() != hub.Sent || len(*taken) != 1 {
		t.Errorf("got %s, %v taken, want the second call made, once", s.State(), *taken)
	}
}

func TestFactOfRefusedCredentialsComesBeforeTheirMemory(t *testing.T) {
	for n := range 8 {
		y := newToys(t)
		y.expire()
		y.come("toy1", wrote("hello", "TW.1"))
		q := y.intend("TW.1", hub.ClassPerson, hub.TextContent("x"))
		sn := y.sender()
		sn.Store = y.As("dying", hubtest.Cut(n, false))
		_ = sn.Deliver(context.Background(), q, 1)
		sn.Store = y.Store
		for receives := range 4 {
			y.Clock.Advance(time.Minute)
			_ = sn.Deliver(context.Background(), q, receives+2)
		}
		s := y.stored("TW.1", q.Intent.Key).Stamps
		if claimed := s.State() == hub.Unknown; !claimed && y.expiredFacts() != 1 {
			t.Errorf("cut after %d calls: got %d facts and %s, want the fact", n, y.expiredFacts(), s.State())
		}
	}
}

func TestSendsOfAnAccountThatIsOffWait(t *testing.T) {
	y := newToys(t)
	sent := y.accept("p")
	y.come("toy1", wrote("hello", "TW.1"))
	off := func(off bool) {
		t.Helper()
		if err := y.Hub.Setup.Switch(context.Background(), hubtest.Team, "toy1", off); err != nil {
			t.Fatal(err)
		}
		y.Clock.Advance(70 * time.Second)
	}
	off(true)
	sn := y.sender()
	first := y.intend("TW.1", hub.ClassPerson, hub.TextContent("1"))
	late := y.intend("TW.1", hub.ClassBot, hub.TextContent("2"))
	y.with(sn, first, late)
	for range 40 {
		y.Clock.Advance(time.Minute)
		y.with(sn, y.handOn()...)
	}
	if s := y.stored("TW.1", late.Intent.Key).Stamps; s.Code != hub.AccountOff || len(*sent) != 0 {
		t.Errorf("past its deadline: got %s %q after %d calls, want account_off and none", s.State(), s.Code, len(*sent))
	}
	off(false)
	for range 12 {
		y.Clock.Advance(time.Minute)
		y.with(sn, y.handOn()...)
	}
	if s := y.stored("TW.1", first.Intent.Key).Stamps; s.State() != hub.Sent || len(*sent) != 1 {
		t.Errorf("on again: got %s after %d calls, want it sent", s.State(), len(*sent))
	}
	if log := y.Logged.String(); strings.Contains(log, `"send refused"`) {
		t.Error("got a refusal in the log, want the waiting only")
	}
}

// TestReplyWaitsForTheCredentialsAndIsPushed: the free token dies meanwhile.
func TestReplyWaitsForTheCredentialsAndIsPushed(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	c.faults(`{"expired_token":true}`)
	if _, back := c.deliver(); back != 0 {
		t.Fatal("a send that waits for minutes burns receives")
	}
	if s := c.stamps(uid(1), c.answerTo(uid(1))); s.Final() {
		t.Fatalf("got %s %s, want it to wait", s.State(), s.Code)
	}
	c.faults(`{}`)
	for range 6 {
		c.hub.Clock.Advance(time.Minute)
		c.due()
		c.drain()
	}
	if got := c.sent(uid(1)); got != "push pong" {
		t.Errorf("got %q, want one push", got)
	}
}
