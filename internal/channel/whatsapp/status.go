package whatsapp

import (
	"strconv"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// status is an element of statuses[]; but for its name each value as received.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
type status struct {
	raw                            []byte
	kind                           string // status
	id, at, ref, errs              []byte
	to                             person // whom it is about: in a group, a member
	recipient, recipientUser, form []byte // form is recipient_type
	member, memberUser             []byte // of the group, who has got or read it
	parents                        [3][]byte
}

// statusOf reads one; ok tells whether raw is a JSON object.
func statusOf(raw []byte) (t *status, ok bool) {
	t = &status{raw: raw}
	s := scan.Of(raw)
	s.Must('{')
	for name := range s.Members {
		switch string(name) {
		case "id":
			t.id = s.Value()
		case "status":
			t.kind = short(s.Value())
		case "timestamp":
			t.at = s.Value()
		case "biz_opaque_callback_data":
			t.ref = s.Value()
		case "errors":
			t.errs = s.Value()
		case "recipient_type":
			t.form = s.Value()
		case "recipient_id":
			t.recipient = s.Value()
		case "recipient_user_id":
			t.recipientUser = s.Value()
		case "recipient_participant_id":
			t.member = s.Value()
		case "recipient_participant_user_id":
			t.memberUser = s.Value()
		case "parent_recipient_user_id": // Meta's pages and clients write it in three ways
			t.parents[0] = s.Value()
		case "parent_user_id":
			t.parents[1] = s.Value()
		case "recipient_parent_user_id":
			t.parents[2] = s.Value()
		default:
			s.Value()
		}
	}
	s.End()
	if t.to = personOf(t.recipientUser, t.recipient); t.group() {
		t.to = personOf(t.memberUser, t.member)
	}
	return t, s.OK()
}

func (t *status) group() bool { return scan.Is(t.form, "group") }

// event is the message's id and what became of it; in a group, each member's.
func (t *status) event() string {
	id := short(t.id)
	if id == "" {
		return ""
	}
	id += ":" + t.kind
	if member := scan.Name(t.member); member != "" {
		return id + ":" + member
	}
	if member := scan.Name(t.memberUser); member != "" {
		return id + ":" + member
	}
	return id
}

func (t *status) hash() string { return meta.HashOf(t.raw) }

func (t *status) person() person { return t.to }

// whose falls back on the id that the person has in all of a business's portfolios
// if there is no other: the message was sent to it.
func (t *status) whose(c contact) whose {
	w := whose{person: t.to.And(c.person)}
	if t.group() {
		if w.group = scan.Name(t.recipient); w.group == "" {
			return whose{}
		}
		return w
	}
	for _, parent := range t.parents {
		if id := scan.Text(parent); w.parent == "" && len(id) <= scan.MaxName {
			w.parent = id
		}
	}
	return w
}

// states are what a status means; any other one is kept raw.
var states = map[string]hub.State{
	"sent": hub.Sent, "delivered": hub.Delivered, "read": hub.Read, "played": hub.Read, "failed": hub.Failed,
}

// read fills in how the message fares.
func (t *status) read(e *channel.Event) error {
	e.Type, e.At = t.kind, millis(t.at)
	state, known := states[e.Type]
	if !known {
		return nil
	}
	r := channel.Receipt{Target: short(t.id), Ref: scan.Text(t.ref), State: state}
	switch {
	case r.Target == "" && r.Ref == "":
		return unparsable("a status of no message")
	case e.User == "":
		return unparsable("a status without recipient")
	}
	if state == hub.Failed {
		r.Code = hub.Permanent
		if n, ok := meta.Number(scan.Get(scan.First(t.errs), "code")); ok {
			r.Detail = itoa(n)
			if code := codeOf(meta.Failure{Number: n}); code != "" {
				r.Code = code
			}
		}
	}
	e.Kind, e.Receipt = channel.EventReceipt, r
	return nil
}

func itoa(n int) string { return strconv.Itoa(n) }
