package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const mebibyte = 1 << 20

func TestSendRefusesWhatSQSRefuses(t *testing.T) {
	c := newCloud(t)
	standard, fifo := c.queue(t, false, nil), c.queue(t, true, nil)
	attribute := func(name, kind, value string) func(*sqs.SendMessageInput) {
		return func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{name: {DataType: &kind, StringValue: &value}}
		}
	}
	for _, test := range []struct {
		name   string
		to     *box
		change func(*sqs.SendMessageInput)
		want   string
	}{
		{"empty body", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("") }, "MissingParameter"},
		{"one byte over a mebibyte", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("a", mebibyte+1)) }, "InvalidParameterValue"},
		{"a mebibyte", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("a", mebibyte)) }, ""},
		{"attributes count", standard, func(in *sqs.SendMessageInput) {
			in.MessageBody = aws.String(strings.Repeat("a", mebibyte))
			attribute("a", "String", "b")(in)
		}, "InvalidParameterValue"},
		{"control character", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("a\x08b") }, "InvalidMessageContents"},
		{"NUL", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("\x00") }, "InvalidMessageContents"},
		{"not a character", standard, func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("\uFFFF") }, "InvalidMessageContents"},
		{"tab, line ends, last legal ones", standard, func(in *sqs.SendMessageInput) {
			in.MessageBody = aws.String("\t\n\r\u007f\uD7FF\uE000\uFFFD\U0010FFFF")
		}, ""},
		{"delay over 900", standard, func(in *sqs.SendMessageInput) { in.DelaySeconds = 901 }, "InvalidParameterValue"},
		{"dedup id on standard", standard, func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = aws.String("d") }, "InvalidParameterValue"},
		{"eleven attributes", standard, func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
			for i := range 11 {
				in.MessageAttributes[fmt.Sprint("a", i)] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("x")}
			}
		}, "InvalidParameterValue"},
		{"unknown type", standard, attribute("a", "Strin", "b"), "InvalidParameterValue"},
		{"number that is none", standard, attribute("a", "Number", "1x"), "InvalidParameterValue"},
		{"hexadecimal number", standard, attribute("a", "Number", "0x10"), "InvalidParameterValue"},
		{"empty attribute", standard, attribute("a", "String", ""), "InvalidParameterValue"},
		{"reserved name", standard, attribute("AWS.x", "String", "b"), "InvalidParameterValue"},
		{"name with a space", standard, attribute("a b", "String", "b"), "InvalidParameterValue"},
		{"control character in attribute", standard, attribute("a", "String", "\x01"), "InvalidMessageContents"},
		{"no group", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = nil }, "MissingParameter"},
		{"no dedup id", fifo, func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = nil }, "InvalidParameterValue"},
		{"group of 129", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String(strings.Repeat("g", 129)) }, "InvalidParameterValue"},
		{"group of 128", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String(strings.Repeat("g", 128)) }, ""},
		{"all punctuation", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") }, ""},
		{"group with a space", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String("a b") }, "InvalidParameterValue"},
		{"group beyond ASCII", fifo, func(in *sqs.SendMessageInput) { in.MessageGroupId = aws.String("é") }, "InvalidParameterValue"},
		{"dedup id of 129", fifo, func(in *sqs.SendMessageInput) { in.MessageDeduplicationId = aws.String(strings.Repeat("g", 129)) }, "InvalidParameterValue"},
		{"delay on fifo", fifo, func(in *sqs.SendMessageInput) { in.DelaySeconds = 2 }, "InvalidParameterValue"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := &sqs.SendMessageInput{QueueUrl: &test.to.url, MessageBody: aws.String("x")}
			if test.to == fifo {
				in.MessageGroupId, in.MessageDeduplicationId = aws.String("g"), aws.String(unique("d"))
			}
			test.change(in)
			_, err := test.to.api.SendMessage(ctx, in)
			wantCode(t, err, test.want)
		})
	}
}

func entries(n int) (out []types.SendMessageBatchRequestEntry) {
	for i := range n {
		out = append(out, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint("e", i)), MessageBody: aws.String(fmt.Sprint("body ", i))})
	}
	return out
}

