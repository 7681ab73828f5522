package instagramtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// extra is what only Instagram has, by type.
//
// Messages of the customer. All take message (the id that it answers):
//
//	text           text
//	reply          text; message is the hub's last if absent
//	image, video, audio, file   link (made if absent)
//	attachments    attachments (a list of {type, link})
//	share          link, post (with it the post comes as share and as ig_post)
//	reel           link, post
//	story_reply    text, story (its id), link
//	story_mention  link
//	ephemeral      (a medium that can be seen once)
//	unsupported
//	ad             text, referral (of a click-to-Direct ad; made if absent)
//
// What the customer does:
//
//	edit      message (the customer's own last if absent), text
//	delete    message (the customer's own last if absent)
//	reaction  message (the hub's last if absent), reaction, emoji; without both it is
//	          taken back
//	read      message (the hub's last if absent)
//	referral  ref, source, ad (the id): an ig.me link or an ad on a thread that is there
//	person    name, username: who the customer is; makes no webhook
//
// What the account does:
//
//	echo    text or link: somebody writes to the customer in Instagram's own inbox
//	self    text: the account writes to itself
//	access  off: the owner turns the access to messages off, or on again; no webhook
//
// About the connection:
//
//	token      expires_in (seconds from now, 0 = at once), age (seconds), scopes, revoked:
//	           what is to be true of the account's token; no webhook
//	handshake  mode, token, challenge (those of Meta if absent): the GET by which a
//	           webhook URL is entered; the delivery has the answer's header and body
//	raw        body (any bytes, signed as Meta would)
//	batch      acts (a list of acts), spread (entries: one for each act)
//
// How it comes, beside each of them that makes a webhook:
//
//	form    messaging (the default), standby (another app has the thread), or changes
//	object  instagram (the default), or page
//	signed  app_secret or instagram_app_secret
type extra struct {
	Type string `json:"type"`

	Text        string `json:"text"`
	Message     string `json:"message"`
	Link        string `json:"link"`
	Attachments []struct{ Type, Link string }
	Post        string          `json:"post"`
	Story       string          `json:"story"`
	Referral    json.RawMessage `json:"referral"`
	Reaction    string          `json:"reaction"`
	Emoji       string          `json:"emoji"`
	Ref         string          `json:"ref"`
	Source      string          `json:"source"`
	Ad          string          `json:"ad"`
	Name        string          `json:"name"`
	Username    string          `json:"username"`
	Off         bool            `json:"off"`
	ExpiresIn   *int64          `json:"expires_in"`
	Age         *int64          `json:"age"`
	Scopes      []string        `json:"scopes"`
	Revoked     bool            `json:"revoked"`
	Mode        string          `json:"mode"`
	Token       string          `json:"token"`
	Challenge   string          `json:"challenge"`
	Body        string          `json:"body"`
	Acts        []fake.Act      `json:"acts"`
	Spread      string          `json:"spread"`
	Form        string          `json:"form"`
	Object      string          `json:"object"`
	Signed      string          `json:"signed"`
}

// composed is what an act comes to.
type composed struct {
	hook      *fake.Webhook // nil: none
	message   string
	handshake *metatest.Handshake
}

// Act makes the webhook of an act and delivers it. Some acts make none: block, follow,
// person, token, access; nor does any while the app is not subscribed to the account. A
// repeated delivery has the same bytes. Meta's webhooks name no
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

// compose makes the webhook of an act and notes what Instagram would know afterwards.
func (p *platform) compose(act fake.Act) (composed, error) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	a, err := p.Account(act.Account)
	if err != nil {
		return composed{}, err
	}
	x, err := p.extraOf(act)
	if err != nil {
		return composed{}, err
	}
	var list []update
	switch x.Type {
	case "raw":
		p.learn([]byte(x.Body))
		hook := a.signed([]byte(x.Body), x.Signed)
		return composed{hook: &hook}, nil
	case "handshake":
		h, err := a.handshake(x)
		return composed{handshake: h}, err
	case "batch":
		if list, err = p.batch(a, x); err != nil {
			return composed{}, err
		}
	default:
		u, err := p.happen(a, act, x)
		if err != nil {
			return composed{}, err
		}
		list = append(list, u)
	}
	out := composed{message: list[0].message}
	if entries := p.assembled(list, x.Spread); len(entries) > 0 && a.told() {
		hook := a.signed(metatest.Encode(webhook{objectOf(x), entries}), x.Signed)
		out.hook = &hook
	}
	return out, nil
}

