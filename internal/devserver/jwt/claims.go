package jwt

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// text is a member that is a string.
func text(members map[string]json.RawMessage, name string) (string, bool) {
	var s string
	raw, ok := members[name]
	if !ok || len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// texts is a claim that is a string or a list of strings.
func (c *compact) texts(name string) []string {
	if s, ok := text(c.claims, name); ok {
		return []string{s}
	}
	var list []string
	if json.Unmarshal(c.claims[name], &list) != nil {
		return nil
	}
	return list
}

// moment is a claim that is a number of seconds since 1970; there is false if the token
// does not have it, and ok false if it is something else.
// https://www.rfc-editor.org/rfc/rfc7519#section-2
func (c *compact) moment(name string) (at time.Time, there, ok bool) {
	raw, there := c.claims[name]
	if !there {
		return time.Time{}, false, true
	}
	var seconds float64
	if string(raw) == "null" || json.Unmarshal(raw, &seconds) != nil || math.Abs(seconds) > 1e11 {
		return time.Time{}, true, false
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(part*1e9)), true, true
}

// current checks exp, nbf and iat; only exp must be there.
func (c *compact) current(now time.Time) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		at, there, ok := c.moment(name)
		switch {
		case !ok:
			return invalid("the token's claim " + name + " is not a time")
		case name == "exp" && !there:
			return invalid("the token has no claim exp")
		case name == "exp" && !now.Before(at):
			return invalid("the token has expired")
		case name == "nbf" && there && now.Before(at):
			return invalid("the token is not valid yet")
		case name == "iat" && there && now.Before(at):
			return invalid("the token was issued in the future")
		}
	}
	return nil
}

// isFor reports whether the token is for one of the audiences: by aud, and by client_id
// only if it has no aud.
func (c *compact) isFor(audience []string) bool {
	name := "aud"
	if _, there := c.claims[name]; !there {
		name = "client_id"
	}
	return slices.ContainsFunc(c.texts(name), func(a string) bool { return a != "" && slices.Contains(audience, a) })
}

// granted are the scopes of the token: the words of scope, or if it has none, those of
// scp, which may be a list too.
func (c *compact) granted() []string {
	name := "scope"
	if _, there := c.claims[name]; !there {
		name = "scp"
	}
	var out []string
	for _, t := range c.texts(name) {
		out = append(out, strings.Fields(t)...)
	}
	return out
}

// strings are all claims as the event has them: text as it is, numbers as they were
// written, lists as "[a b]".
func (c *compact) strings() map[string]string {
	out := make(map[string]string, len(c.claims))
	for name, raw := range c.claims {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			out[name] = flat(v)
		}
	}
	return out
}

// flat is the text of a claim's value.
func flat(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	case []any:
		words := make([]string, 0, len(v))
		for _, e := range v {
			words = append(words, flat(e))
		}
		return "[" + strings.Join(words, " ") + "]"
	case map[string]any:
		words := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			words = append(words, k+":"+flat(v[k]))
		}
		return "map[" + strings.Join(words, " ") + "]"
	}
	return "null"
}
