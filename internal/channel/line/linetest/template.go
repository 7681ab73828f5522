package linetest

import (
	"fmt"
	"net/url"
	"strings"
)

// template looks at a template. https://developers.line.biz/en/reference/messaging-api/#template-messages
func (in *inspector) template(v any) {
	t, _ := v.(object)
	switch t["type"] {
	case "buttons":
		in.column(t, "template", 160, 4)
	case "confirm":
		in.letters(t, "text", "template", 240, true)
		if list := in.actions(t, "template", 2, 20); len(list) < 2 {
			in.bad("template/actions", "must not be less than 2 items")
		}
	case "carousel":
		in.columns(t, func(c object, path string) { in.column(c, path, 120, 3) })
		in.alike(t)
	case "image_carousel":
		in.columns(t, func(c object, path string) {
			in.link(c, "imageUrl", path, 2000, true, "https")
			in.action(c["action"], path+"/action", 12, false)
		})
	default:
		in.bad("template/type", "invalid template type")
	}
}

// column looks at a column of a carousel, or at a buttons template.
func (in *inspector) column(c object, path string, most, actions int) {
	in.link(c, "thumbnailImageUrl", path, 2000, false, "https")
	in.letters(c, "title", path, 40, false)
	if c["thumbnailImageUrl"] != nil || c["title"] != nil {
		most = 60
	}
	in.letters(c, "text", path, most, true)
	in.actions(c, path, actions, 20)
	if c["defaultAction"] != nil {
		in.action(c["defaultAction"], path+"/defaultAction", 20, false)
	}
}

func (in *inspector) columns(t object, each func(c object, path string)) {
	list, _ := t["columns"].([]any)
	switch {
	case len(list) == 0:
		in.bad("template/columns", "must be specified")
	case len(list) > 10:
		in.bad("template/columns", "must not be more than 10 items")
	}
	for i, v := range list {
		c, _ := v.(object)
		each(c, fmt.Sprintf("template/columns/%d", i))
	}
}

// alike wants the same number of actions, and an image and a title, in every column
// or in none. https://developers.line.biz/en/reference/messaging-api/#column-object-for-carousel
func (in *inspector) alike(t object) {
	list, _ := t["columns"].([]any)
	for i, v := range list {
		c, _ := v.(object)
		first, _ := list[0].(object)
		actions, _ := c["actions"].([]any)
		others, _ := first["actions"].([]any)
		if len(actions) != len(others) {
			in.bad(fmt.Sprintf("template/columns/%d/actions", i), "must have the same number of actions in all columns")
		}
		for _, name := range []string{"thumbnailImageUrl", "title"} {
			if (c[name] == nil) != (first[name] == nil) {
				in.bad(fmt.Sprintf("template/columns/%d/%s", i, name), "must be specified in all columns or in none")
			}
		}
	}
}

// letters looks at a text that is counted in grapheme clusters.
func (in *inspector) letters(o object, name, path string, most int, needed bool) {
	text, _ := o[name].(string)
	switch {
	case o[name] == nil && !needed:
	case text == "":
		in.bad(path+"/"+name, "must be non-empty text")
	case letters(text) > most:
		in.bad(path+"/"+name, fmt.Sprintf("must not be longer than %d characters", most))
	}
}

// units looks at a text that is counted in UTF-16.
func (in *inspector) units(o object, name, path string, most int) {
	text, _ := o[name].(string)
	switch {
	case text == "":
		in.bad(path+"/"+name, "must be non-empty text")
	case units(text) > most:
		in.bad(path+"/"+name, fmt.Sprintf("size must be between 0 and %d", most))
	}
}

// link looks at an address of one of some schemes.
func (in *inspector) link(o object, name, path string, most int, needed bool, schemes ...string) {
	if o[name] == nil && !needed {
		return
	}
	address, _ := o[name].(string)
	u, err := url.Parse(address)
	switch {
	case units(address) > most:
		in.bad(path+"/"+name, fmt.Sprintf("size must be between 0 and %d", most))
	case err != nil || address == "":
		in.bad(path+"/"+name, "invalid uri")
	case !oneOf(strings.ToLower(u.Scheme), schemes...):
		in.bad(path+"/"+name, "invalid uri scheme")
	case u.Host == "" && u.Opaque == "":
		in.bad(path+"/"+name, "invalid uri")
	}
}

// actions looks at an object's actions, of which there must be at least one.
func (in *inspector) actions(o object, path string, most, label int) []any {
	list, _ := o["actions"].([]any)
	switch {
	case len(list) == 0:
		in.bad(path+"/actions", "must be specified")
	case len(list) > most:
		in.bad(path+"/actions", fmt.Sprintf("must not be more than %d items", most))
	}
	for i, v := range list {
		in.action(v, fmt.Sprintf("%s/actions/%d", path, i), label, true)
	}
	return list
}

// action looks at an action. https://developers.line.biz/en/reference/messaging-api/#action-objects
func (in *inspector) action(v any, path string, label int, labelled bool) {
	a, _ := v.(object)
	in.letters(a, "label", path, label, labelled)
	switch a["type"] {
	case "postback":
		in.units(a, "data", path, 300)
		in.letters(a, "displayText", path, 300, false)
		in.letters(a, "text", path, 300, false)
		in.letters(a, "fillInText", path, 300, false)
		if a["displayText"] != nil && a["text"] != nil {
			in.bad(path+"/displayText", "must not be specified with text")
		}
	case "message":
		in.letters(a, "text", path, 300, true)
	case "uri":
		in.link(a, "uri", path, 1000, true, "http", "https", "line", "tel")
	case "datetimepicker":
		in.units(a, "data", path, 300)
		if !oneOf(a["mode"], "date", "time", "datetime") {
			in.bad(path+"/mode", "must be one of: date, time, datetime")
		}
	case "clipboard":
		in.units(a, "clipboardText", path, 1000)
	case "camera", "cameraRoll", "location":
		if !strings.HasPrefix(path, "quickReply/") {
			in.bad(path+"/type", "must be set to a quick reply")
		}
	default:
		in.bad(path+"/type", "invalid action type")
	}
}

// quickReplies looks at what stands below the message. LINE names the members of
// these as those of the message itself.
// https://developers.line.biz/en/reference/messaging-api/#quick-reply
func (in *inspector) quickReplies(v any) {
	if v == nil {
		return
	}
	q, _ := v.(object)
	items, _ := q["items"].([]any)
	if len(items) < 1 || len(items) > 13 {
		in.wrong("quickReply.items", "Size must be between 1 and 13")
	}
	for i, v := range items {
		item, _ := v.(object)
		path := fmt.Sprintf("quickReply/items[%d]", i)
		if item["type"] != "action" {
			in.wrong(fmt.Sprintf("quickReply.items[%d].type", i), "Must be action")
		}
		within := &inspector{}
		within.action(item["action"], path+"/action", 20, true)
		if item["imageUrl"] != nil {
			within.link(item, "imageUrl", path, 2000, true, "https")
		}
		for _, d := range within.inner {
			in.wrong(strings.ReplaceAll(d.Property, "/", "."), d.Message)
		}
	}
}
