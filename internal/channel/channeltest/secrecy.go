package channeltest

import (
	"encoding/json"
	"strings"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// wantCode checks an error's code, and that its text gives nothing away.
func (s Suite) wantCode(t *testing.T, err error, want hub.Code) {
	t.Helper()
	if got := hub.CodeOf(err); got != want {
		t.Fatalf("code: got %q (%v), want %q", got, err, want)
	}
	s.keepsSecrets(t, err)
}

// keepsSecrets checks that an error's text holds no credential, no token, and
// nothing of the customer; nor what else the caller names.
func (s Suite) keepsSecrets(t *testing.T, err error, more ...string) {
	t.Helper()
	if word := s.reveals(err, more...); word != "" {
		t.Fatalf("the error's text holds %q: %v", word, err)
	}
}

// reveals gives what of the private words an error's text holds.
func (s Suite) reveals(err error, more ...string) string {
	if err == nil {
		return ""
	}
	return heldOf(append(s.private(), more...), err)
}

// heldOf gives the first of some words that an error's text holds.
func heldOf(words []string, err error) string {
	text := err.Error()
	for _, word := range words {
		if strings.Contains(text, word) {
			return word
		}
	}
	return ""
}

func (s Suite) private() []string {
	var out []string
	for _, set := range []channel.Secrets{s.Credentials.Secrets, s.Other.Secrets, s.Account.Secrets} {
		for _, secret := range set {
			out = append(out, secret.Reveal())
		}
	}
	out = append(out, s.Message.To.Reveal(), s.Message.Content.Text, s.Token.Reveal())
	kept := out[:0]
	for _, p := range out {
		if len(p) >= 4 { // less would be found anywhere
			kept = append(kept, p)
		}
	}
	return kept
}

// wordsOf are the texts of a content that must not get into an error.
func wordsOf(t *testing.T, c hub.Content) []string {
	t.Helper()
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var whole any
	if err := json.Unmarshal(encoded, &whole); err != nil {
		t.Fatal(err)
	}
	var out []string
	var collect func(name string, v any)
	collect = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, member := range v {
				collect(name, member)
			}
		case []any:
			for _, element := range v {
				collect(name, element)
			}
		case string:
			if name != "type" && name != "kind" && len(v) >= 6 {
				out = append(out, v)
			}
		}
	}
	collect("", whole)
	return out
}
