// Package channel is the contract between the hub and the messaging platforms.
// Each platform is one folder below it and one line in channel/all; what a
// platform can do beyond the core is told by small optional interfaces: the
// absence of the method is the feature flag.
package channel

import (
	"context"
	"net/http"

	"omnihub/internal/hub"
)

// Request is a webhook as it came in, body decoded from the gateway's base64 but
// otherwise untouched.
type Request struct {
	Method   string
	RawQuery string
	Header   map[string]string // names in lower case; repeated ones joined by commas
	Body     []byte
}

// Secrets are a connection's or an account's credentials by field name
// ("channel_secret", "channel_token", "app_secret" …).
type Secrets map[string]hub.Secret

// Credentials are what a webhook is checked against.
type Credentials struct {
	Secrets  Secrets
	Accounts []string // the platform's names of the connection's accounts
	// URL is the connection's webhook as it was entered at the platform, without a
	// query; "" = not known. A platform that signs the URL signed this one, whatever
	// host and path the request shows.
	URL string
}

// Adapter speaks one platform's protocol. Adapters hold no state of customers and
// are safe for concurrent use.
type Adapter interface {
	// Kind is the channel's name in paths, keys and logs.
	Kind() hub.Channel

	// Capabilities are the platform's fixed facts and limits.
	Capabilities() Capabilities

	// Setup tells what an account is connected with.
	Setup() Setup

	// Verify checks that the platform signed exactly these bytes. The edge calls
	// it before anything is parsed. Errors: hub.BadSignature only.
	Verify(r *Request, c Credentials) error

	// Split cuts a verified request into its events, in the body's order. It reads
	// only what routing needs. An empty body of events gives none. Errors:
	// hub.Unparsable for the whole body.
	Split(r *Request) ([]Slice, error)

	// Parse reads one event from a Slice's Head and Raw. An event type that it does
	// not know is an EventOther, no error. Errors: hub.Unparsable.
	Parse(head, raw []byte) (Event, error)

	// Send makes the platform's call once; it never retries. The content has passed
	// Capabilities.Check. Errors: the codes about a send, and Transient, RateLimited
	// (with RetryAfter) or Unclear about the try. Called with the claim held, if the
	// channel needs one.
	Send(ctx context.Context, a Account, m Outgoing) (Sent, error)
}

// Account is what a send needs to know of the sending account.
type Account struct {
	ID       hub.AccountID
	External string  // the platform's name of it
	Secrets  Secrets // its own, and those of its connection that have no namesake
	Webhook  string  // the URL of its connection's webhook, without a query; "" = not known
}

// Slice is one event within a webhook's body.
type Slice struct {
	// Account is the platform's name of the account that the event is for; "" for an
	// event of the connection as a whole.
	Account string
	User    string // the platform's id of the channel user; "" for events of the account
	Event   string // the platform's stable id of the event; made from the payload if it has none
	Head    []byte // what Parse needs of the entry around the event; small JSON
	Raw     []byte // the event's bytes as received
	Hash    string // of the payload without the marks of redelivery
}

// Outgoing is what is to be sent.
type Outgoing struct {
	To       hub.Personal // the platform's id of the channel user
	Content  hub.Content
	RetryKey string // a UUID, the same at every try of this message
	// Ref is our own name of the message, at most 512 bytes of ASCII. A platform that
	// can carry it along gives it back in Receipt.Ref.
	Ref   string
	Try   int // how many tries went before, of which surely nothing was sent
	Class hub.Class
	// AfterWindow tells that Capabilities.Window has passed, and that the message goes
	// out by Capabilities.PersonWindow.
	AfterWindow bool
}

// Sent is the platform's acceptance.
type Sent struct {
	PlatformID string // of the first message that the platform made of it
	Repeated   bool   // the platform says that an earlier try had succeeded
}

// Platform is how adapters reach the platforms' own machines.
type Platform struct {
	// BaseURL replaces the platform's own host, for the fakes of the local stack:
	// BaseURL + "/" + kind. Empty in production.
	BaseURL string
	Client  *http.Client
}
