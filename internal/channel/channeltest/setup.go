package channeltest

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"omnihub/internal/channel"
)

// setup: what an account is connected with is told in full, the same at every call,
// and is what the suite itself connects with.
func (s Suite) setup(t *testing.T) {
	a := s.adapter()
	setup := a.Setup()
	for _, wrong := range append(faultsOfSetup(setup), s.strangers(setup)...) {
		t.Error(wrong)
	}
	if again := a.Setup(); !reflect.DeepEqual(again, setup) {
		t.Errorf("at the second call: got %+v, want %+v", again, setup)
	}
}

// fieldForm is how a field may be called: it stands in commands, forms and keys.
var fieldForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// maxHelp is the longest text that stands beside a field, in characters.
const maxHelp = 200

// faultsOfSetup tells what is wrong with a setup by itself.
func faultsOfSetup(setup channel.Setup) []string {
	var out []string
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	text := func(what, text string) {
		if text == "" || utf8.RuneCountInString(text) > maxHelp || strings.TrimSpace(text) != text || strings.ContainsAny(text, "\r\n\t") {
			wrong("%s: got the help %q, want one line of up to %d characters", what, text, maxHelp)
		}
	}
	text("external", setup.External)
	seen := map[string]bool{}
	for _, f := range slices.Concat(setup.Connection, setup.Account) {
		if !fieldForm.MatchString(f.Name) || len(f.Name) > 32 {
			wrong("%q: got a name that is no plain one", f.Name)
		}
		text(f.Name, f.Help)
		if seen[f.Name] {
			wrong("%s: got it twice, want each name once: what the account has hides what its connection has", f.Name)
		}
		seen[f.Name] = true
		for _, word := range []string{"secret", "token", "password"} {
			if f.Plain && strings.Contains(f.Name, word) {
				wrong("%s: got it as plain, want it as a secret", f.Name)
			}
		}
	}
	if !slices.ContainsFunc(setup.Connection, func(f channel.Field) bool { return !f.Plain && !f.Optional }) {
		wrong("connection: got no secret that it needs, want one: what are webhooks checked against?")
	}
	return out
}

// strangers tells which credentials of the suite the setup does not know, and which
// that it needs the suite lacks.
func (s Suite) strangers(setup channel.Setup) (out []string) {
	hold := func(what string, given channel.Secrets, needed []channel.Field, known ...channel.Field) {
		for name := range given {
			if !slices.ContainsFunc(known, func(f channel.Field) bool { return f.Name == name }) {
				out = append(out, fmt.Sprintf("%s: got %q, which no field of the setup is called", what, name))
			}
		}
		for _, f := range needed {
			if !f.Optional && given[f.Name] == "" {
				out = append(out, fmt.Sprintf("%s: got no %q, which the setup needs", what, f.Name))
			}
		}
	}
	hold("credentials", s.Credentials.Secrets, setup.Connection, setup.Connection...)
	hold("account", s.Account.Secrets, setup.Account, slices.Concat(setup.Connection, setup.Account)...)
	return out
}
