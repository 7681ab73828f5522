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
	"net/http"
	"slices"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Kind is the channel's name.
const Kind hub.Channel = "line"

// Names of the secrets that an account of LINE needs.
const (
	ChannelSecret = "channel_secret" // signs the webhooks
	ChannelToken  = "channel_token"  // long-lived channel access token, for the calls
)

// maxText is the longest text of a message, in UTF-16 code units.
// https://developers.line.biz/en/reference/messaging-api/#text-message
const maxText = 5000

// replyLife is the minute that LINE grants a reply token, less what two machines'
// clocks may differ. https://developers.line.biz/en/reference/messaging-api/#send-reply-message-reply-token
const replyLife = time.Minute - 10*time.Second

// Adapter is the LINE channel.
type Adapter struct {
	base   string
	client *http.Client
}

var (
	_ channel.Adapter = (*Adapter)(nil)
	_ channel.Replier = (*Adapter)(nil)
)

// New makes the adapter. A redirect is never followed, and without a Client of its
// own no proxy is asked.
func New(p channel.Platform) *Adapter {
	a := &Adapter{base: "https://api.line.me", client: &http.Client{}}
	if p.BaseURL != "" {
		a.base = p.BaseURL + "/" + string(Kind)
	}
	if p.Client != nil {
		*a.client = *p.Client
	}
	if a.client.Transport == nil {
		a.client.Transport = &http.Transport{
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
		}
	}
	if a.client.Timeout == 0 {
		a.client.Timeout = 10 * time.Second
	}
	a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return a
}

// Kind is "line".
func (a *Adapter) Kind() hub.Channel { return Kind }

// Capabilities: texts of 5,000 UTF-16 units; a push is recognised by its retry key.
func (a *Adapter) Capabilities() channel.Capabilities {
	return channel.Capabilities{MaxText: maxText, Idempotent: true}
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
