package contact_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// teller is a channel that tells who its users are.
type teller struct {
	channel.Adapter
	tells channel.Profile
	err   error
	asked []string
}

func (tl *teller) Profile(_ context.Context, a channel.Account, user string) (channel.Profile, error) {
	tl.asked = append(tl.asked, a.Secrets["channel_token"].Reveal()+" "+user)
	return tl.tells, tl.err
}

// mute is a channel that has no profiles.
type mute struct{ channel.Adapter }

func profiles(h *hubtest.Hub, a channel.Adapter) *contact.Profiles {
	return &contact.Profiles{
		Store: h.As("Profile", nil), Settings: h.Settings, Adapters: map[hub.Channel]channel.Adapter{"line": a}, Now: h.Clock.Now, Log: h.Log,
	}
}

func ask(home hub.HomeID) contact.Ask {
	return contact.Ask{Team: team, Home: home, Account: hubtest.LineAccount, Channel: "line", User: "u"}
}

// profile is what stands of a home, as text.
func profile(t *testing.T, h *hubtest.Hub, home hub.HomeID) string {
	t.Helper()
	list, err := h.Store.Registers(ctx, team, home)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s=%s@%d %s", r.Field, r.Value, (r.At-hub.MillisOf(hubtest.Start))/1000, r.Source))
	}
	return strings.Join(out, "; ")
}

func TestProfileIsStoredAsOfTheTimeOfTheCall(t *testing.T) {
	h := hubtest.New(t)
	home := homes(t, h, "Uanna", 1)[0]
	tl := &teller{tells: channel.Profile{Name: "安娜", Picture: "https://p/1", Language: "zh-TW", Status: "hi"}}
	p := profiles(h, tl)
	h.Cloud.Meter().Reset()
	if err := p.Fetch(ctx, ask(home)); err != nil {
		t.Fatal(err)
	}
	if got, want := profile(t, h, home), "language=zh-TW@0 platform; name=安娜@0 platform; picture=https://p/1@0 platform; status=hi@0 platform"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(tl.asked) != 1 || tl.asked[0] != hubtest.LineToken+" Uanna 0" {
		t.Errorf("got %v asked, want the user once by the account's token", tl.asked)
	}
	if calls, read, write := h.Calls("Profile"); calls != 5 || read != 1 || write != 4 {
		t.Errorf("got %d calls, %v RRU, %v WRU, want 5, 1, 4", calls, read, write)
	}

	h.Clock.Advance(time.Minute)
	tl.tells = channel.Profile{Name: "Anna", Username: "anna"} // what is not told stays
	if err := p.Fetch(ctx, ask(home)); err != nil {
		t.Fatal(err)
	}
	want := "language=zh-TW@0 platform; name=Anna@60 platform; picture=https://p/1@0 platform; status=hi@0 platform; username=anna@60 platform"
	if got := profile(t, h, home); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, secret := range []string{"安娜", "Uanna", hubtest.LineToken} {
		if strings.Contains(h.Logged.String(), secret) {
			t.Errorf("%q stands in the log", secret)
		}
	}
}

func TestProfileThatIsNotToBeHadIsDone(t *testing.T) {
	h := hubtest.New(t)
	home := homes(t, h, "U1", 1)[0]
	if err := h.Store.PutHome(ctx, team, hub.Home{ID: "stray", Account: "gone", Channel: "line", User: "u", External: "x", Kind: hub.Person, Created: 1}); err != nil {
		t.Fatal(err)
	}
	unknown := ask(home)
	unknown.Channel = "fax"
	for name, c := range map[string]struct {
		adapter channel.Adapter
		ask     contact.Ask
	}{
		"the platform does not tell":   {&teller{err: hub.E(hub.Unreachable, "line: profile", nil)}, ask(home)},
		"the platform tells nothing":   {&teller{}, ask(home)},
		"the channel has no profiles":  {mute{}, ask(home)},
		"the channel is not known":     {&teller{}, unknown},
		"the home is gone":             {&teller{}, ask("nobody")},
		"the account was disconnected": {&teller{}, ask("stray")},
	} {
		if err := profiles(h, c.adapter).Fetch(ctx, c.ask); err != nil {
			t.Errorf("%s: got %v, want it done", name, err)
		}
		if got := profile(t, h, c.ask.Home); got != "" {
			t.Errorf("%s: got %s, want nothing stored", name, got)
		}
	}
}

func TestProfileThatFailsIsToBeAskedAgain(t *testing.T) {
	h := hubtest.New(t)
	home := homes(t, h, "U1", 1)[0]
	for _, code := range []hub.Code{hub.TokenExpired, hub.RateLimited, hub.Transient, hub.Permanent} {
		failure := hub.E(code, "line: profile", errors.New("no"))
		failure.RetryAfter = 7 * time.Second
		tl := &teller{err: failure}
		err := profiles(h, tl).Fetch(ctx, ask(home))
		if hub.CodeOf(err) != code || hub.RetryAfterOf(err) != 7*time.Second || len(tl.asked) != 1 {
			t.Errorf("got %v after %d calls, want %s after one", err, len(tl.asked), code)
		}
	}
}

func TestWhatIsNoAskIsRefused(t *testing.T) {
	for _, body := range []string{"", "[]", "{}", `{"team":"test"}`, `{"team":"No Team","home":"x"}`, `{"team":7,"home":"x"}`} {
		if _, err := contact.ReadAsk(body); hub.CodeOf(err) != hub.Unparsable {
			t.Errorf("%s: got %v, want unparsable", body, err)
		}
	}
	got, err := contact.ReadAsk(`{"team":"test","home":"h","account":"line1","channel":"line","user":"u"}`)
	if want := ask("h"); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}
