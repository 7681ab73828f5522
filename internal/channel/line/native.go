package line

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"omnihub/internal/hub"
)

// Limits of a flex message. https://developers.line.biz/en/reference/messaging-api/#flex-message
const (
	maxBubble       = 30 << 10 // bytes of JSON
	maxFlexCarousel = 50 << 10 // bytes of JSON
	maxBubbles      = 12
)

// nativeOf completes a message object in LINE's own words: the content's text
// becomes its altText, if it is of a type that needs one, and quick replies are put
// beside it. What LINE checks by itself is left to it.
func nativeOf(c hub.Content, quick *quickReply) (any, error) {
	var (
		o    map[string]json.RawMessage
		kind string
	)
	if json.Unmarshal(c.Native, &o) != nil || json.Unmarshal(o["type"], &kind) != nil || kind == "" {
		return nil, errors.New("native: no message object with a type")
	}
	if kind == "flex" || kind == "template" || kind == "imagemap" {
		var alt string
		if c.Text != "" {
			encoded, err := json.Marshal(c.Text)
			if err != nil {
				return nil, errors.New("native: text")
			}
			o["altText"] = encoded
		}
		if json.Unmarshal(o["altText"], &alt) != nil || alt == "" || long(alt, maxAlt) {
			return nil, fmt.Errorf("native: needs a text of at most %d units to stand in its place", maxAlt)
		}
	}
	if kind == "flex" {
		if err := checkFlex(o["contents"]); err != nil {
			return nil, err
		}
	}
	if quick != nil {
		if o["quickReply"] != nil {
			return nil, errors.New("native: has quick replies of its own")
		}
		encoded, err := json.Marshal(quick)
		if err != nil {
			return nil, errors.New("native: quick replies")
		}
		o["quickReply"] = encoded
	}
	return o, nil
}

func checkFlex(container json.RawMessage) error {
	var in struct {
		Type     string            `json:"type"`
		Contents []json.RawMessage `json:"contents"`
	}
	if json.Unmarshal(container, &in) != nil {
		return errors.New("native: flex without contents")
	}
	switch in.Type {
	case "bubble":
		if compact(container) > maxBubble {
			return fmt.Errorf("native: bubble is over %d bytes", maxBubble)
		}
	case "carousel":
		if compact(container) > maxFlexCarousel {
			return fmt.Errorf("native: carousel is over %d bytes", maxFlexCarousel)
		}
		if n := len(in.Contents); n == 0 || n > maxBubbles {
			return fmt.Errorf("native: a carousel has 1 to %d bubbles", maxBubbles)
		}
		for _, bubble := range in.Contents {
			if compact(bubble) > maxBubble {
				return fmt.Errorf("native: bubble is over %d bytes", maxBubble)
			}
		}
	default:
		return errors.New("native: flex is neither bubble nor carousel")
	}
	return nil
}

// compact is the length of a JSON text as it goes over the wire.
func compact(text json.RawMessage) int {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return len(text)
	}
	return b.Len()
}
