package linetest

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Limits of flex messages. https://developers.line.biz/en/reference/messaging-api/#flex-message
const (
	bubbleSize    = 30 * 1024
	carouselSize  = 50 * 1024
	bubblesAtMost = 12
	flexLabel     = 40
)

// container looks at a flex message's contents.
func (in *inspector) container(v any) {
	c, _ := v.(object)
	switch c["type"] {
	case "bubble":
		in.bubble(c, "")
	case "carousel":
		list, _ := c["contents"].([]any)
		if len(list) < 1 || len(list) > bubblesAtMost {
			in.bad("/contents", fmt.Sprintf("must be 1 to %d items", bubblesAtMost))
		}
		for i, v := range list {
			b, _ := v.(object)
			path := fmt.Sprintf("/contents/%d", i)
			if b["type"] != "bubble" {
				in.bad(path+"/type", "must be bubble")
			}
			in.bubble(b, path)
		}
	default:
		in.bad("/type", "unknown type")
	}
}

func (in *inspector) bubble(b object, path string) {
	for _, block := range []string{"header", "body", "footer"} {
		if v, ok := b[block]; ok {
			in.component(v, path+"/"+block, "box")
		}
	}
	if v, ok := b["hero"]; ok {
		in.component(v, path+"/hero", "box", "image", "video")
	}
	if b["action"] != nil {
		in.action(b["action"], path+"/action", flexLabel, false)
	}
}

// component looks at a component that must be of one of some types.
// https://developers.line.biz/en/reference/messaging-api/#flex-component
func (in *inspector) component(v any, path string, types ...string) {
	c, _ := v.(object)
	if !oneOf(c["type"], types...) {
		in.bad(path+"/type", "unknown type")
		return
	}
	switch c["type"] {
	case "box":
		if !oneOf(c["layout"], "horizontal", "vertical", "baseline") {
			in.bad(path+"/layout", "must be one of: horizontal, vertical, baseline")
		}
		list, ok := c["contents"].([]any)
		if !ok {
			in.bad(path+"/contents", "must be specified")
		}
		for i, v := range list {
			in.component(v, fmt.Sprintf("%s/contents/%d", path, i), "box", "button", "image", "icon", "text", "separator", "filler")
		}
	case "button":
		in.action(c["action"], path+"/action", flexLabel, true)
		return
	case "image", "icon":
		in.link(c, "url", path, 2000, true, "https")
	case "video":
		in.link(c, "url", path, 2000, true, "https")
		in.link(c, "previewUrl", path, 2000, true, "https")
	case "text":
		if text, _ := c["text"].(string); text == "" && c["contents"] == nil {
			in.bad(path+"/text", "must be non-empty text")
		}
	}
	if c["action"] != nil {
		in.action(c["action"], path+"/action", flexLabel, false)
	}
}

// flexSize looks at how much JSON the contents are.
func (in *inspector) flexSize(contents json.RawMessage) {
	var c struct {
		Type     string
		Contents []json.RawMessage
	}
	if json.Unmarshal(contents, &c) != nil {
		return // told before
	}
	size := func(raw json.RawMessage) int {
		var b bytes.Buffer
		_ = json.Compact(&b, raw) // it was read before
		return b.Len()
	}
	switch {
	case c.Type == "bubble" && size(contents) > bubbleSize:
		in.bad("/", "bubble must not be larger than 30 KB")
	case c.Type == "carousel" && size(contents) > carouselSize:
		in.bad("/", "carousel must not be larger than 50 KB")
	}
	for i, bubble := range c.Contents {
		if c.Type == "carousel" && size(bubble) > bubbleSize {
			in.bad(fmt.Sprintf("/contents/%d", i), "bubble must not be larger than 30 KB")
		}
	}
}
