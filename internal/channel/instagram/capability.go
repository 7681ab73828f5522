package instagram

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// The longest texts. Meta counts a text's bytes; of the others it says characters, and
// not of which kind.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/send-message
var (
	maxText    = channel.Limit{Max: 1000, In: channel.Bytes}
	maxAbove   = channel.Limit{Max: 640} // above buttons
	maxLine    = channel.Limit{Max: 80}  // of a card
	maxTitle   = channel.Limit{Max: 20}
	maxPayload = channel.Limit{Max: 1000}
)

// Capabilities are the limits of Instagram's messaging API.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/button-template
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/generic-template
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy
func (a *Adapter) Capabilities() channel.Capabilities {
	const mb, day = 1 << 20, 24 * time.Hour
	medium := func(t hub.MessageType, bytes int64, mime ...string) channel.Shape {
		return channel.Shape{Media: channel.MediaLimit{Types: []hub.MessageType{t}, Bytes: bytes, MIME: mime}}
	}
	buttons := channel.Items{Max: 3, Title: maxTitle, Data: maxPayload, Links: 3, MixedLinks: true}
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:  {Body: maxText, BodyNeeded: true},
			hub.Image: medium(hub.Image, 8*mb, "image/png", "image/jpeg"),
			hub.Audio: medium(hub.Audio, 25*mb, "audio/aac", "audio/mp4", "audio/x-m4a", "audio/m4a", "audio/wav", "audio/x-wav"),
			hub.Video: medium(hub.Video, 25*mb, "video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm"),
			hub.File:  medium(hub.File, 25*mb, "application/pdf"),
			hub.Buttons: {
				Body: maxAbove, BodyNeeded: true, Buttons: buttons,
			},
			hub.Cards: {Cards: 10, CardTitle: maxLine, CardText: maxLine, Buttons: buttons},
			// The text of a native message is for our own lists only.
			hub.Native: {Body: channel.Limit{Max: 4096}},
		},
		QuickReplies: channel.Items{Max: 13, Title: maxTitle, Data: maxPayload},
		Receipts:     []hub.State{hub.Read},
		Window:       day,
		PersonWindow: 7 * day,
		EntryWindow:  7 * day,
		Echoes:       true,
		// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/ig-me-links
		Linking: hub.Linking{Source: true, Image: hub.ImageSquare,
			NoTarget: "Instagram's links into its chat bring no message that the customer has only to send, and Instagram signs nobody in on a page"},
	}
}
