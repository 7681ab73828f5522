package channel

import (
	"context"
	"time"

	"omnihub/internal/hub"
)

// Replier is the ability to answer an event for free, with a token that it
// brought and that works once.
type Replier interface {
	// ReplyLife is how long a token may be used after its webhook arrived.
	ReplyLife() time.Duration

	// Reply answers once. hub.ReplyTokenInvalid means that surely nothing was sent;
	// Unclear means that it may have been, and the token must not be used again.
	Reply(ctx context.Context, a Account, token hub.Secret, m Outgoing) (Sent, error)
}

// Handshaker is the ability to answer the platform's GET when a webhook URL is
// entered on its side.
type Handshaker interface {
	// Handshake returns the plain-text body to answer with. Errors:
	// hub.BadSignature, hub.BadRequest.
	Handshake(r *Request, c Credentials) (string, error)
}

// Profiler is the ability to ask the platform who a channel user is.
type Profiler interface {
	// Profile asks once. Errors: Unreachable if the platform does not tell about this
	// user (any more), TokenExpired, Transient, RateLimited, Permanent.
	Profile(ctx context.Context, a Account, user string) (Profile, error)
}

// Profile is what a platform tells of a person. Empty members are not known.
type Profile struct {
	Name     hub.Personal
	Username hub.Personal // unique at the platform, as people type it
	Picture  hub.Personal // https
	Language string       // BCP 47
	Phone    hub.Personal // E.164 digits without "+"
	Status   hub.Personal // the person's own words
}

// Typist is the ability to show the customer that an answer is being written.
type Typist interface {
	// Typing shows it until the next message, or for the platform's own time. Message
	// is the platform's id of the customer's last message. Errors as of Send; none of
	// them matters to what is sent next.
	Typing(ctx context.Context, a Account, user, message string) error
}

// ReadMarker is the ability to show the customer that a message was read.
type ReadMarker interface {
	// MarkRead marks the message and those before it. It may be repeated.
	MarkRead(ctx context.Context, a Account, user, message string) error
}

// Namer is the ability to tell what a user's id means beyond the account, for
// messages to people who have not written yet.
type Namer interface {
	// Names are the aliases that the id is by itself; none for an id that is no
	// person's. It does not ask the platform.
	Names(user string) []Alias
}

// Quoter is the ability to tell how much of the account's paid messages is used.
type Quoter interface {
	Quota(ctx context.Context, a Account) (Quota, error)
}

// Quota is an account's volume of paid messages in the running month.
type Quota struct {
	Limited bool
	Limit   int64 // with Limited
	Used    int64
}
