package sqs

import (
	"container/heap"
	"context"
	"strconv"
	"time"

	"omnihub/internal/localaws/wire"
)

// maxInFlight is how many messages of a queue may be in flight.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
const maxInFlight = 120_000

type receiveInput struct {
	at
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int
	VisibilityTimeout           *int
	WaitTimeSeconds             *int
	ReceiveRequestAttemptId     string
}

// received is a message as a receive gives it out.
type received struct {
	MessageId              string
	ReceiptHandle          string
	MD5OfBody              string
	Body                   string
	Attributes             map[string]string    `json:",omitempty"`
	MD5OfMessageAttributes string               `json:",omitempty"`
	MessageAttributes      map[string]attribute `json:",omitempty"`
}

type receiveOutput struct {
	Messages []received `json:",omitempty"`
}

var systemAttributes = map[string]bool{"All": true, "SenderId": true, "SentTimestamp": true, "ApproximateReceiveCount": true,
	"ApproximateFirstReceiveTimestamp": true, "SequenceNumber": true, "MessageDeduplicationId": true, "MessageGroupId": true,
	"AWSTraceHeader": true, "DeadLetterQueueSourceArn": true}

func (in *receiveInput) check() error {
	if n := in.MaxNumberOfMessages; n != nil && (*n < 1 || *n > 10) {
		return invalidValue(*n, "MaxNumberOfMessages", "Must be between 1 and 10, if provided.")
	}
	if n := in.WaitTimeSeconds; n != nil && (*n < 0 || *n > 20) {
		return invalidValue(*n, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided.")
	}
	if n := in.VisibilityTimeout; n != nil && (*n < 0 || *n > 43_200) {
		return invalidValue(*n, "VisibilityTimeout", "Must be between 0 and 43200, if provided.")
	}
	in.AttributeNames = append(in.AttributeNames, in.MessageSystemAttributeNames...)
	for _, name := range in.AttributeNames {
		if !systemAttributes[name] {
			return wire.Errorf("InvalidAttributeName", "Unknown Attribute %s.", name)
		}
	}
	return nil
}

// receiveMessage answers at once if there are messages, else when one appears, the
// wait is over, or the client is gone. It holds no lock while it waits.
func (e *Engine) receiveMessage(r *wire.Request) (any, error) {
	in := new(receiveInput)
	if err := r.Decode(in); err != nil {
		return nil, err
	}
	if err := e.allow(r, "ReceiveMessage", in.QueueUrl); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	ctx := r.Context
	if ctx == nil {
		ctx = context.Background()
	}
	var over *time.Timer // the end of the wait, in real time
	for {
		var woken chan struct{}
		var q *queue
		var again time.Duration
		out, err := e.locked(func() (any, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if q = e.queues[r.Resource]; q == nil {
				return nil, noQueue()
			}
			out, err := e.receive(r, q, in)
			if err != nil || len(out.Messages) > 0 || e.closed {
				return out, err
			}
			if over == nil {
				wait := q.settings.wait
				if in.WaitTimeSeconds != nil {
					wait = time.Duration(*in.WaitTimeSeconds) * time.Second
				}
				over = time.NewTimer(wait)
				if wait == 0 {
					return out, nil
				}
			}
			woken, again = make(chan struct{}), 20*time.Second
			q.waiters = append(q.waiters, woken)
			if len(q.hidden.items) > 0 {
				again = max(q.hidden.items[0].Until.Sub(e.cfg.Clock()), time.Millisecond)
			}
			return out, nil
		})
		if woken == nil {
			return out, err
		}
		appears := time.NewTimer(again)
		done := false
		select {
		case <-woken:
		case <-appears.C:
		case <-over.C:
			done = true
		case <-ctx.Done():
			done = true
		}
		appears.Stop()
		e.mu.Lock()
		q.leave(woken)
		e.mu.Unlock()
		if done {
			return out, err
		}
	}
}

// receive takes the messages that are there.
func (e *Engine) receive(r *wire.Request, q *queue, in *receiveInput) (receiveOutput, error) {
	e.advance(q)
	var out receiveOutput
	grave := e.queues[q.settings.grave]
	if q.settings.grave != "" && grave == nil {
		return out, wire.Errorf("QueueDoesNotExist", "The dead-letter queue %s of this queue does not exist.", q.settings.grave)
	}
	most, visibility := 1, q.settings.visibility
	if in.MaxNumberOfMessages != nil {
		most = *in.MaxNumberOfMessages
	}
	if in.VisibilityTimeout != nil {
		visibility = time.Duration(*in.VisibilityTimeout) * time.Second
	}
	if room := maxInFlight - q.inFlight; room < most {
		if most = room; !q.fifo && room <= 0 {
			return out, wire.Errorf("OverLimit", "Too many messages in flight, the limit is %d.", maxInFlight)
		}
	}
	now := e.cfg.Clock()
	chosen, held := e.take(q, grave, most)
	for _, m := range chosen {
		m.Count++
		m.Received = now
		if m.First.IsZero() {
			m.First = now
		}
		twice := q.shuffle != nil && q.shuffle.Float64() < q.duplicates
		if hidden := e.hidden(r, q, m, visibility); hidden > 0 && !twice {
			q.hide(m, now.Add(hidden))
		} else if !q.fifo {
			q.offer(m)
		}
		e.save(m)
		out.Messages = append(out.Messages, e.show(q, m, in))
	}
	for _, g := range held {
		g.held = false
		q.settle(g)
	}
	return out, nil
}

// take chooses messages to deliver, in order, and buries those that were delivered
// too often. The messages it returns are visible and in no pile, their groups held.
func (e *Engine) take(q, grave *queue, most int) (out []*message, held []*group) {
	spent := func(m *message) bool {
		if grave == nil || m.Count < q.settings.maxReceives {
			return false
		}
		e.bury(q, grave, m)
		return true
	}
	for len(out) < most && len(q.ready.items) > 0 {
		i := 0
		if q.shuffle != nil {
			i = q.shuffle.IntN(len(q.ready.items))
		}
		if m := heap.Remove(&q.ready, i).(*message); !spent(m) {
			out = append(out, m)
		}
	}
	for len(out) < most && len(q.open.items) > 0 {
		g := heap.Pop(&q.open).(*group)
		g.held = true
		held = append(held, g)
		for i := 0; i < len(g.queue) && len(out) < most && g.queue[i].visible(); {
			if !spent(g.queue[i]) {
				out = append(out, g.queue[i])
				i++
			}
		}
	}
	return out, held
}

func (e *Engine) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * e.cfg.VisibilityScale)
}

