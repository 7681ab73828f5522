package whatsapptest

import (
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
	o.OneOf("recipient_type", false, "individual")
	q.recipient(o)
	q.kind = "text"
	if o.Has("type") {
		q.kind = o.Text("type", true, 100)
	}
	q.ref = o.Text("biz_opaque_callback_data", false, maxRef)
	if o.Has("context") {
		c := o.Child("context")
		wamid(c, "message_id")
		c.Only()
	}
	switch q.kind {
	case "text":
		m := o.Child("text")
		q.text = m.Text("body", true, 4096)
		m.Flag("preview_url")
		m.Only()
	case "image", "video", "audio", "document", "sticker":
		q.text = mediaOf(o.Child(q.kind), q.kind)
	case "location":
		q.text = place(o.Child("location"))
	case "contacts":
		q.contacts(o)
	case "reaction":
		m := o.Child("reaction")
		wamid(m, "message_id")
		if _, ok := m.Need("emoji"); ok {
			q.text = m.Text("emoji", false, 32)
		}
		m.Only()
	case "interactive":
		q.interactive(o.Child("interactive"))
	case "template":
		p.fill(n, q, o.Child("template"))
	default:
		o.Refuse(refuse(131009, "type is not one of the message types"))
	}
	o.Only()
	return q
}

// recipient reads whom the send is for; a number wins over a BSUID.
func (q *request) recipient(o *object) {
	if o.Has("to") {
		q.input = o.Text("to", true, 40)
		q.to = strings.TrimPrefix(notDigits.Replace(q.input), "+")
		if o.Fault == nil && !phoneForm.MatchString(q.to) {
			o.Refuse(refuse(131009, "to must be a phone number with its country"))
		}
		o.Take("recipient")
		return
	}
	if !o.Has("recipient") {
		if o.Fault == nil {
			o.Fault = required("to")
		}
		return
	}
	q.input = o.Text("recipient", true, 140)
	q.user = q.input
	if o.Fault == nil && !userForm.MatchString(q.user) {
		o.Refuse(refuse(131009, "recipient must be a business-scoped user ID"))
	}
}

// wamid reads the id of a message.
func wamid(o *object, member string) string {
	id := o.Text(member, true, 600)
	if o.Fault == nil && !wamidForm.MatchString(id) {
		o.Refuse(refuse(131009, "%s is not the ID of a message", o.Path(member)))
	}
	return id
}

// mediaOf reads a file by its address. Ids of uploaded files are unknown, since the
// fake takes no uploads.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
func mediaOf(m *object, kind string) string {
	if m.Has("id") == m.Has("link") {
		m.Refuse(refuse(131009, "%s needs exactly one of id and link", m.At))
	}
	if m.Has("id") {
		m.Text("id", true, 64)
		m.Refuse(refuse(131009, "%s.id is not the ID of an uploaded file", m.At))
	}
	m.Link("link")
	caption := ""
	switch kind {
	case "image", "video":
		caption = m.Text("caption", false, 1024)
	case "document":
		caption = m.Text("caption", false, 1024)
		m.Text("filename", false, 240)
	case "audio":
		m.Flag("voice")
	}
	m.Only()
	return caption
}

func place(m *object) string {
	m.Number("latitude", -90, 90)
	m.Number("longitude", -180, 180)
	text := strings.TrimSpace(m.Text("name", false, 1000) + " " + m.Text("address", false, 1000))
	m.Only()
	return text
}

// contacts reads cards of people.
func (q *request) contacts(o *object) {
	var names []string
	for _, c := range o.List("contacts", true, 257) {
		name := c.Child("name")
		names = append(names, name.Text("formatted_name", true, 1000))
		parts := 0
		for _, part := range []string{"first_name", "last_name", "middle_name", "suffix", "prefix"} {
			if name.Text(part, false, 1000) != "" {
				parts++
			}
		}
		if parts == 0 {
			name.Refuse(refuse(131008, "%s needs a part beside formatted_name", name.At))
		}
		name.Only()
		for _, list := range []string{"phones", "emails", "urls", "addresses"} {
			c.List(list, false, 20)
		}
		c.Text("birthday", false, 10)
		if c.Has("org") {
			c.Child("org")
		}
		c.Only()
	}
	q.text = strings.Join(names, ", ")
}
