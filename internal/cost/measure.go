package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/stack"
)

// Measured is what the local stack shows beside the golden file: the functions' own
// log lines, by scenario and function.
type Measured struct {
	Date      string                       `json:"date"`
	Scenarios map[string]map[string]Logged `json:"scenarios"` // by the golden file's name
}

// Logged are log lines as a function prints them.
type Logged struct {
	Lines float64 `json:"lines"`
	Bytes float64 `json:"bytes"` // of the lines without their ends
}

// ReadMeasured reads the file that measure writes.
func ReadMeasured(path string) (*Measured, error) {
	var m Measured
	if err := readStrict(path, &m); err != nil {
		return nil, err
	}
	return &m, nil
}

// act is one event that is played, under the golden file's name of it.
type act struct {
	scenario, channel string
	act               fake.Act
}

// acts go on from one another. WhatsApp's time is in seconds: each is of a later one.
func acts(now time.Time) []act {
	second := func(n int64) int64 { return now.UnixMilli() + n*1000 }
	extra := func(what string) json.RawMessage { return json.RawMessage(what) }
	return []act{
		{"", "line", fake.Act{From: "warm", Text: "ping"}},
		{"", "whatsapp", fake.Act{From: "warm", Text: "ping"}},
		{"first short text of a new customer", "line", fake.Act{From: "mei", Text: "hello"}},
		{"short text of a known customer, in order, conversation open", "line", fake.Act{From: "mei", Text: "hello again"}},
		{"keyword and its answer, from webhook to result", "line", fake.Act{From: "mei", Text: "ping"}},
		{"event that is no message", "line", fake.Act{From: "mei", Extra: extra(`{"type":"postback","data":"x"}`)}},
		{"whatsapp: first short text of a new customer, by number and user id", "whatsapp", fake.Act{From: "mei", Text: "hello", At: second(1)}},
		{"whatsapp: short text of a known customer, in order, conversation open", "whatsapp", fake.Act{From: "mei", Text: "hello again", At: second(2)}},
		{"whatsapp: keyword and its answer, from webhook to result, no receipts", "whatsapp", fake.Act{From: "mei", Text: "ping", At: second(3)}},
		{"delivery receipt", "whatsapp", fake.Act{From: "mei", Extra: extra(`{"type":"status","status":"delivered"}`)}},
		{"the same delivery receipt again", "whatsapp", fake.Act{From: "mei", Extra: extra(`{"type":"status","status":"delivered"}`)}},
	}
}

// measure plays the acts in a local stack and writes what they made to path.
func measure(ctx context.Context, path string) error {
	st, err := stack.Start(ctx, stack.Options{Memory: true, RawLog: true})
	if err != nil {
		return err
	}
	m, err := observe(ctx, st)
	if stopped := st.Stop(); err == nil {
		err = stopped
	}
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("cost: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("cost: %w", err)
	}
	return nil
}

func observe(ctx context.Context, st *stack.Stack) (*Measured, error) {
	now := time.Now()
	m := &Measured{Date: now.UTC().Format("2006-01-02"), Scenarios: map[string]map[string]Logged{}}
	// Receipts are an act of their own.
	if err := st.Faults(ctx, map[string]any{"whatsapp": map[string]any{"status_missing": 1}}); err != nil {
		return nil, err
	}
	for _, a := range acts(now) {
		before, err := logged(ctx, st)
		if err != nil {
			return nil, err
		}
		if a.channel == "whatsapp" {
			a.act.Account = "whatsapp1"
		}
		d, err := st.Customer(ctx, a.channel, a.act)
		if err != nil {
			return nil, err
		}
		if d.Status != http.StatusOK {
			return nil, fmt.Errorf("cost: measure %q: the webhook was answered %d", a.scenario, d.Status)
		}
		after, err := logged(ctx, st)
		if err != nil {
			return nil, err
		}
		if a.scenario == "" {
			continue
		}
		if m.Scenarios[a.scenario], err = ownLines(st.Log()[before:after]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// logged waits until nothing goes on and no line comes any more, and answers the
// length of the log.
func logged(ctx context.Context, st *stack.Stack) (int, error) {
	if err := st.Idle(ctx, 30*time.Second); err != nil {
		return 0, err
	}
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	length := len(st.Log())
	for quiet := 0; quiet < 3; quiet++ {
		select {
		case <-again.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
		if n := len(st.Log()); n != length {
			length, quiet = n, -1
		}
	}
	return length, nil
}

// ownLines counts what functions printed and Lambda would keep: lines of INFO and more,
// and metrics. The stack puts two members of its own before those of a line; the line's
// own begin with its time, or, of metrics, with what CloudWatch reads.
func ownLines(log string) (map[string]Logged, error) {
	out := map[string]Logged{}
	for _, line := range strings.Split(log, "\n") {
		if !strings.HasPrefix(line, `{"function":`) {
			continue
		}
		var head struct{ Function string }
		at := strings.Index(line, `,"_aws":`)
		if at < 0 {
			at = strings.Index(line, `,"time":`)
		}
		if at < 0 {
			return nil, fmt.Errorf("cost: a line of the log has no time")
		}
		if strings.Contains(line[at:], `,"level":"DEBUG",`) {
			continue // a deployment does not log it, unless LogLevel says so
		}
		own := "{" + line[at+1:]
		if json.Unmarshal([]byte(line[:at]+"}"), &head) != nil || head.Function == "" {
			return nil, fmt.Errorf("cost: a line of the log does not name its function")
		}
		name := strings.ToUpper(head.Function[:1]) + head.Function[1:]
		l := out[name]
		l.Lines++
		l.Bytes += float64(len(own))
		out[name] = l
	}
	return out, nil
}
