package hub

import (
	"encoding/json"
	"strings"
)

// MaxContent is how large a content may be, in bytes of JSON: beyond what any platform
// takes, and within what one item of a table holds.
const MaxContent = 256 << 10

// Content is what a message to a customer shows, in terms that all channels share.
// Which members are used follows from its Type. A channel that cannot show a form
// refuses it with the code Unsupported.
type Content struct {
	Type MessageType `json:"type"`
	Text string      `json:"text,omitempty"` // the body: of a text, of buttons, of a list; the caption of a medium

	Header string `json:"header,omitempty"` // a line above the body: buttons, list, form
	Footer string `json:"footer,omitempty"` // a line below it

	Media        *Media        `json:"media,omitempty"`         // image, video, audio, file, sticker; above the body: buttons, form
	Place        *Place        `json:"place,omitempty"`         // location
	Buttons      []Button      `json:"buttons,omitempty"`       // buttons
	QuickReplies []Button      `json:"quick_replies,omitempty"` // beside any form, gone once tapped
	List         *List         `json:"list,omitempty"`          // list
	Cards        []Card        `json:"cards,omitempty"`         // cards
	Template     *TemplateCall `json:"template,omitempty"`      // template
	Form         *FormCall     `json:"form,omitempty"`          // form

	// Native is a message object in the platform's own words (a LINE flex message),
	// for what no other form can say. Text is then what stands in lists and
	// notifications.
	Native json.RawMessage `json:"native,omitempty"`

	// Parts are the messages of a Several, in order, at least two and none of them a
	// Several. It has no other member.
	Parts []Content `json:"parts,omitempty"`

	ReplyTo string `json:"reply_to,omitempty"` // the platform's id of the message that this one quotes
}

// Media is a file by its address. The platform fetches it.
type Media struct {
	URL     string `json:"url"`               // https
	Preview string `json:"preview,omitempty"` // https; a small image of it, where the platform asks for one
	MIME    string `json:"mime,omitempty"`
	Name    string `json:"name,omitempty"`      // of a file
	Size    int64  `json:"size,omitempty"`      // bytes
	Length  int64  `json:"length_ms,omitempty"` // of audio and video, in milliseconds
	// Width and Height are the ratio of an image, in pixels; 0 = not known.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
}

// Place is a point on the map.
type Place struct {
	Title     string  `json:"title,omitempty"`
	Address   string  `json:"address,omitempty"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Button is something to tap. With a URL it opens the page; else Data comes back as
// a message of type Choice.
type Button struct {
	Title string `json:"title"`
	Data  string `json:"data,omitempty"`
	URL   string `json:"url,omitempty"`
}

// List is a menu that opens on a tap.
type List struct {
	Button   string    `json:"button"` // what opens it
	Sections []Section `json:"sections"`
}

// Section is a group of rows of a List.
type Section struct {
	Title string `json:"title,omitempty"`
	Rows  []Row  `json:"rows"`
}

// Row is one entry of a List. Data comes back when it is chosen.
type Row struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Data        string `json:"data"`
}

// Card is one column of a carousel.
type Card struct {
	Image   string   `json:"image,omitempty"`  // https
	Square  bool     `json:"square,omitempty"` // the image is 1:1, and is to be shown so
	Title   string   `json:"title,omitempty"`
	Text    string   `json:"text"`
	Buttons []Button `json:"buttons,omitempty"`
}

// TemplateCall is a message that the platform has approved beforehand, with its
// blanks filled in.
type TemplateCall struct {
	Name     string `json:"name"`
	Language string `json:"language"` // the platform's code: "zh_TW"

	Header  *TemplateHeader  `json:"header,omitempty"`
	Body    []Blank          `json:"body,omitempty"`
	Buttons []TemplateButton `json:"buttons,omitempty"`
}

// TemplateHeader fills the header of a template: a text's blank, a medium or a place.
type TemplateHeader struct {
	Text  *Blank      `json:"text,omitempty"`
	Kind  MessageType `json:"kind,omitempty"` // of Media: image, video, file
	Media *Media      `json:"media,omitempty"`
	Place *Place      `json:"place,omitempty"`
}

// Blank is the value of one of a template's blanks; blanks without names are filled
// in order.
type Blank struct {
	Name  string `json:"name,omitempty"`
	Value string `json:"value"`
}

// TemplateButton fills one of a template's buttons.
type TemplateButton struct {
	Index int    `json:"index"`          // among the template's buttons, from 0
	Data  string `json:"data,omitempty"` // of a quick reply: what comes back
	URL   string `json:"url,omitempty"`  // of a link: what is put at its end
	Code  string `json:"code,omitempty"` // of a coupon code
	// Form opens a form; its ID and Title are the template's own.
	Form *FormCall `json:"form,omitempty"`
}

// FormCall invites the customer to fill in a form within the channel (a WhatsApp
// Flow). The answers come back as a message of type Form with the same Token.
type FormCall struct {
	ID     string          `json:"id,omitempty"`   // exactly one of ID and Name
	Name   string          `json:"name,omitempty"` //
	Token  string          `json:"token"`
	Title  string          `json:"title,omitempty"`  // what opens it
	Screen string          `json:"screen,omitempty"` // the first one; empty: the form's endpoint decides
	Data   json.RawMessage `json:"data,omitempty"`   // what the screen starts with, a JSON object
	Draft  bool            `json:"draft,omitempty"`  // not published yet
}

// Words are what stands for the content in lists: its text, or those of its parts.
func (c Content) Words() string {
	if c.Type != Several {
		return c.Text
	}
	var words []string
	for _, part := range c.Parts {
		if part.Text != "" {
			words = append(words, part.Text)
		}
	}
	return strings.Join(words, "\n")
}

// TextContent is a plain text.
func TextContent(text string) Content { return Content{Type: Text, Text: text} }
