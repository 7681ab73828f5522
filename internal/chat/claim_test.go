package chat_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"omnihub/internal/hub"
	"omnihub/internal/store"
)

func TestClaimOfADeadWorkerEndsUnknownOnlyAfterItsDeadline(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	k := c.answerTo(uid(1))
	deadline := hub.MillisOf(c.hub.Clock.Now()).Add(20 * time.Second)
	if _, err := c.hub.Store.ClaimSend(context.Background(), c.ref(uid(1)), k,
		store.Claim{Owner: "dead", Deadline: deadline, Stage: store.StageReply}); err != nil {
		t.Fatal(err)
	}
	if _, back := c.deliver(); back != 1 {
		t.Fatal("a claimed send was taken over before the deadline")
	}
	c.hub.Clock.Advance(19 * time.Second)
	c.drain()
	if s := c.stamps(uid(1), k); s.Final() {
		t.Errorf("got %s before the deadline", s.State())
	}
	c.hub.Clock.Advance(5 * time.Second)
	c.drain()
	if s := c.stamps(uid(1), k); s.State() != hub.Unknown || c.sent(uid(1)) != "" {
		t.Errorf("got %s, sent %q, want unknown and nothing sent", s.State(), c.sent(uid(1)))
	}
}

func TestClaimAtTheStageOfPushingIsPushedAgain(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	k := c.answerTo(uid(1))
	if _, err := c.hub.Store.ClaimSend(context.Background(), c.ref(uid(1)), k,
		store.Claim{Owner: "dead", Deadline: 1, Stage: store.StagePush}); err != nil {
		t.Fatal(err)
	}
	e := c.hub.Receive(c.hub.Outbound)
	if err := c.sender.Deliver(context.Background(), readOrder(t, e.Records[0].Body), 2); err != nil {
		t.Fatal(err)
	}
	if got := c.sent(uid(1)); got != "push pong" {
		t.Errorf("got %q, want one push", got)
	}
}

// TestRepeatedClaimOfOneTryIsItsOwn loses the answer to the claim: the client
// repeats the call and meets its own claim.
func TestRepeatedClaimOfOneTryIsItsOwn(t *testing.T) {
	c := newChain(t)
	c.write(uid(1), "ping")
	lost := false
	cfg := c.hub.AWS("test")
	cfg.RetryMaxAttempts = 3
	cfg.HTTPClient = &http.Client{Transport: loseOnce{c.hub.Near(), "own=:o", &lost}}
	st := *c.hub.Store
	st.DB = dynamodb.NewFromConfig(cfg)
	c.sender.Store = &st
	if _, back := c.deliver(); back != 0 || !lost {
		t.Fatalf("got %d back, an answer lost %v, want none back after a lost answer", back, lost)
	}
	if got := c.sent(uid(1)); got != "reply pong" {
		t.Errorf("got %q, want one reply", got)
	}
}

// loseOnce lets the first call whose body holds a text through, and loses its answer.
type loseOnce struct {
	next http.RoundTripper
	text string
	lost *bool
}

func (l loseOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := l.next.RoundTrip(r)
	if err == nil && !*l.lost && bytes.Contains(body, []byte(l.text)) {
		*l.lost = true
		resp.Body.Close()
		return nil, errors.New("the answer is lost")
	}
	return resp, err
}
