package source

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

// queue makes a queue and a source that reads it.
func (c *cloud) queue(t *testing.T, name string, attributes map[string]string, f *function, source template.QueueSource) (*Queue, *sqs.Client) {
	t.Helper()
	client := sqs.NewFromConfig(c.config)
	all := map[string]string{"VisibilityTimeout": "30"}
	maps.Copy(all, attributes)
	if strings.HasSuffix(name, ".fifo") {
		all["FifoQueue"] = "true"
	}
	out, err := client.CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: all})
	if err != nil {
		t.Fatal(err)
	}
	if source.Batch == 0 {
		source.Batch = 10
	}
	return &Queue{Name: "f/jobs", Source: source, URL: *out.QueueUrl, ARN: "arn:aws:sqs:ap-east-1:000000000000:" + name, Region: "ap-east-1",
		Function: f, Client: client, Log: c.log, Local: true}, client
}

func send(t *testing.T, client *sqs.Client, url string, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		in := &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(b)}
		if strings.HasSuffix(url, ".fifo") {
			group, _, _ := strings.Cut(b, "-")
			in.MessageGroupId, in.MessageDeduplicationId = &group, aws.String(b)
		}
		if _, err := client.SendMessage(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
}

// rest is what a queue still holds.
func (c *cloud) rest(name string) int {
	n := c.SQS().Counts()[name]
	return n.Visible + n.InFlight + n.Delayed
}

func TestDoneMessagesAreDeleted(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{})
	_, err := client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: aws.String("one"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"kind": {DataType: aws.String("String"), StringValue: aws.String("order")},
			"raw":  {DataType: aws.String("Binary"), BinaryValue: []byte{0, 1}},
		}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return f.count() > 0 && c.rest("jobs") == 0 })
	got := f.payloads[0]
	for _, want := range []string{`"body":"one"`, `"ApproximateReceiveCount":"1"`, `"eventSource":"aws:sqs"`, `"eventSourceARN":"arn:aws:sqs:ap-east-1:000000000000:jobs"`,
		`"awsRegion":"ap-east-1"`, `"kind":{"stringValue":"order","stringListValues":[],"binaryListValues":[],"dataType":"String"}`, `"binaryValue":"AAE="`, `"md5OfBody":"f97c5d29941bfb1b2fdab0874906ab82"`} {
		if !strings.Contains(got, want) {
			t.Errorf("event: got %s, want %s in it", got, want)
		}
	}
}

func TestFailedInvocationLeavesAllToTheVisibilityTimeout(t *testing.T) {
	c := newCloud(t, 0.01)
	f := &function{}
	tries := 0
	f.answer = func(b batch) lambda.Result {
		if tries++; tries < 3 {
			return failed()
		}
		return lambda.Result{Payload: []byte("null")}
	}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Concurrency: 1})
	send(t, client, q.URL, "one")
	run(t, q)
	eventually(t, "done at the third try", func() bool { return c.rest("jobs") == 0 && f.count() == 3 })
	var counts []string
	for _, b := range f.batches {
		counts = append(counts, b.Records[0].Attributes["ApproximateReceiveCount"])
	}
	if want := []string{"1", "2", "3"}; !slices.Equal(counts, want) {
		t.Errorf("receive counts: got %v, want %v", counts, want)
	}
}

func TestOnlyNamedMessagesOfAStandardQueueComeAgain(t *testing.T) {
	c := newCloud(t, 0.01)
	f := &function{}
	f.answer = func(b batch) lambda.Result {
		var ids []string
		for _, r := range b.Records {
			if r.Body == "bad" && r.Attributes["ApproximateReceiveCount"] == "1" {
				ids = append(ids, r.MessageID)
			}
		}
		return items(ids...)
	}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Partial: true})
	send(t, client, q.URL, "one", "bad", "two")
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 && len(f.bodies()) >= 4 })
	got := f.bodies()
	slices.Sort(got)
	if want := []string{"bad", "bad", "one", "two"}; !slices.Equal(got, want) {
		t.Errorf("delivered: got %v, want %v", got, want)
	}
}

