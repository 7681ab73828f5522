package conformance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestCreateQueueIsIdempotentForEqualAttributes(t *testing.T) {
	b := newCloud(t).queue(t, false, map[string]string{"VisibilityTimeout": "45"})
	name := b.name()
	for _, test := range []struct {
		attributes map[string]string
		want       string
	}{
		{nil, ""},
		{map[string]string{"VisibilityTimeout": "45"}, ""},
		{map[string]string{"VisibilityTimeout": "45", "DelaySeconds": "0"}, ""}, // a default, spelled out
		{map[string]string{"VisibilityTimeout": "46"}, "QueueAlreadyExists"},
		{map[string]string{"DelaySeconds": "1"}, "QueueAlreadyExists"},
	} {
		out, err := b.api.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: test.attributes})
		if wantCode(t, err, test.want); err == nil && *out.QueueUrl != b.url {
			t.Errorf("got URL %s, want %s", *out.QueueUrl, b.url)
		}
		var exists *types.QueueNameExists
		if test.want != "" && !errors.As(err, &exists) {
			t.Errorf("got %T, want the SDK's QueueNameExists", err)
		}
	}
}

func TestCreateQueueRefusesBadNamesAndAttributes(t *testing.T) {
	api := newCloud(t).sqs()
	for _, test := range []struct{ name, attribute, value, want string }{
		{"a b", "", "", "InvalidParameterValue"},
		{"a.b", "", "", "InvalidParameterValue"},
		{strings.Repeat("q", 81), "", "", "InvalidParameterValue"},
		{unique("q") + ".fifo", "", "", "InvalidParameterValue"},
		{unique("q"), "FifoQueue", "true", "InvalidParameterValue"},
		{unique("q"), "VisibilityTimeout", "43201", "InvalidAttributeValue"},
		{unique("q"), "VisibilityTimeout", "x", "InvalidAttributeValue"},
		{unique("q"), "MessageRetentionPeriod", "59", "InvalidAttributeValue"},
		{unique("q"), "MessageRetentionPeriod", "1209601", "InvalidAttributeValue"},
		{unique("q"), "DelaySeconds", "901", "InvalidAttributeValue"},
		{unique("q"), "ReceiveMessageWaitTimeSeconds", "21", "InvalidAttributeValue"},
		{unique("q"), "MaximumMessageSize", "1023", "InvalidAttributeValue"},
		{unique("q"), "MaximumMessageSize", "1048577", "InvalidAttributeValue"},
		{unique("q"), "SqsManagedSseEnabled", "yes", "InvalidAttributeValue"},
		{unique("q"), "Policy", "{", "InvalidAttributeValue"},
		{unique("q"), "RedriveAllowPolicy", `{"redrivePermission":"some"}`, "InvalidAttributeValue"},
		{unique("q"), "Colour", "red", "InvalidAttributeName"},
		{unique("q"), "QueueArn", "x", "InvalidAttributeName"},
		{unique("q"), "ContentBasedDeduplication", "true", "InvalidAttributeName"},
	} {
		in := &sqs.CreateQueueInput{QueueName: &test.name}
		if test.attribute != "" {
			in.Attributes = map[string]string{test.attribute: test.value}
		}
		if _, err := api.CreateQueue(ctx, in); code(err) != test.want {
			t.Errorf("%s %s=%s: got %q, want %q", test.name, test.attribute, test.value, code(err), test.want)
		}
	}
}

func TestQueueAttributes(t *testing.T) {
	c := newCloud(t)
	b := c.queue(t, true, map[string]string{"ContentBasedDeduplication": "true", "KmsMasterKeyId": "alias/own"})
	got := b.attributes(t)
	for name, want := range map[string]string{
		"VisibilityTimeout": "30", "DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
		"ReceiveMessageWaitTimeSeconds": "0", "FifoQueue": "true", "ContentBasedDeduplication": "true", "DeduplicationScope": "queue",
		"FifoThroughputLimit": "perQueue", "SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/own", "KmsDataKeyReusePeriodSeconds": "300",
		"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
	} {
		if got[name] != want {
			t.Errorf("got %s=%q, want %q", name, got[name], want)
		}
	}
	for _, name := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
		if got[name] == "" {
			t.Errorf("got no %s, want one", name)
		}
	}
	if want := ":" + b.name(); !strings.HasPrefix(got["QueueArn"], "arn:aws:sqs:") || !strings.HasSuffix(got["QueueArn"], want) {
		t.Errorf("got ARN %s, want one that ends in %s", got["QueueArn"], want)
	}
	if some := b.attributes(t, "QueueArn", "DelaySeconds"); len(some) != 2 {
		t.Errorf("asked for two attributes: got %v", some)
	}
	standard := c.queue(t, false, nil).attributes(t)
	if _, has := standard["FifoQueue"]; has || standard["SqsManagedSseEnabled"] != "true" {
		t.Errorf("standard queue: got %v, want no FIFO attributes and SQS-managed encryption", standard)
	}
	_, err := b.api.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &b.url, AttributeNames: []types.QueueAttributeName{"Colour"}})
	wantCode(t, err, "InvalidAttributeName")
}

