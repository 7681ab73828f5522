package line

import (
	"encoding/json"
	"errors"
	"fmt"

	"omnihub/internal/hub"
)

// What a flex message takes of a picture.
// https://developers.line.biz/en/reference/messaging-api/#f-image
const (
	maxRatio = 100000 // each side of aspectRatio
	tallest  = 3      // its height, as a multiple of its width
)

// bubble is the container of a flex message.
// https://developers.line.biz/en/reference/messaging-api/#bubble
type bubble struct {
	Type   string    `json:"type"`
	Hero   component `json:"hero"`
	Body   component `json:"body"`
	Footer component `json:"footer"`
}

// component is a part of a bubble; which members are used follows from its type.
// https://developers.line.biz/en/reference/messaging-api/#flex-component
type component struct {
	Type string `json:"type"` // box, image, text or button

	Layout   string      `json:"layout,omitempty"`
	Spacing  string      `json:"spacing,omitempty"`
	Contents []component `json:"contents,omitempty"`

	URL         string `json:"url,omitempty"`
	Size        string `json:"size,omitempty"`
	AspectRatio string `json:"aspectRatio,omitempty"`
	AspectMode  string `json:"aspectMode,omitempty"`

	Text   string `json:"text,omitempty"`
	Weight string `json:"weight,omitempty"`
	Wrap   bool   `json:"wrap,omitempty"`

	Style  string  `json:"style,omitempty"`
	Action *action `json:"action,omitempty"`
}

func box(spacing string, contents ...component) component {
	return component{Type: "box", Layout: "vertical", Spacing: spacing, Contents: contents}
}

// bubble makes a flex message of buttons below a picture whose size is known: it shows the
// picture in its own ratio, where a template would cut it, and takes the longer text. A tap
// on the picture does what the first link does.
func (o *object) bubble(c hub.Content) error {
	if c.Text == "" {
		return errors.New("text is empty")
	}
	if long(c.Media.URL, maxURL) {
		return fmt.Errorf("an address is over %d units", maxURL)
	}
	actions, err := actionsOf(c.Buttons)
	if err != nil {
		return err
	}
	hero := component{Type: "image", URL: c.Media.URL, Size: "full"}
	hero.AspectRatio, hero.AspectMode = ratio(c.Media.Width, c.Media.Height)
	var footer []component
	for i := range actions {
		style := "primary"
		if i > 0 {
			style = "secondary"
		}
		footer = append(footer, component{Type: "button", Style: style, Action: &actions[i]})
		if hero.Action == nil && actions[i].Type == "uri" {
			hero.Action = &actions[i]
		}
	}
	body := []component{{Type: "text", Text: c.Text, Wrap: true}}
	if c.Header != "" {
		body = append([]component{{Type: "text", Text: c.Header, Weight: "bold", Wrap: true}}, body...)
	}
	b := &bubble{Type: "bubble", Hero: hero, Body: box("md", body...), Footer: box("sm", footer...)}
	switch raw, err := json.Marshal(b); {
	case err != nil || len(raw) > maxBubble:
		return fmt.Errorf("a card is over %d bytes", maxBubble)
	}
	o.Type, o.AltText, o.Contents = "flex", alt(c.Text), b
	return nil
}

// ratio is the one in which a picture is shown, and how it fills that: what is higher than
// LINE has it stands whole, with room beside it.
func ratio(width, height int) (aspect, mode string) {
	mode = "cover"
	if height > tallest*width {
		width, height, mode = 1, tallest, "fit"
	}
	by := (max(width, height) + maxRatio - 1) / maxRatio
	return fmt.Sprintf("%d:%d", max(width/by, 1), max(height/by, 1)), mode
}
