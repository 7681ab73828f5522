// Package queue puts messages on SQS and works off the batches that SQS hands to a
// function. It is the only user of SQS.
package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/hub"
)

const (
	maxEntries = 10
	maxBytes   = 900 << 10 // of the bodies of one batch; SQS allows 1 MiB
	// MaxWait is the longest wait that Wait gives a record: the queue counts its 12 hours
	// from the receive on, and the function may have had the record for a while.
	MaxWait = 12*time.Hour - 20*time.Minute
)

// Queue is one queue. If its URL ends in ".fifo", messages keep the order of their
// group and are deduplicated for five minutes; else neither, and what stands
// behind the queue must not need it.
type Queue struct {
	Client *sqs.Client
	URL    string
}

// Message is what is put on a queue.
type Message struct {
	Body  string // JSON
	Group string // up to 128 characters: messages of one group are worked off in order
	Dedup string // up to 128 characters: the same message sent again within 5 minutes is dropped
}

func (q *Queue) fifo() bool { return strings.HasSuffix(q.URL, ".fifo") }

// Send puts messages on the queue, in batches of at most 10 entries and 900 KB. It
// answers for each message whether the queue took it, and an error unless it took
// all of them. A message may be sent again.
func (q *Queue) Send(ctx context.Context, messages []Message) ([]bool, error) {
	taken := make([]bool, len(messages))
	var failed error
	for start := 0; start < len(messages); {
		end, size := start, 0
		for end < len(messages) && end-start < maxEntries {
			size += len(messages[end].Body)
			if size > maxBytes && end > start {
				break
			}
			end++
		}
		if err := q.sendBatch(ctx, messages[start:end], taken[start:end]); err != nil {
			failed = err
		}
		start = end
	}
	return taken, failed
}

func (q *Queue) sendBatch(ctx context.Context, messages []Message, taken []bool) error {
	entries := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		entries[i] = types.SendMessageBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(hub.Queueable(m.Body)), MessageGroupId: &messages[i].Group,
		}
		if q.fifo() {
			entries[i].MessageDeduplicationId = aws.String(m.Dedup)
		}
	}
	out, err := q.Client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.URL, Entries: entries})
	if err != nil {
		return wrap("send", err)
	}
	for _, ok := range out.Successful {
		if i, err := strconv.Atoi(aws.ToString(ok.Id)); err == nil && i >= 0 && i < len(taken) {
			taken[i] = true
		}
	}
	for _, ok := range taken {
		if !ok {
			return hub.E(hub.Transient, "queue: send", fmt.Errorf("%d of %d entries were not taken", len(out.Failed), len(messages)))
		}
	}
	return nil
}

// Wait hides received records for d from now, instead of the queue's own time.
func (q *Queue) Wait(ctx context.Context, handles []string, d time.Duration) error {
	seconds := int32((min(d, MaxWait) + time.Second - 1) / time.Second)
	for start := 0; start < len(handles); start += maxEntries {
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for i, h := range handles[start:min(len(handles), start+maxEntries)] {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(h), VisibilityTimeout: seconds,
			})
		}
		out, err := q.Client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL, Entries: entries})
		if err != nil {
			return wrap("wait", err)
		}
		if len(out.Failed) > 0 {
			return hub.E(hub.Transient, "queue: wait", fmt.Errorf("%d of %d entries were not changed", len(out.Failed), len(entries)))
		}
	}
	return nil
}

func wrap(op string, err error) error {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return hub.E(hub.Transient, "queue: "+op, errors.New(coded.ErrorCode()))
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return hub.E(hub.Transient, "queue: "+op, errors.New("out of time"))
	}
	return hub.E(hub.Transient, "queue: "+op, errors.New("no answer from the queue"))
}
