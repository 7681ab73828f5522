package line

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf16"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// object is a message object; which members are used follows from its type.
// https://developers.line.biz/en/reference/messaging-api/#message-objects
type object struct {
	Type               string      `json:"type"`
	Text               string      `json:"text,omitempty"`
	OriginalContentURL string      `json:"originalContentUrl,omitempty"`
	PreviewImageURL    string      `json:"previewImageUrl,omitempty"`
	Duration           int64       `json:"duration,omitempty"` // ms
	Title              string      `json:"title,omitempty"`
	Address            string      `json:"address,omitempty"`
	Latitude           *float64    `json:"latitude,omitempty"`
	Longitude          *float64    `json:"longitude,omitempty"`
	AltText            string      `json:"altText,omitempty"`
	Template           *template   `json:"template,omitempty"`
	Contents           *bubble     `json:"contents,omitempty"`
	QuickReply         *quickReply `json:"quickReply,omitempty"`
}

// https://developers.line.biz/en/reference/messaging-api/#template-messages
type template struct {
	Type string `json:"type"`
	column
	Columns []column `json:"columns,omitempty"`
}

// column is a column of a carousel; a buttons or a confirm template has the same
// members.
type column struct {
	ThumbnailImageURL string   `json:"thumbnailImageUrl,omitempty"`
	Title             string   `json:"title,omitempty"`
	Text              string   `json:"text,omitempty"`
	Actions           []action `json:"actions,omitempty"`
}

// action is a postback or a uri action.
// https://developers.line.biz/en/reference/messaging-api/#action-objects
type action struct {
	Type        string `json:"type"`
	Label       string `json:"label"`
	Data        string `json:"data,omitempty"`
	DisplayText string `json:"displayText,omitempty"` // stands in the chat as if the customer had written it
	URI         string `json:"uri,omitempty"`
}

// https://developers.line.biz/en/reference/messaging-api/#quick-reply
type quickReply struct {
	Items []quickReplyItem `json:"items"`
}

type quickReplyItem struct {
	Type   string `json:"type"`
	Action action `json:"action"`
}

// objectOf makes LINE's message object of a content that has passed the check, or
// tells what LINE would not take of it.
func objectOf(c hub.Content) (any, error) {
	quick, err := quickReplyOf(c.QuickReplies)
	if err != nil {
		return nil, err
	}
	if c.Type == hub.Native {
		return nativeOf(c, quick)
	}
	o := object{QuickReply: quick}
	switch c.Type {
	case hub.Text:
		o.Type, o.Text = "text", c.Text
	case hub.Image, hub.Video, hub.Audio:
		err = o.medium(c.Type, *c.Media)
	case hub.Location:
		err = o.place(*c.Place)
	case hub.Buttons:
		if m := c.Media; m != nil && m.Width > 0 && m.Height > 0 {
			err = o.bubble(c)
		} else {
			err = o.buttons(c)
		}
	case hub.Cards:
		err = o.carousel(c)
	default:
		err = fmt.Errorf("message type %s", c.Type)
	}
	return o, err
}

// https://developers.line.biz/en/reference/messaging-api/#image-message
func (o *object) medium(t hub.MessageType, m hub.Media) error {
	o.Type, o.OriginalContentURL = string(t), m.URL
	if long(m.URL, maxURL) || long(m.Preview, maxURL) {
		return fmt.Errorf("an address is over %d units", maxURL)
	}
	switch {
	case t == hub.Audio && m.Length <= 0:
		return errors.New("audio needs its length")
	case t == hub.Audio:
		o.Duration = m.Length
		return nil
	case m.Preview != "":
		o.PreviewImageURL = m.Preview
	case t == hub.Video:
		return errors.New("video needs a preview")
	case m.Size > maxPreview:
		return fmt.Errorf("an image over %d bytes needs a preview", maxPreview)
	default:
		o.PreviewImageURL = m.URL
	}
	return nil
}

// place needs title and address: one stands in for the other, and the coordinates
// for both. https://developers.line.biz/en/reference/messaging-api/#location-message
func (o *object) place(p hub.Place) error {
	if !(math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180) {
		return errors.New("place: no point on the map")
	}
	o.Type = "location"
	o.Address = cmp.Or(p.Address, p.Title, fmt.Sprintf("%v,%v", p.Latitude, p.Longitude))
	o.Title = cmp.Or(p.Title, o.Address)
	if long(o.Title, maxPlace) || long(o.Address, maxPlace) {
		return fmt.Errorf("place: title or address is over %d units", maxPlace)
	}
	o.Latitude, o.Longitude = &p.Latitude, &p.Longitude
	return nil
}

