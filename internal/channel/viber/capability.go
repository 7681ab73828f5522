package viber

import (
	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// What Viber takes. It counts characters and does not say of which kind.
// https://developers.viber.com/docs/api/rest-bot-api/#message-types
// https://creators.viber.com/docs/bots-api/data-models/message
const (
	maxBody     = 30_000 // bytes of a request's JSON: "30 KB"
	maxText     = 7000
	maxCaption  = 512
	maxSender   = 28
	maxFileName = 256
	maxURL      = 2000
	maxPicture  = 1 << 20  // bytes; clients on Android take 3 MB
	maxVideo    = 26 << 20 // bytes
	maxFile     = 50 << 20 // bytes
	maxLength   = 600_000  // of a video, ms; one of Viber's pages says 180 s
)

// Of a keyboard and a carousel.
// https://developers.viber.com/docs/tools/keyboards/
const (
	maxButtonText = 250 // with its tags
	maxRows       = 12  // of a keyboard, held upright
	maxBlocks     = 6   // of a carousel
	blockRows     = 7   // of a block of a carousel
	columns       = 6   // of both
	maxOnCard     = 3   // buttons, so that picture and text have room
)

// Capabilities are the limits of the Bot API. There is no window: whoever subscribed or
// wrote may be written to. At most 100 messages an hour go to a customer who does not
// answer; how many are left nobody tells, so Viber's refusal is waited for.
func (a *Adapter) Capabilities() channel.Capabilities {
	medium := func(t hub.MessageType, bytes int64, mime ...string) channel.MediaLimit {
		return channel.MediaLimit{Types: []hub.MessageType{t}, Bytes: bytes, MIME: mime}
	}
	runes := func(n int) channel.Limit { return channel.Limit{Max: n} }
	buttons := func(n int) channel.Items {
		return channel.Items{Max: n, Title: runes(maxButtonText), Data: runes(512), Links: n, MixedLinks: true}
	}
	picture := medium(hub.Image, maxPicture, "image/jpeg", "image/png", "image/gif")
	return channel.Capabilities{
		Shows: map[hub.MessageType]channel.Shape{
			hub.Text:     {Body: runes(maxText), BodyNeeded: true},
			hub.Image:    {Body: runes(maxCaption), Media: picture},
			hub.Video:    {Media: medium(hub.Video, maxVideo, "video/mp4")},
			hub.File:     {Media: medium(hub.File, maxFile)},
			hub.Location: {},
			hub.Buttons:  {Body: runes(maxText), BodyNeeded: true, Media: picture, Buttons: buttons(maxRows)},
			// The text of cards is what clients show that have no carousels.
			hub.Cards: {Body: runes(maxText), Cards: maxBlocks, CardTitle: runes(60), CardText: runes(150), Buttons: buttons(maxOnCard)},
			// The text of a native message is for our own lists only.
			hub.Native: {Body: runes(maxText)},
		},
		QuickReplies: buttons(maxRows),
		Receipts:     []hub.State{hub.Delivered, hub.Read, hub.Failed},
		Follows:      true,
		// https://developers.viber.com/docs/tools/keyboards/ (OpenURLType),
		// https://developers.viber.com/docs/tools/deep-links/
		Linking: hub.Linking{
			NoSource: "Viber opens a button's page in a browser within its own app, and does not say that other apps open from there",
			NoTarget: "Viber's links into a chat begin with viber:// and lead nowhere without the app, and Viber signs nobody in on a page",
		},
	}
}
