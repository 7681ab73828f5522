package channel

import (
	"context"
	"encoding/json"
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

// Answerer is the ability to answer an event in the webhook's own HTTP answer.
type Answerer interface {
	// Answer is the body, in JSON, that answers the webhook of a slice with a content,
	// and whether the slice is one that can be answered so. It is pure and asks nobody.
	// The body counts as sent with the answer.
	Answer(c Credentials, s Slice, content hub.Content) (body []byte, ok bool)
}

// Admitter is the ability to leave out of an event what an account does not want.
type Admitter interface {
	// Admit is the event as the account takes it, by its settings among the secrets.
	// What is left out stays in the event's raw bytes.
	Admit(e Event, settings Secrets) Event
}

// Connector is the ability to tell whether an account's credentials are good.
type Connector interface {
	// Check asks the platform. An empty External is not compared: the answer tells it.
	// Errors: TokenExpired if the credentials are refused, AccountBroken if they are
	// good but for something that the error's text names, NotFound if they are another
	// account's, BadRequest for what has the wrong form; Transient, RateLimited.
	Check(ctx context.Context, a Account) (Standing, error)
}

// Standing is what the platform tells of an account.
type Standing struct {
	External string     // the platform's name of it
	Name     string     // for people
	Expires  hub.Millis // when the credentials end; 0 = never, or it does not tell
	// Advice names what is not as it should be but hinders nothing yet, each a sentence
	// for people.
	Advice []string
	// Fields are values of optional, plain fields of Setup that the platform tells: they
	// stand where nobody has entered another value.
	Fields Secrets
}

// Registrar is the ability to enter the account's webhook at the platform by a call.
type Registrar interface {
	// Register enters a.Webhook; what was entered before is replaced. Errors as of
	// Connector.Check, and Refused if the platform could not reach the webhook.
	Register(ctx context.Context, a Account) error
	// Unregister takes it out. It may be repeated.
	Unregister(ctx context.Context, a Account) error
	// Registered tells whether the account's webhooks come to a.Webhook. Errors as of
	// Connector.Check.
	Registered(ctx context.Context, a Account) (bool, error)
}

// Refresher is the ability to renew an account's credentials before they end.
type Refresher interface {
	// Refresh answers the new values, by the fields' names, and when they end. The old
	// ones stay good until then. No values mean that these cannot be renewed. Errors as
	// of Connector.Check.
	Refresh(ctx context.Context, a Account) (Secrets, hub.Millis, error)
}

// Previewer is the ability to show how the platform would be told to show a message.
type Previewer interface {
	// Preview is the platform's own object of a content that has passed
	// Capabilities.Check, in JSON, as Send posts it but for who gets it. It asks nobody.
	// Errors: Unsupported for what the platform does not take, though Capabilities cannot
	// tell.
	Preview(m hub.Content) (json.RawMessage, error)
}

// Finder is the ability to look for a message whose answer was lost.
type Finder interface {
	// Find looks among what the account sent to the customer since a time, once, and
	// answers what it found. The platform's ids in known are those of other messages. Not
	// found is no proof that nothing was sent. Errors as of Send.
	Find(ctx context.Context, a Account, m Outgoing, since hub.Millis, known map[string]bool) (sent Sent, found bool, err error)
}
