package linetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"

	"omnihub/internal/channel/fake"
)

// idTokenLife is how long an id token lives.
// https://developers.line.biz/en/docs/line-login/verify-id-token/#payload
const idTokenLife = time.Hour

const issuer = "https://access.line.me"

// kid is the name of the key that signs id tokens; otherKid is one that is published too
// and signs nothing.
const (
	kid      = "a2a459aec5b65fa4ddfe8d01e8e30d50be07e6ae"
	otherKid = "6b5cde4e3ae24bd1f37cbfc0a1d14d8be0f0f1c2"
)

// keyOf derives the key of a name, always the same one, so that tokens outlive a restart
// of the local stack.
func keyOf(name string) *ecdsa.PrivateKey {
	for i := 0; ; i++ {
		seed := sha256.Sum256(fmt.Appendf(nil, "linetest %s %d", name, i))
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:]); err == nil {
			return key
		}
	}
}

var b64 = base64.RawURLEncoding

// certs publishes the keys.
// https://developers.line.biz/en/docs/line-login/verify-id-token/#signature
func certs() any {
	type jwk struct {
		Type  string `json:"kty"`
		Alg   string `json:"alg"`
		Use   string `json:"use"`
		ID    string `json:"kid"`
		Curve string `json:"crv"`
		X     string `json:"x"`
		Y     string `json:"y"`
	}
	var list []jwk
	for _, id := range []string{otherKid, kid} {
		point, err := keyOf(id).PublicKey.Bytes()
		if err != nil {
			panic(err) // the key is on the curve
		}
		list = append(list, jwk{"EC", "ES256", "sig", id, "P-256", b64.EncodeToString(point[1:33]), b64.EncodeToString(point[33:])})
	}
	return map[string]any{"keys": list}
}

// idToken makes a token for a customer who signed in.
func (p *platform) idToken(app *liffApp, user, nonce string) string {
	claims := p.claims(app, user)
	if nonce != "" {
		claims["nonce"] = nonce
	}
	return signed(map[string]any{"kid": kid, "typ": "JWT", "alg": "ES256"}, claims, kid)
}

func (p *platform) claims(app *liffApp, user string) map[string]any {
	now := p.Now()
	p.Mu.Lock()
	name := p.names[user]
	p.Mu.Unlock()
	if name == "" {
		name = "LINE " + user[len(user)-4:]
	}
	return map[string]any{"iss": issuer, "sub": user, "aud": app.login, "iat": now.Unix(), "exp": now.Add(idTokenLife).Unix(),
		"amr": []string{"linesso"}, "name": name}
}

// signed makes a token with the key of a name.
func signed(header, claims map[string]any, key string) string {
	text := b64.EncodeToString(fake.JSON(header)) + "." + b64.EncodeToString(fake.JSON(claims))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, keyOf(key), sum[:])
	if err != nil {
		panic(err) // the system's random source never fails
	}
	return text + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// madeToMeasure answers with an id token as a tester wants it: of a customer, with other
// claims (null takes one away) and header, signed by key "line" (the default), "other"
// (which LINE publishes under another name), "foreign" (which it does not), "hs256" (with
// the secret) or "none". LINE has no such call.
func (p *platform) madeToMeasure(x *exchange) {
	var in struct {
		LIFF   string         `json:"liff_id"`
		From   string         `json:"from"`
		Claims map[string]any `json:"claims"`
		Header map[string]any `json:"header"`
		Key    string         `json:"key"`
		Secret string         `json:"secret"`
	}
	if err := fake.Strict(x.body, &in); err != nil {
		x.refuse(http.StatusBadRequest, "%v", err)
		return
	}
	app := p.app(in.LIFF)
	if app == nil || in.From == "" {
		x.refuse(http.StatusBadRequest, "give the liff_id of an account, and from")
		return
	}
	header, claims := map[string]any{"kid": kid, "typ": "JWT", "alg": "ES256"}, p.claims(app, p.known(in.From))
	over := func(into, members map[string]any) {
		maps.Copy(into, members)
		maps.DeleteFunc(into, func(_ string, v any) bool { return v == nil })
	}
	key := kid
	switch in.Key {
	case "other":
		key = otherKid
	case "foreign":
		key = "foreign"
	case "hs256":
		header["alg"] = "HS256"
	case "none":
		header["alg"] = "none"
	}
	over(header, in.Header)
	over(claims, in.Claims)
	text := b64.EncodeToString(fake.JSON(header)) + "." + b64.EncodeToString(fake.JSON(claims))
	token := signed(header, claims, key)
	switch in.Key {
	case "none":
		token = text + "."
	case "hs256":
		mac := hmac.New(sha256.New, []byte(in.Secret))
		mac.Write([]byte(text))
		token = text + "." + b64.EncodeToString(mac.Sum(nil))
	}
	x.answer(http.StatusOK, map[string]json.RawMessage{"id_token": fake.JSON(token)})
}

// known is LINE's id of a customer by a tester's name.
func (p *platform) known(name string) string {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	return p.userID(name)
}
