package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// signatureHeader holds base64(HMAC-SHA1).
const signatureHeader = "x-twilio-signature"

// signatureLength is that of 20 bytes in base64.
const signatureLength = 28

// Verify checks X-Twilio-Signature with the connection's auth token, and with the one
// before if there is one. What was signed is the connection's own URL with the query
// of the request, whatever host and path the request shows, and the form's parameters.
// A form that names another account of Twilio's is refused.
//
// https://www.twilio.com/docs/usage/webhooks/webhooks-security
func (a *Adapter) Verify(r *channel.Request, c channel.Credentials) error {
	refuse := func(why string) error {
		return hub.E(hub.BadSignature, "twilio: verify", errors.New(why))
	}
	given := r.Header[signatureHeader]
	switch {
	case len(given) != signatureLength:
		return refuse("no signature")
	case c.URL == "":
		return refuse("the connection has no URL")
	}
	rest, accounts, ok := signedRest(r)
	if !ok {
		return refuse("the body is not what was signed")
	}
	address := c.URL
	if r.RawQuery != "" {
		address += "?" + r.RawQuery
	}
	good := 0
	for _, token := range []hub.Secret{c.Secrets[AuthToken], c.Secrets[AuthTokenBefore]} {
		if token == "" {
			continue
		}
		for _, spelling := range spellings(address) {
			good |= subtle.ConstantTimeCompare([]byte(given), []byte(signature(token, spelling, rest)))
		}
	}
	switch {
	case good != 1:
		return refuse("another signature")
	case slices.ContainsFunc(accounts, func(sid string) bool { return sid != c.Secrets[AccountSID].Reveal() }):
		return refuse("another account's")
	}
	return nil
}

// signedRest is what was signed beside the URL, and the accounts of Twilio's that the
// parameters name. Of a GET it is nothing. Of a body that the query has the hash of it is
// nothing either, but the hash must be right.
func signedRest(r *channel.Request) (rest string, accounts []string, ok bool) {
	if r.Method == "GET" {
		f, ok := formOf(r.RawQuery)
		return "", f.accounts(), ok && len(r.Body) == 0
	}
	if hash := bodyHash(r.RawQuery); hash != "" {
		sum := sha256.Sum256(r.Body)
		if !isJSON(r.Body) {
			f, _ := formOf(string(r.Body))
			accounts = f.accounts()
		}
		return "", accounts, subtle.ConstantTimeCompare([]byte(hash), []byte(hex.EncodeToString(sum[:]))) == 1
	}
	f, ok := formOf(string(r.Body))
	var b strings.Builder
	b.Grow(len(r.Body))
	for _, p := range f {
		b.WriteString(p.name)
		b.WriteString(p.value)
	}
	return b.String(), f.accounts(), ok
}

// accounts are the accounts of Twilio's that parameters name; all but empty ones.
func (f form) accounts() (out []string) {
	for _, p := range f {
		if p.name == "AccountSid" && p.value != "" {
			out = append(out, p.value)
		}
	}
	return out
}

// bodyHash is the query's hash of a body that is no form; "" if there is none.
func bodyHash(query string) string {
	if !strings.Contains(query, "bodySHA256") {
		return ""
	}
	f, _ := formOf(query)
	hash, _ := f.find("bodySHA256")
	return hash
}

func signature(token hub.Secret, address, rest string) string {
	mac := hmac.New(sha1.New, []byte(token.Reveal()))
	mac.Write([]byte(address))
	mac.Write([]byte(rest))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// spellings are the URL with its port and without: Twilio signs either, and its own
// libraries take both.
func spellings(address string) []string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return []string{address}
	}
	authority, path := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	host, port := authority, (&url.URL{Host: authority}).Port()
	if port != "" {
		return []string{address, scheme + "://" + strings.TrimSuffix(host, ":"+port) + path}
	}
	port = "80"
	if scheme == "https" {
		port = "443"
	}
	return []string{address, scheme + "://" + host + ":" + port + path}
}
