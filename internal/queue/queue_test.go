package queue_test

import (
	"context"
	"encoding/json"
	"testing"

	"omnihub/internal/hubtest"
	"omnihub/internal/queue"
)

// TestEveryTextTravels puts texts on the queue that SQS refuses as they are.
func TestEveryTextTravels(t *testing.T) {
	h := hubtest.New(t)
	want := "a\x00b\uFFFEc\uFFFFd\U0001FFFFe \\uFFFF"
	body, err := json.Marshal(map[string]string{"text": want})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := h.Inbound.Send(context.Background(), []queue.Message{{Body: string(body), Group: "g", Dedup: "d"}})
	if err != nil || !taken[0] {
		t.Fatalf("got taken %v, error %v, want the message taken", taken, err)
	}
	e := h.Receive(h.Inbound)
	if len(e.Records) != 1 {
		t.Fatalf("got %d messages, want 1", len(e.Records))
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(e.Records[0].Body), &got); err != nil || got["text"] != want {
		t.Errorf("got %q (%v), want %q", got["text"], err, want)
	}
}
