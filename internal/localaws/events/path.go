package events

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"omnihub/internal/localaws/wire"
)

// path is a JSONPath of the kind that EventBridge evaluates: fields, indexes of
// lists, and * for all of either.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
type path []step

type step struct {
	name  string // a field, or
	index int    // an element, if name is ""
	all   bool   // every field or element
}

// parsePath reads a JSONPath. What EventBridge documents as not supported is
// refused and named.
func parsePath(text string) (path, error) {
	bad := wire.Unsupported("the JSONPath %s (fields, indexes and * are known)", text)
	rest, found := strings.CutPrefix(text, "$")
	if !found {
		return nil, bad
	}
	var p path
	for rest != "" {
		var s step
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			s.name, rest = rest[1:1+end], rest[1+end:]
			if s.name == "" || strings.ContainsAny(s.name, "()?@'\"] \t\n") {
				return nil, bad
			}
			if s.name == "*" {
				s = step{all: true}
			}
		case strings.HasPrefix(rest, "[*]"):
			s.all, rest = true, rest[3:]
		case strings.HasPrefix(rest, "['"), strings.HasPrefix(rest, `["`):
			end := strings.Index(rest[2:], rest[1:2]+"]")
			if end <= 0 {
				return nil, bad
			}
			s.name, rest = rest[2:2+end], rest[2+end+2:]
		case rest[0] == '[':
			inner, after, closed := strings.Cut(rest[1:], "]")
			n, err := strconv.ParseUint(inner, 10, 31)
			if !closed || err != nil {
				return nil, bad
			}
			s.index, rest = int(n), after
		default:
			return nil, bad
		}
		p = append(p, s)
	}
	return p, nil
}

// find is the JSON text of what the path leads to. With a * it is a list of all
// that there is, otherwise there may be nothing.
func (p path) find(v json.RawMessage) (json.RawMessage, bool) {
	for i, s := range p {
		switch {
		case s.all:
			found := []json.RawMessage{}
			for _, e := range elements(v) {
				if f, ok := p[i+1:].find(e); ok {
					found = append(found, f)
				}
			}
			return encodeRaw(found), true
		case s.name != "":
			var object map[string]json.RawMessage
			if json.Unmarshal(v, &object) != nil || object[s.name] == nil {
				return nil, false
			}
			v = object[s.name]
		default:
			var list []json.RawMessage
			if json.Unmarshal(v, &list) != nil || s.index >= len(list) {
				return nil, false
			}
			v = list[s.index]
		}
	}
	return v, true
}

// elements are the values of a list or of an object, in order.
func elements(v json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) == nil {
		return list
	}
	d := json.NewDecoder(bytes.NewReader(v))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	for d.More() {
		var e json.RawMessage
		if _, err := d.Token(); err != nil || d.Decode(&e) != nil {
			return nil
		}
		list = append(list, e)
	}
	return list
}

func encodeRaw(list []json.RawMessage) json.RawMessage {
	out := []byte{'['}
	for i, e := range list {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, e...)
	}
	return append(out, ']')
}