func TestAnswerIsIgnoredWithoutReportBatchItemFailures(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: func(b batch) lambda.Result { return items(b.Records[0].MessageID) }}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{})
	send(t, client, q.URL, "one")
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return f.count() == 1 && c.rest("jobs") == 0 })
}

func TestUnknownIdentifierFailsTheWholeBatch(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: func(b batch) lambda.Result { return items("nobody") }}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Partial: true})
	send(t, client, q.URL, "one", "two")
	stop := run(t, q)
	eventually(t, "delivered", func() bool { return len(f.bodies()) == 2 })
	stop()
	if got := c.SQS().Counts()["jobs"].InFlight; got != 2 {
		t.Errorf("in flight: got %d, want both", got)
	}
}

// TestFIFOGroupWaitsForItsFailedMessage: the failed message and what follows it in
// its group come again in order, other groups go on.
func TestFIFOGroupWaitsForItsFailedMessage(t *testing.T) {
	c := newCloud(t, 0.01)
	f := &function{}
	bad := 2
	f.answer = func(b batch) lambda.Result {
		var ids []string
		blocked := map[string]bool{}
		for _, r := range b.Records {
			group := r.Attributes["MessageGroupId"]
			if r.Body == "a-2" && bad > 0 {
				bad--
				blocked[group] = true
			}
			if blocked[group] {
				ids = append(ids, r.MessageID)
			}
		}
		return items(ids...)
	}
	q, client := c.queue(t, "jobs.fifo", nil, f, template.QueueSource{Partial: true, Concurrency: 2})
	send(t, client, q.URL, "a-1", "a-2", "b-1", "a-3", "b-2")
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs.fifo") == 0 && len(f.bodies()) >= 7 })
	var a, done []string
	seen := map[string]int{}
	for _, body := range f.bodies() {
		seen[body]++
		if strings.HasPrefix(body, "a-") {
			a = append(a, body)
		}
	}
	for _, body := range a { // the last delivery of each is the one that held
		if seen[body]--; seen[body] == 0 {
			done = append(done, body)
		}
	}
	if want := []string{"a-1", "a-2", "a-3"}; !slices.Equal(done, want) {
		t.Errorf("group a: got %v done in that order (deliveries %v), want %v", done, a, want)
	}
	if seen["b-1"] != 1 || seen["b-2"] != 1 {
		t.Errorf("group b: got %d and %d deliveries, want 1 each", seen["b-1"], seen["b-2"])
	}
}

func TestConcurrencyKeepsToItsLimit(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: func(batch) lambda.Result {
		time.Sleep(20 * time.Millisecond)
		return lambda.Result{Payload: []byte("null")}
	}}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Batch: 1, Concurrency: 2})
	for i := range 12 {
		send(t, client, q.URL, fmt.Sprint(i))
	}
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 })
	if f.most != 2 {
		t.Errorf("batches at once: got %d, want 2", f.most)
	}
}

func TestWindowFillsABatch(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Batch: 25, Window: 10 * time.Second})
	for i := range 25 {
		send(t, client, q.URL, fmt.Sprint(i))
	}
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 })
	if got := len(f.batches[0].Records); got != 25 {
		t.Errorf("first batch: got %d messages, want 25", got)
	}
}

// TestStopLeavesNothingHidden: what a stopping receiver has been given is delivered.
func TestStopLeavesNothingHidden(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{})
	for i := range 20 {
		stop := run(t, q)
		send(t, client, q.URL, fmt.Sprint(i))
		stop()
	}
	if got := c.SQS().Counts()["jobs"].InFlight; got != 0 {
		t.Errorf("hidden after stops: got %d, want 0", got)
	}
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 })
}

func TestFunctionThatCannotStartDoesNotUseUpReceives(t *testing.T) {
	c := newCloud(t, 0.001)
	f := &function{answer: func(batch) lambda.Result {
		return lambda.Result{Failure: &lambda.Failure{Kind: lambda.NotReady}}
	}}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Concurrency: 2})
	send(t, client, q.URL, "one")
	stop := run(t, q)
	eventually(t, "delivered", func() bool { return f.count() > 0 })
	time.Sleep(300 * time.Millisecond)
	stop()
	if got := f.count(); got > 2 {
		t.Errorf("deliveries in a moment: got %d, want 2 at most", got)
	}
}
