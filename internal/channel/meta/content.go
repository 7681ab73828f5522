package meta

import (
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// mediaTypes are the attachments that are a file.
var mediaTypes = map[string]hub.MessageType{
	"image": hub.Image, "video": hub.Video, "audio": hub.Audio, "file": hub.File, "sticker": hub.Sticker,
}

// Attachment is one of a message's attachments.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages
type Attachment struct {
	Type    string
	Title   string
	URL     string // "" = none
	Payload []byte // as received; nil = none
}

const (
	// maxAttachments is how many of a message's attachments are read; people send up to
	// about 30 at a time.
	maxAttachments = 100
	// maxElements is how many of a template's elements are read; it has at most 10.
	maxElements = 100
)

// Attachments are those of a message, in order.
func (i *Item) Attachments() (out []Attachment) {
	for raw := range scan.Each(i.Message.Attachments) {
		if len(out) == maxAttachments {
			break
		}
		a := Attachment{Type: scan.Name(scan.Get(raw, "type")), Payload: scan.Get(raw, "payload")}
		if a.URL = scan.Text(scan.Get(a.Payload, "url")); a.URL == "" {
			a.URL = scan.Text(scan.Get(raw, "url"))
		}
		if a.Title = scan.Text(scan.Get(a.Payload, "title")); a.Title == "" {
			a.Title = scan.Text(scan.Get(raw, "title"))
		}
		if a.Type == "image" && scan.Name(scan.Get(a.Payload, "sticker_id")) != "" {
			a.Type = "sticker" // as stickers came until August 2026
		}
		out = append(out, a)
	}
	return out
}

// content is what a message says, without its id.
func (i *Item) content() channel.Message {
	out := channel.Message{Type: hub.Text, Text: scan.Text(i.Message.Text)}
	if data := scan.Text(scan.Get(i.Message.QuickReply, "payload")); data != "" && !i.ByAccount {
		out.Type, out.Data = hub.Choice, data
		return out
	}
	var (
		lines   []string
		unknown string
		story   bool
	)
	for _, a := range i.Attachments() {
		switch t := mediaTypes[a.Type]; {
		case t != "" && a.URL != "":
			file := channel.Media{Type: t, URL: a.URL}
			if same := slices.IndexFunc(out.Media, func(m channel.Media) bool { return m.URL == a.URL }); same < 0 {
				out.Media = append(out.Media, file)
			} else if t == hub.Sticker { // one sticker that is told twice
				out.Media[same] = file
			}
		case a.Type == "story_mention":
			story = true
			if a.URL != "" {
				out.Media = append(out.Media, channel.Media{Type: hub.File, URL: a.URL})
			}
		case a.Type == "fallback" && out.Text != "": // of a link in the text
		default:
			if line := a.line(); line == "" {
				unknown = a.Type
			} else if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	switch {
	case story:
		out.Type = hub.Story
	case len(out.Media) > 0:
		out.Type = out.Media[0].Type
	case out.Text != "":
	case len(lines) > 0:
		out.Type = hub.OtherMsg
	default:
		return placeholder(unknown)
	}
	if out.Text != "" {
		lines = append([]string{out.Text}, lines...)
	}
	out.Text = strings.Join(lines, "\n")
	return out
}

// line is what a person reads of an attachment that is no file: of a shared post its
// title and address, of a template its texts.
func (a Attachment) line() string {
	var lines []string
	add := func(text string) {
		if text != "" && !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	add(a.Title)
	add(scan.Text(scan.Get(a.Payload, "text")))
	n := 0
	for element := range scan.Each(scan.Get(a.Payload, "elements")) {
		if n++; n > maxElements {
			break
		}
		add(scan.Text(scan.Get(element, "title")))
		add(scan.Text(scan.Get(element, "subtitle")))
	}
	add(a.URL)
	return strings.Join(lines, "\n")
}

// placeholder stands for what Meta does not give out, or this package does not know:
// "[unsupported: ephemeral]".
func placeholder(kind string) channel.Message {
	text := "unsupported"
	if kind != "" {
		text += ": " + kind
	}
	return channel.Message{Type: hub.OtherMsg, Text: "[" + text + "]"}
}

// postbackOf is the tap on a button; without data of its own, as in standby, the title
// stands for it.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_postbacks
func postbackOf(body []byte) channel.Message {
	out := channel.Message{
		Type:     hub.Choice,
		Text:     scan.Text(scan.Get(body, "title")),
		Data:     scan.Text(scan.Get(body, "payload")),
		Postback: true,
	}
	if out.Data == "" {
		out.Data = out.Text
	}
	if out.Data == "" {
		return placeholder(KeyPostback)
	}
	return out
}
