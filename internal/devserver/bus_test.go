package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/stack"
)

// publish lets the fixture's HTTP function publish a text.
func publish(t *testing.T, s *stack.Stack, text string) {
	t.Helper()
	if status, answer := echo(t, s, "publish", text); status != 202 || strings.Contains(answer, "ErrorCode\":\"") {
		t.Fatalf("publish: got %d %s, want 202", status, answer)
	}
}

func TestBusBringsEventsToTheQueuesOfItsRules(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	for _, text := range []string{"hello", "-not for the rule", "again"} {
		publish(t, s, text)
	}
	idle(t, s)
	if got, want := stored(t, s, "heard"), []string{"again", "hello"}; !slices.Equal(got, want) {
		t.Errorf("heard: got %v, want %v", got, want)
	}

	events, err := s.Events(ctx(t), 0)
	if err != nil || len(events) != 3 {
		t.Fatalf("events: got %+v, %v, want three", events, err)
	}
	for i, want := range []struct {
		detail string
		rules  []string
	}{{`{"text":"hello"}`, []string{"omnihub-Spoken"}}, {`{"text":"-not for the rule"}`, []string{}}, {`{"text":"again"}`, []string{"omnihub-Spoken"}}} {
		e := events[i]
		if string(e.Detail) != want.detail || !slices.Equal(e.Rules, want.rules) || e.Bus != "omnihub-facts" || e.Source != "echo" || e.DetailType != "spoken" ||
			e.ID == "" || e.Time.IsZero() || i > 0 && e.Number <= events[i-1].Number {
			t.Errorf("event %d: got %+v, want %+v", i, e, want)
		}
	}
	later, err := s.Events(ctx(t), events[1].Number)
	if err != nil || len(later) != 1 || later[0].ID != events[2].ID {
		t.Errorf("events after the second: got %+v, %v, want the third", later, err)
	}
	if none, err := s.Events(ctx(t), events[2].Number); err != nil || none == nil || len(none) != 0 {
		t.Errorf("events after the last: got %+v, %v, want an empty list", none, err)
	}
}

func TestPublishingOutsideTheRoleIsRefused(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	_, answer := echo(t, s, "publish-elsewhere", "x")
	for _, want := range []string{"AccessDeniedException", "Echo", "events:PutEvents", "event-bus/default"} {
		if !strings.Contains(answer, want) {
			t.Errorf("answer: got %s, want %s in it", answer, want)
		}
	}
	logged(t, s, "events:PutEvents")
	if events, err := s.Events(ctx(t), 0); err != nil || len(events) != 0 {
		t.Errorf("events: got %+v, %v, want none", events, err)
	}
}

func TestMessageOfARuleThatNobodyTakesLeavesTheHubIdle(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, VisibilityScale: 0.01})
	publish(t, s, "wrong")
	idle(t, s)
	lost, err := sqs.NewFromConfig(config(s)).ReceiveMessage(ctx(t), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.AWS + "/000000000000/omnihub-HeardLost")})
	if err != nil || len(lost.Messages) != 1 || *lost.Messages[0].Body != `{"heard":"wrong"}` {
		t.Errorf("dead-letter queue: got %+v, %v, want the message", lost, err)
	}
}

func TestChangedRuleIsInEffectAfterARestart(t *testing.T) {
	data, err := os.ReadFile("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir, path := t.TempDir(), filepath.Join(t.TempDir(), "template.yaml")
	start := func(old, new string) *stack.Stack {
		t.Helper()
		if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, new, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := stack.Start(ctx(t), stack.Options{Dir: dir, Template: path, BuildDir: builds})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start("", "")
	publish(t, s, "one")
	idle(t, s)
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	s = start("source: [echo]", "source: [somebody]")
	t.Cleanup(func() { _ = s.Kill() })
	publish(t, s, "two")
	idle(t, s)
	if got := stored(t, s, "heard"); !slices.Equal(got, []string{"one"}) {
		t.Errorf("heard: got %v, want nothing by the old pattern", got)
	}
}

func TestFunctionReadsTwoStreams(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir()})
	echo(t, s, "send", "p-1") // poison of one stream
	if status, answer := echo(t, s, "note", "poison-1"); status != 202 {
		t.Fatalf("note: got %d %s", status, answer)
	}
	idle(t, s)
	echo(t, s, "send", "a-1")
	echo(t, s, "note", "fact-1")
	idle(t, s)
	want := []string{"a-1", "fact-1"}
	if got := stored(t, s, "seen"); !slices.Equal(got, want) {
		t.Errorf("seen: got %v, want %v", got, want)
	}
	list, err := s3.NewFromConfig(config(s), func(o *s3.Options) { o.UsePathStyle = true }).ListObjectsV2(ctx(t), &s3.ListObjectsV2Input{Bucket: aws.String("omnihub-failed")})
	if err != nil || len(list.Contents) != 2 || strings.Split(*list.Contents[0].Key, "/")[2] == strings.Split(*list.Contents[1].Key, "/")[2] {
		t.Errorf("bucket: got %+v, %v, want an object of each mapping", list, err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	again := fixture(t, stack.Options{Dir: s.Dir})
	if err := again.ResetCounts(ctx(t)); err != nil {
		t.Fatal(err)
	}
	echo(t, again, "note", "fact-2")
	idle(t, again)
	if got, want := stored(t, again, "seen"), []string{"a-1", "fact-1", "fact-2"}; !slices.Equal(got, want) {
		t.Errorf("seen after a restart: got %v, want %v", got, want)
	}
	counts, err := again.Counts(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Caller == "Changes" && c.Operation == "PutItem" && c.Calls != 1 {
			t.Errorf("after a restart: got %d records delivered, want the new one only", c.Calls)
		}
	}
}

func TestFailedScheduleIsTriedAgainAndKept(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	if _, err := s.Tick(ctx(t), "fail"); err == nil || !strings.Contains(err.Error(), "out of order") {
		t.Errorf("tick: got %v, want the function's error", err)
	}
	fired, err := s.AdvanceClock(ctx(t), 61*time.Second)
	if err != nil || len(fired) != 1 || fired[0].Function != "Fail" || fired[0].Error == "" {
		t.Errorf("fired: got %+v, %v, want the second try", fired, err)
	}
	idle(t, s)
	lost, err := sqs.NewFromConfig(config(s)).ReceiveMessage(ctx(t), &sqs.ReceiveMessageInput{QueueUrl: aws.String(s.AWS + "/000000000000/omnihub-FailLost")})
	if err != nil || len(lost.Messages) != 1 || !strings.Contains(*lost.Messages[0].Body, `"requestPayload":{"job":"fail"}`) {
		t.Errorf("on-failure queue: got %+v, %v, want the event's record", lost, err)
	}
}

func TestEventsNeedTheOwnLocalCloud(t *testing.T) {
	w := httptest.NewRecorder()
	(&machine{}).serveEvents(w, httptest.NewRequest("GET", "/_dev/events", nil))
	if w.Code != http.StatusNotImplemented || !strings.Contains(w.Body.String(), "AWS_ENDPOINT_URL") {
		t.Errorf("with another endpoint: got %d %s, want 501 and why", w.Code, w.Body)
	}
}
