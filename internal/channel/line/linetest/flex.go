package linetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
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
		in.chosen(c, "spacing", path, "none", "xs", "sm", "md", "lg", "xl", "xxl")
	case "button":
		in.chosen(c, "style", path, "primary", "secondary", "link")
		in.chosen(c, "height", path, "sm", "md")
		in.action(c["action"], path+"/action", flexLabel, true)
		return
	case "image", "icon":
		in.link(c, "url", path, 2000, true, "https")
		in.ratio(c, path, c["type"] == "image")
	case "video":
		in.link(c, "url", path, 2000, true, "https")
		in.link(c, "previewUrl", path, 2000, true, "https")
	case "text":
		if text, _ := c["text"].(string); text == "" && c["contents"] == nil {
			in.bad(path+"/text", "must be non-empty text")
		}
		in.chosen(c, "weight", path, "regular", "bold")
		if wrap := c["wrap"]; wrap != nil && wrap != true && wrap != false {
			in.bad(path+"/wrap", "must be a boolean")
		}
	}
	if c["action"] != nil {
		in.action(c["action"], path+"/action", flexLabel, false)
	}
}

// chosen looks at a member that has one of some values, if it is there. A spacing may be a
// number of pixels instead.
func (in *inspector) chosen(c object, name, path string, values ...string) {
	v, there := c[name]
	if text, _ := v.(string); there && !oneOf(v, values...) && (name != "spacing" || !pixels.MatchString(text)) {
		in.bad(path+"/"+name, "must be one of: "+strings.Join(values, ", "))
	}
}

var (
	pixels     = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?px$`)
	aspectForm = regexp.MustCompile(`^([1-9][0-9]{0,5}):([1-9][0-9]{0,5})$`)
)

// ratio looks at the form in which a picture is shown: "width:height", each from 1 to
// 100000, and the height of an image at most three times the width.
// https://developers.line.biz/en/reference/messaging-api/#f-image
func (in *inspector) ratio(c object, path string, image bool) {
	in.chosen(c, "aspectMode", path, "cover", "fit")
	v, there := c["aspectRatio"]
	if !there {
		return
	}
	text, _ := v.(string)
	sides := aspectForm.FindStringSubmatch(text)
	if sides == nil {
		in.bad(path+"/aspectRatio", "invalid aspect ratio")
		return
	}
	width, _ := strconv.Atoi(sides[1]) // digits
	height, _ := strconv.Atoi(sides[2])
	if max(width, height) > 100000 || image && height > 3*width {
		in.bad(path+"/aspectRatio", "invalid aspect ratio")
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
