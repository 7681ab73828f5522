package twiliotest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sort"
	"strings"

	"omnihub/internal/channel/fake"
)

// parameter is one of a webhook's, in the order in which it is sent.
type parameter struct{ name, value string }

// parameters are a webhook's.
type parameters []parameter

func (l *parameters) add(name, value string) { *l = append(*l, parameter{name, value}) }

// may adds a parameter unless its value is empty.
func (l *parameters) may(name, value string) {
	if value != "" {
		l.add(name, value)
	}
}

// encode writes parameters as Twilio does: capitals in escapes, "+" for a space.
func (l parameters) encode() []byte {
	var b strings.Builder
	for i, p := range l {
		if i > 0 {
			b.WriteByte('&')
		}
		escape(&b, p.name)
		b.WriteByte('=')
		escape(&b, p.value)
	}
	return []byte(b.String())
}

func escape(b *strings.Builder, text string) {
	for _, c := range []byte(text) {
		switch {
		case c == ' ':
			b.WriteByte('+')
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '*':
			b.WriteByte(c)
		default:
			fmt.Fprintf(b, "%%%02X", c)
		}
	}
}

// posted makes a signed webhook of parameters. What stands after "#" in the address is
// for Twilio alone.
// https://www.twilio.com/docs/usage/webhooks/webhooks-security
func (n *number) posted(address string, l parameters) fake.Webhook {
	address, _, _ = strings.Cut(address, "#")
	list := append(parameters{}, l...)
	sort.Slice(list, func(i, j int) bool {
		return list[i].name < list[j].name || list[i].name == list[j].name && list[i].value < list[j].value
	})
	text := address
	for i, p := range list {
		if i == 0 || p != list[i-1] { // of a repeated name each value once
			text += p.name + p.value
		}
	}
	return n.webhook(address, "application/x-www-form-urlencoded; charset=UTF-8", text, l.encode())
}

// bytes makes a signed webhook of a body that is no form.
func (n *number) bytes(address, contentType string, body []byte) fake.Webhook {
	address, _, _ = strings.Cut(address, "#")
	joint := "?"
	if strings.Contains(address, "?") {
		joint = "&"
	}
	address += joint + fmt.Sprintf("bodySHA256=%x", sha256.Sum256(body))
	return n.webhook(address, contentType, address, body)
}

func (n *number) webhook(address, contentType, signed string, body []byte) fake.Webhook {
	mac := hmac.New(sha1.New, []byte(n.Secrets["auth_token"]))
	mac.Write([]byte(signed))
	return fake.Webhook{
		URL: address,
		Header: map[string]string{
			"content-type":               contentType,
			"user-agent":                 "TwilioProxy/1.1",
			"i-twilio-idempotency-token": newSID("")[:32],
			"x-twilio-signature":         base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		},
		Body: body,
	}
}
