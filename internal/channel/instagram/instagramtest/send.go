package instagramtest

import (
	"net/http"
	"time"

	"omnihub/internal/channel/fake"
)

// How long after the customer's last act a message may be sent, and how fast.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/policy
// https://developers.facebook.com/documentation/instagram-platform/overview#rate-limiting
const (
	window         = 24 * time.Hour
	agentWindow    = 7 * 24 * time.Hour // with HUMAN_AGENT
	adWindow       = 7 * 24 * time.Hour // after an advertisement
	textsPerSecond = 100
	filesPerSecond = 10 // of audio and video
	listsPerSecond = 2  // of the Conversations API
)

// sent is an accepted send.
type sent struct {
	ID       string
	To       string // the customer's id
	At       time.Time
	Kind     string
	Text     string
	Link     string `json:",omitempty"`
	Template []byte `json:",omitempty"`
	Dropped  bool   // the customer does not get it
	Shown    []shown
	Owed     []string // what is still to be told of it, in order: echo, read
}

// messages takes a send, or a sign of typing or reading.
func (p *platform) messages(x *exchange) *refusal {
	q, refused := readSend(x.login, x.Body)
	if refused != nil {
		return refused
	}
	name := "send " + q.to + " " + q.text
	if q.action != "" {
		name = q.action + " " + q.to
	}
	if p.fault(x, name) {
		return nil
	}
	if q.action != "" {
		return p.action(x, q, name)
	}
	s, refused := p.accept(x, q, name)
	if refused == nil {
		p.settle(x, s, name)
	}
	return refused
}

// allowed tells why the account may not write to a customer; p.Mu is held.
func (x *exchange) allowed(c *chat) *refusal {
	scope := "instagram_manage_messages"
	if x.login {
		scope = "instagram_business_manage_messages"
	}
	switch {
	case !x.token.has(scope):
		return lacking(scope)
	case x.account.closed:
		return accessOff()
	case c == nil:
		return noSuchUser()
	case c.blocked:
		return notAvailable()
	}
	return nil
}

// accept takes a send, or tells why not; looking and accepting are one step.
func (p *platform) accept(x *exchange, q *request, name string) (*sent, *refusal) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a, now := x.account, p.Now()
	c := a.lookUp(q.to)
	if refused := x.allowed(c); refused != nil {
		return nil, refused
	}
	since := now.Sub(c.lastIn)
	if since >= window && now.Sub(c.ad) >= adWindow && (!q.agent || since >= agentWindow) {
		return nil, outsideWindow()
	}
	recent, most := &a.texts, textsPerSecond
	if q.kind == "audio" || q.kind == "video" {
		recent, most = &a.files, filesPerSecond
	}
	if recent.Full(now, time.Second, most) {
		return nil, tooFast()
	}
	recent.Note(now)
	s := &sent{ID: messageID(), To: q.to, At: now, Kind: q.kind, Text: q.text, Link: q.link, Template: q.template, Shown: q.shown}
	for i := range s.Shown {
		s.Shown[i].Message = s.ID
	}
	s.Owed = p.owed(a, x.faults, name)
	a.remember(s)
	p.Journal.Record("accepted", acceptedEntry{a.ID, s})
	e := entryOfChat{ID: s.ID, At: now, Ours: true, ByApp: true, Text: q.text, Kind: q.kind, Title: q.title, Link: q.link}
	switch q.kind {
	case "text":
		e.Kind = ""
	case "template":
		if e.Text = ""; q.title == "" { // of buttons
			e.Title = q.text
		}
	}
	p.add(a, q.to, c, e)
	p.Ledger.Add(fake.Call{Channel: kind, Account: a.ID, To: s.To, Name: c.label(s.To), Kind: q.kind, Text: q.text,
		Body: string(x.Body), At: now.UnixMilli(), ID: s.ID})
	return s, nil
}

// remember files an accepted send and what the customer can do with it.
func (a *account) remember(s *sent) {
	a.sent[s.ID] = s
	if c := a.chats[s.To]; c != nil {
		c.shown = fake.Newest(append(c.shown, s.Shown...), maxShown)
	}
}

type sendAnswer struct {
	Recipient string `json:"recipient_id"`
	Message   string `json:"message_id,omitempty"`
}

// settle answers a send, and tells what becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.news(x.account, s, x.faults, name).Around(x.R.Context(), func() {
		if !p.spoil(x, name) {
			x.Answer(http.StatusOK, sendAnswer{s.To, s.ID})
		}
	})
}

// action shows the customer that an answer is being written, or was read.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions
func (p *platform) action(x *exchange, q *request, name string) *refusal {
	refused := p.noteAction(x, q)
	if refused == nil && !p.spoil(x, name) {
		x.Answer(http.StatusOK, sendAnswer{Recipient: q.to})
	}
	return refused
}

func (p *platform) noteAction(x *exchange, q *request) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	c := x.account.lookUp(q.to)
	if refused := x.allowed(c); refused != nil {
		return refused
	}
	if p.Now().Sub(c.lastIn) >= window {
		return outsideWindow()
	}
	p.Ledger.Add(fake.Call{Channel: kind, Account: x.account.ID, To: q.to, Name: c.label(q.to), Kind: q.action,
		Body: string(x.Body), At: p.Now().UnixMilli(), ID: c.last(false)})
	return nil
}
