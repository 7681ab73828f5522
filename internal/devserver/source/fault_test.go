package source

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/devserver/fault"
	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/loopback"
	"omnihub/internal/devserver/template"
)

// flaky is an endpoint some of whose calls go wrong: by turns they are throttled, lost,
// done without an answer, or fail.
type flaky struct {
	behind http.Handler
	rate   float64
	only   string // operation; "" = all

	mu     sync.Mutex
	dice   *rand.Rand
	struck map[string]int // by operation and kind
	done   map[string]int // calls that went well, by operation
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	kinds := []string{"throttle", "lose", "drop", "internal"}
	f.mu.Lock()
	kind := ""
	if (f.only == "" || f.only == operation) && f.dice.Float64() < f.rate {
		kind = kinds[f.dice.IntN(len(kinds))]
		f.struck[operation+" "+kind]++
	}
	f.mu.Unlock()
	switch kind {
	case "throttle":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"slow down"}`)
	case "internal":
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"__type":"InternalServerError","message":"sorry"}`)
	case "lose":
		panic(http.ErrAbortHandler)
	case "drop":
		f.behind.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		f.behind.ServeHTTP(w, r)
		f.mu.Lock()
		f.done[operation]++
		f.mu.Unlock()
	}
}

// counts are what went wrong so far, and what went well: pollers may still be calling.
func (f *flaky) counts() (struck, done map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.struck), maps.Clone(f.done)
}

// flaky puts such an endpoint before the cloud, for the clients that are made after it.
func (c *cloud) flaky(rate float64, only string) (aws.Config, *flaky) {
	f := &flaky{behind: c.Server, rate: rate, only: only, dice: rand.New(rand.NewPCG(1, 2)), struck: map[string]int{}, done: map[string]int{}}
	config := c.config.Copy()
	config.HTTPClient = loopback.Client{Handler: f}
	return config, f
}

func TestQueueIsReadThroughFailingCalls(t *testing.T) {
	c := newCloud(t, 0.01)
	f := &function{}
	q, client := c.queue(t, "jobs.fifo", nil, f, template.QueueSource{Partial: true, Batch: 1})
	var want []string
	for i := range 40 {
		want = append(want, fmt.Sprintf("g%d-%02d", i%4, i))
	}
	send(t, client, q.URL, want...)
	config, faults := c.flaky(0.4, "")
	q.Client = sqs.NewFromConfig(config)
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs.fifo") == 0 })
	got := f.bodies()
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("delivered: got %v, want all of %v", got, want)
	}
	if struck, _ := faults.counts(); len(struck) < 4 {
		t.Errorf("faults: got %v, want several kinds", struck)
	}
}

func TestStreamIsReadThroughFailingCallsOnceAndInOrder(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Batch: 4})
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	tb.stream.Checkpoints = checkpoints(t, path)
	config, faults := c.flaky(0.4, "")
	tb.stream.Client = dynamodbstreams.NewFromConfig(config)
	stop := run(t, tb.stream)
	want := ""
	for i := range 20 {
		value := string(rune('a' + i))
		tb.put(t, value)
		want += value
		if i%5 == 4 {
			eventually(t, "read to the tip", tb.atTip)
		}
	}
	eventually(t, "read to the tip", tb.atTip)
	stop()
	if got := strings.ReplaceAll(sum(f.values()), " ", ""); got != want {
		t.Errorf("delivered: got %s, want %s", got, want)
	}
	if struck, _ := faults.counts(); len(struck) < 3 {
		t.Errorf("faults: got %v, want several kinds", struck)
	}
	if err := tb.stream.Checkpoints.Flush(); err != nil {
		t.Fatal(err)
	}
	tip := false
	for _, p := range tb.stream.Positions() {
		tip = tip || p.Sequence != "" && checkpoints(t, path).Get(tb.stream.key(p.Shard)) == p.Sequence
	}
	if !tip {
		t.Error("checkpoints: none is kept at the tip")
	}
}

func TestLatestSkipsNothingWhenItsFirstReadFails(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Latest: true})
	tb.put(t, "old")
	config, faults := c.flaky(1, "GetRecords")
	tb.stream.Client = dynamodbstreams.NewFromConfig(config)
	tb.stream.Watch, tb.stream.Tips = nil, nil
	run(t, tb.stream)
	eventually(t, "every shard has an iterator, and reads fail", func() bool {
		struck, done := faults.counts()
		return done["GetShardIterator"] >= len(c.Dynamo().Tips()[tb.stream.ARN]) && len(struck) >= 2
	})
	tb.put(t, "new")
	faults.mu.Lock()
	faults.rate = 0
	faults.mu.Unlock()
	eventually(t, "delivered", func() bool { return f.count() > 0 })
	if got := sum(f.values()); got != "new" {
		t.Errorf("delivered: got %s, want new", got)
	}
}

func TestCheckpointThatTheStreamNeverGaveBeginsAnew(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Latest: true})
	tb.put(t, "a", "b")
	shards, err := tb.stream.describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shards {
		tb.stream.Checkpoints.Set(tb.stream.key(*s.ShardId), "nonsense")
	}
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got := sum(f.values()); got != "ab" {
		t.Errorf("delivered: got %s, want ab", got)
	}
}

