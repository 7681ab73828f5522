package whatsapptest

import (
	"encoding/json"
	"regexp"
	"strings"
)

// request is a send, as far as the platform must know it to act on it.
type request struct {
	to       string // digits, or
	user     string // a BSUID
	input    string // as it was written
	kind     string // the message's type
	text     string // readable
	ref      string // biz_opaque_callback_data
	shown    []shown
	form     *form
	template *template
}

// maxRef is the longest biz_opaque_callback_data.
// https://developers.facebook.com/docs/whatsapp/business-platform/changelog
const maxRef = 512

var (
	wamidForm = regexp.MustCompile(`^wamid\.[0-9A-Za-z+/=_-]{1,512}$`)
	notDigits = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "")
)

// read checks a send, all but what depends on the customer.
func (p *platform) read(n *number, o *object) *request {
	q := &request{}
	o.oneOf("recipient_type", false, "individual")
	q.recipient(o)
	q.kind = "text"
	if o.has("type") {
		q.kind = o.text("type", true, 100)
	}
	q.ref = o.text("biz_opaque_callback_data", false, maxRef)
	if o.has("context") {
		c := o.child("context")
		c.messageID("message_id")
		c.only()
	}
	switch q.kind {
	case "text":
		m := o.child("text")
		q.text = m.text("body", true, 4096)
		m.flag("preview_url")
		m.only()
	case "image", "video", "audio", "document", "sticker":
		q.text = o.child(q.kind).media(q.kind)
	case "location":
		q.text = o.child("location").place()
	case "contacts":
		q.contacts(o)
	case "reaction":
		m := o.child("reaction")
		m.messageID("message_id")
		if _, ok := m.need("emoji"); ok {
			q.text = m.text("emoji", false, 32)
		}
		m.only()
	case "interactive":
		q.interactive(o.child("interactive"))
	case "template":
		p.fill(n, q, o.child("template"))
	default:
		o.refuse(131009, "type is not one of the message types")
	}
	o.only()
	return q
}

// recipient reads whom the send is for; a number wins over a BSUID.
func (q *request) recipient(o *object) {
	if o.has("to") {
		q.input = o.text("to", true, 40)
		q.to = strings.TrimPrefix(notDigits.Replace(q.input), "+")
		if o.fault == nil && !phoneForm.MatchString(q.to) {
			o.refuse(131009, "to must be a phone number with its country")
		}
		o.take("recipient")
		return
	}
	if !o.has("recipient") {
		if o.fault == nil {
			o.fault = required("to")
		}
		return
	}
	q.input = o.text("recipient", true, 140)
	q.user = q.input
	if o.fault == nil && !userForm.MatchString(q.user) {
		o.refuse(131009, "recipient must be a business-scoped user ID")
	}
}

// messageID reads the id of a message.
func (o *object) messageID(member string) string {
	id := o.text(member, true, 600)
	if o.fault == nil && !wamidForm.MatchString(id) {
		o.refuse(131009, "%s is not the ID of a message", o.path(member))
	}
	return id
}

// media reads a file by its address. Ids of uploaded files are unknown, since the
// fake takes no uploads.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
func (m *object) media(kind string) string {
	if m.has("id") == m.has("link") {
		m.refuse(131009, "%s needs exactly one of id and link", m.at)
	}
	if m.has("id") {
		m.text("id", true, 64)
		m.refuse(131009, "%s.id is not the ID of an uploaded file", m.at)
	}
	m.link("link")
	caption := ""
	switch kind {
	case "image", "video":
		caption = m.text("caption", false, 1024)
	case "document":
		caption = m.text("caption", false, 1024)
		m.text("filename", false, 240)
	case "audio":
		m.flag("voice")
	}
	m.only()
	return caption
}

func (m *object) place() string {
	m.number("latitude", -90, 90)
	m.number("longitude", -180, 180)
	text := strings.TrimSpace(m.text("name", false, 1000) + " " + m.text("address", false, 1000))
	m.only()
	return text
}

// contacts reads cards of people.
func (q *request) contacts(o *object) {
	var names []string
	for _, c := range o.list("contacts", true, 257) {
		name := c.child("name")
		names = append(names, name.text("formatted_name", true, 1000))
		parts := 0
		for _, part := range []string{"first_name", "last_name", "middle_name", "suffix", "prefix"} {
			if name.text(part, false, 1000) != "" {
				parts++
			}
		}
		if parts == 0 {
			name.refuse(131008, "%s needs a part beside formatted_name", name.at)
		}
		name.only()
		for _, list := range []string{"phones", "emails", "urls", "addresses"} {
			c.list(list, false, 20)
		}
		c.text("birthday", false, 10)
		if c.has("org") {
			c.child("org")
		}
		c.only()
	}
	q.text = strings.Join(names, ", ")
}

// parse makes an object of a request's body.
func parse(body []byte) *object {
	c := &check{}
	if !json.Valid(body) {
		c.refuse(100, "The request body is not JSON")
	}
	return c.object("", body)
}
