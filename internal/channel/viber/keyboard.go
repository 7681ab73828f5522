package viber

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"omnihub/internal/hub"
)

// keyboard is what stands below the chat until the next message comes, or as rich
// media a carousel in it. https://developers.viber.com/docs/tools/keyboards/
type keyboard struct {
	Type          string   `json:"Type"`                    // keyboard or rich_media
	DefaultHeight *bool    `json:"DefaultHeight,omitempty"` // of a keyboard: as high as the one for typing
	GroupColumns  int      `json:"ButtonsGroupColumns,omitempty"`
	GroupRows     int      `json:"ButtonsGroupRows,omitempty"`
	BgColor       string   `json:"BgColor,omitempty"`
	Buttons       []button `json:"Buttons"`
}

type button struct {
	Columns    int    `json:"Columns"`
	Rows       int    `json:"Rows"`
	ActionType string `json:"ActionType"` // reply, open-url or none
	ActionBody string `json:"ActionBody"`
	Image      string `json:"Image,omitempty"`
	Text       string `json:"Text,omitempty"` // may hold b, i, u, br and font tags
	HAlign     string `json:"TextHAlign,omitempty"`
	VAlign     string `json:"TextVAlign,omitempty"`
}

// inert is the ActionBody of what cannot be tapped.
const inert = "none"

// keyboardOf puts each button into a row of its own, or two into one where they are
// many.
func keyboardOf(buttons []hub.Button) (*keyboard, error) {
	if len(buttons) == 0 {
		return nil, nil
	}
	wide := len(buttons) <= maxRows
	out := &keyboard{Type: "keyboard", DefaultHeight: new(bool)}
	for i, b := range buttons {
		k, err := buttonOf(b)
		if err != nil {
			return nil, err
		}
		if last := i == len(buttons)-1; !wide && (!last || i%2 == 1) {
			k.Columns = columns / 2
		}
		out.Buttons = append(out.Buttons, k)
	}
	return out, nil
}

func buttonOf(b hub.Button) (button, error) {
	out := button{Columns: columns, Rows: 1, ActionType: "reply", ActionBody: tapped + b.Data, Text: plain(b.Title)}
	if b.URL != "" {
		if !opens(b.URL) {
			return button{}, fmt.Errorf("a link is none of http, https, tel and viber, or over %d bytes", maxURL)
		}
		out.ActionType, out.ActionBody = "open-url", b.URL
	}
	if utf8.RuneCountInString(out.Text) > maxButtonText {
		return button{}, fmt.Errorf("a button's title is over %d characters with what stands for <", maxButtonText)
	}
	return out, nil
}

// opens reports whether a customer's client can open a link.
func opens(link string) bool {
	scheme, rest, _ := strings.Cut(link, ":")
	switch strings.ToLower(scheme) {
	case "http", "https", "viber":
		return len(rest) > len("//") && strings.HasPrefix(rest, "//") && len(link) <= maxURL
	case "tel":
		return rest != "" && len(link) <= maxURL
	}
	return false
}

// entity is what a reader of tags takes for a character.
var entity = regexp.MustCompile(`&([a-zA-Z]|#[0-9xX])`)

// plain is a text without a tag in it. What no reader of tags would change stays as it
// is.
func plain(text string) string {
	text = entity.ReplaceAllString(text, "&amp;$1")
	return strings.ReplaceAll(text, "<", "&lt;")
}

// carousel makes a block of each card: a picture, title and text, and the buttons.
// All blocks have the same height, and a block must be full.
// https://developers.viber.com/docs/api/rest-bot-api/#rich-media-message--carousel-content-message
func (e *message) carousel(c hub.Content) error {
	out := &keyboard{Type: "rich_media", GroupColumns: columns, GroupRows: blockRows, BgColor: "#FFFFFF"}
	for _, card := range c.Cards {
		words := "<b>" + plain(card.Title) + "</b>"
		switch {
		case card.Title == "" && card.Text == "":
			return errors.New("cards: one has neither title nor text")
		case card.Title == "":
			words = plain(card.Text)
		case card.Text != "":
			words += "<br>" + plain(card.Text)
		}
		if utf8.RuneCountInString(words) > maxButtonText {
			return fmt.Errorf("cards: title and text are over %d characters with what stands for <", maxButtonText)
		}
		if len(card.Image) > maxURL {
			return fmt.Errorf("an address is over %d bytes", maxURL)
		}
		room := blockRows - len(card.Buttons)
		text := button{Columns: columns, Rows: room, ActionType: inert, ActionBody: inert, Text: words, HAlign: "left", VAlign: "top"}
		if card.Image != "" {
			text.Rows = 2
			out.Buttons = append(out.Buttons, button{Columns: columns, Rows: room - text.Rows, ActionType: inert, ActionBody: inert, Image: card.Image})
		}
		out.Buttons = append(out.Buttons, text)
		for _, b := range card.Buttons {
			k, err := buttonOf(b)
			if err != nil {
				return err
			}
			out.Buttons = append(out.Buttons, k)
		}
	}
	e.Type, e.MinAPI, e.RichMedia = "rich_media", 2, out
	e.AltText = cmp.Or(c.Text, c.Cards[0].Title, c.Cards[0].Text)
	return nil
}
