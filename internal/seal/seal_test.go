package seal

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

func keyring(t *testing.T) *Keyring {
	t.Helper()
	k, err := LocalKeyring(base64.StdEncoding.EncodeToString(NewKey()))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestWrappedKeyOpensOnlyInItsContext(t *testing.T) {
	k, key := keyring(t), NewKey()
	wrapped, err := k.Wrap(key, map[string]string{"team": "a", "purpose": "x"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Unwrap(wrapped, map[string]string{"purpose": "x", "team": "a"})
	if err != nil || !bytes.Equal(got, key) {
		t.Fatalf("got %x, %v, want the key", got, err)
	}
	if _, err := k.Unwrap(wrapped, map[string]string{"team": "b", "purpose": "x"}); err == nil {
		t.Error("it opened for another team")
	}
	if _, err := keyring(t).Unwrap(wrapped, map[string]string{"team": "a", "purpose": "x"}); err == nil {
		t.Error("it opened with another wrapping key")
	}
}

func TestSealedValueIsBoundToItsPlace(t *testing.T) {
	var box Box
	if err := box.Add("1", NewKey()); err != nil {
		t.Fatal(err)
	}
	sealed, err := box.Seal([]byte("token"), "team", "account", "field")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("token")) {
		t.Error("the value stands in clear in its sealed form")
	}
	for _, place := range [][]string{{"team", "account", "other"}, {"team", "accountf", "ield"}, {"team2", "account", "field"}, nil} {
		if _, err := box.Open(sealed, place...); err == nil {
			t.Errorf("it opened at %v", place)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := box.Open(bad, "team", "account", "field"); err == nil {
			t.Errorf("it opened with byte %d changed", i)
		}
		if _, err := box.Open(sealed[:i], "team", "account", "field"); err == nil {
			t.Errorf("it opened when cut to %d bytes", i)
		}
	}
}

func TestOldKeyStillOpensAfterRotation(t *testing.T) {
	var box Box
	old := NewKey()
	if err := box.Add("1", old); err != nil {
		t.Fatal(err)
	}
	before, err := box.Seal([]byte("a"), "p")
	if err != nil {
		t.Fatal(err)
	}
	if err := box.Add("2", NewKey()); err != nil {
		t.Fatal(err)
	}
	after, err := box.Seal([]byte("b"), "p")
	if err != nil {
		t.Fatal(err)
	}
	for value, sealed := range map[string][]byte{"a": before, "b": after} {
		if got, err := box.Open(sealed, "p"); err != nil || string(got) != value {
			t.Errorf("got %q, %v, want %q", got, err, value)
		}
	}
	var onlyOld Box
	if err := onlyOld.Add("1", old); err != nil {
		t.Fatal(err)
	}
	if _, err := onlyOld.Open(after, "p"); err == nil {
		t.Error("a value sealed with the new key opened with the old one")
	}
}

func TestLocalKeyringRefusesOtherKeys(t *testing.T) {
	for _, key := range []string{"", "short", strings.Repeat("A", 44), base64.StdEncoding.EncodeToString(make([]byte, 16))} {
		if _, err := LocalKeyring(key); err == nil {
			t.Errorf("the key %q was taken", key)
		}
	}
}
