package messengertest

import (
	"slices"
	"strings"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// request is a call to messages, as far as the platform must know it to act on it.
type request struct {
	to      string // PSID or user_ref
	guest   bool   // it is a user_ref
	action  string // sender_action; "" = it is a message
	tag     string // with MESSAGE_TAG
	kind    string // text, image, video, audio, file, template
	text    string // readable
	ref     string // metadata
	shown   []shown
	payload *payload // of the echo
}

// Numbers of units.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
const (
	maxText     = 2000
	maxBody640  = 640 // of the button template
	maxTitle    = 80
	maxButton   = 20
	maxPayload  = 1000
	maxMetadata = 1000
	maxQuick    = 13
	maxButtons  = 3
	maxCards    = 10
)

// deadTags were taken away on 27 April 2026.
var deadTags = []string{"CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE"}

// readRequest checks a call, all but what depends on the customer.
func readRequest(o *object) *request {
	q := &request{}
	r := o.Child("recipient")
	if r.Has("id") == r.Has("user_ref") {
		r.Refuse(metatest.Invalid("Param recipient must be of the form { 'id': PSID }"))
	}
	if q.guest = r.Has("user_ref"); q.guest {
		q.to = r.Text("user_ref", true, 200)
	} else {
		q.to = r.Text("id", true, 64)
	}
	r.Only()
	o.OneOf("notification_type", false, "REGULAR", "SILENT_PUSH", "NO_PUSH")
	o.Text("persona_id", false, 64)
	if o.Has("reply_to") {
		to := o.Child("reply_to")
		to.Text("mid", true, 512)
		to.Only()
	}
	if o.Has("sender_action") == o.Has("message") {
		o.Refuse(metatest.Invalid("Must specify exactly one of message and sender_action"))
	}
	if o.Has("sender_action") {
		q.action = o.OneOf("sender_action", true, "typing_on", "typing_off", "mark_seen")
		o.OneOf("messaging_type", false, "RESPONSE", "UPDATE", "MESSAGE_TAG")
		o.Only()
		return q
	}
	q.tagged(o)
	q.message(o.Child("message"))
	o.Only()
	return q
}

// tagged reads the type and the tag of a message.
func (q *request) tagged(o *object) {
	kind := o.OneOf("messaging_type", false, "RESPONSE", "UPDATE", "MESSAGE_TAG")
	tag := o.Text("tag", false, 64)
	switch {
	case o.Fault != nil:
	case kind != "MESSAGE_TAG" && tag != "":
		o.Refuse(metatest.Invalid("Tag can be used only with messaging_type MESSAGE_TAG"))
	case kind != "MESSAGE_TAG":
	case slices.Contains(deadTags, tag):
		o.Fault = deadTag()
	case tag != "HUMAN_AGENT":
		o.Refuse(metatest.Invalid("Param tag must be one of {HUMAN_AGENT}"))
	default:
		q.tag = tag
	}
}

// message reads the message object.
func (q *request) message(m *object) {
	q.ref = m.Text("metadata", false, maxMetadata)
	switch {
	case m.Has("text") == m.Has("attachment"):
		m.Refuse(metatest.Invalid("message must have exactly one of text and attachment"))
	case m.Has("text"):
		q.kind, q.text = "text", m.Text("text", true, maxText)
	default:
		q.attachment(m.Child("attachment"))
	}
	for _, r := range m.List("quick_replies", false, maxQuick) {
		switch r.OneOf("content_type", true, "text", "user_phone_number", "user_email") {
		case "text":
			title := r.Text("title", true, maxButton)
			data := r.Text("payload", true, maxPayload)
			if r.Has("image_url") {
				r.Link("image_url")
			}
			q.shown = append(q.shown, shown{Title: title, Data: data, Quick: true})
		}
		r.Only()
	}
	m.Only()
}

// attachment reads a file by its address, or a template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/saving-assets
func (q *request) attachment(a *object) {
	q.kind = a.OneOf("type", true, "image", "video", "audio", "file", "template")
	p := a.Child("payload")
	a.Only()
	if q.kind == "template" {
		q.template(p)
		return
	}
	p.Flag("is_reusable")
	if p.Has("attachment_id") {
		p.Text("attachment_id", true, 64)
		p.Refuse(metatest.Invalid("attachment_id is not the ID of an attachment of this Page"))
	}
	url := p.Link("url")
	q.payload = &payload{URL: "https://scontent.fbcdn.example/" + fake.Digits(12, url)}
	p.Only()
}

// template reads one of the templates.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/templates
func (q *request) template(p *object) {
	q.payload = &payload{Kind: p.OneOf("template_type", true, "button", "generic", "media")}
	switch q.payload.Kind {
	case "button":
		q.text = p.Text("text", true, maxBody640)
		q.payload.Text, q.payload.Buttons = q.text, p.Raw("buttons")
		q.buttons(p, true)
	case "generic":
		q.payload.Cards = p.Raw("elements")
		p.Flag("sharable")
		p.OneOf("image_aspect_ratio", false, "horizontal", "square")
		var texts []string
		list := p.List("elements", true, maxCards)
		for _, e := range list {
			texts = append(texts, q.element(e))
		}
		q.text = strings.Join(texts, "\n")
	case "media":
		p.Flag("sharable")
		for _, e := range p.List("elements", true, 1) {
			e.OneOf("media_type", true, "image", "video")
			if e.Has("url") == e.Has("attachment_id") {
				e.Refuse(metatest.Invalid("%s needs exactly one of url and attachment_id", e.At))
			}
			e.Text("url", false, 2000)
			e.Text("attachment_id", false, 64)
			q.buttons(e, false)
			e.Only()
		}
	}
	p.Only()
}

// element reads a card of the generic template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/generic
func (q *request) element(e *object) string {
	text := e.Text("title", true, maxTitle)
	more := 0
	if subtitle := e.Text("subtitle", false, maxTitle); subtitle != "" {
		text += " " + subtitle
		more++
	}
	if e.Has("image_url") {
		e.Link("image_url")
		more++
	}
	if e.Has("default_action") {
		d := e.Child("default_action")
		d.OneOf("type", true, "web_url")
		d.Link("url")
		d.Only()
		more++
	}
	if e.Has("buttons") {
		more++
	}
	q.buttons(e, false)
	if more == 0 {
		e.Refuse(metatest.Invalid("%s needs at least one property beside the title", e.At))
	}
	e.Only()
	return text
}

// buttons reads the buttons of a template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/buttons
func (q *request) buttons(o *object, needed bool) {
	for _, b := range o.List("buttons", needed, maxButtons) {
		switch b.OneOf("type", true, "postback", "web_url", "phone_number") {
		case "postback":
			title := b.Text("title", true, maxButton)
			q.shown = append(q.shown, shown{Title: title, Data: b.Text("payload", true, maxPayload)})
		case "web_url":
			b.Text("title", true, maxButton)
			b.Link("url")
			b.OneOf("webview_height_ratio", false, "full", "tall", "compact")
			b.Flag("messenger_extensions")
		case "phone_number":
			b.Text("title", true, maxButton)
			b.Text("payload", true, 32)
		}
		b.Only()
	}
}
