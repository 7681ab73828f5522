package provision

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"omnihub/internal/devserver/loopback"
	"omnihub/internal/devserver/template"
	"omnihub/internal/localaws"
)

func clients(t *testing.T) Clients {
	t.Helper()
	server, err := localaws.Open(localaws.Config{Region: "ap-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	cfg := aws.Config{Region: "ap-east-1", BaseEndpoint: aws.String("http://aws.local"), HTTPClient: loopback.Client{Handler: server},
		Credentials: credentials.NewStaticCredentialsProvider("devserver", "local", "")}
	return Clients{DynamoDB: dynamodb.NewFromConfig(cfg), SQS: sqs.NewFromConfig(cfg), S3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		KMS: kms.NewFromConfig(cfg), Events: eventbridge.NewFromConfig(cfg)}
}

func model(t *testing.T) *template.Model {
	t.Helper()
	d, err := template.Read("../testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Resolve(template.Options{Stack: "hub", Region: "ap-east-1", Account: "000000000000", AWSURL: "http://aws.local"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func apply(t *testing.T, c Clients, m *template.Model) map[string]string {
	t.Helper()
	known, err := Apply(context.Background(), c, m)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func describe(t *testing.T, c Clients) *dynamodb.DescribeTableOutput {
	t.Helper()
	out, err := c.DynamoDB.DescribeTable(context.Background(), &dynamodb.DescribeTableInput{TableName: aws.String("hub-Items")})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApplyMakesEverythingOnce(t *testing.T) {
	c, m := clients(t), model(t)
	first := apply(t, c, m)
	if !strings.Contains(first["Items.StreamArn"], ":table/hub-Items/stream/") || first["Jobs"] != "http://aws.local/000000000000/hub-jobs.fifo" {
		t.Errorf("known: got %v", first)
	}
	second := apply(t, c, m)
	for name, v := range first {
		if second[name] != v {
			t.Errorf("%s after a repetition: got %s, want %s", name, second[name], v)
		}
	}
	table := describe(t, c).Table
	if len(table.GlobalSecondaryIndexes) != 1 || *table.GlobalSecondaryIndexes[0].IndexName != "due" {
		t.Errorf("indexes: got %v", table.GlobalSecondaryIndexes)
	}
	ttl, err := c.DynamoDB.DescribeTimeToLive(context.Background(), &dynamodb.DescribeTimeToLiveInput{TableName: aws.String("hub-Items")})
	if err != nil || aws.ToString(ttl.TimeToLiveDescription.AttributeName) != "ttl" {
		t.Errorf("TTL: got %v, %v, want ttl", ttl, err)
	}
}

func TestApplyChangesWhatAWSCouldChange(t *testing.T) {
	c, m := clients(t), model(t)
	before := apply(t, c, m)

	m.Tables[0].Indexes = []template.Index{{Name: "other", Keys: []template.Key{{Name: "due", Type: "HASH"}}, Projection: "ALL"}}
	m.Tables[0].TTL = "expires"
	m.Tables[0].StreamView = "NEW_IMAGE"
	jobs := m.Queue("Jobs")
	jobs.Attributes["VisibilityTimeout"] = "60"
	jobs.DeadLetter = ""
	after := apply(t, c, m)

	table := describe(t, c).Table
	if len(table.GlobalSecondaryIndexes) != 1 || *table.GlobalSecondaryIndexes[0].IndexName != "other" || table.StreamSpecification.StreamViewType != "NEW_IMAGE" {
		t.Errorf("table: got %v, %v", table.GlobalSecondaryIndexes, table.StreamSpecification)
	}
	if before["Items.StreamArn"] == after["Items.StreamArn"] {
		t.Error("stream of another view type: got the same stream, want a new one")
	}
	url := after["Jobs"]
	got, err := c.SQS.GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Attributes["VisibilityTimeout"] != "60" || got.Attributes["RedrivePolicy"] != "" {
		t.Errorf("queue: got %v", got.Attributes)
	}
}

func TestApplyFindsItsKeyAgain(t *testing.T) {
	c, m := clients(t), model(t)
	first := apply(t, c, m)
	if first["Key"] == "" || first["Key.Arn"] != "arn:aws:kms:ap-east-1:000000000000:key/"+first["Key"] {
		t.Fatalf("known: got %v, want the key's id and ARN", first)
	}
	again := apply(t, c, m)
	if again["Key"] != first["Key"] {
		t.Errorf("after a repetition: got key %s, want %s", again["Key"], first["Key"])
	}
	named, err := c.KMS.DescribeKey(context.Background(), &kms.DescribeKeyInput{KeyId: aws.String("alias/hub-echo")})
	if err != nil || *named.KeyMetadata.KeyId != first["Key"] {
		t.Errorf("the template's alias: got %v, %v", named, err)
	}
	m.WrappingKeys[0].Alias = "alias/another"
	if _, err := Apply(context.Background(), c, m); !errors.Is(err, ErrRemade) || !strings.Contains(err.Error(), "alias/hub-echo") {
		t.Errorf("alias of another key: got %v, want an error that names it", err)
	}
}

func TestApplyRefusesAnotherKey(t *testing.T) {
	c, m := clients(t), model(t)
	apply(t, c, m)
	m.Tables[0].Attributes[0].Type = "N"
	_, err := Apply(context.Background(), c, m)
	if !errors.Is(err, ErrRemade) || !strings.Contains(err.Error(), "hub-Items") || !strings.Contains(err.Error(), "remove the state folder") {
		t.Errorf("got %v, want an error that names the table and says what to do", err)
	}
}
