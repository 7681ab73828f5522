package dynamo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// rig is an engine with a clock that the test moves.
type rig struct {
	*Engine
	t   testing.TB
	now time.Time
}

func newRig(t testing.TB, store *disk.Store, changes ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	r.open(store, changes...)
	return r
}

func (r *rig) open(store *disk.Store, changes ...func(*Config)) {
	r.t.Helper()
	cfg := Config{Disk: store, Clock: func() time.Time { return r.now }, Region: "eu-west-1", Account: "123456789012"}
	for _, change := range changes {
		change(&cfg)
	}
	e, err := Open(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Engine = e
}

// call runs an operation and returns its answer as JSON.
func (r *rig) call(operation, body string) (string, error) {
	request := &wire.Request{Service: "dynamodb", Operation: operation, Caller: "tester", Body: []byte(body)}
	switch operation {
	case "ListStreams", "DescribeStream", "GetShardIterator", "GetRecords":
		request.Service = "streams"
	}
	out, err := r.Do(request)
	if err != nil {
		return "", err
	}
	if raw, ok := out.(wire.Raw); ok {
		if !json.Valid(raw) {
			r.t.Fatalf("%s: got %s, which is no JSON", operation, raw)
		}
		return string(raw), nil
	}
	text, err := json.Marshal(out)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text), nil
}

func (r *rig) callf(operation, format string, args ...any) (string, error) {
	return r.call(operation, fmt.Sprintf(format, args...))
}

func (r *rig) mustf(operation, format string, args ...any) string {
	r.t.Helper()
	return r.must(operation, fmt.Sprintf(format, args...))
}

func (r *rig) must(operation, body string) string {
	r.t.Helper()
	out, err := r.call(operation, body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", operation, body, err)
	}
	return out
}

// table makes a table with the string keys pk and sk; more are further members.
func (r *rig) table(name string, more ...string) {
	r.t.Helper()
	r.must("CreateTable", strings.Join(append([]string{`{"TableName":"` + name + `","BillingMode":"PAY_PER_REQUEST","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}]`}, more...), ",")+"}")
}

const plainKeys = `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"}]`

const withIndex = `"AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"S"},{"AttributeName":"g","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"}],
	"GlobalSecondaryIndexes":[{"IndexName":"byG","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}],"Projection":{"ProjectionType":"KEYS_ONLY"}}]`

const withStream = `"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_AND_OLD_IMAGES"}`

func (r *rig) put(table, pk, sk, more string) {
	r.t.Helper()
	if more != "" {
		more = "," + more
	}
	r.mustf("PutItem", `{"TableName":"%s","Item":{"pk":{"S":"%s"},"sk":{"S":"%s"}%s}}`, table, pk, sk, more)
}

func TestRequestsAreReadStrictly(t *testing.T) {
	r := newRig(t, nil)
	r.table("tab", plainKeys)
	for body, want := range map[string]string{
		`{"TableName":"tab","Item":{},"Foo":1}`:     "the member Foo of PutItem",
		`{"tableName":"tab"}`:                       "the member tableName of PutItem",
		`{"TableName":"tab","Expected":{}}`:         "the member Expected of PutItem",
		`{"TableName":5}`:                           "SerializationException",
		`{"TableName":"tab","Item":{"pk":{"S":"a"}`: "SerializationException",
		`{"TableName":"tab"} x`:                     "SerializationException",
		`[]`:                                        "SerializationException",
		``:                                          "Value null at 'tableName'",
		`{"TableName":"tab"}`:                       "Value null at 'item'",
		`{"TableName":"tab","Item":null}`:           "Value null at 'item'",
		`{"TableName":"tab","Item":{"pk":{"Q":""}}}`:                                                `the attribute type "Q"`,
		`{"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnConsumedCapacity":"ALL"}`: "enum value set: [NONE, TOTAL, INDEXES]",
		`{"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"ReturnValues":"SOME"}`:          "enum value set",
	} {
		_, err := r.call("PutItem", body)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", body, err, want)
		}
	}
	_, err := r.callf("TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"S":"b"}},"UpdateExpression":"SET a = b"}}]}`)
	if err == nil || !strings.Contains(err.Error(), "the member UpdateExpression of TransactWriteItems") {
		t.Errorf("got %v", err)
	}
	for _, operation := range []string{"RestoreTable", "ExecuteStatement", "GetRecords2"} {
		if _, err := r.callf(operation, "{}"); err == nil || !strings.Contains(err.Error(), operation) {
			t.Errorf("%s: got %v, want it named", operation, err)
		}
	}
}

