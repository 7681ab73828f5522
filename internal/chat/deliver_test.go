package chat_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func stripLine(p fake.Platform) http.Handler { return http.StripPrefix("/line", p) }

// uid is a customer's id as LINE writes it.
func uid(n int) string { return fmt.Sprintf("U%032x", n) }

func TestAnswerLeavesByTheFreeReplyToken(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	if n, back := c.deliver(); n != 1 || back != 0 {
		t.Fatalf("got %d records, %d back", n, back)
	}
	if got := c.sent(uid(1)); got != "reply pong" {
		t.Errorf("got %q, want one reply", got)
	}
	if s := c.stamps(uid(1), c.answerTo(uid(1))); s.State() != hub.Sent || s.PlatformID == "" {
		t.Errorf("got %+v, want sent with the platform's id", s)
	}
	c.hub.Clock.Advance(10 * time.Minute)
	if n := c.due(); n != 0 {
		t.Errorf("got %d sends due after all was sent, want 0", n)
	}
}

func TestOldReplyTokenIsNotTried(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	c.hub.Clock.Advance(55 * time.Second)
	c.deliver()
	if got := c.sent(uid(1)); got != "push pong" {
		t.Errorf("got %q, want one push", got)
	}
	call := c.ledger.Calls("line", uid(1))[0]
	if want := hub.RetryKey(c.ref(uid(1)).Team, c.ref(uid(1)).User, c.answerTo(uid(1))); call.RetryKey != want {
		t.Errorf("got retry key %q, want %q", call.RetryKey, want)
	}
}

func TestRefusedReplyTokenFallsToAPush(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	// The token is used up behind the hub's back.
	q, err := c.hub.Store.Send(context.Background(), c.ref(uid(1)), c.answerTo(uid(1)))
	if err != nil {
		t.Fatal(err)
	}
	body := `{"replyToken":"` + q.Intent.Reply.Token.Reveal() + `","messages":[{"type":"text","text":"other"}]}`
	resp := c.callLine("/v2/bot/message/reply", body)
	if resp != 200 {
		t.Fatalf("got %d from the fake, want 200", resp)
	}
	c.deliver()
	if got := c.sent(uid(1)); got != "reply other, push pong" {
		t.Errorf("got %q, want a push after the refused token", got)
	}
}

