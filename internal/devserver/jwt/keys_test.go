package jwt

import (
	"crypto/rsa"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a clock that the test moves, from noon on.
type clock struct{ ahead atomic.Int64 }

func (c *clock) Now() time.Time          { return noon.Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func (p *party) fetches(t *testing.T, when string, want int64) {
	t.Helper()
	if d, k := p.discoveries.Load(), p.keySets.Load(); d != want || k != want {
		t.Errorf("%s: got %d discoveries and %d key sets, want %d each", when, d, k, want)
	}
}

func TestKeysAreFetchedOnceForConcurrentRequests(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	p.hold = make(chan struct{})
	v := p.verifier(still)
	token := rs256(keyA(), headerA, p.claims(nil))
	const n = 50
	var all sync.WaitGroup
	errs := make(chan error, n)
	for range n {
		all.Go(func() {
			_, err := v.Verify(t.Context(), token, nil)
			errs <- err
		})
	}
	for p.keySets.Load() == 0 { // the one that fetches is there; the others wait for it or come later
		time.Sleep(time.Millisecond)
	}
	close(p.hold)
	all.Wait()
	for range n {
		if err := <-errs; err != nil {
			t.Errorf("got %v, want it accepted", err)
		}
	}
	p.fetches(t, "50 at once", 1)
}

func TestKeysAreKeptForTwoHours(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	c := &clock{}
	v := p.verifier(c.Now)
	token := rs256(keyA(), headerA, p.claims(map[string]any{"exp": noon.Add(24 * time.Hour).Unix()}))
	verify := func() error {
		_, err := v.Verify(t.Context(), token, nil)
		return err
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	p.publish(map[string]*rsa.PrivateKey{"b": keyB()})
	c.advance(2*time.Hour - time.Second)
	if err := verify(); err != nil {
		t.Errorf("a second before two hours: got %v, want the kept key to count", err)
	}
	p.fetches(t, "before two hours", 1)
	c.advance(time.Second)
	if err := verify(); err == nil {
		t.Error("after two hours: got it accepted, want the withdrawn key unknown")
	}
	p.fetches(t, "after two hours", 2)
}

func TestRotatedKeyIsFoundAndUnknownOnesDoNotFlood(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	c := &clock{}
	v := p.verifier(c.Now)
	verify := func(k *rsa.PrivateKey, kid string) error {
		_, err := v.Verify(t.Context(), rs256(k, with(headerA, map[string]any{"kid": kid}), p.claims(nil)), nil)
		return err
	}
	if err := verify(keyA(), "a"); err != nil {
		t.Fatal(err)
	}
	c.advance(lookAgain)
	p.publish(map[string]*rsa.PrivateKey{"a": keyA(), "b": keyB()})
	if err := verify(keyB(), "b"); err != nil {
		t.Errorf("new key: got %v, want it found", err)
	}
	p.fetches(t, "new key", 2)
	for range 100 {
		if err := verify(keyB(), "made up"); err == nil {
			t.Fatal("made-up kid: got it accepted")
		}
	}
	p.fetches(t, "100 made-up kids", 2)
	c.advance(lookAgain)
	for range 100 {
		_ = verify(keyB(), "made up")
	}
	p.fetches(t, "100 more after a while", 3)
	if err := verify(keyA(), "a"); err != nil {
		t.Errorf("old key: got %v, want it accepted still", err)
	}
}

func TestKnownKeysOutliveAnIssuerThatIsDown(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	c := &clock{}
	v := p.verifier(c.Now)
	good := rs256(keyA(), headerA, p.claims(nil))
	p.fail.Store(true)
	if _, err := v.Verify(t.Context(), good, nil); err == nil || !strings.Contains(err.Error(), "OIDC discovery endpoint communication error") {
		t.Errorf("issuer down: got %v, want a communication error", err)
	}
	p.fail.Store(false)
	if _, err := v.Verify(t.Context(), good, nil); err != nil {
		t.Errorf("issuer up again: got %v, want it accepted at once", err)
	}
	p.fail.Store(true)
	c.advance(lookAgain)
	_, _ = v.Verify(t.Context(), rs256(keyB(), with(headerA, map[string]any{"kid": "b"}), p.claims(nil)), nil)
	if _, err := v.Verify(t.Context(), good, nil); err != nil {
		t.Errorf("issuer down again, key known: got %v, want it accepted", err)
	}
}

func TestIssuersDocumentsAreNotTakenBlindly(t *testing.T) {
	p := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	foreign := newParty(t, map[string]*rsa.PrivateKey{"a": keyA()})
	good := func(changes map[string]any) error {
		p.discovery = changes
		_, err := p.verifier(still).Verify(t.Context(), rs256(keyA(), headerA, p.claims(nil)), nil)
		return err
	}
	for name, changes := range map[string]map[string]any{
		"issuer of another":     {"issuer": foreign.URL},
		"no key set":            {"jwks_uri": ""},
		"key set over http":     {"jwks_uri": "http://203.0.113.9/jwks"},
		"key set in a file":     {"jwks_uri": "file:///etc/hostname"},
		"key set is not there":  {"jwks_uri": p.URL + "/nothing"},
		"a document of 150 kB":  {"padding": strings.Repeat("x", maxDocument)},
		"key set is no address": {"jwks_uri": "http://127.0.0.1:%zz/"},
	} {
		if err := good(changes); err == nil || !strings.Contains(err.Error(), "communication error") {
			t.Errorf("%s: got %v, want a communication error", name, err)
		}
	}
	if err := good(nil); err != nil {
		t.Errorf("its own document: got %v, want it accepted", err)
	}
}

func TestOnlyRSAKeysForSignaturesAreTaken(t *testing.T) {
	n := code(keyA().N.Bytes())
	for name, c := range map[string]struct {
		jwk string
		ok  bool
	}{
		"plain":         {`{"kty":"RSA","kid":"a","n":"` + n + `","e":"AQAB"}`, true},
		"for signing":   {`{"kty":"RSA","kid":"a","use":"sig","alg":"RS512","n":"` + n + `","e":"AQAB"}`, true},
		"to encrypt":    {`{"kty":"RSA","kid":"a","use":"enc","n":"` + n + `","e":"AQAB"}`, false},
		"no kid":        {`{"kty":"RSA","n":"` + n + `","e":"AQAB"}`, false},
		"curve":         {`{"kty":"EC","kid":"a","crv":"P-256","x":"AA","y":"AA"}`, false},
		"secret":        {`{"kty":"oct","kid":"a","k":"AA"}`, false},
		"short":         {`{"kty":"RSA","kid":"a","n":"` + n[:100] + `","e":"AQAB"}`, false},
		"exponent 1":    {`{"kty":"RSA","kid":"a","n":"` + n + `","e":"AQ"}`, false},
		"huge exponent": {`{"kty":"RSA","kid":"a","n":"` + n + `","e":"` + n + `"}`, false},
		"no base64":     {`{"kty":"RSA","kid":"a","n":"?","e":"AQAB"}`, false},
		"no object":     {`"RSA"`, false},
	} {
		if _, _, ok := rsaKey(json.RawMessage(c.jwk)); ok != c.ok {
			t.Errorf("%s: got %v, want %v", name, ok, c.ok)
		}
	}
}

func TestIssuerMustBeHTTPSButOnThisMachine(t *testing.T) {
	for issuer, ok := range map[string]bool{
		"https://cognito-idp.ap-east-1.amazonaws.com/ap-east-1_x": true, "http://127.0.0.1:4600/_issuer": true, "http://[::1]:1/x": true, "http://localhost:1": true,
		"http://issuer.example": false, "http://127.0.0.1.evil.example": false, "ftp://127.0.0.1": false, "issuer": false, "": false, "https://u:p@issuer.example": false, "https://issuer.example?x=1": false,
	} {
		if err := CheckIssuer(issuer); (err == nil) != ok {
			t.Errorf("%q: got %v, want ok %v", issuer, err, ok)
		}
	}
}
