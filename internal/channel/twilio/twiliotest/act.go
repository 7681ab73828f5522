package twiliotest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// extra is what only WhatsApp, or Twilio, has, by type.
//
// Messages of the customer. All take message (the id that it answers) and forwarded:
//
//	text       text
//	reply      text; message is the hub's last if absent
//	referral   text, and of the ad: source_type (ad or post), source, headline
//	image      caption, mime, link
//	video      caption, mime, link
//	audio      mime, link
//	document   name, mime, link
//	sticker    link
//	files      files (a list of type, mime and link)
//	contacts   name, link
//	location   latitude, longitude, name, address
//	button     id, title: a tap on a button that no message of the hub's showed
//	list       id, title: the same of a row
//	form       answers (a JSON object): a filled-in Flow
//
// What happens to the customer:
//
//	identity   show (phone, user or both: which ids webhooks tell), name; makes no webhook
//
// What happens to the number or the account:
//
//	status     message (the hub's last to the customer if absent), status, code
//	sms        text: an SMS to the number
//	content    content (a template of Twilio's): from now on it can be sent
//	sender     state (ONLINE, OFFLINE …), callback (the inbound URL at Twilio)
//	account    status (active, suspended, closed), kind (Full, Trial)
//	raw        body (a form in any spelling, signed as it is written)
//	json       body (any bytes, signed by their hash)
type extra struct {
	Type string `json:"type"`

	Text       string          `json:"text"`
	Message    string          `json:"message"`
	Forwarded  bool            `json:"forwarded"`
	SourceType string          `json:"source_type"`
	Source     string          `json:"source"`
	Headline   string          `json:"headline"`
	Caption    string          `json:"caption"`
	MIME       string          `json:"mime"`
	Link       string          `json:"link"`
	Name       string          `json:"name"`
	Files      []file          `json:"files"`
	Latitude   json.Number     `json:"latitude"`
	Longitude  json.Number     `json:"longitude"`
	Address    string          `json:"address"`
	ID         string          `json:"id"`
	Title      string          `json:"title"`
	Answers    json.RawMessage `json:"answers"`

	Show     string          `json:"show"`
	Status   string          `json:"status"`
	Code     int             `json:"code"`
	Content  json.RawMessage `json:"content"`
	State    string          `json:"state"`
	Callback string          `json:"callback"`
	Kind     string          `json:"kind"`
	Body     string          `json:"body"`
}

type file struct {
	Type string `json:"type"`
	MIME string `json:"mime"`
	Link string `json:"link"`
}

// made is what an act comes to.
type made struct {
	hook    *fake.Webhook // nil: none
	message string
}

// Act makes the webhook of an act and delivers it. Some acts make none: block, follow,
// joining the sandbox, identity, content, sender, account. A repeated delivery has the
// same bytes. Twilio's webhooks name no event, so the act's Event is not used.
func (p *platform) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	m, err := p.compose(a)
	if err != nil {
		return fake.Delivery{}, err
	}
	return p.Deliver(ctx, a, fake.Delivery{Message: m.message}, m.hook, m.hook), nil
}

// compose makes the webhook of an act and notes what Twilio would know afterwards.
func (p *platform) compose(a fake.Act) (made, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, err := p.Account(a.Account)
	if err != nil {
		return made{}, err
	}
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return made{}, err
	}
	if set := a.Doings(); set != 1 {
		return made{}, fmt.Errorf("twiliotest: act: give exactly one of text, image, sticker, follow, block, button, extra; there are %d", set)
	}
	switch {
	case a.Postback != "":
		return made{}, errors.New("twiliotest: act: WhatsApp has no menu whose buttons no message showed; see button")
	case len(a.FlowAnswer) > 0:
		return made{}, errors.New("twiliotest: act: the hub invites to no Flow through Twilio; see the extra form")
	}
	switch x.Type {
	case "raw":
		hook, err := n.respelled(x.Body)
		return made{hook: hook}, err
	case "json":
		hook := n.bytes(n.Webhook, "application/json", []byte(x.Body))
		return made{hook: &hook}, nil
	case "content":
		c, err := define(x.Content)
		if err == nil {
			p.contents[c.SID] = c
			p.Journal.Record("content", c)
		}
		return made{}, err
	case "sender":
		if x.State != "" {
			n.state = x.State
		}
		if x.Callback != "" {
			n.callback = x.Callback
		}
		p.rememberState(n)
		return made{}, nil
	case "account":
		if x.Status != "" {
			n.owner.Status = x.Status
		}
		if x.Kind != "" {
			n.owner.Type = x.Kind
		}
		p.rememberState(n)
		return made{}, nil
	case "status":
		return p.statusByHand(n, a, x)
	}
	return p.doing(n, a, x, p.Time(a))
}

// statusByHand tells any state of a message of the hub's.
func (p *platform) statusByHand(n *number, a fake.Act, x extra) (made, error) {
	id := x.Message
	if id == "" && a.From != "" {
		id = n.chat(p.person(n, a.From).Key).last
	}
	s := n.sent[id]
	switch {
	case s == nil || s.Callback == "":
		return made{}, errors.New("twiliotest: act: a status is of a message that the hub sent with a StatusCallback: name it, or a customer who got one")
	case x.Status == "":
		return made{}, errors.New("twiliotest: act: a status is queued, sending, sent, delivered, read, undelivered or failed")
	}
	hook := n.statusCallback(s, x.Status, x.Code)
	return made{&hook, s.ID}, nil
}

// doing is what a customer does; p.Mu is held.
func (p *platform) doing(n *number, a fake.Act, x extra, at time.Time) (made, error) {
	if a.From == "" {
		return made{}, errors.New("twiliotest: act: who is it from?")
	}
	who := p.person(n, a.From)
	c := n.chat(who.Key)
	defer p.rememberChat(n, who.Key, c)
	switch {
	case a.Block, a.Follow:
		c.blocked = a.Block
		return made{}, nil
	case x.Type == "identity":
		return made{}, p.settleOn(who, x)
	case c.blocked:
		return made{}, errors.New("twiliotest: act: the customer has blocked the number; only follow is possible")
	case n.isSandbox() && a.Text == "join "+n.Secrets["sandbox"]:
		c.joined, c.lastIn = at, at // Twilio answers itself, and tells nobody
		return made{}, nil
	case n.isSandbox() && at.Sub(c.joined) >= membership:
		return made{}, errors.New("twiliotest: act: the customer has not joined the sandbox, or over three days ago: write \"join \" and the code first")
	}
	m := &incoming{n: n, who: who, id: a.ID, sms: x.Type == "sms"}
	if err := m.say(c, a, x); err != nil {
		return made{}, err
	}
	if m.id == "" {
		if m.id = newSID("SM"); len(m.files) > 0 {
			m.id = newSID("MM")
		}
	}
	if !m.sms && at.After(c.lastIn) {
		c.lastIn = at
	}
	user := ""
	if who.Show != showPhone {
		user = p.userID(n.owner, who)
	}
	l := m.parameters(user)
	p.rememberGot(n, &logged{ID: m.id, From: m.from(user), To: m.to(), Text: m.text, Media: len(m.files), At: at, Direction: "inbound"})
	hook := n.posted(n.Webhook, l)
	return made{&hook, m.id}, nil
}
