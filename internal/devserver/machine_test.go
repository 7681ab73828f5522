package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"omnihub/internal/stack"
)

// builds is the folder of programs that all tests of one run share.
var builds string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "devserver-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	builds = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// fixture starts the devserver on the fixture's template.
func fixture(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	o.Template, o.BuildDir = fixturePath(t), builds
	s, err := stack.Start(ctx(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-s.Ended():
		default:
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Logf("log of the devserver:\n%s", s.Log())
		}
	})
	return s
}

func fixturePath(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("testdata/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func ctx(t *testing.T) context.Context {
	t.Helper()
	c, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return c
}

func idle(t *testing.T, s *stack.Stack) {
	t.Helper()
	if err := s.Idle(ctx(t), time.Minute); err != nil {
		t.Fatal(err)
	}
}

// logged waits until the log shows the text; the log comes through a pipe.
func logged(t *testing.T, s *stack.Stack, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(s.Log(), text) {
			return
		}
	}
	t.Errorf("log: want %q in it", text)
}

// echo calls the fixture's HTTP function.
func echo(t *testing.T, s *stack.Stack, kind, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(s.API+"/echo/"+kind, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func config(s *stack.Stack) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: &s.AWS, Credentials: credentials.NewStaticCredentialsProvider("tester", "local", "")}
}

// stored lists the sort keys of a partition of the fixture's table.
func stored(t *testing.T, s *stack.Stack, pk string) []string {
	t.Helper()
	out, err := dynamodb.NewFromConfig(config(s)).Query(ctx(t), &dynamodb.QueryInput{TableName: aws.String("omnihub-Items"), KeyConditionExpression: aws.String("PK = :p"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: pk}}})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, item := range out.Items {
		keys = append(keys, item["SK"].(*types.AttributeValueMemberS).Value)
	}
	return keys
}

func TestChainRunsThroughQueueAndStream(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	for _, body := range []string{"a-1", "a-2", "b-1"} {
		if status, answer := echo(t, s, "send", body); status != 202 {
			t.Fatalf("send: got %d %s, want 202", status, answer)
		}
	}
	idle(t, s)
	want := []string{"a-1", "a-2", "b-1"}
	if got := stored(t, s, "seen"); !slices.Equal(got, want) {
		t.Errorf("seen by the stream's reader: got %v, want %v", got, want)
	}
	counts, err := s.Counts(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	writes := 0
	for _, c := range counts {
		if c.Caller == "Worker" && c.Operation == "PutItem" {
			writes += c.Calls
		}
	}
	if writes != 3 {
		t.Errorf("PutItem calls of Worker: got %d, want 3", writes)
	}
}

func TestCallOutsideTheRoleIsRefusedAndShown(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	_, answer := echo(t, s, "forbidden", "")
	for _, want := range []string{"AccessDeniedException", "Echo", "dynamodb:PutItem", "table/omnihub-Items"} {
		if !strings.Contains(answer, want) {
			t.Errorf("answer: got %s, want %s in it", answer, want)
		}
		if want != "AccessDeniedException" {
			logged(t, s, want)
		}
	}
}

func TestPoisonRecordEndsInTheBucket(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	for _, body := range []string{"a-1", "p-1", "b-1"} {
		echo(t, s, "send", body)
	}
	idle(t, s)
	if got, want := stored(t, s, "seen"), []string{"a-1", "b-1"}; !slices.Equal(got, want) {
		t.Errorf("seen: got %v, want %v", got, want)
	}
	list, err := s3.NewFromConfig(config(s), func(o *s3.Options) { o.UsePathStyle = true }).ListObjectsV2(ctx(t), &s3.ListObjectsV2Input{Bucket: aws.String("omnihub-failed")})
	if err != nil || len(list.Contents) != 1 {
		t.Errorf("bucket: got %v, %v, want one object", list, err)
	}
}

func TestClockMovesForEverybodyAtOnce(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir()})
	fired, err := s.AdvanceClock(ctx(t), 36*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if len(fired) != 1 || fired[0].Function != "Sweep" || fired[0].Answer != `"swept"` {
		t.Errorf("fired: got %+v, want Sweep once", fired)
	}
	tomorrow := func(what, text string) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, text)
		if ahead := time.Until(at); err != nil || ahead < 35*time.Hour || ahead > 37*time.Hour {
			t.Errorf("%s: got %s, want 36 h from now", what, text)
		}
	}
	_, now := echo(t, s, "now", "")
	tomorrow("clock of a function", strings.Trim(now, `"`))
	swept := stored(t, s, "sweep")
	if len(swept) != 1 {
		t.Fatalf("sweeps: got %v, want one", swept)
	}
	at, input, _ := strings.Cut(swept[0], " ")
	tomorrow("clock of the fired function", at)
	if input != `{"job":"sweep"}` {
		t.Errorf("input: got %s", input)
	}
	if _, err := s.Tick(ctx(t), "SWEEP"); err != nil {
		t.Error(err)
	}
	if _, err := s.Tick(ctx(t), "worker"); err == nil || !strings.Contains(err.Error(), "no schedule") {
		t.Errorf("tick of a function without schedule: got %v", err)
	}
	if _, err := s.AdvanceClock(ctx(t), -time.Minute); err == nil || !strings.Contains(err.Error(), "400") {
		t.Errorf("backwards: got %v, want 400", err)
	}

	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	again := fixture(t, stack.Options{Dir: s.Dir})
	_, now = echo(t, again, "now", "")
	tomorrow("clock after a restart", strings.Trim(now, `"`))
}

