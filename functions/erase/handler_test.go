package main

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/contact"
	"omnihub/internal/erasure"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func worker(h *hubtest.Hub) *handler {
	return &handler{Worker: &erasure.Worker{Store: h.As("Erase", nil), Settings: h.Settings, Now: h.Clock.Now, Log: h.Log}}
}

func TestIdleMinuteReadsTheDueBucketsOnly(t *testing.T) {
	h := hubtest.New(t)
	f := worker(h)
	h.Cloud.Meter().Reset()
	out, err := f.Handle(context.Background())
	if err != nil || out.Worked != 0 {
		t.Fatalf("got %+v, %v, want nothing to do", out, err)
	}
	calls, _, write := h.Calls("Erase")
	if want := store.Shards; calls != want || write != 0 {
		t.Errorf("got %d calls and %v WRU, want %d and 0", calls, write, want)
	}
}

func TestErasureIsCarriedOutInItsTime(t *testing.T) {
	h := hubtest.New(t)
	ctx := context.Background()
	b := &contact.Book{Store: h.Store, Now: h.Clock.Now, Settings: h.Settings}
	office := &erasure.Office{Store: h.Store, Settings: h.Settings, Contacts: b, Now: h.Clock.Now}
	a := hub.Audit{ID: "a", Actor: hub.Actor{Kind: hub.ActorMember, ID: "boss"}, Action: "x", Target: "home/new", At: hub.MillisOf(h.Clock.Now())}
	home, _, err := b.Create(ctx, hubtest.Team, "anna", []contact.Change{{Field: "email", Value: "anna@example.com"}}, a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := office.Preview(ctx, hubtest.Team, home)
	if err != nil {
		t.Fatal(err)
	}
	e, err := office.Begin(ctx, hubtest.Team, home, p.Token, a)
	if err != nil {
		t.Fatal(err)
	}
	f := worker(h)
	for _, step := range []struct {
		wait   time.Duration
		worked int
		phase  hub.ErasurePhase
	}{
		{0, 1, hub.ErasureSettling}, {hub.ErasureSettle - time.Second, 0, hub.ErasureSettling}, {time.Second, 1, hub.ErasureDone},
		{hub.ErasureLast - time.Second, 0, hub.ErasureDone}, {time.Second, 1, hub.ErasureClosed}, {48 * time.Hour, 0, hub.ErasureClosed},
	} {
		h.Clock.Advance(step.wait)
		out, err := f.Handle(ctx)
		if err != nil || out.Worked != step.worked {
			t.Fatalf("after %v: got %+v, %v, want %d", step.wait, out, err, step.worked)
		}
		if got, err := office.Erasure(ctx, hubtest.Team, e.ID); err != nil || got.Phase != step.phase {
			t.Errorf("after %v: got %s, %v, want %s", step.wait, got.Phase, err, step.phase)
		}
	}
	kinds := map[string]string{}
	for _, p := range h.Published() {
		if p.Detail["erasure"] != nil {
			kinds[p.Kind] = p.ID
			if p.Detail["erasure"] != e.ID || p.Detail["homes"].([]string)[0] != string(home) {
				t.Errorf("got %+v, want the erasure and its homes", p.Detail)
			}
		}
	}
	if kinds[hub.ContactErasing] == "" || kinds[hub.ContactErased] != kinds[hub.ContactErasing]+"#1" {
		t.Errorf("got %v, want its beginning and its end published", kinds)
	}
}

func TestTableThatFailsIsAnError(t *testing.T) {
	h := hubtest.New(t)
	f := worker(h)
	f.Worker.Store = h.As("Erase", hubtest.Cut(3, false))
	if _, err := f.Handle(context.Background()); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient: the schedule tries again", err)
	}
}
