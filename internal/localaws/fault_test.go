package localaws_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/localaws/fault"
)

// rule is a rule that strikes one time.
func rule(service, operation, name string) string {
	return fmt.Sprintf(`{"service":%q,"operation":%q,"fault":%q,"rate":1,"count":1}`, service, operation, name)
}

// TestFaultsLookAsTheServicesOwn holds each refusal to what the SDK makes of it: the
// code and status that a caller sees, and whether the SDK's standard retries get over
// it.
func TestFaultsLookAsTheServicesOwn(t *testing.T) {
	c := open(t, "")
	put := func(c clients) error { return c.put("a") }
	transact := func(c clients) error { return c.transact("a", "b", "c") }
	query := func(c clients) error {
		_, err := c.dynamo.Query(ctx, &dynamodb.QueryInput{TableName: aws.String("Messages"), KeyConditionExpression: aws.String("pk = :p"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":p": text("a")}})
		return err
	}
	list := func(c clients) error {
		_, err := c.streams.ListStreams(ctx, &dynamodbstreams.ListStreamsInput{})
		return err
	}
	send := func(queue string) func(clients) error {
		return func(c clients) error { return c.send(queue, "x") }
	}
	publish := func(c clients) error { return c.publish("x") }
	dataKey := func(cl clients) error { return cl.dataKey(c.key) }
	store := func(c clients) error { return c.store("a/b") }
	throttles := "ThrottlingException|ProvisionedThroughputExceededException"
	for _, test := range []struct {
		service, operation, fault string
		call                      func(clients) error
		code                      string // or one of several
		status                    int
		retried                   bool
	}{
		{"dynamodb", "PutItem", fault.Throttle, put, throttles, 400, true},
		{"dynamodb", "Query", fault.Throttle, query, throttles, 400, true},
		{"dynamodb", "PutItem", fault.Conflict, put, "TransactionConflictException", 400, false},
		{"dynamodb", "TransactWriteItems", fault.Conflict, transact, "TransactionCanceledException", 400, false},
		{"dynamodb", "PutItem", fault.Internal, put, "InternalServerError", 500, true},
		{"dynamodb", "PutItem", fault.Down, put, "ServiceUnavailable", 503, true},
		{"dynamodb", "PutItem", fault.Lose, put, "gone", 0, true},
		{"dynamodb", "PutItem", fault.Drop, put, "gone", 0, true},
		{"streams", "ListStreams", fault.Throttle, list, "ThrottlingException", 400, true},
		{"streams", "ListStreams", fault.Internal, list, "InternalServerError", 500, true},
		{"sqs", "SendMessage", fault.Throttle, send(c.queue), "RequestThrottled", 403, true},
		{"sqs", "SendMessage", fault.Internal, send(c.queue), "InternalFailure", 500, true},
		{"sqs", "SendMessage", fault.Down, send(c.queue), "ServiceUnavailable", 503, true},
		{"sqs", "SendMessage", fault.Lose, send(c.fifo), "gone", 0, true},
		{"events", "PutEvents", fault.Throttle, publish, "ThrottlingException", 400, true},
		{"events", "PutEvents", fault.Internal, publish, "InternalException", 500, true},
		{"events", "PutEvents", fault.Drop, publish, "gone", 0, true},
		{"kms", "GenerateDataKey", fault.Throttle, dataKey, "ThrottlingException", 400, true},
		{"kms", "GenerateDataKey", fault.Internal, dataKey, "KMSInternalException", 500, true},
		{"s3", "PutObject", fault.Throttle, store, "SlowDown", 503, true},
		{"s3", "PutObject", fault.Internal, store, "InternalError", 500, true},
		{"s3", "PutObject", fault.Down, store, "ServiceUnavailable", 503, true},
		{"s3", "PutObject", fault.Drop, store, "gone", 0, true},
	} {
		name := test.service + " " + test.operation + " " + test.fault
		c.faults(t, rule(test.service, test.operation, test.fault))
		err := test.call(c.inbound)
		if got := code(err); !slices.Contains(strings.Split(test.code, "|"), got) || status(err) != test.status {
			t.Errorf("%s: got %s with the status %d (%v), want %s with %d", name, got, status(err), err, test.code, test.status)
		}
		if err := test.call(c.inbound); err != nil {
			t.Errorf("%s: got %v after the only strike", name, err)
		}
		c.faults(t, rule(test.service, test.operation, test.fault))
		before := c.calls()
		err = test.call(c.persistent)
		if attempts := c.calls() - before; (err == nil) != test.retried || test.retried && attempts != 2 || !test.retried && attempts != 1 {
			t.Errorf("%s: the SDK made %d attempts and ended with %v, want retried: %v", name, attempts, err, test.retried)
		}
	}
}

