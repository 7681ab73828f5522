package conformance

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// box is one queue of a test with its client.
type box struct {
	*cloud
	api *sqs.Client
	url string
}

// queue makes a queue with an own name; fifo ones get the suffix and the attribute.
func (c *cloud) queue(t testing.TB, fifo bool, attributes map[string]string) *box {
	t.Helper()
	name, all := unique("q"), map[string]string{}
	maps.Copy(all, attributes)
	if fifo {
		name += ".fifo"
		all["FifoQueue"] = "true"
	}
	api := c.sqs()
	out, err := api.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		t.Fatal(err)
	}
	if c.server == nil {
		t.Cleanup(func() { _, _ = api.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: out.QueueUrl}) })
	}
	return &box{cloud: c, api: api, url: *out.QueueUrl}
}

func (b *box) name() string { return b.url[strings.LastIndex(b.url, "/")+1:] }

func (b *box) attributes(t testing.TB, names ...types.QueueAttributeName) map[string]string {
	t.Helper()
	if len(names) == 0 {
		names = []types.QueueAttributeName{types.QueueAttributeNameAll}
	}
	out, err := b.api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &b.url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes
}

func (b *box) arn(t testing.TB) string { return b.attributes(t, "QueueArn")["QueueArn"] }

// wantCounts checks the visible, in-flight and delayed counts of a queue.
func (b *box) wantCounts(t testing.TB, visible, inFlight, delayed int) {
	t.Helper()
	b.needsLocal(t)
	a := b.attributes(t)
	got := a["ApproximateNumberOfMessages"] + " " + a["ApproximateNumberOfMessagesNotVisible"] + " " + a["ApproximateNumberOfMessagesDelayed"]
	if want := fmt.Sprint(visible, inFlight, delayed); got != want {
		t.Errorf("got counts (visible, in flight, delayed) %s, want %s", got, want)
	}
}

