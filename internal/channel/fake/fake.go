// Package fake is the contract of the fake platforms, which stand at the edge of
// the machine in place of the real ones: they take the hub's calls as the platform
// would, refuse what it refuses, and make, sign and deliver the webhooks of
// customers' acts. They share no code with the adapters, so that one mistake
// cannot pass both sides.
//
// A fake is built upon Core, with its own type of account and of fault plan. It writes
// what is special to its platform: the API's calls and refusals, the webhooks of acts and
// how they are signed, what is told of a send (News), and what it records (Journal). Its
// tests stand in a faketest.World.
package fake

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Account is one account at a fake platform, with the credentials that both sides
// hold and the webhook URL that was entered on the platform's side.
type Account struct {
	ID         string            `json:"id"`          // the hub's name
	ExternalID string            `json:"external_id"` // the platform's name
	Webhook    string            `json:"webhook"`
	Secrets    map[string]string `json:"secrets"`
}

// Is reports whether a name is one of the account's two.
func (a *Account) Is(name string) bool { return name != "" && (a.ID == name || a.ExternalID == name) }

// Config is what a fake platform is made from.
type Config struct {
	Accounts []Account
	Now      func() time.Time // the hub's one clock
	Ledger   *Ledger
	Client   *http.Client // delivers webhooks
	Journal  *Journal     // what it still knows after a restart; nil = nothing
}

// Act is a customer's act. Exactly one of the members after From is set; a fake
// refuses the ones that its platform does not have. Extra holds what only one
// platform knows.
type Act struct {
	Account string `json:"account"` // ID or ExternalID; empty = the first
	From    string `json:"from"`    // the customer's id at the platform
	Text    string `json:"text,omitempty"`
	Image   string `json:"image,omitempty"`
	Sticker string `json:"sticker,omitempty"`
	Follow  bool   `json:"follow,omitempty"`
	Block   bool   `json:"block,omitempty"`
	// Button taps a button or a row that a message of the hub's showed, by its data;
	// Postback does what a button of a menu does that no message showed.
	Button   string `json:"button,omitempty"`
	Postback string `json:"postback,omitempty"`
	// FlowAnswer fills in the form that the hub's last message invited to: a JSON object.
	FlowAnswer json.RawMessage `json:"flow_answer,omitempty"`
	Extra      json.RawMessage `json:"extra,omitempty"`

	// How it is delivered. All are optional.
	ID     string `json:"id,omitempty"`     // the message's id; made if empty
	Event  string `json:"event,omitempty"`  // the event's id; made if empty
	At     int64  `json:"at,omitempty"`     // platform time in ms; now if 0
	Repeat int    `json:"repeat,omitempty"` // deliver the same webhook that many times in all (default 1)
	Hold   bool   `json:"hold,omitempty"`   // make the webhook, but do not deliver it: it is in the answer
}

// Delivery tells how the hub answered the webhook of an act.
type Delivery struct {
	Status   int               `json:"status"`   // of the last delivery; 0 = the hub was not reached, or Hold
	Statuses []int             `json:"statuses"` // of all of them
	Message  string            `json:"message"`  // the message's id at the platform
	Event    string            `json:"event"`
	URL      string            `json:"url"`
	Header   map[string]string `json:"header"` // as sent, signature included
	Body     string            `json:"body"`   // the exact bytes

	// Of a platform that takes a message in the webhook's own answer: what the hub
	// answered last, and why the platform did not take it.
	Answer  string `json:"answer,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// Platform is one fake platform.
type Platform interface {
	// ServeHTTP is the platform's API; the path comes without the channel's name.
	http.Handler

	// Act makes, signs and delivers the webhook of a customer's act, and waits for
	// the hub's answer. An error means that the act is not possible.
	Act(ctx context.Context, a Act) (Delivery, error)

	// Pending is how many deliveries (webhooks, receipts) are still to be made.
	Pending() int

	// SetFaults replaces the platform's fault plan; nil ends all faults. Unknown
	// members of the plan are an error that names them.
	SetFaults(plan json.RawMessage) error
}

// New makes a fake platform; each <x>test package has one.
type New func(Config) Platform
