package chat_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

// failing fails one call of the table, in the way that answer says, and lets all
// others through.
type failing struct {
	next   http.RoundTripper
	left   *int // calls before it
	answer string
}

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	*f.left--
	if *f.left != -1 {
		return f.next.RoundTrip(r)
	}
	if f.answer == "" {
		return nil, errors.New("connection lost")
	}
	body := `{"__type":"com.amazonaws.dynamodb.v20120810#` + f.answer + `","message":"x"}`
	return &http.Response{
		StatusCode: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// TestCallThatFailsOnceIsTriedAgainAndQuarantinesNothing fails each call of the table
// in turn while a message is stored: the event comes back, and is stored whole.
func TestCallThatFailsOnceIsTriedAgainAndQuarantinesNothing(t *testing.T) {
	for _, answer := range []string{"", "ThrottlingException", "ProvisionedThroughputExceededException", "InternalServerError", "TransactionConflictException"} {
		h := hubtest.New(t)
		failed := 0
		for calls := range 8 {
			user := "U" + answer + string(rune('0'+calls))
			e := envelope(h, user, said{"1", hub.MillisOf(h.Clock.Now()), "ping"})
			left := calls
			st := h.As("failing", func(next http.RoundTripper) http.RoundTripper { return failing{next, &left, answer} })
			err := receiver(h, st).Receive(context.Background(), e)
			if left < 0 {
				failed++
				if err == nil || hub.CodeOf(err) != hub.Transient && hub.CodeOf(err) != hub.Conflict {
					t.Errorf("%s, call %d: got %v, want the event to come back", answer, calls, err)
				}
			}
			receive(t, receiver(h, h.Store), []hub.Envelope{e})
			if got := state(t, h, user); strings.Count(got, "in=true") != 1 || strings.Count(got, "pong") != 1 {
				t.Errorf("%s, call %d: got\n%s\nwant one message and its answer", answer, calls, got)
			}
		}
		list, err := h.Store.QuarantinedOn(context.Background(), hubtest.Team, store.Day(hub.MillisOf(h.Clock.Now())))
		if err != nil || len(list) != 0 {
			t.Errorf("%s: got %d entries in quarantine, %v, want none", answer, len(list), err)
		}
		if failed < 4 {
			t.Errorf("%s: got %d calls that failed, want each of the message", answer, failed)
		}
	}
}

// TestSendsAreLoggedWithoutSecrets lets sends go out in every way, and looks at what
// the log says of them.
func TestSendsAreLoggedWithoutSecrets(t *testing.T) {
	c := newChain(t)
	c.write(uid(7), "ping")
	c.drain() // by the reply token
	c.hub.Clock.Advance(time.Minute)
	c.intend(uid(7), "personal words", hub.ClassPerson)
	c.drain() // by a push
	if got := c.sent(uid(7)); got != "reply pong, push personal words" {
		t.Fatalf("got %q, want a reply and a push", got)
	}
	for _, plan := range []string{`{"monthly_quota":0}`, `{"expired_token":true}`} {
		c.faults(plan)
		c.hub.Clock.Advance(time.Second)
		c.intend(uid(7), "refused words "+plan, hub.ClassPerson)
		c.drain()
	}
	log := c.hub.Logged.String()
	for _, canary := range []string{hubtest.LineToken, hubtest.LineSecret, uid(7), "ping", "pong", "words"} {
		if strings.Contains(log, canary) {
			t.Errorf("got %q in the log, want nothing secret or personal", canary)
		}
	}
	for _, line := range []string{`"sent"`, `"send refused"`, `"credentials refused"`} {
		if !strings.Contains(log, line) {
			t.Errorf("got no line %s in the log", line)
		}
	}
}
