package whatsapptest

import "fmt"

// interactive reads a message with something to tap, and notes what it shows.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (q *request) interactive(m *object) {
	switch form := m.Text("type", true, 100); form {
	case "button":
		header(m, "text", "image", "video", "document")
		q.text = bodyOf(m, 1024)
		q.buttons(m.Child("action"))
	case "list":
		header(m, "text")
		q.text = bodyOf(m, 4096)
		q.rows(m.Child("action"))
	case "cta_url":
		header(m, "text", "image", "video", "document")
		q.text = bodyOf(m, 1024)
		action := m.Child("action")
		action.OneOf("name", true, "cta_url")
		parameters := action.Child("parameters")
		parameters.Text("display_text", true, 20)
		parameters.Link("url")
		parameters.Only()
		action.Only()
	case "flow":
		header(m, "text", "image", "video", "document")
		q.text = bodyOf(m, 1024)
		q.flow(m.Child("action"))
	case "location_request_message", "address_message", "product", "product_list", "catalog_message", "carousel",
		"media_carousel", "voice_call", "call_permission_request", "request_contact_info", "order_details", "order_status":
		if m.Fault == nil {
			m.Fault = refuse(131051, "The fake platform does not take interactive messages of type %s", form)
			m.Fault.Status = 501
		}
	default:
		m.Refuse(refuse(131009, "%s.type is not one of the interactive types", m.At))
	}
	m.Only()
}

// header reads the part above the body, of one of the types.
func header(m *object, types ...string) {
	if !m.Has("header") {
		return
	}
	h := m.Child("header")
	switch form := h.OneOf("type", true, types...); form {
	case "text":
		h.Text("text", true, 60)
	case "image", "video", "document":
		mediaOf(h.Child(form), form)
	}
	h.Only()
}

// bodyOf reads the body, and the footer below it.
func bodyOf(m *object, max int) string {
	b := m.Child("body")
	text := b.Text("text", true, max)
	b.Only()
	if m.Has("footer") {
		f := m.Child("footer")
		f.Text("text", true, 60)
		f.Only()
	}
	return text
}

// buttons reads up to three reply buttons.
func (q *request) buttons(action *object) {
	ids, titles := once{}, once{}
	for _, b := range action.List("buttons", true, 3) {
		b.OneOf("type", true, "reply")
		reply := b.Child("reply")
		s := shown{Kind: "button_reply", Data: reply.Text("id", true, 256), Title: reply.Text("title", true, 20)}
		ids.add(reply, "id", s.Data)
		titles.add(reply, "title", s.Title)
		reply.Only()
		b.Only()
		q.shown = append(q.shown, s)
	}
	action.Only()
}

// rows reads a list's menu: up to ten rows over all sections.
func (q *request) rows(action *object) {
	action.Text("button", true, 20)
	sections := action.List("sections", true, 10)
	ids := once{}
	for _, s := range sections {
		s.Text("title", len(sections) > 1, 24)
		for _, row := range s.List("rows", true, 10) {
			item := shown{Kind: "list_reply", Data: row.Text("id", true, 200), Title: row.Text("title", true, 24),
				Extra: row.Text("description", false, 72)}
			ids.add(row, "id", item.Data)
			row.Only()
			q.shown = append(q.shown, item)
		}
		s.Only()
	}
	if len(q.shown) > 10 {
		action.Refuse(refuse(131009, "Total row count exceed max allowed count: 10"))
	}
	action.Only()
}

// once finds what comes twice.
type once map[string]bool

func (seen once) add(o *object, member, v string) {
	if o.Fault == nil && seen[v] {
		o.Refuse(refuse(131009, "Duplicated %s", o.Path(member)))
	}
	seen[v] = true
}

// flow reads the invitation to a Flow.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/flows
func (q *request) flow(action *object) {
	action.OneOf("name", true, "flow")
	p := action.Child("parameters")
	p.OneOf("flow_message_version", true, "3")
	q.form = &form{Token: p.Text("flow_token", true, 1000)}
	if p.Has("flow_id") == p.Has("flow_name") {
		p.Refuse(refuse(131009, "%s needs exactly one of flow_id and flow_name", p.At))
	}
	p.Text("flow_id", p.Has("flow_id"), 64)
	p.Text("flow_name", p.Has("flow_name"), 200)
	p.Text("flow_cta", true, 30)
	p.OneOf("mode", false, "published", "draft")
	next := p.OneOf("flow_action", false, "navigate", "data_exchange")
	if p.Has("flow_action_payload") {
		payload := p.Child("flow_action_payload")
		if next == "data_exchange" {
			payload.Refuse(refuse(131009, "%s is for the flow_action navigate", payload.At))
		}
		payload.Text("screen", true, 200)
		if payload.Has("data") {
			if data := payload.Child("data"); data.Empty() {
				data.Refuse(refuse(131009, "%s must not be empty", data.At))
			}
		}
		payload.Only()
	}
	p.Only()
	action.Only()
}

// String names what was shown, for a tester who taps something else.
func (s shown) String() string { return fmt.Sprintf("%q (%s)", s.Data, s.Title) }
