package contact

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/metric"
	"omnihub/internal/settings"
	"omnihub/internal/store"
)

// Profiles asks the platforms who new channel users are.
type Profiles struct {
	Store    *store.Store
	Settings *settings.Reader
	Adapters map[hub.Channel]channel.Adapter
	Now      func() time.Time
	Log      *slog.Logger
	Metrics  *metric.Meter
}

// Ask names a channel user whose profile is wanted: the body of a message of the
// profile queue, which a rule of the bus makes of contact.created.
type Ask struct {
	Team    hub.TeamID    `json:"team"`
	Home    hub.HomeID    `json:"home"`
	Account hub.AccountID `json:"account"`
	Channel hub.Channel   `json:"channel"`
	User    hub.UserKey   `json:"user"`
	Trace   string        `json:"trace"`
}

// ReadAsk reads a message of the profile queue. Unparsable if it is none.
func ReadAsk(body string) (Ask, error) {
	var a Ask
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		return a, hub.E(hub.Unparsable, "contact: read ask", fmt.Errorf("not an ask for a profile"))
	}
	if !a.Team.Valid() || a.Home == "" {
		return a, hub.E(hub.Unparsable, "contact: read ask", fmt.Errorf("no team or no home"))
	}
	return a, nil
}

// source is who says what stands in registers that Fetch sets.
const source = "platform"

// Fetch asks the platform once and moves the home's profile forward to what it tells,
// as of the time of the call. What the platform does not tell stays as it is. A nil
// error means that nothing more is to be done: the profile is stored, or there is none
// to be had, since the channel has no profiles, the platform does not tell of this user,
// or the home or the account is gone. It may be called again at any time.
//
// Errors: those of the platform's call (TokenExpired, RateLimited, Transient, Unclear,
// Permanent), of the tables and the settings.
func (p *Profiles) Fetch(ctx context.Context, a Ask) error {
	ctx = hub.WithTrace(ctx, a.Trace)
	profiler, ok := p.Adapters[a.Channel].(channel.Profiler)
	if !ok {
		return p.done(a, "the channel has no profiles")
	}
	home, err := p.Store.Home(ctx, a.Team, a.Home)
	switch {
	case hub.CodeOf(err) == hub.NotFound:
		return p.done(a, "the home is gone")
	case err != nil:
		return err
	}
	account, err := p.Settings.Account(ctx, a.Team, home.Account)
	switch {
	case hub.CodeOf(err) == hub.NotFound:
		return p.done(a, "the account is gone")
	case err != nil:
		return err
	}
	at := hub.MillisOf(p.Now())
	got, err := profiler.Profile(ctx, account.Platform, home.External.Reveal())
	switch {
	case hub.CodeOf(err) == hub.Unreachable:
		return p.done(a, "the platform does not tell")
	case err != nil:
		p.Metrics.Add(metric.ProfilesFailed, 1, metric.Channel(a.Channel), metric.Code(hub.CodeOf(err)))
		return err
	}
	told := 0
	for _, f := range []struct {
		Name  string
		Value hub.Personal
	}{
		{"name", got.Name}, {"username", got.Username}, {"picture", got.Picture}, {"language", hub.Personal(got.Language)}, {"status", got.Status},
	} {
		if f.Value == "" {
			continue
		}
		told++
		err := p.Store.SetRegister(ctx, a.Team, a.Home, hub.Register{Field: f.Name, Value: f.Value.Reveal(), At: at, Source: source})
		if err != nil {
			return err
		}
	}
	p.Metrics.Add(metric.ProfilesStored, 1, metric.Channel(a.Channel))
	p.Log.Debug("profile stored", "trace", a.Trace, "team", a.Team, "account", home.Account, "fields", told)
	return nil
}

func (p *Profiles) done(a Ask, why string) error {
	p.Metrics.Add(metric.ProfilesAbsent, 1, metric.Channel(a.Channel))
	p.Log.Debug("no profile", "trace", a.Trace, "team", a.Team, "account", a.Account, "why", why)
	return nil
}
