// Package meta is what the channels of Meta's Graph API share: how a webhook is
// signed, how its URL is confirmed, and what an error says.
//
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"regexp"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Names of the secrets that every channel of Meta needs.
const (
	AppSecret   = "app_secret"   // of the connection: signs the webhooks
	VerifyToken = "verify_token" // of the connection: chosen by us, asked for at the handshake
	AccessToken = "access_token" // of the account: for the calls
)

// Host is where the Graph API is.
const Host = "https://graph.facebook.com"

const prefix = "sha256="

// Verify checks X-Hub-Signature-256: "sha256=" and the HMAC-SHA256 with the app
// secret over the body's bytes, in lower-case hexadecimal digits. An older signature
// with SHA-1 counts for nothing. The error's code is hub.BadSignature.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
func Verify(op string, r *channel.Request, appSecret hub.Secret) error {
	signature := r.Header["x-hub-signature-256"]
	if appSecret == "" || len(signature) != len(prefix)+2*sha256.Size || signature[:len(prefix)] != prefix {
		return hub.E(hub.BadSignature, op, errors.New("no usable signature"))
	}
	mac := hmac.New(sha256.New, []byte(appSecret.Reveal()))
	mac.Write(r.Body)
	var (
		sum  [sha256.Size]byte
		want [2 * sha256.Size]byte
	)
	hex.Encode(want[:], mac.Sum(sum[:0]))
	if !hmac.Equal([]byte(signature[len(prefix):]), want[:]) {
		return hub.E(hub.BadSignature, op, errors.New("wrong signature"))
	}
	return nil
}

// challengeForm is what may be sent back: nothing that a browser could take for a
// page.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Handshake answers the GET by which Meta confirms a webhook URL: the challenge, if
// the token is ours. Errors: hub.BadSignature for a wrong token, hub.BadRequest for
// anything else that is wrong.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
func Handshake(op string, r *channel.Request, verifyToken hub.Secret) (string, error) {
	query, err := url.ParseQuery(r.RawQuery)
	if err != nil {
		return "", hub.E(hub.BadRequest, op, errors.New("malformed query"))
	}
	one := func(name string) string {
		if values := query[name]; len(values) == 1 {
			return values[0]
		}
		return ""
	}
	// Of the hashes, so that not even the token's length can be measured.
	got, want := sha256.Sum256([]byte(one("hub.verify_token"))), sha256.Sum256([]byte(verifyToken.Reveal()))
	if !hmac.Equal(got[:], want[:]) || verifyToken == "" {
		return "", hub.E(hub.BadSignature, op, errors.New("wrong verify token"))
	}
	challenge := one("hub.challenge")
	if one("hub.mode") != "subscribe" || !challengeForm.MatchString(challenge) {
		return "", hub.E(hub.BadRequest, op, errors.New("not a subscription, or no usable challenge"))
	}
	return challenge, nil
}
