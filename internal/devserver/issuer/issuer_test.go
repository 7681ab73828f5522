package issuer

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"omnihub/internal/devserver/jwt"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// served is an issuer on a port, with a clock that the test moves.
type served struct {
	*Issuer
	ahead atomic.Int64
}

func serve(t *testing.T, path string) *served {
	t.Helper()
	s := &served{}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	var err error
	s.Issuer, err = Open(Config{URL: server.URL + "/_issuer", Client: "hub", Path: path, Now: func() time.Time { return noon.Add(time.Duration(s.ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/_issuer/", http.StripPrefix("/_issuer", s.Handler()))
	return s
}

func (s *served) verifier(audience ...string) *jwt.Verifier {
	return jwt.New(jwt.Config{Issuer: s.URL, Audience: audience, Now: s.Now})
}

// ask sends a request and returns status and members of the answer.
func ask(t *testing.T, method, url, contentType, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out map[string]any
	data, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%s %s: %s is not JSON", method, url, data)
	}
	if resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: got Cache-Control %q, want no-store", method, url, resp.Header.Get("Cache-Control"))
	}
	return resp.StatusCode, out
}

// payload are the claims of a token, unverified.
func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	var out map[string]any
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTokenHasTheShapeOfAPoolsAccessToken(t *testing.T) {
	s := serve(t, "")
	token, err := s.Mint(Request{Subject: "demo-admin", Email: "ada@demo.example", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	got := payload(t, token)
	jti, _ := got["jti"].(string)
	if len(jti) != 32 {
		t.Errorf("jti: got %q, want 32 characters", jti)
	}
	delete(got, "jti")
	want := map[string]any{"iss": s.URL, "sub": "demo-admin", "client_id": "hub", "token_use": "access", "scope": "", "username": "demo-admin",
		"iat": float64(noon.Unix()), "auth_time": float64(noon.Unix()), "exp": float64(noon.Unix() + 3600), "email": "ada@demo.example", "name": "Ada"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if _, err := s.verifier("hub").Verify(t.Context(), token, nil); err != nil {
		t.Errorf("the authorizer: got %v, want it accepted", err)
	}
}

func TestTokenIsMintedForWhoAsks(t *testing.T) {
	s := serve(t, "")
	for name, c := range map[string]struct{ contentType, body string }{
		"form":                  {"application/x-www-form-urlencoded", "subject=u1&audience=other&ttl=60&scope=a+b"},
		"JSON":                  {"application/json; charset=utf-8", `{"subject":"u1","audience":"other","ttl":60,"scope":"a b"}`},
		"JSON as curl sends it": {"application/x-www-form-urlencoded", ` {"subject":"u1","audience":"other","ttl":"1m","scope":"a b"}`},
	} {
		status, out := ask(t, "POST", s.URL+"/token", c.contentType, c.body)
		token, _ := out["access_token"].(string)
		if status != 200 || out["token_type"] != "Bearer" || out["expires_in"] != 60.0 || out["scope"] != "a b" || token == "" {
			t.Fatalf("%s: got %d %v, want a token", name, status, out)
		}
		got, err := s.verifier("other").Verify(t.Context(), token, []string{"b"})
		if err != nil || got.Claims["aud"] != "other" || got.Claims["client_id"] != "other" || got.Claims["sub"] != "u1" {
			t.Errorf("%s: got %v, %v, want it accepted", name, got.Claims, err)
		}
		if _, err := s.verifier("hub").Verify(t.Context(), token, nil); err == nil {
			t.Errorf("%s: got it accepted by another audience", name)
		}
	}
}

func TestTokenFollowsTheHubsClock(t *testing.T) {
	s := serve(t, "")
	v := s.verifier("hub")
	token, err := s.Mint(Request{Subject: "u1", TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s.ahead.Store(int64(time.Minute - time.Second))
	if _, err := v.Verify(t.Context(), token, nil); err != nil {
		t.Errorf("a second before its end: got %v, want it accepted", err)
	}
	s.ahead.Store(int64(time.Minute))
	if _, err := v.Verify(t.Context(), token, nil); err == nil {
		t.Error("at its end: got it accepted, want it expired")
	}
	later, err := s.Mint(Request{Subject: "u1", TTL: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), later, nil); err != nil {
		t.Errorf("a new one: got %v, want it accepted", err)
	}
	old, err := s.Mint(Request{Subject: "u1", TTL: -time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), old, nil); err == nil {
		t.Error("one that was asked for as expired: got it accepted")
	}
}

func TestTokenOfTheCurveIsRightAndTheGatewayRefusesIt(t *testing.T) {
	s := serve(t, "")
	token, err := s.Mint(Request{Subject: "u1", Alg: ES256})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature: got %d bytes, %v, want 64", len(signature), err)
	}
	key := newest(s.keys, ES256).private.Public().(*ecdsa.PublicKey)
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("signature: got a wrong one")
	}
	if _, err := s.verifier("hub").Verify(t.Context(), token, nil); err == nil || !strings.Contains(err.Error(), "algorithm") {
		t.Errorf("the authorizer: got %v, want the algorithm refused", err)
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuer.json")
	s := serve(t, path)
	token, err := s.Mint(Request{Subject: "u1"})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file: got %v, %v, want it for its owner only", info, err)
	}
	again, err := Open(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	s.Issuer.keys = again.keys // what is served now is what was read
	if _, err := s.verifier("hub").Verify(t.Context(), token, nil); err != nil {
		t.Errorf("after a restart: got %v, want the token accepted", err)
	}
}

func TestRotationKeepsTheKeyBefore(t *testing.T) {
	s := serve(t, filepath.Join(t.TempDir(), "issuer.json"))
	mint := func() string {
		t.Helper()
		token, err := s.Mint(Request{Subject: "u1"})
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	accepted := func(token string) bool {
		_, err := s.verifier("hub").Verify(t.Context(), token, nil)
		return err == nil
	}
	first := mint()
	if status, out := ask(t, "POST", s.URL+"/rotate", "", ""); status != 200 || len(out["keys"].([]any)) != 4 {
		t.Fatalf("rotate: got %d %v, want 4 keys", status, out)
	}
	second := mint()
	if strings.Split(first, ".")[0] == strings.Split(second, ".")[0] {
		t.Error("headers: got the same key after a rotation")
	}
	if !accepted(first) || !accepted(second) {
		t.Error("after one rotation: got a token refused")
	}
	if err := s.Rotate(); err != nil {
		t.Fatal(err)
	}
	if accepted(first) || !accepted(second) || !accepted(mint()) {
		t.Error("after two rotations: want the first refused and the others accepted")
	}
	again, err := Open(s.Config)
	if err != nil || len(again.keys) != 4 {
		t.Errorf("after a restart: got %d keys, %v, want 4", len(again.keys), err)
	}
}

func TestDamagedKeysAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "issuer.json")
	for _, text := range []string{"", "{", `[{"alg":"RS256","pem":"x"}]`, `[{"alg":"RS256","pem":"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"}]`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Config{Path: path, Now: time.Now}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: got %v, want an error that names the file", text, err)
		}
	}
}

func TestDiscoveryLeadsToTheKeys(t *testing.T) {
	s := serve(t, "")
	status, d := ask(t, "GET", s.URL+"/.well-known/openid-configuration", "", "")
	if status != 200 || d["issuer"] != s.URL || d["jwks_uri"] != s.URL+"/jwks" || d["token_endpoint"] != s.URL+"/token" {
		t.Errorf("discovery: got %d %v", status, d)
	}
	status, set := ask(t, "GET", s.URL+"/jwks", "", "")
	keys, _ := set["keys"].([]any)
	if status != 200 || len(keys) != 2 {
		t.Fatalf("jwks: got %d %v, want 2 keys", status, set)
	}
	for _, k := range keys {
		members := slices.Sorted(maps.Keys(k.(map[string]any)))
		want := map[any]string{"RSA": "alg e kid kty n use", "EC": "alg crv kid kty use x y"}[k.(map[string]any)["kty"]]
		if got := strings.Join(members, " "); got != want {
			t.Errorf("key: got members %s, want %s and nothing private", got, want)
		}
	}
}

// TestThumbprintIsThatOfTheStandard holds a key's name to the example of RFC 7638,
// section 3.1.
func TestThumbprintIsThatOfTheStandard(t *testing.T) {
	members, _ := json.Marshal(map[string]string{"kty": "RSA", "e": "AQAB",
		"n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"})
	if got, want := thumbprint(members), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMistakesAreToldInWords(t *testing.T) {
	s := serve(t, "")
	const form, object = "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct {
		method, path, contentType, body string
		status                          int
		want                            string
	}{
		{"POST", "/token", form, "", 400, "subject is missing"},
		{"POST", "/token", object, `{}`, 400, "subject is missing"},
		{"POST", "/token", object, `{"subject":""}`, 400, "subject is missing"},
		{"POST", "/token", object, `{"subject":"u","role":"admin"}`, 400, "the field role is not known"},
		{"POST", "/token", form, "subject=u&exp=1", 400, "the field exp is not known"},
		{"POST", "/token", form, "subject=u&subject=v", 400, "subject stands twice"},
		{"POST", "/token", form, "subject=%zz", 400, "form could not be read"},
		{"POST", "/token", object, `{"subject":1}`, 400, "subject must be a text"},
		{"POST", "/token", object, `{"subject":["u"]}`, 400, "subject must be a text"},
		{"POST", "/token", object, `{"subject":"u"}{}`, 400, "something follows"},
		{"POST", "/token", object, `[]`, 400, "not a JSON object"},
		{"POST", "/token", object, `{"subject":"u","ttl":"soon"}`, 400, "ttl is a number of seconds"},
		{"POST", "/token", object, `{"subject":"u","ttl":0}`, 400, "ttl is a number of seconds"},
		{"POST", "/token", object, `{"subject":"u","ttl":"25h"}`, 400, "ttl is 24h0m0s at most"},
		{"POST", "/token", object, `{"subject":"u","ttl":99999999999999}`, 400, "ttl is 24h0m0s at most"},
		{"POST", "/token", object, `{"subject":"u","alg":"HS256"}`, 400, "alg is RS256 or ES256"},
		{"POST", "/token", object, `{"subject":"` + strings.Repeat("x", maxText+1) + `"}`, 400, "subject is a text of 1024 bytes at most"},
		{"POST", "/token", form, "subject=%ff", 400, "subject is a text"},
		{"POST", "/token", object, `{"subject":"` + strings.Repeat("x", maxBody) + `"}`, 400, "the body could not be read"},
		{"POST", "/token", "text/plain", "subject=u", 400, "the body is a form"},
		{"GET", "/token", "", "", 405, "/token takes POST"},
		{"POST", "/jwks", "", "", 405, "/jwks takes GET"},
		{"GET", "/authorize", "", "", 404, "there is no /authorize here"},
	} {
		status, out := ask(t, c.method, s.URL+c.path, c.contentType, c.body)
		if description, _ := out["error_description"].(string); status != c.status || out["error"] != "invalid_request" || !strings.Contains(description, c.want) {
			t.Errorf("%s %s %.60s: got %d %v, want %d %q", c.method, c.path, c.body, status, out, c.status, c.want)
		}
	}
}
