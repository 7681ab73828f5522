package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

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