func TestBatchRefusesWhatSQSRefuses(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	change := func(f func([]types.SendMessageBatchRequestEntry)) []types.SendMessageBatchRequestEntry {
		e := entries(2)
		f(e)
		return e
	}
	const prefix = "AWS.SimpleQueueService."
	for _, test := range []struct {
		name    string
		entries []types.SendMessageBatchRequestEntry
		want    string
	}{
		{"ten", entries(10), ""},
		{"none", []types.SendMessageBatchRequestEntry{}, prefix + "EmptyBatchRequest"},
		{"eleven", entries(11), prefix + "TooManyEntriesInBatchRequest"},
		{"same id twice", change(func(e []types.SendMessageBatchRequestEntry) { e[1].Id = e[0].Id }), prefix + "BatchEntryIdsNotDistinct"},
		{"empty id", change(func(e []types.SendMessageBatchRequestEntry) { e[1].Id = aws.String("") }), prefix + "InvalidBatchEntryId"},
		{"id of 80", change(func(e []types.SendMessageBatchRequestEntry) { e[1].Id = aws.String(strings.Repeat("i", 80)) }), ""},
		{"id of 81", change(func(e []types.SendMessageBatchRequestEntry) { e[1].Id = aws.String(strings.Repeat("i", 81)) }), prefix + "InvalidBatchEntryId"},
		{"id with a colon", change(func(e []types.SendMessageBatchRequestEntry) { e[1].Id = aws.String("a:b") }), prefix + "InvalidBatchEntryId"},
		{"a mebibyte in all", change(func(e []types.SendMessageBatchRequestEntry) {
			e[0].MessageBody, e[1].MessageBody = aws.String(strings.Repeat("a", mebibyte/2)), aws.String(strings.Repeat("b", mebibyte/2))
		}), ""},
		{"one byte more", change(func(e []types.SendMessageBatchRequestEntry) {
			e[0].MessageBody, e[1].MessageBody = aws.String(strings.Repeat("a", mebibyte/2)), aws.String(strings.Repeat("b", mebibyte/2+1))
		}), prefix + "BatchRequestTooLong"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: test.entries})
			wantCode(t, err, test.want)
		})
	}
	var empty *types.EmptyBatchRequest
	_, err := b.api.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &b.url, Entries: []types.DeleteMessageBatchRequestEntry{}})
	if !errors.As(err, &empty) {
		t.Errorf("got %v, want the SDK's EmptyBatchRequest", err)
	}
}

func TestFailedBatchEntryIsDecodableAndTheOthersAreSent(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"MaximumMessageSize": "1024"})
	batch := entries(4)
	batch[1].MessageBody = aws.String("bad \x02")
	batch[2].MessageBody = aws.String(strings.Repeat("x", 1025))
	out, err := b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: batch})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 2 || *out.Successful[0].Id != "e0" || *out.Successful[1].Id != "e3" {
		t.Errorf("got %d successes, want e0 and e3", len(out.Successful))
	}
	if len(out.Failed) != 2 {
		t.Fatalf("got %d failures, want 2", len(out.Failed))
	}
	for i, want := range []string{"e1 InvalidMessageContents true", "e2 InvalidParameterValue true"} {
		f := out.Failed[i]
		if got := fmt.Sprint(*f.Id, " ", *f.Code, " ", f.SenderFault); got != want || aws.ToString(f.Message) == "" {
			t.Errorf("got %q with message %q, want %q with a message", got, aws.ToString(f.Message), want)
		}
	}
	b.wantBodies(t, "body 0", "body 3")
}

func TestBatchToFIFOWithoutItsParametersIsRefusedWhole(t *testing.T) {
	b := newCloud(t).queue(t, true, nil)
	batch := entries(2)
	for i := range batch {
		batch[i].MessageGroupId, batch[i].MessageDeduplicationId = aws.String("g"), aws.String(fmt.Sprint(i))
	}
	batch[1].MessageGroupId = nil
	_, err := b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: batch})
	wantCode(t, err, "InvalidParameterValue")
	batch[1].MessageGroupId, batch[1].MessageDeduplicationId = aws.String("g"), nil
	_, err = b.api.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &b.url, Entries: batch})
	wantCode(t, err, "InvalidParameterValue")
	b.wantBodies(t)
}

func TestReceiveRefusesParametersOutOfRange(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	for _, change := range []func(*sqs.ReceiveMessageInput){
		func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 11 },
		func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = -1 },
		func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 21 },
		func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 43_201 },
	} {
		in := &sqs.ReceiveMessageInput{QueueUrl: &b.url}
		change(in)
		_, err := b.api.ReceiveMessage(ctx, in)
		wantCode(t, err, "InvalidParameterValue")
	}
}