// show writes a message as the receiver asked for it.
func (e *Engine) show(q *queue, m *message, in *receiveInput) received {
	out := received{MessageId: m.ID, ReceiptHandle: handle(q, m), MD5OfBody: m.MD5, Body: m.Body}
	if len(m.Attributes) > 0 && len(in.MessageAttributeNames) > 0 {
		out.MessageAttributes = selected(m.Attributes, in.MessageAttributeNames)
		if out.MD5OfMessageAttributes = m.AttributesMD5; len(out.MessageAttributes) < len(m.Attributes) {
			out.MD5OfMessageAttributes = digest(out.MessageAttributes)
		}
	}
	if len(in.AttributeNames) == 0 {
		return out
	}
	all := map[string]string{
		"SenderId":                         m.Sender,
		"SentTimestamp":                    millis(m.Sent),
		"ApproximateReceiveCount":          strconv.Itoa(m.Count),
		"ApproximateFirstReceiveTimestamp": millis(m.First),
		"MessageGroupId":                   m.Group,
		"MessageDeduplicationId":           m.Dedup,
		"AWSTraceHeader":                   m.Trace,
		"DeadLetterQueueSourceArn":         m.Source,
	}
	if q.fifo {
		all["SequenceNumber"] = sequence(m.Place)
	}
	out.Attributes = map[string]string{}
	for _, want := range in.AttributeNames {
		for name, value := range all {
			if value != "" && (want == name || want == "All") {
				out.Attributes[name] = value
			}
		}
	}
	return out
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
