package instagramtest

import (
	"encoding/json"
	"strings"

	"omnihub/internal/channel/meta/metatest"
)

// request is a send, as far as the platform must know it to act on it.
type request struct {
	to       string // the customer's id
	action   string // of the sender, instead of a message
	agent    bool   // with the tag HUMAN_AGENT
	kind     string // text, image, video, audio, file, template
	text     string // readable
	title    string // of a template's first card
	link     string
	template json.RawMessage // as its echo shows it
	shown    []shown
}

// The limits of a send.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/send-message
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/quick-replies
const (
	maxText    = 1000 // bytes of UTF-8
	maxReplies = 13
	maxCards   = 10
	maxButtons = 3
	maxTitle   = 20
	maxAbove   = 640
	maxLine    = 80
	maxPayload = 1000
)

// read checks a send, all but what depends on the customer.
func readSend(login bool, body []byte) (*request, *refusal) {
	c := &check{}
	if !json.Valid(body) {
		c.refuse(metatest.Invalid("The request body is not JSON."))
	}
	o := c.object("", body)
	q := &request{}
	to := o.child("recipient")
	if q.to = to.text("id", true, 40); c.fault == nil && !idForm.MatchString(q.to) {
		c.refuse(noSuchUser())
	}
	to.only()
	if o.has("sender_action") {
		q.action = o.oneOf("sender_action", "typing_on", "typing_off", "mark_seen")
		o.only()
		return q, c.fault
	}
	typed := ""
	if o.has("messaging_type") {
		typed = o.oneOf("messaging_type", "RESPONSE", "UPDATE", "MESSAGE_TAG")
	}
	if o.has("tag") {
		o.oneOf("tag", "HUMAN_AGENT")
		q.agent = true
	}
	switch {
	case typed == "MESSAGE_TAG" && !q.agent:
		c.refuse(metatest.Invalid("The parameter tag is required."))
	case q.agent && typed != "MESSAGE_TAG" && !login, q.agent && typed != "" && typed != "MESSAGE_TAG":
		c.refuse(metatest.Invalid("messaging_type must be MESSAGE_TAG for a message with a tag."))
	}
	q.message(o.child("message"))
	o.only()
	return q, c.fault
}

func (q *request) message(m *object) {
	text, attached := m.has("text"), m.has("attachment")
	switch {
	case m.fault != nil:
	case text == attached:
		m.refuse(metatest.Invalid("Exactly one of message[text] and message[attachment] is required."))
	case text:
		q.kind, q.text = "text", m.bytes("text", true, maxText)
	default:
		q.attachment(m.child("attachment"))
	}
	if m.has("quick_replies") {
		for _, r := range m.list("quick_replies", maxReplies) {
			r.oneOf("content_type", "text")
			s := shown{Kind: "quick_reply", Title: r.text("title", true, maxTitle), Data: r.text("payload", true, maxPayload)}
			if r.has("image_url") {
				r.link("image_url")
			}
			r.only()
			q.shown = append(q.shown, s)
		}
	}
	m.only()
}

func (q *request) attachment(a *object) {
	q.kind = a.oneOf("type", "image", "video", "audio", "file", "template")
	b := a.child("payload")
	switch {
	case q.kind != "template":
		q.link = b.link("url")
		b.take("is_reusable")
	case b.oneOf("template_type", "generic", "button") == "button":
		q.template = template("button", b)
		q.text = b.text("text", true, maxAbove)
		q.buttons(b)
	default:
		q.template = template("generic", b)
		var lines []string
		for _, card := range b.list("elements", maxCards) {
			title := q.card(card)
			if lines = append(lines, title); q.title == "" {
				q.title = title
			}
		}
		q.text = strings.Join(lines, "\n")
	}
	b.only()
	a.only()
}

// template is a template's payload as its echo shows it.
func template(form string, payload *object) json.RawMessage {
	members := map[string]json.RawMessage{}
	for name, value := range payload.members.All {
		if name != "template_type" {
			members[name] = value
		}
	}
	return encodePlain(map[string]any{form: members})
}

// buttons reads the 1 to 3 buttons of a template.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/button-template
func (q *request) buttons(of *object) {
	for _, b := range of.list("buttons", maxButtons) {
		if b.oneOf("type", "web_url", "postback") == "web_url" {
			b.link("url")
			b.text("title", true, maxTitle)
		} else {
			q.shown = append(q.shown, shown{Kind: "postback", Title: b.text("title", true, maxTitle), Data: b.text("payload", true, maxPayload)})
		}
		b.only()
	}
}

// card reads one element of a generic template.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/generic-template
func (q *request) card(o *object) (title string) {
	title = o.text("title", true, maxLine)
	more := 0
	if o.text("subtitle", false, maxLine) != "" {
		more++
	}
	if o.has("image_url") {
		o.link("image_url")
		more++
	}
	if o.has("default_action") {
		d := o.child("default_action")
		d.oneOf("type", "web_url")
		d.link("url")
		d.only()
		more++
	}
	if o.has("buttons") {
		more++
		q.buttons(o)
	}
	if more == 0 {
		o.refuse(metatest.Invalid("%s needs one more property beside title.", o.path("")))
	}
	o.only()
	return title
}
