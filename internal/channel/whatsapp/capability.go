package whatsapp

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// The longest texts. Meta counts characters and does not say of which kind.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
var (
	maxText    = channel.Limit{Max: 4096}
	maxBody    = channel.Limit{Max: 1024} // of captions, buttons and forms
	maxLine    = channel.Limit{Max: 60}   // of headers and footers
	maxButton  = channel.Limit{Max: 20}
	maxReplyID = channel.Limit{Max: 256}
)

// Capabilities are the limits of the Cloud API.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media#supported-media-types
// https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
// https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing#free-entry-points
func (a *Adapter) Capabilities() channel.Capabilities {
	const kb, mb = 1 << 10, 1 << 20
	medium := func(t hub.MessageType, bytes int64, mime ...string) channel.MediaLimit {
		return channel.MediaLimit{Types: []hub.MessageType{t}, Bytes: bytes, MIME: mime}
	}
	above := channel.MediaLimit{Types: []hub.MessageType{hub.Image, hub.Video, hub.File}, Bytes: 100 * mb}
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:  {Body: maxText, BodyNeeded: true},
			hub.Image: {Body: maxBody, Media: medium(hub.Image, 5*mb, "image/jpeg", "image/png")},
			hub.Video: {Body: maxBody, Media: medium(hub.Video, 16*mb, "video/mp4", "video/3gpp")},
			hub.Audio: {Media: medium(hub.Audio, 16*mb,
				"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/ogg; codecs=opus")},
			hub.File:     {Body: maxBody, Media: medium(hub.File, 100*mb)},
			hub.Sticker:  {Media: medium(hub.Sticker, 500*kb, "image/webp")},
			hub.Location: {},
			hub.Buttons: {
				Body: maxBody, BodyNeeded: true, Header: maxLine, Footer: maxLine, Media: above,
				Buttons: channel.Items{Max: 3, Title: maxButton, Data: maxReplyID, Links: 1},
			},
			hub.Menu: {
				Body: maxText, BodyNeeded: true, Header: maxLine, Footer: maxLine,
				Sections: 10, Rows: 10, RowTitle: channel.Limit{Max: 24}, RowText: channel.Limit{Max: 72},
				RowData: channel.Limit{Max: 200}, Opener: maxButton,
			},
			// The texts of templates and of native messages are for our own lists only.
			hub.Template: {Body: maxText},
			hub.Native:   {Body: maxText},
			hub.Form: {
				Body: maxBody, BodyNeeded: true, Header: maxLine, Footer: maxLine, Media: above,
				Opener: channel.Limit{Max: 30},
			},
		},
		Quotes:     true,
		ReceiptRef: true,
		Receipts:   []hub.State{hub.Sent, hub.Delivered, hub.Read, hub.Failed},
		Window:     24 * time.Hour,
		EntryFree:  72 * time.Hour,
		Pair:       channel.Pace{Every: 6 * time.Second, Burst: 45},
		Aliases:    true,
		Groups:     true,
		Linking:    hub.Linking{Source: true, Image: hub.ImageWhole},
	}
}
