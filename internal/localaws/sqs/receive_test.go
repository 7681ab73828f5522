package sqs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"omnihub/internal/localaws/wire"
)

// newEngine has one standard queue q, in memory.
func newEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := Open(Config{Region: "r", Account: "1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := do(e, nil, "CreateQueue", `{"QueueName":"q"}`); err != nil {
		t.Fatal(err)
	}
	return e
}

func do(e *Engine, ctx context.Context, operation, body string) (any, error) {
	return e.Do(&wire.Request{Context: ctx, Operation: operation, Body: []byte(body)})
}

func receiveIn(e *Engine, ctx context.Context, wait int) ([]received, error) {
	out, err := do(e, ctx, "ReceiveMessage", fmt.Sprintf(`{"QueueUrl":"http://x/1/q","WaitTimeSeconds":%d}`, wait))
	if err != nil {
		return nil, err
	}
	return out.(receiveOutput).Messages, nil
}

func send(t *testing.T, e *Engine) {
	t.Helper()
	if _, err := do(e, nil, "SendMessage", `{"QueueUrl":"http://x/1/q","MessageBody":"x"}`); err != nil {
		t.Fatal(err)
	}
}

func waiting(t *testing.T, e *Engine, want int) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); e.Waiting("q") != want; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatalf("got %d waiting receives, want %d", e.Waiting("q"), want)
		}
	}
}

func TestReceiveOfAClientThatIsGoneTakesNothing(t *testing.T) {
	e := newEngine(t)
	send(t, e)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := receiveIn(e, gone, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context was cancelled", err)
	}
	if got := e.Counts()["q"]; got != (QueueCounts{Visible: 1}) {
		t.Errorf("got %+v, want the message visible", got)
	}
}

func TestReceiveThatIsWokenAndLeavesHandsOn(t *testing.T) {
	e := newEngine(t)
	for range 50 {
		leaving, cancel := context.WithCancel(context.Background())
		left, stayed := make(chan error, 1), make(chan int, 1)
		go func() { _, err := receiveIn(e, leaving, 20); left <- err }()
		waiting(t, e, 1)
		start := time.Now()
		go func() { got, _ := receiveIn(e, nil, 20); stayed <- len(got) }()
		waiting(t, e, 2)

		e.mu.Lock() // so that the older receive is woken by the message and has lost its client
		cancel()
		q, n := e.queues["q"], e.next()
		e.add(q, &message{number: n, letter: letter{ID: newID(), Body: "x"}, state: state{Place: n, Enqueued: e.cfg.Clock()}})
		e.mu.Unlock()
		if err := <-left; !errors.Is(err, context.Canceled) && err != nil {
			t.Fatalf("got %v, want that the context was cancelled", err)
		}
		if got := <-stayed; got != 1 || time.Since(start) > 10*time.Second {
			t.Fatalf("got %d messages after %v, want 1 at once", got, time.Since(start))
		}
	}
}

func TestCloseEndsWaitingReceives(t *testing.T) {
	e := newEngine(t)
	done := make(chan error, 3)
	for range cap(done) {
		go func() { _, err := receiveIn(e, nil, 20); done <- err }()
	}
	waiting(t, e, cap(done))
	start := time.Now()
	e.Close()
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("got an end after %v, want one at once", took)
	}
}

func TestTooManyMessagesInFlight(t *testing.T) {
	e := newEngine(t)
	send(t, e)
	e.queues["q"].inFlight = maxInFlight
	var fault *wire.Error
	if _, err := receiveIn(e, nil, 0); !errors.As(err, &fault) || fault.Code != "OverLimit" {
		t.Errorf("got %v, want OverLimit", err)
	}
}
