package lambda

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestRuntimeAPIAnswersTheErrorsOfAWS plays a process by hand.
func TestRuntimeAPIAnswersTheErrorsOfAWS(t *testing.T) {
	h, _ := host(t)
	f := h.Add(config("Act"))
	p := &process{fn: f, config: f.config, next: make(chan *invocation, 1), left: make(chan struct{}), since: time.Now()}
	h.mu.Lock()
	f.processes, f.starting, h.processes = []*process{p}, 1, 1
	h.mu.Unlock()
	defer func() { h.mu.Lock(); f.processes = nil; h.mu.Unlock() }()

	call := func(method, path, body string) *recorded {
		w := &recorded{header: http.Header{}}
		r, _ := http.NewRequest(method, "http://x/2018-06-01/runtime/"+path, strings.NewReader(body))
		h.serveRuntime(p, w, r)
		return w
	}
	want := func(w *recorded, status int, errorType string) {
		t.Helper()
		if w.status != status || !strings.Contains(w.body.String(), errorType) {
			t.Errorf("got %d %s, want %d %s", w.status, &w.body, status, errorType)
		}
	}
	want(call("POST", "invocation/none/response", "{}"), 403, "InvalidStateTransition")
	want(call("POST", "init/error", `{"errorMessage":"m","errorType":"T"}`), 202, "OK")
	want(call("GET", "invocation/other", ""), 404, "NotFound")
	want(call("POST", "restore/error", ""), 404, "NotFound")

	done := make(chan Result, 1)
	go func() { done <- invoke(f, `{"n":1}`) }()
	next := call("GET", "invocation/next", "")
	id := next.header.Get("Lambda-Runtime-Aws-Request-Id")
	if next.body.String() != `{"n":1}` || id == "" || next.header.Get("Lambda-Runtime-Invoked-Function-Arn") != f.config.ARN {
		t.Errorf("next: got %s with %v", &next.body, next.header)
	}
	want(call("POST", "invocation/other/response", "{}"), 400, "InvalidRequestID")
	want(call("POST", "invocation/"+id+"/response", `{"ok":true}`), 202, "OK")
	wantAnswer(t, <-done, `{"ok":true}`)
	want(call("POST", "invocation/"+id+"/response", `{}`), 400, "InvalidRequestID")
	want(call("POST", "init/error", `{}`), 403, "InvalidStateTransition")

	go func() { done <- invoke(f, `{"n":2}`) }()
	id = call("GET", "invocation/next", "").header.Get("Lambda-Runtime-Aws-Request-Id")
	go func() { done <- invoke(f, `{"n":3}`) }()
	second := call("GET", "invocation/next", "")
	wantFailure(t, <-done, Crashed, "Runtime.InvalidStateTransition", "without answering")
	if second.body.String() != `{"n":3}` {
		t.Errorf("next event: got %s, want the third", &second.body)
	}
	want(call("POST", "invocation/"+id+"/error", `{}`), 400, "InvalidRequestID")
	id = second.header.Get("Lambda-Runtime-Aws-Request-Id")
	want(call("POST", "invocation/"+id+"/error", `not json`), 202, "OK")
	wantFailure(t, <-done, Reported, "Runtime.Unknown", "could not be read")
}

type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorded) Header() http.Header { return r.header }
func (r *recorded) WriteHeader(s int)   { r.status = s }
func (r *recorded) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = 200
	}
	return r.body.Write(b)
}
