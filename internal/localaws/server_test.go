package localaws

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

// answer is what came back, body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func start(t *testing.T, cfg Config) (*Server, string) {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	t.Cleanup(func() {
		front.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, front.URL
}

func call(t *testing.T, method, url, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=inbound/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=00")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(text)}
}

// aws calls an operation of a JSON protocol.
func aws(t *testing.T, url, target, body string) answer {
	t.Helper()
	return call(t, "POST", url, body, "X-Amz-Target", target, "Content-Type", "application/x-amz-json-1.0")
}

func TestErrorsAreWrittenAsAWSWritesThem(t *testing.T) {
	_, url := start(t, Config{})
	queue := `{"QueueUrl":"http://x/000000000000/none"`
	for _, test := range []struct {
		target, body string
		status       int
		kind, query  string
	}{
		{"AmazonSQS.SendMessage", queue + `,"MessageBody":"x"}`, 400, "com.amazonaws.sqs#QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue;Sender"},
		{"AmazonSQS.SendMessage", queue + `,"MessageBody":5}`, 400, "com.amazon.coral.service#SerializationException", "SerializationException;Sender"},
		{"AmazonSQS.SendMessage", `{"QueueUrl":`, 400, "com.amazon.coral.service#SerializationException", "SerializationException;Sender"},
		{"AmazonSQS.SendMessage", queue + `,"MessageBody":"\ud800"}`, 400, "com.amazon.coral.service#SerializationException", "SerializationException;Sender"},
		{"AmazonSQS.SendMessage", `{"MessageBody":"x"}`, 400, "com.amazon.coral.service#MissingRequiredParameterException", "MissingParameter;Sender"},
		{"AmazonSQS.SendMessage", `{"QueueUrl":"http://x/1/none","MessageBody":"x"}`, 400, "com.amazonaws.sqs#InvalidAddress", "InvalidAddress;Sender"},
		{"AmazonSQS.ReceiveMessage", queue + `,"MaxNumberOfMessages":0}`, 400, "com.amazon.coral.service#InvalidParameterValueException", "InvalidParameterValue;Sender"},
		{"DynamoDB_20120810.DescribeTable", `{"TableName":"none"}`, 400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", ""},
		{"DynamoDB_20120810.DescribeTable", `{}`, 400, "com.amazon.coral.validate#ValidationException", ""},
	} {
		got := aws(t, url, test.target, test.body)
		var e struct {
			Type    string `json:"__type"`
			Message string `json:"message"`
		}
		if err := json.Unmarshal([]byte(got.body), &e); err != nil {
			t.Fatalf("%s %s: got body %q: %v", test.target, test.body, got.body, err)
		}
		if got.status != test.status || e.Type != test.kind || e.Message == "" {
			t.Errorf("%s %s: got %d %s %q, want %d %s and a message", test.target, test.body, got.status, e.Type, e.Message, test.status, test.kind)
		}
		if query := got.header.Get("X-Amzn-Query-Error"); query != test.query {
			t.Errorf("%s %s: got x-amzn-query-error %q, want %q", test.target, test.body, query, test.query)
		}
		if got.header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: got no request id, want one", test.target)
		}
		if has, want := got.header.Get("X-Amz-Crc32") != "", test.query == ""; has != want {
			t.Errorf("%s: got a CRC32 header: %v, want %v", test.target, has, want)
		}
	}
}

func TestWhatIsUnknownIsRefusedByName(t *testing.T) {
	_, url := start(t, Config{})
	for _, test := range []struct {
		got  answer
		name string
	}{
		{aws(t, url, "AWSGlue.GetJob", "{}"), "AWSGlue (operation GetJob)"},
		{aws(t, url, "AWSEvents.Fly", "{}"), "the EventBridge operation Fly"},
		{aws(t, url, "AWSEvents.PutEvents", `{"Entries":[],"EndpointId":"x"}`), "the member EndpointId of PutEvents"},
		{aws(t, url, "AWSEvents.PutRule", `{"Name":"r","Tags":[]}`), "the member Tags of PutRule"},
		{aws(t, url, "AmazonSQS.Fly", "{}"), "the SQS operation Fly"},
		{aws(t, url, "AmazonSQS.SendMessage", `{"Colour":"red"}`), "the member Colour of SendMessage"},
		{aws(t, url, "AmazonSQS.SendMessageBatch", `{"Entries":[{"Id":"a","Colour":"red"}]}`), "the member Colour of SendMessageBatch"},
		{call(t, "POST", url, "Action=SendMessage&Version=2012-11-05", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), "AWS CLI 1.29 or 2.13"},
		{call(t, "GET", url+"/2015-03-31/functions", ""), "the service sqs"},
		{call(t, "POST", url, "{}", "X-Amz-Target", "AmazonSQS.ListQueues", "Content-Type", "text/plain"), "text/plain"},
		{call(t, "POST", url, "{}", "X-Amz-Target", "AmazonSQS.ListQueues", "Content-Encoding", "gzip"), "gzip"},
	} {
		if test.got.status != http.StatusNotImplemented || !strings.Contains(test.got.body, test.name) || !strings.Contains(test.got.body, "AWS_ENDPOINT_URL") {
			t.Errorf("got %d %s, want 501 that names %q", test.got.status, test.got.body, test.name)
		}
	}
}

