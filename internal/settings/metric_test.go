package settings_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/hubtest"
	"omnihub/internal/metric/metrictest"
	"omnihub/internal/settings"
)

// outage breaks every call while it is on.
type outage struct {
	on   *atomic.Bool
	next http.RoundTripper
}

func (o outage) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.on.Load() {
		return nil, errors.New("the table is gone")
	}
	return o.next.RoundTrip(r)
}

func TestReadingsAndOldSettingsAreCounted(t *testing.T) {
	h := hubtest.New(t)
	n := metrictest.New(t, "outbound")
	var gone atomic.Bool
	r := settings.NewReader(h.As("Outbound", func(next http.RoundTripper) http.RoundTripper { return outage{&gone, next} }), h.Keyring, h.Clock.Now)
	r.Metrics = n.Meter
	read := func() {
		t.Helper()
		if _, err := r.Account(ctx, hubtest.Team, hubtest.LineAccount); err != nil {
			t.Fatal(err)
		}
	}
	read()
	n.Want("the account and its team", map[string]int{"SettingsMisses outbound": 2})
	read()
	n.Want("what is kept", map[string]int{})
	h.Clock.Advance(2 * time.Minute)
	gone.Store(true)
	read()
	got := n.Counted()
	if got["SettingsStale outbound"] == 0 || got["SettingsMisses outbound"] == 0 {
		t.Errorf("got %v, want a vain reading and an old setting served", got)
	}
	read()
	if got := n.Counted(); got["SettingsStale outbound"] == 0 || got["SettingsMisses outbound"] != 0 {
		t.Errorf("got %v right after it, want an old setting and no reading", got)
	}
}
