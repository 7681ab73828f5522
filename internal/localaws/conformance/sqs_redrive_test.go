package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func redrive(arn string, most int) map[string]string {
	return map[string]string{"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":"%d"}`, arn, most)}
}

// withGrave makes a queue with a dead-letter queue after two receives.
func (c *cloud) withGrave(t testing.TB, fifo bool) (b, grave *box) {
	grave = c.queue(t, fifo, nil)
	return c.queue(t, fifo, redrive(grave.arn(t), 2)), grave
}

func TestMessageMovesToTheDeadLetterQueueWhenItsCountWouldExceedTheLimit(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, false)
	b.needsLocal(t)
	out, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &b.url, MessageBody: aws.String("poison")})
	if err != nil {
		t.Fatal(err)
	}
	b.send(t, "good")
	for range 2 {
		b.wantBodies(t, "poison", "good")
		b.advance(t, 31*time.Second)
		b.wantCounts(t, 2, 0, 0)
		grave.wantCounts(t, 0, 0, 0)
	}
	b.wantBodies(t)
	b.wantCounts(t, 0, 0, 0)
	dead := grave.wantBodies(t, "poison", "good")[0]
	if *dead.MessageId != *out.MessageId {
		t.Errorf("got id %s, want %s as before", *dead.MessageId, *out.MessageId)
	}
	if got, want := dead.Attributes["DeadLetterQueueSourceArn"], b.arn(t); got != want {
		t.Errorf("got source %s, want %s", got, want)
	}
	if got := dead.Attributes["ApproximateReceiveCount"]; got != "3" {
		t.Errorf("got receive count %s, want 3", got)
	}
}

func TestDeadLetterOfAStandardQueueExpiresByItsFirstTime(t *testing.T) {
	c := newCloud(t)
	c.needsLocal(t)
	for _, fifo := range []bool{false, true} {
		grave := c.queue(t, fifo, map[string]string{"MessageRetentionPeriod": "100"})
		b := c.queue(t, fifo, redrive(grave.arn(t), 1))
		if fifo {
			b.send(t, "x", "g")
		} else {
			b.send(t, "x")
		}
		b.wantBodies(t, "x")
		b.advance(t, 60*time.Second)
		b.wantBodies(t)
		grave.wantCounts(t, 1, 0, 0)
		grave.advance(t, 50*time.Second) // 110 s after the send, 50 s after the move
		left := 0
		if fifo {
			left = 1
		}
		grave.wantCounts(t, left, 0, 0)
	}
}

func TestFIFODeadLetterKeepsItsGroupAndFreesIt(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, true)
	b.needsLocal(t)
	b.send(t, "poison", "g")
	b.send(t, "next", "g")
	for range 2 {
		m := b.receive(t, 1)
		if len(m) != 1 || *m[0].Body != "poison" {
			t.Fatalf("got %d messages, want poison", len(m))
		}
		wantCode(t, b.change(m[0], 0), "")
	}
	b.wantBodies(t, "next")
	dead := grave.wantBodies(t, "poison")[0]
	if got := dead.Attributes["MessageGroupId"]; got != "g" {
		t.Errorf("got group %s, want g", got)
	}
	if got := dead.Attributes["MessageDeduplicationId"]; got != *dead.MessageId {
		t.Errorf("got deduplication id %s, want the message id %s", got, *dead.MessageId)
	}
}

func TestRedrivePolicyIsChecked(t *testing.T) {
	c := newCloud(t)
	b, fifo := c.queue(t, false, nil), c.queue(t, true, nil)
	closed := c.queue(t, false, map[string]string{"RedriveAllowPolicy": `{"redrivePermission":"denyAll"}`})
	some := c.queue(t, false, map[string]string{"RedriveAllowPolicy": fmt.Sprintf(`{"redrivePermission":"byQueue","sourceQueueArns":[%q]}`, b.arn(t))})
	other := c.queue(t, false, nil)
	for _, test := range []struct {
		name   string
		to     *box
		policy string
		want   string
	}{
		{"missing queue", b, redrive(b.arn(t)+"-not", 3)["RedrivePolicy"], "InvalidParameterValue"},
		{"no ARN", b, `{"deadLetterTargetArn":"dummy","maxReceiveCount":3}`, "InvalidParameterValue"},
		{"no JSON", b, `dlq`, "InvalidParameterValue"},
		{"other type", b, redrive(fifo.arn(t), 3)["RedrivePolicy"], "InvalidParameterValue"},
		{"count 0", b, redrive(other.arn(t), 0)["RedrivePolicy"], "InvalidParameterValue"},
		{"count 1001", b, redrive(other.arn(t), 1001)["RedrivePolicy"], "InvalidParameterValue"},
		{"denied to all", b, redrive(closed.arn(t), 3)["RedrivePolicy"], "InvalidParameterValue"},
		{"denied to this one", other, redrive(some.arn(t), 3)["RedrivePolicy"], "InvalidParameterValue"},
		{"allowed to this one", b, redrive(some.arn(t), 3)["RedrivePolicy"], ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantCode(t, test.to.set(map[string]string{"RedrivePolicy": test.policy}), test.want)
		})
	}
	if got, want := b.attributes(t)["RedrivePolicy"], `"maxReceiveCount":3`; !strings.Contains(got, want) {
		t.Errorf("got policy %s, want %s in it", got, want)
	}
	sources, err := b.api.ListDeadLetterSourceQueues(ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &some.url})
	if err != nil || len(sources.QueueUrls) != 1 || sources.QueueUrls[0] != b.url {
		t.Errorf("got sources %v, %v, want %s", sources, err, b.url)
	}
}

func TestReceiveNamesADeadLetterQueueThatIsGone(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, false)
	b.needsLocal(t)
	if _, err := b.api.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &grave.url}); err != nil {
		t.Fatal(err)
	}
	_, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &b.url})
	if wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue"); err == nil || !strings.Contains(err.Error(), grave.name()) {
		t.Errorf("got %v, want an error that names %s", err, grave.name())
	}
}

// bury sends messages and lets them fail until they are in the dead-letter queue.
func (b *box) bury(t testing.TB, n int, group ...string) {
	t.Helper()
	for i := range n {
		b.send(t, fmt.Sprint("m", i), group...)
	}
	for range 2 {
		if got := len(b.receive(t, 10)); got != n {
			t.Fatalf("got %d messages, want %d", got, n)
		}
		b.advance(t, 31*time.Second)
	}
	b.wantBodies(t)
}

func TestMoveTaskRedrivesToWhereMessagesCameFrom(t *testing.T) {
	c := newCloud(t)
	for _, fifo := range []bool{false, true} {
		b, grave := c.withGrave(t, fifo)
		b.needsLocal(t)
		if fifo {
			b.bury(t, 3, "g")
		} else {
			b.bury(t, 3)
		}
		old := grave.wantBodies(t, "m0", "m1", "m2")
		grave.advance(t, 31*time.Second)
		arn := grave.arn(t)
		if _, err := b.api.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn}); err != nil {
			t.Fatal(err)
		}
		grave.wantCounts(t, 0, 0, 0)
		again := b.wantBodies(t, "m0", "m1", "m2")
		if got := again[0].Attributes["ApproximateReceiveCount"]; got != "1" || *again[0].MessageId == *old[0].MessageId {
			t.Errorf("got receive count %s of message %s, want 1 of a new message", got, *again[0].MessageId)
		}
		list, err := b.api.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn})
		if err != nil || len(list.Results) != 1 {
			t.Fatalf("got %v, %v, want one task", list, err)
		}
		if r := list.Results[0]; *r.Status != "COMPLETED" || r.ApproximateNumberOfMessagesMoved != 3 || r.TaskHandle != nil {
			t.Errorf("got %s with %d moved, want COMPLETED with 3 and no handle", *r.Status, r.ApproximateNumberOfMessagesMoved)
		}
	}
}

func TestMoveTaskGoesAtItsRateAndCanBeCancelled(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, false)
	b.needsLocal(t)
	b.bury(t, 10)
	target := b.queue(t, false, nil)
	arn, to := grave.arn(t), target.arn(t)
	start := &sqs.StartMessageMoveTaskInput{SourceArn: &arn, DestinationArn: &to, MaxNumberOfMessagesPerSecond: aws.Int32(2)}
	task, err := b.api.StartMessageMoveTask(ctx, start)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.api.StartMessageMoveTask(ctx, start)
	wantCode(t, err, "InvalidParameterValue")
	b.advance(t, 2*time.Second)
	cancelled, err := b.api.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle})
	if err != nil {
		t.Fatal(err)
	}
	moved := int(cancelled.ApproximateNumberOfMessagesMoved)
	if moved < 6 || moved > 9 {
		t.Errorf("got %d moved after 2 s at 2 per second, want 6 and not all", moved)
	}
	b.advance(t, 10*time.Second)
	target.wantCounts(t, moved, 0, 0)
	_, err = b.api.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: task.TaskHandle})
	wantCode(t, err, "ResourceNotFoundException")
	_, err = b.api.CancelMessageMoveTask(ctx, &sqs.CancelMessageMoveTaskInput{TaskHandle: aws.String("foobared")})
	wantCode(t, err, "InvalidParameterValue")
}

func TestMoveTaskRefusals(t *testing.T) {
	b, grave := newCloud(t).withGrave(t, false)
	own, arn := b.arn(t), grave.arn(t)
	start := func(source string, to *string) error {
		_, err := b.api.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &source, DestinationArn: to})
		return err
	}
	wantCode(t, start(own, nil), "InvalidParameterValue") // nobody's dead-letter queue
	wantCode(t, start(own+"-not", nil), "ResourceNotFoundException")
	wantCode(t, start(arn, aws.String(own+"-not")), "ResourceNotFoundException")
	b.needsLocal(t)
	grave.send(t, "sent here directly")
	wantCode(t, start(arn, nil), "")
	list, err := b.api.ListMessageMoveTasks(ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn})
	if err != nil || len(list.Results) != 1 || *list.Results[0].Status != "FAILED" || *list.Results[0].FailureReason != "CouldNotDetermineMessageSource" {
		t.Errorf("got %v, %v, want a task that failed for want of a source", list, err)
	}
}
