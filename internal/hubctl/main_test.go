package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/all"
	"omnihub/internal/hubtest"
)

var ctx = context.Background()

func run(h *hubtest.Hub, stdin string, args ...string) (string, error) {
	return runAt(h, "", stdin, args...)
}

// runAt runs a command beside platforms at an address.
func runAt(h *hubtest.Hub, platform, stdin string, args ...string) (string, error) {
	var out strings.Builder
	c := &control{
		store: h.Store, key: h.Keyring, adapters: all.Adapters(channel.Platform{BaseURL: platform}), now: h.Clock.Now,
		in: strings.NewReader(stdin), out: &out,
	}
	err := c.run(ctx, args[0], args[1:])
	return out.String(), err
}

func must(t *testing.T) func(out string, err error) string {
	return func(out string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// mistake is a call that is refused with a text that helps.
type mistake struct {
	stdin string
	args  []string
	want  string
}

func (m mistake) check(t *testing.T, h *hubtest.Hub) {
	t.Helper()
	if _, err := run(h, m.stdin, m.args...); err == nil || !strings.Contains(err.Error(), m.want) {
		t.Errorf("%q: got %v, want an error about %q", m.args, err, m.want)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	h := hubtest.New(t)
	for _, m := range []mistake{
		{"", []string{"tame"}, "no command"},
		{"", []string{"team", "-id", "A#"}, "team id"},
		{"", []string{"team", "acme"}, `"acme" is no flag`},
		{"", []string{"team", "-nmae", "x"}, "-nmae"},
		{"", []string{"rotate"}, "want -team ID"},
		{"", []string{"rotate", "-edge", "-team", "test"}, "want -team ID"},
		{"", []string{"rotate", "-edge", "-drop"}, "want -team ID"},
		{"", []string{"rotate", "-team", "nobody"}, "not_found"},
		{"", []string{"quota", "-team", "test"}, "-account is missing"},
		{"", []string{"quota", "-team", "test", "-account", "nosuch"}, "not_found"},
		{"", []string{"quota", "-team", "test", "-account", "whatsapp1"}, "no quota"},
		{"", []string{"log", "-team", "test", "-account", "line1"}, "-user is missing"},
		{"", []string{"log", "-team", "test", "-account", "line1", "-user", "Unobody"}, "no thread"},
		{"", []string{"log", "-team", "test", "-account", "line1", "-user", "U1", "-limit", "0"}, "-limit"},
		{"", []string{"disconnect", "-team", "test"}, "-connection is missing"},
		{"", []string{"disconnect", "-team", "test", "-connection", "line1", "-account", "nosuch"}, "no account"},
	} {
		m.check(t, h)
	}
}

func TestHelpShowsEveryCommand(t *testing.T) {
	h := hubtest.New(t)
	out := must(t)(run(h, "", "send", "-h"))
	if out != usage {
		t.Error("-h of a command does not show the usage")
	}
	for name := range commands() {
		if !regexp.MustCompile(`(?m)^  hubctl ` + name + ` `).MatchString(usage) {
			t.Errorf("the usage does not show %s", name)
		}
	}
	for kind, list := range secrets() {
		for _, s := range list {
			if !regexp.MustCompile(`(?m)^ +` + string(kind) + ` .*\b` + s.name + `\b`).MatchString(usage) {
				t.Errorf("the usage does not show that %s needs %s", kind, s.name)
			}
		}
	}
}