func throttled() lambda.Result {
	return lambda.Result{Failure: &lambda.Failure{Kind: lambda.Throttled, Type: "TooManyRequestsException", Message: "Rate Exceeded."}}
}

func TestThrottledBatchIsTriedAgainWithoutAnotherReceive(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	f.answer = func(batch) lambda.Result {
		if f.count() < 4 {
			return throttled()
		}
		return lambda.Result{Payload: []byte("null")}
	}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{})
	q.Visibility = 30 * time.Second
	send(t, client, q.URL, "one")
	run(t, q)
	eventually(t, "done", func() bool { return c.rest("jobs") == 0 })
	for i, b := range f.batches {
		if got := b.Records[0].Attributes["ApproximateReceiveCount"]; got != "1" {
			t.Errorf("try %d: got receive %s, want the first", i, got)
		}
	}
}

func TestThrottledBatchIsLeftWhenItsMessagesBecomeVisible(t *testing.T) {
	c := newCloud(t, 0.01)
	f := &function{}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{Concurrency: 1})
	q.Visibility = 300 * time.Millisecond
	f.answer = func(b batch) lambda.Result {
		if b.Records[0].Attributes["ApproximateReceiveCount"] == "1" {
			return throttled()
		}
		return lambda.Result{Payload: []byte("null")}
	}
	send(t, client, q.URL, "one")
	run(t, q)
	eventually(t, "done at the second receive", func() bool { return c.rest("jobs") == 0 && f.count() >= 2 })
}

func TestMessagesThatWereLeftInADeletionAreDeletedAgain(t *testing.T) {
	c := newCloud(t, 0.01)
	if err := c.SetFaults(json.RawMessage(`{"rules":[{"service":"sqs","operation":"DeleteMessageBatch","caller":"devserver","fault":"partial","rate":1,"count":2}]}`)); err != nil {
		t.Fatal(err)
	}
	f := &function{}
	q, client := c.queue(t, "jobs", map[string]string{"VisibilityTimeout": "600"}, f, template.QueueSource{})
	for i := range 8 {
		send(t, client, q.URL, fmt.Sprint(i))
	}
	run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 })
	if got := f.bodies(); len(got) != 8 {
		t.Errorf("delivered: got %v, want each once", got)
	}
	if struck := c.Faults().Rules[0].Struck; struck == 0 {
		t.Error("the fault struck nothing")
	}
}

// twice makes an invoker that gives everything twice.
func (c *cloud) twice(f *function, both bool) *Overlapping {
	faults := &fault.Faults{}
	faults.Set(&fault.Plan{Duplicate: 1})
	return &Overlapping{Function: f, Label: "f", Faults: faults, Log: c.log, Both: both}
}

func TestDuplicatedBatchOverlapsAndOneResultCounts(t *testing.T) {
	c := newCloud(t, 1)
	var gate sync.WaitGroup
	gate.Add(2)
	f := &function{}
	f.answer = func(batch) lambda.Result { // neither ends before both have begun
		gate.Done()
		gate.Wait()
		return lambda.Result{Payload: []byte("null")}
	}
	q, client := c.queue(t, "jobs", nil, f, template.QueueSource{})
	q.Function = c.twice(f, false)
	send(t, client, q.URL, "one")
	stop := run(t, q)
	eventually(t, "the queue is empty", func() bool { return c.rest("jobs") == 0 })
	stop()
	if f.most != 2 || !slices.Equal(f.bodies(), []string{"one", "one"}) || f.running != 0 {
		t.Errorf("got %v, %d at once, %d still running; want the message twice at once, and both over", f.bodies(), f.most, f.running)
	}
}

func TestDuplicatedBatchOfAShardIsNotOvertaken(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	var mu sync.Mutex
	calls := 0
	f.answer = func(batch) lambda.Result {
		mu.Lock()
		calls++
		slow := calls%2 == 0
		mu.Unlock()
		if slow {
			time.Sleep(30 * time.Millisecond)
		}
		return lambda.Result{Payload: []byte("null")}
	}
	tb := c.table(t, f, template.StreamSource{Batch: 1})
	tb.stream.Function = c.twice(f, true)
	tb.put(t, "a", "b", "c")
	run(t, tb.stream)
	eventually(t, "read to the tip", tb.atTip)
	if got := sum(f.values()); got != "a a b b c c" {
		t.Errorf("delivered: got %s, want each batch twice before the next", got)
	}
}

func TestStalledReaderWaitsForTheEndOfThePlan(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{})
	faults := &fault.Faults{}
	faults.Set(&fault.Plan{StallStreams: true})
	tb.stream.Stalled = func() <-chan struct{} { return faults.Stalled("f") }
	tb.put(t, "a")
	stop := run(t, tb.stream)
	eventually(t, "a reader is held up", func() bool { return faults.Counts()["f"][fault.Stall].Struck > 0 })
	if f.count() != 0 || tb.atTip() {
		t.Errorf("stalled: got %d deliveries, want none and a reader that is behind", f.count())
	}
	faults.Set(nil)
	eventually(t, "delivered", func() bool { return f.count() == 1 })
	faults.Set(&fault.Plan{StallStreams: true})
	stop() // also while it is stalled
}
