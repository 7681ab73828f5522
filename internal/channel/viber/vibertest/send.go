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
	p.Mu.Lock()
	defer p.Mu.Unlock()
	b, now := x.bot, p.Now()
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
	if c.Unanswered.Full(now, unansweredSpan, unansweredMax) {
		return nil, refuse(tooMany, "Too many requests")
	}
	c.Unanswered.Note(now)
	return p.note(b, m, m.receiver, m.kind, x.body, x.faults, name), nil
}

// note files a message that goes to a customer; p.Mu is held.
func (p *platform) note(b *bot, m *message, to, what string, body []byte, f faults, name string) *sent {
	s := &sent{Token: newToken(), To: to, At: p.Now()}
	s.Owed = p.owed(b, f, name)
	b.sent[tokenText(s.Token)] = s
	p.Journal.Record("accepted", acceptedEntry{b.ID, s})
	p.got(b, to, tokenText(s.Token), m)
	if what == "" {
		what = "keyboard"
	}
	p.Ledger.Add(fake.Call{Channel: kind, Account: b.ID, To: to, Name: p.names[to], Kind: what, Text: m.text,
		Body: string(body), At: s.At.UnixMilli(), ID: tokenText(s.Token)})
	return s
}

// settle answers an accepted send, unless the plan spoils the answer, and tells what
// becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.news(x.bot, s, x.faults, name).Around(x.r.Context(), func() {
		if p.spoil(x, name) {
			return
		}
		x.answer(struct {
			status
			Token   int64  `json:"message_token"`
			Host    string `json:"chat_hostname"`
			Billing int    `json:"billing_status"`
		}{status{0, "ok"}, s.Token, host(s.Token), 1})
	})
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
	p.Mu.Lock()
	if b.welcomed[event] {
		p.Mu.Unlock()
		return "the welcome was sent before"
	}
	b.welcomed[event] = true
	p.Journal.Record("welcomed", welcomedEntry{b.ID, event})
	f := p.Faults
	s := p.note(b, m, to, "welcome", answer, f, "welcome "+event)
	p.Mu.Unlock()
	p.news(b, s, f, "welcome "+event).Later()
	return ""
}
