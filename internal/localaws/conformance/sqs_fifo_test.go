package conformance

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestGroupIsDeliveredInOrderAndAlone(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	b.needsLocal(t)
	for _, body := range []string{"a1", "a2", "a3"} {
		b.send(t, body, "a")
	}
	b.send(t, "b1", "b")
	b.send(t, "a4", "a")

	two := b.receive(t, 2)
	if len(two) != 2 || *two[0].Body != "a1" || *two[1].Body != "a2" {
		t.Fatalf("got %d messages, want a1 and a2", len(two))
	}
	b1 := b.wantBodies(t, "b1") // the rest of group a waits
	b.delete(t, two[0])
	b.wantBodies(t) // a2 is still in flight
	wantCode(t, b.change(two[1], 0), "")
	all := b.wantBodies(t, "a2", "a3", "a4")
	b.delete(t, all...)
	b.delete(t, b1...)
	b.wantCounts(t, 0, 0, 0)
	if *all[0].ReceiptHandle == *two[1].ReceiptHandle {
		t.Error("got the same receipt handle again, want a new one")
	}
}

func TestFailedMessageComesBackBeforeItsFollowers(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	b.needsLocal(t)
	for i := range 6 {
		b.send(t, strconv.Itoa(i), "g")
	}
	three := b.receive(t, 3)
	if len(three) != 3 {
		t.Fatalf("got %d messages, want 3", len(three))
	}
	b.delete(t, three[1])
	wantCode(t, b.change(three[2], 0), "")
	b.wantBodies(t) // 2 is visible again, but 0 is in flight
	b.advance(t, 31*time.Second)
	b.wantBodies(t, "0", "2", "3", "4", "5")
}

func TestOneReceiveServesSeveralGroups(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	for i := range 3 {
		for _, group := range []string{"x", "y", "z"} {
			b.send(t, group+strconv.Itoa(i), group)
		}
	}
	b.wantBodies(t, "x0", "x1", "x2", "y0", "y1", "y2", "z0", "z1", "z2")
}

func TestExpiredHandleIsRefusedOnFIFO(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	b.needsLocal(t)
	b.send(t, "x", "g")
	old := b.wantBodies(t, "x")[0]
	b.advance(t, 31*time.Second)
	remove := func() error {
		_, err := b.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: old.ReceiptHandle})
		return err
	}
	wantCode(t, remove(), "InvalidParameterValue")
	now := b.wantBodies(t, "x")
	wantCode(t, remove(), "InvalidParameterValue")
	wantCode(t, b.change(old, 10), "InvalidParameterValue")
	b.delete(t, now...)
	wantCode(t, remove(), "") // gone: nothing left to protect
}

// post sends with chosen ids and returns message id and sequence number.
func (b *box) post(t testing.TB, body, group, dedup string) [2]string {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: &body, MessageGroupId: &group}
	if dedup != "" {
		in.MessageDeduplicationId = &dedup
	}
	out, err := b.api.SendMessage(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return [2]string{aws.ToString(out.MessageId), aws.ToString(out.SequenceNumber)}
}

func TestDeduplicationOutlivesDeletionForFiveMinutes(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	b.needsLocal(t)
	first := b.post(t, "one", "g", "d")
	b.delete(t, b.wantBodies(t, "one")...)
	if got := b.post(t, "two", "other", "d"); got != first {
		t.Errorf("got %v, want the first message's %v", got, first)
	}
	b.wantBodies(t)
	b.advance(t, 4*time.Minute+55*time.Second)
	if got := b.post(t, "three", "g", "d"); got != first {
		t.Errorf("after 4:55 got %v, want the first message's %v", got, first)
	}
	b.advance(t, 6*time.Second) // five minutes after the first, not after its repetitions
	if got := b.post(t, "four", "g", "d"); got == first || got[1] <= first[1] {
		t.Errorf("after 5:01 got %v, want a new message after %v", got, first)
	}
	b.wantBodies(t, "four")
}

