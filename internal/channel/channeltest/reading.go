package channeltest

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
)

// What the standard decoder reads of JSON, to hold an adapter's own reading against.

// maxName is the longest id or name that adapters take for one, in bytes as received.
const maxName = 256

var wordForm = regexp.MustCompile(`^[0-9]{1,20}$`)

// MembersOf are an object's members, the last of each name; nil if it is none.
func MembersOf(value []byte) (m map[string]json.RawMessage) {
	if json.Unmarshal(value, &m) != nil {
		return nil
	}
	return m
}

// ElementsOf are an array's elements; ok tells whether it is one.
func ElementsOf(value []byte) (list []json.RawMessage, ok bool) {
	ok = json.Unmarshal(value, &list) == nil && list != nil
	return list, ok
}

// NamesOf are an object's names, in order.
func NamesOf(value []byte) (out []string) {
	d := json.NewDecoder(bytes.NewReader(value))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		out = append(out, name.(string))
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return nil
		}
	}
	return out
}

// TextOf is a text; "" if it is none.
func TextOf(value []byte) (s string) {
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

// IDOf is a text that names something; "" for one that is too long.
func IDOf(value []byte) string {
	if len(value) > maxName {
		return ""
	}
	return TextOf(value)
}

// WordOf is the same, or the digits of a whole number.
func WordOf(value []byte) string {
	if wordForm.Match(value) {
		return string(value)
	}
	return IDOf(value)
}

// shallow reports whether a body is surely not nested too deeply for an adapter.
func shallow(body []byte) bool {
	return bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) < 60
}

// twice reports whether an object in the body has one of these members twice, which
// adapters refuse in their frames, while the standard decoder takes the last.
func twice(body []byte, names []string) bool {
	type object struct {
		names map[string]bool // nil = an array
		value bool            // a value comes next
	}
	d := json.NewDecoder(bytes.NewReader(body))
	open := []object{{}}
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		o := &open[len(open)-1]
		if name, ok := token.(string); ok && o.names != nil && !o.value {
			if o.names[name] && slices.Contains(names, name) {
				return true
			}
			o.names[name], o.value = true, true
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, object{names: map[string]bool{}})
			continue
		case json.Delim('['):
			open = append(open, object{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		open[len(open)-1].value = false
	}
}
