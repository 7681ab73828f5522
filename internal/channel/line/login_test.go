package line_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"omnihub/internal/channel"
	"omnihub/internal/channel/channeltest"
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/line"
	"omnihub/internal/channel/line/linetest"
	"omnihub/internal/hub"
)

const (
	amy       = "U0d9c3f6a82b14e57903c6ad18f4e7b25"
	loginChan = "1234567890"
)

// vector is the id token of a web login, signed by HS256 with the channel's secret.
const vector = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FjY2Vzcy5saW5lLm1lIiwic3ViIjoiVTBkOWMzZjZhODJiMTRlNTc5MDNjNmFkMThmNGU3YjI1Ii" +
	"wiYXVkIjoiMTIzNDU2Nzg5MCIsImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNzkxMTcwNDE1LCJub25jZSI6Im4tMFM2X1d6QTJNaiIsImFtciI6WyJsaW5lc3NvIl0sIm5hbWUiOiLnjovlsI_mmI4ifQ" +
	".ZSaC1K1GQsK-nKqledywEebbI73yMg_vwQzQTR88KKY"

// signer signs as LINE does.
type signer struct {
	key *ecdsa.PrivateKey
	kid string
}

func newSigner(kid string) signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{key, kid}
}

// jwk is the public key as LINE publishes it.
func (s signer) jwk() string {
	point, err := s.key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"kty":"EC","alg":"ES256","use":"sig","kid":%q,"crv":"P-256","x":%q,"y":%q}`, s.kid, b64(point[1:33]), b64(point[33:]))
}

func jwks(list ...string) channeltest.Reply {
	return channeltest.Reply{Status: 200, Body: `{"keys":[` + strings.Join(list, ",") + `]}`}
}

func unsigned(header, claims string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(header)) + "." + b64([]byte(claims))
}

// token signs claims; the header may be another than LINE's.
func (s signer) token(claims string, header ...string) string {
	text := unsigned(append(header, fmt.Sprintf(`{"kid":%q,"typ":"JWT","alg":"ES256"}`, s.kid))[0], claims)
	sum := sha256.Sum256([]byte(text))
	r, t, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), t.FillBytes(make([]byte, 32))...)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// ends is when the tokens of claims end.
var ends = time.Unix(1791174015, 0)

// claims are those of a token of Amy's; members are over them, "" takes one away.
func claims(members ...string) string {
	all := map[string]any{"iss": "https://access.line.me", "sub": amy, "aud": loginChan, "exp": ends.Unix(), "iat": ends.Unix() - 3600,
		"amr": []string{"linesso"}, "name": "王小明"}
	for i := 0; i < len(members); i += 2 {
		if delete(all, members[i]); members[i+1] != "" {
			all[members[i]] = json.RawMessage(members[i+1])
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func signIns() []channeltest.SignIn {
	s, other := newSigner("k1"), newSigner("k1")
	keys := []channeltest.Reply{jwks(s.jwk())}
	now := ends.Add(-time.Hour)
	accepted := func(name, token, nonce string) channeltest.SignIn {
		return channeltest.SignIn{Name: name, Token: token, Nonce: nonce, Now: now, Keys: keys, User: amy}
	}
	refused := func(name, token string) channeltest.SignIn {
		return channeltest.SignIn{Name: name, Token: token, Nonce: "n-1", Now: now, Keys: keys, Code: hub.BadSignature}
	}
	unasked := func(name, token string) channeltest.SignIn {
		return channeltest.SignIn{Name: name, Token: token, Now: now, Code: hub.BadSignature}
	}
	at := func(name string, d time.Duration, code hub.Code) channeltest.SignIn {
		x := channeltest.SignIn{Name: name, Token: s.token(claims()), Now: ends.Add(d), Keys: keys, Code: code}
		if code == "" {
			x.User = amy
		}
		return x
	}
	down := func(name string, reply channeltest.Reply) channeltest.SignIn {
		return channeltest.SignIn{Name: name, Token: s.token(claims()), Now: now, Keys: []channeltest.Reply{reply}, Code: hub.Transient}
	}
	point, _ := s.key.PublicKey.Bytes()
	hs := func(secret []byte, header string) string {
		text := unsigned(header, claims())
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	text := unsigned(`{"kid":"k1","typ":"JWT","alg":"ES256"}`, claims())
	sum := sha256.Sum256([]byte(text))
	der, _ := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	good := s.token(claims())
	return []channeltest.SignIn{
		accepted("good", good, ""),
		accepted("good, with a nonce that it does not bear", good, "n-1"),
		accepted("good, with its nonce", s.token(claims("nonce", `"n-1"`)), "n-1"),
		accepted("good, for a list of one", s.token(claims("aud", `["1234567890"]`)), ""),
		at("an hour before its end", -time.Hour, ""),
		at("a second before the margin's end", 9*time.Second, ""),
		at("at the margin's end", 10*time.Second, hub.TokenExpired),
		at("a year late", 365*24*time.Hour, hub.TokenExpired),

		refused("another nonce", s.token(claims("nonce", `"n-2"`))),
		{Name: "a nonce where none was given", Token: s.token(claims("nonce", `"n-1"`)), Now: now, Keys: keys, Code: hub.BadSignature},
		refused("another audience", s.token(claims("aud", `"1234567891"`))),
		refused("another audience, and too late", s.token(claims("aud", `"1234567891"`, "exp", "1"))),
		refused("for several", s.token(claims("aud", `["1234567890","1234567891"]`))),
		refused("for nobody", s.token(claims("aud", ""))),
		refused("another issuer", s.token(claims("iss", `"https://access.line.me/"`))),
		refused("no issuer", s.token(claims("iss", ""))),
		refused("without an end", s.token(claims("exp", ""))),
		refused("from the future", s.token(claims("nbf", "4102444800"))),
		refused("of nobody", s.token(claims("sub", ""))),
		refused("of a group", s.token(claims("sub", `"C4d9b0a7c2e6f41358a0b9d7e3f5c1264"`))),
		refused("of somebody with more to the id", s.token(claims("sub", `"`+amy+`#x"`))),
		refused("another key of the same name", other.token(claims())),
		refused("another's claims", unsigned(`{"kid":"k1","typ":"JWT","alg":"ES256"}`, claims("sub", `"U00000000000000000000000000000001"`))+"."+strings.Split(good, ".")[2]),
		refused("a signature in another form", text+"."+base64.RawURLEncoding.EncodeToString(der)),
		refused("no signature", text+"."),
		refused("a signature of zeros", text+"."+base64.RawURLEncoding.EncodeToString(make([]byte, 64))),
		refused("an unknown key", newSigner("k9").token(claims())),
		refused("no name of a key", s.token(claims(), `{"typ":"JWT","alg":"ES256"}`)),
		refused("its own key in the header", other.token(claims(), `{"kid":"k9","jwk":`+other.jwk()+`,"jku":"https://evil.example/","alg":"ES256"}`)),

		unasked("the vector of a web login", vector),
		unasked("HS256 with the public key as the secret", hs(point, `{"kid":"k1","alg":"HS256"}`)),
		unasked("HS256 with an empty secret", hs(nil, `{"kid":"k1","alg":"HS256"}`)),
		unasked("no algorithm", unsigned(`{"kid":"k1","alg":"none"}`, claims())+"."),
		unasked("an algorithm of another case", s.token(claims(), `{"kid":"k1","alg":"es256"}`)),
		unasked("ES384", s.token(claims(), `{"kid":"k1","alg":"ES384"}`)),
		unasked("no algorithm at all", s.token(claims(), `{"kid":"k1"}`)),
		unasked("no token", ""), unasked("no JWT", "x"), unasked("dots", ".."), unasked("padding", good+"="),
		unasked("a very long one", good+strings.Repeat("A", 9000)),

		down("the keys fail", channeltest.Reply{Status: 503, Body: "<html>"}),
		down("the keys are no JSON", channeltest.Reply{Status: 200, Body: "<html>"}),
		down("no keys", channeltest.Reply{Status: 200, Body: `{"keys":[]}`}),
		down("the keys moved", channeltest.Reply{Status: 302, Header: map[string]string{"Location": "https://evil.example/"}}),
		down("keys for another use", jwks(strings.Replace(s.jwk(), `"sig"`, `"enc"`, 1), strings.Replace(s.jwk(), "P-256", "P-384", 1),
			strings.Replace(s.jwk(), "ES256", "RS256", 1), `{"kty":"EC","crv":"P-256","kid":"k1","x":"AA","y":"AA"}`, `{"kty":"oct","kid":"k1","k":"AA"}`)),
	}
}

// TestVectorOfAWebLoginIsWellSigned holds the vector that is refused above: it is good
// by itself, and is refused for its algorithm alone.
func TestVectorOfAWebLoginIsWellSigned(t *testing.T) {
	parse := func(key string, methods ...string) error {
		_, err := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithIssuer("https://access.line.me"), jwt.WithAudience(loginChan)).
			Parse(vector, func(*jwt.Token) (any, error) { return []byte(key), nil })
		return err
	}
	if err := parse(secret, "HS256"); err != nil {
		t.Errorf("by HS256: got %v, want it to be good", err)
	}
	if err := parse(secret, "ES256"); err == nil {
		t.Error("by ES256: got no error, want a refusal")
	}
	if err := parse(secret+"x", "HS256"); err == nil {
		t.Error("by another secret: got no error, want a refusal")
	}
}

// shelf publishes keys and counts who asks.
type shelf struct {
	*httptest.Server
	asked atomic.Int32
	keys  atomic.Pointer[string]
}

func newShelf(t *testing.T) *shelf {
	s := &shelf{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		if r.URL.Path != "/line/oauth2/v2.1/certs" {
			t.Errorf("got a call of %s, want the keys", r.URL.Path)
		}
		if keys := s.keys.Load(); keys != nil {
			_, _ = io.WriteString(w, *keys)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) publish(list ...signer) {
	var keys []string
	for _, x := range list {
		keys = append(keys, x.jwk())
	}
	body := jwks(keys...).Body
	s.keys.Store(&body)
}

func TestLoginReadsKeysSeldom(t *testing.T) {
	s := newShelf(t)
	a := line.New(channel.Platform{BaseURL: s.URL})
	acct := suite(t).Linked
	now := ends.Add(-time.Hour)
	verify := func(by signer, after time.Duration, want hub.Code, asked int32) {
		t.Helper()
		_, err := a.VerifyLogin(context.Background(), acct, hub.Secret(by.token(claims("exp", "4102444800"))), "", now.Add(after))
		if hub.CodeOf(err) != want {
			t.Errorf("after %v: got %v, want %q", after, err, want)
		}
		if n := s.asked.Load(); n != asked {
			t.Errorf("after %v: got the keys asked for %d times, want %d", after, n, asked)
		}
	}
	first, second, forger := newSigner("k1"), newSigner("k2"), newSigner("k3")
	verify(first, 0, hub.Transient, 1)
	verify(first, 4*time.Second, hub.Transient, 1) // LINE is down: not asked at every try
	s.publish(first)
	verify(first, 5*time.Second, "", 2)
	verify(first, time.Hour, "", 2)
	verify(forger, time.Hour, hub.BadSignature, 3)
	for range 20 {
		verify(forger, time.Hour+59*time.Second, hub.BadSignature, 3)
	}
	verify(first, time.Hour+59*time.Second, "", 3)
	s.publish(first, second) // LINE takes a new key
	verify(second, time.Hour+59*time.Second, hub.BadSignature, 3)
	verify(second, time.Hour+time.Minute, "", 4)
	s.publish(second) // and later leaves the old one
	verify(first, 14*time.Hour, hub.BadSignature, 5)
	s.keys.Store(nil) // a reading that fails takes nothing away
	verify(second, 28*time.Hour, "", 6)
}

func TestLoginTellsNobodyTheToken(t *testing.T) {
	s := newSigner("k1")
	shelf := newShelf(t)
	shelf.publish(s)
	a := line.New(channel.Platform{BaseURL: shelf.URL})
	for _, token := range []string{s.token(claims("aud", `"canary-audience"`)), s.token(claims("iss", `"canary-issuer"`)), s.token(claims("exp", "1")),
		"canary.canary.canary", s.token(claims(), `{"alg":"canary","kid":"canary"}`), s.token(claims(), `{"alg":"ES256","kid":"canary"}`)} {
		_, err := a.VerifyLogin(context.Background(), suite(t).Linked, hub.Secret(token), "", ends)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), amy) {
			t.Errorf("got %v, want an error without anything of the token", err)
		}
	}
}

// TestAdapterAndLINEAgreeOnSignIns holds the adapter against the fake's tokens, which are
// signed by other code.
func TestAdapterAndLINEAgreeOnSignIns(t *testing.T) {
	acct := suite(t).Linked
	platform := linetest.New(fake.Config{Now: func() time.Time { return ends.Add(-time.Hour) }, Accounts: []fake.Account{{ID: "shop", ExternalID: account,
		Secrets: map[string]string{"channel_secret": "s", "channel_token": "t", "liff_id": acct.Secrets[line.LIFFID].Reveal()}}}})
	server := httptest.NewServer(http.StripPrefix("/line", platform))
	t.Cleanup(server.Close)
	a := line.New(channel.Platform{BaseURL: server.URL})
	for name, x := range map[string]struct {
		order string
		code  hub.Code
	}{
		"good":             {`{}`, ""},
		"its nonce":        {`{"claims":{"nonce":"n-1"}}`, ""},
		"another nonce":    {`{"claims":{"nonce":"n-2"}}`, hub.BadSignature},
		"another audience": {`{"claims":{"aud":"1234567891"}}`, hub.BadSignature},
		"another issuer":   {`{"claims":{"iss":"https://evil.example"}}`, hub.BadSignature},
		"expired":          {`{"claims":{"exp":1}}`, hub.TokenExpired},
		"no end":           {`{"claims":{"exp":null}}`, hub.BadSignature},
		"another key":      {`{"key":"other"}`, hub.BadSignature},
		"its other key":    {`{"key":"other","header":{"kid":"6b5cde4e3ae24bd1f37cbfc0a1d14d8be0f0f1c2"}}`, ""},
		"a foreign key":    {`{"key":"foreign"}`, hub.BadSignature},
		"no name of a key": {`{"header":{"kid":null}}`, hub.BadSignature},
		"no algorithm":     {`{"key":"none"}`, hub.BadSignature},
		"HS256":            {`{"key":"hs256","secret":"s"}`, hub.BadSignature},
	} {
		var order map[string]any
		if err := json.Unmarshal([]byte(x.order), &order); err != nil {
			t.Fatal(err)
		}
		order["liff_id"], order["from"] = acct.Secrets[line.LIFFID].Reveal(), amy
		body, _ := json.Marshal(order)
		resp, err := http.Post(server.URL+"/line/liff/token", "application/json", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		var made struct {
			Token string `json:"id_token"`
		}
		err = json.NewDecoder(resp.Body).Decode(&made)
		resp.Body.Close()
		if err != nil || made.Token == "" {
			t.Fatalf("%s: got %d, %v, want a token", name, resp.StatusCode, err)
		}
		user, err := a.VerifyLogin(t.Context(), acct, hub.Secret(made.Token), "n-1", ends.Add(-time.Minute))
		if hub.CodeOf(err) != x.code || (user == amy) != (x.code == "") {
			t.Errorf("%s: got %q, %v, want %q", name, user, err, x.code)
		}
	}
}

// FuzzVerifyLogin: whatever is not signed by the key is nobody's sign-in.
func FuzzVerifyLogin(f *testing.F) {
	s := newSigner("k1")
	shelf := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, jwks(s.jwk()).Body) }))
	f.Cleanup(shelf.Close)
	a := line.New(channel.Platform{BaseURL: shelf.URL})
	acct := suite(f).Linked
	good := s.token(claims())
	for _, token := range []string{good, vector, unsigned(`{"alg":"none"}`, claims()) + ".", "..", "a.b.c", good + "A", strings.Replace(good, ".", "..", 1)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		user, err := a.VerifyLogin(t.Context(), acct, hub.Secret(token), "", ends.Add(-time.Hour))
		if (err == nil) != (token == good) || err != nil && user != "" {
			t.Errorf("%q: got %q, %v", token, user, err)
		}
	})
}
