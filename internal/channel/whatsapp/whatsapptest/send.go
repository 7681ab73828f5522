package whatsapptest

import (
	"net/http"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
const (
	window    = 24 * time.Hour // after the customer's last message
	perSecond = 80             // sends of a number
)

// messages takes a send or a read mark.
func (p *platform) messages(x *exchange) {
	o := parse(x.Body)
	if o.Fault == nil && !o.Has("messaging_product") {
		o.Fault = required("messaging_product")
	}
	o.OneOf("messaging_product", true, "whatsapp")
	if o.Has("status") {
		p.mark(x, o)
		return
	}
	p.Mu.Lock()
	q := p.read(x.number, o)
	p.Mu.Unlock()
	if o.Fault != nil {
		x.refuse(o.Fault)
		return
	}
	name := q.ref
	if name == "" {
		name = string(x.Body)
	}
	if p.fault(x, "send "+name) {
		return
	}
	s, refused := p.accept(x, q, name)
	if refused != nil {
		x.refuse(refused)
		return
	}
	p.settle(x, s, "send "+name)
}

// recipient finds whom a send is for; nil if the number is nobody's, or the BSUID is
// one of the past. p.Mu is held.
func (p *platform) recipient(n *number, q *request) (*person, *refusal) {
	switch {
	case q.to == n.display:
		return nil, refuse(131021, "")
	case q.to != "":
		return p.phones[q.to], nil
	case q.template != nil && q.template.Category == "AUTHENTICATION":
		return nil, refuse(131062, "")
	}
	who := p.ids[idKey(n.waba, q.user)]
	if who == nil {
		return nil, refuse(131009, "recipient is not a user ID of this business portfolio")
	}
	if who.IDs[n.waba] != q.user || who.Phone == "" {
		return nil, nil
	}
	return who, nil
}

// accept takes a send, or tells why not; looking and accepting are one step.
func (p *platform) accept(x *exchange, q *request, name string) (*sent, *refusal) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, now := x.number, p.Now()
	who, refused := p.recipient(n, q)
	if refused != nil {
		return nil, refused
	}
	s := &sent{To: q.to + q.user, Input: q.input, ByUser: q.user != "", Ref: q.ref, At: now, Category: "service", Free: true}
	var c *chat
	open := false
	if who == nil {
		s.Failing = 131026
	} else {
		s.Person = who.Key
		c = n.chat(who.Key)
		open = now.Sub(c.lastIn) < window
	}
	switch {
	case q.template != nil:
		s.Category = strings.ToLower(q.template.Category)
		s.Free = open && s.Category == "utility"
	case who == nil || open:
	case x.faults.FailByStatus:
		s.Failing = 131047
	default:
		return nil, refuse(131047, "")
	}
	if refused := n.pace(s.pairKey(), now); refused != nil {
		return nil, refused
	}
	s.ID = messageID(fromBusiness, s.To)
	s.Dropped = s.Failing != 0 || c != nil && c.blocked
	if c != nil && !s.Dropped {
		s.Shown, s.Form = q.shown, q.form
		for i := range s.Shown {
			s.Shown[i].Message = s.ID
		}
		if s.Form != nil {
			s.Form.Message = s.ID
		}
		s.Quotable = q.kind != "reaction"
	}
	s.Owed = p.owed(n, s, x.faults, name)
	n.remember(s)
	p.Journal.Record("accepted", acceptedEntry{n.ID, s})
	p.Ledger.Add(fake.Call{Channel: kind, Account: n.ID, To: s.To, Name: who.label(s.To), Kind: q.kind, Text: q.text,
		Body: string(x.Body), At: now.UnixMilli(), ID: s.ID, Dropped: s.Dropped})
	return s, nil
}

// remember files an accepted send and what the customer can do with it.
func (n *number) remember(s *sent) {
	n.sent[s.ID] = s
	if s.Dropped || s.Person == "" {
		return
	}
	c := n.chat(s.Person)
	if s.Quotable {
		c.last = s.ID
	}
	c.shown = fake.Newest(append(c.shown, s.Shown...), maxShown)
	if s.Form != nil {
		c.form = *s.Form
	}
}

// pace refuses what comes too fast, and counts the rest.
func (n *number) pace(key string, now time.Time) *refusal {
	if n.recent.Full(now, time.Second, perSecond) {
		return refuse(130429, "")
	}
	if !fake.Entry(n.pairs, key).Allow(now) {
		return refuse(131056, "")
	}
	n.recent.Note(now)
	return nil
}

type sendAnswer struct {
	Product  string            `json:"messaging_product"`
	Contacts []answerContact   `json:"contacts"`
	Messages []acceptedMessage `json:"messages"`
}

type answerContact struct {
	Input  string `json:"input"`
	WaID   string `json:"wa_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

type acceptedMessage struct {
	ID     string `json:"id"`
	Status string `json:"message_status,omitempty"` // of templates
}

// settle answers an accepted send, unless the plan spoils the answer, and tells what
// becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.news(x.number, s, x.faults, name).Around(x.R.Context(), func() {
		if !p.spoil(x, name) {
			x.Answer(http.StatusOK, s.answer())
		}
	})
}

// answer is that of an accepted send.
func (s *sent) answer() sendAnswer {
	out := sendAnswer{Product: "whatsapp", Messages: []acceptedMessage{{ID: s.ID}}}
	contact := answerContact{Input: s.Input, WaID: s.To}
	if s.ByUser {
		contact.WaID, contact.UserID = "", s.To
	}
	out.Contacts = []answerContact{contact}
	if s.Category != "service" {
		out.Messages[0].Status = "accepted"
	}
	return out
}
