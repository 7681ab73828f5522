package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"omnihub/internal/devserver/build"
	"omnihub/internal/devserver/logs"
)

var toy string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "toy")
	if err == nil {
		made := exec.Command("go", "build", "-o", filepath.Join(dir, "bootstrap"), "../testdata/toy")
		made.Env = build.Env()
		var out []byte
		if out, err = made.CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build of the toy function:", err)
		os.Exit(1)
	}
	toy = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// buffer is a log's output that tests can read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// waitFor fails the test if the log does not show the text within some seconds.
func (b *buffer) waitFor(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(b.String(), text) {
			return
		}
	}
	t.Fatalf("log: want %q, got\n%s", text, b)
}

func host(t *testing.T) (*Host, *buffer) {
	t.Helper()
	out := &buffer{}
	h := NewHost(logs.New(out, false, false))
	t.Cleanup(h.Close)
	return h, out
}

func config(id string, environment ...string) Config {
	return Config{ID: id, Label: strings.ToLower(id), ARN: "arn:aws:lambda:x:1:function:" + id, Dir: toy,
		Environment: append([]string{"AWS_LAMBDA_FUNCTION_NAME=" + id}, environment...), Timeout: 10 * time.Second}
}

func invoke(f *Function, event string) Result {
	return f.Invoke(context.Background(), []byte(event), "Root=1-67891233-abcdef012345678912345678")
}

func wantAnswer(t *testing.T, r Result, want string) {
	t.Helper()
	if r.Failure != nil || string(r.Payload) != want {
		t.Errorf("answer: got %.200s, %v; want %s", r.Payload, r.Failure, want)
	}
}

func wantFailure(t *testing.T, r Result, kind Kind, errorType, message string) {
	t.Helper()
	if r.Failure == nil || r.Failure.Kind != kind || r.Failure.Type != errorType || !strings.Contains(r.Failure.Message, message) {
		t.Errorf("failure: got %+v (%.100s), want %s %s with %q", r.Failure, r.Payload, kind, errorType, message)
	}
}

func TestAnswersComeBackAsTheyWereWritten(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act"))
	wantAnswer(t, invoke(f, `{"do":"echo","text":"grüß"}`), `{"do":"echo","text":"grüß","bytes":0,"wait":""}`)
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	wantAnswer(t, invoke(f, `{"do":"trace"}`), `"Root=1-67891233-abcdef012345678912345678"`)
	r := invoke(f, fmt.Sprintf(`{"do":"big","bytes":%d}`, MaxPayload-2))
	if r.Failure != nil || len(r.Payload) != MaxPayload {
		t.Errorf("largest answer: got %d bytes, %v", len(r.Payload), r.Failure)
	}
	out.waitFor(t, "act       345678 INFO  acting do=stream")
}

func TestDeadlineTravelsWithTheEvent(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	before := time.Now()
	r := invoke(f, `{"do":"deadline"}`)
	var ms int64
	if err := json.Unmarshal(r.Payload, &ms); err != nil {
		t.Fatal(err)
	}
	if left := time.UnixMilli(ms).Sub(before); left < 9*time.Second || left > 25*time.Second {
		t.Errorf("deadline: got %s from now, want 10s", left)
	}
}

func TestErrorLeavesTheProcessAlive(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act"))
	first := invoke(f, `{"do":"pid"}`)
	wantFailure(t, invoke(f, `{"do":"error","text":"bad order"}`), Reported, "refusedError", "refused: bad order")
	wantAnswer(t, invoke(f, `{"do":"pid"}`), string(first.Payload))
	out.waitFor(t, "invocation error: refusedError: refused: bad order")
}

func TestStreamThatBreaksIsAFailure(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	wantFailure(t, invoke(f, `{"do":"break"}`), Reported, "refusedError", "refused: midway")
}

func TestProcessThatPanickedGetsNoOtherEvent(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act"))
	first := invoke(f, `{"do":"pid"}`)
	wantFailure(t, invoke(f, `{"do":"panic","text":"paper"}`), Reported, "string", "out of paper")
	second := invoke(f, `{"do":"pid"}`)
	if second.Failure != nil || bytes.Equal(first.Payload, second.Payload) {
		t.Errorf("pid after a panic: got %s, %v; before %s; want another", second.Payload, second.Failure, first.Payload)
	}
	if strings.Contains(out.String(), "ended between invocations") {
		t.Errorf("log: a panic is told twice:\n%s", out)
	}
}

