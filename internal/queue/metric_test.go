package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/metric/metrictest"
)

func TestReturnedRecordsAndPanicsAreCounted(t *testing.T) {
	n := metrictest.New(t, "inbound")
	run(&Batch{Metrics: n.Meter}, event("a/1/1", "b/2/1", "c/3/1"), "a", "panic:b")
	n.Want("one fails, one panics", map[string]int{"RecordsReturned inbound": 1, "RecordsPanicked": 1})

	// What waits its turn has not failed.
	b := &Batch{Metrics: n.Meter, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Handle: func(context.Context, Record) error {
		return hub.E(hub.RateLimited, "test", nil)
	}}
	b.Run(context.Background(), event("a/1/1"))
	n.Want("one has to wait", map[string]int{})
}

func TestLineAboutARecordBearsItsTrace(t *testing.T) {
	var out bytes.Buffer
	b := &Batch{
		Log: slog.New(slog.NewJSONHandler(&out, nil)), Trace: func(r Record) string { return "trace of " + r.Body },
		Handle: func(_ context.Context, r Record) error {
			if r.Body == "b" {
				panic("boom")
			}
			return hub.E(hub.Transient, "test", nil)
		},
	}
	b.Run(context.Background(), event("a/1/1", "b/2/1"))
	for _, text := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var line struct{ Msg, Message, Trace string }
		if err := json.Unmarshal([]byte(text), &line); err != nil || line.Trace != "trace of "+line.Message {
			t.Errorf("%s: got the trace %q of %q, %v", line.Msg, line.Trace, line.Message, err)
		}
	}
}
