// Package body reads the JSON of a request, strictly: bounded in size, depth and the
// length of numbers, with no name twice in an object, and in valid UTF-8.
package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
)

const (
	// MaxBytes is the largest body.
	MaxBytes = 1 << 20
	// MaxDepth is how deep objects and lists may lie in each other.
	MaxDepth = 32
	// maxNumber bounds a number's text: exact to 30 digits and more, and never a
	// power that takes long to work out.
	maxNumber   = 40
	maxExponent = 308
)

// Read reads a request's body whole. TooLarge, or BadRequest if it cannot be read.
func Read(r *http.Request) ([]byte, error) {
	if r.ContentLength > MaxBytes {
		return nil, problem.Words(hub.TooLarge, "A body has at most 1 MB.")
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxBytes+1))
	if err != nil {
		return nil, problem.Body("", "cannot be read")
	}
	if len(raw) > MaxBytes {
		return nil, problem.Words(hub.TooLarge, "A body has at most 1 MB.")
	}
	return raw, nil
}

// Parse gives the value of a JSON text: map[string]any, []any, string, json.Number,
// bool or nil. A *problem.Problem names the place of what is wrong by its pointer.
func Parse(raw []byte) (any, error) {
	if !utf8.Valid(raw) {
		return nil, problem.Body("", "is not UTF-8")
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(raw))}
	p.dec.UseNumber()
	v, err := p.value(nil)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, problem.Body("", "holds more than one JSON value")
	}
	return v, nil
}

type parser struct {
	dec *json.Decoder
}

// value reads the value at a path. It calls itself no deeper than MaxDepth.
func (p *parser) value(path []string) (any, error) {
	t, err := p.dec.Token()
	if err != nil {
		return nil, broken(path, err)
	}
	switch v := t.(type) {
	case json.Delim:
		if len(path) >= MaxDepth {
			return nil, problem.Body(Pointer(path), fmt.Sprintf("lies deeper than %d levels", MaxDepth))
		}
		if v == '{' {
			return p.object(path)
		}
		return p.list(path)
	case json.Number:
		return v, number(path, string(v))
	}
	return t, nil
}

func (p *parser) object(path []string) (any, error) {
	object := map[string]any{}
	for p.dec.More() {
		t, err := p.dec.Token()
		if err != nil {
			return nil, broken(path, err)
		}
		name, ok := t.(string)
		if !ok {
			return nil, broken(path, nil)
		}
		at := append(path[:len(path):len(path)], name)
		if _, twice := object[name]; twice {
			return nil, problem.Body(Pointer(at), "stands there twice")
		}
		if object[name], err = p.value(at); err != nil {
			return nil, err
		}
	}
	return object, p.end(path)
}

func (p *parser) list(path []string) (any, error) {
	list := []any{}
	for p.dec.More() {
		v, err := p.value(append(path[:len(path):len(path)], strconv.Itoa(len(list))))
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, p.end(path)
}

func (p *parser) end(path []string) error {
	if _, err := p.dec.Token(); err != nil {
		return broken(path, err)
	}
	return nil
}

func broken(path []string, err error) error {
	why := "is not JSON"
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		why = "is cut off"
		if len(path) == 0 {
			why = "is missing or cut off"
		}
	}
	return problem.Body(Pointer(path), why)
}

func number(path []string, text string) error {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	power := 0
	if exponent != "" {
		power, _ = strconv.Atoi(exponent) // one that is out of range is the greatest there is
	}
	if len(mantissa) > maxNumber || power > maxExponent || power < -maxExponent {
		return problem.Body(Pointer(path), "is a number that is too long or too large")
	}
	return nil
}

// Pointer is a path as a JSON pointer.
// https://www.rfc-editor.org/rfc/rfc6901
func Pointer(path []string) string {
	var out strings.Builder
	for _, p := range path {
		out.WriteByte('/')
		out.WriteString(escape.Replace(cut(p)))
	}
	return out.String()
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// maxName is how much of a name is shown, in runes: it is the caller's own, and may be
// of any length.
const maxName = 100

func cut(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName]) + "…"
	}
	return name
}
