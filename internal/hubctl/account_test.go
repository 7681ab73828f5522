package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
)

// desk is a platform that answers the care of accounts as a test wants.
type desk struct {
	channel.Adapter
	standing             channel.Standing
	refuses, unreachable error
	entered              string // the webhook
}

func (d *desk) Check(context.Context, channel.Account) (channel.Standing, error) {
	return d.standing, d.refuses
}

func (d *desk) Register(_ context.Context, a channel.Account) error {
	if d.unreachable == nil {
		d.entered = a.Webhook
	}
	return d.unreachable
}

func (d *desk) Unregister(context.Context, channel.Account) error { d.entered = ""; return nil }

func (d *desk) Registered(_ context.Context, a channel.Account) (bool, error) {
	return d.entered != "" && d.entered == a.Webhook, d.refuses
}

// beside runs a command beside a platform.
func beside(h *hubtest.Hub, d *desk, stdin string, args ...string) (string, error) {
	adapters := all.Adapters(channel.Platform{})
	if d.Adapter == nil {
		d.Adapter = adapters["viber"]
	}
	adapters[d.Kind()] = d
	return runOver(h, nil, func(c *control) { c.adapters, c.in = adapters, strings.NewReader(stdin) }, args...)
}

func TestAccountIsLookedAfterFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	d := &desk{standing: channel.Standing{External: "pa:1", Name: "Shop", Expires: 1893456000000, Advice: []string{"The icon is missing."}}}
	do := func(want string, args ...string) {
		t.Helper()
		out, err := beside(h, d, "auth_token=s3cret-token", args...)
		if err != nil {
			t.Fatalf("%q: %v", args, err)
		}
		for _, part := range strings.Split(want, "|") {
			if !strings.Contains(out, part) {
				t.Errorf("%q: got\n%s\nwant %q in it", args, out, part)
			}
		}
		if strings.Contains(out, "s3cret") {
			t.Errorf("%q: a secret is shown:\n%s", args, out)
		}
	}
	connect := []string{"connect", "-team", "test", "-channel", "viber", "-connection", "v1", "-account", "v1", "-welcome", "Hello"}
	account := func(what string, more ...string) []string {
		return append([]string{"account", what, "-team", "test", "-account", "v1"}, more...)
	}
	d.unreachable = hub.E(hub.Refused, "viber: register", errors.New("Viber could not reach the webhook"))
	do(`connected as pa:1, whom the platform calls "Shop"; the credentials end on 2030-01-01 00:00 UTC|note: The icon is missing.|`+
		"could not be entered at the platform: Viber could not reach the webhook|hubctl account actualize -team test -account v1|"+
		"https://hooks.example/webhooks/viber/test.v1.", append(connect, "-url", "https://hooks.example/webhooks")...)
	do("not entered at the platform yet|state       good|threads     none", account("show")...)
	d.unreachable = nil
	do("entered at the platform|https://hooks.example/webhooks/viber/", account("actualize")...)
	if !strings.HasPrefix(d.entered, "https://hooks.example/webhooks/viber/test.v1.") {
		t.Errorf("got the webhook %q", d.entered)
	}
	c, err := stored(h).Connection(ctx, "test", "v1")
	if err != nil || c.Welcomes["pa:1"].Text != "Hello" || c.URL != d.entered {
		t.Errorf("got %+v, %v", c, err)
	}
	d.entered = "https://other.example/hook"
	do("webhook lost|another system's stands in its place", account("check")...)
	d.refuses = hub.E(hub.TokenExpired, "viber: check", errors.New("Viber refuses the token"))
	do("credentials refused|Viber refuses the token|give it others by connect", account("check")...)
	do("off: what comes in is stored", account("deactivate")...)
	do("v1|viber|off, credentials refused, webhook lost|line1|not checked|2030-01-01 00:00", "account", "list", "-team", "test")
	do("token_expired|webhook_lost|connected", account("show")...)
	do("on;", account("activate")...)
	do("note: The webhook of account v1 could not be taken out at the platform: Viber refuses the token.|removed", account("remove")...)
	if _, err := stored(h).Connection(ctx, "test", "v1"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want it gone", err)
	}
}

func TestConnectSaysWhatThePlatformRefuses(t *testing.T) {
	h := hubtest.New(t)
	d := &desk{refuses: hub.E(hub.TokenExpired, "viber: check", errors.New("Viber refuses the token"))}
	_, err := beside(h, d, "auth_token=x", "connect", "-team", "test", "-channel", "viber", "-connection", "v1", "-account", "v1")
	if err == nil || !strings.Contains(err.Error(), "Viber refuses the token") {
		t.Errorf("got %v, want the platform's reason", err)
	}
	if dump := h.Dump(h.Store.Tables.Config); strings.Contains(dump, "CONN#v1") {
		t.Error("what was refused is connected")
	}
}

func TestOptionalCredentialIsTakenAway(t *testing.T) {
	h := hubtest.New(t)
	at := []string{"connect", "-no-check", "-team", "test", "-channel", "line", "-connection", "line1", "-account", "line1"}
	has := func(want string) {
		t.Helper()
		a, err := stored(h).Account(ctx, "test", "line1")
		if err != nil || a.Platform.Secrets["liff_id"].Reveal() != want || a.Platform.Secrets["channel_token"].Reveal() != hubtest.LineToken {
			t.Errorf("got %q, %v, want %q", a.Platform.Secrets["liff_id"].Reveal(), err, want)
		}
	}
	must(t)(run(h, "liff_id=1234567890-AbcdEfgh", at...))
	has("1234567890-AbcdEfgh")
	must(t)(run(h, "liff_id=", at...))
	has("")
	if _, err := run(h, "channel_token=", at...); err == nil || !strings.Contains(err.Error(), "channel_token is missing") {
		t.Errorf("got %v, want the token kept", err)
	}
}

func TestMistakesAboutAccountsAreNamed(t *testing.T) {
	h := hubtest.New(t)
	for _, m := range []mistake{
		{"", []string{"account"}, `no command "account"`},
		{"", []string{"account", "list"}, "-team is missing"},
		{"", []string{"account", "list", "-team", "nobody"}, "not_found"},
		{"", []string{"account", "show", "-team", "test"}, "-account is missing"},
		{"", []string{"account", "show", "-team", "test", "-account", "nosuch"}, "not_found"},
		{"", []string{"account", "deactivate", "-team", "test", "-account", "nosuch"}, "not_found"},
		{"", []string{"account", "remove", "-team", "test", "-account", "nosuch"}, "not_found"},
		{"", []string{"account", "actualize", "-team", "test", "-account", "line1", "-url", "hooks"}, "the API's address"},
		{"x=y", []string{"connect", "-team", "test", "-channel", "line", "-connection", "line1", "-account", "line1", "-welcome", "Hi"}, "among the secrets"},
		{"", []string{"connect", "-team", "test", "-channel", "line", "-connection", "line1", "-account", "line1", "-welcome", "Hi"}, "has no welcome"},
		{"", []string{"connect", "-team", "test", "-channel", "viber", "-connection", "v1", "-account", "v1", "-welcome", strings.Repeat("x", 8000)}, "-welcome"},
	} {
		m.check(t, h)
	}
}
