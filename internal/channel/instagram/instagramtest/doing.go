package instagramtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// sampleReferral is an ad that the customer tapped.
const sampleReferral = `{"ref":"ig_autumn","ad_id":"120210987654321777","source":"ADS","type":"OPEN_THREAD",` +
	`"ads_context_data":{"ad_title":"秋季體驗課","photo_url":"https://scontent.example.net/ad.jpg"}}`

// doing is what a customer does, or what the account does to one; p.Mu is held.
func (p *platform) doing(a *account, act fake.Act, x extra, at time.Time) (update, error) {
	who := p.person(act.From)
	c, id := a.chat(who), a.idOf(who)
	switch {
	case act.Block, act.Follow:
		c.blocked = act.Block
		p.rememberChat(a, id, c)
		return update{a: a}, nil
	case x.Type == "person":
		changed := *who
		if x.Name != "" {
			changed.Name = x.Name
		}
		if x.Username != "" {
			changed.Username = x.Username
		}
		p.keepPerson(&changed)
		return update{a: a}, nil
	case x.Type == "echo":
		return p.inbox(a, id, c, act, x, at)
	case c.blocked:
		return update{}, errors.New("instagramtest: act: the customer has blocked the account; only follow is possible")
	}
	u := update{a: a, form: x.Form, field: "messages", item: &item{Sender: party{id}, Recipient: party{a.ExternalID}, Timestamp: at.UnixMilli()}}
	opens, err := true, error(nil)
	switch x.Type {
	case "edit", "delete", "reaction", "read", "referral":
		opens, err = p.act(&u, c, x)
	default:
		switch {
		case act.Button != "":
			err = u.tap(c, act)
		case act.Postback != "":
			u.field, u.message = "messaging_postbacks", idOr(act.ID)
			u.item.Postback = &postback{Mid: u.message, Title: act.Postback, Payload: act.Postback}
			if title, data, ok := strings.Cut(act.Postback, "|"); ok {
				u.item.Postback.Title, u.item.Postback.Payload = title, data
			}
		default:
			u.item.Message, err = p.say(c, act, x)
		}
		if err == nil && u.item.Message != nil {
			u.message = u.item.Message.Mid
			p.add(a, id, c, entryOf(u.item.Message, at, false))
		}
	}
	if err != nil {
		return update{}, err
	}
	if opens {
		p.acted(a, id, c, at, x.Type == "ad" || x.Ad != "")
	}
	return u, nil
}

func idOr(id string) string {
	if id == "" {
		return messageID()
	}
	return id
}

// entryOf is a message as it is listed later.
func entryOf(m *message, at time.Time, ours bool) entryOfChat {
	e := entryOfChat{ID: m.Mid, At: at, Ours: ours, Text: m.Text}
	if len(m.Attachments) > 0 {
		e.Kind = m.Attachments[0].Type
		if b := m.Attachments[0].Payload; b != nil {
			e.Link = b.URL
		}
	}
	return e
}

// say is the message that an act writes.
func (p *platform) say(c *chat, act fake.Act, x extra) (*message, error) {
	m := &message{Mid: idOr(act.ID)}
	if x.Message != "" {
		m.ReplyTo = &replyTo{Mid: x.Message}
	}
	attach := func(kind, link string) {
		m.Attachments = append(m.Attachments, attachment{kind, &payload{URL: linkOr(link)}})
	}
	lacks := fmt.Errorf("instagramtest: act: extra of type %q is unknown or lacks a member", x.Type)
	switch {
	case act.Text != "":
		m.Text = act.Text
		return m, nil
	case act.Image != "":
		link := ""
		if strings.HasPrefix(act.Image, "https://") {
			link = act.Image
		}
		attach("image", link)
		return m, nil
	}
	switch x.Type {
	case "text", "reply", "ad", "story_reply":
		if m.Text = x.Text; x.Text == "" {
			return nil, lacks
		}
	}
	switch x.Type {
	case "text":
	case "reply":
		if x.Message == "" {
			if x.Message = c.last(true); x.Message == "" {
				return nil, errors.New("instagramtest: act: there is no message of the hub's to reply to")
			}
		}
		m.ReplyTo = &replyTo{Mid: x.Message}
	case "story_reply":
		if x.Story == "" {
			x.Story = "179" + fake.Digits(14, string(fake.Random(8)))
		}
		m.ReplyTo = &replyTo{Story: &story{linkOr(x.Link), x.Story}}
	case "ad":
		if m.Referral = x.Referral; len(x.Referral) == 0 {
			m.Referral = json.RawMessage(sampleReferral)
		}
	case "image", "video", "audio", "file", "story_mention":
		attach(x.Type, x.Link)
	case "attachments":
		for _, f := range x.Attachments {
			attach(f.Type, f.Link)
		}
		if len(x.Attachments) == 0 {
			return nil, lacks
		}
	case "share":
		attach("share", x.Link)
		if x.Post != "" {
			m.Attachments[0].Payload.PostID = x.Post
			m.Attachments = append(m.Attachments, attachment{"ig_post", m.Attachments[0].Payload})
		}
	case "reel":
		attach("ig_reel", x.Link)
		m.Attachments[0].Payload.ReelID = x.Post
	case "ephemeral":
		m.Attachments = []attachment{{Type: "ephemeral"}}
	case "unsupported":
		m.Unsupported = true
	default:
		return nil, lacks
	}
	return m, nil
}

