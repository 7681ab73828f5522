package source

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/gateway"
	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/loopback"
	"omnihub/internal/devserver/template"
)

// Queue is an SQS event source: one receiver, and as many batches at once as the
// template and the processes allow.
type Queue struct {
	Name     string // for the log: function and queue
	Source   template.QueueSource
	URL, ARN string
	Region   string
	Function Invoker
	Client   *sqs.Client
	Log      *logs.Log

	// Visibility is how long a message stays hidden after a receive, of real time. So
	// long a batch is tried again that the function had no room for; 0 is not at all.
	Visibility time.Duration

	// Local tells that the client calls a queue in this process, by way of loopback.
	Local bool
}

// longPoll is how long a receive waits for messages.
const longPoll = 20

// Run receives and delivers until ctx ends.
func (q *Queue) Run(ctx context.Context) {
	limit := lambda.MaxProcesses
	if q.Source.Concurrency > 0 {
		limit = min(limit, q.Source.Concurrency)
	}
	slots := make(chan struct{}, limit)
	var batches sync.WaitGroup
	defer settle(q.Function)
	defer batches.Wait()
	var again backoff
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		messages, received, err := q.collect(ctx)
		if len(messages) == 0 {
			<-slots
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				q.Log.Warn(q.Name, "receive failed", "error", err)
				again.wait(ctx)
			}
			continue
		}
		again.reset()
		batches.Go(func() {
			defer func() { <-slots }()
			if !q.deliver(ctx, messages, received.Add(q.Visibility)) {
				pause(ctx, time.Second) // the function cannot start: do not use up receives
			}
		})
	}
}

// collect receives one batch; with a batching window it goes on until the batch is
// full or the window over. It tells when the first messages were there.
func (q *Queue) collect(ctx context.Context) (messages []types.Message, received time.Time, err error) {
	messages, err = q.receive(ctx, min(q.Source.Batch, 10), longPoll)
	received = time.Now()
	if err != nil || len(messages) == 0 || q.Source.Window == 0 {
		return messages, received, err
	}
	for end := time.Now().Add(q.Source.Window); len(messages) < q.Source.Batch; {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		wait, cancel := context.WithTimeout(ctx, left)
		more, err := q.receive(wait, min(q.Source.Batch-len(messages), 10), min(longPoll, int(left/time.Second)+1))
		cancel()
		messages = append(messages, more...)
		if err != nil || ctx.Err() != nil {
			break
		}
	}
	return messages, received, nil
}

// receive is one long poll. When ctx ends, what the queue has given out already is
// still brought in: it would else stay hidden until its visibility timeout. A queue
// in another process gets a moment for that.
func (q *Queue) receive(ctx context.Context, most, wait int) ([]types.Message, error) {
	const grace = 100 * time.Millisecond
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	if q.Local {
		call = loopback.HangUp(call, ctx)
	} else {
		defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })()
	}
	out, err := q.Client.ReceiveMessage(call, &sqs.ReceiveMessageInput{
		QueueUrl: &q.URL, MaxNumberOfMessages: int32(most), WaitTimeSeconds: int32(wait),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		MessageAttributeNames:       []string{"All"},
	}, func(o *sqs.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil
		}
		return nil, err
	}
	return out.Messages, nil
}

// deliver gives the batch to the function and deletes what it has done. It answers
// false if the function could not start.
func (q *Queue) deliver(ctx context.Context, messages []types.Message, hidden time.Time) bool {
	payload, err := q.event(messages)
	if err != nil {
		q.Log.Error(q.Name, "batch could not be encoded", "error", err)
		return true
	}
	trace := messages[0].Attributes[string(types.MessageSystemAttributeNameAWSTraceHeader)]
	if trace == "" {
		trace = gateway.NewTrace(time.Now())
	}
	result := q.invoke(ctx, payload, trace, hidden)
	if f := result.Failure; f != nil {
		return f.Kind != lambda.NotReady
	}
	failed := map[string]bool{}
	if q.Source.Partial {
		byID := map[string]bool{}
		for _, m := range messages {
			byID[*m.MessageId] = true
		}
		p := readPartial(result.Payload, func(id string) bool { return byID[id] })
		if p.hint != "" {
			q.Log.Warn(q.Name, p.hint)
		}
		if p.whole {
			q.Log.Error(q.Name, "the whole batch counts as failed: "+p.why, "messages", len(messages))
			return true
		}
		for _, id := range p.failed {
			failed[id] = true
		}
		if len(failed) > 0 {
			q.Log.Request(q.Name, trace, "messages failed and come again", "failed", len(failed), "of", len(messages))
		}
	}
	q.delete(messages, failed)
	return true
}

// invoke gives the function the batch, again and again while it is throttled and the
// messages stay hidden; then they come again by themselves, and a receive is used up.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func (q *Queue) invoke(ctx context.Context, payload []byte, trace string, hidden time.Time) lambda.Result {
	for again := (backoff{}); ; {
		result := q.Function.Invoke(context.Background(), payload, trace)
		if f := result.Failure; f == nil || f.Kind != lambda.Throttled || time.Until(hidden) < again.coming() || !again.wait(ctx) {
			return result
		}
	}
}

// queueRecord is a message as Lambda writes it.
type queueRecord struct {
	MessageID         string                      `json:"messageId"`
	ReceiptHandle     string                      `json:"receiptHandle"`
	Body              string                      `json:"body"`
	Attributes        map[string]string           `json:"attributes"`
	MessageAttributes map[string]messageAttribute `json:"messageAttributes"`
	MD5OfAttributes   string                      `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody         string                      `json:"md5OfBody"`
	EventSource       string                      `json:"eventSource"`
	EventSourceARN    string                      `json:"eventSourceARN"`
	Region            string                      `json:"awsRegion"`
}

type messageAttribute struct {
	StringValue *string  `json:"stringValue,omitempty"`
	BinaryValue []byte   `json:"binaryValue,omitempty"`
	StringList  []string `json:"stringListValues"`
	BinaryList  [][]byte `json:"binaryListValues"`
	DataType    string   `json:"dataType"`
}

// event is the payload of a batch.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
func (q *Queue) event(messages []types.Message) ([]byte, error) {
	records := make([]queueRecord, 0, len(messages))
	for _, m := range messages {
		attributes := map[string]messageAttribute{}
		for name, a := range m.MessageAttributes {
			attributes[name] = messageAttribute{StringValue: a.StringValue, BinaryValue: a.BinaryValue,
				StringList: []string{}, BinaryList: [][]byte{}, DataType: aws.ToString(a.DataType)}
		}
		records = append(records, queueRecord{
			MessageID: aws.ToString(m.MessageId), ReceiptHandle: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body),
			Attributes: m.Attributes, MessageAttributes: attributes, MD5OfAttributes: aws.ToString(m.MD5OfMessageAttributes),
			MD5OfBody: aws.ToString(m.MD5OfBody), EventSource: "aws:sqs", EventSourceARN: q.ARN, Region: q.Region,
		})
	}
	return json.Marshal(map[string]any{"Records": records})
}
