package whatsapp

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// mediaTypes are the messages that carry a file.
var mediaTypes = map[string]hub.MessageType{
	"image": hub.Image, "video": hub.Video, "audio": hub.Audio, "document": hub.File, "sticker": hub.Sticker,
}

// content is what a message says, without its id.
func (m *message) content() channel.Message {
	kind, body := m.kind, m.body()
	if !scan.IsObject(body) && kind != "contacts" {
		return m.placeholder(kind)
	}
	if t := mediaTypes[kind]; t != "" {
		return mediaOf(t, body)
	}
	switch kind {
	case "text":
		return channel.Message{Type: hub.Text, Text: scan.Text(scan.Get(body, "body"))}
	case "location":
		return channel.Message{Type: hub.Location, Text: place(body)}
	case "contacts":
		return channel.Message{Type: hub.Contacts, Text: cards(body)}
	case "button":
		return m.choice(body, "text", "payload")
	case "interactive":
		return m.interactive(body)
	case "order":
		return channel.Message{Type: hub.Order, Text: order(body)}
	}
	return m.placeholder(kind)
}

// placeholder stands for what WhatsApp does not give out, or this package does not
// know: "[unsupported: poll (131051)]".
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/unsupported
func (m *message) placeholder(kind string) channel.Message {
	switch kind {
	case "unsupported", "unknown":
		kind = short(scan.Get(m.body(), "type"))
	}
	number := ""
	if n, ok := meta.Number(scan.Get(scan.First(m.errs), "code")); ok {
		number = itoa(n)
	}
	text := "unsupported"
	if number == "131060" {
		text = "not available" // to the API; it is in the WhatsApp Business app
	}
	if kind != "" {
		text += ": " + kind
	}
	if number != "" {
		text += " (" + number + ")"
	}
	return channel.Message{Type: hub.OtherMsg, Text: "[" + text + "]"}
}

// mediaOf reads a file's pointer. The direct address wants our credentials as the id
// does, and lives for minutes only; it counts if there is no id.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
func mediaOf(t hub.MessageType, body []byte) channel.Message {
	file := channel.Media{
		Type: t,
		ID:   scan.Word(scan.Get(body, "id")),
		MIME: scan.Text(scan.Get(body, "mime_type")),
		Name: scan.Text(scan.Get(body, "filename")),
	}
	if file.ID == "" {
		file.URL = scan.Text(scan.Get(body, "url"))
	}
	out := channel.Message{Type: t, Text: scan.Text(scan.Get(body, "caption"))}
	if out.Text == "" {
		out.Text = file.Name
	}
	if file.ID != "" || file.URL != "" {
		out.Media = []channel.Media{file}
	}
	return out
}

// choice is the tap on something that bears data; where none was set WhatsApp gives
// back the title.
func (m *message) choice(body []byte, title, data string) channel.Message {
	out := channel.Message{
		Type: hub.Choice,
		Text: scan.Text(scan.Get(body, title)),
		Data: scan.Text(scan.Get(body, data)),
	}
	if out.Data == "" {
		out.Data = out.Text
	}
	if out.Data == "" {
		return m.placeholder(m.kind)
	}
	return out
}

// interactive is the answer to a message with buttons, a list or a form.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/interactive
// https://developers.facebook.com/documentation/business-messaging/whatsapp/flows/guides/receiveflowresponse
func (m *message) interactive(body []byte) channel.Message {
	var (
		kind  string
		named named
	)
	s := scan.Of(body)
	for name := range s.Members {
		if string(name) == "type" {
			kind = short(s.Value())
		} else {
			named.see(name, s.Value())
		}
	}
	switch kind {
	case "button_reply", "list_reply":
		return m.choice(named.get(body, kind), "title", "id")
	case "nfm_reply":
		form := named.get(body, kind)
		out := channel.Message{Type: hub.Form, Text: scan.Text(scan.Get(form, "body"))}
		// The answers are JSON within a string.
		if answers := []byte(scan.Text(scan.Get(form, "response_json"))); scan.IsObject(answers) && scan.Valid(answers) {
			out.Data = string(answers)
		}
		return out
	}
	return m.placeholder(kind)
}

// place is what a person reads of a location: its name and address, or else the
// coordinates.
func place(body []byte) string {
	name, address := scan.Text(scan.Get(body, "name")), scan.Text(scan.Get(body, "address"))
	latitude, longitude := scan.Get(body, "latitude"), scan.Get(body, "longitude")
	switch {
	case name == "" && address == "" && scan.IsNumber(latitude) && scan.IsNumber(longitude):
		return string(latitude) + "," + string(longitude)
	case name == "" || address == "":
		return name + address
	}
	return name + "\n" + address
}

// cards are address cards, a line for each: the name and the phone numbers.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/contacts
func cards(body []byte) string {
	var lines []string
	for card := range scan.Each(body) {
		names := scan.Get(card, "name")
		line := scan.Text(scan.Get(names, "formatted_name"))
		if line == "" {
			line = strings.TrimSpace(scan.Text(scan.Get(names, "first_name")) + " " + scan.Text(scan.Get(names, "last_name")))
		}
		var phones []string
		for phone := range scan.Each(scan.Get(card, "phones")) {
			number := scan.Word(scan.Get(phone, "phone"))
			if number == "" {
				number = scan.Word(scan.Get(phone, "wa_id"))
			}
			if number != "" {
				phones = append(phones, number)
			}
		}
		if list := strings.Join(phones, ", "); line == "" {
			line = list
		} else if list != "" {
			line += ": " + list
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// order is what a person reads of an order: the customer's words, then a line for
// each product.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/order
func order(body []byte) string {
	var lines []string
	if text := scan.Text(scan.Get(body, "text")); text != "" {
		lines = append(lines, text)
	}
	for item := range scan.Each(scan.Get(body, "product_items")) {
		product := scan.Word(scan.Get(item, "product_retailer_id"))
		if product == "" {
			continue
		}
		line := product
		if n := plain(scan.Get(item, "quantity")); n != "" {
			line = n + " × " + line
		}
		if price := plain(scan.Get(item, "item_price")); price != "" {
			line += ", " + strings.TrimSpace(price+" "+scan.Text(scan.Get(item, "currency")))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// plain is a number or a text as a person reads it.
func plain(value []byte) string {
	if scan.IsNumber(value) {
		return string(value)
	}
	return scan.Text(value)
}