func TestThrottledTransactionsAreCancelledOrRefused(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"service":"dynamodb","fault":"throttle","rate":1}`)
	seen := map[string]int{}
	for i := range 40 {
		err := c.inbound.transact("t1", fmt.Sprint("t2", i))
		seen[code(err)]++
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			continue
		}
		if len(cancelled.CancellationReasons) != 2 {
			t.Fatalf("got %d reasons, want one for each of 2 items", len(cancelled.CancellationReasons))
		}
		for _, r := range cancelled.CancellationReasons {
			if *r.Code == "ThrottlingError" {
				seen["reason"]++
			} else if *r.Code != "None" {
				t.Errorf("got the reason %s", *r.Code)
			}
		}
	}
	if seen["TransactionCanceledException"] == 0 || seen["reason"] != seen["TransactionCanceledException"] || seen["ThrottlingException"] == 0 || seen["ProvisionedThroughputExceededException"] == 0 {
		t.Errorf("got %v, want all three errors, and one reason in each cancellation", seen)
	}
	var refused *types.ThrottlingException
	for i := 0; !errors.As(c.inbound.put(fmt.Sprint(i)), &refused) && i < 100; i++ {
	}
	if refused == nil || len(refused.ThrottlingReasons) != 1 || *refused.ThrottlingReasons[0].Reason != "TableWriteKeyRangeThroughputExceeded" ||
		*refused.ThrottlingReasons[0].Resource != "arn:aws:dynamodb:us-east-1:000000000000:table/Messages" {
		t.Errorf("got %+v, want the reason and the table", refused)
	}
	c.calm(t)
	if c.inbound.has(t, "t1") || c.inbound.has(t, "0") {
		t.Error("a throttled write was done")
	}
}

func TestLostCallsDoNothingAndDroppedOnesDoAll(t *testing.T) {
	for _, name := range []string{fault.Lose, fault.Drop} {
		dir := t.TempDir()
		c := open(t, dir)
		c.faults(t, `{"fault":"`+name+`","rate":1}`)
		for operation, err := range map[string]error{"put": c.inbound.put("a"), "transact": c.inbound.transact("b", "c"), "send": c.inbound.send(c.queue, "sent"),
			"publish": c.inbound.publish("published"), "store": c.inbound.store("object")} {
			if code(err) != "gone" {
				t.Errorf("%s %s: got %v, want no answer", name, operation, err)
			}
		}
		want := name == fault.Drop
		// What a copy of the file shows was on disk when the connection ended.
		kept := t.TempDir()
		file, err := os.ReadFile(filepath.Join(dir, "aws.db"))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(kept, "aws.db"), file, 0o600))
		c.shut()
		c = serve(t, kept)
		for _, pk := range []string{"a", "b", "c"} {
			if got := c.inbound.has(t, pk); got != want {
				t.Errorf("%s: got item %s there: %v, want %v", name, pk, got, want)
			}
		}
		messages := 0
		if want {
			messages = 2 // one sent, one by the bus
		}
		if got := c.SQS().Counts()["plain"].Visible; got != messages {
			t.Errorf("%s: got %d messages, want %d", name, got, messages)
		}
		res, err := http.Get(c.url + "/failures/object")
		must(t, err)
		res.Body.Close()
		if got := res.StatusCode == http.StatusOK; got != want {
			t.Errorf("%s: got the object there: %v, want %v", name, got, want)
		}
		c.shut()
	}
}

// TestRetriesOfADroppedCallMeetItsEffect shows what correct code must bear: the
// SDK's own retry of a conditional put is refused by its first try, and that of a
// transaction is known by its token.
func TestRetriesOfADroppedCallMeetItsEffect(t *testing.T) {
	c := open(t, "")
	c.faults(t, rule("dynamodb", "*", fault.Drop))
	if err := c.persistent.putNew("a"); code(err) != "ConditionalCheckFailedException" {
		t.Errorf("got %v, want ConditionalCheckFailedException", err)
	}
	c.faults(t, rule("dynamodb", "*", fault.Drop))
	must(t, c.persistent.transact("n"))
	c.calm(t)
	out, err := c.inbound.dynamo.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("Messages"), Key: keyed("n")})
	must(t, err)
	if n, ok := out.Item["n"].(*types.AttributeValueMemberN); !ok || n.Value != "1" {
		t.Errorf("got the counter %v, want 1", out.Item["n"])
	}
}

func TestAnOutageLastsAsLongAsItsPlan(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"fault":"down"}`)
	for range 3 {
		for name, err := range map[string]error{"put": c.inbound.put("a"), "send": c.inbound.send(c.queue, "x"), "publish": c.inbound.publish("x"),
			"key": c.inbound.dataKey(c.key), "store": c.inbound.store("a")} {
			if code(err) != "ServiceUnavailable" || status(err) != 503 {
				t.Errorf("%s: got %v, want 503 ServiceUnavailable", name, err)
			}
		}
	}
	if err := c.persistent.put("a"); code(err) != "ServiceUnavailable" {
		t.Errorf("got %v with retries, want ServiceUnavailable", err)
	}
	must(t, c.devserver.put("b"))
	c.calm(t)
	must(t, c.inbound.put("a"))
}

