package channeltest

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// outbound are the forms that a message to a customer may have.
var outbound = []hub.MessageType{
	hub.Text, hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker, hub.Location,
	hub.Buttons, hub.Menu, hub.Cards, hub.Template, hub.Form, hub.Native,
}

// capabilities: the platform's facts make sense by themselves, and are the same at
// every call.
func (s Suite) capabilities(t *testing.T) {
	c := s.adapter().Capabilities()
	for _, wrong := range nonsense(c) {
		t.Error(wrong)
	}
	if again := s.adapter().Capabilities(); !reflect.DeepEqual(again, c) {
		t.Errorf("at the second call: got %+v, want %+v", again, c)
	}
}

// nonsense tells what in a platform's facts cannot be.
func nonsense(c channel.Capabilities) []string {
	var out []string
	wrong := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if c.Window < 0 {
		wrong("window: got %v, want none or a time", c.Window)
	}
	if (c.Pair.Every > 0) != (c.Pair.Burst > 0) || c.Pair.Every < 0 || c.Pair.Burst < 0 {
		wrong("pair: got %+v, want both members or none", c.Pair)
	}
	seen := map[hub.State]bool{}
	for _, state := range c.Receipts {
		if seen[state] || !slices.Contains([]hub.State{hub.Sent, hub.Delivered, hub.Read, hub.Failed}, state) {
			wrong("receipts: got %v, want states of sent messages, each once", c.Receipts)
		}
		seen[state] = true
	}
	if c.ReceiptRef && len(c.Receipts) == 0 {
		wrong("receipts: got none that could bear our own name of the message")
	}
	if text, ok := c.Shows[hub.Text]; !ok || !text.BodyNeeded || text.Body.Max <= 0 {
		wrong("text: got %+v, want a body that is needed and has a limit", text)
	}
	if why := unlimited(c.QuickReplies); why != "" {
		wrong("quick replies: got %+v, want %s", c.QuickReplies, why)
	}
	for form, shape := range c.Shows {
		if !slices.Contains(outbound, form) {
			wrong("shows: got %q, which is no form of a message to a customer", form)
		}
		if why := lacks(form, shape); why != "" {
			wrong("%s: got a shape without %s", form, why)
		}
		if why := unlimited(shape.Buttons); why != "" {
			wrong("%s: buttons: got %+v, want %s", form, shape.Buttons, why)
		}
	}
	return out
}

// unlimited names what a row of buttons lacks.
func unlimited(l channel.Items) string {
	switch {
	case l.Max == 0:
		return ""
	case l.Title.Max <= 0:
		return "a limit of titles"
	case l.Data.Max <= 0 && l.Links == 0:
		return "data or links"
	case l.Links > l.Max:
		return "no more links than buttons"
	}
	return ""
}

// lacks names what a form cannot be shown without.
func lacks(form hub.MessageType, s channel.Shape) string {
	needed := func(name string, values ...int) string {
		for _, v := range values {
			if v <= 0 {
				return name
			}
		}
		return ""
	}
	switch form {
	case hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker:
		if !slices.Contains(s.Media.Types, form) {
			return "a medium of its type"
		}
	case hub.Buttons:
		return needed("limits of buttons", s.Buttons.Max)
	case hub.Cards:
		return needed("limits of cards", s.Cards, s.CardText.Max)
	case hub.Menu:
		return needed("limits of a list", s.Sections, s.Rows, s.RowTitle.Max, s.RowData.Max, s.Opener.Max)
	case hub.Form:
		return needed("the limit of what opens it", s.Opener.Max)
	}
	return ""
}
