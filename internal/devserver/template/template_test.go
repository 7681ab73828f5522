package template

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"
)

func options() Options {
	return Options{Stack: "hub", Region: "ap-east-1", Account: "000000000000", APIURL: "http://api", AWSURL: "http://aws",
		Known: map[string]string{"Key": "1234", "Key.Arn": "arn:aws:kms:ap-east-1:000000000000:key/1234"}}
}

func fixture(t *testing.T, o Options) *Model {
	t.Helper()
	d, err := Read("../testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestResolveReadsFunctionsWithTheirSources(t *testing.T) {
	m := fixture(t, options())
	var names []string
	for _, f := range m.Functions {
		names = append(names, f.ID)
	}
	if got, want := strings.Join(names, " "), "Echo Check Worker Changes Hear Sweep Fail"; got != want {
		t.Fatalf("functions: got %s, want %s", got, want)
	}
	echo, worker, changes, sweep := m.Functions[0], m.Functions[2], m.Functions[3], m.Functions[5]
	want := map[string]string{"STAGE": "dev", "TABLE": "hub-Items", "JOBS_URL": "http://aws/000000000000/hub-jobs.fifo", "NOTES": "hub-Notes", "BUS": "hub-facts",
		"MODE": "echo", "KEY_ID": "arn:aws:kms:ap-east-1:000000000000:key/1234"}
	if !maps.Equal(echo.Environment, want) {
		t.Errorf("environment of Echo: got %v, want %v", echo.Environment, want)
	}
	if echo.Name != "hub-echo" || echo.Timeout != 3*time.Second || echo.Memory != 128 || echo.Code != "." {
		t.Errorf("Echo: got %+v", echo)
	}
	if got, want := worker.Queues, []QueueSource{{Event: "Jobs", Queue: "Jobs", Batch: 10, Concurrency: 4, Partial: true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("queues of Worker: got %+v, want %+v", got, want)
	}
	stream := StreamSource{Event: "Items", Table: "Items", Batch: 10, Partial: true, Bisect: true, Retries: 2, MaxAge: 12 * time.Hour,
		Filters:   []string{`{"eventName":["INSERT"],"dynamodb":{"NewImage":{"kind":{"S":["fact","poison"]}}}}`},
		OnFailure: "Failed"}
	notes := StreamSource{Event: "Notes", Table: "Notes", Batch: 100, Window: time.Second, OnFailure: "Failed"}
	if got, want := changes.Streams, []StreamSource{stream, notes}; !reflect.DeepEqual(got, want) {
		t.Errorf("streams of Changes: got %+v, want %+v", got, want)
	}
	if got, want := sweep.Schedules, []Schedule{{Event: "Each", Name: "hub-SweepEach", Expression: "rate(15 minutes)", Input: `{"job":"sweep"}`}}; !reflect.DeepEqual(got, want) {
		t.Errorf("schedules of Sweep: got %+v, want %+v", got, want)
	}
}

func TestResolveReadsRoutesAndCORS(t *testing.T) {
	m := fixture(t, options())
	want := []Route{
		{Method: "ANY", Path: "/echo/{kind}", Function: "Echo", Timeout: 30 * time.Second},
		{Method: "GET", Path: "/private/{kind}", Function: "Echo", Authorizer: "Jwt", Timeout: 30 * time.Second},
		{Method: "GET", Path: "/scoped/{kind}", Function: "Echo", Authorizer: "Jwt", Scopes: []string{"hub/read"}, Timeout: 30 * time.Second},
		{Method: "GET", Path: "/programs/{kind}", Function: "Echo", Authorizer: "Key", Timeout: 30 * time.Second},
	}
	if !reflect.DeepEqual(m.API.Routes, want) {
		t.Errorf("routes: got %+v, want %+v", m.API.Routes, want)
	}
	cors := &CORS{Origins: []string{"https://a.example", "https://b.example"}, Methods: []string{"GET", "POST"}, Headers: []string{"content-type"}, MaxAge: 600}
	if !reflect.DeepEqual(m.API.CORS, cors) {
		t.Errorf("CORS: got %+v, want %+v", m.API.CORS, cors)
	}
}

func TestResolveReadsStorage(t *testing.T) {
	m := fixture(t, options())
	table := Table{ID: "Items", Name: "hub-Items", ARN: "arn:aws:dynamodb:ap-east-1:000000000000:table/hub-Items",
		Attributes: []Attribute{{"PK", "S"}, {"SK", "S"}, {"due", "S"}}, Keys: []Key{{"PK", "HASH"}, {"SK", "RANGE"}},
		Indexes:    []Index{{Name: "due", Keys: []Key{{"due", "HASH"}, {"SK", "RANGE"}}, Projection: "KEYS_ONLY"}},
		StreamView: "NEW_AND_OLD_IMAGES", TTL: "ttl"}
	if !reflect.DeepEqual(m.Tables[0], table) {
		t.Errorf("table: got %+v, want %+v", m.Tables[0], table)
	}
	jobs, dead := m.Queue("Jobs"), m.Queue("JobsDead")
	if got, want := jobs.RedrivePolicy(), `{"deadLetterTargetArn":"arn:aws:sqs:ap-east-1:000000000000:hub-jobs-dead.fifo","maxReceiveCount":5}`; got != want {
		t.Errorf("redrive policy: got %s, want %s", got, want)
	}
	if !jobs.FIFO || jobs.Attributes["DeduplicationScope"] != "messageGroup" || jobs.Attributes["VisibilityTimeout"] != "18" {
		t.Errorf("Jobs: got %+v", jobs)
	}
	if !m.IsDeadLetter(dead.ARN) || m.IsDeadLetter(jobs.ARN) {
		t.Error("dead-letter queues: got them wrong")
	}
	if m.Bucket("Failed").Name != "hub-failed" {
		t.Errorf("bucket: got %s, want hub-failed", m.Bucket("Failed").Name)
	}
}

func TestResolveReadsRoles(t *testing.T) {
	m := fixture(t, options())
	jobs, items := m.Queue("Jobs").ARN, m.Table("Items").ARN
	cases := []struct {
		function, action, resource string
		want                       bool
	}{
		{"Echo", "sqs:SendMessage", jobs, true},
		{"Echo", "sqs:ReceiveMessage", jobs, false},
		{"Echo", "dynamodb:GetItem", items, true},
		{"Echo", "dynamodb:PutItem", items, false},
		{"Worker", "dynamodb:PutItem", items, true},
		{"Worker", "sqs:ReceiveMessage", jobs, true}, // SAM adds it to the role that it makes
		{"Worker", "sqs:SendMessage", jobs, false},
		{"Changes", "dynamodb:GetRecords", items + "/stream/now", true},
		{"Changes", "s3:PutObject", "arn:aws:s3:::hub-failed/aws/lambda/x", true},
		{"Echo", "events:PutEvents", m.Buses[0].ARN, true},
		{"Echo", "events:PutEvents", "arn:aws:events:ap-east-1:000000000000:event-bus/default", false},
		{"Hear", "events:PutEvents", m.Buses[0].ARN, false},
		{"Sweep", "dynamodb:GetRecords", items + "/stream/now", false},
	}
	for _, c := range cases {
		if got := m.Function(c.function).Role.Allows(c.action, c.resource); got != c.want {
			t.Errorf("%s: %s on %s: got %v, want %v", c.function, c.action, c.resource, got, c.want)
		}
	}
}

func TestResolveTakesKnownAttributesOverPredictedOnes(t *testing.T) {
	o := options()
	o.Known = map[string]string{"Jobs": "http://elsewhere/jobs", "Items.StreamArn": "arn:aws:dynamodb:ap-east-1:000000000000:table/hub-Items/stream/2026"}
	m := fixture(t, o)
	if got, want := m.Function("Echo").Environment["JOBS_URL"], "http://elsewhere/jobs"; got != want {
		t.Errorf("queue URL: got %s, want %s", got, want)
	}
}

func TestShuffleMakesStandardQueues(t *testing.T) {
	o := options()
	o.Shuffle = true
	m := fixture(t, o)
	jobs := m.Queue("Jobs")
	if jobs.FIFO || !jobs.Shuffled || jobs.Name != "hub-jobs" || jobs.Attributes["FifoQueue"] != "" {
		t.Errorf("Jobs: got %+v, want a standard queue hub-jobs", jobs)
	}
	if got, want := m.Function("Echo").Environment["JOBS_URL"], "http://aws/000000000000/hub-jobs"; got != want {
		t.Errorf("queue URL: got %s, want %s", got, want)
	}
}

// minimal is a template around one resource's or section's text.
func minimal(body string) string { return "Transform: AWS::Serverless-2016-10-31\n" + body }

func TestIntrinsicsGiveTheirValues(t *testing.T) {
	const form = `
Parameters:
  Stage: {Type: String, Default: dev}
  List: {Type: CommaDelimitedList, Default: "a, b"}
Mappings:
  Sizes: {dev: {memory: "256"}}
Conditions:
  Dev: !Equals [!Ref Stage, dev]
  Prod: {"Fn::Not": [{Condition: Dev}]}
  Both: !And [!Condition Dev, !Condition Prod]
  Either: {"Fn::Or": [!Condition Dev, !Condition Prod]}
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !If [Dev, 30, 60]}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties:
      CodeUri: .
      Runtime: provided.al2023
      Environment: {Variables: {V: VALUE}}
`
	cases := map[string]string{
		`!Ref Stage`:            "dev",
		`{Ref: Stage}`:          "dev",
		`!Ref AWS::Region`:      "ap-east-1",
		`!Ref "AWS::AccountId"`: "000000000000",
		`!Sub "${Stage}-${AWS::StackName}-${Q.Arn}-${!raw}"`:      "dev-hub-arn:aws:sqs:ap-east-1:000000000000:hub-Q-${raw}",
		`!Sub ["${X}/${Stage}", {X: !Ref AWS::Partition}]`:        "aws/dev",
		`{"Fn::Sub": "${AWS::URLSuffix}"}`:                        "amazonaws.com",
		`!GetAtt Q.QueueName`:                                     "hub-Q",
		`{"Fn::GetAtt": [Q, Arn]}`:                                "arn:aws:sqs:ap-east-1:000000000000:hub-Q",
		`!Join ["+", [a, !Ref Stage, "c"]]`:                       "a+dev+c",
		`!Join ["|", !Ref List]`:                                  "a|b",
		`!Select [1, !Ref List]`:                                  "b",
		`!Select ["0", !Split [".", "x.y"]]`:                      "x",
		`!FindInMap [Sizes, !Ref Stage, memory]`:                  "256",
		`!If [Dev, one, two]`:                                     "one",
		`!If [Prod, one, two]`:                                    "two",
		`!If [Both, one, two]`:                                    "two",
		`!If [Either, one, two]`:                                  "one",
		`{"Fn::If": [Prod, one, {"Fn::If": [Dev, three, four]}]}`: "three",
		`!Ref Q`:            "http://aws/000000000000/hub-Q",
		`"plain !Ref text"`: "plain !Ref text",
	}
	for text, want := range cases {
		d, err := Parse("t.yaml", []byte(minimal(strings.Replace(form, "VALUE", text, 1))))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		m, err := d.Resolve(Options{Stack: "hub", Region: "ap-east-1", Account: "000000000000", AWSURL: "http://aws"})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := m.Functions[0].Environment["V"]; got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestNoValueRemovesTheProperty(t *testing.T) {
	d, err := Parse("t.yaml", []byte(minimal(`
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: !Ref AWS::NoValue, Unknown: !Ref AWS::NoValue}
`)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Resolve(options0())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Queues[0].Visibility; got != 30*time.Second {
		t.Errorf("visibility: got %s, want the default 30s", got)
	}
}

func options0() Options {
	return Options{Stack: "hub", Region: "ap-east-1", Account: "000000000000", AWSURL: "http://aws"}
}

func TestKeysAreKnownByWhatTheyBecame(t *testing.T) {
	before := fixture(t, options0())
	if k := before.WrappingKey("Key"); k == nil || k.Alias != "alias/hub-Key" || k.ARN != "arn:aws:kms:ap-east-1:000000000000:key/hub-Key" {
		t.Errorf("before the key exists: got %+v", k)
	}
	m := fixture(t, options())
	arn := "arn:aws:kms:ap-east-1:000000000000:key/1234"
	if k := m.WrappingKey("Key"); k == nil || k.ARN != arn {
		t.Errorf("got %+v, want the ARN %s", k, arn)
	}
	for _, m := range []*Model{before, m} {
		if len(m.Aliases) != 1 || m.Aliases[0] != (Alias{ID: "KeyAlias", Name: "alias/hub-echo", Key: "Key"}) {
			t.Errorf("got aliases %+v", m.Aliases)
		}
	}
	echo, worker := m.Function("Echo"), m.Function("Worker")
	if !echo.Role.Allows("kms:Decrypt", arn) || echo.Role.Allows("kms:Encrypt", arn) || worker.Role.Allows("kms:Decrypt", arn) {
		t.Error("the roles allow more or less of the key than they state")
	}
}
