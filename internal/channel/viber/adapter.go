// Package viber speaks the Viber REST Bot API: it checks and reads webhooks, answers
// who opens a conversation, and sends. README.md tells how a bot is connected.
//
// https://developers.viber.com/docs/api/rest-bot-api/
package viber

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "viber"

// Names of what a bot is connected with. The token is the connection's, the others are
// the account's and no secrets.
const (
	AuthToken    = "auth_token" // signs the webhooks, and is for the calls
	SenderName   = "sender_name"
	SenderAvatar = "sender_avatar"
)

// Adapter is the Viber channel. An account is a bot; its external id is the bot's id,
// "pa:" and digits.
type Adapter struct{ client *call.Client }

var (
	_ channel.Adapter   = (*Adapter)(nil)
	_ channel.Answerer  = (*Adapter)(nil)
	_ channel.Profiler  = (*Adapter)(nil)
	_ channel.Previewer = (*Adapter)(nil)
	_ channel.Connector = (*Adapter)(nil)
	_ channel.Registrar = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	return &Adapter{client: call.New(p, Kind, "https://chatapi.viber.com")}
}

// Kind is "viber".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what a bot is connected with. Viber's webhooks do not name the bot, so a
// connection has one.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{
			{Name: AuthToken, Help: "Viber Admin Panel, your bot, Edit Info, Token; in the app: the bot's Edit Info, Your app key"},
			{Name: SenderName, Help: "the name above the messages, at most 28 characters; without it Viber shows the bot's", Optional: true, Plain: true},
			{Name: SenderAvatar, Help: "https address of the picture beside the messages, 720 × 720, at most 100 KB", Optional: true, Plain: true},
		},
		External: "the bot's id at Viber, pa: and digits; checking the token tells it",
		Single:   true,
		Welcome:  true,
	}
}

// Verify checks X-Viber-Content-Signature: the HMAC-SHA256 with the bot's token over
// the body's bytes, in hexadecimal digits. A signature in the query counts for nothing.
// https://developers.viber.com/docs/api/rest-bot-api/#callbacks
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	var (
		token     = c.Secrets[AuthToken].Reveal()
		signature = r.Header["x-viber-content-signature"]
		got, sum  [sha256.Size]byte
	)
	if token == "" || len(signature) != hex.EncodedLen(sha256.Size) {
		return refused("no usable signature")
	}
	if _, err := hex.Decode(got[:], []byte(signature)); err != nil {
		return refused("no usable signature")
	}
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write(r.Body)
	if !hmac.Equal(got[:], mac.Sum(sum[:0])) {
		return refused("wrong signature")
	}
	return nil
}

func refused(why string) error { return hub.E(hub.BadSignature, "viber: verify", errors.New(why)) }
