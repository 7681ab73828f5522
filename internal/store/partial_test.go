package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// TestWhatTheTableDidNotReadIsAskedForAgain: a batch may be answered in part, with
// the rest named as unprocessed.
func TestWhatTheTableDidNotReadIsAskedForAgain(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	part := h.As("part", func(next http.RoundTripper) http.RoundTripper { return oneAtATime{next} })
	var ids []hub.HomeID
	for n := range 5 {
		id := hub.HomeID(fmt.Sprintf("%032d", n))
		ids = append(ids, id)
		if err := h.Store.PutHome(ctx, hubtest.Team, hub.Home{ID: id, Account: hubtest.LineAccount, External: "U", Kind: hub.Person, Created: now}); err != nil {
			t.Fatal(err)
		}
		in := hub.Intent{Key: hub.NewMessageKey(now, fmt.Sprint("m", n)), Class: hub.ClassPerson, Content: hub.TextContent("x"), Accepted: now, Deadline: now + 1}
		if _, err := h.Store.PutIntent(ctx, thread(1), in); err != nil {
			t.Fatal(err)
		}
	}
	if homes, err := part.Homes(ctx, hubtest.Team, ids); err != nil || len(homes) != 5 {
		t.Errorf("homes: got %d, %v, want 5", len(homes), err)
	}
	h.Clock.Advance(2 * store.Overdue)
	due := 0
	for shard := range store.Shards {
		d, err := part.Due(ctx, store.Day(now.Add(store.Overdue)), shard, hub.MillisOf(h.Clock.Now()), 100)
		if err != nil {
			t.Fatal(err)
		}
		due += len(d.Sends)
	}
	if due != 5 {
		t.Errorf("sends that are due: got %d, want 5", due)
	}
}

// oneAtATime reads one key of a batch and answers that the others are unprocessed.
type oneAtATime struct{ next http.RoundTripper }

func (o oneAtATime) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".BatchGetItem") {
		return o.next.RoundTrip(r)
	}
	var in struct {
		RequestItems map[string]map[string]any
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	left := map[string]map[string]any{}
	for table, page := range in.RequestItems {
		keys := page["Keys"].([]any)
		if len(keys) > 1 {
			left[table] = map[string]any{"Keys": keys[1:], "ConsistentRead": page["ConsistentRead"]}
			page["Keys"] = keys[:1]
		}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp, err := o.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	answer["UnprocessedKeys"] = left
	if body, err = json.Marshal(answer); err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	resp.Header.Del("Content-Length")
	resp.Header.Del("X-Amz-Crc32")
	return resp, nil
}

// TestErrorsOfTheTableQuoteNothing: the service's messages may quote keys and values.
func TestErrorsOfTheTableQuoteNothing(t *testing.T) {
	const canary = "canary-0912345678"
	h := hubtest.New(t)
	st := h.As("quoted", func(http.RoundTripper) http.RoundTripper { return quoting{canary} })
	now := hub.MillisOf(h.Clock.Now())
	k := hub.NewMessageKey(now, "1")
	_, _, advance := st.Advance(ctx, thread(1), store.Arrival{Key: k, Account: hubtest.LineAccount, External: "U1", Kind: hub.Person})
	_, put := st.PutMessage(ctx, thread(1), hub.Inbound{Key: k, Hash: "h", Received: now})
	_, late := st.PutLate(ctx, thread(1), &hub.Thread{User: thread(1).User}, hub.Inbound{Key: k, Hash: "h", Received: now})
	_, read := st.Thread(ctx, thread(1))
	_, homes := st.Homes(ctx, hubtest.Team, []hub.HomeID{"a"})
	for name, err := range map[string]error{
		"advance": advance, "put": put, "put late": late, "read": read, "read homes": homes,
		"join": st.Join(ctx, hubtest.Team, hub.Home{ID: "a"}, hub.Home{ID: "b"}, hub.Edge{A: "a", B: "b", At: 1}, nil),
	} {
		if hub.CodeOf(err) != hub.Transient || !strings.Contains(err.Error(), "ValidationException") || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: got %q, want the service's code and nothing of its message", name, err)
		}
	}
}

// quoting refuses every call with a message that quotes what was sent.
type quoting struct{ text string }

func (q quoting) RoundTrip(*http.Request) (*http.Response, error) {
	body := `{"__type":"com.amazon.coral.validate#ValidationException","message":"the value ` + q.text + ` is not valid"}`
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}
