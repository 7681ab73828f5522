// Package line speaks the LINE Messaging API: it checks and reads webhooks, and
// sends by reply token or by push. README.md tells how an account is connected.
//
// https://developers.line.biz/en/reference/messaging-api/
package line

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "line"

// Names of the fields that an account of LINE is connected with.
const (
	ChannelSecret = "channel_secret" // signs the webhooks
	ChannelToken  = "channel_token"  // long-lived channel access token, for the calls
	// No secrets:
	LIFFID         = "liff_id"          // of the LIFF app that opens from links
	LoginChannelID = "login_channel_id" // of the LINE Login channel that the LIFF app belongs to
	BasicID        = "basic_id"         // under which people find the account: @…
)

// replyLife is the minute that LINE grants a reply token, less what two machines'
// clocks may differ. https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token
const replyLife = time.Minute - 10*time.Second

// Adapter is the LINE channel.
type Adapter struct {
	client *call.Client
	keys   *keys
	local  string // stands for all of LINE's hosts; "" in production
}

var (
	_ channel.Adapter   = (*Adapter)(nil)
	_ channel.Replier   = (*Adapter)(nil)
	_ channel.Profiler  = (*Adapter)(nil)
	_ channel.Quoter    = (*Adapter)(nil)
	_ channel.Typist    = (*Adapter)(nil)
	_ channel.Namer     = (*Adapter)(nil)
	_ channel.Previewer = (*Adapter)(nil)
	_ channel.Connector = (*Adapter)(nil)
	_ channel.Registrar = (*Adapter)(nil)
)

// New makes the adapter.
func New(p channel.Platform) *Adapter {
	a := &Adapter{client: call.New(p, Kind, apiHost)}
	if p.BaseURL != "" {
		a.local = p.BaseURL + "/" + string(Kind)
	}
	a.keys = newKeys(p, a.at(apiHost, "/oauth2/v2.1/certs"))
	return a
}

// Kind is "line".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Setup is what an official account of LINE is connected with.
func (a *Adapter) Setup() channel.Setup {
	return channel.Setup{
		Connection: []channel.Field{{Name: ChannelSecret, Help: "LINE Developers Console, Basic settings"}},
		Account: []channel.Field{
			{Name: ChannelToken, Help: "the long-lived channel access token; Console, Messaging API"},
			{Name: LIFFID, Help: "Console, the LINE Login channel of the same provider, LIFF: 1234567890-AbcdEfgh", Optional: true, Plain: true},
			{Name: LoginChannelID, Help: "Console, the LIFF app's LINE Login channel, Basic settings: Channel ID; if it is not given, the first part of the LIFF id", Optional: true, Plain: true},
			{Name: BasicID, Help: "Official Account Manager: the basic or premium id, @…; people who are no friends yet are led to it", Optional: true, Plain: true},
		},
		External: "the bot's user id: U, 32 digits",
	}
}

// Verify checks X-Line-Signature, the base64 of HMAC-SHA256 with the channel secret
// over the body, and then that the webhook is for one of the connection's accounts.
// https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	var (
		secret    = c.Secrets[ChannelSecret].Reveal()
		signature = r.Header["x-line-signature"]
		got       [sha256.Size + 1]byte // room for what base64 may say in 44 characters
	)
	if secret == "" || len(signature) != base64.StdEncoding.EncodedLen(sha256.Size) {
		return refused("no usable signature")
	}
	n, err := base64.StdEncoding.Strict().Decode(got[:], []byte(signature))
	if err != nil {
		return refused("no usable signature")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(r.Body)
	var want [sha256.Size]byte
	if !hmac.Equal(got[:n], mac.Sum(want[:0])) {
		return refused("wrong signature")
	}
	// A body that does not tell its destination passes: Split will refuse it.
	if d := destination(r.Body); d != "" && !slices.Contains(c.Accounts, d) {
		return refused("signed for another account")
	}
	return nil
}

func refused(why string) error { return hub.E(hub.BadSignature, "line: verify", errors.New(why)) }