func TestRepeatedOrderSendsNothingAgain(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	e := c.hub.Receive(c.hub.Outbound)
	for _, receives := range []int{1, 1, 2, 3} {
		for _, r := range e.Records {
			q := readOrder(t, r.Body)
			if err := c.sender.Deliver(context.Background(), q, receives); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := c.sent(uid(1)); got != "reply pong" {
		t.Errorf("got %q, want one reply", got)
	}
}

func TestLostAnswerOfAReplyIsUnknownAndNeverPushed(t *testing.T) {
	c := newChain(t)
	for i, plan := range []string{`{"accept_then_drop":1}`, `{"accept_then_500":1}`, `{"timeout":1}`} {
		c.faults(plan)
		c.write(uid(i), "ping")
		c.deliver()
		c.faults(`{}`)
		c.hub.Clock.Advance(4 * time.Minute)
		c.due()
		c.deliver()
		want := "reply pong"
		if strings.Contains(plan, "timeout") {
			want = ""
		}
		if got := c.sent(uid(i)); got != want {
			t.Errorf("%s: got %q, want %q: nothing may be sent after an unclear end", plan, got, want)
		}
		if s := c.stamps(uid(i), c.answerTo(uid(i))); s.State() != hub.Unknown {
			t.Errorf("%s: got %s, want unknown", plan, s.State())
		}
	}
	if n := strings.Count(c.hub.Logged.String(), `"send unknown"`); n != 3 {
		t.Errorf("got %d log lines about unknown sends, want 3", n)
	}
}

func TestLostAnswerOfAPushIsTriedAgainUnderItsKey(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	k := c.intend(uid(1), "news", hub.ClassPerson)
	c.faults(`{"accept_then_drop":1}`)
	if _, back := c.deliver(); back != 1 {
		t.Fatalf("got %d records back, want 1", back)
	}
	c.faults(`{}`)
	c.hub.Clock.Advance(2 * time.Second)
	c.deliver()
	if got := c.sent(uid(1)); got != "push news" {
		t.Errorf("got %q, want the message once", got)
	}
	if s := c.stamps(uid(1), k); s.State() != hub.Sent || s.PlatformID == "" {
		t.Errorf("got %+v, want sent, with the id that the first try got", s)
	}
}

func TestWhatMayHaveBeenSentIsNeverCalledFailed(t *testing.T) {
	c := newChain(t)
	for i, plan := range []string{`{"accept_then_drop":1}`, `{"accept_then_500":1}`} {
		user := uid(10 + i)
		c.faults(`{}`)
		c.write(user, "hello")
		k := c.intend(user, "news", hub.ClassPerson)
		c.faults(plan)
		c.deliver()
		c.hub.Clock.Advance(25 * time.Hour) // past the deadline
		c.drain()
		if s := c.stamps(user, k); s.State() != hub.Unknown || c.sent(user) != "push news" {
			t.Errorf("%s: got %+v, sent %q, want unknown: LINE has it", plan, s, c.sent(user))
		}
	}

	c.faults(`{}`)
	c.write(uid(2), "ping")
	k := c.answerTo(uid(2))
	if _, err := c.hub.Store.ClaimSend(context.Background(), c.ref(uid(2)), k,
		store.Claim{Owner: "dead", Deadline: hub.MillisOf(c.hub.Clock.Now()) + 1, Stage: store.StageReply}); err != nil {
		t.Fatal(err)
	}
	th, err := c.hub.Store.Thread(context.Background(), c.ref(uid(2)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.hub.Store.Accept(context.Background(), c.ref(uid(2)), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	c.hub.Clock.Advance(time.Second)
	e := c.hub.Receive(c.hub.Outbound)
	if err := c.sender.Deliver(context.Background(), readOrder(t, e.Records[0].Body), 2); err != nil {
		t.Fatal(err)
	}
	if s := c.stamps(uid(2), k); s.State() != hub.Unknown {
		t.Errorf("got %+v for a claimed reply, want unknown though a person has the floor", s)
	}
}

func TestShortWaitStaysInTheQueueAndKeepsOrder(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	c.faults(`{"rate429":1,"retry_after":30}`)
	c.intend(uid(1), "1", hub.ClassPerson)
	c.hub.Clock.Advance(time.Millisecond)
	c.intend(uid(1), "2", hub.ClassPerson)
	if n, back := c.deliver(); n != 2 || back != 2 {
		t.Fatalf("got %d records, %d back, want both back", n, back)
	}
	c.faults(`{}`)
	c.hub.Clock.Advance(29 * time.Second)
	if n, _ := c.deliver(); n != 0 {
		t.Fatalf("got %d records before the platform's wait was over", n)
	}
	c.hub.Clock.Advance(2 * time.Second)
	c.drain()
	if got := c.sent(uid(1)); got != "push 1, push 2" {
		t.Errorf("got %q, want both in order", got)
	}
}

func TestLongWaitParksTheThreadInOrder(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	c.write(uid(2), "hello")
	c.faults(`{"rate429":1,"retry_after":300}`)
	first := c.intend(uid(1), "1", hub.ClassPerson)
	if _, back := c.deliver(); back != 0 {
		t.Fatal("a send that waits for minutes burns receives")
	}
	c.faults(`{}`)
	c.hub.Clock.Advance(time.Second)
	c.intend(uid(1), "2", hub.ClassPerson)
	c.hub.Clock.Advance(time.Second)
	c.intend(uid(1), "3", hub.ClassPerson)
	c.intend(uid(2), "other", hub.ClassPerson)
	c.drain()
	if got := c.sent(uid(1)); got != "" {
		t.Fatalf("got %q: later sends passed the parked one", got)
	}
	if got := c.sent(uid(2)); got != "push other" {
		t.Errorf("got %q: another thread waits too", got)
	}
	if s := c.stamps(uid(1), first); s.State() != hub.Queued {
		t.Errorf("got %s, want queued", s.State())
	}
	for range 12 {
		c.hub.Clock.Advance(time.Minute)
		c.due()
		c.drain()
	}
	if got := c.sent(uid(1)); got != "push 1, push 2, push 3" {
		t.Errorf("got %q, want all in the order of acceptance", got)
	}
	th, err := c.hub.Store.Thread(context.Background(), c.ref(uid(1)))
	if err != nil || len(th.Held) != 0 {
		t.Errorf("got %v held, %v, want none", th.Held, err)
	}
}

func TestBotIsSilentOnceAPersonHasTheFloor(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	th, err := c.hub.Store.Thread(context.Background(), c.ref(uid(1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.hub.Store.Accept(context.Background(), c.ref(uid(1)), th.Conversation, "anna"); err != nil {
		t.Fatal(err)
	}
	c.deliver()
	if got := c.sent(uid(1)); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	if s := c.stamps(uid(1), c.answerTo(uid(1))); s.State() != hub.Failed || s.Code != hub.StaleFence {
		t.Errorf("got %+v, want failed with stale_fence", s)
	}
}

func TestTwoBotsTalkingStopAtFive(t *testing.T) {
	c := newChain(t)
	for range 8 {
		c.write(uid(1), "ping")
		c.drain()
		c.hub.Clock.Advance(time.Second)
	}
	if n := len(c.ledger.Calls("line", uid(1))); n != 5 {
		t.Errorf("got %d answers within a minute, want 5", n)
	}
	c.hub.Clock.Advance(time.Minute)
	c.write(uid(1), "ping")
	c.drain()
	if n := len(c.ledger.Calls("line", uid(1))); n != 6 {
		t.Errorf("got %d answers after a minute, want 6", n)
	}
}

func TestDeadlineEndsASend(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	k := c.intend(uid(1), "late", hub.ClassPerson)
	c.hub.Clock.Advance(25 * time.Hour)
	c.deliver()
	if s := c.stamps(uid(1), k); s.Code != hub.DeadlinePassed || c.sent(uid(1)) != "" {
		t.Errorf("got %+v, sent %q, want failed and nothing sent", s, c.sent(uid(1)))
	}
}

func TestTableThatIsDownIsTriedAgainSoon(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	c.sender.Store = c.hub.As("outbound", hubtest.Cut(0, false))
	if _, back := c.deliver(); back != 1 {
		t.Fatalf("got %d back, want 1", back)
	}
	c.sender.Store = c.hub.Store
	c.hub.Clock.Advance(2 * time.Second)
	c.drain()
	if got := c.sent(uid(1)); got != "reply pong" {
		t.Errorf("got %q two seconds later, want the reply", got)
	}
}

func TestLostIntentIsFoundByReconcile(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	now := hub.MillisOf(c.hub.Clock.Now())
	if _, err := c.hub.Store.PutIntent(context.Background(), c.ref(uid(1)), hub.Intent{
		Key: hub.NewMessageKey(now, "01x"), Class: hub.ClassPerson, Content: hub.TextContent("never relayed"),
		Accepted: now, Deadline: now.Add(time.Hour),
	}); err != nil {
		t.Fatal(err)
	}
	c.hub.Clock.Advance(2 * time.Minute)
	if n := c.due(); n != 0 {
		t.Errorf("got %d due after two minutes, want 0: the change stream may still bring it", n)
	}
	c.hub.Clock.Advance(90 * time.Second)
	if n := c.due(); n != 1 {
		t.Errorf("got %d due, want 1", n)
	}
	if n := c.due(); n != 0 {
		t.Errorf("got %d due at once again, want 0", n)
	}
	c.drain()
	if got := c.sent(uid(1)); got != "push never relayed" {
		t.Errorf("got %q, want it sent", got)
	}
}

func TestRefusalsOfThePlatformAreFinal(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "hello")
	c.faults(`{"monthly_quota":0}`)
	k := c.intend(uid(1), "x", hub.ClassMarketing)
	c.deliver()
	if s := c.stamps(uid(1), k); s.Code != hub.QuotaExhausted {
		t.Errorf("got %+v, want quota_exhausted", s)
	}
}

func TestNothingSecretOrPersonalIsLogged(t *testing.T) {
	c := newChain(t)
	c.write(uid(7), "my phone is 0912345678")
	c.write(uid(7), "ping")
	c.faults(`{"rate500":1}`)
	c.drain()
	c.faults(`{}`)
	c.hub.Clock.Advance(time.Minute)
	c.drain()
	for _, canary := range []string{"0912345678", uid(7), "LineSecret", "test-line-channel-token", "0a1b2c3d4e5f6071", "ping", "pong"} {
		if strings.Contains(c.hub.Logged.String(), canary) {
			t.Errorf("the log holds %q", canary)
		}
	}
	if c.hub.Logged.String() == "" {
		t.Error("nothing was logged")
	}
}
