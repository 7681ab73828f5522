package whatsapptest

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput
const (
	window    = 24 * time.Hour  // after the customer's last message
	perSecond = 80              // sends of a number
	pairEvery = 6 * time.Second // one send of a number to a customer
	pairBurst = 45              // sends to a customer within pairEvery, borrowed from the future
)

// pair is the pace of a number towards a customer: a burst is paid off before the
// next send.
type pair struct {
	burst time.Time // when the burst began
	n     int       // its sends
	free  time.Time // when it is paid off
}

func (r *pair) allow(now time.Time) bool {
	switch {
	case !now.Before(r.free):
		r.burst, r.n, r.free = now, 1, now.Add(pairEvery)
	case now.Sub(r.burst) < pairEvery && r.n < pairBurst:
		r.n++
		r.free = r.free.Add(pairEvery)
	default:
		return false
	}
	return true
}

// messages takes a send or a read mark.
func (p *platform) messages(x *exchange) {
	o := parse(x.body)
	if o.fault == nil && !o.has("messaging_product") {
		o.fault = required("messaging_product")
	}
	o.oneOf("messaging_product", true, "whatsapp")
	if o.has("status") {
		p.mark(x, o)
		return
	}
	p.mu.Lock()
	q := p.read(x.number, o)
	p.mu.Unlock()
	if o.fault != nil {
		x.refuse(o.fault)
		return
	}
	name := q.ref
	if name == "" {
		name = string(x.body)
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
// one of the past. p.mu is held.
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
	p.mu.Lock()
	defer p.mu.Unlock()
	n, now := x.number, p.now()
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
	p.journal.Record("accepted", acceptedEntry{n.ID, s})
	p.ledger.Add(fake.Call{Channel: kind, Account: n.ID, To: s.To, Name: who.label(s.To), Kind: q.kind, Text: q.text,
		Body: string(x.body), At: now.UnixMilli(), ID: s.ID, Dropped: s.Dropped})
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
	c.shown = append(c.shown, s.Shown...)
	if over := len(c.shown) - maxShown; over > 0 {
		c.shown = append([]shown{}, c.shown[over:]...)
	}
	if s.Form != nil {
		c.form = *s.Form
	}
}

// pace refuses what comes too fast, and counts the rest.
func (n *number) pace(key string, now time.Time) *refusal {
	for len(n.recent) > 0 && now.Sub(n.recent[0]) >= time.Second {
		n.recent = n.recent[1:]
	}
	if len(n.recent) >= perSecond {
		return refuse(130429, "")
	}
	if n.pairs[key] == nil {
		n.pairs[key] = &pair{}
	}
	if !n.pairs[key].allow(now) {
		return refuse(131056, "")
	}
	n.recent = append(n.recent, now)
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
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	news := p.news(x.number, s, x.faults, name)
	if dice.Hit(x.faults.StatusEarly, "early", name) {
		news.tellNow(x.r.Context())
	}
	defer func() { go news.tell() }() // even if the answer is lost
	if p.spoil(x, name) {
		return
	}
	out := sendAnswer{Product: "whatsapp", Messages: []acceptedMessage{{ID: s.ID}}}
	contact := answerContact{Input: s.Input, WaID: s.To}
	if s.ByUser {
		contact.WaID, contact.UserID = "", s.To
	}
	out.Contacts = []answerContact{contact}
	if s.Category != "service" {
		out.Messages[0].Status = "accepted"
	}
	x.answer(200, out)
}

// fault answers in place of WhatsApp if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	switch f := x.faults; {
	case dice.Hit(f.Rate429, "429", name):
		if f.RetryAfter > 0 {
			x.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		r := refuse(130429, "")
		r.status = http.StatusTooManyRequests
		x.refuse(r)
	case dice.Hit(f.Rate500, "500", name):
		x.refuse(refuse(131000, ""))
	case dice.Hit(f.Timeout, "timeout", name):
		<-x.r.Context().Done()
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	switch {
	case dice.Hit(x.faults.AcceptThenDrop, "drop", name):
		panic(http.ErrAbortHandler)
	case dice.Hit(x.faults.AcceptThen500, "late 500", name):
		// An error of WhatsApp's own number would say that nothing was sent.
		x.refuse(&refusal{status: http.StatusInternalServerError, code: 1, message: "An unknown error has occurred."})
		return true
	}
	return false
}
