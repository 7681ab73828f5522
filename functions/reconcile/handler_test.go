package main

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/chat"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestIdleMinuteReadsTheDueBucketsOnly(t *testing.T) {
	h := hubtest.New(t)
	h.Clock.Advance(time.Duration(90-h.Clock.Now().Second()) * time.Second) // not at the full hour
	r := &handler{Reconciler: &chat.Reconciler{Store: h.As("Reconcile", nil), Queue: h.Outbound, Now: h.Clock.Now, Log: h.Log}}
	h.Cloud.Meter().Reset()
	out, err := r.Handle(context.Background())
	if err != nil || out.HandedOn != 0 {
		t.Fatalf("got %+v, %v, want nothing to do", out, err)
	}
	calls, _, write := h.Calls("Reconcile")
	if want := 2 * store.Shards; calls != want || write != 0 {
		t.Errorf("got %d calls and %v WRU, want %d and 0", calls, write, want)
	}
}

func TestOverdueSendsAreHandedOnInTheOrderOfAcceptance(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	ref := store.Ref{Team: hubtest.Team, User: "u"}
	base := hub.MillisOf(h.Clock.Now())
	for _, i := range []int{2, 0, 1} {
		at := base.Add(time.Duration(i) * time.Second)
		if _, err := h.Store.PutIntent(ctx, ref, hub.Intent{
			Key: hub.NewMessageKey(base-hub.Millis(i), "x"), Class: hub.ClassPerson, Content: hub.TextContent(string(rune('a' + i))),
			Accepted: at, Deadline: at.Add(time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
	}
	h.Clock.Advance(5 * time.Minute)
	r := &handler{Reconciler: &chat.Reconciler{Store: h.Store, Queue: h.Outbound, Now: h.Clock.Now, Log: h.Log}}
	if out, err := r.Handle(ctx); err != nil || out.HandedOn != 3 {
		t.Fatalf("got %+v, %v, want 3", out, err)
	}
	got := ""
	for _, m := range h.Receive(h.Outbound).Records {
		q, err := chat.ReadOrder(m.Body)
		if err != nil {
			t.Fatal(err)
		}
		got += q.Intent.Content.Text
		if q.Attempt != 1 {
			t.Errorf("got attempt %d, want 1", q.Attempt)
		}
	}
	if got != "abc" {
		t.Errorf("got order %q, want abc", got)
	}
}
