// Package channeltest is the contract that every channel's adapter must pass. The
// adapter's own test gives data only: the platform's sample webhooks, how it signs
// them, and what its answers to a send mean.
package channeltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Suite is what the contract needs to know of a channel.
type Suite struct {
	New func(channel.Platform) channel.Adapter

	// Samples is the folder of webhook bodies as the platform sends them, one a file.
	// Golden is the folder of what they must be split and parsed to; the test's flag
	// -update writes it.
	Samples, Golden string

	// Credentials are those under which the samples are signed; Other belong to
	// another connection of the same platform.
	Credentials, Other channel.Credentials

	// Sign is the platform's signature of a body, written apart from the adapter; it
	// stands in the request's header Header, which is in lower case. Hex tells that it
	// is in hexadecimal digits, else it is in base64; Prefix stands before it.
	Sign   func(body []byte, s channel.Secrets) string
	Header string
	Prefix string
	Hex    bool

	// Vectors are known-good signatures that were not made by Sign.
	Vectors []Vector

	// Redelivered are pairs of samples that are deliveries of the same events.
	Redelivered [][2]string
	// Unknown are bodies whose events are of no type that the adapter knows.
	Unknown []string
	// Unparsable are bodies that are not what the platform documents.
	Unparsable []string

	// Host is the platform's own host.
	Host string
	// Account sends; Message is a text that it can send.
	Account channel.Account
	Message channel.Outgoing
	// Refused are messages that must fail as unsupported, without a call.
	Refused map[string]channel.Outgoing
	// Token answers an event, if the adapter is a channel.Replier.
	Token hub.Secret
	// Answers are the platform's answers to a send, and what they mean.
	Answers []Answer
}

// Vector is a body with its known signature.
type Vector struct {
	Name        string
	Body        []byte
	Signature   string
	Credentials channel.Credentials
}

// Answer is what the platform says to a call, and what the adapter makes of it.
type Answer struct {
	Name   string
	Reply  bool // to a Reply; else to a Send
	Status int
	Header map[string]string
	Body   string

	Sent       channel.Sent  // if Code is ""
	Code       hub.Code      //
	RetryAfter time.Duration // with Code
}

// Run holds the adapter against the contract.
func Run(t *testing.T, s Suite) {
	t.Run("Signature", s.signatures)
	t.Run("Vectors", s.vectors)
	t.Run("Golden", s.golden)
	t.Run("Slices", s.slices)
	t.Run("Deliveries", s.deliveries)
	t.Run("UnknownTypes", s.unknown)
	t.Run("Unparsable", s.unparsable)
	t.Run("ParseIsTotal", s.total)
	t.Run("Concurrent", s.concurrent)
	t.Run("Answers", s.answers)
	t.Run("Refused", s.refused)
	t.Run("Network", s.network)
	t.Run("Host", s.host)
}

// sample is one sample body.
type sample struct {
	name string
	body []byte
}

func (s Suite) samples(t *testing.T) []sample {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.Samples, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("samples in %s: got %d, %v, want some", s.Samples, len(files), err)
	}
	var out []sample
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		out = append(out, sample{strings.TrimSuffix(name, filepath.Ext(name)), body})
	}
	return out
}

// adapter is one that can reach no machine at all.
func (s Suite) adapter() channel.Adapter {
	return s.New(channel.Platform{BaseURL: "http://192.0.2.1", Client: (&Guard{}).Client()})
}

// wantCode checks an error's code, and that its text gives nothing away.
func (s Suite) wantCode(t *testing.T, err error, want hub.Code) {
	t.Helper()
	if got := hub.CodeOf(err); got != want {
		t.Fatalf("code: got %q (%v), want %q", got, err, want)
	}
	s.keepsSecrets(t, err)
}

// keepsSecrets checks that an error's text holds no credential, no token, and
// nothing of the customer.
func (s Suite) keepsSecrets(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, private := range s.private() {
		if strings.Contains(err.Error(), private) {
			t.Fatalf("the error's text holds %q: %v", private, err)
		}
	}
}

func (s Suite) private() []string {
	var out []string
	for _, set := range []channel.Secrets{s.Credentials.Secrets, s.Other.Secrets, s.Account.Secrets} {
		for _, secret := range set {
			out = append(out, secret.Reveal())
		}
	}
	out = append(out, s.Message.To, s.Message.Text, s.Token.Reveal())
	kept := out[:0]
	for _, p := range out {
		if len(p) >= 4 { // less would be found anywhere
			kept = append(kept, p)
		}
	}
	return kept
}
