package canary

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/stack"
)

func config(s *stack.Stack) aws.Config {
	return aws.Config{Region: "ap-east-1", BaseEndpoint: &s.AWS, Credentials: credentials.NewStaticCredentialsProvider("canary", "test", "")}
}

// value is one attribute of an item, or a member of one.
type value struct {
	table, path string // path: the attributes' names from the item down
	item        string // its partition key
	bytes       []byte
}

// key reports whether the value stands in a key of the table or of its index.
func (v value) key() bool {
	switch v.path {
	case "PK", "SK", "gpk", "gsk":
		return true
	}
	return false
}

// audit reports whether the value stands in an entry of the audit.
func (v value) audit() bool { return strings.Contains(v.item, "#AUD#") }

// values are all that all tables hold.
func values(ctx context.Context, t *testing.T, s *stack.Stack) []value {
	t.Helper()
	db := dynamodb.NewFromConfig(config(s))
	tables, err := db.ListTables(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []value
	for _, table := range tables.TableNames {
		pages := dynamodb.NewScanPaginator(db, &dynamodb.ScanInput{TableName: &table})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, it := range page.Items {
				began := len(out)
				flatten(table, "", &types.AttributeValueMemberM{Value: it}, &out)
				for i := range out[began:] {
					if pk, ok := it["PK"].(*types.AttributeValueMemberS); ok {
						out[began+i].item = pk.Value
					}
				}
			}
		}
	}
	return out
}

func flatten(table, path string, v types.AttributeValue, out *[]value) {
	add := func(b []byte) { *out = append(*out, value{table: table, path: path, bytes: b}) }
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		add([]byte(v.Value))
	case *types.AttributeValueMemberN:
		add([]byte(v.Value))
	case *types.AttributeValueMemberB:
		add(plain(v.Value))
	case *types.AttributeValueMemberSS:
		add([]byte(strings.Join(v.Value, "\n")))
	case *types.AttributeValueMemberNS:
		add([]byte(strings.Join(v.Value, "\n")))
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			add(plain(b))
		}
	case *types.AttributeValueMemberL:
		for _, e := range v.Value {
			flatten(table, path+"[]", e, out)
		}
	case *types.AttributeValueMemberM:
		for name, e := range v.Value {
			below := name
			if path != "" {
				below = path + "." + name
			}
			*out = append(*out, value{table: table, path: below, bytes: []byte(name)}) // a map's names are content
			flatten(table, below, e, out)
		}
	}
}

// letters are the bodies that lie in the queues, by the queues' names.
func letters(ctx context.Context, t *testing.T, s *stack.Stack) map[string][]string {
	t.Helper()
	client := sqs.NewFromConfig(config(s))
	queues, err := client.ListQueues(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, address := range queues.QueueUrls {
		name := address[strings.LastIndex(address, "/")+1:]
		out[name] = nil
		for {
			got, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &address, MaxNumberOfMessages: 10, VisibilityTimeout: 600})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Messages) == 0 {
				break
			}
			for _, m := range got.Messages {
				out[name] = append(out[name], aws.ToString(m.Body))
				// A FIFO queue gives nothing more of the group before this one is gone.
				if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &address, ReceiptHandle: m.ReceiptHandle}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return out
}

// objects are all that lies in the buckets, by bucket and key.
func objects(ctx context.Context, t *testing.T, s *stack.Stack) map[string][]byte {
	t.Helper()
	client := s3.NewFromConfig(config(s), func(o *s3.Options) { o.UsePathStyle = true })
	buckets, err := client.ListBuckets(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, b := range buckets.Buckets {
		pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: b.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Contents {
				got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: b.Name, Key: o.Key})
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(got.Body)
				if err != nil {
					t.Fatal(err)
				}
				out[*b.Name+"/"+*o.Key] = body
			}
		}
	}
	return out
}

// environments are the environments and command lines of the functions' processes,
// as the system shows them to others of the same user, by program and process.
func environments(t *testing.T, s *stack.Stack) map[string][]byte {
	t.Helper()
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		_, rest, ok := strings.Cut(string(stat), ") ") // after the name, which may hold anything
		fields := strings.Fields(rest)
		pid, numErr := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil || !ok || len(fields) < 2 || numErr != nil {
			continue // it ended meanwhile
		}
		parents[pid], _ = strconv.Atoi(fields[1])
	}
	out := map[string][]byte{}
	for pid, parent := range parents {
		if parent != s.PID {
			continue
		}
		environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		line, lineErr := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && lineErr == nil && len(environment) > 0 {
			out[fmt.Sprintf("%s %d", strings.TrimRight(string(line), "\x00"), pid)] = append(environment, line...)
		}
	}
	return out
}