// buttons makes a confirm template of two bare buttons, since that takes the longer
// text, and a buttons template of all others. That shows a picture 1.51:1 and cuts off
// what is more.
// https://developers.line.biz/en/reference/messaging-api/#buttons
func (o *object) buttons(c hub.Content) error {
	t := template{Type: "buttons", column: column{Title: c.Header, Text: c.Text}}
	room := maxButtons
	if c.Media != nil {
		t.ThumbnailImageURL = c.Media.URL
	}
	switch {
	case c.Media != nil || c.Header != "":
		room = maxBeside
	case len(c.Buttons) == 2:
		t.Type, room = "confirm", maxConfirm
	}
	var err error
	if t.Actions, err = actionsOf(c.Buttons); err != nil {
		return err
	}
	o.Type, o.AltText, o.Template = "template", alt(c.Text), &t
	return t.check(room)
}

// https://developers.line.biz/en/reference/messaging-api/#carousel
func (o *object) carousel(c hub.Content) error {
	t := template{Type: "carousel"}
	for _, card := range c.Cards {
		col := column{ThumbnailImageURL: card.Image, Title: card.Title, Text: card.Text}
		room := maxColumn
		if card.Image != "" || card.Title != "" {
			room = maxBeside
		}
		var err error
		if col.Actions, err = actionsOf(card.Buttons); err != nil {
			return err
		}
		if err = col.check(room); err != nil {
			return err
		}
		t.Columns = append(t.Columns, col)
	}
	first := t.Columns[0]
	for _, col := range t.Columns {
		switch {
		case len(col.Actions) == 0 || len(col.Actions) != len(first.Actions):
			return errors.New("cards: each needs a button, and all the same number")
		case (col.ThumbnailImageURL == "") != (first.ThumbnailImageURL == "") || (col.Title == "") != (first.Title == ""):
			return errors.New("cards: all have an image or none, and all a title or none")
		}
	}
	o.Type, o.AltText, o.Template = "template", alt(cmp.Or(c.Text, first.Title, first.Text)), &t
	return nil
}

// check holds a column, or a template that is like one, against what its members
// demand of each other.
func (c column) check(room int) error {
	switch {
	case c.Text == "":
		return errors.New("text is empty")
	case channel.Graphemes.Count(c.Text) > room:
		return fmt.Errorf("text is over %d characters", room)
	case long(c.ThumbnailImageURL, maxURL):
		return fmt.Errorf("an address is over %d units", maxURL)
	}
	return nil
}

func actionsOf(buttons []hub.Button) ([]action, error) {
	var out []action
	for _, b := range buttons {
		if b.URL == "" {
			out = append(out, action{Type: "postback", Label: b.Title, Data: b.Data, DisplayText: b.Title})
			continue
		}
		if long(b.URL, maxLink) {
			return nil, fmt.Errorf("a link is over %d units", maxLink)
		}
		if !opens(b.URL) {
			return nil, errors.New("a link is none of http, https, line and tel")
		}
		out = append(out, action{Type: "uri", Label: b.Title, URI: b.URL})
	}
	return out, nil
}

func quickReplyOf(buttons []hub.Button) (*quickReply, error) {
	if len(buttons) == 0 {
		return nil, nil
	}
	actions, err := actionsOf(buttons)
	out := &quickReply{}
	for _, a := range actions {
		out.Items = append(out.Items, quickReplyItem{Type: "action", Action: a})
	}
	return out, err
}

// opens reports whether LINE can open a link.
// https://developers.line.biz/en/reference/messaging-api/#uri-action
func opens(link string) bool {
	scheme, rest, _ := strings.Cut(link, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "line":
		return len(rest) > len("//") && strings.HasPrefix(rest, "//")
	case "tel":
		return rest != ""
	}
	return false
}

// alt is what stands in place of a template in lists: its text, as much as fits.
func alt(text string) string {
	units := 0
	for i, r := range text {
		if units += utf16.RuneLen(r); units > maxAlt {
			return text[:i]
		}
	}
	return text
}

// long reports whether a text is over so many UTF-16 code units.
func long(text string, units int) bool {
	return len(text) > units && channel.UTF16.Count(text) > units
}

// Preview is LINE's message object.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	const op = "line: preview"
	o, err := objectOf(m)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, err)
	}
	out, err := json.Marshal(o)
	if err != nil {
		return nil, hub.E(hub.Unsupported, op, errors.New("it is no JSON"))
	}
	return out, nil
}
