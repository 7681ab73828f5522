package localaws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"omnihub/internal/localaws"
)

var ctx = context.Background()

// hand is a clock that a test moves.
type hand struct {
	mu  sync.Mutex
	now time.Time
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// cloud is a local cloud behind HTTP, with a table, a standard and a FIFO queue, a
// bus with a rule, a bucket and a key, all made by the devserver.
type cloud struct {
	*localaws.Server
	url, key    string
	queue, fifo string // URLs
	stream      string // ARN
	clock       *hand
	shut        func()
	inbound     clients // a function that tries each call once
	persistent  clients // the same function, with the SDK's retries
	devserver   clients
	calls       func() int // HTTP requests so far
}

// clients are the SDK's clients of one caller.
type clients struct {
	dynamo  *dynamodb.Client
	streams *dynamodbstreams.Client
	sqs     *sqs.Client
	events  *eventbridge.Client
	kms     *kms.Client
	s3      *s3.Client
}

// counted counts the requests that go through it.
type counted struct {
	mu sync.Mutex
	n  int
}

func (c *counted) RoundTrip(req *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.n++
	c.mu.Unlock()
	return localaws.Transport{}.RoundTrip(req)
}

func (c *counted) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// once and thrice are retryers: without retries, and the SDK's own without its waits.
func once() aws.Retryer { return aws.NopRetryer{} }

func thrice() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func clientsOf(url, caller string, transport http.RoundTripper, retryer func() aws.Retryer) clients {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &url, Retryer: retryer, HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider(caller, "secret", "")}
	return clients{dynamodb.NewFromConfig(cfg), dynamodbstreams.NewFromConfig(cfg), sqs.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg),
		kms.NewFromConfig(cfg), s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })}
}

// serve starts the local cloud on a folder; "" is in memory.
func serve(t testing.TB, dir string) *cloud {
	t.Helper()
	c := &cloud{clock: &hand{now: time.Now()}}
	var err error
	if c.Server, err = localaws.Open(localaws.Config{Dir: dir, Clock: c.clock.Now}); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(c.Server)
	c.url = front.URL
	c.shut = sync.OnceFunc(func() {
		if err := c.SetFaults([]byte("null")); err != nil {
			t.Error(err)
		}
		c.SQS().Close()
		front.CloseClientConnections()
		front.Close()
		if err := c.Close(); err != nil {
			t.Errorf("closing the local cloud: %v", err)
		}
	})
	t.Cleanup(c.shut)
	meter := &counted{}
	c.calls = meter.count
	c.inbound = clientsOf(c.url, "InboundFunction", meter, once)
	c.persistent = clientsOf(c.url, "InboundFunction", meter, thrice)
	c.devserver = clientsOf(c.url, "devserver", localaws.Transport{}, once)
	c.queue, c.fifo = c.url+"/000000000000/plain", c.url+"/000000000000/ordered.fifo"
	return c
}

// open is serve with what the tests use.
func open(t testing.TB, dir string) *cloud {
	t.Helper()
	c, d := serve(t, dir), clients{}
	d = c.devserver
	made, err := d.dynamo.CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String("Messages"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_IMAGE"}})
	must(t, err)
	c.stream = *made.TableDescription.LatestStreamArn
	_, err = d.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("plain"), Attributes: map[string]string{
		"VisibilityTimeout": "60", "Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`}})
	must(t, err)
	_, err = d.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("ordered.fifo"), Attributes: map[string]string{"FifoQueue": "true", "VisibilityTimeout": "60"}})
	must(t, err)
	_, err = d.events.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: aws.String("bus")})
	must(t, err)
	_, err = d.events.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("all"), EventBusName: aws.String("bus"), EventPattern: aws.String(`{"source":["omnihub"]}`)})
	must(t, err)
	_, err = d.events.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("all"), EventBusName: aws.String("bus"),
		Targets: []bustypes.Target{{Id: aws.String("q"), Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:plain")}}})
	must(t, err)
	_, err = d.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("failures")})
	must(t, err)
	key, err := d.kms.CreateKey(ctx, &kms.CreateKeyInput{})
	must(t, err)
	c.key = *key.KeyMetadata.KeyId
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// faults puts rules in force.
func (c *cloud) faults(t testing.TB, rules ...string) {
	t.Helper()
	must(t, c.SetFaults(fmt.Appendf(nil, `{"seed":1,"rules":[%s]}`, strings.Join(rules, ","))))
}

func (c *cloud) calm(t testing.TB) {
	t.Helper()
	must(t, c.SetFaults([]byte("null")))
}

// code is the AWS error code of an error; "gone" if there was no answer.
func code(err error) string {
	var api smithy.APIError
	var sending *smithyhttp.RequestSendError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.As(err, &sending), errors.Is(err, io.ErrUnexpectedEOF):
		return "gone"
	}
	return err.Error()
}

func status(err error) int {
	var answered *smithyhttp.ResponseError
	if errors.As(err, &answered) {
		return answered.HTTPStatusCode()
	}
	return 0
}

// The calls of the tests.

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func keyed(pk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(pk)}
}

func (c clients) put(pk string) error {
	_, err := c.dynamo.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("Messages"), Item: keyed(pk)})
	return err
}

func (c clients) putNew(pk string) error {
	_, err := c.dynamo.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("Messages"), Item: keyed(pk), ConditionExpression: aws.String("attribute_not_exists(pk)")})
	return err
}

func (c clients) has(t testing.TB, pk string) bool {
	t.Helper()
	out, err := c.dynamo.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("Messages"), Key: keyed(pk), ConsistentRead: aws.Bool(true)})
	must(t, err)
	return out.Item != nil
}

func (c clients) transact(pks ...string) error {
	var items []types.TransactWriteItem
	for _, pk := range pks {
		items = append(items, types.TransactWriteItem{Update: &types.Update{TableName: aws.String("Messages"), Key: keyed(pk),
			UpdateExpression: aws.String("ADD n :one"), ExpressionAttributeValues: map[string]types.AttributeValue{":one": &types.AttributeValueMemberN{Value: "1"}}}})
	}
	_, err := c.dynamo.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	return err
}

func (c clients) send(queue, body string) error {
	in := &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}
	if strings.HasSuffix(queue, ".fifo") {
		in.MessageGroupId, in.MessageDeduplicationId = aws.String("g"), &body
	}
	_, err := c.sqs.SendMessage(ctx, in)
	return err
}

func (c clients) publish(id string) error {
	out, err := c.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []bustypes.PutEventsRequestEntry{event(id)}})
	if err == nil && out.FailedEntryCount > 0 {
		return errors.New("an entry failed: " + *out.Entries[0].ErrorCode)
	}
	return err
}

func event(id string) bustypes.PutEventsRequestEntry {
	return bustypes.PutEventsRequestEntry{EventBusName: aws.String("bus"), Source: aws.String("omnihub"), DetailType: aws.String("x"), Detail: aws.String(`{"id":"` + id + `"}`)}
}

func (c clients) store(key string) error {
	_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("failures"), Key: &key, Body: strings.NewReader("text")})
	return err
}

func (c clients) dataKey(id string) error {
	_, err := c.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: &id, NumberOfBytes: aws.Int32(32)})
	return err
}
