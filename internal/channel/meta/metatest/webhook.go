package metatest

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"unicode/utf16"
	"unicode/utf8"

	"omnihub/internal/channel/fake"
)

// Encode writes JSON as PHP and hence Meta does: characters outside ASCII as \u escapes
// in lower-case hex, slashes with a backslash.
func Encode(v any) []byte {
	in := fake.JSON(v)
	out := make([]byte, 0, len(in)+len(in)/8)
	for len(in) > 0 {
		r, size := utf8.DecodeRune(in)
		switch {
		case r == '\\': // an escape: as it is
			size = 2
			out = append(out, in[:2]...)
		case r == '/':
			out = append(out, `\/`...)
		case r < utf8.RuneSelf:
			out = append(out, in[0])
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		in = in[size:]
	}
	return out
}

// Signed makes a webhook request around a body.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
func Signed(address, secret string, body []byte) fake.Webhook {
	digest := hmac.New(sha256.New, []byte(secret))
	digest.Write(body)
	return fake.Webhook{
		URL: address,
		Header: map[string]string{
			"content-type":        "application/json",
			"user-agent":          "facebookexternalua",
			"x-hub-signature-256": "sha256=" + hex.EncodeToString(digest.Sum(nil)),
		},
		Body: body,
	}
}

// Handshake is the GET by which Meta checks a webhook URL when it is entered.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
type Handshake struct{ URL, Challenge string }

// NewHandshake makes the GET for a webhook URL; mode and challenge are Meta's if they
// are empty.
func NewHandshake(webhook, mode, challenge, verifyToken string) (*Handshake, error) {
	u, err := url.Parse(webhook)
	if err != nil || u.Host == "" {
		return nil, errors.New("the account has no webhook URL")
	}
	h := &Handshake{Challenge: cmp.Or(challenge, fake.Digits(10, string(fake.Random(8))))}
	query := u.Query()
	query.Set("hub.mode", cmp.Or(mode, "subscribe"))
	query.Set("hub.challenge", h.Challenge)
	query.Set("hub.verify_token", verifyToken)
	u.RawQuery = query.Encode()
	h.URL = u.String()
	return h, nil
}

// Shake makes the GET, unless it is to be held. The delivery's event is the challenge,
// its header and body are the answer's.
func (h *Handshake) Shake(ctx context.Context, client *http.Client, hold bool) (fake.Delivery, error) {
	delivery := fake.Delivery{URL: h.URL, Event: h.Challenge, Statuses: []int{}, Header: map[string]string{}}
	if hold {
		return delivery, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL, nil)
	if err != nil {
		return fake.Delivery{}, fmt.Errorf("metatest: handshake: %w", err)
	}
	resp, err := client.Do(r)
	if err != nil {
		delivery.Statuses = []int{0}
		return delivery, nil
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // an answer that breaks off is as long as it is
	delivery.Status, delivery.Statuses, delivery.Body = resp.StatusCode, []int{resp.StatusCode}, string(body)
	delivery.Header["content-type"] = resp.Header.Get("Content-Type")
	return delivery, nil
}
