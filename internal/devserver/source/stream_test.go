package source

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

func TestRecordsTravelAsLambdaWritesThem(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{})
	_, err := tb.client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("items"), Item: map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "one"}, "n": &types.AttributeValueMemberN{Value: "3"}, "ok": &types.AttributeValueMemberBOOL{Value: true},
		"x": &types.AttributeValueMemberNULL{Value: true}, "b": &types.AttributeValueMemberB{Value: []byte{0, 1, 42, 65}},
		"ss": &types.AttributeValueMemberSS{Value: []string{"a"}}, "ns": &types.AttributeValueMemberNS{Value: []string{"1"}}, "bs": &types.AttributeValueMemberBS{Value: [][]byte{{0}}},
		"l": &types.AttributeValueMemberL{Value: []types.AttributeValue{&types.AttributeValueMemberS{Value: "q"}}},
		"m": &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"k": &types.AttributeValueMemberS{Value: "v"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, tb.stream)
	eventually(t, "delivered", func() bool { return f.count() == 1 })
	got := f.payloads[0]
	for _, want := range []string{`"eventName":"INSERT"`, `"eventSource":"aws:dynamodb"`, `"eventVersion":"1.1"`, `"awsRegion":"ap-east-1"`, `"eventSourceARN":"` + tb.stream.ARN + `"`,
		`"Keys":{"pk":{"S":"one"}}`, `"StreamViewType":"NEW_AND_OLD_IMAGES"`, `"n":{"N":"3"}`, `"ok":{"BOOL":true}`, `"x":{"NULL":true}`, `"b":{"B":"AAEqQQ=="}`,
		`"ss":{"SS":["a"]}`, `"ns":{"NS":["1"]}`, `"bs":{"BS":["AA=="]}`, `"l":{"L":[{"S":"q"}]}`, `"m":{"M":{"k":{"S":"v"}}}`, `"SizeBytes":`, `"SequenceNumber":"`, `"eventID":"`} {
		if !strings.Contains(got, want) {
			t.Errorf("event: got %s, want %s in it", got, want)
		}
	}
	if strings.Contains(got, "OldImage") {
		t.Errorf("event of an insert: got an OldImage: %s", got)
	}
}

func TestFilteredRecordsArePassedOver(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Filters: []string{`{"dynamodb":{"NewImage":{"v":{"S":[{"prefix":"x"}]}}}}`, `{"dynamodb":{"NewImage":{"v":{"S":["z"]}}}}`}})
	run(t, tb.stream)
	tb.put(t, "a", "x1", "b", "z", "c")
	eventually(t, "read to the tip", func() bool { return tb.atTip() && f.count() > 0 })
	if got := strings.ReplaceAll(sum(f.values()), " ", ""); got != "x1z" {
		t.Errorf("delivered: got %s, want x1z", got)
	}
	tb.put(t, "d")
	eventually(t, "read to the tip again", tb.atTip)
}

func TestBatchesKeepTheirSizeAndOrder(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Batch: 2})
	tb.put(t, "a", "b", "c", "d", "e")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got := sum(f.values()); got != "ab cd e" {
		t.Errorf("batches: got %s, want ab cd e", got)
	}
}

func TestLowestNamedRecordIsTheCheckpoint(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	first := true
	f.answer = func(b batch) lambda.Result {
		if first {
			first = false
			return items(b.Records[3].Change.SequenceNumber, b.Records[1].Change.SequenceNumber)
		}
		return lambda.Result{Payload: []byte(`{"batchItemFailures":[]}`)}
	}
	tb := c.table(t, f, template.StreamSource{Partial: true, Retries: 0})
	tb.put(t, "a", "b", "c", "d", "e")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got := sum(f.values()); got != "abcde bcde" {
		t.Errorf("batches: got %s, want abcde bcde", got)
	}
}

// poison fails every batch with the record p.
func poison(b batch) lambda.Result {
	if slices.Contains(b.values(), "p") {
		return failed()
	}
	return lambda.Result{Payload: []byte("null")}
}

func TestBisectionIsolatesAPoisonRecordAndKeepsIt(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: poison}
	tb := c.table(t, f, template.StreamSource{Bisect: true, Retries: 1, OnFailure: "Failed"})
	tb.put(t, "a", "b", "p", "c", "d", "e")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got, want := sum(f.values()), "abpcde abp a bp b p p cde"; got != want {
		t.Errorf("batches: got %s, want %s", got, want)
	}
	keys, records := tb.objects(t)
	if len(keys) != 1 {
		t.Fatalf("kept batches: got %v, want one", keys)
	}
	parts := strings.Split(keys[0], "/")
	if len(parts) != 8 || parts[0] != "aws" || parts[1] != "lambda" || len(parts[2]) != 36 || !strings.HasPrefix(parts[3], "shardId-") || parts[4] != time.Now().UTC().Format("2006") {
		t.Errorf("key: got %s", keys[0])
	}
	rec := records[0]
	request := rec["requestContext"].(map[string]any)
	info := rec["DDBStreamBatchInfo"].(map[string]any)
	if request["condition"] != "RetryAttemptsExhausted" || request["approximateInvokeCount"] != 2.0 || request["functionArn"] != tb.stream.FunctionARN || rec["version"] != "1.0" {
		t.Errorf("record: got %v", rec)
	}
	if info["batchSize"] != 1.0 || info["startSequenceNumber"] != info["endSequenceNumber"] || info["streamArn"] != tb.stream.ARN {
		t.Errorf("batch info: got %v", info)
	}
	var kept batch
	if err := json.Unmarshal([]byte(rec["payload"].(string)), &kept); err != nil || !slices.Equal(kept.values(), []string{"p"}) {
		t.Errorf("payload: got %v, %v, want the poison record", kept.values(), err)
	}
}

