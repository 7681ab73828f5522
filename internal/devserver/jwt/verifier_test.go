package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keyA and keyB are made once: it takes a tenth of a second each.
var (
	keyA = sync.OnceValue(makeKey)
	keyB = sync.OnceValue(makeKey)
)

func makeKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 500e6, time.UTC)

// party is an issuer under test's control.
type party struct {
	*httptest.Server
	discoveries, keySets atomic.Int64
	fail                 atomic.Bool
	hold                 chan struct{} // if set, key sets wait for it
	mu                   sync.Mutex
	jwks                 []map[string]any
	discovery            map[string]any // over what it would say
}

func newParty(t *testing.T, keys map[string]*rsa.PrivateKey) *party {
	t.Helper()
	p := &party{}
	p.publish(keys)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.discoveries.Add(1)
		if p.fail.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		d := map[string]any{"issuer": p.URL, "jwks_uri": p.URL + "/jwks?v=1"}
		maps.Copy(d, p.discovery)
		_ = json.NewEncoder(w).Encode(d)
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		p.keySets.Add(1)
		if p.hold != nil {
			<-p.hold
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": p.jwks})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *party) publish(keys map[string]*rsa.PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jwks = nil
	for kid, k := range keys {
		p.jwks = append(p.jwks, map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid,
			"n": code(k.N.Bytes()), "e": code(big.NewInt(int64(k.E)).Bytes())})
	}
}

