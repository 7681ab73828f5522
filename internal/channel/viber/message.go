package viber

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// messageOf is what a customer wrote or chose, without its id.
// https://developers.viber.com/docs/api/rest-bot-api/#receive-message-from-user
func messageOf(raw []byte) channel.Message {
	text := scan.Text(scan.Get(raw, "text"))
	switch kind := scan.Text(scan.Get(raw, "type")); kind {
	case "text":
		return said(text, scan.Text(scan.Get(raw, "tracking_data")))
	case "picture":
		return channel.Message{Type: hub.Image, Text: text, Media: mediaOf(raw, hub.Image)}
	case "video":
		return channel.Message{Type: hub.Video, Text: text, Media: mediaOf(raw, hub.Video)}
	case "file":
		out := channel.Message{Type: hub.File, Text: text, Media: mediaOf(raw, hub.File)}
		if out.Text == "" {
			out.Text = scan.Text(scan.Get(raw, "file_name"))
		}
		return out
	case "sticker":
		return channel.Message{Type: hub.Sticker, Text: text, Media: stickerOf(raw)}
	case "contact":
		return channel.Message{Type: hub.Contacts, Text: contactOf(scan.Get(raw, "contact"))}
	case "location":
		return channel.Message{Type: hub.Location, Text: placeOf(scan.Get(raw, "location"))}
	case "url":
		return channel.Message{Type: hub.Text, Text: linkOf(scan.Text(scan.Get(raw, "media")), text)}
	default:
		return placeholder(kind, text)
	}
}

// placeholder stands for what this package does not know: "[unsupported: poll]".
func placeholder(kind, text string) channel.Message {
	const longest = 64
	out := channel.Message{Type: hub.OtherMsg, Text: text}
	switch {
	case text != "":
	case kind == "" || len(kind) > longest:
		out.Text = "[unsupported]"
	default:
		out.Text = "[unsupported: " + kind + "]"
	}
	return out
}

// mediaOf points to a file. The address dies within hours.
func mediaOf(raw []byte, t hub.MessageType) []channel.Media {
	file := channel.Media{Type: t, URL: scan.Text(scan.Get(raw, "media")), Name: scan.Text(scan.Get(raw, "file_name"))}
	for _, name := range []string{"size", "file_size"} {
		if n := scan.Whole(scan.Get(raw, name), 15); n > 0 {
			file.Size = n
		}
	}
	if file.URL == "" {
		return nil
	}
	return []channel.Media{file}
}

// stickerOf names a sticker by its number, or by its picture if Viber sends that.
// https://developers.viber.com/docs/tools/sticker-ids/
func stickerOf(raw []byte) []channel.Media {
	file := channel.Media{Type: hub.Sticker, URL: scan.Text(scan.Get(raw, "media"))}
	if file.URL == "" {
		file.ID = scan.Word(scan.Get(raw, "sticker_id"))
	}
	if file.URL == "" && file.ID == "" {
		return nil
	}
	return []channel.Media{file}
}

// contactOf is what a person reads of an address card: the name and the number.
func contactOf(card []byte) string {
	name, number := scan.Text(scan.Get(card, "name")), scan.Word(scan.Get(card, "phone_number"))
	if name == "" || number == "" {
		return name + number
	}
	return name + ": " + number
}

// placeOf is what a person reads of a location: its address, or the coordinates.
func placeOf(place []byte) string {
	if address := scan.Text(scan.Get(place, "address")); address != "" {
		return address
	}
	lat, lon := scan.Get(place, "lat"), scan.Get(place, "lon")
	if !scan.IsNumber(lat) || !scan.IsNumber(lon) {
		return ""
	}
	return string(lat) + "," + string(lon)
}

// linkOf is a link with what stands beside it.
func linkOf(link, text string) string {
	switch {
	case text == "" || strings.Contains(link, text):
		return link
	case link == "" || strings.Contains(text, link):
		return text
	}
	return text + "\n" + link
}
