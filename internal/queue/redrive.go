package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/hub"
)

// Dead is a message of a dead-letter queue.
type Dead struct {
	ID       string
	Body     string
	Group    string            // "" = the queue has no groups
	Source   string            // ARN of the queue that it failed on; "" if no queue put it here
	Sent     hub.Millis        // when it was put on the queue, of a FIFO queue: on this one
	Receives int               // this one and those of earlier looks included
	Notes    map[string]string // what the bus noted: RULE_ARN, ERROR_CODE …

	attributes map[string]types.MessageAttributeValue
	trace      string
	handle     string
}

// Verdict is what is to be done with a dead message.
type Verdict int

const (
	Leave  Verdict = iota // it stays
	Remove                // its work is done or handed on: it goes
)

// hidden is how long a look hides a message: shorter than the five minutes for which
// a FIFO queue knows what it was sent, so that a second redrive after a crash, which
// sees the message again after this time, sends nothing twice.
const hidden = 2 * time.Minute

// emptyLooks is how many receives without anything new end a look: one alone may miss
// messages, since it asks some of the service's machines only.
const emptyLooks = 3

// restoring bounds how long the end of a look may take, also after an interruption.
const restoring = 30 * time.Second

// Look shows each message of a dead-letter queue to judge, once, oldest first in its
// group, and removes it when judge answers Remove. It waits up to wait, in whole
// seconds, for what the service's machines have yet to find. What stays is hidden while the look
// lasts and visible again at its end. On a FIFO queue what stays hides the later messages
// of its group, but for those that the same receive gave. It ends early with judge's
// error.
//
// It answers how many were not removed though they should have been: they come again
// and are shown at the next look.
func (q *Queue) Look(ctx context.Context, wait time.Duration, judge func(Dead) (Verdict, error)) (unremoved int, err error) {
	held := map[string]string{} // handles by message id
	defer func() {
		back, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoring)
		defer cancel()
		if failed := q.show(back, held); failed != nil && err == nil {
			err = failed
		}
	}()
	for empty := 0; empty < emptyLooks; {
		list, err := q.receive(ctx, wait)
		if err != nil {
			return unremoved, err
		}
		fresh := false
		for i, d := range list {
			if _, seen := held[d.ID]; seen {
				held[d.ID] = d.handle // its time was over: it is held anew
				continue
			}
			fresh = true
			verdict, err := judge(d)
			if err != nil || verdict != Remove {
				held[d.ID] = d.handle
			}
			if err != nil {
				for _, rest := range list[i+1:] {
					held[rest.ID] = rest.handle
				}
				return unremoved, err
			}
			if verdict != Remove {
				continue
			}
			if err := q.remove(ctx, d.handle); err != nil {
				unremoved++
				held[d.ID] = d.handle
			}
		}
		if empty++; fresh {
			empty = 0
		}
	}
	return unremoved, nil
}

// receive takes up to ten messages out of sight.
func (q *Queue) receive(ctx context.Context, wait time.Duration) ([]Dead, error) {
	out, err := q.Client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.URL, MaxNumberOfMessages: maxEntries, VisibilityTimeout: int32(hidden / time.Second), WaitTimeSeconds: int32(wait / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	})
	if err != nil {
		return nil, wrap("receive", err)
	}
	list := make([]Dead, len(out.Messages))
	for i, m := range out.Messages {
		d := Dead{
			ID: aws.ToString(m.MessageId), Body: aws.ToString(m.Body), Group: m.Attributes["MessageGroupId"],
			Source: m.Attributes["DeadLetterQueueSourceArn"], Notes: map[string]string{},
			attributes: m.MessageAttributes, trace: m.Attributes["AWSTraceHeader"], handle: aws.ToString(m.ReceiptHandle),
		}
		if ms, err := strconv.ParseInt(m.Attributes["SentTimestamp"], 10, 64); err == nil {
			d.Sent = hub.Millis(ms)
		}
		d.Receives, _ = strconv.Atoi(m.Attributes["ApproximateReceiveCount"])
		for name, v := range m.MessageAttributes {
			d.Notes[name] = aws.ToString(v.StringValue)
		}
		list[i] = d
	}
	return list, nil
}

func (q *Queue) remove(ctx context.Context, handle string) error {
	// What was handed on must go, though the caller is being interrupted: it would only
	// be handed on again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoring)
	defer cancel()
	_, err := q.Client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.URL, ReceiptHandle: &handle})
	if missing(err) {
		return nil
	}
	return wrapNil("delete", err)
}

// show makes held messages visible again. One whose time is over is visible already.
func (q *Queue) show(ctx context.Context, held map[string]string) error {
	handles := make([]string, 0, len(held))
	for _, h := range held {
		handles = append(handles, h)
	}
	failed := 0
	for start := 0; start < len(handles); start += maxEntries {
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		for i, h := range handles[start:min(len(handles), start+maxEntries)] {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: aws.String(h), VisibilityTimeout: 0,
			})
		}
		out, err := q.Client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL, Entries: entries})
		if err != nil {
			return wrap("show", err)
		}
		for _, f := range out.Failed {
			if code := aws.ToString(f.Code); code != "MessageNotInflight" && code != "ReceiptHandleIsInvalid" && code != "InvalidParameterValue" {
				failed++
			}
		}
	}
	if failed > 0 {
		return hub.E(hub.Transient, "queue: show", fmt.Errorf("%d messages stay hidden for up to %v", failed, hidden))
	}
	return nil
}

// Resend puts a dead message on the queue as it was. It is the same message for five
// minutes on a FIFO queue, whatever became of it there under its first name.
func (q *Queue) Resend(ctx context.Context, d Dead) error {
	in := &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: &d.Body}
	if len(d.attributes) > 0 {
		in.MessageAttributes = d.attributes
	}
	if d.Group != "" {
		in.MessageGroupId = &d.Group
	}
	if q.fifo() {
		in.MessageDeduplicationId = aws.String(hub.Digest("redrive", d.ID))
	}
	if d.trace != "" {
		in.MessageSystemAttributes = map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: &d.trace},
		}
	}
	_, err := q.Client.SendMessage(ctx, in)
	return wrapNil("send again", err)
}
