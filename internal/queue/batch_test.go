package queue

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"omnihub/internal/hub"
)

// event makes a batch from "id/group/receives" triples.
func event(records ...string) events.SQSEvent {
	var e events.SQSEvent
	for _, r := range records {
		parts := strings.Split(r, "/")
		attributes := map[string]string{"ApproximateReceiveCount": parts[2]}
		if parts[1] != "" {
			attributes["MessageGroupId"] = parts[1]
		}
		e.Records = append(e.Records, events.SQSMessage{MessageId: parts[0], Body: parts[0], Attributes: attributes})
	}
	return e
}

func run(b *Batch, e events.SQSEvent, fail ...string) (ran, failed []string) {
	var mu sync.Mutex
	b.Handle = func(_ context.Context, r Record) error {
		mu.Lock()
		ran = append(ran, r.MessageId)
		mu.Unlock()
		if slices.Contains(fail, r.MessageId) {
			return hub.E(hub.Transient, "test", nil)
		}
		if slices.Contains(fail, "panic:"+r.MessageId) {
			panic("boom")
		}
		return nil
	}
	b.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	b.Workers = 1
	for _, f := range b.Run(context.Background(), e).BatchItemFailures {
		failed = append(failed, f.ItemIdentifier)
	}
	return ran, failed
}

func TestFailureStopsItsGroupOnly(t *testing.T) {
	ran, failed := run(&Batch{}, event("a1/a/1", "b1/b/1", "a2/a/1", "b2/b/1", "a3/a/1"), "a2")
	if got, want := fmt.Sprint(failed), "[a2 a3]"; got != want {
		t.Errorf("got failures %s, want %s", got, want)
	}
	if slices.Contains(ran, "a3") || !slices.Contains(ran, "b2") {
		t.Errorf("got %v run, want all of b and nothing of a behind the failure", ran)
	}
}

func TestRecordsWithoutGroupAreIndependent(t *testing.T) {
	_, failed := run(&Batch{}, event("a//1", "b//1", "c//1"), "b")
	if fmt.Sprint(failed) != "[b]" {
		t.Errorf("got failures %v, want b only", failed)
	}
}

func TestPanicIsOneRecordsFailure(t *testing.T) {
	ran, failed := run(&Batch{}, event("a/a/1", "b/b/1"), "panic:a")
	if fmt.Sprint(failed) != "[a]" || !slices.Contains(ran, "b") {
		t.Errorf("got failures %v, run %v, want a to fail and b to run", failed, ran)
	}
}

func TestSuspectsRunLastAndHoldNobodyBack(t *testing.T) {
	giveUp := func(context.Context, Record) error { return nil }
	ran, failed := run(&Batch{GiveUp: giveUp}, event("p/a/3", "f1/a/3", "f2/a/1"), "p")
	if got, want := fmt.Sprint(ran), "[f2 p f1]"; got != want {
		t.Errorf("got order %s, want %s", got, want)
	}
	if fmt.Sprint(failed) != "[p]" {
		t.Errorf("got failures %v, want p only: its followers must not burn with it", failed)
	}
}

func TestSuspectIsGivenUpBeforeItsEighthTry(t *testing.T) {
	var kept []string
	b := &Batch{GiveUp: func(_ context.Context, r Record) error { kept = append(kept, r.MessageId); return nil }}
	ran, failed := run(b, event("p7/a/7", "p8/a/8"), "p7", "p8")
	if fmt.Sprint(ran) != "[p7]" || fmt.Sprint(kept) != "[p8]" || fmt.Sprint(failed) != "[p7]" {
		t.Errorf("got run %v, kept %v, failures %v, want p7 tried and p8 kept aside", ran, kept, failed)
	}
	b = &Batch{GiveUp: func(context.Context, Record) error { return hub.E(hub.Transient, "test", nil) }}
	if _, failed := run(b, event("p/a/9")); fmt.Sprint(failed) != "[p]" {
		t.Errorf("got failures %v, want p back on the queue since it could not be kept aside", failed)
	}
}

func TestOrderedBatchNeverIsolates(t *testing.T) {
	ran, failed := run(&Batch{}, event("a/a/50", "b/a/1"), "a")
	if fmt.Sprint(ran) != "[a]" || fmt.Sprint(failed) != "[a b]" {
		t.Errorf("got run %v, failures %v, want b to stay behind a", ran, failed)
	}
}

func TestNothingIsStartedWithoutTime(t *testing.T) {
	b := &Batch{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Reserve: time.Minute,
		Handle: func(context.Context, Record) error { t.Error("a record was started"); return nil }}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if got := b.Run(ctx, event("a/a/1", "b/b/1")); len(got.BatchItemFailures) != 2 {
		t.Errorf("got %d failures, want both records back", len(got.BatchItemFailures))
	}
}

func TestRecordThatTakesTooLongLeavesTimeForTheAnswer(t *testing.T) {
	b := &Batch{Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Reserve: time.Millisecond,
		Handle: func(ctx context.Context, r Record) error {
			if r.MessageId == "slow" {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
	ctx, cancel := context.WithTimeout(context.Background(), 600*time.Millisecond)
	defer cancel()
	got := b.Run(ctx, event("slow/a/1", "quick/b/1")).BatchItemFailures
	if ctx.Err() != nil {
		t.Error("the batch outlasted the function")
	}
	if len(got) != 1 || got[0].ItemIdentifier != "slow" {
		t.Errorf("got failures %v, want the slow record only", got)
	}
}
