package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
	"omnihub/internal/store"
)

// platform answers a look at an account.
type platform struct {
	channel.Adapter
	standing  channel.Standing
	err       error
	refreshed channel.Secrets
}

func (p platform) Check(context.Context, channel.Account) (channel.Standing, error) {
	return p.standing, p.err
}

func (p platform) Refresh(context.Context, channel.Account) (channel.Secrets, hub.Millis, error) {
	return p.refreshed, hub.MillisOf(hubtest.Start.Add(60 * 24 * time.Hour)), nil
}

// newHandler is the function beside a platform of LINE's kind; WhatsApp's does not care.
func newHandler(h *hubtest.Hub, p platform) *handler {
	setup := h.Setup
	setup.Store, setup.Keyring = h.As("TokenRefresh", nil), h.Keys("TokenRefresh", nil)
	return &handler{Keeper: &account.Keeper{
		Setup: setup, Adapters: map[hub.Channel]channel.Adapter{"line": p}, Now: h.Clock.Now, Log: h.Log,
	}}
}

func TestIdleHourReadsTheDueBucketsOnly(t *testing.T) {
	h := hubtest.New(t)
	f := newHandler(h, platform{})
	h.Cloud.Meter().Reset()
	out, err := f.Handle(context.Background())
	if err != nil || out != (account.Looked{}) {
		t.Fatalf("got %+v, %v, want nothing to do", out, err)
	}
	if calls, _, write := h.Calls("TokenRefresh"); calls != store.Shards || write != 0 {
		t.Errorf("got %d calls and %v WRU, want %d and 0", calls, write, store.Shards)
	}
}

func TestWhatEachLookComesToIsCounted(t *testing.T) {
	soon := hub.MillisOf(hubtest.Start.Add(5 * 24 * time.Hour))
	for what, c := range map[string]struct {
		platform platform
		want     map[string]int
		left     int
	}{
		"good":    {platform{}, map[string]int{}, 0},
		"refused": {platform{err: hub.E(hub.TokenExpired, "x", errors.New("no"))}, map[string]int{"AccountsTroubled token_expired": 1}, 0},
		"broken":  {platform{err: hub.E(hub.AccountBroken, "x", errors.New("no"))}, map[string]int{"AccountsTroubled account_broken": 1}, 0},
		"down":    {platform{err: hub.E(hub.Transient, "x", errors.New("no"))}, map[string]int{}, 1},
		"renewed": {platform{standing: channel.Standing{Expires: soon}, refreshed: channel.Secrets{"channel_token": "new"}}, map[string]int{"TokensRenewed": 1}, 0},
	} {
		h := hubtest.New(t)
		h.Clock.Advance(2 * time.Hour)
		n := metrictest.New(t, "tokenrefresh", "line")
		f := newHandler(h, c.platform)
		f.Keeper.Metrics = n.Meter
		out, err := f.Handle(context.Background())
		if err != nil || out != (account.Looked{Looked: 2, Left: c.left}) {
			t.Errorf("%s: got %+v, %v, want both accounts, %d of them left", what, out, err, c.left)
		}
		n.Want(what, c.want)
	}
}

func TestTableThatFailsIsAnError(t *testing.T) {
	h := hubtest.New(t)
	f := newHandler(h, platform{})
	f.Keeper.Setup.Store = h.As("TokenRefresh", hubtest.Cut(0, false))
	if _, err := f.Handle(context.Background()); hub.CodeOf(err) != hub.Transient {
		t.Errorf("got %v, want transient: the schedule tries again", err)
	}
}

func TestRunStopsInTime(t *testing.T) {
	h := hubtest.New(t)
	h.Clock.Advance(2 * time.Hour)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := newHandler(h, platform{}).Handle(ctx)
	if err != nil || out.Looked != 0 {
		t.Errorf("got %+v, %v, want nothing begun that may not end in time", out, err)
	}
}
