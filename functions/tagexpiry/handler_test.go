package main

import (
	"context"
	"testing"
	"time"

	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/store"
	"omnihub/internal/tag"
)

// newHandler is the function with a home that bears a tag for a day.
func newHandler(t *testing.T) (*hubtest.Hub, *handler) {
	t.Helper()
	h := hubtest.New(t)
	ctx := context.Background()
	b := &tag.Book{Store: h.Store, Now: h.Clock.Now}
	home := h.Team.Pepper.Home(hubtest.LineAccount, "anna", 0)
	err := h.Store.PutHome(ctx, hubtest.Team, hub.Home{
		ID: home, Account: hubtest.LineAccount, Channel: "line", User: h.Team.Pepper.User(hubtest.LineAccount, "anna"), Kind: hub.Person, Created: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	now := hub.MillisOf(h.Clock.Now())
	if _, err := b.Define(ctx, hubtest.Team, hub.Tag{Name: "T", Days: 1}, hub.Audit{ID: "a", Actor: hub.Actor{Kind: hub.ActorMember, ID: "anna"}, At: now}); err != nil {
		t.Fatal(err)
	}
	if err := b.Change(ctx, hubtest.Team, home, []string{"T"}, nil, tag.Call{ID: "one", At: now, Source: "api", By: "member:anna"}); err != nil {
		t.Fatal(err)
	}
	return h, &handler{Check: &tag.Check{Store: h.As("TagExpiry", nil), Now: h.Clock.Now, Log: h.Log}}
}

func TestTagsPastTheirValidityEnd(t *testing.T) {
	h, f := newHandler(t)
	for days, want := range []tag.Checked{{}, {}, {Ended: 1}, {}} {
		if got, err := f.Handle(context.Background()); err != nil || got != want {
			t.Errorf("after %d days: got %+v, %v, want %+v", days, got, err, want)
		}
		h.Clock.Advance(24 * time.Hour)
	}
	list, _, err := h.Store.Bearers(context.Background(), hubtest.Team, hub.NewTagID(hubtest.Team, "T"), "", 10)
	if err != nil || len(list) != 0 {
		t.Errorf("got %+v, %v, want nobody to bear the tag", list, err)
	}
}

func TestTableThatFailsIsAnError(t *testing.T) {
	h, f := newHandler(t)
	for calls := range 2 + store.Shards {
		f.Check.Store = h.As("TagExpiry", hubtest.Cut(calls, false))
		if _, err := f.Handle(context.Background()); hub.CodeOf(err) != hub.Transient {
			t.Errorf("cut after %d calls: got %v, want transient: the schedule tries again", calls, err)
		}
	}
}
