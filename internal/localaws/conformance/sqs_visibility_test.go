package conformance

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestReceivedMessageIsHiddenUntilItsTimeout(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"VisibilityTimeout": "30"})
	b.needsLocal(t)
	b.send(t, "x")
	first := b.wantBodies(t, "x")
	b.wantCounts(t, 0, 1, 0)
	b.advance(t, 29*time.Second)
	b.wantBodies(t)
	b.advance(t, 2*time.Second)
	b.wantCounts(t, 1, 0, 0)
	second := b.wantBodies(t, "x")
	if got := second[0].Attributes["ApproximateReceiveCount"]; got != "2" {
		t.Errorf("got receive count %s, want 2", got)
	}
	if got, want := second[0].Attributes["ApproximateFirstReceiveTimestamp"], first[0].Attributes["ApproximateFirstReceiveTimestamp"]; got != want {
		t.Errorf("got first receive %s, want %s as before", got, want)
	}
	if *second[0].ReceiptHandle == *first[0].ReceiptHandle {
		t.Error("got the same receipt handle again, want a new one")
	}
}

func TestChangedVisibilityCountsFromTheChange(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t)
	b.send(t, "x")
	m := b.wantBodies(t, "x")[0]
	b.advance(t, 20*time.Second)
	wantCode(t, b.change(m, 60), "")
	b.advance(t, 59*time.Second)
	b.wantBodies(t)
	b.advance(t, 2*time.Second)
	m = b.wantBodies(t, "x")[0]
	wantCode(t, b.change(m, 0), "")
	m = b.wantBodies(t, "x")[0]

	b.advance(t, 10*time.Second)
	wantCode(t, b.change(m, 43_200), "InvalidParameterValue") // 12 h and 10 s since the receive
	wantCode(t, b.change(m, 43_201), "InvalidParameterValue")
	wantCode(t, b.change(m, 43_180), "")
}

func TestReceiptHandles(t *testing.T) {
	c := newCloud(t)
	b, other := c.queue(t, false, nil), c.queue(t, false, nil)
	b.needsLocal(t)
	remove := func(b *box, handle string) error {
		_, err := b.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: &handle})
		return err
	}
	b.send(t, "x")
	old := b.wantBodies(t, "x")[0]
	b.advance(t, 31*time.Second)
	wantCode(t, b.change(old, 10), "AWS.SimpleQueueService.MessageNotInflight")
	b.wantBodies(t, "x")
	wantCode(t, remove(other, *old.ReceiptHandle), "ReceiptHandleIsInvalid")
	wantCode(t, remove(b, "foreign text"), "ReceiptHandleIsInvalid")
	wantCode(t, remove(b, *old.ReceiptHandle+"A"), "ReceiptHandleIsInvalid")
	wantCode(t, remove(b, *old.ReceiptHandle), "") // old, but good enough on a standard queue
	b.wantCounts(t, 0, 0, 0)
	wantCode(t, remove(b, *old.ReceiptHandle), "")
	wantCode(t, b.change(old, 10), "InvalidParameterValue")
}

func TestBatchesOfDeletesAndChangesAnswerPerEntry(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.send(t, "a")
	b.send(t, "b")
	got := b.wantBodies(t, "a", "b")
	changed, err := b.api.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &b.url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 100},
		{Id: aws.String("2"), ReceiptHandle: aws.String("nonsense"), VisibilityTimeout: 100},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(changed.Successful) != 1 || len(changed.Failed) != 1 || *changed.Failed[0].Code != "ReceiptHandleIsInvalid" {
		t.Errorf("change: got %+v, want 1 done and 1 ReceiptHandleIsInvalid", changed)
	}
	deleted, err := b.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &b.url, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("1"), ReceiptHandle: got[0].ReceiptHandle},
		{Id: aws.String("2"), ReceiptHandle: aws.String("nonsense")},
		{Id: aws.String("3"), ReceiptHandle: got[1].ReceiptHandle},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if len(deleted.Successful) != 2 || len(deleted.Failed) != 1 || !deleted.Failed[0].SenderFault {
		t.Errorf("delete: got %+v, want 2 done and 1 sender's fault", deleted)
	}
}

func TestDelayedMessageAppearsAfterItsDelay(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"DelaySeconds": "10"})
	b.needsLocal(t)
	b.send(t, "queue's delay")
	if _, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("own delay"), DelaySeconds: 20}); err != nil {
		t.Fatal(err)
	}
	b.wantCounts(t, 0, 0, 2)
	b.advance(t, 11*time.Second)
	b.wantCounts(t, 1, 0, 1)
	b.delete(t, b.wantBodies(t, "queue's delay")...)
	b.advance(t, 10*time.Second)
	b.wantBodies(t, "own delay")
}

