package source

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/logs"
	"omnihub/internal/devserver/loopback"
	"omnihub/internal/localaws"
	sqsengine "omnihub/internal/localaws/sqs"
)

// clock is a clock that tests move.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// cloud is an in-memory local cloud with a client's configuration.
type cloud struct {
	*localaws.Server
	config aws.Config
	clock  *clock
	log    *logs.Log
	out    *bytes.Buffer
}

func newCloud(t *testing.T, visibility float64) *cloud {
	t.Helper()
	c := &cloud{clock: &clock{}, out: &bytes.Buffer{}}
	server, err := localaws.Open(localaws.Config{Clock: c.clock.Now, Region: "ap-east-1", SQS: sqsengine.Config{VisibilityScale: visibility}})
	if err != nil {
		t.Fatal(err)
	}
	c.Server = server
	t.Cleanup(func() { _ = server.Close() })
	c.config = aws.Config{Region: "ap-east-1", BaseEndpoint: aws.String("http://aws.local"), HTTPClient: loopback.Client{Handler: server}, Credentials: credentials.NewStaticCredentialsProvider("devserver", "local", "")}
	var mu sync.Mutex
	c.log = logs.New(locked{&mu, c.out}, false, false)
	return c
}

// locked lets a test's log be written by many.
type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// batch is a batch as a function sees it.
type batch struct {
	Records []struct {
		MessageID  string            `json:"messageId"`
		Body       string            `json:"body"`
		Attributes map[string]string `json:"attributes"`
		EventName  string            `json:"eventName"`
		Change     struct {
			SequenceNumber string
			Keys           map[string]map[string]string
			NewImage       map[string]map[string]any
		} `json:"dynamodb"`
	}
}

// function answers batches as the test says, and keeps them.
type function struct {
	answer func(b batch) lambda.Result

	mu       sync.Mutex
	batches  []batch
	payloads []string
	running  int
	most     int
}

func (f *function) Invoke(_ context.Context, payload []byte, _ string) lambda.Result {
	var b batch
	_ = json.Unmarshal(payload, &b)
	f.mu.Lock()
	f.batches = append(f.batches, b)
	f.payloads = append(f.payloads, string(payload))
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	defer func() { f.mu.Lock(); f.running--; f.mu.Unlock() }()
	if f.answer == nil {
		return lambda.Result{Payload: []byte("null")}
	}
	return f.answer(b)
}

// bodies lists the bodies of all messages, in order of delivery.
func (f *function) bodies() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, b := range f.batches {
		for _, r := range b.Records {
			out = append(out, r.Body)
		}
	}
	return out
}

func (f *function) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.batches)
}

// run runs a source until the test ends, or until the answer is called.
func run(t *testing.T, r Runner) (stop func()) {
	t.Helper()
	g := &Group{}
	g.Add(r)
	g.Start()
	t.Cleanup(g.Stop)
	return g.Stop
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s: did not come true", what)
}

func failed() lambda.Result {
	return lambda.Result{Failure: &lambda.Failure{Kind: lambda.Reported, Type: "E", Message: "no"}}
}

func items(ids ...string) lambda.Result {
	list := []map[string]string{}
	for _, id := range ids {
		list = append(list, map[string]string{"itemIdentifier": id})
	}
	out, _ := json.Marshal(map[string]any{"batchItemFailures": list})
	return lambda.Result{Payload: out}
}

func TestReadPartialTakesAnswersAsLambdaDoes(t *testing.T) {
	cases := []struct {
		answer string
		failed []string
		whole  bool
		hint   bool
	}{
		{``, nil, false, false},
		{`null`, nil, false, false},
		{`""`, nil, false, false},
		{`{}`, nil, false, false},
		{`{"batchItemFailures":[]}`, nil, false, false},
		{`{"batchItemFailures":null}`, nil, false, false},
		{`{"batchItemFailures":[{"itemIdentifier":"a"}]}`, []string{"a"}, false, false},
		{`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`, []string{"a", "b"}, false, false},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, nil, true, false},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, nil, true, false},
		{`{"batchItemFailures":[{"itemidentifier":"a"}]}`, nil, true, false},
		{`{"batchItemFailures":[{"id":"a"}]}`, nil, true, false},
		{`{"batchItemFailures":[{"itemIdentifier":"other"}]}`, nil, true, false},
		{`{"batchItemFailures":"a"}`, nil, true, false},
		{`{"BatchItemFailure":[]}`, nil, false, true},
		{`"done"`, nil, true, false},
		{`oops`, nil, true, false},
	}
	for _, c := range cases {
		p := readPartial([]byte(c.answer), func(id string) bool { return id == "a" || id == "b" })
		if !slices.Equal(p.failed, c.failed) || p.whole != c.whole || (p.hint != "") != c.hint {
			t.Errorf("%s: got %+v, want failed %v, whole %v, hint %v", c.answer, p, c.failed, c.whole, c.hint)
		}
	}
}
