// Package dummy is the least that a channel is made of. It stands in no build: a test
// puts it beside the real ones, to see that a folder and a line are all that it takes.
package dummy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "dummy"

// Adapter is the dummy channel.
type Adapter struct{ client *call.Client }

var _ channel.Adapter = (*Adapter)(nil)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{client: call.New(p, Kind, "https://api.dummy.example")}
}

// Kind is "dummy".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Capabilities are texts of 100 characters.
func (a *Adapter) Capabilities() channel.Capabilities {
	return channel.Capabilities{Shows: map[hub.MessageType]channel.Shape{
		hub.Text: {Body: channel.Limit{Max: 100}, BodyNeeded: true},
	}, Linking: hub.Linking{NoSource: "The dummy shows no buttons", NoTarget: "No link leads into the dummy"}}
}

// Setup is a secret that signs and a token that sends.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{{Name: "secret", Help: "the dummy's own page"}},
		Account:    []channel.Field{{Name: "token", Help: "the dummy's own page"}},
		External:   "the dummy's name",
	}
}

// Verify checks X-Dummy, the hexadecimal HMAC-SHA256 of the body.
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	secret := c.Secrets["secret"].Reveal()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(r.Body)
	if secret == "" || !hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(r.Header["x-dummy"])) {
		return hub.E(hub.BadSignature, "dummy: verify", errors.New("wrong signature"))
	}
	return nil
}

// event is all of a webhook.
type event struct {
	ID   string     `json:"id"`
	At   hub.Millis `json:"at"`
	To   string     `json:"to"`
	From string     `json:"from"`
	Text *string    `json:"text"` // nil: it is of another type
}

func read(op string, body []byte) (e event, err error) {
	if json.Unmarshal(body, &e) != nil || e.ID == "" || e.To == "" || e.From == "" || e.At <= 0 {
		return event{}, hub.E(hub.Unparsable, op, errors.New("not an event"))
	}
	return e, nil
}

// Split gives the body's one event.
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) {
	e, err := read("dummy: split", r.Body)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(r.Body)
	return []channel.Slice{{Account: e.To, User: e.From, Event: e.ID, Head: []byte("{}"), Raw: r.Body, Hash: hex.EncodeToString(sum[:])}}, nil
}

// Parse reads it.
func (a *Adapter) Parse(_, raw []byte) (channel.Event, error) {
	e, err := read("dummy: parse", raw)
	if err != nil {
		return channel.Event{}, err
	}
	out := channel.Event{Kind: channel.EventOther, ID: e.ID, At: e.At, Account: e.To, User: e.From, UserKind: hub.Person}
	if e.Text != nil {
		out.Kind, out.Message = channel.EventMessage, channel.Message{ID: e.ID, Type: hub.Text, Text: *e.Text}
	}
	return out, nil
}

// Send posts the text.
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "dummy: send"
	answer, err := a.client.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: "/send", Bearer: acct.Secrets["token"],
		Body: map[string]string{"to": m.To.Reveal(), "text": m.Content.Text},
	})
	switch {
	case err != nil:
		return channel.Sent{}, err
	case answer.Status/100 == 2:
		return channel.Sent{}, nil
	case answer.Status/100 == 4:
		return channel.Sent{}, hub.E(hub.Permanent, op, errors.New("refused"))
	}
	return channel.Sent{}, hub.E(hub.Unclear, op, errors.New("no answer"))
}