func TestBatchIsDroppedWholeWithoutBisection(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: poison}
	tb := c.table(t, f, template.StreamSource{Retries: 2, OnFailure: "Failed"})
	tb.put(t, "a", "p")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got := sum(f.values()); got != "ap ap ap" {
		t.Errorf("batches: got %s, want three tries", got)
	}
	if _, records := tb.objects(t); len(records) != 1 || records[0]["DDBStreamBatchInfo"].(map[string]any)["batchSize"] != 2.0 {
		t.Errorf("kept: got %v, want one batch of 2", records)
	}
}

func TestRecordsTooOldAreDroppedByTheHubsClock(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: func(batch) lambda.Result { return failed() }}
	tb := c.table(t, f, template.StreamSource{Retries: -1, MaxAge: time.Hour, OnFailure: "Failed"})
	tb.put(t, "a")
	run(t, tb.stream)
	eventually(t, "tried", func() bool { return f.count() >= 2 })
	if keys, _ := tb.objects(t); len(keys) != 0 || tb.atTip() {
		t.Errorf("a young record: got %v kept, want it tried again", keys)
	}
	c.clock.Advance(61 * time.Minute)
	eventually(t, "read to the tip", tb.atTip)
	if _, records := tb.objects(t); len(records) != 1 || records[0]["requestContext"].(map[string]any)["condition"] != "RecordAgeExceeded" {
		t.Errorf("kept: got %v, want one batch too old", records)
	}
}

func TestEventTheFunctionNeverSawCountsAsNoAttempt(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tries := 0
	f.answer = func(batch) lambda.Result {
		if tries++; tries < 4 {
			return lambda.Result{Failure: &lambda.Failure{Kind: lambda.NotReady}}
		}
		return lambda.Result{Payload: []byte("null")}
	}
	tb := c.table(t, f, template.StreamSource{Retries: 0, OnFailure: "Failed"})
	tb.put(t, "a")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if keys, _ := tb.objects(t); len(keys) != 0 || f.count() != 4 {
		t.Errorf("got %d deliveries and %v kept, want 4 and none", f.count(), keys)
	}
}

func TestReaderGoesOnWhereItStood(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{})
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	tb.stream.Checkpoints = checkpoints(t, path)
	tb.put(t, "a", "b")
	stop := run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	stop()
	if err := tb.stream.Checkpoints.Flush(); err != nil {
		t.Fatal(err)
	}
	tb.put(t, "c")
	before := f.count()
	again := &Stream{Name: tb.stream.Name, Mapping: tb.stream.Mapping, Source: tb.stream.Source, ARN: tb.stream.ARN, Function: f, Client: tb.stream.Client, Store: tb.stream.Store,
		Checkpoints: checkpoints(t, path), Now: c.clock.Now, Log: c.log}
	run(t, again) // without Watch and Tips, as against another process
	eventually(t, "delivered", func() bool { return f.count() > before })
	if got := sum(f.values()[before:]); got != "c" {
		t.Errorf("after a restart: got %s, want c", got)
	}
	eventually(t, "caught up", func() bool { return again.Positions()[0].CaughtUp })
}

func TestLatestLeavesOldRecordsAlone(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Latest: true})
	tb.put(t, "a")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	tb.put(t, "b")
	eventually(t, "delivered", func() bool { return f.count() == 1 })
	if got := sum(f.values()); got != "b" {
		t.Errorf("delivered: got %s, want b", got)
	}
}

func TestBlockedReaderShowsItsAge(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: func(batch) lambda.Result { return failed() }}
	tb := c.table(t, f, template.StreamSource{Retries: -1})
	tb.put(t, "a")
	run(t, tb.stream)
	eventually(t, "tried", func() bool { return f.count() > 0 })
	c.clock.Advance(10 * time.Minute)
	oldest := time.Duration(0)
	for _, p := range tb.stream.Positions() {
		oldest = max(oldest, p.Age)
	}
	if oldest < 10*time.Minute || oldest > 11*time.Minute {
		t.Errorf("iterator age: got %s, want 10m", oldest)
	}
}

func TestSequenceNumbersCompareAsNumbers(t *testing.T) {
	cases := []struct {
		a, b string
		want bool
	}{{"10", "9", true}, {"9", "10", false}, {"9", "9", false}, {"1", "", true}, {"", "1", false}, {"", "", false},
		{"1405400000000002063282832", "1405400000000002063282831", true}}
	for _, c := range cases {
		if got := later(c.a, c.b); got != c.want {
			t.Errorf("later(%s, %s): got %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestManyPartitionsKeepTheirOwnOrder(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Batch: 3})
	for i := range 40 {
		_, err := tb.client.PutItem(context.Background(), &dynamodb.PutItemInput{TableName: aws.String("items"), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: fmt.Sprint(i % 7)}, "v": &types.AttributeValueMemberS{Value: fmt.Sprintf("%d:%02d", i%7, i)}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	last := map[string]string{}
	n := 0
	for _, b := range f.values() {
		for _, v := range b {
			n++
			key, at, _ := strings.Cut(v, ":")
			if at <= last[key] {
				t.Errorf("partition %s: %s came after %s", key, at, last[key])
			}
			last[key] = at
		}
	}
	if n != 40 {
		t.Errorf("records: got %d, want 40", n)
	}
}