func TestPollersAreStruckOnlyByName(t *testing.T) {
	c := open(t, "")
	receive := func(by clients) error {
		_, err := by.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &c.queue, WaitTimeSeconds: 0})
		return err
	}
	c.faults(t, `{"service":"sqs","fault":"throttle","rate":1}`)
	must(t, receive(c.devserver))
	if err := receive(c.inbound); code(err) != "RequestThrottled" {
		t.Errorf("got %v for a function, want RequestThrottled", err)
	}
	c.faults(t, `{"service":"sqs","caller":"devserver","fault":"throttle","rate":1}`)
	must(t, receive(c.inbound))
	if err := receive(c.devserver); code(err) != "RequestThrottled" {
		t.Errorf("got %v for the poller by name, want RequestThrottled", err)
	}
}

func TestSlowCallsBeginLater(t *testing.T) {
	c := open(t, "")
	c.faults(t, `{"service":"dynamodb","fault":"slow","rate":1,"count":1,"ms":60}`)
	began := time.Now()
	must(t, c.inbound.put("a"))
	if took := time.Since(began); took < 60*time.Millisecond {
		t.Errorf("took %v, want 60ms at least", took)
	}
}

func TestPlansAreSetAndReadOverHTTP(t *testing.T) {
	c := open(t, "")
	call := func(method, body string) (int, string) {
		req, err := http.NewRequest(method, c.url+"/_localaws/faults", strings.NewReader(body))
		must(t, err)
		res, err := http.DefaultClient.Do(req)
		must(t, err)
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		must(t, err)
		return res.StatusCode, string(text)
	}
	if status, text := call("GET", ""); status != 200 || text != "null\n" {
		t.Errorf("got %d %s, want null", status, text)
	}
	if status, text := call("POST", `{"seed":5,"rules":[{"service":"dynamodb","operation":"PutItem","caller":"inbound","resource":"Messages","fault":"throttle","rate":1,"count":1,"ms":0}]}`); status != 200 {
		t.Fatalf("got %d %s", status, text)
	}
	c.inbound.put("a")
	must(t, c.inbound.put("a"))
	_, text := call("GET", "")
	var got fault.Report
	must(t, json.Unmarshal([]byte(text), &got))
	if want := (fault.Count{Rule: fault.Rule{Service: "dynamodb", Operation: "PutItem", Caller: "inbound", Resource: "Messages", Fault: "throttle", Rate: 1, Count: 1}, Asked: 2, Struck: 1}); got.Seed != 5 || len(got.Rules) != 1 || got.Rules[0] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{`{"seed":5,"rules":[{"fault":"throttle","rate":1,"tabel":"x"}]}`, `{"rules":[{"operation":"PutItme","fault":"drop","rate":1}]}`} {
		if status, text := call("POST", bad); status != 400 || !strings.Contains(text, "rule 1: ") || !strings.Contains(text, "tabel") && !strings.Contains(text, "PutItme") {
			t.Errorf("got %d %s, want 400 that names what is wrong", status, text)
		}
	}
	if c.Faults().Seed != 5 {
		t.Error("a refused plan took the place of the one in force")
	}
	if status, text := call("POST", "null"); status != 200 || text != "null\n" || c.Faults() != nil {
		t.Errorf("got %d %s, want no faults", status, text)
	}
}

func TestPlansChangeWhileCallsRun(t *testing.T) {
	c := open(t, "")
	var callers sync.WaitGroup
	done := make(chan struct{})
	for w := range 4 {
		callers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				pk := fmt.Sprint(w, " ", i)
				if code := code(c.inbound.put(pk)); code != "" && code != "gone" && code != "InternalServerError" {
					t.Errorf("got %s", code)
				}
				if _, err := c.inbound.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &c.queue}); code(err) != "" && code(err) != "gone" && code(err) != "InternalFailure" {
					t.Error(err)
				}
			}
		})
	}
	for i := range 60 {
		c.faults(t, `{"fault":"drop","rate":0.2}`, `{"fault":"lose","rate":0.2}`, `{"fault":"internal","rate":0.2}`, `{"fault":"slow","rate":0.1,"ms":1}`, `{"fault":"early","rate":0.5}`)
		if i%2 == 0 {
			c.calm(t)
		}
		c.Faults()
	}
	close(done)
	callers.Wait()
}