func TestTablesMayBeNamedByARN(t *testing.T) {
	r := newRig(t, nil)
	r.table("tab", plainKeys)
	r.put("arn:aws:dynamodb:eu-west-1:123456789012:table/tab", "a", "b", "")
	if got := r.mustf("GetItem", `{"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"b"}}}`); got != `{"Item":{"pk":{"S":"a"},"sk":{"S":"b"}}}` {
		t.Errorf("got %s", got)
	}
	if _, err := r.callf("DescribeTable", `{"TableName":"arn:aws:dynamodb:eu-west-1:000000000000:table/tab"}`); err == nil {
		t.Error("got no error for another account's table")
	}
}

func TestEveryActionAsksForPermission(t *testing.T) {
	r := newRig(t, nil)
	r.table("tab", withIndex, withStream)
	d := r.mustf("DescribeTable", `{"TableName":"tab"}`)
	var described struct {
		Table struct{ LatestStreamArn string }
	}
	if err := json.Unmarshal([]byte(d), &described); err != nil {
		t.Fatal(err)
	}
	stream := described.Table.LatestStreamArn
	const key, it = `"Key":{"pk":{"S":"a"},"sk":{"S":"b"}}`, `"Item":{"pk":{"S":"a"},"sk":{"S":"b"}}`
	for _, one := range []struct{ operation, body, want string }{
		{"PutItem", `{"TableName":"tab",` + it + `}`, "dynamodb:PutItem TABLE"},
		{"GetItem", `{"TableName":"tab",` + key + `}`, "dynamodb:GetItem TABLE"},
		{"UpdateItem", `{"TableName":"tab",` + key + `}`, "dynamodb:UpdateItem TABLE"},
		{"DeleteItem", `{"TableName":"tab",` + key + `}`, "dynamodb:DeleteItem TABLE"},
		{"Query", `{"TableName":"tab","KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}}}`, "dynamodb:Query TABLE"},
		{"Query", `{"TableName":"tab","IndexName":"byG","KeyConditionExpression":"g = :p","ExpressionAttributeValues":{":p":{"S":"a"}}}`, "dynamodb:Query TABLE/index/byG"},
		{"Scan", `{"TableName":"tab","IndexName":"byG"}`, "dynamodb:Scan TABLE/index/byG"},
		{"BatchGetItem", `{"RequestItems":{"tab":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"b"}}]}}}`, "dynamodb:BatchGetItem TABLE"},
		{"BatchWriteItem", `{"RequestItems":{"tab":[{"PutRequest":{` + it + `}}]}}`, "dynamodb:BatchWriteItem TABLE"},
		{"TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"tab",` + it + `}},{"ConditionCheck":{"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"c"}},"ConditionExpression":"attribute_not_exists(pk)"}}]}`, "dynamodb:PutItem TABLE, dynamodb:ConditionCheckItem TABLE"},
		{"TransactGetItems", `{"TransactItems":[{"Get":{"TableName":"tab",` + key + `}}]}`, "dynamodb:GetItem TABLE"},
		{"DescribeStream", `{"StreamArn":"` + stream + `"}`, "dynamodb:DescribeStream " + stream},
		{"GetRecords", `{"ShardIterator":"` + stream + `|0|0|9999999999999"}`, "dynamodb:GetRecords " + stream},
		{"UpdateTimeToLive", `{"TableName":"tab","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`, "dynamodb:UpdateTimeToLive TABLE"},
		{"DeleteTable", `{"TableName":"tab"}`, "dynamodb:DeleteTable TABLE"},
	} {
		var asked []string
		permit := func(action, resource string) error {
			asked = append(asked, action+" "+resource)
			return nil
		}
		request := wire.Request{Service: "dynamodb", Operation: one.operation, Body: []byte(one.body), Permit: permit}
		if strings.HasSuffix(one.operation, "Stream") || one.operation == "GetRecords" {
			request.Service = "streams"
		}
		denied := request
		denied.Permit = func(string, string) error { return wire.Errorf("AccessDeniedException", "no") }
		if _, err := r.Do(&denied); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s: got %v, want a refusal", one.operation, err)
		}
		if _, err := r.Do(&request); err != nil {
			t.Errorf("%s: %v", one.operation, err)
		}
		want := strings.ReplaceAll(one.want, "TABLE", "arn:aws:dynamodb:eu-west-1:123456789012:table/tab")
		if got := strings.Join(asked, ", "); got != want {
			t.Errorf("%s: asked for %s, want %s", one.operation, got, want)
		}
	}
}

