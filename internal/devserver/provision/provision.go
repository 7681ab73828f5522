// Package provision makes the tables, queues, buckets, keys, buses and rules of a
// template at an AWS endpoint, and changes those that exist where AWS could change them.
package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/template"
)

// Clients are the services at the endpoint.
type Clients struct {
	DynamoDB *dynamodb.Client
	SQS      *sqs.Client
	S3       *s3.Client
	KMS      *kms.Client
	Events   *eventbridge.Client
}

// ErrRemade tells that a definition changed in a way that AWS could not apply to
// what exists.
var ErrRemade = errors.New("what exists cannot be changed into what the template says; remove the state folder to start afresh")

// Apply makes what is missing and changes what differs. It may be repeated. The
// answer holds the attributes that are known only now, as template.Options.Known
// wants them: queue URLs, stream ARNs, and the ids and ARNs of keys.
func Apply(ctx context.Context, c Clients, m *template.Model) (map[string]string, error) {
	known := map[string]string{}
	for _, t := range m.Tables {
		arn, err := applyTable(ctx, c.DynamoDB, t)
		if err != nil {
			return nil, fmt.Errorf("provision: table %s: %w", t.Name, err)
		}
		if arn != "" {
			known[t.ID+".StreamArn"] = arn
		}
	}
	// Dead-letter queues first: a queue cannot name one that is not there.
	for _, dead := range []bool{true, false} {
		for _, q := range m.Queues {
			if m.IsDeadLetter(q.ARN) != dead {
				continue
			}
			url, err := applyQueue(ctx, c.SQS, q)
			if err != nil {
				return nil, fmt.Errorf("provision: queue %s: %w", q.Name, err)
			}
			known[q.ID] = url
		}
	}
	for _, b := range m.Buckets {
		if err := applyBucket(ctx, c.S3, b); err != nil {
			return nil, fmt.Errorf("provision: bucket %s: %w", b.Name, err)
		}
	}
	if err := applyKeys(ctx, c.KMS, m, known); err != nil {
		return nil, fmt.Errorf("provision: %w", err)
	}
	if len(m.Buses)+len(m.Rules) > 0 {
		if err := applyBuses(ctx, c.Events, m); err != nil {
			return nil, fmt.Errorf("provision: %w", err)
		}
	}
	return known, nil
}

func applyQueue(ctx context.Context, client *sqs.Client, q template.Queue) (string, error) {
	want := map[string]string{}
	for name, v := range q.Attributes {
		want[name] = v
	}
	if p := q.RedrivePolicy(); p != "" {
		want["RedrivePolicy"] = p
	}
	if q.Policy != "" {
		want["Policy"] = q.Policy
	}
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &q.Name})
	var missing *sqstypes.QueueDoesNotExist
	if errors.As(err, &missing) {
		out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &q.Name, Attributes: want})
		if err != nil {
			return "", err
		}
		return *out.QueueUrl, nil
	}
	if err != nil {
		return "", err
	}
	now, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return "", err
	}
	changed := map[string]string{}
	for name, v := range want {
		if now.Attributes[name] != v && name != "FifoQueue" && !(name == "Policy" && sameJSON(now.Attributes[name], v)) {
			changed[name] = v
		}
	}
	for _, name := range []string{"RedrivePolicy", "Policy"} {
		if want[name] == "" && now.Attributes[name] != "" {
			changed[name] = ""
		}
	}
	if len(changed) > 0 {
		_, err = client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: found.QueueUrl, Attributes: changed})
	}
	return *found.QueueUrl, err
}

// sameJSON reports whether two texts are JSON of one value; a service may write a
// policy in its own way.
func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func applyBucket(ctx context.Context, client *s3.Client, b template.Bucket) error {
	_, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.Name})
	var missing *s3types.NotFound
	if errors.As(err, &missing) {
		in := &s3.CreateBucketInput{Bucket: &b.Name}
		if region := client.Options().Region; region != "us-east-1" { // S3 wants to be told every region but this
			in.CreateBucketConfiguration = &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(region)}
		}
		_, err = client.CreateBucket(ctx, in)
	}
	return err
}

// settle waits until the table and its indexes are in use; at a local cloud they
// are at once.
func settle(ctx context.Context, client *dynamodb.Client, name string) (*dynamodb.DescribeTableOutput, error) {
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for {
		out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(name)})
		if err != nil {
			return nil, err
		}
		ready := out.Table.TableStatus == "ACTIVE"
		for _, i := range out.Table.GlobalSecondaryIndexes {
			ready = ready && (i.IndexStatus == "ACTIVE" || i.IndexStatus == "")
		}
		if ready {
			return out, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
