package whatsapptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// extra is what only WhatsApp has, by type.
//
// Messages of the customer. All take message (the id that it answers) and forwarded:
//
//	text         text
//	reply        text; message is the hub's last if absent
//	referral     text, referral (the object of a click-to-WhatsApp ad; made if absent)
//	image        caption, mime, link
//	video        caption, mime, link
//	audio        mime, link, voice (recorded in the chat)
//	document     caption, name, mime, link
//	sticker      link, animated
//	location     latitude, longitude, name, address
//	contacts     contacts (an array of cards)
//	reaction     message (the hub's last if absent), emoji (absent = taken back)
//	order        catalog, items, text
//	unsupported  kind (what it is: poll, edit …), code (131051 if absent)
//
// What happens to the customer:
//
//	identity        show (phone, user or both: which ids webhooks tell), username, name;
//	                alone it is kept and makes no webhook, and may set phone and user_id;
//	                beside another act it is for that act only
//	change_number   phone (the new one; made if absent); also brings a new BSUID
//	change_user_id  the same, as it is told of somebody whose number is hidden
//	recycled        of, text: a new customer, who got the number of another, writes
//
// What happens to the account or the app:
//
//	status           message (the hub's last to the customer if absent), status (sent,
//	                 delivered, read, played or failed), code, details
//	template         template (as it is created at Meta): from now on it can be sent
//	template_status  name, language, event, and reason, title, details, date
//	error            code, details: an error of the number itself
//	handshake        mode, token, challenge (those of Meta if absent): the GET by which a
//	                 webhook URL is entered; the delivery has the answer's header and body
//	raw              body (any bytes, signed as Meta would)
//	batch            acts (a list of acts), form (how they share a POST: changes, the
//	                 default, entries or messages)
type extra struct {
	Type string `json:"type"`

	Text      string          `json:"text"`
	Message   string          `json:"message"`
	Forwarded bool            `json:"forwarded"`
	Referral  json.RawMessage `json:"referral"`
	Caption   string          `json:"caption"`
	MIME      string          `json:"mime"`
	Link      string          `json:"link"`
	Voice     bool            `json:"voice"`
	Animated  bool            `json:"animated"`
	Name      string          `json:"name"`
	Latitude  float64         `json:"latitude"`
	Longitude float64         `json:"longitude"`
	Address   string          `json:"address"`
	Contacts  json.RawMessage `json:"contacts"`
	Emoji     string          `json:"emoji"`
	Catalog   string          `json:"catalog"`
	Items     json.RawMessage `json:"items"`
	Kind      string          `json:"kind"`
	Code      int             `json:"code"`

	Show     string  `json:"show"`
	Username *string `json:"username"`
	User     string  `json:"user_id"`
	Phone    string  `json:"phone"`
	Of       string  `json:"of"`

	Status    string          `json:"status"`
	Details   string          `json:"details"`
	Template  json.RawMessage `json:"template"`
	Language  string          `json:"language"`
	Event     string          `json:"event"`
	Reason    string          `json:"reason"`
	Title     string          `json:"title"`
	Date      string          `json:"date"`
	Mode      string          `json:"mode"`
	Token     string          `json:"token"`
	Challenge string          `json:"challenge"`
	Body      string          `json:"body"`
	Acts      []fake.Act      `json:"acts"`
	Form      string          `json:"form"`
}

// composed is what an act comes to.
type composed struct {
	hook      *fake.Webhook // nil: none
	message   string
	handshake *metatest.Handshake
}

// Act makes the webhook of an act and delivers it. Some acts make none: block, follow,
// identity, template. A repeated delivery has the same bytes. Meta's webhooks name no
// event, so the act's Event is not used.
func (p *platform) Act(ctx context.Context, a fake.Act) (fake.Delivery, error) {
	made, err := p.compose(a)
	if err != nil {
		return fake.Delivery{}, err
	}
	if made.handshake != nil {
		return made.handshake.Shake(ctx, p.Client, a.Hold)
	}
	return p.Deliver(ctx, a, fake.Delivery{Message: made.message}, made.hook, made.hook), nil
}

