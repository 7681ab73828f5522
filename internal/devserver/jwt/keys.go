package jwt

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// What an HTTP API allows for the documents of an issuer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	fetchTime   = 1500 * time.Millisecond // for each of the two
	maxDocument = 150_000                 // bytes, of each of the two
	keyLife     = 2 * time.Hour           // for which keys are kept
)

// nearTime is what an issuer on this machine has instead of fetchTime: it may be slow
// because the machine is busy, which tells nothing of a deployment.
const nearTime = 20 * time.Second

// lookAgain is how long a key that the issuer did not publish is taken for unknown
// without a look at the issuer. AWS does not say whether it looks before keyLife is over.
const lookAgain = 10 * time.Second

// CheckIssuer says what is wrong with an issuer's URL, or nil: it must be https, but for
// an issuer on this machine, which AWS would refuse.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("jwt: the issuer %q is not the URL of an issuer", issuer)
	case !isSafe(u):
		return fmt.Errorf("jwt: the issuer %q must be https; plain http is for an issuer on this machine", issuer)
	}
	return nil
}

// isSafe reports whether what is read from there is what the issuer wrote.
func isSafe(u *url.URL) bool { return u.Scheme == "https" || u.Scheme == "http" && isNear(u) }

// isNear reports whether an address is on this machine.
func isNear(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback() || u.Hostname() == "localhost"
}

// publicKey is a key of the issuer.
type publicKey struct {
	algorithm string // of all its signatures; "" = not said
	public    *rsa.PublicKey
}

// keys are the issuer's keys by kid, fetched when they are wanted and kept for keyLife.
// Whoever asks while they are being fetched waits for that.
type keys struct {
	issuer string
	now    func() time.Time
	client *http.Client

	mu      sync.Mutex
	set     map[string]publicKey
	fetched time.Time // when set was
	tried   time.Time // when they were asked for last, in vain or not
	flight  *flight   // nil = nobody is fetching
}

// flight is one fetching of the keys; set and err are there once done is closed.
type flight struct {
	done chan struct{}
	set  map[string]publicKey
	err  error
}

func newKeys(issuer string, now func() time.Time) *keys {
	return &keys{issuer: issuer, now: now, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// find is the key of that name.
func (k *keys) find(ctx context.Context, kid string) (publicKey, error) {
	unknown := invalid("the token's key is not one of the issuer's")
	now := k.now()
	k.mu.Lock()
	if fresh := k.set != nil && now.Sub(k.fetched) < keyLife; fresh {
		key, ok := k.set[kid]
		if ok || now.Sub(k.tried) < lookAgain {
			k.mu.Unlock()
			if !ok {
				return publicKey{}, unknown
			}
			return key, nil
		}
	}
	f := k.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		k.flight, k.tried = f, now
		go k.fetch(f, now)
	}
	k.mu.Unlock()
	select {
	case <-f.done:
	case <-ctx.Done():
		return publicKey{}, invalid("the issuer's keys were not there in time")
	}
	if f.err != nil {
		return publicKey{}, f.err
	}
	key, ok := f.set[kid]
	if !ok {
		return publicKey{}, unknown
	}
	return key, nil
}

// fetch gets the keys anew; those that are there stay if it fails.
func (k *keys) fetch(f *flight, now time.Time) {
	f.set, f.err = k.published()
	k.mu.Lock()
	if k.flight = nil; f.err == nil {
		k.set, k.fetched = f.set, now
	}
	k.mu.Unlock()
	close(f.done)
}

// published reads the issuer's documents.
// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
func (k *keys) published() (map[string]publicKey, error) {
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := k.get(strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil || discovery.Issuer != k.issuer {
		return nil, invalid("OIDC discovery endpoint communication error")
	}
	var jwks struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.get(discovery.Keys, &jwks); err != nil {
		return nil, invalid("JWKS communication error")
	}
	out := map[string]publicKey{}
	for _, raw := range jwks.Keys {
		if kid, key, ok := rsaKey(raw); ok {
			out[kid] = key
		}
	}
	return out, nil
}

// get reads a JSON document of the issuer, without going where it points to.
func (k *keys) get(address string, v any) error {
	u, err := url.Parse(address)
	if err != nil || !isSafe(u) {
		return errors.New("not an address to read keys from")
	}
	patience := fetchTime
	if isNear(u) {
		patience = nearTime
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := k.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	switch {
	case err != nil:
		return err
	case resp.StatusCode != http.StatusOK || len(data) > maxDocument:
		return errors.New("not a document of at most 150,000 bytes")
	}
	return json.Unmarshal(data, v)
}

// rsaKey reads a key of a JWK set; ok is false for keys of other kinds, for other uses,
// and for those too short to be trusted.
// https://www.rfc-editor.org/rfc/rfc7517
func rsaKey(raw json.RawMessage) (kid string, key publicKey, ok bool) {
	var jwk struct {
		Kind      string `json:"kty"`
		Use       string `json:"use"`
		Algorithm string `json:"alg"`
		Kid       string `json:"kid"`
		N         string `json:"n"`
		E         string `json:"e"`
	}
	if json.Unmarshal(raw, &jwk) != nil || jwk.Kind != "RSA" || jwk.Kid == "" || jwk.Use != "" && jwk.Use != "sig" {
		return "", key, false
	}
	n, errN := base64.RawURLEncoding.DecodeString(jwk.N)
	e, errE := base64.RawURLEncoding.DecodeString(jwk.E)
	exponent := new(big.Int).SetBytes(e)
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	if errN != nil || errE != nil || !exponent.IsInt64() || public.E < 3 || public.E > 1<<31-1 || public.N.BitLen() < 2048 {
		return "", key, false
	}
	return jwk.Kid, publicKey{jwk.Algorithm, public}, true
}
