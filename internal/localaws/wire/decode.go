package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Decode reads the JSON body of one call into v, a pointer to a struct. A member
// that the struct does not have is refused and named, since leaving it out would
// change what the call means; so is text that is not Unicode, which the standard
// decoder would silently replace.
func (r *Request) Decode(v any) error {
	body := r.Body
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if !utf8.Valid(body) || loneSurrogate(body) {
		return Errorf("SerializationException", "the body is not valid Unicode")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			return Unsupported("the member %s of %s", strings.Trim(name, `"`), r.Operation)
		}
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return Errorf("SerializationException", "%s cannot be read from a JSON %s", kind.Field, kind.Value)
		}
		return Errorf("SerializationException", "the body is not valid JSON")
	}
	if _, err := d.Token(); err != io.EOF {
		return Errorf("SerializationException", "the body goes on after its JSON value")
	}
	return nil
}

// loneSurrogate reports whether JSON text escapes half of a UTF-16 pair.
func loneSurrogate(body []byte) bool {
	if !bytes.Contains(body, []byte(`\ud`)) && !bytes.Contains(body, []byte(`\uD`)) {
		return false
	}
	for i := 0; i+1 < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		i++ // the escaped character
		if body[i] != 'u' {
			continue
		}
		switch unit := utf16Unit(body, i-1); {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			if low := utf16Unit(body, i+5); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += 10
		}
	}
	return false
}

// utf16Unit is the value of the \uXXXX escape at i, or -1.
func utf16Unit(body []byte, i int) int {
	if i+6 > len(body) || body[i] != '\\' || body[i+1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(body[i+2:i+6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(unit)
}
