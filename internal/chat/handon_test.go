package chat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
	"omnihub/internal/store"
)

// TestThreadStopsAtTheFirstSendThatTheQueueDidNotTake: what follows it would pass it.
func TestThreadStopsAtTheFirstSendThatTheQueueDidNotTake(t *testing.T) {
	h := hubtest.New(t)
	cfg := h.AWS("relay")
	cfg.HTTPClient = &http.Client{Transport: refusing{h.Near(), `a2`}}
	out := &queue.Queue{Client: sqs.NewFromConfig(cfg), URL: h.Outbound.URL}
	var sends []store.Queued
	for _, text := range []string{"a1", "b1", "a2", "b2", "a3", "b3"} {
		sends = append(sends, store.Queued{
			Ref:    store.Ref{Team: hubtest.Team, User: hub.UserKey(strings.Repeat(text[:1], 32))},
			Intent: hub.Intent{Key: hub.NewMessageKey(1, text), Class: hub.ClassPerson, Content: hub.TextContent(text), Accepted: 1, Deadline: 2},
		})
	}
	taken, err := chat.HandOn(context.Background(), out, sends)
	if want := "[true true false true false true]"; fmt.Sprint(taken) != want || hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, %v, want %s and an error that may pass", taken, err, want)
	}
	if n := h.Depth(h.Outbound); n != 4 {
		t.Errorf("got %d orders, want a1 and those of the other thread", n)
	}
}

// refusing answers for entries whose body holds a text that the queue did not take
// them, and lets the queue take the others.
type refusing struct {
	next http.RoundTripper
	text string
}

func (f refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	var in struct {
		QueueUrl string
		Entries  []map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	var failed []any
	entries := in.Entries
	in.Entries = []map[string]any{}
	for _, e := range entries {
		if body, _ := e["MessageBody"].(string); strings.Contains(body, f.text) {
			failed = append(failed, map[string]any{"Id": e["Id"], "Code": "InternalError", "SenderFault": false})
			continue
		}
		in.Entries = append(in.Entries, e)
	}
	answer := map[string]any{"Successful": []any{}}
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}}
	if len(in.Entries) > 0 {
		body, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		if resp, err = f.next.RoundTrip(r); err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return nil, err
		}
	}
	answer["Failed"] = failed
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	resp.Header.Del("X-Amz-Crc32")
	return resp, nil
}