func TestTimeoutKillsTheProcess(t *testing.T) {
	h, out := host(t)
	c := config("Act")
	c.Timeout = time.Second
	f := h.Add(c)
	first := invoke(f, `{"do":"pid"}`)
	wantFailure(t, invoke(f, `{"do":"sleep","wait":"1m"}`), TimedOut, "Sandbox.Timedout", "Task timed out after 1.00 seconds")
	second := invoke(f, `{"do":"pid"}`)
	if second.Failure != nil || bytes.Equal(first.Payload, second.Payload) {
		t.Errorf("pid after a time-out: got %s, %v; before %s; want another", second.Payload, second.Failure, first.Payload)
	}
	out.waitFor(t, "Task timed out after 1.00 seconds")
}

func TestExitDuringAnInvocationIsAFailureWithTheLastWords(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act"))
	wantFailure(t, invoke(f, `{"do":"exit","text":"disk full"}`), Crashed, "Runtime.ExitError", "exit status 7")
	out.waitFor(t, "┃ going down: disk full")
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
}

func TestExitBetweenInvocationsIsShown(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act"))
	wantAnswer(t, invoke(f, `{"do":"late-exit"}`), `"soon"`)
	out.waitFor(t, "the process ended between invocations: exit status 9")
	out.waitFor(t, "┃ the last words")
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
}

func TestStartUpCrashIsShownAndNotTriedInABusyLoop(t *testing.T) {
	h, out := host(t)
	f := h.Add(config("Act", "START=exit"))
	for range 50 {
		wantFailure(t, invoke(f, `{"do":"echo"}`), NotReady, "Runtime.ExitError", "exit status 3")
	}
	out.waitFor(t, "┃ no settings, no start")
	if got := strings.Count(out.String(), "could not start"); got > 3 {
		t.Errorf("starts: got %d for 50 invocations in a moment, want 3 at most", got)
	}
	f.Replace(config("Act"))
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
}

func TestMissingProgramIsAStartUpFailure(t *testing.T) {
	h, _ := host(t)
	c := config("Act")
	c.Dir = t.TempDir()
	wantFailure(t, invoke(h.Add(c), `{}`), NotReady, "Runtime.ExitError", "no such file")
}

func TestTooLargeAnswerAndEventAreRefused(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	wantFailure(t, invoke(f, `{"do":"big","bytes":7000000}`), Reported, "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size")
	wantFailure(t, invoke(f, `{"text":"`+strings.Repeat("x", MaxPayload)+`"}`), Refused, "RequestEntityTooLargeException", "over the limit")
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
}

func TestProcessSeesOnlyItsOwnEnvironment(t *testing.T) {
	t.Setenv("DEVELOPERS_OWN", "secret")
	h, _ := host(t)
	f := h.Add(config("Act", "MINE=1"))
	var got []string
	if err := json.Unmarshal(invoke(f, `{"do":"env"}`).Payload, &got); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		got[i], _, _ = strings.Cut(v, "=")
	}
	slices.Sort(got)
	got = slices.DeleteFunc(got, func(n string) bool { return n == "_X_AMZN_TRACE_ID" }) // set by the library
	if want := []string{"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "MINE"}; !slices.Equal(got, want) {
		t.Errorf("environment: got %v, want %v", got, want)
	}
}

