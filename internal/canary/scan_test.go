package canary

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// kind says where a canary must not be found.
type kind int

const (
	secret  kind = iota // a credential or a key: nowhere
	token               // works once and for a minute: where it is used, and in the event that brought it
	bearer              // opens something for whom it was made: in the messages that brought it
	word                // a customer's name, text, address: in Contacts, Messages and Ledger, but in no key
	person              // a customer's id or number: the same
	setting             // what a team calls its tags and keys: in all tables, but in no key
	staff               // a member's name, address, subject: in Config, but in no key
)

// canary is something that is looked for, in all forms in which it could hide.
type canary struct {
	kind  kind
	name  string // tells of it without showing it
	forms [][]byte
}

// newCanary makes the forms of a value: as it is, in JSON and URLs, in hex, and as a
// part of anything in base64.
func newCanary(k kind, name, value string) canary {
	if len(value) < 8 {
		panic("a canary of " + name + " is too short to be found by itself")
	}
	c := canary{kind: k, name: name}
	add := func(form string) {
		if !slices.ContainsFunc(c.forms, func(f []byte) bool { return string(f) == form }) {
			c.forms = append(c.forms, []byte(form))
		}
	}
	add(value)
	if encoded, err := json.Marshal(value); err == nil {
		add(strings.Trim(string(encoded), `"`))
	}
	add(strings.Trim(fmt.Sprintf("%+q", value), `"`)) // \u escapes
	add(url.QueryEscape(value))
	add(url.PathEscape(value))
	add(hex.EncodeToString([]byte(value)))
	add(strings.ToUpper(hex.EncodeToString([]byte(value))))
	for skip := range 3 { // the value may begin at any byte of three
		padded := append(make([]byte, skip), value...)
		padded = padded[:len(padded)/3*3] // what follows would change the last letters
		for _, code := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			form := code.EncodeToString(padded)
			add(form[(skip*8+5)/6:])
		}
	}
	return c
}

// in reports whether the canary is in the text.
func (c canary) in(text []byte) bool {
	return slices.ContainsFunc(c.forms, func(form []byte) bool { return bytes.Contains(text, form) })
}

// flock are canaries, and what was found of them.
type flock struct {
	canaries []canary
	found    []string
}

func (f *flock) add(k kind, name, value string) {
	f.canaries = append(f.canaries, newCanary(k, name, value))
}

// look searches a text for canaries of some kinds. Where says what the text is.
func (f *flock) look(where string, text []byte, kinds ...kind) {
	for _, c := range f.canaries {
		if slices.Contains(kinds, c.kind) && c.in(text) {
			f.found = append(f.found, where+" shows "+c.name)
		}
	}
}

// report fails the test for all that was found, each once.
func (f *flock) report(t *testing.T) {
	t.Helper()
	slices.Sort(f.found)
	for _, what := range slices.Compact(f.found) {
		t.Error(what)
	}
}

// plain is a stored value as it is, and what it inflates to if it does.
func plain(stored []byte) []byte {
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(stored)), 16<<20))
	if err != nil {
		return stored
	}
	return append(append(slices.Clone(stored), '\n'), inflated...)
}

func TestCanariesAreFoundInAllForms(t *testing.T) {
	const value = "s3cret/token+值-0123"
	c := newCanary(secret, "x", value)
	envelope := func(before, after string) string {
		return base64.StdEncoding.EncodeToString([]byte(before + value + after))
	}
	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(w, strings.Repeat("filling ", 20)+value)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	hidden, err := json.Marshal(map[string]string{"a": value})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"as it is": "a " + value + " b", "json": string(hidden), "escapes": `"s3cret/token+\u503c-0123"`, "query": "?a=" + url.QueryEscape(value),
		"hex": hex.EncodeToString([]byte("a" + value)), "base64 at 0": envelope("", "abc"), "base64 at 1": envelope("a", ""), "base64 at 2": envelope("ab", "x"),
		"base64 for urls": base64.URLEncoding.EncodeToString([]byte("abcd" + value + "z")), "deflated": string(plain(deflated.Bytes())),
	} {
		if !c.in([]byte(text)) {
			t.Errorf("%s: not found in %q", name, text)
		}
	}
	for _, text := range []string{"", "s3cret/token", value[1:], envelope("", "")[8:]} {
		if c.in([]byte(text)) {
			t.Errorf("found in %q, which does not hold it", text)
		}
	}
	f := flock{canaries: []canary{c}}
	f.look("here", []byte(value), word)
	f.look("there", []byte(value), secret)
	if len(f.found) != 1 || f.found[0] != "there shows x" || strings.Contains(f.found[0], value) {
		t.Errorf("got %q, want one place, and not the secret itself", f.found)
	}
}