// pids lists the processes of all functions.
func pids(t *testing.T, s *stack.Stack) []int {
	t.Helper()
	resp, err := http.Get(s.API + "/_dev/state")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var state struct {
		Processes map[string][]struct{ PID int }
	}
	if err := json.NewDecoder(resp.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, list := range state.Processes {
		for _, p := range list {
			if p.PID != 0 {
				out = append(out, p.PID)
			}
		}
	}
	return out
}

func TestKilledMachineLosesNothingThatWasAccepted(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir(), VisibilityScale: 0.05})
	for i := range 20 {
		if status, answer := echo(t, s, "send", fmt.Sprintf("g%d-%02d", i%4, i)); status != 202 {
			t.Fatalf("send: got %d %s", status, answer)
		}
	}
	children := pids(t, s)
	if len(children) == 0 {
		t.Error("processes of functions: got none")
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range children {
		for end := time.Now().Add(10 * time.Second); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("process %d of a function outlived the devserver", pid)
			}
		}
	}
	again := fixture(t, stack.Options{Dir: s.Dir, VisibilityScale: 0.05})
	idle(t, again)
	if got := stored(t, again, "seen"); len(got) != 20 {
		t.Errorf("after a kill: got %d of 20: %v", len(got), got)
	}
}

func TestKilledProcessLeavesItsMessagesToTheVisibilityTimeout(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, VisibilityScale: 0.05})
	echo(t, s, "send", "a-slow")
	for begun := false; !begun; {
		err := s.Idle(ctx(t), 0)
		begun = err != nil && strings.Contains(err.Error(), `"running": 1`)
	}
	if _, err := s.KillFunction(ctx(t), "worker"); err != nil {
		t.Fatal(err)
	}
	idle(t, s)
	if got := stored(t, s, "seen"); !slices.Equal(got, []string{"a-slow"}) {
		t.Errorf("seen: got %v, want the message of the killed process", got)
	}
	logged(t, s, "the process ended during an invocation: signal: killed")
}

func TestShuffledQueueDeliversEverything(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true, Shuffle: 7})
	want := []string{}
	for i := range 30 {
		body := fmt.Sprintf("g-%02d", i)
		want = append(want, body)
		if status, answer := echo(t, s, "send", body); status != 202 {
			t.Fatalf("send: got %d %s", status, answer)
		}
	}
	idle(t, s)
	if got := stored(t, s, "seen"); !slices.Equal(got, want) {
		t.Errorf("seen: got %v, want all 30", got)
	}
}

func TestInterruptStopsInOrder(t *testing.T) {
	s := fixture(t, stack.Options{Dir: t.TempDir()})
	echo(t, s, "send", "a-slow")
	began := time.Now()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stop: took %s, want a few seconds", took)
	}
	if err := syscall.Kill(s.PID, 0); err == nil {
		t.Error("the devserver is still there")
	}
	again := fixture(t, stack.Options{Dir: s.Dir})
	idle(t, again)
	if got := stored(t, again, "seen"); !slices.Equal(got, []string{"a-slow"}) {
		t.Errorf("after a restart: got %v, want the message", got)
	}
}

func TestControlsRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := fixture(t, stack.Options{Memory: true})
	cases := []struct {
		method, url, body string
		status            int
	}{
		{"GET", s.API + "/_dev/healthz", "", 200},
		{"GET", s.API + "/_dev/state", "", 200},
		{"GET", s.API + "/_dev/clock", "", 200},
		{"GET", s.API + "/_dev/nothing", "", 404},
		{"GET", s.API + "/_dev/idle?wait=soon", "", 400},
		{"GET", s.API + "/_dev/events", "", 200},
		{"GET", s.API + "/_dev/events?after=soon", "", 400},
		{"GET", s.API + "/_dev/events?after=-1", "", 400},
		{"POST", s.API + "/_dev/clock", `{"advance":"soon"}`, 400},
		{"POST", s.API + "/_dev/clock", `{"back":"1m"}`, 400},
		{"POST", s.API + "/_dev/tick/nobody", "", 404},
		{"POST", s.API + "/_dev/kill/nobody", "", 404},
		{"GET", s.API + "/private/event", "", 401},
		{"GET", s.API + "/nowhere", "", 404},
		{"GET", s.Platform + "/_demo", "", 200},
		{"GET", s.Platform + "/_sent", "", 200},
		{"GET", s.Platform + "/_faults", "", 200},
		{"POST", s.Platform + "/_faults", `{"nobody":{}}`, 400},
		{"POST", s.Platform + "/_faults", `[]`, 400},
		{"POST", s.Platform + "/_faults", `{"line":{"no such fault":1}}`, 400},
		{"POST", s.Platform + "/_faults", `{"line":null}`, 200},
		{"POST", s.Platform + "/_customer/nobody", `{}`, 404},
		{"POST", s.Platform + "/_customer/line", `{"shouts":"x"}`, 400},
		{"GET", s.Platform + "/_issuer/jwks", "", 200},
		{"POST", s.Platform + "/_issuer/token", `{"role":"admin"}`, 400},
		{"GET", s.Platform + "/_issuer/nowhere", "", 404},
		{"GET", s.Platform + "/nowhere", "", 404},
	}
	for _, c := range cases {
		r, err := http.NewRequest(c.method, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			t.Errorf("%s %s: the answer is not JSON: %v", c.method, c.url, err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s %s %s: got %d %v, want %d", c.method, c.url, c.body, resp.StatusCode, v, c.status)
		}
	}
}
