package messengertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// extra is what only Messenger has, by type.
//
// Messages of the customer. All take message (the id that it answers):
//
//	text                       text
//	reply                      text; message is the hub's last if absent
//	image, video, audio, file  link (made if absent)
//	attachments                text, attachments (a list of {type, link})
//	sticker                    link, old (as it came until August 2026, as two attachments)
//	link                       text, link, title: a page whose address is in the message
//	reel, post                 text, link, title
//	appointment                (something that the API does not give out)
//	ad                         text, referral (of a click-to-Messenger ad; made if absent)
//
// What the customer does:
//
//	get_started  title, payload, referral or ref and source: the first tap in a thread
//	referral     ref, source, ad (its id): an m.me link or an ad on a thread that is there
//	edit         message (the customer's own last if absent), text
//	reaction     message (the hub's last if absent), reaction, emoji; without both it is
//	             taken back
//	read         the customer reads all until now
//	delivery     mids (absent = none told): all until now was delivered
//	optin        ref
//	link_account code (absent = the link is taken back)
//	person       first, last, hidden: who the customer is; makes no webhook
//
// What the Page does, or Meta to it:
//
//	echo       text or link: somebody writes to the customer in the Page's inbox
//	thread     elsewhere: another app has the threads, or not any more; the first tells
//	           the customer's thread to the inbox
//	policy     action (warning, block, unblock), reason
//	restrict   off: Meta lets the Page send nothing, or with off everything again; no webhook
//	subscribe  off: Meta has taken the app's subscription away, as after an hour of failing
//	           webhooks; without off it is there again with all fields; no webhook
//	feed       text: somebody writes under a post
//
// About the connection:
//
//	token      expires_in and data_expires_in (seconds from now), scopes, revoked, kind
//	           (USER …), token (a new value): what is to be true of the Page's token; no
//	           webhook
//	handshake  mode, token, challenge (those of Meta if absent): the GET by which a
//	           webhook URL is entered; the delivery has the answer's header and body
//	raw        body (any bytes, signed as Meta would)
//	batch      acts (a list of acts), spread (entries: one for each act)
//
// How it comes, beside each of them that makes a webhook:
//
//	form    messaging (the default), standby, or changes: as a field and its value, with
//	        the time in seconds, as a string
type extra struct {
	Type string `json:"type"`

	Text        string `json:"text"`
	Message     string `json:"message"`
	Link        string `json:"link"`
	Title       string `json:"title"`
	Old         bool   `json:"old"`
	Attachments []struct{ Type, Link string }
	Referral    *referral `json:"referral"`
	Payload     string    `json:"payload"`
	Ref         string    `json:"ref"`
	Source      string    `json:"source"`
	Ad          string    `json:"ad"`
	Reaction    string    `json:"reaction"`
	Emoji       string    `json:"emoji"`
	IDs         []string  `json:"mids"`
	Code        string    `json:"code"`
	First       string    `json:"first"`
	Last        string    `json:"last"`
	Hidden      bool      `json:"hidden"`
	Elsewhere   bool      `json:"elsewhere"`
	Action      string    `json:"action"`
	Reason      string    `json:"reason"`
	Off         bool      `json:"off"`

	ExpiresIn     *int64     `json:"expires_in"`
	DataExpiresIn *int64     `json:"data_expires_in"`
	Scopes        *[]string  `json:"scopes"`
	Revoked       bool       `json:"revoked"`
	Kind          string     `json:"kind"`
	Token         string     `json:"token"`
	Mode          string     `json:"mode"`
	Challenge     string     `json:"challenge"`
	Body          string     `json:"body"`
	Acts          []fake.Act `json:"acts"`
	Spread        string     `json:"spread"`
	Form          string     `json:"form"`
}

// composed is what an act comes to.
type composed struct {
	hook      *fake.Webhook // nil: none
	message   string
	handshake *metatest.Handshake
}

// Act makes the webhook of an act and delivers it. Some acts make none: block, follow,
// person, token and the like, and those of fields to which the app is not subscribed. A
// repeated delivery has the same bytes. Meta's webhooks name no event, so the act's Event
// is not used.
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

// compose makes the webhook of an act and notes what Meta would know afterwards.
func (p *platform) compose(a fake.Act) (composed, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	g, err := p.Account(a.Account)
	if err != nil {
		return composed{}, err
	}
	x, err := p.extraOf(a)
	if err != nil {
		return composed{}, err
	}
	var list []update
	switch x.Type {
	case "raw":
		p.learn([]byte(x.Body))
		hook := g.signed([]byte(x.Body))
		return composed{hook: &hook}, nil
	case "handshake":
		h, err := g.handshake(x)
		return composed{handshake: h}, err
	case "batch":
		if list, err = p.batch(g, x); err != nil {
			return composed{}, err
		}
	default:
		u, err := p.happen(g, a, x)
		if err != nil {
			return composed{}, err
		}
		list = append(list, u)
	}
	out := composed{message: list[0].message}
	if entries := assembled(list, x.Spread, p.Now()); len(entries) > 0 {
		hook := g.signed(metatest.Encode(webhook{"page", entries}))
		out.hook = &hook
	}
	return out, nil
}