// send sends one body, to a group if one is named, and returns the answer.
func (b *box) send(t testing.TB, body string, group ...string) *sqs.SendMessageOutput {
	t.Helper()
	in := &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: &body}
	if len(group) > 0 {
		in.MessageGroupId = &group[0]
		in.MessageDeduplicationId = aws.String(unique("d"))
	}
	out, err := b.api.SendMessage(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// receive takes up to n messages, all attributes with them, without waiting.
func (b *box) receive(t testing.TB, n int32, change ...func(*sqs.ReceiveMessageInput)) []types.Message {
	t.Helper()
	in := &sqs.ReceiveMessageInput{QueueUrl: &b.url, MaxNumberOfMessages: n,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}, MessageAttributeNames: []string{"All"}}
	for _, f := range change {
		f(in)
	}
	out, err := b.api.ReceiveMessage(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	return out.Messages
}

// wantBodies receives up to 10 messages and checks their bodies, in order.
func (b *box) wantBodies(t testing.TB, want ...string) []types.Message {
	t.Helper()
	messages := b.receive(t, 10)
	got := []string{}
	for _, m := range messages {
		got = append(got, *m.Body)
	}
	if !slices.Equal(got, append([]string{}, want...)) {
		t.Fatalf("got messages %q, want %q", got, want)
	}
	return messages
}

func (b *box) delete(t testing.TB, messages ...types.Message) {
	t.Helper()
	for _, m := range messages {
		if _, err := b.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *box) change(m types.Message, seconds int32) error {
	_, err := b.api.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &b.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
	return err
}

// visibility sets the timeout of one receive; the SDK leaves out a zero.
func visibility(seconds int32) func(*sqs.ReceiveMessageInput) {
	return func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = seconds }
}

func hexMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestReceivedMessageBearsWhatWasSent(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	body := "grüße 你好 😀\n\t<&>\"\\"
	sent, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{
		QueueUrl: &b.url, MessageBody: &body, MessageGroupId: aws.String("tenant-1"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"Text":   {DataType: aws.String("String.kind"), StringValue: aws.String("é")},
			"Amount": {DataType: aws.String("Number"), StringValue: aws.String("-1.5e3")},
			"Raw":    {DataType: aws.String("Binary.png"), BinaryValue: []byte{0, 255, 10}},
		},
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
			"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-2-3")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *sent.MD5OfMessageBody, hexMD5(body); got != want {
		t.Errorf("got body digest %s, want %s", got, want)
	}
	messages := b.receive(t, 1)
	if len(messages) != 1 {
		t.Fatalf("got %d messages, want 1", len(messages))
	}
	m := messages[0]
	if *m.Body != body || *m.MessageId != *sent.MessageId || *m.MD5OfBody != hexMD5(body) {
		t.Errorf("got body %q id %s, want %q %s", *m.Body, *m.MessageId, body, *sent.MessageId)
	}
	if *m.MD5OfMessageAttributes != *sent.MD5OfMessageAttributes {
		t.Errorf("got attribute digest %s, want %s", *m.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
	}
	if got := m.MessageAttributes["Raw"].BinaryValue; string(got) != "\x00\xff\n" {
		t.Errorf("got binary attribute %v, want 0 255 10", got)
	}
	if got := *m.MessageAttributes["Text"].DataType; got != "String.kind" {
		t.Errorf("got data type %s, want String.kind", got)
	}
	for name, want := range map[string]string{"ApproximateReceiveCount": "1", "AWSTraceHeader": "Root=1-2-3", "MessageGroupId": "tenant-1"} {
		if got := m.Attributes[name]; got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"SenderId", "SentTimestamp", "ApproximateFirstReceiveTimestamp"} {
		if m.Attributes[name] == "" {
			t.Errorf("got no %s, want one", name)
		}
	}
	if got, has := m.Attributes["SequenceNumber"]; has {
		t.Errorf("got sequence number %s on a standard queue, want none", got)
	}
}

// The digests were recorded from AWS (2023) by the users of other tools.
func TestAttributeDigestIsTheDocumentedOne(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"VisibilityTimeout": "0"})
	text := func(s string) types.MessageAttributeValue {
		return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &s}
	}
	out, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("msg"),
		MessageAttributes: map[string]types.MessageAttributeValue{"General": text("Kenobi"), "Hello": text("There"), "Help.Me": text("Me")}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.MD5OfMessageAttributes, "4c360f3fdafd970e05fae2f149d997f5"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, c := range []struct {
		ask    []string
		digest string
		names  int
	}{
		{nil, "", 0},
		{[]string{"All"}, "4c360f3fdafd970e05fae2f149d997f5", 3},
		{[]string{".*"}, "4c360f3fdafd970e05fae2f149d997f5", 3},
		{[]string{"Hello", "General"}, "fca026605781cb4126a1e9044df24232", 2},
		{[]string{"Hello", "Unknown"}, "a311262e065454b75da111d535b8dacd", 1},
		{[]string{"Hel.*"}, "83fee93c1bcd8b9a5a923ffacdc636c7", 2},
		{[]string{"Unknown"}, "", 0},
	} {
		messages := b.receive(t, 1, func(in *sqs.ReceiveMessageInput) { in.MessageAttributeNames = c.ask })
		if len(messages) != 1 {
			t.Fatalf("got %d messages, want 1", len(messages))
		}
		if got := aws.ToString(messages[0].MD5OfMessageAttributes); got != c.digest || len(messages[0].MessageAttributes) != c.names {
			t.Errorf("asked for %q: got digest %q of %d attributes, want %q of %d", c.ask, got, len(messages[0].MessageAttributes), c.digest, c.names)
		}
	}
	raw, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("test"),
		MessageAttributes: map[string]types.MessageAttributeValue{"attr1": {DataType: aws.String("Binary"),
			BinaryValue: []byte("traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01")}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *raw.MD5OfMessageAttributes, "8cbe4db156db8a94db8b801b7addb984"; got != want {
		t.Errorf("binary: got %s, want %s", got, want)
	}
}

func TestReceiveGivesOnlyTheSystemAttributesAskedFor(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"VisibilityTimeout": "0"})
	b.send(t, "x")
	ask := func(change func(*sqs.ReceiveMessageInput)) map[string]string {
		m := b.receive(t, 1, func(in *sqs.ReceiveMessageInput) {
			in.MessageSystemAttributeNames = nil
			change(in)
		})
		if len(m) != 1 {
			t.Fatalf("got %d messages, want 1", len(m))
		}
		return m[0].Attributes
	}
	if got := ask(func(*sqs.ReceiveMessageInput) {}); len(got) != 0 {
		t.Errorf("asked for none: got %v", got)
	}
	got := ask(func(in *sqs.ReceiveMessageInput) {
		in.MessageSystemAttributeNames = []types.MessageSystemAttributeName{"SentTimestamp"}
		//lint:ignore SA1019 older clients, the AWS CLI among them, still send this member
		in.AttributeNames = []types.QueueAttributeName{"ApproximateReceiveCount"}
	})
	if len(got) != 2 || got["ApproximateReceiveCount"] != "2" {
		t.Errorf("asked for two: got %v", got)
	}
	_, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url, MessageSystemAttributeNames: []types.MessageSystemAttributeName{"Color"}})
	wantCode(t, err, "InvalidAttributeName")
}