// compose makes the webhook of an act and notes what WhatsApp would know afterwards.
func (p *platform) compose(a fake.Act) (composed, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	n, err := p.Account(a.Account)
	if err != nil {
		return composed{}, err
	}
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return composed{}, err
	}
	var list []update
	switch x.Type {
	case "raw":
		p.learn([]byte(x.Body))
		hook := n.signed("messages", []byte(x.Body))
		return composed{hook: &hook}, nil
	case "handshake":
		h, err := n.handshake(x)
		return composed{handshake: h}, err
	case "batch":
		if list, err = p.batch(n, x); err != nil {
			return composed{}, err
		}
	default:
		u, err := p.happen(n, a, x)
		if err != nil {
			return composed{}, err
		}
		list = append(list, u)
	}
	out := composed{message: list[0].message}
	entries := assembled(list, x.Form)
	if len(entries) > 0 {
		hook := n.signed(entries[0].Changes[0].Field, metatest.Encode(webhook{objectName, entries}))
		out.hook = &hook
	}
	return out, nil
}

// update is the part of a webhook that one act makes.
type update struct {
	n       *number
	change  *change // nil: the act makes no webhook
	time    int64   // of the entry; 0 = it has none
	message string  // the id of the message that it is about
}

// batch makes the updates of several acts.
func (p *platform) batch(n *number, x extra) ([]update, error) {
	if len(x.Acts) == 0 || x.Form != "" && x.Form != "changes" && x.Form != "entries" && x.Form != "messages" {
		return nil, errors.New("whatsapptest: act: a batch has acts, and a form out of changes, entries and messages")
	}
	var list []update
	for i, a := range x.Acts {
		var one extra
		err := p.Extra(a, &one)
		if err != nil {
			return nil, err
		}
		of := n
		if a.Account != "" {
			if of, err = p.Account(a.Account); err != nil {
				return nil, err
			}
		}
		switch {
		case one.Type == "batch" || one.Type == "raw" || one.Type == "handshake" || a.Hold || a.Repeat != 0:
			err = errors.New("it has neither hold nor repeat, and is no batch, raw body or handshake")
		case of.route("messages") != n.route("messages") || of.Secrets["app_secret"] != n.Secrets["app_secret"]:
			err = errors.New("it is for another webhook")
		default:
			var u update
			u, err = p.happen(of, a, one)
			list = append(list, u)
		}
		if err != nil {
			return nil, fmt.Errorf("whatsapptest: act: number %d of the batch: %w", i+1, err)
		}
	}
	return list, nil
}

// assembled puts updates into entries.
func assembled(list []update, form string) []entry {
	var out []entry
	for _, u := range list {
		if u.change == nil {
			continue
		}
		last := len(out) - 1
		if last < 0 || form == "entries" || u.time != 0 || out[last].Time != 0 || out[last].ID != u.n.waba {
			out = append(out, entry{ID: u.n.waba, Changes: []change{*u.change}, Time: u.time})
			continue
		}
		changes := out[last].Changes
		before, ok := changes[len(changes)-1].Value.(value)
		now, also := u.change.Value.(value)
		if form == "messages" && ok && also && before.Metadata == now.Metadata && (before.Messages == nil) == (now.Messages == nil) &&
			before.Errors == nil && now.Errors == nil {
			before.Contacts = append(before.Contacts, now.Contacts...)
			before.Messages = append(before.Messages, now.Messages...)
			before.Statuses = append(before.Statuses, now.Statuses...)
			changes[len(changes)-1].Value = before
			continue
		}
		out[last].Changes = append(changes, *u.change)
	}
	return out
}

// happen lets one act happen; p.Mu is held.
func (p *platform) happen(n *number, a fake.Act, x extra) (update, error) {
	at, set := p.Time(a), a.Doings()
	if passing := x.Type == "identity" && set == 2; set != 1 && !passing {
		return update{}, fmt.Errorf("whatsapptest: act: give exactly one of text, image, sticker, follow, block, button, flow_answer, extra; there are %d", set)
	}
	if a.Postback != "" {
		return update{}, errors.New("whatsapptest: act: WhatsApp has no menu whose buttons no message showed; see button")
	}
	switch x.Type {
	case "template":
		return p.newTemplate(n, x)
	case "template_status":
		return p.templateStatus(n, x, at)
	case "error":
		c := n.messages(value{Errors: []failure{failed(x.Code, x.Details)}})
		return update{n: n, change: &c}, nil
	case "status":
		return p.statusByHand(n, a, x, at)
	}
	return p.doing(n, a, x, set, at)
}
