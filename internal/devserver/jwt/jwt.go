// Package jwt verifies tokens as the JWT authorizer of an HTTP API does: by the public
// keys that the issuer publishes, and by issuer, audience, times and scopes.
//
// Only RSA signatures are accepted, as on AWS. Where AWS does not say how strict it is,
// this package is the stricter one, so that what passes here passes there.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
package jwt

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // registers SHA-256
	_ "crypto/sha512" // registers SHA-384 and SHA-512
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Refusal is why a token is not accepted. Both texts are fit for the header
// WWW-Authenticate; neither shows anything of the token.
type Refusal struct {
	Code        string // InvalidToken or InsufficientScope
	Description string
}

// The codes of RFC 6750 that a Refusal has.
const (
	InvalidToken      = "invalid_token"
	InsufficientScope = "insufficient_scope"
)

func (r *Refusal) Error() string { return "jwt: " + r.Code + ": " + r.Description }

func invalid(description string) error { return &Refusal{InvalidToken, description} }

// hashes are the accepted algorithms: RSASSA-PKCS1-v1_5 alone.
// https://www.rfc-editor.org/rfc/rfc7518#section-3.3
func hashes(algorithm string) (crypto.Hash, bool) {
	switch algorithm {
	case "RS256":
		return crypto.SHA256, true
	case "RS384":
		return crypto.SHA384, true
	case "RS512":
		return crypto.SHA512, true
	}
	return 0, false
}

// compact is a token in compact serialization, decoded and not verified.
// https://www.rfc-editor.org/rfc/rfc7515#section-7.1
type compact struct {
	kid       string
	algorithm string
	signed    string // what the signature is over
	signature []byte
	claims    map[string]json.RawMessage
}

// decode takes a token apart. Padding, other alphabets and anything after the JSON of a
// part are refused.
func decode(token string) (compact, error) {
	malformed := invalid("the token is malformed")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return compact{}, malformed
	}
	var raw [3][]byte
	for i, p := range parts {
		var err error
		// The decoder would pass over line breaks.
		if raw[i], err = base64.RawURLEncoding.Strict().DecodeString(p); err != nil || strings.ContainsAny(p, "\r\n") {
			return compact{}, malformed
		}
	}
	var header map[string]json.RawMessage // a struct would take ALG for alg
	if err := exactly(raw[0], &header); err != nil {
		return compact{}, malformed
	}
	if _, there := header["crit"]; there { // extensions that must be understood, and none is
		return compact{}, malformed
	}
	c := compact{signed: parts[0] + "." + parts[1], signature: raw[2]}
	c.algorithm, _ = text(header, "alg")
	c.kid, _ = text(header, "kid")
	if err := exactly(raw[1], &c.claims); err != nil || c.claims == nil {
		return compact{}, malformed
	}
	return c, nil
}

// exactly decodes one JSON value with nothing after it, and no member twice: two
// readers may choose differently.
func exactly(data []byte, v any) error {
	if err := singular(data); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// singular refuses doubled members of the outermost object.
func singular(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not an object")
	}
	seen := map[string]bool{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := name.(string)
		if seen[key] {
			return errors.New("a member stands twice")
		}
		seen[key] = true
		if err := d.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows")
	}
	return nil
}

// signedBy reports whether the key made the signature.
func (c *compact) signedBy(key *rsa.PublicKey, hash crypto.Hash) bool {
	h := hash.New()
	_, _ = io.WriteString(h, c.signed)
	return rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), c.signature) == nil
}