func (p *platform) extraOf(a fake.Act) (extra, error) {
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return x, err
	}
	switch x.Form {
	case "", "messaging", "standby", "changes":
		return x, nil
	}
	return x, errors.New("messengertest: act: form is messaging, standby or changes")
}

// update is the part of a webhook that one act makes.
type update struct {
	g       *page
	item    *item   // nil: none
	change  *change // of what is no conversation's
	form    string
	message string // the id of the message that it is about
}

// batch makes the updates of several acts.
func (p *platform) batch(g *page, x extra) ([]update, error) {
	if len(x.Acts) == 0 || x.Spread != "" && x.Spread != "entries" {
		return nil, errors.New("messengertest: act: a batch has acts, and may spread them over entries")
	}
	var list []update
	for i, a := range x.Acts {
		one, err := p.extraOf(a)
		of := g
		if err == nil && a.Account != "" {
			of, err = p.Account(a.Account)
		}
		switch {
		case err != nil:
		case one.Type == "batch" || one.Type == "raw" || one.Type == "handshake" || a.Hold || a.Repeat != 0:
			err = errors.New("it has neither hold nor repeat, and is no batch, raw body or handshake")
		case of.app != g.app:
			err = errors.New("it is for another webhook")
		default:
			var u update
			u, err = p.happen(of, a, one)
			list = append(list, u)
		}
		if err != nil {
			return nil, fmt.Errorf("messengertest: act: number %d of the batch: %w", i+1, err)
		}
	}
	return list, nil
}

// assembled puts updates into entries: those of one Page and one form share an entry.
func assembled(list []update, spread string, now time.Time) []entry {
	var out []entry
	last := ""
	for _, u := range list {
		if u.item == nil && u.change == nil {
			continue
		}
		form := u.form
		if form == "" {
			form = "messaging"
			if u.g.elsewhere {
				form = "standby"
			}
		}
		if u.change != nil {
			form = "changes"
		}
		if key := u.g.ID + " " + form; len(out) == 0 || spread == "entries" || key != last {
			out = append(out, entry{ID: u.g.ExternalID, Time: now.UnixMilli()})
			last = key
		}
		e := &out[len(out)-1]
		switch {
		case u.change != nil:
			e.Changes = append(e.Changes, *u.change)
		case form == "standby":
			if u.item.Postback != nil { // its payload is for the app that made the button
				u.item.Postback.Payload = ""
			}
			e.Standby = append(e.Standby, *u.item)
		case form == "changes":
			if ms, ok := u.item.Timestamp.(int64); ok {
				u.item.Timestamp = fmt.Sprint(ms / 1000)
			}
			e.Changes = append(e.Changes, change{Field: u.item.field, Value: *u.item})
		default:
			e.Messaging = append(e.Messaging, *u.item)
		}
	}
	return out
}

// happen lets one act happen; p.Mu is held.
func (p *platform) happen(g *page, a fake.Act, x extra) (update, error) {
	at, set := p.Time(a), a.Doings()
	switch {
	case set != 1:
		return update{}, fmt.Errorf("messengertest: act: give exactly one of text, image, sticker, follow, block, button, postback, extra; there are %d", set)
	case len(a.FlowAnswer) > 0:
		return update{}, errors.New("messengertest: act: Messenger has no forms")
	}
	if u, done, err := p.care(g, x, at); done || err != nil {
		return u, err
	}
	who, err := p.person(g, a.From)
	if err != nil {
		return update{}, err
	}
	u, err := p.doing(g, who, a, x, at)
	if u.item != nil && !g.gets(u.item.field) {
		u.item = nil
	}
	if x.Form != "" {
		u.form = x.Form
	}
	return u, err
}

// care is what happens to the Page itself; done tells whether the act is that.
func (p *platform) care(g *page, x extra, at time.Time) (u update, done bool, err error) {
	u = update{g: g, form: x.Form}
	switch x.Type {
	case "token":
		return u, true, p.setToken(g, x)
	case "restrict":
		g.restricted = !x.Off
		p.rememberState(g)
	case "subscribe":
		if g.Fields = allFields(); x.Off {
			g.Fields = nil
		}
		p.Journal.Record("subscribed", subscribedEntry{g.ID, g.Fields})
	case "policy":
		if x.Action != "warning" && x.Action != "block" && x.Action != "unblock" {
			return u, true, errors.New("messengertest: act: a policy's action is warning, block or unblock")
		}
		u.item = &item{Recipient: &party{ID: g.ExternalID}, Timestamp: at.UnixMilli(), field: "messaging_policy_enforcement",
			Policy: map[string]string{"action": x.Action, "reason": x.Reason}}
	case "feed":
		u.change = &change{Field: "feed", Value: map[string]any{"item": "comment", "verb": "add", "post_id": g.ExternalID + "_1",
			"from": map[string]string{"id": fake.Digits(16, "reader"), "name": "A reader"}, "message": x.Text, "created_time": at.Unix()}}
	default:
		return u, false, nil
	}
	return u, true, nil
}
