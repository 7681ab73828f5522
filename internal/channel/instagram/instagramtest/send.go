package instagramtest

import (
	"net/http"
	"strconv"
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
	q, refused := readSend(x.login, x.body)
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

// allowed tells why the account may not write to a customer; p.mu is held.
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
	p.mu.Lock()
	defer p.mu.Unlock()
	a, now := x.account, p.now()
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
	if !within(recent, now, most) {
		return nil, tooFast()
	}
	s := &sent{ID: messageID(), To: q.to, At: now, Kind: q.kind, Text: q.text, Link: q.link, Template: q.template, Shown: q.shown}
	for i := range s.Shown {
		s.Shown[i].Message = s.ID
	}
	s.Owed = p.owed(a, x.faults, name)
	a.remember(s)
	p.journal.Record("accepted", acceptedEntry{a.ID, s})
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
	p.ledger.Add(fake.Call{Channel: kind, Account: a.ID, To: s.To, Name: c.label(s.To), Kind: q.kind, Text: q.text,
		Body: string(x.body), At: now.UnixMilli(), ID: s.ID})
	return s, nil
}

// remember files an accepted send and what the customer can do with it.
func (a *account) remember(s *sent) {
	a.sent[s.ID] = s
	if c := a.chats[s.To]; c != nil {
		c.shown = append(c.shown, s.Shown...)
		if over := len(c.shown) - maxShown; over > 0 {
			c.shown = append([]shown{}, c.shown[over:]...)
		}
	}
}

// within refuses what comes too fast, and counts the rest.
func within(recent *[]time.Time, now time.Time, most int) bool {
	for len(*recent) > 0 && now.Sub((*recent)[0]) >= time.Second {
		*recent = (*recent)[1:]
	}
	if len(*recent) >= most {
		return false
	}
	*recent = append(*recent, now)
	return true
}

type sendAnswer struct {
	Recipient string `json:"recipient_id"`
	Message   string `json:"message_id,omitempty"`
}

// settle answers a send, and tells what becomes of it.
func (p *platform) settle(x *exchange, s *sent, name string) {
	p.mu.Lock()
	n := p.news(x.account, s, x.faults, name)
	early := p.dice.Hit(x.faults.StatusEarly, "early", name)
	p.mu.Unlock()
	if early {
		n.tellNow(x.r.Context())
	}
	defer func() { go n.tell() }()
	if !p.spoil(x, name) {
		x.answer(http.StatusOK, sendAnswer{s.To, s.ID})
	}
}

// action shows the customer that an answer is being written, or was read.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions
func (p *platform) action(x *exchange, q *request, name string) *refusal {
	refused := p.noteAction(x, q)
	if refused == nil && !p.spoil(x, name) {
		x.answer(http.StatusOK, sendAnswer{Recipient: q.to})
	}
	return refused
}

func (p *platform) noteAction(x *exchange, q *request) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := x.account.lookUp(q.to)
	if refused := x.allowed(c); refused != nil {
		return refused
	}
	if p.now().Sub(c.lastIn) >= window {
		return outsideWindow()
	}
	p.ledger.Add(fake.Call{Channel: kind, Account: x.account.ID, To: q.to, Name: c.label(q.to), Kind: q.action,
		Body: string(x.body), At: p.now().UnixMilli(), ID: c.last(false)})
	return nil
}

// fault answers in place of Instagram if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	switch f := x.faults; {
	case dice.Hit(f.Rate429, "429", name):
		if f.RetryAfter > 0 {
			x.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		r := tooFast()
		r.status = http.StatusTooManyRequests
		x.refuse(r)
	case dice.Hit(f.Rate500, "500", name):
		x.refuse(unavailable())
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
		x.refuse(unknownError())
		return true
	}
	return false
}
