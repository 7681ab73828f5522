package main

import (
	"context"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
)

// teller is a channel whose platform tells one profile, or fails.
type teller struct {
	channel.Adapter
	err error
}

func (x teller) Profile(context.Context, channel.Account, string) (channel.Profile, error) {
	return channel.Profile{Name: "Mei"}, x.err
}

func TestEveryAskIsCountedByItsEnd(t *testing.T) {
	h := hubtest.New(t)
	putHome(t, h)
	for what, c := range map[string]struct {
		err  error
		want map[string]int
	}{
		"told":            {nil, map[string]int{"ProfilesStored line": 1}},
		"not told":        {hub.E(hub.Unreachable, "x", nil), map[string]int{"ProfilesAbsent line": 1}},
		"fails":           {hub.E(hub.Transient, "x", nil), map[string]int{"ProfilesFailed line transient": 1, "RecordsReturned profile": 1}},
		"has to wait":     {hub.E(hub.RateLimited, "x", nil), map[string]int{"ProfilesFailed line rate_limited": 1}},
		"unforeseen":      {hub.E(hub.Conflict, "x", nil), map[string]int{"ProfilesFailed line other": 1, "RecordsReturned profile": 1}},
		"is never to be":  {hub.E(hub.Permanent, "x", nil), map[string]int{"ProfilesFailed line permanent": 1, "Quarantined permanent": 1}},
		"refuses a token": {hub.E(hub.TokenExpired, "x", nil), map[string]int{"ProfilesFailed line token_expired": 1, "RecordsReturned profile": 1}},
	} {
		n := metrictest.New(t, "profile", "line")
		f := newHandler(h, map[hub.Channel]channel.Adapter{"line": teller{err: c.err}})
		f.Profiles.Metrics, f.Quarantine.Metrics = n.Meter, n.Meter
		handle(t, f, sample(t, "1"))
		n.Want(what, c.want)
	}
}
