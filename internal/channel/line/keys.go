package line

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

const (
	// keysLife is how long the keys are used before they are read again.
	keysLife = 12 * time.Hour
	// keysWait is the time between two readings, whatever tokens come: whoever sends
	// made-up ones costs one call a minute. After a reading that failed it is shorter.
	keysWait, keysRetry = time.Minute, 5 * time.Second
	// keysTimeout bounds one reading, which a customer waits for.
	keysTimeout = 5 * time.Second
	// maxKeys bounds the answer: LINE's own has under a kilobyte.
	maxKeys = 64 << 10
)

// keys are the public ones that LINE signs id tokens with, by their kid. It is safe for
// concurrent use.
// https://developers.line.biz/en/docs/line-login/verify-id-token/#signature
type keys struct {
	url    string
	client *http.Client

	mu    sync.Mutex
	known map[string]*ecdsa.PublicKey
	read  time.Time // when known was read
	next  time.Time // no reading before
}

// newKeys makes the cache; nothing is read before the first token. No proxy is asked
// and no redirect followed: whoever gives the keys can sign for everybody.
func newKeys(p channel.Platform, url string) *keys {
	c := &http.Client{}
	if p.Client != nil {
		*c = *p.Client
	}
	if c.Transport == nil {
		c.Transport = &http.Transport{ForceAttemptHTTP2: true, TLSHandshakeTimeout: keysTimeout}
	}
	c.Timeout = keysTimeout
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &keys{url: url, client: c}
}

// find is the key of a name. Errors: Transient if the keys could not be read, NotFound
// if LINE publishes none of this name.
func (k *keys) find(ctx context.Context, kid string, now time.Time) (*ecdsa.PublicKey, error) {
	const op = "line: login keys"
	k.mu.Lock()
	defer k.mu.Unlock()
	key, old := k.known[kid], now.Sub(k.read) > keysLife
	if (key == nil || old) && !now.Before(k.next) {
		list, err := k.get(ctx)
		switch {
		case err == nil:
			k.known, k.read, k.next = list, now, now.Add(keysWait)
			key = list[kid]
		case ctx.Err() == nil: // who went away tells nothing of LINE
			k.next = now.Add(keysRetry)
		}
		if err != nil && key == nil {
			return nil, hub.E(hub.Transient, op, err)
		}
	}
	switch {
	case key != nil:
		return key, nil
	case k.known == nil: // the first reading failed a moment ago
		return nil, hub.E(hub.Transient, op, errors.New("not read yet"))
	}
	return nil, hub.E(hub.NotFound, op, errors.New("no such key"))
}

// get reads the keys. Those that are no ES256 keys are left out.
func (k *keys) get(ctx context.Context) (map[string]*ecdsa.PublicKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, errors.New("make the request")
	}
	r.Header.Set("User-Agent", "omnihub")
	resp, err := k.client.Do(r)
	if err != nil {
		return nil, errors.New("LINE was not reached")
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxKeys+1))
	var set struct {
		Keys []struct {
			Type  string `json:"kty"`
			Alg   string `json:"alg"`
			Use   string `json:"use"`
			ID    string `json:"kid"`
			Curve string `json:"crv"`
			X     string `json:"x"`
			Y     string `json:"y"`
		} `json:"keys"`
	}
	if err != nil || resp.StatusCode != http.StatusOK || len(body) > maxKeys || json.Unmarshal(body, &set) != nil {
		return nil, errors.New("the answer cannot be used")
	}
	out := map[string]*ecdsa.PublicKey{}
	for _, j := range set.Keys {
		if j.Type != "EC" || j.Curve != "P-256" || j.Alg != "ES256" && j.Alg != "" || j.Use != "sig" && j.Use != "" || j.ID == "" {
			continue
		}
		if key := pointOf(j.X, j.Y); key != nil {
			out[j.ID] = key
		}
	}
	if len(out) == 0 {
		return nil, errors.New("the answer has no key")
	}
	return out, nil
}

// pointOf is the key with these coordinates; nil if they are none of the curve's.
func pointOf(x, y string) *ecdsa.PublicKey {
	point := []byte{4} // uncompressed
	for _, text := range []string{x, y} {
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(b) > 32 {
			return nil
		}
		point = append(point, new(big.Int).SetBytes(b).FillBytes(make([]byte, 32))...)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil
	}
	return key
}