// linkOr is the address of a medium, one of Meta's own if none is given.
func linkOr(link string) string {
	return cmp.Or(link, "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id="+fake.Digits(17, string(fake.Random(8)))+"&signature=sample")
}

// act is what a customer does to a message, or by a link; opens tells whether it opens
// the window.
func (p *platform) act(u *update, c *chat, x extra) (opens bool, err error) {
	target := func(ours bool) error {
		if u.message = x.Message; x.Message == "" {
			u.message = c.last(ours)
		}
		if u.message == "" {
			return fmt.Errorf("instagramtest: act: there is no message to %s", x.Type)
		}
		return nil
	}
	switch x.Type {
	case "edit":
		if err := target(false); err != nil || x.Text == "" {
			return false, errors.Join(err, errors.New("instagramtest: act: an edit has the new text"))
		}
		u.field, u.item.Edit = "message_edit", &edit{u.message, x.Text, 1}
		if e := c.find(u.message); e != nil {
			e.Text = x.Text
		}
	case "delete":
		if err := target(false); err != nil {
			return false, err
		}
		u.item.Message = &message{Mid: u.message, Deleted: true}
		if e := c.find(u.message); e != nil {
			gone := *e
			gone.Erased, gone.Text, gone.Link = true, "", ""
			p.add(u.a, u.item.Sender.ID, c, gone)
		}
	case "reaction":
		if err := target(true); err != nil {
			return false, err
		}
		u.field, u.item.Reaction = "message_reactions", &reaction{u.message, "react", x.Reaction, x.Emoji}
		if x.Reaction == "" && x.Emoji == "" {
			u.item.Reaction.Action = "unreact"
			return false, nil
		}
		return true, nil
	case "read":
		if err := target(true); err != nil {
			return false, err
		}
		u.field, u.item.Read = "messaging_seen", &read{u.message}
	case "referral":
		r := struct {
			Ref    string `json:"ref,omitempty"`
			AdID   string `json:"ad_id,omitempty"`
			Source string `json:"source"`
			Type   string `json:"type"`
		}{x.Ref, x.Ad, x.Source, "OPEN_THREAD"}
		switch {
		case r.Source != "":
		case x.Ad != "":
			r.Source = "ADS"
		default:
			r.Source = "IGME-SOURCE-LINK"
		}
		u.field, u.item.Referral = "messaging_referral", encodePlain(r)
		return true, nil
	}
	return false, nil
}

func encodePlain(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only types of this package come here
	}
	return b
}

// tap taps a quick reply or a card's button that a message of the hub's showed.
func (u *update) tap(c *chat, act fake.Act) error {
	var found *shown
	for i := range c.shown {
		if c.shown[i].Data == act.Button {
			found = &c.shown[i] // the newest
		}
	}
	if found == nil {
		return fmt.Errorf("instagramtest: act: no message showed a button %q; there are %v", act.Button, c.shown)
	}
	if u.message = idOr(act.ID); found.Kind == "postback" {
		u.field, u.item.Postback = "messaging_postbacks", &postback{u.message, found.Title, found.Data}
		return nil
	}
	u.item.Message = &message{Mid: u.message, Text: found.Title, QuickReply: &quickReply{found.Data}}
	return nil
}

// inbox is a message that somebody of the account writes in Instagram's own inbox.
func (p *platform) inbox(a *account, id string, c *chat, act fake.Act, x extra, at time.Time) (update, error) {
	m := &message{Mid: idOr(act.ID), Echo: true, Text: x.Text}
	if x.Link != "" {
		m.Attachments = []attachment{{"image", &payload{URL: x.Link}}}
	}
	if (x.Text == "") == (x.Link == "") {
		return update{}, errors.New("instagramtest: act: an echo has either a text or a link")
	}
	p.add(a, id, c, entryOf(m, at, true))
	return update{a: a, form: x.Form, field: "messages", message: m.Mid,
		item: &item{Sender: party{a.ExternalID}, Recipient: party{id}, Timestamp: at.UnixMilli(), Message: m}}, nil
}

// self is a message of the account to itself, by which owners try things out.
func (p *platform) self(a *account, act fake.Act, x extra, at time.Time) (update, error) {
	if x.Text == "" {
		return update{}, errors.New("instagramtest: act: self lacks a text")
	}
	m := &message{Mid: idOr(act.ID), Self: true, Text: x.Text}
	return update{a: a, form: x.Form, field: "messages", message: m.Mid,
		item: &item{Sender: party{a.ExternalID}, Recipient: party{a.ExternalID}, Timestamp: at.UnixMilli(), Message: m}}, nil
}
