package twilio

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"omnihub/internal/hub"
)

// fill puts a content into the parameters of a send, or refuses what Capabilities
// cannot tell.
func fill(out url.Values, c hub.Content) error {
	switch {
	case c.Type == hub.Text:
		out.Set("Body", c.Text)
	case c.Media != nil && slices.Contains([]hub.MessageType{hub.Image, hub.Video, hub.Audio, hub.File}, c.Type):
		out.Set("MediaUrl", c.Media.URL)
		if c.Text != "" {
			out.Set("Body", c.Text)
		}
	case c.Type == hub.Location && c.Place != nil:
		return fillPlace(out, *c.Place)
	case c.Type == hub.Template && c.Template != nil:
		return fillTemplate(out, *c.Template)
	case c.Type == hub.Native:
		return fillNative(out, c.Native)
	default:
		return fmt.Errorf("message type %q, or what it needs is missing", c.Type)
	}
	return nil
}

// fillPlace writes a place as Twilio takes it: the point and the address as an action,
// the name as the text.
// https://www.twilio.com/docs/whatsapp/api#location-messages-with-whatsapp
func fillPlace(out url.Values, p hub.Place) error {
	if !(p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180) {
		return errors.New("the place is not on the map")
	}
	point := degrees(p.Latitude) + "," + degrees(p.Longitude)
	action := "geo:" + point
	if label := cmpOr(p.Address, p.Title); label != "" {
		action += "|" + strings.ReplaceAll(label, "|", "/")
	}
	out.Set("PersistentAction", action)
	out.Set("Body", cmpOr(p.Title, p.Address, point)) // a message without text is refused
	return nil
}

// cmpOr is the first text that is not empty.
func cmpOr(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

func degrees(d float64) string { return strconv.FormatFloat(d, 'f', -1, 64) }

// fillTemplate names a template of Twilio's and its variables. Those without a name
// are numbered as they stand: header, body, buttons.
// https://www.twilio.com/docs/content/send-templates-created-with-the-content-template-builder
func fillTemplate(out url.Values, t hub.TemplateCall) error {
	if !isSID(t.Name, "HX") {
		return errors.New("the template's name is no ContentSid (HX and 32 digits)")
	}
	out.Set("ContentSid", t.Name)
	v := variables{values: map[string]string{}}
	if h := t.Header; h != nil {
		switch {
		case h.Text != nil && h.Media == nil && h.Place == nil:
			v.set(h.Text.Name, h.Text.Value)
		case h.Media != nil && h.Text == nil && h.Place == nil:
			v.set("", h.Media.URL)
		default:
			return errors.New("a template's header is a text or a medium")
		}
	}
	for _, b := range t.Body {
		v.set(b.Name, b.Value)
	}
	for _, b := range t.Buttons {
		fill := b.Data + b.URL + b.Code
		if b.Form != nil || fill != cmpOr(b.Data, b.URL, b.Code) {
			return errors.New("a template's button takes one of data, url and code")
		}
		v.set("", fill)
	}
	return v.write(out)
}

// variables are those of a template.
type variables struct {
	values map[string]string
	n      int
	wrong  error
}

// set fills a variable, the next one if it has no name.
func (v *variables) set(name, value string) {
	if name == "" {
		v.n++
		name = strconv.Itoa(v.n)
	}
	if _, twice := v.values[name]; twice {
		v.wrong = errors.New("a variable of the template is filled twice")
	}
	if value == "" {
		v.wrong = errors.New("a variable of the template is left empty")
	}
	v.values[name] = value
}

func (v *variables) write(out url.Values) error {
	if v.wrong != nil || len(v.values) == 0 {
		return v.wrong
	}
	out.Set("ContentVariables", object(v.values))
	return nil
}

// object is JSON as Twilio takes it: within a string.
func object(values map[string]string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(values) // texts can always be written
	return strings.TrimSuffix(b.String(), "\n")
}

// natives are the parameters that a native message may set.
var natives = []string{"Body", "ContentSid", "ContentVariables", "MediaUrl", "PersistentAction"}

// fillNative takes parameters in Twilio's own words: {"ContentSid":"HX…",
// "ContentVariables":{"1":"…"}}.
func fillNative(out url.Values, native json.RawMessage) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(native, &members) != nil || len(members) == 0 {
		return errors.New("a native message is an object of Twilio's parameters")
	}
	for name, value := range members {
		if !slices.Contains(natives, name) {
			return errors.New("a native message has Body, ContentSid, ContentVariables, MediaUrl and PersistentAction")
		}
		var text string
		if json.Unmarshal(value, &text) != nil || string(value) == "null" {
			var values map[string]string
			if name != "ContentVariables" || json.Unmarshal(value, &values) != nil || len(values) == 0 {
				return errors.New("a native message's parameters are texts, and ContentVariables an object of texts")
			}
			text = object(values)
		}
		if text == "" {
			return errors.New("a parameter of the native message is empty")
		}
		out.Set(name, text)
	}
	if content := out.Get("ContentSid"); content != "" && !isSID(content, "HX") {
		return errors.New("ContentSid is none (HX and 32 digits)")
	}
	if !out.Has("Body") && !out.Has("MediaUrl") && !out.Has("ContentSid") {
		return errors.New("a native message needs Body, MediaUrl or ContentSid")
	}
	if address := out.Get("MediaUrl"); address != "" && !strings.HasPrefix(address, "https://") {
		return errors.New("the native message's medium has no https address")
	}
	return nil
}

// bearsFile reports whether a send brings the customer a file.
func bearsFile(c hub.Content, fields url.Values) bool {
	return fields.Has("MediaUrl") || c.Template != nil && c.Template.Header != nil && c.Template.Header.Media != nil
}

// Preview is the parameters of a send without its two numbers.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	fields := url.Values{}
	if err := fill(fields, m); err != nil {
		return nil, hub.E(hub.Unsupported, "twilio: preview", err)
	}
	values := map[string]string{}
	for name := range fields {
		values[name] = fields.Get(name)
	}
	return json.RawMessage(object(values)), nil
}
