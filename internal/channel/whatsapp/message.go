package whatsapp

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// message is an element of messages[]; but for its type each value as received.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
type message struct {
	raw                              []byte
	kind                             string // type
	sender                           person // from_user_id and from
	id, at, from, group, quote, errs []byte // quote is context
	referral                         []byte // how the customer came
	named                            named
}

// named is the member of an object that may be the one that bears its type's name.
// Nearly always it is the only object in it.
type named struct{ name, value []byte }

func (n *named) see(name, value []byte) {
	if scan.IsObject(value) || string(name) == string(n.name) {
		n.name, n.value = name, value
	}
}

// get is the last member of raw of the name.
func (n *named) get(raw []byte, name string) []byte {
	if string(n.name) == name {
		return n.value
	}
	return scan.Get(raw, name)
}

// messageOf reads one; ok tells whether raw is a JSON object.
func messageOf(raw []byte) (m *message, ok bool) {
	m = &message{raw: raw}
	var user []byte
	s := scan.Of(raw)
	s.Must('{')
	for name := range s.Members {
		switch string(name) {
		case "id":
			m.id = s.Value()
		case "timestamp":
			m.at = s.Value()
		case "type":
			m.kind = short(s.Value())
		case "from":
			m.from = s.Value()
		case "from_user_id":
			user = s.Value()
		case "group_id":
			m.group = s.Value()
		case "context":
			m.quote = s.Value()
		case "errors":
			m.errs = s.Value()
		case "referral":
			m.referral = s.Value()
		default:
			m.named.see(name, s.Value())
		}
	}
	s.End()
	m.sender = personOf(user, m.from)
	return m, s.OK()
}

// short is a text that is a name; one too long is none.
func short(value []byte) string {
	if len(value) > scan.MaxName {
		return ""
	}
	return scan.Text(value)
}

// body is the object that bears the name of the message's type.
func (m *message) body() []byte {
	return m.named.get(m.raw, m.kind)
}

func (m *message) event() string { return short(m.id) }

// hash leaves out the addresses of media.
func (m *message) hash() string { return meta.HashOf(meta.Lasting(m.raw)...) }

func (m *message) person() person { return m.sender }

func (m *message) whose(c contact) whose {
	if now, _, ok := m.moved(); ok {
		return whose{person: now}
	}
	return whose{person: m.sender.And(c.person), group: scan.Name(m.group)}
}

// moved reads the news that somebody goes by other ids now.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
func (m *message) moved() (now, before person, ok bool) {
	if m.kind != "system" {
		return person{}, person{}, false
	}
	body := m.body()
	now = personOf(scan.Get(body, "user_id"), scan.Get(body, "wa_id"))
	switch scan.Text(scan.Get(body, "type")) {
	case "user_changed_number":
		before = personOf(scan.Get(body, "previous_user_id"), m.from)
	case "user_changed_user_id": // the sender is not to be relied on
		before = personOf(scan.Get(body, "previous_user_id"), nil)
	default:
		return person{}, person{}, false
	}
	return now, before, now != person{}
}

// read fills in what happened.
func (m *message) read(e *channel.Event) error {
	e.Type, e.At = m.kind, millis(m.at)
	if now, before, ok := m.moved(); ok {
		for _, alias := range before.Aliases() {
			if id := alias.Value.Reveal(); id != now.User && id != now.Phone {
				e.Former = append(e.Former, alias)
			}
		}
		if len(e.Former) > 0 {
			e.Kind = channel.EventIdentity
		}
		return nil
	}
	switch e.Type {
	case "system", "request_welcome": // of another kind; the chat was opened for the first time
		return nil
	}
	switch {
	case m.event() == "":
		return unparsable("a message without id")
	case e.User == "" || e.UserKind == hub.Group && e.Actor == "":
		return unparsable("a message without sender")
	case e.At == 0:
		return unparsable("a message without time")
	}
	if m.act(e) {
		return nil
	}
	e.Kind, e.Message = channel.EventMessage, m.content()
	e.Message.ID = e.ID
	e.Message.Quotes = short(scan.Get(m.quote, "id"))
	e.Entry = entryOf(m.referral)
	return nil
}

// entryOf reads that the customer came by an advertisement or a post: its source_type,
// the id of the advertisement, and the id of the click, which Meta's reports ask for.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/text
func entryOf(referral []byte) channel.Entry {
	out := channel.Entry{Source: short(scan.Get(referral, "source_type")), Ref: scan.Text(scan.Get(referral, "ctwa_clid"))}
	if len(out.Ref) > maxClick {
		out.Ref = ""
	}
	if out.Source == "ad" {
		out.Ad = scan.Word(scan.Get(referral, "source_id"))
	}
	return out
}

// maxClick is the longest id of a click that is carried on, in bytes; Meta states none.
const maxClick = 1 << 10

// act reads what was done to another message, and reports whether it was that.
func (m *message) act(e *channel.Event) bool {
	var a channel.Action
	switch m.kind {
	case "reaction": // https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/reaction
		body := m.body()
		a = channel.Action{Kind: channel.Reaction, Target: short(scan.Get(body, "message_id")), Value: scan.Text(scan.Get(body, "emoji"))}
	case "edit": // https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/edit
		body := m.body()
		edited, _ := messageOf(scan.Get(body, "message"))
		a = channel.Action{Kind: channel.Edit, Target: short(scan.Get(body, "original_message_id")), Value: edited.content().Text}
	case "revoke": // https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/revoke
		a = channel.Action{Kind: channel.Unsend, Target: short(scan.Get(m.body(), "original_message_id"))}
	}
	if a.Target == "" {
		return false
	}
	if a.Actor = e.User; e.UserKind == hub.Group {
		a.Actor = e.Actor
	}
	e.Kind, e.Action = channel.EventAction, a
	return true
}
