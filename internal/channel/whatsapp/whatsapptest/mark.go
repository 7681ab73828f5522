package whatsapptest

import "omnihub/internal/channel/fake"

// mark takes a read mark, with or without a sign that an answer is being written.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
func (p *platform) mark(x *exchange, o *object) {
	o.oneOf("status", true, "read")
	id := o.messageID("message_id")
	what := "read"
	if o.has("typing_indicator") {
		what = "typing"
		t := o.child("typing_indicator")
		t.oneOf("type", true, "text")
		t.only()
	}
	o.only()
	if o.fault != nil {
		x.refuse(o.fault)
		return
	}
	if p.fault(x, what+" "+id) {
		return
	}
	if refused := p.noteMark(x, what, id); refused != nil {
		x.refuse(refused)
		return
	}
	if !p.spoil(x, what+" "+id) {
		x.answer(200, map[string]bool{"success": true})
	}
}

// noteMark puts a mark into the ledger; the message must be one that the number got.
func (p *platform) noteMark(x *exchange, what, id string) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := x.number
	who := p.people[n.got[id]]
	if who == nil {
		return refuse(131009, "message_id is not the ID of a message to this number")
	}
	to := who.Phone
	if who.Show == showUser || to == "" {
		to = p.userID(n.waba, who)
	}
	p.ledger.Add(fake.Call{Channel: kind, Account: n.ID, To: to, Name: who.label(to), Kind: what,
		Body: string(x.body), At: p.now().UnixMilli(), ID: id})
	return nil
}
