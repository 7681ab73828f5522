package seal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"omnihub/internal/hub"
)

const (
	// patience bounds one call of the key service with its retries: who waits for
	// settings has something else to do, or something old to serve.
	patience = 3 * time.Second
	// maxOpened bounds the opened data keys; beyond it they are opened again.
	maxOpened = 10_000
)

// Keyring wraps data keys by a key of the key service (AWS KMS), which never leaves
// it. It is safe for concurrent use.
//
// A data key that was opened is kept until the process ends, so that each is opened
// once; withdrawing a process's permission acts when the process ends.
type Keyring struct {
	client *kms.Client
	key    string

	mu     sync.Mutex
	opened map[[sha256.Size]byte][]byte
}

// NewKeyring makes a keyring over one key: its id, its ARN, or an alias.
func NewKeyring(client *kms.Client, key string) *Keyring {
	return &Keyring{client: client, key: key, opened: map[[sha256.Size]byte][]byte{}}
}

// Wrap encrypts a data key. The same binding must be given to unwrap it; it is not
// secret. Transient if the key service does not do it.
func (k *Keyring) Wrap(ctx context.Context, dataKey []byte, binding map[string]string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := k.client.Encrypt(ctx, &kms.EncryptInput{KeyId: &k.key, Plaintext: dataKey, EncryptionContext: binding})
	if err != nil {
		return nil, failure("wrap", err)
	}
	return out.CiphertextBlob, nil
}

// Unwrap decrypts a data key. Internal if it is damaged or was wrapped by another
// key or with another binding; Transient if the key service does not say.
func (k *Keyring) Unwrap(ctx context.Context, wrapped []byte, binding map[string]string) ([]byte, error) {
	id := fingerprint(wrapped, binding)
	k.mu.Lock()
	dataKey := k.opened[id]
	k.mu.Unlock()
	if dataKey != nil {
		return bytes.Clone(dataKey), nil
	}
	if len(wrapped) == 0 {
		return nil, hub.E(hub.Internal, "seal: unwrap", errSealed)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := k.client.Decrypt(ctx, &kms.DecryptInput{KeyId: &k.key, CiphertextBlob: wrapped, EncryptionContext: binding})
	if err != nil {
		return nil, failure("unwrap", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.opened) >= maxOpened {
		clear(k.opened)
	}
	k.opened[id] = bytes.Clone(out.Plaintext)
	return out.Plaintext, nil
}

// fingerprint stands for a wrapped key and its binding: a key that was opened for
// one place must not be found for another.
func fingerprint(wrapped []byte, binding map[string]string) [sha256.Size]byte {
	parts := []string{string(wrapped)}
	for _, name := range slices.Sorted(maps.Keys(binding)) {
		parts = append(parts, name, binding[name])
	}
	return sha256.Sum256(placeBytes(parts))
}

// failure turns an error of the SDK into a hub.Error. Everything that the key
// service answers may pass, a missing permission too, but for a ciphertext that is
// not its own.
func failure(op string, err error) error {
	var (
		invalid *types.InvalidCiphertextException
		other   *types.IncorrectKeyException
		answer  interface{ ErrorCode() string }
	)
	switch {
	case errors.As(err, &invalid), errors.As(err, &other):
		return hub.E(hub.Internal, "seal: "+op, errSealed)
	case errors.As(err, &answer):
		return hub.E(hub.Transient, "seal: "+op, errors.New(answer.ErrorCode()))
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return hub.E(hub.Transient, "seal: "+op, errors.New("out of time"))
	}
	return hub.E(hub.Transient, "seal: "+op, errors.New("no answer from the key service"))
}
