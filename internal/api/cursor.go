package api

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"omnihub/internal/api/problem"
	"omnihub/internal/hub"
)

// macChars is the length of the proof that a cursor begins with.
const macChars = 32

// cursor gives a place in a list to the caller, as text that nobody can make or change:
// it is good for the same list of the same team with the same filters, and for nothing
// else. Nil for the end of the list.
func (c *call) cursor(place string) *string {
	if place == "" {
		return nil
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(c.proof(place) + place))
	return &text
}

// place is where the cursor of the request leads; "" = there is none.
func (c *call) place() (string, error) {
	text := c.text("cursor")
	if text == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) <= macChars {
		return "", problem.New(problem.CursorInvalid)
	}
	place := string(raw[macChars:])
	if !hmac.Equal([]byte(c.proof(place)), raw[:macChars]) {
		return "", problem.New(problem.CursorInvalid)
	}
	return place, nil
}

// proof is the proof of a place in the call's list.
func (c *call) proof(place string) string {
	parts := []string{string(c.team.ID), c.route.Operation}
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		parts = append(parts, name, c.params[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.query)) {
		if name != "cursor" && name != "limit" {
			parts = append(parts, "?"+name, fmt.Sprint(c.query[name]))
		}
	}
	return c.team.Pepper.Value("cursor", hub.Digest(append(parts, place)...))
}
