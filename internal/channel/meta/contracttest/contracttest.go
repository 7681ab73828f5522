// Package contracttest is what the tests of Meta's channels share: how Meta signs a webhook
// and asks for its challenge, and what the standard decoder finds in one.
package contracttest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/hub"
)

// Names of a connection's secrets.
const (
	appSecret   = "app_secret"
	verifyToken = "verify_token"
)

// Sign is Meta's signature of a body, written apart from the adapters.
func Sign(body []byte, secret hub.Secret) string {
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// Signed completes a suite by how Meta signs and asks, and by the known signatures.
func Signed(tb testing.TB, s channeltest.Suite) channeltest.Suite {
	tb.Helper()
	s.Sign = func(body []byte, c channel.Credentials) string { return Sign(body, c.Secrets[appSecret]) }
	s.Header, s.Prefix, s.Hex = "x-hub-signature-256", "sha256=", true
	s.Vectors = channeltest.Vectors(tb, func(key hub.Secret, _ string) channel.Credentials {
		return channel.Credentials{Secrets: channel.Secrets{appSecret: key}}
	})
	s.Handshake = &channeltest.Handshake{
		Token: s.Credentials.Secrets[verifyToken],
		Mode:  "hub.mode", Verify: "hub.verify_token", Challenge: "hub.challenge", Subscribe: "subscribe",
	}
	return s
}

// Frame are the members of a body of Messenger's or Instagram's that may be there once
// only.
var Frame = []string{"object", "entry", "id", "time", "messaging", "standby", "changes", "field", "value", "sender", "recipient"}

// Items reads bodies of Messenger's or Instagram's with the standard decoder, for
// channeltest's FuzzSplit.
func Items(objects ...string) func(body []byte) ([]string, bool) {
	return func(body []byte) ([]string, bool) {
		top := channeltest.MembersOf(body)
		entries, ok := channeltest.ElementsOf(top["entry"])
		if !ok || !slices.Contains(objects, channeltest.TextOf(top["object"])) {
			return nil, false
		}
		var out []string
		for _, entry := range entries {
			out = append(out, itemsOf(entry)...)
		}
		return out, true
	}
}

func itemsOf(entry json.RawMessage) (out []string) {
	m := channeltest.MembersOf(entry)
	id, known := channeltest.WordOf(m["id"])+" ", false
	for _, name := range channeltest.NamesOf(entry) { // in the body's order, which a map does not keep
		switch name {
		case "messaging", "standby", "changes":
			elements, is := channeltest.ElementsOf(m[name])
			known = known || is
			for _, e := range elements {
				out = append(out, id+string(unwrapped(e)))
			}
		case "value":
			known = true
			out = append(out, id+string(m[name]))
		}
	}
	if !known {
		return []string{id + string(entry)}
	}
	return out
}

// unwrapped is the value of a field and its value, or the element itself.
func unwrapped(element json.RawMessage) json.RawMessage {
	m := channeltest.MembersOf(element)
	if m["value"] == nil || m["sender"] != nil || m["recipient"] != nil {
		return bytes.TrimSpace(element)
	}
	return m["value"]
}
