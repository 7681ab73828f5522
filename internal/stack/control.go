package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/localaws/wire"
)

// Fired is the outcome of a schedule that was fired.
type Fired struct {
	Function string
	Schedule string
	Error    string
	Answer   string
	Millis   int64 `json:"ms"`
}

// Demo is the demo team as GET /_demo tells it.
type Demo struct {
	Team     string
	API      string
	Accounts []Account
	Seeded   map[string]string
	Tokens   map[string]string // of the demo team's members, by role
}

// Account is an account of the demo team.
type Account struct {
	Channel string
	fake.Account
}

// Event is an event that was published on a bus.
type Event struct {
	Number     int    // counts up from 1 since the devserver's start
	ID         string // as the targets see it
	Bus        string // name
	Source     string // as published
	DetailType string `json:"detail-type"`
	Time       time.Time
	Detail     json.RawMessage // without blanks
	Rules      []string        // names of those that it fits
	Failures   []Undelivered   // none if every target has it
}

// Undelivered is why an event did not reach a target of a rule.
type Undelivered struct {
	Rule, Target  string // name and id; both empty if the bus does not exist
	Code, Message string // as a dead letter has them
	DeadLettered  bool   `json:"dead_lettered"` // it lies in the target's dead-letter queue
}

// Tick fires all schedules of a function and waits for them. A failed one is an
// error.
func (s *Stack) Tick(ctx context.Context, function string) ([]Fired, error) {
	var out struct{ Fired []Fired }
	err := s.call(ctx, "POST", s.API+"/_dev/tick/"+url.PathEscape(function), nil, &out)
	return out.Fired, err
}

// AdvanceClock moves the hub's clock forward and answers what fired because of it,
// failed events that were tried again among it.
func (s *Stack) AdvanceClock(ctx context.Context, by time.Duration) ([]Fired, error) {
	var out struct{ Fired []Fired }
	err := s.call(ctx, "POST", s.API+"/_dev/clock", map[string]string{"advance": by.String()}, &out)
	return out.Fired, err
}

// Idle waits until nothing is to be done any more, at most for wait. The error
// holds the counts of what is.
func (s *Stack) Idle(ctx context.Context, wait time.Duration) error {
	return s.call(ctx, "GET", s.API+"/_dev/idle?wait="+wait.String(), nil, nil)
}

// KillFunction ends one process of a function with SIGKILL, one that has an event
// if there is any, and answers its pid. It is an error if there is no process.
func (s *Stack) KillFunction(ctx context.Context, function string) (pid int, err error) {
	var out struct{ PID int }
	err = s.call(ctx, "POST", s.API+"/_dev/kill/"+url.PathEscape(function), nil, &out)
	return out.PID, err
}

// KillBusy ends a process of a function with SIGKILL while it has an event, and
// waits for that as long as it is told. It is an error if none had one.
func (s *Stack) KillBusy(ctx context.Context, function string, wait time.Duration) error {
	return s.call(ctx, "POST", s.API+"/_dev/kill/"+url.PathEscape(function)+"?busy="+wait.String(), nil, nil)
}

// Rebuild builds all functions again and answers those that run a new program now.
func (s *Stack) Rebuild(ctx context.Context) (changed []string, err error) {
	var out struct{ Changed []string }
	err = s.call(ctx, "POST", s.API+"/_dev/rebuild", nil, &out)
	return out.Changed, err
}

// Counts are the AWS calls and units so far, by caller.
func (s *Stack) Counts(ctx context.Context) ([]wire.Count, error) {
	var out []wire.Count
	err := s.call(ctx, "GET", s.AWS+"/_localaws/counts", nil, &out)
	return out, err
}

// ResetCounts forgets the counts.
func (s *Stack) ResetCounts(ctx context.Context) error {
	return s.call(ctx, "POST", s.AWS+"/_localaws/counts/reset", nil, nil)
}

// Demo tells of the demo team.
func (s *Stack) Demo(ctx context.Context) (Demo, error) {
	var out Demo
	err := s.call(ctx, "GET", s.Platform+"/_demo", nil, &out)
	return out, err
}

// Events are the last events that were published on buses, oldest first, of those
// with a number over after; 0 is all that the devserver still knows. It is an error
// if the devserver runs with another endpoint than its own local cloud.
func (s *Stack) Events(ctx context.Context, after int) ([]Event, error) {
	var out []Event
	err := s.call(ctx, "GET", s.API+"/_dev/events?after="+strconv.Itoa(after), nil, &out)
	for i := range out {
		var detail bytes.Buffer
		if json.Compact(&detail, out[i].Detail) == nil {
			out[i].Detail = detail.Bytes()
		}
	}
	return out, err
}

// Sent are the calls that a fake platform accepted, oldest first; "" means all
// channels or all customers.
func (s *Stack) Sent(ctx context.Context, channel, to string) ([]fake.Call, error) {
	var out []fake.Call
	query := url.Values{"channel": {channel}, "to": {to}}
	err := s.call(ctx, "GET", s.Platform+"/_sent?"+query.Encode(), nil, &out)
	return out, err
}

// Customer lets a customer act, and answers how the hub took the webhook.
func (s *Stack) Customer(ctx context.Context, channel string, act fake.Act) (fake.Delivery, error) {
	var out fake.Delivery
	err := s.call(ctx, "POST", s.Platform+"/_customer/"+url.PathEscape(channel), act, &out)
	return out, err
}

// call sends a request of JSON and reads the answer into out. Any status but 2xx is
// an error with the answer's beginning.
func (s *Stack) call(ctx context.Context, method, address string, in, out any) error {
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("stack: %w", err)
		}
		body = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("stack: %s %s: %w", method, r.URL.Path, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("stack: %s %s: %s: %.4000s", method, r.URL.Path, resp.Status, strings.TrimSpace(string(data)))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("stack: %s %s: the answer could not be read: %w", method, r.URL.Path, err)
	}
	return nil
}
