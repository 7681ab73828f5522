package whatsapptest

import (
	"encoding/json"
	"unicode/utf8"

	"omnihub/internal/channel/meta/metatest"
)

// object reads the members of a JSON object of a request.
type object = metatest.Object

// parse makes an object of a request's body.
func parse(body []byte) *object {
	c := &metatest.Check{Length: utf8.RuneCountInString, Wrong: func(w metatest.Wrong, text string) *refusal {
		code := map[metatest.Wrong]int{metatest.Absent: 131008, metatest.Shape: 100, metatest.Value: 131009}[w]
		return refuse(code, "%s", text)
	}}
	if !json.Valid(body) {
		c.Refuse(refuse(100, "The request body is not JSON"))
	}
	return c.Object("", body)
}
