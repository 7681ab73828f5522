// Package channeltest is the contract that every channel's adapter must pass. The
// adapter's own test gives data only: the platform's sample webhooks, how it signs
// them, what must go over the wire for each form of message, and what the platform's
// answers mean.
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

// Suite is what the contract needs to know of a channel. The test's flag -update
// writes the files of Golden and Wire.
type Suite struct {
	New func(channel.Platform) channel.Adapter

	// Samples is the folder of webhook bodies as the platform sends them, one a file.
	// Golden is the folder of what they must be split and parsed to.
	Samples, Golden string

	// Credentials are those under which the samples are signed; Other belong to
	// another connection of the same platform.
	Credentials, Other channel.Credentials

	// Sign is the platform's signature of a body that is sent to the credentials' URL,
	// written apart from the adapter; it
	// stands in the request's header Header, which is in lower case. Hex tells that it
	// is in hexadecimal digits, else it is in base64; Prefix stands before it.
	Sign   func(body []byte, c channel.Credentials) string
	Header string
	Prefix string
	Hex    bool

	// Vectors are known-good signatures that were not made by Sign.
	Vectors []Vector

	// Handshake is how the platform asks for the challenge, if the adapter is a
	// channel.Handshaker.
	Handshake *Handshake

	// Redelivered are pairs of samples that are deliveries of the same events.
	Redelivered [][2]string
	// Further are bodies of events that the adapter knows but the samples lack; they are
	// held to the contract of their kinds.
	Further []string
	// Unknown are bodies whose events are of no type that the adapter knows.
	Unknown []string
	// Unparsable are bodies that are not what the platform documents.
	Unparsable []string

	// Host is the platform's own host.
	Host string
	// Account sends; Message is a text that it can send.
	Account channel.Account
	Message channel.Outgoing

	// Sends are contents that the channel can show, at least one of every form that
	// its Capabilities name; each is sent as Message is, with this content. Wire is the
	// folder of what must go over the wire, one file for each, and one for each
	// ability.
	Sends map[string]hub.Content
	Wire  string
	// Refused are contents that Capabilities.Check must refuse.
	Refused map[string]hub.Content
	// Unfit are contents that pass it, but that the platform would not take: Send must
	// refuse them as unsupported, without a call.
	Unfit map[string]hub.Content

	// Token answers an event, if the adapter is a channel.Replier.
	Token hub.Secret
	// Answers are the platform's answers to a send, and what they mean.
	Answers []Answer

	// What the optional abilities make of the platform's answers; each needs some if
	// the adapter has the ability.
	Profiles, Quotas, Typings, Marks []Ask
}

// Vector is a body with its known signature.
type Vector struct {
	Name        string
	Body        []byte
	Signature   string
	Credentials channel.Credentials
}

// Handshake is the query of a platform's GET.
type Handshake struct {
	Token                   hub.Secret // the one in Credentials
	Mode, Verify, Challenge string     // the names of the query's members
	Subscribe               string     // the one mode that is answered
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

// Ask is one use of an optional ability.
type Ask struct {
	Name    string
	User    string // "" = that of Suite.Message
	Message string // of Typing and MarkRead: the platform's id of the customer's last message

	Replies []Reply // what the platform says, call by call; none = no call may be made

	Profile    channel.Profile // of Profiler, if Code is ""
	Quota      channel.Quota   // of Quoter, if Code is ""
	Code       hub.Code
	RetryAfter time.Duration // with Code
}

// Reply is one answer of the platform.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
}

// Run holds the adapter against the contract.
func Run(t *testing.T, s Suite) {
	t.Run("Capabilities", s.capabilities)
	t.Run("Signature", s.signatures)
	t.Run("Vectors", s.vectors)
	t.Run("Handshake", s.handshake)
	t.Run("Golden", s.golden)
	t.Run("Slices", s.slices)
	t.Run("Deliveries", s.deliveries)
	t.Run("Names", s.names)
	t.Run("Further", s.further)
	t.Run("UnknownTypes", s.unknown)
	t.Run("Unparsable", s.unparsable)
	t.Run("ParseIsTotal", s.total)
	t.Run("Concurrent", s.concurrent)
	t.Run("Sends", s.sends)
	t.Run("Answers", s.answers)
	t.Run("Refused", s.refused)
	t.Run("Network", s.network)
	t.Run("Host", s.host)
	t.Run("Abilities", s.abilities)
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
