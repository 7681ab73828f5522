package source

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"omnihub/internal/devserver/lambda"
	"omnihub/internal/devserver/template"
)

func TestTwoMappingsOfOneFunctionGoTheirOwnWays(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{answer: poison}
	source := template.StreamSource{Retries: 0, OnFailure: "Failed"}
	contacts, messages := c.table(t, f, source), c.tableNamed(t, "messages", f, source)
	path := filepath.Join(t.TempDir(), "checkpoints.json")
	both := checkpoints(t, path)
	contacts.stream.Checkpoints, messages.stream.Checkpoints = both, both
	g := &Group{}
	g.Add(contacts.stream)
	g.Add(messages.stream)
	g.Start()
	t.Cleanup(g.Stop)
	contacts.put(t, "p")
	messages.put(t, "p")
	eventually(t, "read to the tip", func() bool { return contacts.atTip() && messages.atTip() })
	contacts.put(t, "a")
	messages.put(t, "b")
	eventually(t, "read to the tip", func() bool { return contacts.atTip() && messages.atTip() })

	keys, records := contacts.objects(t)
	if len(keys) != 2 || strings.Split(keys[0], "/")[2] == strings.Split(keys[1], "/")[2] {
		t.Errorf("kept batches: got %v, want one below each mapping's id", keys)
	}
	streams := []string{}
	for _, rec := range records {
		streams = append(streams, rec["DDBStreamBatchInfo"].(map[string]any)["streamArn"].(string))
	}
	for _, tb := range []*table{contacts, messages} {
		if !slices.Contains(streams, tb.stream.ARN) {
			t.Errorf("kept batches: got streams %v, want %s in them", streams, tb.stream.ARN)
		}
	}

	g.Stop()
	if err := both.Flush(); err != nil {
		t.Fatal(err)
	}
	messages.put(t, "c")
	before := f.count()
	again := checkpoints(t, path)
	for _, tb := range []*table{contacts, messages} {
		s := tb.stream
		run(t, &Stream{Name: s.Name, Mapping: s.Mapping, Source: s.Source, ARN: s.ARN, Function: f, Client: s.Client, Store: s.Store,
			Checkpoints: again, Now: s.Now, Log: s.Log, Watch: s.Watch, Tips: s.Tips})
	}
	eventually(t, "delivered", func() bool { return f.count() > before })
	if got := sum(f.values()[before:]); got != "c" {
		t.Errorf("after a restart: got %s, want only what was new", got)
	}
}

func TestTwoMappingsOfOneStreamDoNotShareACheckpoint(t *testing.T) {
	c := newCloud(t, 1)
	left, right := &function{}, &function{answer: func(batch) lambda.Result { return failed() }}
	tb := c.table(t, left, template.StreamSource{})
	other := &Stream{Name: tb.stream.Name, Mapping: "Other/items", Source: template.StreamSource{Batch: 1, Retries: -1}, ARN: tb.stream.ARN, Function: right,
		Client: tb.stream.Client, Store: tb.stream.Store, Checkpoints: tb.stream.Checkpoints, Now: c.clock.Now, Log: c.log}
	tb.put(t, "a", "b")
	run(t, tb.stream)
	stop := run(t, other)
	eventually(t, "read to the tip", func() bool { return tb.atTip() && right.count() > 1 })
	stop()
	for shard := range other.shards {
		if got := other.Checkpoints.Get(other.key(shard)); got != "" {
			t.Errorf("checkpoint of the reader that failed: got %s, want none", got)
		}
	}
}

func TestBatchingWindowGathersRecords(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Batch: 3, Window: 300 * time.Second, Filters: []string{`{"dynamodb":{"NewImage":{"v":{"S":[{"anything-but":"x"}]}}}}`}})
	run(t, tb.stream)
	tb.put(t, "x", "x", "x", "x")
	eventually(t, "what passes no filter is passed over at once", tb.atTip)
	tb.put(t, "a", "x")
	tb.put(t, "b", "x")
	if tb.atTip() || f.count() != 0 {
		t.Errorf("before the batch is full: got %v delivered, at the tip %v", f.values(), tb.atTip())
	}
	tb.put(t, "c")
	eventually(t, "delivered", func() bool { return f.count() == 1 })
	if got := sum(f.values()); got != "abc" {
		t.Errorf("batches: got %s, want abc", got)
	}
	eventually(t, "read to the tip", tb.atTip)
}

func TestBatchingWindowEnds(t *testing.T) {
	for _, told := range []bool{true, false} {
		c := newCloud(t, 1)
		f := &function{}
		tb := c.table(t, f, template.StreamSource{Window: time.Second})
		if !told {
			tb.stream.Watch, tb.stream.Tips = nil, nil
		}
		began := time.Now()
		run(t, tb.stream)
		tb.put(t, "a")
		eventually(t, "delivered", func() bool { return f.count() == 1 })
		if took := time.Since(began); took < time.Second {
			t.Errorf("told of records %v: got the batch after %s, want the window of 1 s before it", told, took)
		}
	}
}

func TestReaderThatGathersHasNotCaughtUp(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Window: 300 * time.Second})
	tb.stream.Watch, tb.stream.Tips = nil, nil // as against another process
	caughtUp := func() bool {
		p := tb.stream.Positions()
		return len(p) > 0 && !slices.ContainsFunc(p, func(p Position) bool { return !p.CaughtUp })
	}
	run(t, tb.stream)
	eventually(t, "caught up", caughtUp)
	tb.put(t, "a")
	eventually(t, "gathers", func() bool { return !caughtUp() })
	if f.count() != 0 {
		t.Errorf("delivered: got %v before the window is over", f.values())
	}
}

func TestStopLeavesAGatheredBatchForLater(t *testing.T) {
	c := newCloud(t, 1)
	f := &function{}
	tb := c.table(t, f, template.StreamSource{Window: 300 * time.Second})
	stop := run(t, tb.stream)
	tb.put(t, "a")
	began := time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second || f.count() != 0 || tb.atTip() {
		t.Errorf("stop: took %s, delivered %v, at the tip %v; want it at once and nothing done", took, f.values(), tb.atTip())
	}
	tb.stream.Source.Window = 0
	run(t, tb.stream)
	eventually(t, "delivered", func() bool { return f.count() == 1 })
}
