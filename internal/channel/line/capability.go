package line

import (
	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Limits of message objects. Labels, and the texts and titles of templates, are
// counted in grapheme clusters, all other texts in UTF-16 code units.
// https://developers.line.biz/en/reference/messaging-api/#message-objects
// https://developers.line.biz/en/docs/messaging-api/text-character-count/
const (
	maxText    = 5000
	maxAlt     = 1500 // of what stands in place of a template in lists
	maxLabel   = 20   // of an action, in a template or a quick reply
	maxData    = 300  // of a postback
	maxTitle   = 40   // of a template or a column
	maxConfirm = 240  // the text of the confirm template
	maxButtons = 160  // the text of the buttons template
	maxColumn  = 120  // the text of a carousel's column
	maxBeside  = 60   // either text beside an image or a title
	maxPlace   = 100  // title and address of a location
	maxURL     = 2000 // of a file
	maxLink    = 1000 // of an action

	maxPreview = 1 << 20 // bytes
	maxObjects = 5       // message objects in one call
)

// Capabilities tells what LINE can show. Its limits that depend on more than one
// member are not among them; Send knows them.
func (a *Adapter) Capabilities() channel.Capabilities {
	var (
		letters = func(n int) channel.Limit { return channel.Limit{Max: n, In: channel.Graphemes} }
		units   = func(n int) channel.Limit { return channel.Limit{Max: n, In: channel.UTF16} }
		actions = func(n int) channel.Items {
			return channel.Items{Max: n, Title: letters(maxLabel), Data: units(maxData), Links: n, MixedLinks: true}
		}
		images = channel.MediaLimit{Types: []hub.MessageType{hub.Image}, Bytes: 10 << 20, MIME: []string{"image/jpeg", "image/png"}}
	)
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:  {Body: units(maxText), BodyNeeded: true},
			hub.Image: {Media: images},
			hub.Video: {Media: channel.MediaLimit{Types: []hub.MessageType{hub.Video}, Bytes: 200 << 20, MIME: []string{"video/mp4"}}},
			hub.Audio: {Media: channel.MediaLimit{Types: []hub.MessageType{hub.Audio}, Bytes: 200 << 20,
				MIME: []string{"audio/mpeg", "audio/mp4", "audio/m4a", "audio/x-m4a"}}},
			hub.Location: {},
			hub.Buttons: {Body: letters(maxConfirm), BodyNeeded: true, Header: letters(maxTitle), Media: images,
				Buttons: actions(4)},
			hub.Cards: {Body: units(maxAlt), Cards: 10, CardTitle: letters(maxTitle), CardText: letters(maxColumn),
				Buttons: actions(3)},
			hub.Native: {Body: units(maxAlt)},
		},
		QuickReplies: actions(13),
		PerCall:      maxObjects,
		Idempotent:   true,
		Groups:       true,
		Follows:      true,
		// https://developers.line.biz/en/reference/messaging-api/#f-image (aspectRatio)
		Linking: hub.Linking{Source: true, Image: hub.ImageWhole, Tallest: tallest},
	}
}
