package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"

	"omnihub/internal/devserver/durable"
)

// signingKey is a key with which tokens are signed, and its name.
type signingKey struct {
	kid, algorithm string
	private        crypto.Signer
}

// kept is how many keys of each algorithm are published: the one that signs and the one
// before it, whose tokens may still be about.
const kept = 2

// keptKey is how a key stands in the file.
type keptKey struct {
	Algorithm string `json:"alg"`
	PEM       string `json:"pem"` // PKCS #8
}

// readKeys reads the keys, oldest first of each algorithm. There are none if the path is
// empty or nothing is there.
func readKeys(path string) ([]signingKey, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("issuer: read keys: %w", err)
	}
	var list []keptKey
	damaged := fmt.Errorf("issuer: read keys: %s does not hold the issuer's keys; remove it to have new ones, tokens of the old ones end", path)
	if json.Unmarshal(data, &list) != nil {
		return nil, damaged
	}
	var out []signingKey
	for _, k := range list {
		block, _ := pem.Decode([]byte(k.PEM))
		if block == nil {
			return nil, damaged
		}
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, damaged
		}
		signer, ok := private.(crypto.Signer)
		if !ok || algorithmOf(signer) != k.Algorithm {
			return nil, damaged
		}
		out = append(out, named(signer))
	}
	return out, nil
}

// writeKeys keeps the keys; an empty path keeps nothing.
func writeKeys(path string, keys []signingKey) error {
	if path == "" {
		return nil
	}
	var list []keptKey
	for _, k := range keys {
		der, err := x509.MarshalPKCS8PrivateKey(k.private)
		if err != nil {
			return fmt.Errorf("issuer: keep keys: %w", err)
		}
		list = append(list, keptKey{k.algorithm, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))})
	}
	data, err := json.Marshal(list)
	if err == nil {
		err = durable.Write(path, data)
	}
	if err != nil {
		return fmt.Errorf("issuer: keep keys: %w", err)
	}
	return nil
}

// newKey makes a key for an algorithm.
func newKey(algorithm string) (signingKey, error) {
	var private crypto.Signer
	var err error
	if algorithm == ES256 {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		return signingKey{}, fmt.Errorf("issuer: make a key: %w", err)
	}
	return named(private), nil
}

// algorithmOf is the algorithm that a key signs with, or "".
func algorithmOf(private crypto.Signer) string {
	switch k := private.(type) {
	case *rsa.PrivateKey:
		return RS256
	case *ecdsa.PrivateKey:
		if k.Curve == elliptic.P256() {
			return ES256
		}
	}
	return ""
}

// named gives a key its name, the thumbprint of its public part.
// https://www.rfc-editor.org/rfc/rfc7638
func named(private crypto.Signer) signingKey {
	k := signingKey{algorithm: algorithmOf(private), private: private}
	// The members that the thumbprint is over, in the order of their names.
	members, _ := json.Marshal(k.public())
	k.kid = thumbprint(members)
	return k
}

func thumbprint(members []byte) string {
	sum := sha256.Sum256(members)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// public are the members of the JSON web key that make the key.
// https://www.rfc-editor.org/rfc/rfc7518#section-6
func (k *signingKey) public() map[string]string {
	code := base64.RawURLEncoding.EncodeToString
	switch key := k.private.Public().(type) {
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "n": code(key.N.Bytes()), "e": code(big.NewInt(int64(key.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, x, y
		if err != nil {
			return nil
		}
		half := (len(point) - 1) / 2
		return map[string]string{"kty": "EC", "crv": "P-256", "x": code(point[1 : 1+half]), "y": code(point[1+half:])}
	}
	return nil
}

// jwk is the key as it is published.
func (k *signingKey) jwk() map[string]string {
	out := k.public()
	out["kid"], out["alg"], out["use"] = k.kid, k.algorithm, "sig"
	return out
}
