package main

import (
	"slices"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hub"
	"omnihub/internal/hubtest"
	"omnihub/internal/settings"
)

const lineSecrets = "channel_secret=s3cret\n\n channel_token=t0ken \n"

// stored reads as a new process does.
func stored(h *hubtest.Hub) *settings.Reader {
	return settings.NewReader(h.Store, h.Keyring, h.Clock.Now)
}

func TestTeamAndConnectionAreSetUpFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	must(t)(run(h, "", "team", "-id", "acme", "-name", "Acme"))
	out := must(t)(run(h, lineSecrets, "connect", "-no-check", "-team", "acme", "-channel", "line",
		"-connection", "line1", "-account", "line1", "-external", "U1", "-keyword", "hours=9 to 5"))
	if !strings.Contains(out, "/webhooks/line/acme.line1.") || strings.Contains(out, "s3cret") || strings.Contains(out, "t0ken") {
		t.Errorf("got %q, want the webhook's path and no secret", out)
	}
	c, err := stored(h).Connection(ctx, "acme", "line1")
	if err != nil || c.Secrets["channel_secret"].Reveal() != "s3cret" || len(c.Secrets) != 1 || c.Accounts["U1"] != "line1" {
		t.Errorf("got %+v, %v", c, err)
	}
	a, err := stored(h).Account(ctx, "acme", "line1")
	if err != nil || a.Platform.Secrets["channel_token"].Reveal() != "t0ken" || len(a.Platform.Secrets) != 2 ||
		len(a.Rules.Keywords()) != 1 || a.Rules.Keywords()[0].Answer.Text != "9 to 5" || a.Rules.Keywords()[0].Answer.Type != hub.Text {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestSecondAccountJoinsAndOnlyWhatIsGivenChanges(t *testing.T) {
	h := hubtest.New(t)
	at := []string{"connect", "-no-check", "-team", "test", "-channel", "whatsapp", "-connection", "wa"}
	connect := func(stdin string, args ...string) {
		t.Helper()
		must(t)(run(h, stdin, append(slices.Clone(at), args...)...))
	}
	connect("app_secret=a\nverify_token=v\naccess_token=t1", "-account", "wa1", "-external", "111", "-title", "One", "-scope", "acme",
		"-keyword", `menu={"type":"buttons","text":"What?","buttons":[{"title":"Hours","data":"hours"}]}`, "-keyword", "hours=9 to 5",
		"-out-word", "退訂", "-out-word", "leave", "-in-word", "訂閱", "-out-reply", "Gone.", "-in-reply", "Back.")
	connect("access_token=t2", "-account", "wa2", "-external", "222")
	c, err := stored(h).Connection(ctx, "test", "wa")
	if err != nil || c.Accounts["111"] != "wa1" || c.Accounts["222"] != "wa2" || c.Secrets["app_secret"].Reveal() != "a" || c.Secrets["verify_token"].Reveal() != "v" {
		t.Errorf("got %+v, %v, want both accounts and the secrets", c, err)
	}

	connect("", "-account", "wa1", "-title", "The first", "-in-word", "")
	a, err := stored(h).Account(ctx, "test", "wa1")
	if err != nil {
		t.Fatal(err)
	}
	if a.Name != "The first" || len(a.OptOut.InWords) != 0 {
		t.Errorf("what was given: got %q and %q, want it changed", a.Name, a.OptOut.InWords)
	}
	if a.Platform.External != "111" || a.Scope != "acme" || a.Platform.Secrets["access_token"].Reveal() != "t1" || a.OptOut.OutReply != "Gone." ||
		a.OptOut.InReply != "Back." || !slices.Equal(a.OptOut.OutWords, []string{"退訂", "leave"}) {
		t.Errorf("what was not given: got %+v, want it as it was", a)
	}
	if len(a.Rules.Keywords()) != 2 || a.Rules.Keywords()[0].Answer.Type != hub.Buttons || a.Rules.Keywords()[0].Answer.Buttons[0].Data != "hours" {
		t.Errorf("keywords: got %+v", a.Rules.Keywords())
	}
	connect("", "-account", "wa1", "-keyword", "")
	if a, err = stored(h).Account(ctx, "test", "wa1"); err != nil || len(a.Rules.Keywords()) != 0 {
		t.Errorf("got %+v, %v, want no keywords", a.Rules.Keywords(), err)
	}
	connect("app_secret=b")
	if c, err = stored(h).Connection(ctx, "test", "wa"); err != nil || c.Secrets["app_secret"].Reveal() != "b" || c.Secrets["verify_token"].Reveal() != "v" || len(c.Accounts) != 2 {
		t.Errorf("got %+v, %v, want the new secret and all else as it was", c, err)
	}

	must(t)(run(h, "", "disconnect", "-team", "test", "-connection", "wa", "-account", "wa1"))
	if c, err = stored(h).Connection(ctx, "test", "wa"); err != nil || len(c.Accounts) != 1 {
		t.Errorf("got %+v, %v, want one account", c, err)
	}
	must(t)(run(h, "", "disconnect", "-team", "test", "-connection", "wa"))
	if _, err = stored(h).Connection(ctx, "test", "wa"); hub.CodeOf(err) != hub.NotFound {
		t.Errorf("got %v, want not_found", err)
	}
}

func TestMistakesInAConnectionAreNamed(t *testing.T) {
	h := hubtest.New(t)
	line := func(args ...string) []string {
		return append([]string{"connect", "-no-check", "-team", "test", "-channel", "line", "-connection", "c1"}, args...)
	}
	for _, m := range []mistake{
		{"", []string{"connect", "-team", "test", "-channel", "line"}, "-connection is missing"},
		{"", []string{"connect", "-team", "test", "-channel", "fax", "-connection", "c1"}, "no channel"},
		{"", []string{"connect", "-team", "nobody", "-channel", "line", "-connection", "c1"}, "create it"},
		{"nonsense", line(), "NAME=VALUE"},
		{"app_secret=x", line(), "line does not have; it has channel_secret, channel_token"},
		{"", line(), "channel_secret is missing"},
		{"channel_secret=x", line("-account", "a1"), "channel_token is missing"},
		{lineSecrets, line(), "belongs to an account"},
		{lineSecrets, line("-account", "a1"), "the platform's name"},
		{lineSecrets, line("-account", "line1", "-external", "U2"), "belongs to connection line1"},
		{"channel_secret=x", line("-keyword", "hours"), "MATCH=ANSWER"},
		{lineSecrets, line("-account", "a1", "-external", "U2", "-keyword", `menu={"type":"butons"}`), "butons"},
		{lineSecrets, line("-account", "a1", "-external", "U2", "-keyword", `menu={"typ":"text"}`), "typ"},
		{lineSecrets, line("-account", "a1", "-external", "U2", "-keyword", `menu={"type":"text","text":"a"} b`), "behind the JSON"},
		{lineSecrets, line("-account", "a1", "-external", "U2", "-keyword", "long="+strings.Repeat("x", 5001)), `the answer to "long"`},
		{lineSecrets, line("-account", "a1", "-external", "U2", "-out-reply", strings.Repeat("x", 5001)), "-out-reply"},
		{"", []string{"connect", "-team", "test", "-channel", "whatsapp", "-connection", "line1"}, "one of the channel line"},
	} {
		m.check(t, h)
	}
	if dump := h.Dump(h.Store.Tables.Config); strings.Contains(dump, "CONN#c1") || strings.Contains(dump, "ACCT#a1") {
		t.Error("a refused call has written something")
	}
}

func TestSecretsOfEveryChannelAreListed(t *testing.T) {
	for kind, a := range all.Adapters(channel.Platform{}) {
		setup := a.Setup()
		for _, f := range slices.Concat(setup.Connection, setup.Account) {
			if f.Help == "" {
				t.Errorf("%s: nothing tells where to find %s", kind, f.Name)
			}
		}
		if len(setup.Connection) == 0 || setup.External == "" {
			t.Errorf("%s: got %d fields of the connection and external id %q, want some of both", kind, len(setup.Connection), setup.External)
		}
	}
}
