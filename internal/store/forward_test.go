package store_test

import (
	"testing"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
)

func TestWatermarksMoveForwardOnly(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	for n, state := range []hub.State{hub.Read, hub.Delivered} {
		r := thread(n)
		if moved, err := h.Store.Watermark(ctx, r, state, now); moved || err != nil {
			t.Errorf("%s of a thread that is not there: got %v, %v, want false", state, moved, err)
		}
		arrive(t, h, r, now, "1", "x")
		for _, step := range []struct {
			at   hub.Millis
			want bool
		}{{now + 20, true}, {now + 10, false}, {now + 20, false}, {now + 30, true}} {
			if moved, err := h.Store.Watermark(ctx, r, state, step.at); moved != step.want || err != nil {
				t.Errorf("%s up to +%d: got %v, %v, want %v", state, step.at-now, moved, err, step.want)
			}
		}
		th, err := h.Store.Thread(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		got := th.ReadUpTo
		if state == hub.Delivered {
			got = th.DeliveredUpTo
		}
		if got != now+30 {
			t.Errorf("%s: got +%d, want +30", state, got-now)
		}
	}
}

func TestSubscriptionStampsMoveForwardOnly(t *testing.T) {
	h := hubtest.New(t)
	a := store.Arrival{Account: hubtest.LineAccount, External: "U1", Kind: hub.Person}
	for n, kind := range []string{hub.Followed, hub.Unfollowed, hub.OptOut, hub.OptIn, hub.MarketingOut} {
		r := thread(n)
		for _, step := range []struct {
			at   hub.Millis
			want store.Step
		}{{20, store.Moved}, {10, store.Again}, {20, store.Again}, {30, store.Moved}} {
			if _, got, err := h.Store.Subscribe(ctx, r, kind, step.at, a); got != step.want || err != nil {
				t.Errorf("%s at %d: got step %v, %v, want %v", kind, step.at, got, err, step.want)
			}
		}
		th, err := h.Store.Thread(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		stamps := map[string]hub.Millis{
			hub.Followed: th.Followed, hub.Unfollowed: th.Unfollowed, hub.OptOut: th.OptedOut, hub.OptIn: th.OptedIn, hub.MarketingOut: th.MarketingOut,
		}
		for name, got := range stamps {
			if want := map[bool]hub.Millis{true: 30}[name == kind]; got != want {
				t.Errorf("%s: got %d for %s, want %d", kind, got, name, want)
			}
		}
	}
}

// TestLateMessageOpensNoConversationBesideAnother: between the look at a thread
// without a conversation and the late message, a newer message opens one.
func TestLateMessageOpensNoConversationBesideAnother(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	open := arrive(t, h, thread(1), now, "1", "x")
	if err := h.Store.Close(ctx, thread(1), &open, "anna"); err != nil {
		t.Fatal(err)
	}
	seen, err := h.Store.Thread(ctx, thread(1))
	if err != nil {
		t.Fatal(err)
	}
	newer := arrive(t, h, thread(1), now+1, "2", "y")
	late := hub.Inbound{Key: hub.NewMessageKey(now-1, "0"), Hash: "h", Received: now}
	if _, err := h.Store.PutLate(ctx, thread(1), &seen, late); hub.CodeOf(err) != hub.Conflict {
		t.Errorf("got %v on a thread that opened meanwhile, want conflict", err)
	}
	th, err := h.Store.Thread(ctx, thread(1))
	if err != nil || th.Conversation != newer.Conversation || len(th.Late) != 0 {
		t.Errorf("got conversation %q, %d late, %v, want %q and none", th.Conversation, len(th.Late), err, newer.Conversation)
	}
}

// TestThreadsThatChangedMeanwhileAreNotFused: what changed after the look at the two
// would be lost.
func TestThreadsThatChangedMeanwhileAreNotFused(t *testing.T) {
	h := hubtest.New(t)
	now := hub.MillisOf(h.Clock.Now())
	n := 0
	for name, change := range map[string]func(r store.Ref, th hub.Thread) error{
		"a newer message": func(r store.Ref, _ hub.Thread) error {
			arrive(t, h, r, now+9, "9", "newer")
			return nil
		},
		"a late message": func(r store.Ref, th hub.Thread) error {
			_, err := h.Store.PutLate(ctx, r, &th, hub.Inbound{Key: hub.NewMessageKey(now-9, "9"), Hash: "h", Received: now})
			return err
		},
		"a member who accepts": func(r store.Ref, th hub.Thread) error {
			_, err := h.Store.Accept(ctx, r, th.Conversation, "anna")
			return err
		},
		"a member who closes": func(r store.Ref, th hub.Thread) error { return h.Store.Close(ctx, r, &th, "anna") },
		"a send that is parked": func(r store.Ref, _ hub.Thread) error {
			k := hub.NewMessageKey(now+1, "s")
			in := hub.Intent{Key: k, Class: hub.ClassPerson, Content: hub.TextContent("x"), Accepted: now, Deadline: now + 1000}
			if _, err := h.Store.PutIntent(ctx, r, in); err != nil {
				return err
			}
			_, err := h.Store.Park(ctx, store.Queued{Ref: r, Intent: in}, r.User, now+500)
			return err
		},
	} {
		for _, ofTheOneThatStays := range []bool{false, true} {
			n += 2
			left, right := thread(n), thread(n+1)
			from, to := arrive(t, h, left, now, "1", "x"), arrive(t, h, right, now, "2", "y")
			r, th := left, from
			if ofTheOneThatStays {
				r, th = right, to
			}
			if err := change(r, th); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := h.Store.Fuse(ctx, hubtest.Team, &from, &to); hub.CodeOf(err) != hub.Conflict {
				t.Errorf("%s, in the thread that stays %v: got %v, want conflict", name, ofTheOneThatStays, err)
			}
		}
	}
}
