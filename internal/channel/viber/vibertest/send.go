package vibertest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
)

// Of messages that a customer does not answer.
// https://creators.viber.com/docs/bots-api/resources/messaging/send-message
const (
	unansweredMax  = 100
	unansweredSpan = time.Hour
)

// send takes a message to a subscriber.
// https://developers.viber.com/docs/api/rest-bot-api/#send-message
func (p *platform) send(x *exchange) {
	m := read(x.in, false)
	if x.in.fault != nil {
		x.refuse(x.in.fault)
		return
	}
	name := "send " + m.receiver + " " + refOf(m.tracking)
	if refOf(m.tracking) == "" {
		name = "send " + string(x.body)
	}
	if p.fault(x, name) {
		return
	}
	s, refused := p.accept(x, m, name)
	if refused != nil {
		x.refuse(refused)
		return
	}
	p.settle(x, s, name)
}

// refOf is what tells one message from another of the same words.
func refOf(tracking string) string {
	var t struct {
		Ref string `json:"ref"`
	}
	if json.Unmarshal([]byte(tracking), &t) != nil {
		return tracking
	}
	return t.Ref
}

// accept takes a send, or tells why not; looking and accepting are one step.
func (p *platform) accept(x *exchange, m *message, name string) (*sent, *refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, now := x.bot, p.now()
	if b.Webhook == "" {
		return nil, refuse(noWebhook, "webhookNotSet")
	}
	if refused := p.known(b, m.receiver); refused != nil {
		return nil, refused
	}
	if m.version > clientVersion {
		return nil, refuse(apiVersion, "apiVersionNotSupported")
	}
	c := b.customers[m.receiver]
	for len(c.Unanswered) > 0 && now.Sub(c.Unanswered[0]) >= unansweredSpan {
		c.Unanswered = c.Unanswered[1:]
	}
	if len(c.Unanswered) >= unansweredMax {
		return nil, refuse(tooMany, "Too many requests")
	}
	c.Unanswered = append(c.Unanswered, now)
	return p.note(b, m, m.receiver, m.kind, x.body, x.faults, name), nil
}

// note files a message that goes to a customer; p.mu is held.
func (p *platform) note(b *bot, m *message, to, what string, body []byte, f faults, name string) *sent {
	s := &sent{Token: newToken(), To: to, At: p.now()}
	s.Owed = p.owed(b, f, name)
	b.sent[tokenText(s.Token)] = s
	p.journal.Record("accepted", acceptedEntry{b.ID, s})
	p.got(b, to, tokenText(s.Token), m)
	if what == "" {
		what = "keyboard"
	}
	p.ledger.Add(fake.Call{Channel: kind, Account: b.ID, To: to, Name: p.names[to], Kind: what, Text: m.text,
		Body: string(body), At: s.At.UnixMilli(), ID: tokenText(s.Token)})
	return s
}

// settle answers an accepted send, unless the plan spoils the answer, and tells what
// becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	news := p.news(x.bot, s, x.faults, name)
	if dice.Hit(x.faults.StatusEarly, "early", name) {
		news.tellNow(x.r.Context())
	}
	defer func() { go news.tell() }() // even if the answer is lost
	if p.spoil(x, name) {
		return
	}
	x.answer(struct {
		status
		Token   int64  `json:"message_token"`
		Host    string `json:"chat_hostname"`
		Billing int    `json:"billing_status"`
	}{status{0, "ok"}, s.Token, host(s.Token), 1})
}

// welcome takes the answer to a conversation_started as the one message that may go to
// somebody who has not subscribed, and tells why it does not.
// https://creators.viber.com/docs/bots-api/resources/messaging/welcome-message
func (p *platform) welcome(b *bot, to, event string, answer []byte) string {
	if len(answer) == 0 || string(answer) == "{}" {
		return ""
	}
	if len(answer) > maxBody {
		return "the welcome is too big"
	}
	o := (&check{}).object("", answer)
	if o.fault != nil {
		return "the answer is no message"
	}
	m := read(o, true)
	if o.fault != nil {
		return "the welcome is refused: " + o.fault.words
	}
	p.mu.Lock()
	if b.welcomed[event] {
		p.mu.Unlock()
		return "the welcome was sent before"
	}
	b.welcomed[event] = true
	p.journal.Record("welcomed", welcomedEntry{b.ID, event})
	f := p.faults
	s := p.note(b, m, to, "welcome", answer, f, "welcome "+event)
	p.mu.Unlock()
	news := p.news(b, s, f, "welcome "+event)
	go news.tell()
	return ""
}
