package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"omnihub/internal/chat"
)

// refusing is a network over which the named operations are not permitted.
func refusing(operations ...string) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper { return refuser{next, operations} }
}

type refuser struct {
	next       http.RoundTripper
	operations []string
}

func (r refuser) RoundTrip(q *http.Request) (*http.Response, error) {
	_, op, _ := strings.Cut(q.Header.Get("X-Amz-Target"), ".")
	for _, name := range r.operations {
		if op != name {
			continue
		}
		return &http.Response{
			StatusCode: 400, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: q, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
			Body: io.NopCloser(strings.NewReader(`{"__type":"com.amazonaws#AccessDeniedException","message":"User canary is not authorized"}`)),
		}, nil
	}
	return r.next.RoundTrip(q)
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	s := newScene(t)
	s.post(`{"events":5}`)
	s.drain()
	for _, c := range []struct {
		refused, want string
		args          []string
	}{
		{"Query", "dynamodb:Query", []string{"quarantine", "list", "-team", "test"}},
		{"BatchGetItem", "dynamodb:BatchGetItem", []string{"quarantine", "show", "-team", "test", "-id", "x"}},
		{"ListQueues", "sqs:ListQueues", []string{"queues", "-stack", "test"}},
		{"GetQueueAttributes", "sqs:GetQueueAttributes", redrive("Inbound", "-dry-run")},
		{"ReceiveMessage", "sqs:ReceiveMessage", redrive("Inbound", "-dry-run")},
		{"ListMessageMoveTasks", "sqs:ListMessageMoveTasks", redrive("Inbound")},
		{"Scan", "dynamodb:Scan", []string{"republish", "-stack", "test", "-all", "-since", "1h"}},
		{"Decrypt", "kms:Decrypt", replay("-since", "1h")},
	} {
		_, err := runOver(s.Hub, refusing(c.refused), nil, c.args...)
		if err == nil || !strings.Contains(err.Error(), "lack a permission: "+c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("without %s: got %v, want it named", c.want, err)
		}
	}
}

// silent is a network over which nothing is answered.
type silent struct{}

func (silent) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
}

func TestCallWithoutAnswerIsNamed(t *testing.T) {
	s := newScene(t)
	_, err := runOver(s.Hub, func(http.RoundTripper) http.RoundTripper { return silent{} }, nil, "quarantine", "list", "-team", "test")
	if err == nil || !strings.Contains(err.Error(), "without an answer was dynamodb:Query: connection refused") {
		t.Errorf("got %v, want the call and the cause", err)
	}
}

func TestCommandIsMorePatientThanAFunction(t *testing.T) {
	function := func() aws.Retryer { return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 3 }) }
	r := patient(function)()
	if r.MaxAttempts() < 2*function().MaxAttempts() || !r.IsErrorRetryable(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}) {
		t.Errorf("got %d tries, want more than twice a function's", r.MaxAttempts())
	}
	whole := time.Duration(0)
	for attempt := 1; attempt < r.MaxAttempts(); attempt++ {
		wait, err := r.RetryDelay(attempt, errors.New("no answer"))
		if err != nil || wait > 5*time.Second {
			t.Errorf("try %d: got a wait of %v, %v, want 5 s at most", attempt, wait, err)
		}
		whole += wait
	}
	if whole > time.Minute {
		t.Errorf("got %v of waiting, want a person to be told within a minute", whole)
	}
}

// marshal writes a record as relay keeps it.
func marshal(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// reconcile hands on what is due, as its function does.
func (s *scene) reconcile() int {
	s.t.Helper()
	n, err := (&chat.Reconciler{Store: s.Store, Queue: s.Outbound, Now: s.Clock.Now, Log: s.Log}).Due(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}
