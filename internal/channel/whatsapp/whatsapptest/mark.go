package whatsapptest

import "omnihub/internal/channel/fake"

// mark takes a read mark, with or without a sign that an answer is being written.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
func (p *platform) mark(x *exchange, o *object) {
	o.OneOf("status", true, "read")
	id := wamid(o, "message_id")
	what := "read"
	if o.Has("typing_indicator") {
		what = "typing"
		t := o.Child("typing_indicator")
		t.OneOf("type", true, "text")
		t.Only()
	}
	o.Only()
	if o.Fault != nil {
		x.refuse(o.Fault)
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
		x.Answer(200, map[string]bool{"success": true})
	}
}

// noteMark puts a mark into the ledger; the message must be one that the number got.
func (p *platform) noteMark(x *exchange, what, id string) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n := x.number
	who := p.people[n.got[id]]
	if who == nil {
		return refuse(131009, "message_id is not the ID of a message to this number")
	}
	to := who.Phone
	if who.Show == showUser || to == "" {
		to = p.userID(n.waba, who)
	}
	p.Ledger.Add(fake.Call{Channel: kind, Account: n.ID, To: to, Name: who.label(to), Kind: what,
		Body: string(x.Body), At: p.Now().UnixMilli(), ID: id})
	return nil
}
