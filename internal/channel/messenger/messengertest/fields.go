package messengertest

import (
	"encoding/json"
	"unicode/utf16"

	"omnihub/internal/channel/meta/metatest"
)

// object reads the members of a JSON object of a request.
type object = metatest.Object

// parse makes an object of a request's body.
func parse(body []byte) *object {
	c := &metatest.Check{
		Length: func(text string) int { return len(utf16.Encode([]rune(text))) },
		Wrong:  func(_ metatest.Wrong, text string) *refusal { return metatest.Invalid("%s", text) },
	}
	if !json.Valid(body) {
		c.Refuse(metatest.Invalid("The request body is not JSON"))
	}
	return c.Object("", body)
}
