package chat_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"omnihub/internal/hub"
)

// TestReceiptBetweenLookAndSecondCallEndsTheDoubt: the receipt comes after the worker
// has read the send, and before it takes the claim for the second call.
func TestReceiptBetweenLookAndSecondCallEndsTheDoubt(t *testing.T) {
	y := newToys(t)
	calls := y.lose()
	y.come("toy1", wrote("hello", "TW.1"))
	q := y.intend("TW.1", hub.ClassTransactional, hub.TextContent("x"))
	if err := y.sender().Deliver(context.Background(), q, 1); err != nil {
		t.Fatal(err)
	}
	y.Clock.Advance(3 * time.Minute)
	orders := y.handOn()
	sender := y.sender()
	told := false
	sender.Store = y.As("outbound", func(next http.RoundTripper) http.RoundTripper {
		return before{next, "stg=:s", func() {
			if !told {
				told = true
				y.come("toy1", receipt(string(q.Ref.User)+"."+string(q.Intent.Key), "p1", hub.Delivered))
			}
		}}
	})
	for _, order := range orders {
		_ = sender.Deliver(context.Background(), order, 1)
	}
	if s := y.stored("TW.1", q.Intent.Key).Stamps; !told || *calls != 1 || s.State() != hub.Delivered {
		t.Errorf("got %d calls and %s, want 1 and delivered", *calls, s.State())
	}
}

// before does something before a call whose body holds a text.
type before struct {
	next http.RoundTripper
	text string
	do   func()
}

func (b before) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if bytes.Contains(body, []byte(b.text)) {
		b.do()
	}
	return b.next.RoundTrip(r)
}
