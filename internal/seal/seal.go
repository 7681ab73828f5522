// Package seal keeps credentials unreadable at rest: each team has a data key,
// which a key service wraps, and every secret is sealed under it with AES-256-GCM,
// bound to its team, account and field so that none can be moved to another place.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// A sealed value is: version (1 byte), length of the key id (1 byte), key id,
// nonce (12 bytes), ciphertext with its tag.
const (
	version   = 1
	nonceSize = 12
	// KeySize is the size of data keys in bytes.
	KeySize = 32
)

var errSealed = errors.New("seal: the value is damaged, or sealed for another place or key")

// ErrNoKey tells that a value is sealed under a key that the box does not hold: one
// that joined since the box was filled, or one that is gone.
var ErrNoKey = errors.New("seal: the box does not hold the value's key")

// NewKey makes a random data key.
func NewKey() []byte {
	key := make([]byte, KeySize)
	rand.Read(key) // never fails
	return key
}

// Box seals and opens values under one or more data keys: the newest seals, all
// open, so that a key can be changed while old values stand.
type Box struct {
	newest string
	keys   map[string]cipher.AEAD
}

// Add puts a data key into the box; the last one added seals.
func (b *Box) Add(id string, key []byte) error {
	if id == "" || len(id) > 255 {
		return errors.New("seal: a key id has 1 to 255 bytes")
	}
	aead, err := newAEAD(key)
	if err != nil {
		return err
	}
	if b.keys == nil {
		b.keys = map[string]cipher.AEAD{}
	}
	b.keys[id] = aead
	b.newest = id
	return nil
}

// Newest is the id of the key that seals; "" for an empty box.
func (b *Box) Newest() string { return b.newest }

// KeyOf is the id of the key under which a value is sealed; "" for what is no sealed
// value.
func KeyOf(sealed []byte) string {
	id, _, _, err := parse(sealed)
	if err != nil {
		return ""
	}
	return id
}

// Seal encrypts a value for one place (team, account, field).
func (b *Box) Seal(value []byte, place ...string) ([]byte, error) {
	aead := b.keys[b.newest]
	if aead == nil {
		return nil, errors.New("seal: the box holds no key")
	}
	return sealWith(aead, b.newest, value, placeBytes(place))
}

// Open decrypts a value that was sealed for the same place. ErrNoKey if the box does
// not hold its key.
func (b *Box) Open(sealed []byte, place ...string) ([]byte, error) {
	id, nonce, text, err := parse(sealed)
	if err != nil {
		return nil, err
	}
	aead := b.keys[id]
	if aead == nil {
		return nil, ErrNoKey
	}
	return open(aead, nonce, text, sealed[:2+len(id)], placeBytes(place))
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal: a key has %d bytes", KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func sealWith(aead cipher.AEAD, id string, value, bound []byte) ([]byte, error) {
	head := append([]byte{version, byte(len(id))}, id...)
	nonce := make([]byte, nonceSize)
	rand.Read(nonce)
	out := append(append([]byte{}, head...), nonce...)
	return aead.Seal(out, nonce, value, append(head, bound...)), nil
}

func parse(sealed []byte) (id string, nonce, text []byte, err error) {
	if len(sealed) < 2 || sealed[0] != version {
		return "", nil, nil, errSealed
	}
	end := 2 + int(sealed[1])
	if len(sealed) < end+nonceSize {
		return "", nil, nil, errSealed
	}
	return string(sealed[2:end]), sealed[end : end+nonceSize], sealed[end+nonceSize:], nil
}

func open(aead cipher.AEAD, nonce, text, head, bound []byte) ([]byte, error) {
	value, err := aead.Open(nil, nonce, text, append(append([]byte{}, head...), bound...))
	if err != nil {
		return nil, errSealed
	}
	return value, nil
}

func placeBytes(parts []string) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.AppendUvarint(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
