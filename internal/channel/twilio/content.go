package twilio

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// maxMedia is how many files a message is looked through for; Twilio sends up to ten.
const maxMedia = 10

// content is what a message says, without its id. What it is follows from the
// parameters that are there, not from MessageType, which Twilio sets in several ways.
func (f form) content() channel.Message {
	if m, ok := f.choice(); ok {
		return m
	}
	if m, ok := f.answers(); ok {
		return m
	}
	kind, text := f.short("MessageType"), f.text("Body")
	if place := f.place(); place != "" {
		return channel.Message{Type: hub.Location, Text: place}
	}
	if media := f.media(kind); len(media) > 0 {
		m := channel.Message{Type: media[0].Type, Text: text, Media: media}
		if kind == "contacts" || media[0].MIME == "text/vcard" {
			m.Type = hub.Contacts
		}
		return m
	}
	if text != "" {
		return channel.Message{Type: hub.Text, Text: text}
	}
	if kind == "" {
		kind = "empty"
	}
	return channel.Message{Type: hub.OtherMsg, Text: "[unsupported: " + kind + "]"}
}

// choice reads a tap on a button or a row.
func (f form) choice() (channel.Message, bool) {
	for _, names := range [][2]string{{"ButtonText", "ButtonPayload"}, {"ListTitle", "ListId"}} {
		text, data := f.field(names[0]), f.field(names[1])
		if data == "" {
			data = text // where no data were set
		}
		if text == "" {
			text = f.text("Body")
		}
		if data != "" {
			return channel.Message{Type: hub.Choice, Text: text, Data: data}, true
		}
	}
	return channel.Message{}, false
}

// answers reads a filled-in form (a WhatsApp Flow).
func (f form) answers() (channel.Message, bool) {
	for _, name := range []string{"InteractiveData", "FlowData"} {
		if value := f.text(name); scan.IsObject([]byte(value)) && scan.Valid([]byte(value)) {
			return channel.Message{Type: hub.Form, Text: f.text("Body"), Data: value}, true
		}
	}
	return channel.Message{}, false
}

// place is what a person reads of a location: its name and address, or else the
// coordinates; "" if the message is none.
func (f form) place() string {
	latitude, longitude := f.short("Latitude"), f.short("Longitude")
	if latitude == "" || longitude == "" {
		return ""
	}
	label, address := f.text("Label"), f.text("Address")
	switch {
	case label == "" && address == "":
		return latitude + "," + longitude
	case label == "" || address == "":
		return label + address
	}
	return label + "\n" + address
}

// media are the pointers to a message's files.
// https://www.twilio.com/docs/messaging/guides/webhook-request#media-related-parameters
func (f form) media(kind string) (out []channel.Media) {
	for i := range maxMedia {
		address := f.text("MediaUrl" + itoa(i))
		if address == "" {
			break
		}
		mime := f.short("MediaContentType" + itoa(i))
		out = append(out, channel.Media{Type: mediaType(kind, mime), URL: address, MIME: mime})
	}
	return out
}

func mediaType(kind, mime string) hub.MessageType {
	switch family, _, _ := strings.Cut(mime, "/"); {
	case kind == "sticker":
		return hub.Sticker
	case family == "image":
		return hub.Image
	case family == "video":
		return hub.Video
	case family == "audio":
		return hub.Audio
	}
	return hub.File
}

// Admit leaves out of an event what the account's settings do not let in: with
// AttachmentsIn off a message's files are not shown. They stay in the event's raw
// bytes.
func (a *Adapter) Admit(e channel.Event, account channel.Secrets) channel.Event {
	if e.Kind != channel.EventMessage || len(e.Message.Media) == 0 || !isOff(account[AttachmentsIn]) {
		return e
	}
	e.Message.Media = nil
	if e.Message.Type = hub.Text; e.Message.Text == "" {
		e.Message.Type, e.Message.Text = hub.OtherMsg, "[attachment not taken]"
	}
	return e
}

func isOff(value hub.Secret) bool { return strings.EqualFold(value.Reveal(), Off) }
