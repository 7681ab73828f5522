package jwt

import (
	"context"
	"slices"
	"time"
)

// Config says whose tokens are accepted, and for whom they must be.
type Config struct {
	Issuer   string   // the claim iss, exactly; its discovery document stands below it
	Audience []string // one of them must be in aud, or be client_id if there is no aud
	Now      func() time.Time
}

// Verifier verifies the tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	Config
	keys *keys
}

// New makes a verifier. Nothing is fetched before the first token.
func New(c Config) *Verifier { return &Verifier{Config: c, keys: newKeys(c.Issuer, c.Now)} }

// Token is what an accepted token says.
type Token struct {
	// Claims are all of them, each as text: numbers as they were written, lists as
	// "[a b]".
	Claims map[string]string
	// Scopes are those of the token that were asked for; nil if none was asked for.
	Scopes []string
}

// Verify accepts a token, or answers a *Refusal. Of the scopes, if there are any, the
// token must have one.
func (v *Verifier) Verify(ctx context.Context, token string, scopes []string) (Token, error) {
	c, err := decode(token)
	if err != nil {
		return Token{}, err
	}
	hash, ok := hashes(c.algorithm)
	if !ok {
		return Token{}, invalid("the token's signing algorithm is not supported")
	}
	if c.kid == "" {
		return Token{}, invalid("the token's header has no kid")
	}
	// A foreign token costs no look at the keys.
	if iss, _ := text(c.claims, "iss"); iss != v.Issuer {
		return Token{}, invalid("the token was not issued by the expected issuer")
	}
	key, err := v.keys.find(ctx, c.kid)
	if err != nil {
		return Token{}, err
	}
	if key.algorithm != "" && key.algorithm != c.algorithm || !c.signedBy(key.public, hash) {
		return Token{}, invalid("the token's signature is not valid")
	}
	if !c.isFor(v.Audience) {
		return Token{}, invalid("the token does not have a valid audience")
	}
	if err := c.current(v.Now()); err != nil {
		return Token{}, err
	}
	out := Token{Claims: c.strings()}
	for _, s := range c.granted() {
		if slices.Contains(scopes, s) && !slices.Contains(out.Scopes, s) {
			out.Scopes = append(out.Scopes, s)
		}
	}
	if len(scopes) > 0 && len(out.Scopes) == 0 {
		return Token{}, &Refusal{InsufficientScope, "the token has none of the scopes that the route asks for"}
	}
	return out, nil
}
