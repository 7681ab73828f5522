package messenger

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// The longest texts. Meta counts characters and does not say of which kind; UTF-16 units
// are what most of its clients count, and never fewer than code points.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
var (
	maxText    = channel.Limit{Max: 2000, In: channel.UTF16}
	maxBody    = channel.Limit{Max: 640, In: channel.UTF16} // of buttons
	maxCard    = channel.Limit{Max: 80, In: channel.UTF16}
	maxButton  = channel.Limit{Max: 20, In: channel.UTF16}
	maxPayload = channel.Limit{Max: 1000, In: channel.UTF16}
)

// Capabilities are the limits of the Send API.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy
func (a *Adapter) Capabilities() channel.Capabilities {
	const mb = 1 << 20
	medium := func(t hub.MessageType, bytes int64, mime ...string) channel.Shape {
		return channel.Shape{Media: channel.MediaLimit{Types: []hub.MessageType{t}, Bytes: bytes, MIME: mime}}
	}
	buttons := channel.Items{Max: 3, Title: maxButton, Data: maxPayload, Links: 3, MixedLinks: true}
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:    {Body: maxText, BodyNeeded: true},
			hub.Image:   medium(hub.Image, 8*mb, "image/jpeg", "image/png", "image/gif"),
			hub.Video:   medium(hub.Video, 25*mb),
			hub.Audio:   medium(hub.Audio, 25*mb),
			hub.File:    medium(hub.File, 25*mb),
			hub.Buttons: {Body: maxBody, BodyNeeded: true, Buttons: buttons},
			hub.Cards:   {Cards: 10, CardTitle: maxCard, CardText: maxCard, Buttons: buttons},
			hub.Native:  {Body: maxText}, // the text is for our own lists only
		},
		QuickReplies: channel.Items{Max: 13, Title: maxButton, Data: maxPayload},
		Quotes:       true,
		Receipts:     []hub.State{hub.Delivered, hub.Read},
		Window:       24 * time.Hour,
		PersonWindow: 7 * 24 * time.Hour,
		EntryWindow:  7 * 24 * time.Hour,
		Echoes:       true,
		// https://developers.facebook.com/documentation/business-messaging/messenger-platform/discovery/m-me-links
		Linking: hub.Linking{Source: true, Image: hub.ImageSquare,
			NoTarget: "Facebook's links into Messenger bring no message that the customer has only to send, and Messenger signs nobody in on a page"},
	}
}
