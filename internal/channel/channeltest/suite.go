// Package channeltest is the contract that every channel's adapter must pass. The
// adapter's own test gives data only: the platform's sample webhooks, how it signs
// them, what must go over the wire for each form of message, and what the platform's
// answers mean.
package channeltest

import (
	"testing"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Suite is what the contract needs to know of a channel. The test's flag -update
// writes the files of Golden and Wire.
type Suite struct {
	New func(channel.Platform) channel.Adapter

	// Samples is the folder of webhook bodies as the platform sends them, JSON or forms,
	// one a file; a file of the same name that ends in .query holds the request's query,
	// one that ends in .header its headers, a line "name: value" each. Golden is the
	// folder of what they must be split and parsed to.
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
	// SignRequest takes the place of Sign for a platform that signs more of a request:
	// its query, other headers. The request has no signature yet.
	SignRequest func(r *channel.Request, c channel.Credentials) string

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
	// InBody tells that the platform answers 200 to what it refuses, too: an answer that
	// cannot be read is unclear, whatever its status.
	InBody bool

	// What the optional abilities make of the platform's answers; each needs some if
	// the adapter has the ability.
	Profiles, Quotas, Typings, Marks   []Ask
	Checks                             []Ask // of a Connector
	Registers, Unregisters, Registered []Ask // of a Registrar's three methods
	Refreshes, Finds                   []Ask
	// Welcome is what an Answerer answers.
	Welcome *Welcome

	// Linked is an account with all that the links of a ChatLinker and of a Login need.
	Linked channel.Account
	// SignIns are tokens of a Login.
	SignIns []SignIn
}

// Vector is a request with its known signature.
type Vector struct {
	Name        string
	Body        []byte
	Query       string            // of the request
	Headers     map[string]string // of the request, beside the signature
	Signature   string
	Credentials channel.Credentials
	Forged      bool // it is known to be wrong
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
	Account *channel.Account // nil = that of the Suite
	User    string           // "" = that of Suite.Message
	Message string           // of Typing and MarkRead: the platform's id of the customer's last message
	Since   hub.Millis       // of Find, which looks for Suite.Message
	Known   map[string]bool  // of Find

	Replies []Reply // what the platform says, call by call; none = no call may be made

	// What comes of it, if Code is "".
	Profile    channel.Profile  // of Profiler
	Quota      channel.Quota    // of Quoter
	Standing   channel.Standing // of Connector
	Registered bool             // of Registrar.Registered
	Secrets    channel.Secrets  // of Refresher
	Expires    hub.Millis       // of Refresher
	Sent       channel.Sent     // of Finder
	Found      bool             // of Finder

	Code       hub.Code
	RetryAfter time.Duration // with Code
}

// Welcome is what an Answerer makes of contents. Its bodies stand in the folder Wire,
// in files whose names begin with "answer_".
type Welcome struct {
	// Samples are the names of those whose events are answered. All others are not.
	Samples []string
	// Contents are answers that can be shown.
	Contents map[string]hub.Content
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
	t.Run("Setup", s.setup)
	t.Run("Signature", s.signatures)
	t.Run("Vectors", s.vectors)
	t.Run("Handshake", s.handshake)
	t.Run("Golden", s.golden)
	t.Run("Slices", s.slices)
	t.Run("Deliveries", s.deliveries)
	t.Run("Names", s.names)
	t.Run("Further", s.further)
	t.Run("Evidence", s.evidence)
	t.Run("UnknownTypes", s.unknown)
	t.Run("Unparsable", s.unparsable)
	t.Run("ParseIsTotal", s.total)
	t.Run("Concurrent", s.concurrent)
	t.Run("Sends", s.sends)
	t.Run("AfterWindow", s.afterWindow)
	t.Run("Answers", s.answers)
	t.Run("Refused", s.refused)
	t.Run("Network", s.network)
	t.Run("Host", s.host)
	t.Run("Abilities", s.abilities)
	t.Run("Welcome", s.welcome)
	t.Run("Links", s.links)
	t.Run("Logins", s.logins)
}

// adapter is one that can reach no machine at all.
func (s Suite) adapter() channel.Adapter {
	return s.New(channel.Platform{BaseURL: "http://192.0.2.1", Client: (&Guard{}).Client()})
}