func TestContentBasedDeduplication(t *testing.T) {
	b := newCloud(t).queue(t, true, map[string]string{"ContentBasedDeduplication": "true"})
	first := b.post(t, "same", "g", "")
	if got := b.post(t, "same", "g", ""); got != first {
		t.Errorf("got %v, want the first message's %v", got, first)
	}
	// The generated id is the SHA-256 of the body, and an explicit one comes before it.
	if got := b.post(t, "different", "g", "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"); got != first {
		t.Errorf("got %v, want the first message's %v", got, first)
	}
	b.post(t, "same", "g", "own")
	messages := b.wantBodies(t, "same", "same")
	if got := messages[1].Attributes["MessageDeduplicationId"]; got != "own" {
		t.Errorf("got deduplication id %s, want own", got)
	}
}

func TestDeduplicationScopeOfAGroup(t *testing.T) {
	b := newCloud(t).queue(t, true, map[string]string{"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
	first := b.post(t, "a", "g", "d")
	if got := b.post(t, "b", "h", "d"); got == first {
		t.Error("got the message of another group, want a new one")
	}
	if got := b.post(t, "c", "g", "d"); got != first {
		t.Errorf("got %v, want the first message's %v", got, first)
	}
	b.wantBodies(t, "a", "b")
}

func TestBatchDeduplicatesWithinItself(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	batch := entries(3)
	for i := range batch {
		batch[i].MessageGroupId, batch[i].MessageDeduplicationId = aws.String("g"), aws.String("d")
	}
	out, err := b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: batch})
	if err != nil || len(out.Successful) != 3 {
		t.Fatalf("got %v, %v, want 3 successes", out, err)
	}
	for i, s := range out.Successful {
		if *s.MessageId != *out.Successful[0].MessageId || *s.MD5OfMessageBody != hexMD5(fmt.Sprint("body ", i)) {
			t.Errorf("entry %d: got id %s and digest %s, want the first's id and its own digest", i, *s.MessageId, *s.MD5OfMessageBody)
		}
	}
	b.wantBodies(t, "body 0")
}

func TestSequenceNumbersGrow(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	last := ""
	for i := range 20 {
		got := b.post(t, strconv.Itoa(i), "g", strconv.Itoa(i))[1]
		if len(got) != 20 || got <= last {
			t.Fatalf("got sequence number %s after %s, want 20 digits and more", got, last)
		}
		last = got
	}
}

func TestFiftySendersOfOneIDMakeOneMessage(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	for round := range 100 {
		ids := make([]string, 50)
		var senders sync.WaitGroup
		for i := range ids {
			senders.Go(func() {
				out, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String(fmt.Sprint("from ", i)),
					MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String(fmt.Sprint("round-", round))})
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = *out.MessageId
			})
		}
		senders.Wait()
		messages := b.receive(t, 10)
		if len(messages) != 1 {
			t.Fatalf("round %d: got %d messages, want 1", round, len(messages))
		}
		for _, id := range ids {
			if id != *messages[0].MessageId {
				t.Fatalf("round %d: a sender was told %s, want %s", round, id, *messages[0].MessageId)
			}
		}
		b.delete(t, messages...)
	}
}

func TestFiftyReceiversOfOneGroupKeepItsOrder(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	const total = 300
	var got []string // guarded by the queue itself: one receiver at a time holds the group
	var holders, count atomic.Int32
	var receivers sync.WaitGroup
	for range 50 {
		receivers.Go(func() {
			for count.Load() < total {
				out, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: 3, WaitTimeSeconds: 1})
				if err != nil {
					t.Error(err)
					return
				}
				if len(out.Messages) == 0 {
					continue
				}
				if holders.Add(1) > 1 {
					t.Error("two receivers hold messages of one group")
				}
				for _, m := range out.Messages {
					got = append(got, *m.Body)
				}
				count.Add(int32(len(out.Messages)))
				holders.Add(-1)
				for _, m := range out.Messages {
					if _, err := b.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	for i := range total {
		b.send(t, strconv.Itoa(i), "g")
	}
	receivers.Wait()
	if len(got) != total {
		t.Errorf("got %d messages, want %d", len(got), total)
	}
	for i, body := range got {
		if body != strconv.Itoa(i) {
			t.Fatalf("got message %s at place %d, want order and each once", body, i)
		}
	}
}
