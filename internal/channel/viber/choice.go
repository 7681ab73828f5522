package viber

import (
	"encoding/json"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// A tap on a button comes as a text like one that the customer typed: Viber sends the
// button's ActionBody and no mark. So that a tap is told apart, the ActionBody is the
// button's data after a character that nobody can type or see. It goes with the button,
// however late it is tapped. The titles travel in tracking_data, which Viber gives back
// with the customer's next message: they are shown to the team, and tell a tap even if
// the character was lost on the way.
const tapped = "\u2063" // INVISIBLE SEPARATOR

// maxTracking is the longest tracking_data.
// https://developers.viber.com/docs/api/rest-bot-api/#general-send-message-parameters
const maxTracking = 4000

// tracking is what goes into tracking_data.
type tracking struct {
	Ref     string            `json:"ref,omitempty"`     // our own name of the message
	Choices map[string]string `json:"choices,omitempty"` // the buttons' titles, by their data
}

// trackingOf makes tracking_data. Titles for which there is no room are left out.
func trackingOf(ref string, buttons []hub.Button) string {
	t := tracking{Ref: ref, Choices: map[string]string{}}
	for _, b := range buttons {
		if b.URL == "" {
			t.Choices[b.Data] = b.Title
		}
	}
	if ref == "" && len(t.Choices) == 0 {
		return ""
	}
	out := textOf(t)
	if len(out) > maxTracking {
		out = textOf(tracking{Ref: ref})
	}
	return out
}

// textOf writes JSON in which characters stand for themselves.
func textOf(t tracking) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(t) // it holds nothing but texts
	return strings.TrimSuffix(b.String(), "\n")
}

// said is a text, or the choice that it stands for.
func said(text, track string) channel.Message {
	title := ""
	data, marked := strings.CutPrefix(text, tapped)
	known := false
	if value := []byte(track); strings.Contains(track, `"choices"`) && scan.Valid(value) {
		s := scan.Of(scan.Get(value, "choices"))
		for name := range s.Members {
			if v := s.Value(); scan.Clean(name) == data {
				title, known = scan.Text(v), true
			}
		}
	}
	if data == "" || !marked && !known {
		return channel.Message{Type: hub.Text, Text: text}
	}
	if title == "" {
		title = data
	}
	return channel.Message{Type: hub.Choice, Text: title, Data: data}
}
