package source

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws/pattern"
)

// table is a table with a stream and a source that reads it.
type table struct {
	c      *cloud
	name   string
	client *dynamodb.Client
	stream *Stream
}

func (c *cloud) table(t *testing.T, f *function, source template.StreamSource) *table {
	t.Helper()
	store := s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := store.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String("failed")}); err != nil {
		t.Fatal(err)
	}
	return c.tableNamed(t, "items", f, source)
}

// tableNamed is for a second table; the bucket is there.
func (c *cloud) tableNamed(t *testing.T, name string, f *function, source template.StreamSource) *table {
	t.Helper()
	client := dynamodb.NewFromConfig(c.config)
	out, err := client.CreateTable(context.Background(), &dynamodb.CreateTableInput{
		TableName: aws.String(name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: "S"}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: "HASH"}},
		StreamSpecification:  &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: "NEW_AND_OLD_IMAGES"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if source.Batch == 0 {
		source.Batch = 100
	}
	store := s3.NewFromConfig(c.config, func(o *s3.Options) { o.UsePathStyle = true })
	arn := *out.TableDescription.LatestStreamArn
	tb := &table{c: c, name: name, client: client}
	tb.stream = &Stream{Name: "f/" + name, Mapping: "F/" + name, Source: source, ARN: arn, FunctionARN: "arn:aws:lambda:x:1:function:f", Bucket: "failed", Function: f,
		Client: dynamodbstreams.NewFromConfig(c.config), Store: store, Checkpoints: checkpoints(t, ""), Now: c.clock.Now, Log: c.log,
		Watch: func() <-chan struct{} { return c.Dynamo().Watch(arn) },
		Tips:  func() map[string]string { return c.Dynamo().Tips()[arn] }}
	for _, text := range source.Filters {
		p, err := pattern.CompileFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		tb.stream.Filters = append(tb.stream.Filters, p)
	}
	return tb
}

func checkpoints(t *testing.T, path string) *Checkpoints {
	t.Helper()
	c, err := OpenCheckpoints(path, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Flush() })
	return c
}

// put writes items of one partition key, so that they lie in one shard in order.
func (tb *table) put(t *testing.T, values ...string) {
	t.Helper()
	for _, v := range values {
		_, err := tb.client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: &tb.name,
			Item: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "one"}, "v": &types.AttributeValueMemberS{Value: v}}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (tb *table) atTip() bool {
	for _, p := range tb.stream.Positions() {
		if !p.CaughtUp {
			return false
		}
	}
	return true
}

// values lists the attribute v of the records of each batch.
func (f *function) values() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out [][]string
	for _, b := range f.batches {
		out = append(out, b.values())
	}
	return out
}

func (b batch) values() []string {
	var out []string
	for _, r := range b.Records {
		v, _ := r.Change.NewImage["v"]["S"].(string)
		out = append(out, v)
	}
	return out
}

func sum(batches [][]string) string {
	var out []string
	for _, b := range batches {
		out = append(out, strings.Join(b, ""))
	}
	return strings.Join(out, " ")
}

// objects reads the dropped batches in the bucket.
func (tb *table) objects(t *testing.T) (keys []string, records []map[string]any) {
	t.Helper()
	list, err := tb.stream.Store.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("failed")})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		out, err := tb.stream.Store.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("failed"), Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(out.Body)
		if err != nil {
			t.Fatal(err)
		}
		var rec map[string]any
		if err := json.Unmarshal(body, &rec); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		keys, records = append(keys, *o.Key), append(records, rec)
	}
	return keys, records
}
