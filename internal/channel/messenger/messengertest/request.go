package messengertest

import (
	"encoding/json"
	"slices"
	"strings"
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

// parse makes an object of a request's body.
func parse(body []byte) *object {
	c := &check{}
	if !json.Valid(body) {
		c.refuse("The request body is not JSON")
	}
	return c.object("", body)
}

// readRequest checks a call, all but what depends on the customer.
func readRequest(o *object) *request {
	q := &request{}
	r := o.child("recipient")
	if r.has("id") == r.has("user_ref") {
		r.refuse("Param recipient must be of the form { 'id': PSID }")
	}
	if q.guest = r.has("user_ref"); q.guest {
		q.to = r.text("user_ref", true, 200)
	} else {
		q.to = r.text("id", true, 64)
	}
	r.only()
	o.oneOf("notification_type", false, "REGULAR", "SILENT_PUSH", "NO_PUSH")
	o.text("persona_id", false, 64)
	if o.has("reply_to") {
		to := o.child("reply_to")
		to.text("mid", true, 512)
		to.only()
	}
	if o.has("sender_action") == o.has("message") {
		o.refuse("Must specify exactly one of message and sender_action")
	}
	if o.has("sender_action") {
		q.action = o.oneOf("sender_action", true, "typing_on", "typing_off", "mark_seen")
		o.oneOf("messaging_type", false, "RESPONSE", "UPDATE", "MESSAGE_TAG")
		o.only()
		return q
	}
	q.tagged(o)
	q.message(o.child("message"))
	o.only()
	return q
}

// tagged reads the type and the tag of a message.
func (q *request) tagged(o *object) {
	kind := o.oneOf("messaging_type", false, "RESPONSE", "UPDATE", "MESSAGE_TAG")
	tag := o.text("tag", false, 64)
	switch {
	case o.fault != nil:
	case kind != "MESSAGE_TAG" && tag != "":
		o.refuse("Tag can be used only with messaging_type MESSAGE_TAG")
	case kind != "MESSAGE_TAG":
	case slices.Contains(deadTags, tag):
		o.fault = deadTag()
	case tag != "HUMAN_AGENT":
		o.refuse("Param tag must be one of {HUMAN_AGENT}")
	default:
		q.tag = tag
	}
}

// message reads the message object.
func (q *request) message(m *object) {
	q.ref = m.text("metadata", false, maxMetadata)
	switch {
	case m.has("text") == m.has("attachment"):
		m.refuse("message must have exactly one of text and attachment")
	case m.has("text"):
		q.kind, q.text = "text", m.text("text", true, maxText)
	default:
		q.attachment(m.child("attachment"))
	}
	for _, r := range m.list("quick_replies", false, maxQuick) {
		switch r.oneOf("content_type", true, "text", "user_phone_number", "user_email") {
		case "text":
			title := r.text("title", true, maxButton)
			data := r.text("payload", true, maxPayload)
			if r.has("image_url") {
				r.link("image_url")
			}
			q.shown = append(q.shown, shown{Title: title, Data: data, Quick: true})
		}
		r.only()
	}
	m.only()
}

// attachment reads a file by its address, or a template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/saving-assets
func (q *request) attachment(a *object) {
	q.kind = a.oneOf("type", true, "image", "video", "audio", "file", "template")
	p := a.child("payload")
	a.only()
	if q.kind == "template" {
		q.template(p)
		return
	}
	p.flag("is_reusable")
	if p.has("attachment_id") {
		p.text("attachment_id", true, 64)
		p.refuse("attachment_id is not the ID of an attachment of this Page")
	}
	url := p.link("url")
	q.payload = &payload{URL: "https://scontent.fbcdn.example/" + digits(12, url)}
	p.only()
}

// template reads one of the templates.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/templates
func (q *request) template(p *object) {
	q.payload = &payload{Kind: p.oneOf("template_type", true, "button", "generic", "media")}
	switch q.payload.Kind {
	case "button":
		q.text = p.text("text", true, maxBody640)
		q.payload.Text, q.payload.Buttons = q.text, p.members["buttons"]
		q.buttons(p, true)
	case "generic":
		q.payload.Cards = p.members["elements"]
		p.flag("sharable")
		p.oneOf("image_aspect_ratio", false, "horizontal", "square")
		var texts []string
		list := p.list("elements", true, maxCards)
		for _, e := range list {
			texts = append(texts, q.element(e))
		}
		q.text = strings.Join(texts, "\n")
	case "media":
		p.flag("sharable")
		for _, e := range p.list("elements", true, 1) {
			e.oneOf("media_type", true, "image", "video")
			if e.has("url") == e.has("attachment_id") {
				e.refuse("%s needs exactly one of url and attachment_id", e.at)
			}
			e.text("url", false, 2000)
			e.text("attachment_id", false, 64)
			q.buttons(e, false)
			e.only()
		}
	}
	p.only()
}

// element reads a card of the generic template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/template/generic
func (q *request) element(e *object) string {
	text := e.text("title", true, maxTitle)
	more := 0
	if subtitle := e.text("subtitle", false, maxTitle); subtitle != "" {
		text += " " + subtitle
		more++
	}
	if e.has("image_url") {
		e.link("image_url")
		more++
	}
	if e.has("default_action") {
		d := e.child("default_action")
		d.oneOf("type", true, "web_url")
		d.link("url")
		d.only()
		more++
	}
	if e.has("buttons") {
		more++
	}
	q.buttons(e, false)
	if more == 0 {
		e.refuse("%s needs at least one property beside the title", e.at)
	}
	e.only()
	return text
}

// buttons reads the buttons of a template.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/buttons
func (q *request) buttons(o *object, needed bool) {
	for _, b := range o.list("buttons", needed, maxButtons) {
		switch b.oneOf("type", true, "postback", "web_url", "phone_number") {
		case "postback":
			title := b.text("title", true, maxButton)
			q.shown = append(q.shown, shown{Title: title, Data: b.text("payload", true, maxPayload)})
		case "web_url":
			b.text("title", true, maxButton)
			b.link("url")
			b.oneOf("webview_height_ratio", false, "full", "tall", "compact")
			b.flag("messenger_extensions")
		case "phone_number":
			b.text("title", true, maxButton)
			b.text("payload", true, 32)
		}
		b.only()
	}
}