func TestBothJSONVersionsAreSpoken(t *testing.T) {
	_, url := start(t, Config{})
	for _, kind := range []string{"application/x-amz-json-1.0", "application/x-amz-json-1.1"} {
		got := call(t, "POST", url, "", "X-Amz-Target", "AmazonSQS.ListQueues", "Content-Type", kind)
		if got.status != 200 || got.header.Get("Content-Type") != kind || got.body != "{}" {
			t.Errorf("%s: got %d %s %q, want 200 in the same type", kind, got.status, got.header.Get("Content-Type"), got.body)
		}
	}
}

func TestTooLargeRequestIsRefused(t *testing.T) {
	_, url := start(t, Config{})
	got := aws(t, url, "AmazonSQS.ListQueues", strings.Repeat(" ", maxJSON+1))
	if got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d, want 413", got.status)
	}
}

func TestPermissionIsAskedPerCallerActionAndResource(t *testing.T) {
	var asked []string
	_, url := start(t, Config{Permit: func(caller, action, resource string) error {
		asked = append(asked, caller+" "+action+" "+resource)
		if action == "sqs:SendMessage" || action == "s3:GetObject" {
			return fmt.Errorf("%s may not %s", caller, action)
		}
		return nil
	}})
	if got := aws(t, url, "AmazonSQS.CreateQueue", `{"QueueName":"q"}`); got.status != 200 {
		t.Fatalf("got %d %s, want 200", got.status, got.body)
	}
	got := aws(t, url, "AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://x/000000000000/q","Entries":[{"Id":"a","MessageBody":"x"}]}`)
	if got.status != 403 || !strings.Contains(got.body, "inbound may not sqs:SendMessage") || got.header.Get("X-Amzn-Query-Error") != "AccessDenied;Sender" {
		t.Errorf("got %d %s, want a refusal", got.status, got.body)
	}
	s3 := "AWS4-HMAC-SHA256 Credential=relay/20260101/us-east-1/s3/aws4_request, x"
	got = call(t, "GET", url+"/bucket/a/b.json", "", "Authorization", s3)
	if got.status != 403 || !strings.Contains(got.body, "<Code>AccessDenied</Code>") {
		t.Errorf("got %d %s, want S3's refusal", got.status, got.body)
	}
	now := time.Now().UTC()
	got = call(t, "GET", url+"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=pre%2F"+now.Format("20060102")+"%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date="+
		now.Format("20060102T150405Z")+"&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature="+strings.Repeat("0", 64), "", "Authorization", "")
	if got.status != 200 {
		t.Errorf("got %d %s, want the buckets", got.status, got.body)
	}
	want := "inbound sqs:CreateQueue arn:aws:sqs:us-east-1:000000000000:q, inbound sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:q, " +
		"relay s3:GetObject arn:aws:s3:::bucket/a/b.json, pre s3:ListAllMyBuckets *"
	if all := strings.Join(asked, ", "); all != want {
		t.Errorf("got %s, want %s", all, want)
	}
}

func TestCountsNameCallerOperationAndResource(t *testing.T) {
	_, url := start(t, Config{})
	aws(t, url, "AmazonSQS.CreateQueue", `{"QueueName":"q"}`)
	for range 3 {
		aws(t, url, "AmazonSQS.SendMessage", `{"QueueUrl":"http://x/000000000000/q","MessageBody":"x"}`)
	}
	aws(t, url, "AmazonSQS.SendMessage", `{"QueueUrl":"http://x/000000000000/q"}`)
	read := func() (counts []wire.Count) {
		if err := json.Unmarshal([]byte(call(t, "GET", url+"/_localaws/counts", "").body), &counts); err != nil {
			t.Fatal(err)
		}
		return counts
	}
	want := wire.Count{Caller: "inbound", Service: "sqs", Operation: "SendMessage", Resource: "q", Calls: 4, Errors: 1}
	if got := read(); len(got) != 2 || got[1] != want {
		t.Errorf("got %+v, want %+v second", got, want)
	}
	if got := call(t, "POST", url+"/_localaws/counts/reset", ""); got.status != http.StatusNoContent {
		t.Errorf("got %d, want 204", got.status)
	}
	if got := read(); len(got) != 0 {
		t.Errorf("got %+v after the reset, want none", got)
	}
	if got := call(t, "GET", url+"/_localaws/health", ""); got.status != 200 {
		t.Errorf("health: got %d, want 200", got.status)
	}
	if got := call(t, "GET", url+"/_localaws/other", ""); got.status != 404 {
		t.Errorf("got %d for an unknown control, want 404", got.status)
	}
}

func TestPanicIsAnsweredAndTheServerGoesOn(t *testing.T) {
	s, url := start(t, Config{Permit: func(string, string, string) error { panic("in the policy") }})
	if got := aws(t, url, "AmazonSQS.ListQueues", ""); got.status != 500 || strings.Contains(got.body, "policy") {
		t.Errorf("got %d %s, want 500 that tells nothing", got.status, got.body)
	}
	if got := s.Meter().Counts(); len(got) != 1 || got[0].Errors != 1 {
		t.Errorf("got %+v, want one error counted", got)
	}
}

func TestClosedServerRefusesWrites(t *testing.T) {
	s, err := Open(Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	defer front.Close()
	aws(t, front.URL, "AmazonSQS.CreateQueue", `{"QueueName":"q"}`)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := aws(t, front.URL, "AmazonSQS.SendMessage", `{"QueueUrl":"http://x/000000000000/q","MessageBody":"x"}`); got.status != 500 {
		t.Errorf("got %d %s, want 500, since nothing can be kept any more", got.status, got.body)
	}
}

func TestStateSurvivesCloseAndOpen(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s)
	object := bytes.Repeat([]byte("x"), 1000)
	for _, c := range []struct{ method, path string }{{"PUT", "/bucket"}, {"PUT", "/bucket/a/b"}, {"PUT", "/bucket/c"}, {"DELETE", "/bucket/c"}} {
		if got := call(t, c.method, front.URL+c.path, string(object), "Authorization", ""); got.status >= 300 {
			t.Fatalf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
		}
	}
	front.Close()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, url := start(t, Config{Dir: dir})
	if got := call(t, "GET", url+"/bucket/a/b", "", "Authorization", ""); got.status != 200 || got.body != string(object) {
		t.Errorf("got %d with %d bytes, want the object", got.status, len(got.body))
	}
	if got := call(t, "GET", url+"/bucket/c", "", "Authorization", ""); got.status != 404 {
		t.Errorf("got %d for the deleted object, want 404", got.status)
	}
}

func TestFaultsOfQueues(t *testing.T) {
	var phase atomic.Value
	phase.Store("")
	_, url := start(t, Config{SQS: sqs.Config{
		Before: func(operation, caller string) error {
			if phase.Load() == "before" {
				return wire.Errorf("RequestThrottled", "%s by %s", operation, caller)
			}
			return nil
		},
		After: func(string, string) error {
			switch phase.Load() {
			case "after":
				return errors.New("the answer is lost")
			case "drop":
				return http.ErrAbortHandler
			}
			return nil
		},
		Partial: func(_, _ string, n int) int { return n - 1 },
	}})
	aws(t, url, "AmazonSQS.CreateQueue", `{"QueueName":"q"}`)
	send := func(in string) answer {
		phase.Store(in)
		got := aws(t, url, "AmazonSQS.SendMessage", `{"QueueUrl":"http://x/000000000000/q","MessageBody":"`+in+`"}`)
		phase.Store("")
		return got
	}
	if got := send("before"); got.status != 400 || !strings.Contains(got.body, "SendMessage by inbound") {
		t.Errorf("before: got %d %s, want the fault", got.status, got.body)
	}
	if got := send("after"); got.status != 500 {
		t.Errorf("after: got %d %s, want 500", got.status, got.body)
	}
	phase.Store("drop")
	req, _ := http.NewRequest("POST", url, strings.NewReader(`{"QueueUrl":"http://x/000000000000/q","MessageBody":"dropped"}`))
	req.Header.Set("X-Amz-Target", "AmazonSQS.SendMessage")
	if res, err := http.DefaultClient.Do(req); err == nil {
		res.Body.Close()
		t.Errorf("drop: got an answer %d, want none", res.StatusCode)
	}
	phase.Store("")
	got := aws(t, url, "AmazonSQS.ReceiveMessage", `{"QueueUrl":"http://x/000000000000/q","MaxNumberOfMessages":10}`)
	if strings.Contains(got.body, `"before"`) || !strings.Contains(got.body, `"after"`) || !strings.Contains(got.body, `"dropped"`) {
		t.Errorf("got %s, want only the messages whose answers were lost", got.body)
	}
	got = aws(t, url, "AmazonSQS.SendMessageBatch", `{"QueueUrl":"http://x/000000000000/q","Entries":[{"Id":"a","MessageBody":"x"},{"Id":"b","MessageBody":"y"}]}`)
	if want := `"Failed":[{"Id":"b","SenderFault":false,"Code":"InternalError"`; !strings.Contains(got.body, want) || !strings.Contains(got.body, `"Id":"a"`) {
		t.Errorf("got %s, want a served and %s", got.body, want)
	}
}
