package conformance

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestQueueNamesHaveRules(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t) // the names are not unique
	api := c.sqs()
	for name, want := range map[string]string{
		"q": "", "A-b_9": "", strings.Repeat("q", 80): "", strings.Repeat("q", 75) + ".fifo": "",
		"": "MissingParameter", strings.Repeat("q", 81): "InvalidParameterValue", strings.Repeat("q", 76) + ".fifo": "InvalidParameterValue",
		".fifo": "InvalidParameterValue", "q.FIFO": "InvalidParameterValue", "qé": "InvalidParameterValue", "q/r": "InvalidParameterValue", "a.fifo.fifo": "InvalidParameterValue",
	} {
		in := &sqs.CreateQueueInput{QueueName: &name}
		if strings.HasSuffix(name, ".fifo") {
			in.Attributes = map[string]string{"FifoQueue": "true"}
		}
		if _, err := api.CreateQueue(ctx, in); code(err) != want {
			t.Errorf("queue %q: got %q, want %q", name, code(err), want)
		}
	}
}

func TestIdsOfFIFOMessagesHaveAnAlphabet(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	send := func(group, dedup string) string {
		_, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("x"), MessageGroupId: &group, MessageDeduplicationId: &dedup})
		return code(err)
	}
	const punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for id, want := range map[string]string{punctuation: "", strings.Repeat("x", 128): "", strings.Repeat("x", 129): "InvalidParameterValue", "a b": "InvalidParameterValue",
		"a\tb": "InvalidParameterValue", "é": "InvalidParameterValue", "\u007f": "InvalidParameterValue"} {
		if got := send(id, unique("d")); got != want {
			t.Errorf("group %q: got %q, want %q", id, got, want)
		}
		if got := send("g", id); got != want {
			t.Errorf("deduplication id %q: got %q, want %q", id, got, want)
		}
	}
}

func TestNamesOfMessageAttributesHaveRules(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	for name, want := range map[string]string{"a": "", "A-1_b.c": "", strings.Repeat("n", 256): "", strings.Repeat("n", 257): "InvalidParameterValue", ".a": "InvalidParameterValue", "a.": "InvalidParameterValue",
		"a..b": "InvalidParameterValue", "é": "InvalidParameterValue", "aws.x": "InvalidParameterValue", "Amazon.x": "InvalidParameterValue", "awsx": ""} {
		_, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("x"), MessageAttributes: map[string]types.MessageAttributeValue{
			name: {DataType: aws.String("String.own"), StringValue: aws.String("v")}}})
		if got := code(err); got != want {
			t.Errorf("attribute %.20q of %d: got %q, want %q", name, len(name), got, want)
		}
	}
}

func TestMoveTaskLeavesWhatIsInFlight(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, false)
	b.needsLocal(t)
	b.bury(t, 3)
	held := grave.receive(t, 1)
	arn := grave.arn(t)
	start := func(rate *int32) error {
		_, err := b.api.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn, MaxNumberOfMessagesPerSecond: rate})
		return err
	}
	for rate, want := range map[int32]string{0: "InvalidParameterValue", 501: "InvalidParameterValue"} {
		wantCode(t, start(&rate), want)
	}
	wantCode(t, start(nil), "")
	b.wantCounts(t, 2, 0, 0)
	grave.wantCounts(t, 0, 1, 0)
	wantCode(t, grave.change(held[0], 0), "")
	wantCode(t, start(aws.Int32(500)), "") // the first task has ended
	b.advance(t, time.Second)
	b.wantCounts(t, 3, 0, 0)
	list := func(most *int32) (*sqs.ListMessageMoveTasksOutput, error) {
		return b.api.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn, MaxResults: most})
	}
	if got := must(list(nil))(t).Results; len(got) != 1 || got[0].ApproximateNumberOfMessagesMoved != 1 {
		t.Errorf("got %+v, want the newest task alone", got)
	}
	if got := must(list(aws.Int32(10)))(t).Results; len(got) != 2 || got[0].StartedTimestamp < got[1].StartedTimestamp {
		t.Errorf("got %d tasks, want two, the newest first", len(got))
	}
	_, err := list(aws.Int32(11))
	wantCode(t, err, "InvalidParameterValue")
}

func TestMoveTaskGoesToAQueueOfTheSameType(t *testing.T) {
	c := newCloud(t)
	b, grave := c.withGrave(t, true)
	b.needsLocal(t)
	b.bury(t, 2, "g")
	standard, other := c.queue(t, false, nil), c.queue(t, true, nil)
	source, same, wrong := grave.arn(t), other.arn(t), standard.arn(t)
	start := func(to string) error {
		_, err := b.api.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &source, DestinationArn: &to})
		return err
	}
	wantCode(t, start(wrong), "InvalidParameterValue")
	wantCode(t, start(source), "InvalidParameterValue")
	wantCode(t, start(same), "")
	moved := other.wantBodies(t, "m0", "m1")
	for _, m := range moved {
		if m.Attributes["MessageGroupId"] != "g" || m.Attributes["ApproximateReceiveCount"] != "1" {
			t.Errorf("got %v, want group g and a first receive", m.Attributes)
		}
	}
}

func TestBatchOfTenIsOneMebibyteWithItsAttributes(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	batch := entries(10)
	each := mebibyte/10 - len("k") - len("String") - len("v")
	for i := range batch {
		batch[i].MessageBody = aws.String(strings.Repeat("b", each))
		batch[i].MessageAttributes = map[string]types.MessageAttributeValue{"k": {DataType: aws.String("String"), StringValue: aws.String("v")}}
	}
	send := func() error {
		_, err := b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: batch})
		return err
	}
	wantCode(t, send(), "")
	batch[9].MessageBody = aws.String(strings.Repeat("b", each+mebibyte%10+1))
	wantCode(t, send(), "AWS.SimpleQueueService.BatchRequestTooLong")
	for _, illegal := range []string{"\x00", "\x1f", "\uFFFE", "\uFFFF"} {
		one := entries(2)
		one[0].MessageBody = aws.String("a" + illegal)
		out := must(b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: one}))(t)
		if len(out.Failed) != 1 || *out.Failed[0].Code != "InvalidMessageContents" || len(out.Successful) != 1 {
			t.Errorf("%q: got %d failed and %d sent, want the bad entry to fail alone", illegal, len(out.Failed), len(out.Successful))
		}
	}
}