func (p *platform) extraOf(a fake.Act) (extra, error) {
	var x extra
	if err := p.Extra(a, &x); err != nil {
		return x, err
	}
	for _, of := range []struct {
		name, value string
		words       []string
	}{
		{"form", x.Form, []string{"", "messaging", "standby", "changes"}},
		{"object", x.Object, []string{"", "instagram", "page"}},
		{"signed", x.Signed, []string{"", "app_secret", "instagram_app_secret"}},
		{"spread", x.Spread, []string{"", "entries"}},
	} {
		if !slices.Contains(of.words, of.value) {
			return x, fmt.Errorf("instagramtest: act: extra: %s is one of %q", of.name, of.words[1:])
		}
	}
	return x, nil
}

func objectOf(x extra) string {
	if x.Object == "" {
		return "instagram"
	}
	return x.Object
}

// update is the part of a webhook that one act makes.
type update struct {
	a       *account
	item    *item // nil: the act makes no webhook
	form    string
	field   string // with the form changes
	message string // the id of the message that it is about
}

// batch makes the updates of several acts.
func (p *platform) batch(a *account, x extra) ([]update, error) {
	if len(x.Acts) == 0 {
		return nil, errors.New("instagramtest: act: a batch has acts")
	}
	var list []update
	for i, act := range x.Acts {
		one, err := p.extraOf(act)
		if err != nil {
			return nil, err
		}
		of := a
		if act.Account != "" {
			if of, err = p.Account(act.Account); err != nil {
				return nil, err
			}
		}
		switch {
		case one.Type == "batch" || one.Type == "raw" || one.Type == "handshake" || act.Hold || act.Repeat != 0:
			err = errors.New("it has neither hold nor repeat, and is no batch, raw body or handshake")
		case of.Webhook != a.Webhook || of.Secrets["app_secret"] != a.Secrets["app_secret"]:
			err = errors.New("it is for another webhook")
		default:
			var u update
			u, err = p.happen(of, act, one)
			list = append(list, u)
		}
		if err != nil {
			return nil, fmt.Errorf("instagramtest: act: number %d of the batch: %w", i+1, err)
		}
	}
	return list, nil
}

// assembled puts updates into entries; p.Mu is held.
func (p *platform) assembled(list []update, spread string) []entry {
	var out []entry
	for _, u := range list {
		if u.item == nil {
			continue
		}
		last := len(out) - 1
		if last < 0 || spread == "entries" || out[last].ID != u.a.ExternalID {
			out = append(out, entry{ID: u.a.ExternalID, Time: p.Now().UnixMilli()})
			last++
		}
		e := &out[last]
		switch u.form {
		case "standby":
			if u.item.Postback != nil {
				u.item.Postback.Payload = ""
			}
			e.Standby = append(e.Standby, *u.item)
		case "changes":
			if ms, ok := u.item.Timestamp.(int64); ok {
				u.item.Timestamp = strconv.FormatInt(ms/1000, 10)
			}
			e.Changes = append(e.Changes, change{u.field, *u.item})
		default:
			e.Messaging = append(e.Messaging, *u.item)
		}
	}
	return out
}

// happen lets one act happen; p.Mu is held.
func (p *platform) happen(a *account, act fake.Act, x extra) (update, error) {
	at, set := p.Time(act), act.Doings()
	if len(act.Extra) > 0 && x.Type == "" { // it tells only how another act comes
		set--
	}
	switch {
	case set != 1:
		return update{}, fmt.Errorf("instagramtest: act: give exactly one of text, image, follow, block, button, postback, extra's type; there are %d", set)
	case act.Sticker != "":
		return update{}, errors.New("instagramtest: act: Instagram tells apps nothing of stickers and GIFs")
	case len(act.FlowAnswer) > 0:
		return update{}, errors.New("instagramtest: act: Instagram has no forms")
	}
	switch x.Type {
	case "access":
		a.closed = x.Off
		p.rememberAccount(a)
		return update{a: a}, nil
	case "token":
		return update{a: a}, p.setToken(a, x)
	case "self":
		return p.self(a, act, x, at)
	}
	if act.From == "" {
		return update{}, errNobody
	}
	return p.doing(a, act, x, at)
}
