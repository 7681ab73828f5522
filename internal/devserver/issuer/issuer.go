// Package issuer is an OpenID Connect issuer for a developer's machine: whoever asks it
// for a token gets one, for any person and any audience. Its tokens have the shape of an
// Amazon Cognito user pool's access tokens.
//
// It is part of no deployment. It signs with its own code, not with that which verifies
// (internal/devserver/jwt), so that one mistake cannot pass both sides.
//
// https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// The algorithms of tokens. An HTTP API accepts RS256 of the two.
const (
	RS256 = "RS256"
	ES256 = "ES256"
)

// TTL is how long a token holds that was asked for without a time.
const TTL = time.Hour

// maxTTL is the longest that a token can hold; a user pool's limit is the same.
const maxTTL = 24 * time.Hour

// maxText is the longest text of a claim, in bytes: the head of a request has 10,240.
const maxText = 1024

// Config is what an issuer is made from.
type Config struct {
	URL    string           // the claim iss, without a slash at the end; where the issuer is served
	Client string           // the claim client_id of tokens that are asked for without one
	Path   string           // file of the keys; "" keeps them in memory
	Now    func() time.Time // the hub's clock
}

// Issuer mints tokens. It is safe for concurrent use.
type Issuer struct {
	Config
	mu   sync.Mutex
	keys []signingKey // oldest first of each algorithm
}

// Request is a token that is wanted.
type Request struct {
	Subject  string        // the claim sub; wanted
	Client   string        // the claim client_id; "" = the audience, else the issuer's own
	Audience string        // the claim aud; "" = none, as in Cognito's access tokens
	Scope    string        // words with spaces between; "" = none
	Email    string        // "" = none
	Name     string        // "" = none
	TTL      time.Duration // 0 = an hour; below 0 the token has expired already
	Alg      string        // "" = RS256
}

// Open reads the keys, and makes and keeps those that are missing. Keys that are kept in
// memory are made when the first is wanted, since that takes a tenth of a second.
func Open(c Config) (*Issuer, error) {
	keys, err := readKeys(c.Path)
	if err != nil {
		return nil, err
	}
	i := &Issuer{Config: c, keys: keys}
	if c.Path != "" {
		_, err = i.current()
	}
	return i, err
}

// current are the keys; those that are missing are made and kept first.
func (i *Issuer) current() ([]signingKey, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := slices.Clone(i.keys)
	for _, algorithm := range []string{RS256, ES256} {
		if newest(keys, algorithm).private != nil {
			continue
		}
		k, err := newKey(algorithm)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if len(keys) > len(i.keys) {
		if err := writeKeys(i.Path, keys); err != nil {
			return nil, err
		}
		i.keys = keys
	}
	return keys, nil
}

// newest is the last key of an algorithm, or one without a private part.
func newest(keys []signingKey, algorithm string) signingKey {
	for _, k := range slices.Backward(keys) {
		if k.algorithm == algorithm {
			return k
		}
	}
	return signingKey{}
}

// Rotate signs with new keys from now on. The keys before stay published until the next
// rotation.
func (i *Issuer) Rotate() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var next []signingKey
	for _, algorithm := range []string{RS256, ES256} {
		var own []signingKey
		for _, k := range i.keys {
			if k.algorithm == algorithm {
				own = append(own, k)
			}
		}
		k, err := newKey(algorithm)
		if err != nil {
			return err
		}
		own = append(own, k)
		next = append(next, own[max(0, len(own)-kept):]...)
	}
	if err := writeKeys(i.Path, next); err != nil {
		return err
	}
	i.keys = next
	return nil
}

// published are the public keys as a JSON web key set has them.
func (i *Issuer) published() ([]map[string]string, error) {
	keys, err := i.current()
	out := make([]map[string]string, 0, len(keys))
	for _, k := range keys {
		out = append(out, k.jwk())
	}
	return out, err
}

// Unfit is a mistake in a request, in words for who asked.
type Unfit struct{ Mistake string }

func (u *Unfit) Error() string { return "issuer: mint: " + u.Mistake }

func unfit(format string, args ...any) error { return &Unfit{fmt.Sprintf(format, args...)} }

// check says what is wrong with a request.
func (r *Request) check() error {
	switch {
	case r.Subject == "":
		return unfit("subject is missing: the person's id, such as demo-admin")
	case r.TTL > maxTTL || r.TTL < -maxTTL:
		return unfit("ttl is %s at most", maxTTL)
	case r.Alg != RS256 && r.Alg != ES256:
		return unfit("alg is %s or %s", RS256, ES256)
	}
	for _, t := range []struct{ name, value string }{{"subject", r.Subject}, {"client_id", r.Client}, {"audience", r.Audience},
		{"scope", r.Scope}, {"email", r.Email}, {"name", r.Name}} {
		if len(t.value) > maxText || !utf8.ValidString(t.value) {
			return unfit("%s is a text of %d bytes at most", t.name, maxText)
		}
	}
	return nil
}

// Mint makes a token. Its errors are an *Unfit, or of the keys' file.
func (i *Issuer) Mint(r Request) (string, error) {
	if r.Alg == "" {
		r.Alg = RS256
	}
	if r.TTL == 0 {
		r.TTL = TTL
	}
	if r.Client == "" {
		if r.Client = r.Audience; r.Client == "" {
			r.Client = i.Client
		}
	}
	if err := r.check(); err != nil {
		return "", err
	}
	keys, err := i.current()
	if err != nil {
		return "", err
	}
	now := i.Now()
	claims := map[string]any{
		"iss": i.URL, "sub": r.Subject, "client_id": r.Client, "token_use": "access", "scope": r.Scope,
		"iat": now.Unix(), "auth_time": now.Unix(), "exp": now.Add(r.TTL).Unix(), "jti": identifier(), "username": r.Subject,
	}
	for name, v := range map[string]string{"aud": r.Audience, "email": r.Email, "name": r.Name} {
		if v != "" {
			claims[name] = v
		}
	}
	k := newest(keys, r.Alg)
	return k.sign(claims)
}

// sign makes the compact serialization of a token.
// https://www.rfc-editor.org/rfc/rfc7515#section-7.1
func (k *signingKey) sign(claims map[string]any) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": k.algorithm, "kid": k.kid, "typ": "JWT"})
	if err != nil {
		return "", fmt.Errorf("issuer: sign: %w", err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("issuer: sign: %w", err)
	}
	code := base64.RawURLEncoding.EncodeToString
	signed := code(header) + "." + code(body)
	sum := sha256.Sum256([]byte(signed))
	var signature []byte
	if private, ok := k.private.(*ecdsa.PrivateKey); ok {
		// Two numbers of 32 bytes each, not ASN.1: RFC 7518, section 3.4.
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, sum[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	} else {
		signature, err = k.private.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
	if err != nil {
		return "", fmt.Errorf("issuer: sign: %w", err)
	}
	return signed + "." + code(signature), nil
}

// identifier is a random name for a token.
func identifier() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