func code(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func part(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return code(raw)
}

// rs256 signs a header and claims.
func rs256(k *rsa.PrivateKey, header, claims map[string]any) string {
	signed := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + code(signature)
}

// with is a copy of a map with other members; nil removes one.
func with(m map[string]any, changes map[string]any) map[string]any {
	out := maps.Clone(m)
	for k, v := range changes {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

func (p *party) claims(changes map[string]any) map[string]any {
	return with(map[string]any{"iss": p.URL, "sub": "u1", "client_id": "hub", "token_use": "access", "scope": "read write",
		"iat": noon.Unix(), "exp": noon.Unix() + 3600}, changes)
}

var headerA = map[string]any{"alg": "RS256", "kid": "a", "typ": "JWT"}

func (p *party) verifier(now func() time.Time) *Verifier {
	return New(Config{Issuer: p.URL, Audience: []string{"other", "hub"}, Now: now})
}

func still() time.Time { return noon }

func TestAcceptedTokenGivesItsClaimsAsText(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	claims := p.claims(map[string]any{"n": 1583352238, "f": 1.5, "ok": true, "none": false, "groups": []string{"a", "b"}, "o": map[string]any{"y": 2, "x": []int{1}}})
	got, err := p.verifier(still).Verify(t.Context(), rs256(keyA(), headerA, claims), []string{"write", "admin"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"sub": "u1", "n": "1583352238", "f": "1.5", "ok": "true", "none": "false", "groups": "[a b]", "o": "map[x:[1] y:2]", "iss": p.URL} {
		if got.Claims[name] != want {
			t.Errorf("claim %s: got %q, want %q", name, got.Claims[name], want)
		}
	}
	if want := []string{"write"}; !reflect.DeepEqual(got.Scopes, want) {
		t.Errorf("scopes: got %v, want %v", got.Scopes, want)
	}
}

// TestForgedTokensAreRefused holds every refusal to its reason, so that none is refused
// for another mistake than its own.
func TestForgedTokensAreRefused(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	good := rs256(keyA(), headerA, p.claims(nil))
	parts := strings.Split(good, ".")
	public, err := x509.MarshalPKIXPublicKey(&keyA().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	hs256 := func(secret []byte) string {
		signed := part(with(headerA, map[string]any{"alg": "HS256"})) + "." + parts[1]
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(signed))
		return signed + "." + code(m.Sum(nil))
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	es256 := func() string {
		signed := part(with(headerA, map[string]any{"alg": "ES256"})) + "." + parts[1]
		sum := sha256.Sum256([]byte(signed))
		r, s, _ := ecdsa.Sign(rand.Reader, curve, sum[:])
		return signed + "." + code(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	pss := func() string {
		signed := part(with(headerA, map[string]any{"alg": "PS256"})) + "." + parts[1]
		sum := sha256.Sum256([]byte(signed))
		signature, _ := rsa.SignPSS(rand.Reader, keyA(), crypto.SHA256, sum[:], nil)
		return signed + "." + code(signature)
	}
	rs384 := func() string {
		signed := part(with(headerA, map[string]any{"alg": "RS384"})) + "." + parts[1]
		sum := sha512.Sum384([]byte(signed))
		signature, _ := rsa.SignPKCS1v15(rand.Reader, keyA(), crypto.SHA384, sum[:])
		return signed + "." + code(signature)
	}
	header := func(changes map[string]any) string { return rs256(keyA(), with(headerA, changes), p.claims(nil)) }
	claims := func(changes map[string]any) string { return rs256(keyA(), headerA, p.claims(changes)) }
	raw := func(header, body string) string {
		return code([]byte(header)) + "." + code([]byte(body)) + "." + parts[2]
	}
	const malformed, unsupported, badSignature, noAudience = "malformed", "algorithm is not supported", "signature is not valid", "valid audience"
	cases := []struct{ name, token, want string }{
		{"no token", "", malformed},
		{"words", "let me in", malformed},
		{"two parts", parts[0] + "." + parts[1], malformed},
		{"four parts", good + ".x", malformed},
		{"two tokens", good + "," + good, malformed},
		{"the scheme twice", "Bearer " + good, malformed},
		{"padded", parts[0] + "=." + parts[1] + "." + parts[2], malformed},
		{"line break", parts[0] + "\n." + parts[1] + "." + parts[2], malformed},
		{"header is no object", raw(`[]`, `{}`), malformed},
		{"claims are no object", raw(`{"alg":"RS256","kid":"a"}`, `null`), malformed},
		{"header with something after it", raw(`{"alg":"RS256","kid":"a"}{}`, `{}`), malformed},
		{"alg twice", raw(`{"alg":"none","alg":"RS256","kid":"a"}`, `{}`), malformed},
		{"sub twice", raw(`{"alg":"RS256","kid":"a"}`, `{"sub":"a","sub":"b"}`), malformed},
		{"huge", strings.Repeat("A", 1<<20), malformed},
		{"critical extension", header(map[string]any{"crit": []string{"x"}}), malformed},
		{"alg none", part(map[string]any{"alg": "none", "kid": "a"}) + "." + parts[1] + ".", unsupported},
		{"alg None", part(map[string]any{"alg": "None", "kid": "a"}) + "." + parts[1] + ".", unsupported},
		{"ALG instead of alg", header(map[string]any{"alg": nil, "ALG": "RS256"}), unsupported},
		{"no alg", header(map[string]any{"alg": nil}), unsupported},
		{"HS256 with the public key (PEM)", hs256(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})), unsupported},
		{"HS256 with the public key (DER)", hs256(public), unsupported},
		{"ES256", es256(), unsupported},
		{"PS256", pss(), unsupported},
		{"no kid", header(map[string]any{"kid": nil}), "no kid"},
		{"unknown kid", header(map[string]any{"kid": "z"}), "not one of the issuer's"},
		{"other key", rs256(keyB(), headerA, p.claims(nil)), badSignature},
		{"RS384 over a key of RS256", header(map[string]any{"alg": "RS384"}), badSignature},
		{"RS384, signed so, by a key of RS256", rs384(), badSignature},
		{"signature cut", parts[0] + "." + parts[1] + "." + code([]byte("short")), badSignature},
		{"signature empty", parts[0] + "." + parts[1] + ".", badSignature},
		{"claims changed", parts[0] + "." + part(p.claims(map[string]any{"sub": "u2"})) + "." + parts[2], badSignature},
		{"key in the header", rs256(keyB(), with(headerA, map[string]any{"jwk": map[string]any{"kty": "RSA", "n": code(keyB().N.Bytes()), "e": "AQAB"}}), p.claims(nil)), badSignature},
		{"other issuer", claims(map[string]any{"iss": "https://evil.example"}), "expected issuer"},
		{"issuer with a slash", claims(map[string]any{"iss": p.URL + "/"}), "expected issuer"},
		{"issuer is a list", claims(map[string]any{"iss": []string{p.URL}}), "expected issuer"},
		{"no issuer", claims(map[string]any{"iss": nil}), "expected issuer"},
		{"other client", claims(map[string]any{"client_id": "x"}), noAudience},
		{"no audience", claims(map[string]any{"client_id": nil}), noAudience},
		{"other audience beside our client", claims(map[string]any{"aud": "x"}), noAudience},
		{"empty list of audiences beside our client", claims(map[string]any{"aud": []string{}}), noAudience},
		{"audience null beside our client", claims(map[string]any{"aud": json.RawMessage("null")}), noAudience},
		{"expired by a second", claims(map[string]any{"exp": noon.Unix() - 1}), "expired"},
		{"expired now", claims(map[string]any{"exp": noon.Unix()}), "expired"},
		{"no exp", claims(map[string]any{"exp": nil}), "no claim exp"},
		{"exp is text", claims(map[string]any{"exp": "9999999999"}), "exp is not a time"},
		{"exp is endless", claims(map[string]any{"exp": 1e300}), "exp is not a time"},
		{"nbf in the future", claims(map[string]any{"nbf": noon.Unix() + 1}), "not valid yet"},
		{"nbf is text", claims(map[string]any{"nbf": "0"}), "nbf is not a time"},
		{"iat in the future", claims(map[string]any{"iat": noon.Unix() + 1}), "issued in the future"},
	}
	v := p.verifier(still)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := v.Verify(t.Context(), c.token, nil)
			refusal := (*Refusal)(nil)
			if !errors.As(err, &refusal) || refusal.Code != InvalidToken || !strings.Contains(refusal.Description, c.want) {
				t.Fatalf("got %v, want a refusal with %q", err, c.want)
			}
			if strings.ContainsAny(refusal.Description, "\"\\\r\n") {
				t.Errorf("description %q does not fit a header", refusal.Description)
			}
		})
	}
	if _, err := v.Verify(t.Context(), good, nil); err != nil {
		t.Errorf("the token that they were made from: got %v, want it accepted", err)
	}
}

func TestTokensOfUsualShapesAreAccepted(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	v := p.verifier(still)
	for name, changes := range map[string]map[string]any{
		"access token without aud":            {},
		"audience beside another client":      {"aud": "hub", "client_id": "x"},
		"one of several audiences":            {"aud": []string{"x", "hub"}, "client_id": nil},
		"times with fractions":                {"exp": float64(noon.Unix()) + 0.75, "iat": float64(noon.Unix()) - 0.25},
		"nbf now":                             {"nbf": noon.Unix()},
		"no iat":                              {"iat": nil},
		"claims that nobody knows":            {"x": map[string]any{"deep": []any{1, nil}}},
		"expires within the second, not past": {"exp": noon.Unix() + 1},
	} {
		if _, err := v.Verify(t.Context(), rs256(keyA(), headerA, p.claims(changes)), nil); err != nil {
			t.Errorf("%s: got %v, want it accepted", name, err)
		}
	}
}

func TestRouteScopesAreHeldToScopeOrElseScp(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	v := p.verifier(still)
	for _, c := range []struct {
		name    string
		changes map[string]any
		ask     []string
		want    []string // nil = refused
	}{
		{"one of two", nil, []string{"write", "x"}, []string{"write"}},
		{"none", nil, []string{"x"}, nil},
		{"part of a word", nil, []string{"rea"}, nil},
		{"no scope at all", map[string]any{"scope": nil}, []string{"read"}, nil},
		{"scp as text", map[string]any{"scope": nil, "scp": "a b"}, []string{"b"}, []string{"b"}},
		{"scp as list", map[string]any{"scope": nil, "scp": []string{"a", "b"}}, []string{"b"}, []string{"b"}},
		{"scp beside scope", map[string]any{"scp": "b"}, []string{"b"}, nil},
	} {
		got, err := v.Verify(t.Context(), rs256(keyA(), headerA, p.claims(c.changes)), c.ask)
		refusal := (*Refusal)(nil)
		if c.want == nil {
			if !errors.As(err, &refusal) || refusal.Code != InsufficientScope {
				t.Errorf("%s: got %v, want insufficient_scope", c.name, err)
			}
		} else if err != nil || !reflect.DeepEqual(got.Scopes, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got.Scopes, err, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.AA", "e30.e30.", "..", "W10.e30.AA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := decode(token)
		if err == nil && (c.claims == nil || c.signed+"."+code(c.signature) != token) {
			t.Errorf("%q: got %+v, want what was decoded to stand for the token", token, c)
		}
		if err == nil {
			_, _ = c.strings(), c.granted()
			_ = c.current(noon)
			_ = c.isFor([]string{"hub"})
		}
	})
}
