package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

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
	if _, err := onlyOld.Open(after, "p"); !errors.Is(err, ErrNoKey) {
		t.Errorf("sealed with the new key, opened with the old one: got %v, want %v", err, ErrNoKey)
	}
	if got := []string{KeyOf(before), KeyOf(after), box.Newest(), KeyOf(nil), KeyOf([]byte("no")), new(Box).Newest()}; !slices.Equal(got, []string{"1", "2", "2", "", "", ""}) {
		t.Errorf("names of keys: got %q", got)
	}
}