func TestHooksStandBeforeAndAfter(t *testing.T) {
	var before, after error
	partial := -1
	r := newRig(t, nil, func(c *Config) {
		c.Before = func(operation, caller string) error { return before }
		c.After = func(operation, caller string) error { return after }
		c.Partial = func(operation, caller string, n int) int {
			if partial < 0 {
				return n
			}
			return partial
		}
	})
	r.table("tab", plainKeys)
	throttle := wire.Errorf("ProvisionedThroughputExceededException", "slow down")
	const put = `{"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"S":"%s"}}}`
	before = throttle
	if _, err := r.callf("PutItem", put, "before"); !errors.Is(err, throttle) {
		t.Errorf("got %v, want the injected error", err)
	}
	before, after = nil, throttle
	if _, err := r.callf("PutItem", put, "after"); !errors.Is(err, throttle) {
		t.Errorf("got %v, want the injected error", err)
	}
	after = nil
	if got := r.mustf("Scan", `{"TableName":"tab","Select":"COUNT"}`); got != `{"Count":1,"ScannedCount":1}` {
		t.Errorf("got %s, want only the put that was done and then not answered", got)
	}
	partial = 1
	got := r.mustf("BatchWriteItem", `{"RequestItems":{"tab":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"1"}}}},{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"2"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"3"}}}}]}}`)
	if want := `{"UnprocessedItems":{"tab":[{"PutRequest":{"Item":{"pk":{"S":"a"},"sk":{"S":"2"}}}},{"DeleteRequest":{"Key":{"pk":{"S":"a"},"sk":{"S":"3"}}}}]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	got = r.mustf("BatchGetItem", `{"RequestItems":{"tab":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"1"}},{"pk":{"S":"a"},"sk":{"S":"2"}}],"ConsistentRead":true}}}`)
	if want := `{"Responses":{"tab":[{"pk":{"S":"a"},"sk":{"S":"1"}}]},"UnprocessedKeys":{"tab":{"Keys":[{"pk":{"S":"a"},"sk":{"S":"2"}}],"ConsistentRead":true}}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWatchWakesWithTheNextRecord(t *testing.T) {
	r := newRig(t, nil)
	r.table("tab", plainKeys, withStream)
	if r.Watch("arn:none") != nil {
		t.Error("got a channel for no stream")
	}
	var arn string
	for arn = range r.Tips() {
	}
	changed := r.Watch(arn)
	select {
	case <-changed:
		t.Fatal("woken without a record")
	default:
	}
	r.put("tab", "a", "b", "")
	<-changed
	changed = r.Watch(arn)
	r.put("tab", "a", "b", "") // changes nothing
	select {
	case <-changed:
		t.Error("woken by a write that changed nothing")
	default:
	}
	tips, newest := r.Tips()[arn], ""
	for _, seq := range tips {
		newest = max(newest, seq)
	}
	if len(tips) != 4 || newest != "100000000000000000001" {
		t.Errorf("got tips %v", tips)
	}
	r.mustf("DeleteTable", `{"TableName":"tab"}`)
	<-changed
	if tips := r.Tips(); len(tips) != 0 {
		t.Errorf("got tips %v of an ended stream", tips)
	}
}

func TestExpiredItemsStayForTheDelay(t *testing.T) {
	r := newRig(t, nil, func(c *Config) { c.TTLDelay = time.Hour })
	r.table("tab", plainKeys)
	r.must("UpdateTimeToLive", `{"TableName":"tab","TimeToLiveSpecification":{"AttributeName":"ttl","Enabled":true}}`)
	r.put("tab", "a", "b", fmt.Sprintf(`"ttl":{"N":"%d.9"}`, r.now.Unix()))
	for _, one := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {time.Hour, 1}, {time.Second, 0}} {
		r.now = r.now.Add(one.wait)
		r.Sweep()
		if got := r.tables["tab"].rows.count; got != one.want {
			t.Errorf("after %v more: got %d items, want %d", one.wait, got, one.want)
		}
	}
}

func TestConcurrentCallsAreSafe(t *testing.T) {
	r := newRig(t, nil)
	r.table("tab", withIndex, withStream)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				sk := fmt.Sprint(i % 10)
				r.put("tab", "a", sk, fmt.Sprintf(`"g":{"S":"g%d"},"n":{"N":"%d"}`, i%3, worker))
				r.mustf("Query", `{"TableName":"tab","IndexName":"byG","KeyConditionExpression":"g = :g","ExpressionAttributeValues":{":g":{"S":"g1"}}}`)
				r.mustf("UpdateItem", `{"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"S":"%s"}},"UpdateExpression":"ADD c :o","ExpressionAttributeValues":{":o":{"N":"1"}}}`, sk)
				r.mustf("Scan", `{"TableName":"tab"}`)
				r.Tips()
				r.Sweep()
			}
		})
	}
	wg.Wait()
}