func (b *box) set(attributes map[string]string) error {
	_, err := b.api.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &b.url, Attributes: attributes})
	return err
}

func TestSetQueueAttributes(t *testing.T) {
	c := newCloud(t)
	b := c.queue(t, false, nil)
	policy := `{"Version":"2012-10-17","Statement":[]}`
	wantCode(t, b.set(map[string]string{"VisibilityTimeout": "7", "Policy": policy, "SqsManagedSseEnabled": "true"}), "")
	if got := b.attributes(t); got["VisibilityTimeout"] != "7" || got["Policy"] != policy {
		t.Errorf("got %v, want the values that were set", got)
	}
	wantCode(t, b.set(map[string]string{"KmsMasterKeyId": "k"}), "InvalidAttributeName") // beside SQS-managed encryption
	wantCode(t, b.set(map[string]string{"Policy": ""}), "")
	if got, has := b.attributes(t)["Policy"]; has {
		t.Errorf("got policy %q after it was emptied, want none", got)
	}
	wantCode(t, b.set(map[string]string{"VisibilityTimeout": "-1"}), "InvalidAttributeValue")
	wantCode(t, b.set(map[string]string{"DeduplicationScope": "queue"}), "InvalidAttributeName")

	fifo := c.queue(t, true, nil)
	wantCode(t, fifo.set(map[string]string{"FifoQueue": "false"}), "InvalidAttributeValue")
	wantCode(t, fifo.set(map[string]string{"FifoThroughputLimit": "perMessageGroupId"}), "InvalidAttributeValue")
	wantCode(t, fifo.set(map[string]string{"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup"}), "")
}

func TestMissingQueue(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	url := b.url + "-not"
	_, err := b.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
	var none *types.QueueDoesNotExist
	if !errors.As(err, &none) {
		t.Errorf("got %T, want the SDK's QueueDoesNotExist", err)
	}
	_, err = b.api.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(unique("none"))})
	wantCode(t, err, "AWS.SimpleQueueService.NonExistentQueue")
}

func TestDeletedQueueLosesItsMessages(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t) // AWS takes a minute to delete
	name := b.name()
	b.send(t, "x")
	got, err := b.api.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil || *got.QueueUrl != b.url {
		t.Fatalf("got %v, %v, want %s", got, err, b.url)
	}
	waiting := make(chan error, 1)
	waitURL := b.queue(t, false, nil)
	go func() {
		_, err := b.api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &waitURL.url, WaitTimeSeconds: 20})
		waiting <- err
	}()
	waitFor(t, "a receive to wait", func() bool { return b.server.SQS().Waiting(waitURL.name()) == 1 })
	for _, url := range []string{b.url, waitURL.url} {
		if _, err := b.api.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &url}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, <-waiting, "AWS.SimpleQueueService.NonExistentQueue")
	if _, err := b.api.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name}); err != nil {
		t.Fatal(err)
	}
	b.wantBodies(t)
}

func TestPurgeQueue(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t)
	purge := func() error {
		_, err := b.api.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &b.url})
		return err
	}
	b.send(t, "visible")
	b.send(t, "in flight")
	b.receive(t, 1)
	wantCode(t, purge(), "")
	b.wantCounts(t, 0, 0, 0)
	wantCode(t, purge(), "AWS.SimpleQueueService.PurgeQueueInProgress")
	b.advance(t, time.Minute)
	wantCode(t, purge(), "")
}

func TestListQueuesByPrefixAndPage(t *testing.T) {
	c := newCloud(t)
	api, prefix := c.sqs(), unique("list")
	for i := range 5 {
		if _, err := api.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint(prefix, "-", i))}); err != nil {
			t.Fatal(err)
		}
	}
	c.queue(t, false, nil)
	var names []string
	pages := sqs.NewListQueuesPaginator(api, &sqs.ListQueuesInput{QueueNamePrefix: &prefix, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.QueueUrls) > 2 {
			t.Errorf("got a page of %d, want 2 at most", len(page.QueueUrls))
		}
		for _, url := range page.QueueUrls {
			names = append(names, url[len(url)-1:])
		}
	}
	if want := []string{"0", "1", "2", "3", "4"}; !slices.Equal(names, want) {
		t.Errorf("got queues %v, want %v", names, want)
	}
}

func TestQueueTags(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	if _, err := b.api.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &b.url, Tags: map[string]string{"a": "1", "b": "2"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.api.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &b.url, TagKeys: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	out, err := b.api.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &b.url})
	if err != nil || !maps.Equal(out.Tags, map[string]string{"b": "2"}) {
		t.Errorf("got %v, %v, want b=2", out, err)
	}
}

func TestUnsupportedOperationIsNamed(t *testing.T) {
	b := newCloud(t).queue(t, false, nil)
	b.needsLocal(t)
	_, err := b.api.AddPermission(ctx, &sqs.AddPermissionInput{QueueUrl: &b.url, Label: aws.String("l"), AWSAccountIds: []string{"1"}, Actions: []string{"*"}})
	wantCode(t, err, "NotImplementedByLocalCloud")
	if err == nil || !strings.Contains(err.Error(), "AddPermission") {
		t.Errorf("got %v, want an error that names AddPermission", err)
	}
}
