package localaws_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	streamtypes "github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestPartialBatchesTellWhatTheyLeft(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"fault":"partial","rate":1}`)
	var puts []types.WriteRequest
	var sends []sqstypes.SendMessageBatchRequestEntry
	var events []bustypes.PutEventsRequestEntry
	for i := range 8 {
		id := fmt.Sprint(i)
		puts = append(puts, types.WriteRequest{PutRequest: &types.PutRequest{Item: keyed(id)}})
		sends = append(sends, sqstypes.SendMessageBatchRequestEntry{Id: &id, MessageBody: &id})
		events = append(events, event(id))
	}

	written, err := c.inbound.dynamo.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"Messages": puts}})
	must(t, err)
	left := map[string]bool{}
	for _, w := range written.UnprocessedItems["Messages"] {
		left[w.PutRequest.Item["pk"].(*types.AttributeValueMemberS).Value] = true
	}
	if len(left) == 0 || len(left) == 8 {
		t.Errorf("got %d of 8 items unprocessed, want some", len(left))
	}
	for i := range 8 {
		if id := fmt.Sprint(i); c.devserver.has(t, id) == left[id] {
			t.Errorf("item %s: there and unprocessed are both %v", id, left[id])
		}
	}

	keys := []map[string]types.AttributeValue{keyed("0"), keyed("1"), keyed("2"), keyed("3")}
	read, err := c.inbound.dynamo.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"Messages": {Keys: keys}}})
	must(t, err)
	if n := len(read.UnprocessedKeys["Messages"].Keys); n == 0 || n == 4 {
		t.Errorf("got %d of 4 keys unprocessed, want some", n)
	}

	sent, err := c.inbound.sqs.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &c.queue, Entries: sends})
	must(t, err)
	if len(sent.Failed) == 0 || len(sent.Failed)+len(sent.Successful) != 8 || c.SQS().Counts()["plain"].Visible != len(sent.Successful) {
		t.Errorf("got %d sent and %d failed of 8, %v in the queue", len(sent.Successful), len(sent.Failed), c.SQS().Counts()["plain"])
	}
	for _, f := range sent.Failed {
		if *f.Code != "InternalError" || f.SenderFault {
			t.Errorf("got the failure %s of the sender %v, want InternalError of the service", *f.Code, f.SenderFault)
		}
	}

	before := len(c.Events().Published(0))
	published, err := c.inbound.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: events})
	must(t, err)
	failed := 0
	for _, e := range published.Entries {
		switch {
		case e.EventId != nil:
		case *e.ErrorCode == "ThrottlingException" || *e.ErrorCode == "InternalFailure":
			failed++
		default:
			t.Errorf("got the error code %s", *e.ErrorCode)
		}
	}
	if failed == 0 || int(published.FailedEntryCount) != failed || len(c.Events().Published(0)) != before+8-failed {
		t.Errorf("got %d failed entries, the count %d, and %d events", failed, published.FailedEntryCount, len(c.Events().Published(0))-before)
	}
}

// receive takes what messages there are, as the devserver's poller does.
func (c *cloud) receive(t testing.TB, queue string) []sqstypes.Message {
	t.Helper()
	out, err := c.devserver.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
	must(t, err)
	return out.Messages
}

func (c *cloud) remove(queue string, m sqstypes.Message) error {
	_, err := c.devserver.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: m.ReceiptHandle})
	return err
}

func TestADuplicateGoesToASecondConsumerOfAStandardQueue(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"service":"sqs","fault":"duplicate","rate":1,"count":1}`)
	must(t, c.inbound.send(c.queue, "x"))
	must(t, c.inbound.send(c.fifo, "x"))
	first, second, third := c.receive(t, c.queue), c.receive(t, c.queue), c.receive(t, c.queue)
	if len(first) != 1 || len(second) != 1 || len(third) != 0 || *first[0].MessageId != *second[0].MessageId || second[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Errorf("got %d, %d and %d messages, want the same one twice", len(first), len(second), len(third))
	}
	must(t, c.remove(c.queue, first[0]))
	must(t, c.remove(c.queue, second[0]))
	if n := len(c.receive(t, c.fifo)) + len(c.receive(t, c.fifo)); n != 1 {
		t.Errorf("got a message of the FIFO queue %d times within its visibility timeout, want once", n)
	}
}

func TestAnEarlyEndOfVisibilityGivesTheMessageToAnother(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"service":"sqs","fault":"early","rate":1,"ms":5000}`)
	for _, queue := range []string{c.queue, c.fifo} {
		must(t, c.inbound.send(queue, "x"))
		first := c.receive(t, queue)
		if n := len(c.receive(t, queue)); len(first) != 1 || n != 0 {
			t.Fatalf("got %d and %d messages, want one and none", len(first), n)
		}
		c.clock.advance(5 * time.Second)
		second := c.receive(t, queue)
		if len(second) != 1 || *second[0].MessageId != *first[0].MessageId {
			t.Fatalf("got %d messages after 5 of 60 seconds, want the same again", len(second))
		}
		// The slow worker of a FIFO queue finds that its receipt is worth nothing.
		if err := c.remove(queue, first[0]); (code(err) == "InvalidParameterValue") != (queue == c.fifo) {
			t.Errorf("%s: got %v for the older receipt", queue, err)
		}
	}
}