func TestMessageExpiresAfterItsRetention(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"MessageRetentionPeriod": "60"})
	b.needsLocal(t)
	b.send(t, "old")
	b.advance(t, 30*time.Second)
	b.send(t, "new")
	b.receive(t, 1)
	b.advance(t, 31*time.Second)
	b.wantCounts(t, 1, 0, 0) // the one in flight is gone too
	b.wantBodies(t, "new")
	b.advance(t, 60*time.Second)
	b.wantCounts(t, 0, 0, 0)
}

func TestLongPollWakesAtOnce(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t) // for the time it may take
	type answer struct {
		bodies []types.Message
		took   time.Duration
	}
	poll := func(wait int32) <-chan answer {
		done := make(chan answer, 1)
		go func() {
			start := time.Now()
			out, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, WaitTimeSeconds: wait, MaxNumberOfMessages: 10})
			if err != nil {
				t.Error(err)
				out = &sqs.ReceiveMessageOutput{}
			}
			done <- answer{out.Messages, time.Since(start)}
		}()
		return done
	}
	waiting := poll(20)
	b.send(t, "x")
	got := <-waiting
	if len(got.bodies) != 1 || got.took > 5*time.Second {
		t.Fatalf("got %d messages after %v, want 1 at once", len(got.bodies), got.took)
	}
	waiting = poll(20) // until the hidden message appears
	b.advance(t, 31*time.Second)
	if got = <-waiting; len(got.bodies) != 1 || got.took > 5*time.Second {
		t.Fatalf("got %d messages after %v, want the one that appears", len(got.bodies), got.took)
	}
	b.delete(t, got.bodies...)
	if got = <-poll(1); len(got.bodies) != 0 || got.took < 900*time.Millisecond {
		t.Errorf("got %d messages after %v, want none after a second", len(got.bodies), got.took)
	}
}

func TestLongPollSeesAShortTimeoutEnd(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.send(t, "x")
	b.receive(t, 1, visibility(1))
	out, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, WaitTimeSeconds: 15})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("got %v, %v, want the message again", out, err)
	}
}

func TestCancelledReceiveTakesNothing(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t)
	for range 20 {
		leaving, cancel := context.WithCancel(ctx)
		var gone sync.WaitGroup
		for range 5 {
			gone.Go(func() {
				_, _ = b.api.ReceiveMessage(leaving, &sqs.ReceiveMessageInput{QueueUrl: &b.url, WaitTimeSeconds: 20})
			})
		}
		waitFor(t, "five receives to wait", func() bool { return b.server.SQS().Waiting(b.name()) == 5 })
		cancel()
		gone.Wait()
		waitFor(t, "the receives to be gone", func() bool { return b.server.SQS().Waiting(b.name()) == 0 })
		b.send(t, "x")
		b.delete(t, b.wantBodies(t, "x")...)
	}
}

// waitFor polls a condition that another goroutine brings about.
func waitFor(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestVisibilityScaleShortensTimeouts(t *testing.T) {
	c := newCloud(t, scaled(0.01))
	b := c.queue(t, false, nil)
	b.send(t, "x")
	b.wantBodies(t, "x")
	b.advance(t, 310*time.Millisecond)
	b.wantBodies(t, "x")
}

func TestShuffledQueueReordersAndRepeats(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t)
	if err := b.server.SQS().SetShuffle(b.name(), 7, 0.3); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		b.send(t, strconv.Itoa(i))
	}
	seen, order, total := map[string]bool{}, 0, 0
	last := -1
	for {
		messages := b.receive(t, 10)
		if len(messages) == 0 {
			break
		}
		for _, m := range messages {
			i, _ := strconv.Atoi(*m.Body)
			if i < last {
				order++
			}
			last = i
			total++
			seen[*m.Body] = true
		}
	}
	if len(seen) != 100 || total < 110 || order < 20 {
		t.Errorf("got %d different messages in %d deliveries with %d steps back, want 100, some repeated, in disorder", len(seen), total, order)
	}
	fifo := b.queue(t, true, nil)
	if err := b.server.SQS().SetShuffle(fifo.name(), 7, 0); err == nil {
		t.Error("got no error for a FIFO queue, want one")
	}
}
