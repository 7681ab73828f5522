package meta

import (
	"slices"
	"strconv"

	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Keys of an item's one member that says what happened.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
const (
	KeyMessage  = "message"
	KeyPostback = "postback"
	KeyReaction = "reaction"
	KeyEdit     = "message_edit"
	KeyDelivery = "delivery"
	KeyRead     = "read"
	KeyReferral = "referral"
	KeyPolicy   = "policy_enforcement"
)

// keys are the known ones; of several the first counts.
var keys = []string{KeyMessage, KeyPostback, KeyReaction, KeyEdit, KeyDelivery, KeyRead, KeyReferral, KeyPolicy}

// UserRef stands before the id of a person whom Meta names by a user_ref only: a guest,
// who has no page-scoped id yet.
const UserRef = "user_ref:"

// Item is one thing that happened, as received.
type Item struct {
	Raw     []byte // the item itself, without a field around it
	Account string // the entry's id; "" = none that can be used
	User    string // the customer; "" = the item is about nobody
	At      hub.Millis
	Standby bool
	Field   string // of an item that came in changes
	Key     string // "message", "postback" …; "" = no member says what happened
	Body    []byte // the value of that member
	// ByAccount tells that the account's side did it, by whatever system.
	ByAccount bool
	// Message has the members of the body of a message.
	Message Members

	kind  string
	timed bool // has a time of its own
	self  bool // the account wrote to itself
}

// Members are those of a message, each as received; nil = not there.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messages
type Members struct {
	ID, Text, QuickReply, ReplyTo, Referral, Attachments []byte
	App, Metadata                                        []byte // of echoes
	Echo, Deleted, Self, Unsupported                     bool
}

// parts are the members of an item that say whose it is and what happened.
type parts struct {
	sender, recipient, at []byte
	key                   string
	body                  []byte
	rank                  int // of key among the known ones, from 1; 0 = it is none of them
}

// partsOf reads them; ok tells whether raw is one JSON value.
func partsOf(raw []byte) (p parts, ok bool) {
	s := scan.Of(raw)
	for name := range s.Members {
		p.see(name, s.Value())
	}
	s.End()
	return p, s.OK()
}

// see notes a member: of those that may say what happened the first of the known ones,
// or else the first object.
func (p *parts) see(name, value []byte) {
	switch string(name) {
	case "sender":
		p.sender = value
		return
	case "recipient":
		p.recipient = value
		return
	case "timestamp":
		p.at = value
		return
	}
	if !scan.IsObject(value) || len(name) > scan.MaxName {
		return
	}
	switch string(name) {
	case "policy-enforcement": // the name in older versions
		p.known(KeyPolicy, value)
		return
	case "prior_message": // beside others
		return
	}
	for _, key := range keys {
		if string(name) == key {
			p.known(key, value)
			return
		}
	}
	if p.key == "" {
		p.key, p.body = scan.Clean(name), value
	}
}

func (p *parts) known(key string, value []byte) {
	if rank := slices.Index(keys, key) + 1; p.rank == 0 || rank <= p.rank {
		p.key, p.body, p.rank = key, value, rank
	}
}

// itemOf reads an item as far as it says whose it is.
func itemOf(h Head, raw []byte, p parts) *Item {
	i := &Item{Raw: raw, Account: scan.Name(h.Entry), Standby: h.List == listStandby, Field: scan.Name(h.Field)}
	switch {
	case h.List == "":
		p = parts{}
	case h.List == listChanges && p.sender == nil && p.recipient == nil: // a field that is no conversation's
		p = parts{at: p.at}
	}
	i.Key, i.Body = p.key, p.body
	if i.At = Millis(p.at); i.At != 0 {
		i.timed = true
	} else {
		i.At = Millis(h.At)
	}
	if i.Key == KeyMessage {
		i.Message = membersOf(i.Body)
	}
	i.name(idOf(p.sender), idOf(p.recipient))
	return i
}

// name finds the customer among the two who are named.
func (i *Item) name(sender, recipient string) {
	i.kind = i.Key
	switch {
	case i.Key == "":
		i.kind = i.Field
	case i.Key == KeyMessage && i.Message.Echo:
		i.kind = "message_echo"
	}
	i.ByAccount = i.Message.Echo || sender != "" && sender == i.Account
	if i.User = sender; i.ByAccount {
		i.User = recipient
	}
	i.self = i.Message.Self || i.User != "" && i.User == i.Account
	if i.Account == "" || i.Key == "" || i.Key == KeyPolicy || i.self {
		i.User = ""
	}
}

// idOf reads who somebody is.
func idOf(value []byte) string {
	if id := scan.Name(scan.Get(value, "id")); id != "" {
		return id
	}
	if ref := scan.Name(scan.Get(value, "user_ref")); ref != "" {
		return UserRef + ref
	}
	return ""
}

func membersOf(body []byte) (m Members) {
	s := scan.Of(body)
	for name := range s.Members {
		v := s.Value()
		switch string(name) {
		case "mid":
			m.ID = v
		case "text":
			m.Text = v
		case "quick_reply":
			m.QuickReply = v
		case "reply_to":
			m.ReplyTo = v
		case "referral":
			m.Referral = v
		case "attachments":
			m.Attachments = v
		case "app_id":
			m.App = v
		case "metadata":
			m.Metadata = v
		case "is_echo":
			m.Echo = isTrue(v)
		case "is_deleted":
			m.Deleted = isTrue(v)
		case "is_self":
			m.Self = isTrue(v)
		case "is_unsupported":
			m.Unsupported = isTrue(v)
		}
	}
	return m
}

func isTrue(value []byte) bool { return string(value) == "true" || string(value) == `"true"` }

// event is the item's stable id: Meta's own, or made from what makes it one of a kind.
func (i *Item) event() string {
	var id string
	part := i.part
	switch i.Key {
	case KeyMessage:
		if id = scan.Name(i.Message.ID); id != "" && i.Message.Deleted {
			id = named("deleted", id)
		}
	case KeyPostback:
		id = part("mid")
	case KeyReaction:
		if mid, action := part("mid"), part("action"); mid != "" {
			id = named(KeyReaction, mid, i.User, action, emojiOf(i.Body))
		}
	case KeyEdit:
		if mid, n := part("mid"), part("num_edit"); mid != "" && n != "" {
			id = named(KeyEdit, mid, n)
		}
	case KeyRead, KeyDelivery:
		if mark := part("watermark"); mark != "" {
			id = named(i.Key, mark, i.User)
		} else if mid := part("mid"); mid != "" {
			id = named(i.Key, mid, i.User)
		}
	}
	if id == "" {
		return named("event", i.payload())
	}
	return id
}

// part is a short member of the body.
func (i *Item) part(name string) string { return scan.Name(scan.Get(i.Body, name)) }

// named makes an id of a kind and what makes an event of it one of a kind. It shows no
// customer's id.
func named(kind string, parts ...string) string {
	list := make([][]byte, len(parts))
	for n, p := range parts {
		list[n] = []byte(p)
	}
	return kind + "-" + HashOf(list...)
}

// hash is the same at every delivery of the event. Of a watermark only the mark counts:
// Meta tells it with or without a time and the messages' ids.
func (i *Item) hash(event string) string {
	if (i.Key == KeyRead || i.Key == KeyDelivery) && i.part("watermark") != "" {
		return HashOf([]byte(i.Account), []byte(event))
	}
	return i.payload()
}

// payload is the hash of the item without the addresses in it.
func (i *Item) payload() string {
	parts := Lasting(i.Raw)
	if !i.timed { // then the entry's time and field are part of what happened
		parts = append(parts, []byte(i.Account), []byte(i.Field), strconv.AppendInt(nil, int64(i.At), 10))
	}
	return HashOf(parts...)
}
