package account_test

import (
	"slices"
	"strings"
	"testing"

	"omnihub/internal/account"
	"omnihub/internal/channel"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

func TestConnectChecksTakesOverAndRegisters(t *testing.T) {
	s := newScene(t)
	s.accounts["t1"].advice = []string{"The page is not published."}
	out := s.connect(wish("a1", "t1"))
	if out.External != "page1" || !out.Registered || out.Unregistered != nil || out.Standing == nil || !slices.Equal(out.Standing.Advice, s.accounts["t1"].advice) {
		t.Errorf("got %+v", out)
	}
	if !strings.HasPrefix(out.Webhook, hubtest.API+"/webhooks/toy/test.toys.") || s.webhooks["page1"] != out.Webhook {
		t.Errorf("got the webhook %q, at the platform %q", out.Webhook, s.webhooks["page1"])
	}
	if got := s.took(); got != "check a1, register a1" {
		t.Errorf("got the calls %q", got)
	}
	st := s.status("a1")
	if st.Platform.External != "page1" || st.Name != "Name of page1" || st.Care.Checked == 0 || st.Care.Registered == 0 || st.Used || st.Expired != 0 {
		t.Errorf("got %+v", st)
	}
	s.expect("a1", "connected")

	// Said again it changes nothing and enters nothing: another system's webhook that
	// has taken the place since is left where it is.
	s.connect(wish("a1", "t1"))
	if got := s.took(); got != "check a1" {
		t.Errorf("again: got the calls %q", got)
	}
	s.expect("a1", "connected")
}

func TestConnectRefusesWithTheExactReason(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	before := s.Dump(s.Store.Tables.Config)
	with := func(change func(*account.Wish)) account.Wish {
		w := wish("a2", "t2")
		change(&w)
		return w
	}
	for _, c := range []struct {
		what  string
		wish  account.Wish
		code  hub.Code
		words string
	}{
		{"a refused token", wish("a2", "nonsense"), hub.TokenExpired, "the token is refused"},
		{"another page's token", with(func(w *account.Wish) { w.External = "page9" }), hub.NotFound, "another account"},
		{"no such channel", with(func(w *account.Wish) { w.Channel = "fax" }), hub.BadRequest, `no channel "fax"`},
		{"another channel's connection", with(func(w *account.Wish) { w.Connection = hubtest.LineConn }), hub.BadRequest, "one of the channel line"},
		{"no such team", with(func(w *account.Wish) { w.Team = "nobody" }), hub.NotFound, "no team"},
		{"an id with a mark", with(func(w *account.Wish) { w.Account = "a#" }), hub.BadRequest, "2 to 26"},
		{"a foreign secret", with(func(w *account.Wish) { w.Secrets["other"] = "x" }), hub.BadRequest, "it has secret, token, note"},
		{"no token", with(func(w *account.Wish) { delete(w.Secrets, "token") }), hub.BadRequest, "token is missing (of the page)"},
		{"no secret", with(func(w *account.Wish) { w.Connection = "other"; delete(w.Secrets, "secret") }), hub.BadRequest, "secret is missing (of the app)"},
		{"a token of no account", with(func(w *account.Wish) { w.Account = "" }), hub.BadRequest, "belongs to an account"},
		{"an account of another connection", with(func(w *account.Wish) { w.Account = hubtest.LineAccount }), hub.BadRequest, "belongs to connection line1"},
		{"no name unchecked", with(func(w *account.Wish) { w.Unchecked = true }), hub.BadRequest, "the page's number"},
		{"a welcome", with(func(w *account.Wish) {
			w.Change = func(a *settings.NewAccount) { a.Welcome = hub.TextContent("hello") }
		}), hub.BadRequest, "no welcome"},
		{"a name that is taken", wish("a2", "t1"), hub.BadRequest, "account a1's already"},
	} {
		_, err := s.keeper.Connect(ctx, c.wish)
		refuses(t, c.what, err, c.code, c.words)
	}
	s.down = true
	_, err := s.keeper.Connect(ctx, wish("a2", "t2"))
	refuses(t, "the platform is down", err, hub.Transient, "no answer")
	if s.Dump(s.Store.Tables.Config) != before {
		t.Error("a refused call has written something")
	}
}

func TestWebhookThatCannotBeEnteredLeavesTheAccountConnected(t *testing.T) {
	s := newScene(t)
	s.deaf = true
	out := s.connect(wish("a1", "t1"))
	if out.Registered || hub.CodeOf(out.Unregistered) != hub.Refused {
		t.Errorf("got %+v, want why it was not registered", out)
	}
	if st := s.status("a1"); st.Care.Registered != 0 || st.Care.Lost != 0 {
		t.Errorf("got %+v", st.Care)
	}
	s.pass(2 * day)
	s.expect("a1", "connected") // what was never there is not lost
	s.deaf = false
	url, err := s.keeper.Actualize(ctx, team, "a1")
	if err != nil || s.webhooks["page1"] != url {
		t.Errorf("got %q, %v, at the platform %q", url, err, s.webhooks["page1"])
	}
}

func TestUncheckedConnectsWithoutACall(t *testing.T) {
	s := newScene(t)
	s.down = true
	w := wish("a1", "t1")
	w.Unchecked, w.External = true, "page1"
	out := s.connect(w)
	if out.Standing != nil || out.Registered || s.took() != "" {
		t.Errorf("got %+v, want nothing asked", out)
	}
	s.down = false
	s.pass(settings.FirstCare)
	if st := s.status("a1"); st.Care.Checked == 0 || st.Care.Name != "Name of page1" {
		t.Errorf("got %+v, want it looked after within the hour", st.Care)
	}
}

func TestConnectionOfOneAccountTakesNoSecond(t *testing.T) {
	s := newScene(t)
	s.setup.Single = true
	s.connect(wish("a1", "t1"))
	_, err := s.keeper.Connect(ctx, wish("a2", "t2"))
	refuses(t, "a second account", err, hub.BadRequest, "a connection of its own")
	s.connect(wish("a1", "t1"))
	// Whoever comes between is stopped by the settings themselves.
	err = s.Setup.Connect(ctx, s.Team, "toys", "toy", nil, settings.NewAccount{ID: "a2", External: "page2", Alone: true})
	refuses(t, "a second account at once", err, hub.BadRequest, "a connection of its own")
}

func TestSharedSecretIsCheckedWithEveryAccount(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	s.connect(wish("a2", "t2"))
	s.took()
	shared := account.Wish{Team: team, Channel: "toy", Connection: "toys", Secrets: channel.Secrets{"secret": "wrong"}}
	_, err := s.keeper.Connect(ctx, shared)
	refuses(t, "a secret that no account accepts", err, hub.TokenExpired, "account a1 shares the connection")
	if got := s.status("a1").Platform.Secrets["secret"]; got != "s" {
		t.Error("the refused secret was stored")
	}
	shared.Secrets["secret"] = "s"
	if out := s.connect(shared); len(out.Others) != 0 {
		t.Errorf("got %v, want nobody asked: nothing changes", out.Others)
	}
	// The platform takes another secret from now on.
	s.secret = "s2"
	shared.Secrets["secret"] = "s2"
	if out := s.connect(shared); !slices.Equal(out.Others, []hub.AccountID{"a1", "a2"}) {
		t.Errorf("got %v, want both", out.Others)
	}
	s.expect("a1", "connected, token_renewed person")
	s.expect("a2", "connected, token_renewed person")
}

func TestChoiceThatChangesIsNoNewToken(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	w := wish("a1", "t1")
	w.Secrets = channel.Secrets{"note": "off"}
	s.connect(w)
	s.pass(2 * day)
	s.expect("a1", "connected")
	if st := s.status("a1"); st.Own["note"] != "off" || st.Care.Fingerprint != st.Fingerprint {
		t.Errorf("got %+v", st)
	}
	w.Secrets["note"] = ""
	s.connect(w)
	if _, there := s.status("a1").Own["note"]; there {
		t.Error("what was taken away is there")
	}
	s.expect("a1", "connected")
}

// TestWhatWasSeenStandsWhenItIsWritten: who changes what another one changed meanwhile
// takes nothing of it back, whether he named a version or not.
func TestWhatWasSeenStandsWhenItIsWritten(t *testing.T) {
	s := newScene(t)
	s.connect(wish("a1", "t1"))
	named := func(name string, version int) account.Wish {
		w := wish("a1", "t1")
		w.Version, w.Change = version, func(a *settings.NewAccount) { a.Name = name }
		return w
	}
	s.took()
	for _, version := range []int{settings.Absent, 2} {
		_, err := s.keeper.Connect(ctx, named("never", version))
		refuses(t, "another version", err, hub.Refused, settings.ErrVersion.Error())
	}
	absent := wish("a2", "t2")
	absent.Version = 1
	_, err := s.keeper.Connect(ctx, absent)
	refuses(t, "an account that there is not", err, hub.Refused, settings.ErrVersion.Error())
	if got := s.took(); got != "" {
		t.Errorf("got the calls %q of the platform, want none", got)
	}
	s.connect(named("one", 1))
	between := named("stale", 0)
	between.Change = func(a *settings.NewAccount) { // it was read, and is not written yet
		a.Name = "stale"
		s.connect(named("two", 2))
	}
	_, err = s.keeper.Connect(ctx, between)
	refuses(t, "somebody between", err, hub.Conflict, "somebody else")
	if got := s.status("a1"); got.Name != "two" || got.Version != 3 {
		t.Errorf("got %q of version %d, want what the other one has written", got.Name, got.Version)
	}
}