// TestAPollIsStruckByThePlanOfItsEnd starts the plan while a receive already waits.
func TestAPollIsStruckByThePlanOfItsEnd(t *testing.T) {
	c := open(t, "")
	got := make(chan int, 1)
	go func() {
		out, err := c.devserver.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &c.queue, WaitTimeSeconds: 20})
		if err != nil {
			t.Error(err)
			got <- 0
			return
		}
		got <- len(out.Messages)
	}()
	for c.SQS().Waiting("plain") == 0 {
		time.Sleep(time.Millisecond)
	}
	c.faults(t, `{"caller":"inbound","fault":"duplicate","rate":1,"count":1}`)
	must(t, c.devserver.send(c.queue, "x"))
	if first, second := <-got, len(c.receive(t, c.queue)); first != 1 || second != 1 {
		t.Errorf("got %d and %d messages, want the message twice", first, second)
	}
}

func TestAStalledReaderSeesNothingNew(t *testing.T) {
	c := open(t, "")
	described, err := c.devserver.streams.DescribeStream(ctx, &dynamodbstreams.DescribeStreamInput{StreamArn: &c.stream})
	must(t, err)
	read := func(by clients, ctx context.Context) ([]streamtypes.Record, error) {
		var all []streamtypes.Record
		for _, shard := range described.StreamDescription.Shards {
			at, err := by.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{StreamArn: &c.stream, ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON"})
			if err != nil {
				return nil, err
			}
			out, err := by.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: at.ShardIterator})
			if err != nil {
				return nil, err
			}
			all = append(all, out.Records...)
		}
		return all, nil
	}
	c.faults(t, `{"service":"streams","fault":"stall","resource":"Messages"}`)
	must(t, c.inbound.put("a"))
	gone, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	if records, err := read(c.devserver, gone); err == nil {
		t.Errorf("got %d records while the stream stalls, want none", len(records))
	}
	before := c.Faults().Rules[0].Struck
	var reader sync.WaitGroup
	reader.Go(func() {
		if records, err := read(c.devserver, ctx); err != nil || len(records) != 1 {
			t.Errorf("got %d records and %v when the stall is over, want the one", len(records), err)
		}
	})
	for c.Faults().Rules[0].Struck <= before {
		time.Sleep(time.Millisecond)
	}
	c.calm(t)
	reader.Wait()

	c.faults(t, `{"fault":"stall","rate":1,"count":1,"ms":40}`)
	began := time.Now()
	if records, err := read(c.devserver, ctx); err != nil || len(records) != 1 || time.Since(began) < 40*time.Millisecond {
		t.Errorf("got %d records and %v after %v, want one after 40ms", len(records), err, time.Since(began))
	}
}

// TestARunThatIsRepeatedIsStruckAlike makes the same calls in two clouds, with eight
// workers and the SDK's own order of maps, beside the calls of another client.
func TestARunThatIsRepeatedIsStruckAlike(t *testing.T) {
	run := func(workers int) string {
		c := open(t, "")
		c.faults(t, `{"caller":"inbound","fault":"throttle","rate":0.3}`, `{"caller":"inbound","fault":"partial","rate":0.3}`)
		var mu sync.Mutex
		seen := map[string]string{}
		var wait sync.WaitGroup
		for w := range workers {
			wait.Go(func() {
				for i := w; i < 60; i += workers {
					id := fmt.Sprint(i)
					note := fmt.Sprint(code(c.inbound.put(id)), code(c.inbound.put(id)), code(c.inbound.transact(id, "t"+id)),
						code(c.inbound.send(c.fifo, id)), code(c.inbound.publish(id)), code(c.inbound.store(id)))
					out, err := c.inbound.dynamo.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{"Messages": {
						{PutRequest: &types.PutRequest{Item: map[string]types.AttributeValue{"pk": text("x" + id), "a": text("1"), "b": text("2")}}},
						{DeleteRequest: &types.DeleteRequest{Key: keyed("y" + id)}}}}})
					note += code(err)
					if err == nil {
						for _, w := range out.UnprocessedItems["Messages"] {
							note += fmt.Sprint(" unprocessed put ", w.PutRequest != nil)
						}
					}
					_, err = c.inbound.dynamo.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("Messages"), KeyConditionExpression: aws.String("#p = :p"), FilterExpression: aws.String("#a = :a"),
						ExpressionAttributeNames: map[string]string{"#p": "pk", "#a": "a"}, ExpressionAttributeValues: map[string]types.AttributeValue{":p": text(id), ":a": text("1")}})
					note += code(err)
					c.devserver.put(id)
					mu.Lock()
					seen[id] = note
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if got := c.Faults().Rules[0]; got.Struck < got.Asked/5 || got.Struck > got.Asked*2/5 {
			t.Errorf("got %d strikes of %d calls at the rate 0.3", got.Struck, got.Asked)
		}
		return fmt.Sprint(seen)
	}
	if a, b := run(1), run(8); a != b {
		t.Errorf("got other strikes the second time:\n%s\n%s", a, b)
	}
}
