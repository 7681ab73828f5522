package kms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// A ciphertext is: format (1 byte), key id (36), nonce (12), the sealed bytes and
// their tag. The head and the encryption context are bound to it.
const (
	format    = 1
	idSize    = 36
	headSize  = 1 + idSize
	nonceSize = 12
	maxPlain  = 4096
	maxCipher = 6144
)

// place is the key and the encryption context that a call names.
type place struct {
	KeyId             string
	EncryptionContext map[string]string
}

// encrypt seals up to 4096 bytes.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
func (e *Engine) encrypt(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		place
		EncryptionAlgorithm string
		Plaintext           []byte
	}
	err := r.Decode(&in)
	if err == nil {
		err = errors.Join(size("plaintext", len(in.Plaintext), maxPlain), algorithm(in.EncryptionAlgorithm))
	}
	if err != nil {
		return nil, nil, err
	}
	out, err := e.seal(r, "kms:Encrypt", in.place, in.Plaintext)
	if err == nil {
		out["EncryptionAlgorithm"] = symmetric
	}
	return out, nil, err
}

// generateDataKey makes random bytes and gives them in clear and sealed.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html
func (e *Engine) generateDataKey(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		place
		KeySpec       string
		NumberOfBytes *int
	}
	if err := r.Decode(&in); err != nil {
		return nil, nil, err
	}
	length := 32
	switch {
	case (in.KeySpec == "") == (in.NumberOfBytes == nil):
		return nil, nil, wire.Validation("Please specify either number of bytes or key spec.")
	case in.NumberOfBytes != nil:
		length = *in.NumberOfBytes
	case in.KeySpec != "AES_256":
		return nil, nil, wire.Unsupported("data keys of the spec %s", in.KeySpec)
	}
	if err := size("numberOfBytes", length, 1024); err != nil {
		return nil, nil, err
	}
	plain := random(length)
	out, err := e.seal(r, "kms:GenerateDataKey", in.place, plain)
	if err == nil {
		out["Plaintext"] = plain
	}
	return out, nil, err
}

func (e *Engine) seal(r *wire.Request, action string, p place, plain []byte) (map[string]any, error) {
	k, err := e.find(r, p.KeyId, action)
	if err != nil {
		return nil, err
	}
	aead, err := k.aead()
	if err != nil {
		return nil, err
	}
	head, nonce := append([]byte{format}, k.ID...), random(nonceSize)
	blob := aead.Seal(append(slices.Clone(head), nonce...), nonce, plain, bound(head, p.EncryptionContext))
	return map[string]any{"CiphertextBlob": blob, "KeyId": e.arn("key/" + k.ID)}, nil
}

// decrypt opens what was sealed. The ciphertext names its key; a key that the call
// names must be the same one.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
func (e *Engine) decrypt(r *wire.Request) (any, []disk.Op, error) {
	var in struct {
		place
		EncryptionAlgorithm string
		CiphertextBlob      []byte
	}
	err := r.Decode(&in)
	if err == nil {
		err = errors.Join(size("ciphertextBlob", len(in.CiphertextBlob), maxCipher), algorithm(in.EncryptionAlgorithm))
	}
	if err != nil {
		return nil, nil, err
	}
	invalid := wire.Errorf("InvalidCiphertextException", "")
	blob, own := in.CiphertextBlob, ""
	if len(blob) >= headSize+nonceSize && blob[0] == format {
		own = string(blob[1:headSize])
	}
	switch {
	case own == "":
		return nil, nil, invalid
	case in.KeyId != "":
	case e.keys[own] == nil: // AWS does not tell a missing key from a forbidden one here
		return nil, nil, wire.Errorf("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.")
	default:
		in.KeyId = own
	}
	k, err := e.find(r, in.KeyId, "kms:Decrypt")
	switch {
	case err != nil:
		return nil, nil, err
	case own != k.ID:
		return nil, nil, wire.Errorf("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
	}
	aead, err := k.aead()
	if err != nil {
		return nil, nil, err
	}
	nonce, text := blob[headSize:headSize+nonceSize], blob[headSize+nonceSize:]
	plain, err := aead.Open(nil, nonce, text, bound(blob[:headSize], in.EncryptionContext))
	if err != nil {
		return nil, nil, invalid
	}
	return map[string]any{"Plaintext": plain, "KeyId": e.arn("key/" + k.ID), "EncryptionAlgorithm": symmetric}, nil, nil
}

// size refuses a member that is empty or too long, as the service's model does.
func size(member string, length, most int) error {
	rule := ""
	switch {
	case length < 1:
		rule = "greater than or equal to 1"
	case length > most:
		rule = fmt.Sprintf("less than or equal to %d", most)
	default:
		return nil
	}
	return wire.Validation("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length %s", member, rule)
}

func algorithm(name string) error {
	if name != "" && name != symmetric {
		return wire.Unsupported("the encryption algorithm %s", name)
	}
	return nil
}

func random(size int) []byte {
	b := make([]byte, size)
	rand.Read(b) // never fails
	return b
}

func (k *key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k.Material)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bound is the head and the encryption context as additional data: sorted, and
// with lengths, so that no two contexts look alike.
func bound(head []byte, context map[string]string) []byte {
	out := slices.Clone(head)
	for _, name := range slices.Sorted(maps.Keys(context)) {
		for _, part := range []string{name, context[name]} {
			out = append(binary.AppendUvarint(out, uint64(len(part))), part...)
		}
	}
	return out
}