func TestProcessesStayWithinTheirLimits(t *testing.T) {
	h, _ := host(t)
	h.cores = 100
	var functions []*Function
	for i := range 6 {
		functions = append(functions, h.Add(config(fmt.Sprintf("F%d", i))))
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var most, mostOfOne int
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			all := 0
			h.mu.Lock() // counted one after the other, a process that moves in between counts twice
			for _, f := range functions {
				n := len(f.processes)
				all, mostOfOne = all+n, max(mostOfOne, n)
			}
			h.mu.Unlock()
			most = max(most, all)
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	for _, f := range functions {
		for range 8 {
			wg.Go(func() { wantAnswer(t, invoke(f, `{"do":"sleep","wait":"20ms"}`), `"slept"`) })
		}
	}
	wg.Wait()
	close(stop)
	<-watched
	if most > MaxAll || mostOfOne > MaxProcesses {
		t.Errorf("processes: got %d in all and %d of one function, want %d and %d at most", most, mostOfOne, MaxAll, MaxProcesses)
	}
	if mostOfOne < 2 {
		t.Errorf("processes of one function: got %d, want several", mostOfOne)
	}
}

func TestInvocationsShareTheCoresInOrderOfArrival(t *testing.T) {
	h, _ := host(t)
	h.cores = 1
	f := h.Add(config("Act"))
	invoke(f, `{"do":"stream"}`)
	var mu sync.Mutex
	var order []int
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			wantAnswer(t, invoke(f, `{"do":"sleep","wait":"30ms"}`), `"slept"`)
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
		})
		for a := h.Activity(); a.Running+a.Waiting <= i; a = h.Activity() {
			runtime.Gosched()
		}
		if got := h.Activity().Running; got > 1 {
			t.Errorf("running at once on one core: got %d, want 1", got)
		}
	}
	wg.Wait()
	if !slices.IsSorted(order) {
		t.Errorf("order: got %v, want the order of arrival", order)
	}
}

func TestLongInvocationLendsItsCore(t *testing.T) {
	h, _ := host(t)
	h.cores = 1
	f := h.Add(config("Act"))
	done := make(chan Result, 1)
	go func() { done <- invoke(f, `{"do":"sleep","wait":"8s"}`) }()
	for h.Activity().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	select {
	case r := <-done:
		t.Errorf("the long invocation was over first: %+v", r)
	default:
	}
}

func TestReplaceLetsEventsFinish(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	first := invoke(f, `{"do":"pid"}`)
	done := make(chan Result, 1)
	go func() { done <- invoke(f, `{"do":"sleep","wait":"300ms"}`) }()
	for h.Activity().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	f.Replace(config("Act", "GENERATION=2"))
	second := invoke(f, `{"do":"pid"}`)
	if second.Failure != nil || bytes.Equal(first.Payload, second.Payload) {
		t.Errorf("pid after a replacement: got %s, %v; want another than %s", second.Payload, second.Failure, first.Payload)
	}
	wantAnswer(t, <-done, `"slept"`)
	if err := h.Drain(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestKillTakesTheProcessWithTheEvent(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	if got := f.Kill(); got != 0 {
		t.Errorf("kill without a process: got pid %d, want 0", got)
	}
	done := make(chan Result, 1)
	go func() { done <- invoke(f, `{"do":"sleep","wait":"1m"}`) }()
	for h.Activity().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	if got := f.Kill(); got == 0 {
		t.Error("kill: got no pid")
	}
	wantFailure(t, <-done, Crashed, "Runtime.ExitError", "signal: killed")
}

func TestKillBusyTakesAProcessWithAnEventInHand(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	wantAnswer(t, invoke(f, `{"do":"stream"}`), `{"streamed":true}`)
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if got := f.KillBusy(short); got != 0 {
		t.Errorf("kill without an event: got pid %d, want 0", got)
	}
	pid := make(chan int, 1)
	go func() { pid <- f.KillBusy(context.Background()) }()
	for waiting := false; !waiting; time.Sleep(time.Millisecond) {
		h.mu.Lock()
		waiting = len(f.doom) == 1
		h.mu.Unlock()
	}
	wantFailure(t, invoke(f, `{"do":"sleep","wait":"1m"}`), Crashed, "Runtime.ExitError", "signal: killed")
	if <-pid == 0 {
		t.Error("kill: got no pid")
	}
}

func TestCallerMayStopWaiting(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	r := f.Invoke(ctx, []byte(`{"do":"sleep","wait":"700ms"}`), "")
	wantFailure(t, r, Refused, "ServiceException", "")
	if err := h.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	if a := h.Activity(); a.Running != 0 || a.Waiting != 0 {
		t.Errorf("after Drain: got %+v, want nothing running", a)
	}
}
