package whatsapptest

import "fmt"

// interactive reads a message with something to tap, and notes what it shows.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (q *request) interactive(m *object) {
	switch form := m.text("type", true, 100); form {
	case "button":
		m.header("text", "image", "video", "document")
		q.text = m.bodyOf(1024)
		q.buttons(m.child("action"))
	case "list":
		m.header("text")
		q.text = m.bodyOf(4096)
		q.rows(m.child("action"))
	case "cta_url":
		m.header("text", "image", "video", "document")
		q.text = m.bodyOf(1024)
		action := m.child("action")
		action.oneOf("name", true, "cta_url")
		parameters := action.child("parameters")
		parameters.text("display_text", true, 20)
		parameters.link("url")
		parameters.only()
		action.only()
	case "flow":
		m.header("text", "image", "video", "document")
		q.text = m.bodyOf(1024)
		q.flow(m.child("action"))
	case "location_request_message", "address_message", "product", "product_list", "catalog_message", "carousel",
		"media_carousel", "voice_call", "call_permission_request", "request_contact_info", "order_details", "order_status":
		if m.fault == nil {
			m.fault = refuse(131051, "The fake platform does not take interactive messages of type %s", form)
			m.fault.status = 501
		}
	default:
		m.refuse(131009, "%s.type is not one of the interactive types", m.at)
	}
	m.only()
}

// header reads the part above the body, of one of the types.
func (m *object) header(types ...string) {
	if !m.has("header") {
		return
	}
	h := m.child("header")
	switch form := h.oneOf("type", true, types...); form {
	case "text":
		h.text("text", true, 60)
	case "image", "video", "document":
		h.child(form).media(form)
	}
	h.only()
}

// bodyOf reads the body, and the footer below it.
func (m *object) bodyOf(max int) string {
	b := m.child("body")
	text := b.text("text", true, max)
	b.only()
	if m.has("footer") {
		f := m.child("footer")
		f.text("text", true, 60)
		f.only()
	}
	return text
}

// buttons reads up to three reply buttons.
func (q *request) buttons(action *object) {
	ids, titles := once{}, once{}
	for _, b := range action.list("buttons", true, 3) {
		b.oneOf("type", true, "reply")
		reply := b.child("reply")
		s := shown{Kind: "button_reply", Data: reply.text("id", true, 256), Title: reply.text("title", true, 20)}
		ids.add(reply, "id", s.Data)
		titles.add(reply, "title", s.Title)
		reply.only()
		b.only()
		q.shown = append(q.shown, s)
	}
	action.only()
}

// rows reads a list's menu: up to ten rows over all sections.
func (q *request) rows(action *object) {
	action.text("button", true, 20)
	sections := action.list("sections", true, 10)
	ids := once{}
	for _, s := range sections {
		s.text("title", len(sections) > 1, 24)
		for _, row := range s.list("rows", true, 10) {
			item := shown{Kind: "list_reply", Data: row.text("id", true, 200), Title: row.text("title", true, 24),
				Extra: row.text("description", false, 72)}
			ids.add(row, "id", item.Data)
			row.only()
			q.shown = append(q.shown, item)
		}
		s.only()
	}
	if len(q.shown) > 10 {
		action.refuse(131009, "Total row count exceed max allowed count: 10")
	}
	action.only()
}

// once finds what comes twice.
type once map[string]bool

func (seen once) add(o *object, member, v string) {
	if o.fault == nil && seen[v] {
		o.refuse(131009, "Duplicated %s", o.path(member))
	}
	seen[v] = true
}

// flow reads the invitation to a Flow.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/flows
func (q *request) flow(action *object) {
	action.oneOf("name", true, "flow")
	p := action.child("parameters")
	p.oneOf("flow_message_version", true, "3")
	q.form = &form{Token: p.text("flow_token", true, 1000)}
	if p.has("flow_id") == p.has("flow_name") {
		p.refuse(131009, "%s needs exactly one of flow_id and flow_name", p.at)
	}
	p.text("flow_id", p.has("flow_id"), 64)
	p.text("flow_name", p.has("flow_name"), 200)
	p.text("flow_cta", true, 30)
	p.oneOf("mode", false, "published", "draft")
	next := p.oneOf("flow_action", false, "navigate", "data_exchange")
	if p.has("flow_action_payload") {
		payload := p.child("flow_action_payload")
		if next == "data_exchange" {
			payload.refuse(131009, "%s is for the flow_action navigate", payload.at)
		}
		payload.text("screen", true, 200)
		if payload.has("data") {
			if data := payload.child("data"); len(data.members) == 0 {
				data.refuse(131009, "%s must not be empty", data.at)
			}
		}
		payload.only()
	}
	p.only()
	action.only()
}

// String names what was shown, for a tester who taps something else.
func (s shown) String() string { return fmt.Sprintf("%q (%s)", s.Data, s.Title) }
