package main

import (
	"context"
	"strings"
	"testing"

	"omnihub/internal/hubtest"
)

func run(h *hubtest.Hub, stdin string, args ...string) (string, error) {
	var out strings.Builder
	c := &control{store: h.Store, key: h.Keyring, in: strings.NewReader(stdin), out: &out}
	err := c.run(context.Background(), args[0], args[1:])
	return out.String(), err
}

func TestTeamAndConnectionAreSetUpFromATerminal(t *testing.T) {
	h := hubtest.New(t)
	if _, err := run(h, "", "team", "-id", "acme", "-name", "Acme"); err != nil {
		t.Fatal(err)
	}
	out, err := run(h, "channel_secret=s3cret\n\nchannel_token=t0ken\n", "connect", "-team", "acme", "-channel", "line",
		"-connection", "line1", "-account", "line1", "-external", "U1", "-keyword", "hours=9 to 5")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "/webhooks/line/acme.line1.") || strings.Contains(out, "s3cret") || strings.Contains(out, "t0ken") {
		t.Errorf("got %q, want the webhook's path and no secret", out)
	}
	c, err := h.Settings.Connection(context.Background(), "acme", "line1")
	if err != nil || c.Secrets["channel_secret"].Reveal() != "s3cret" || c.Accounts["U1"] != "line1" {
		t.Errorf("got %+v, %v", c, err)
	}
	a, err := h.Settings.Account(context.Background(), "acme", "line1")
	if err != nil || a.Platform.Secrets["channel_token"].Reveal() != "t0ken" || len(a.Keywords) != 1 || a.Keywords[0].Answer != "9 to 5" {
		t.Errorf("got %+v, %v", a, err)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	h := hubtest.New(t)
	for _, c := range []struct {
		stdin string
		args  []string
		want  string
	}{
		{"", []string{"tame"}, "no command"},
		{"", []string{"team", "-id", "A#"}, "team id"},
		{"", []string{"connect", "-team", "test", "-channel", "fax"}, "no channel"},
		{"nonsense", []string{"connect", "-team", "test", "-channel", "line"}, "NAME=VALUE"},
		{"", []string{"connect", "-team", "nobody", "-channel", "line", "-connection", "c1"}, "create it"},
		{"", []string{"connect", "-team", "test", "-channel", "line", "-connection", "c1", "-account", "a1"}, "platform's name"},
	} {
		if _, err := run(h, c.stdin, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want an error about %q", c.args, err, c.want)
		}
	}
}
