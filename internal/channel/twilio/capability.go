package twilio

import (
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// The longest texts. Twilio counts characters and does not say of which kind; the
// captions' limit is WhatsApp's own.
// https://www.twilio.com/docs/api/errors/21617
var (
	maxText    = channel.Limit{Max: 1600, In: channel.UTF16}
	maxCaption = channel.Limit{Max: 1024, In: channel.UTF16}
)

// Capabilities are the limits of WhatsApp through Twilio. Buttons, lists and cards are
// possible in a template of Twilio's only.
// https://www.twilio.com/docs/messaging/guides/accepted-mime-types
// https://www.twilio.com/docs/whatsapp/key-concepts
func (a *Adapter) Capabilities() channel.Capabilities {
	const mb = 1 << 20
	medium := func(t hub.MessageType, bytes int64, mime ...string) channel.MediaLimit {
		return channel.MediaLimit{Types: []hub.MessageType{t}, Bytes: bytes, MIME: mime}
	}
	const office = "application/vnd.openxmlformats-officedocument."
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:  {Body: maxText, BodyNeeded: true},
			hub.Image: {Body: maxCaption, Media: medium(hub.Image, 5*mb, "image/jpeg", "image/jpg", "image/png")},
			hub.Video: {Body: maxCaption, Media: medium(hub.Video, 16*mb, "video/mp4")},
			hub.Audio: {Media: medium(hub.Audio, 16*mb,
				"audio/ogg", "audio/ogg; codecs=opus", "audio/amr", "audio/3gpp", "audio/aac", "audio/mpeg")},
			hub.File: {Media: medium(hub.File, 16*mb,
				"application/pdf", "application/msword", office+"wordprocessingml.document",
				office+"presentationml.presentation", office+"spreadsheetml.sheet", "text/vcard")},
			hub.Location: {},
			// The texts of templates and of native messages are for our own lists only.
			hub.Template: {Body: maxText},
			hub.Native:   {Body: maxText},
		},
		ReceiptRef: true,
		Receipts:   []hub.State{hub.Sent, hub.Delivered, hub.Read, hub.Failed},
		Window:     24 * time.Hour,
		EntryFree:  72 * time.Hour,
		Pair:       channel.Pace{Every: 6 * time.Second, Burst: 45}, // WhatsApp's own
		Aliases:    true,
		Linking:    hub.Linking{Source: true, Image: hub.ImageWhole},
	}
}
