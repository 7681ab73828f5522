package messengertest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// doing is what a customer does, or what the Page's side does to him; p.Mu is held.
func (p *platform) doing(g *page, who *person, a fake.Act, x extra, at time.Time) (update, error) {
	c := g.chat(who.name())
	i := item{Sender: who.party(), Recipient: &party{ID: g.ExternalID}, Timestamp: at.UnixMilli()}
	u := update{g: g, item: &i}
	switch {
	case a.Block, a.Follow:
		c.blocked = a.Block
		p.rememberChat(g, who.name())
		return update{g: g}, nil
	case x.Type == "person":
		if x.First != "" {
			who.First = x.First
		}
		who.Last, who.Hidden = x.Last, x.Hidden
		p.keep(g, who)
		return update{g: g}, nil
	case x.Type == "echo":
		i.Sender, i.Recipient, i.field = i.Recipient, i.Sender, "message_echoes"
		m := &message{ID: a.ID, Echo: true, App: inbox, Text: x.Text}
		if x.Text == "" {
			m.Attachments = []attachment{{Type: "image", Payload: &payload{URL: linkOr(x.Link)}}}
		}
		if m.ID == "" {
			m.ID = messageID()
		}
		i.Message, u.message = m, m.ID
		return u, nil
	case x.Type == "thread":
		g.elsewhere = x.Elsewhere
		p.rememberState(g)
		if !x.Elsewhere {
			return update{g: g}, nil
		}
		u.form = "messaging" // the last that comes so
		i.field, i.Pass = "messaging_handovers", map[string]any{"new_owner_app_id": json.Number(inbox), "metadata": "to the inbox"}
		return u, nil
	case c.blocked:
		return update{}, errors.New("messengertest: act: the customer has blocked the Page; only follow is possible")
	}
	opens, err := p.say(&i, g, c, a, x)
	if err != nil {
		return update{}, err
	}
	if opens && at.After(c.lastIn) {
		c.lastIn = at
	}
	switch {
	case i.Message != nil:
		u.message, c.own = i.Message.ID, i.Message.ID
		c.settle()
		if i.Message.Referral != nil && i.Message.Referral.Ad != "" {
			c.adUntil = at.Add(humanWindow)
		}
	case i.Postback != nil:
		u.message = i.Postback.ID
	}
	p.rememberChat(g, who.name())
	return u, nil
}

// say fills in what the customer does, and tells whether it opens the window.
func (p *platform) say(i *item, g *page, c *chat, a fake.Act, x extra) (opens bool, err error) {
	switch x.Type {
	case "":
		return true, p.plain(i, c, a)
	case "get_started":
		r := x.Referral
		if r == nil && (x.Ref != "" || x.Source != "") {
			r = p.referral(x)
		}
		p.tap(i, a, cmp.Or(x.Title, "Get Started"), cmp.Or(x.Payload, "GET_STARTED"))
		i.Postback.Referral = r
		return true, nil
	case "referral":
		i.field, i.Referral = "messaging_referrals", p.referral(x)
		return true, nil
	case "edit":
		target := cmp.Or(x.Message, c.own)
		if target == "" || x.Text == "" {
			return false, errors.New("messengertest: act: an edit is of a message of the customer's, and has a text")
		}
		i.field, i.Edit = "message_edits", &edit{ID: target, Text: x.Text, Count: 1}
		return true, nil
	case "reaction":
		target := cmp.Or(x.Message, c.last)
		if target == "" {
			return false, errors.New("messengertest: act: a reaction is to a message: name it, or let the hub write first")
		}
		r := &reaction{Name: x.Reaction, Emoji: x.Emoji, Action: "react", ID: target}
		if x.Reaction == "" && x.Emoji == "" {
			r.Action = "unreact"
		} else if r.Name == "" {
			r.Name = "other"
		}
		i.field, i.Reaction = "message_reactions", r
		return true, nil
	case "read":
		i.field, i.Read = "message_reads", &read{Watermark: i.Timestamp.(int64)}
		return false, nil
	case "delivery":
		i.field, i.Delivery = "message_deliveries", &delivery{IDs: x.IDs, Watermark: i.Timestamp.(int64)}
		return false, nil
	case "optin":
		i.field, i.Optin = "messaging_optins", map[string]string{"ref": x.Ref}
		return true, nil
	case "link_account":
		link := map[string]string{"status": "unlinked"}
		if x.Code != "" {
			link = map[string]string{"status": "linked", "authorization_code": x.Code}
		}
		i.field, i.Link = "messaging_account_linking", link
		return false, nil
	}
	return true, p.write(i, g, c, a, x)
}

// plain is an act that other platforms have, too.
func (p *platform) plain(i *item, c *chat, a fake.Act) error {
	m := newMessage(i, a)
	switch {
	case a.Text != "":
		m.Text = a.Text
	case a.Image != "":
		m.Attachments = []attachment{{Type: "image", Payload: &payload{URL: linkOr(a.Image)}}}
	case a.Sticker != "":
		m.Attachments = []attachment{stickerOf("sticker", a.Sticker)}
	case a.Postback != "":
		i.Message = nil
		p.tap(i, a, a.Postback, a.Postback)
	default:
		for n := len(c.shown) - 1; n >= 0; n-- {
			switch s := c.shown[n]; {
			case s.Data != a.Button:
				continue
			case s.Quick:
				m.Text, m.QuickReply = s.Title, &payload{Data: s.Data}
			default:
				i.Message = nil
				p.tap(i, a, s.Title, s.Data)
			}
			return nil
		}
		return fmt.Errorf("messengertest: act: no message showed a button with the data %q", a.Button)
	}
	return nil
}

// tap makes a postback.
func (p *platform) tap(i *item, a fake.Act, title, data string) {
	i.field, i.Postback = "messaging_postbacks", &postback{ID: a.ID, Title: title, Payload: data}
	if a.ID == "" {
		i.Postback.ID = messageID()
	}
}

func newMessage(i *item, a fake.Act) *message {
	m := &message{ID: a.ID}
	if m.ID == "" {
		m.ID = messageID()
	}
	i.field, i.Message = "messages", m
	return m
}

// write makes one of the messages that only Messenger has.
func (p *platform) write(i *item, _ *page, c *chat, a fake.Act, x extra) error {
	m := newMessage(i, a)
	m.Text = x.Text
	if x.Message != "" {
		m.ReplyTo = &replyTo{ID: x.Message}
	}
	attach := func(kind string, of payload) {
		of.URL = linkOr(x.Link)
		m.Attachments = append(m.Attachments, attachment{Type: kind, Payload: &of})
	}
	switch x.Type {
	case "text":
	case "reply":
		if m.ReplyTo == nil && c.last != "" {
			m.ReplyTo = &replyTo{ID: c.last}
		}
		if m.ReplyTo == nil {
			return errors.New("messengertest: act: a reply is to a message: name it, or let the hub write first")
		}
	case "image", "video", "audio", "file":
		attach(x.Type, payload{})
	case "attachments":
		for _, one := range x.Attachments {
			m.Attachments = append(m.Attachments, attachment{Type: one.Type, Payload: &payload{URL: linkOr(one.Link)}})
		}
	case "sticker":
		if x.Old {
			m.Attachments = append(m.Attachments, stickerOf("image", x.Link))
		}
		m.Attachments = append(m.Attachments, stickerOf("sticker", x.Link))
	case "link":
		attach("fallback", payload{Title: x.Title})
	case "reel":
		attach("reel", payload{Title: x.Title, Reel: json.Number(fake.Digits(15, "reel", x.Link))})
	case "post":
		attach("post", payload{Title: x.Title})
	case "appointment":
		m.Attachments = []attachment{{Type: "appointment_booking", Payload: &payload{}}}
	case "ad":
		if m.Referral = x.Referral; m.Referral == nil {
			x.Source, x.Ad = "ADS", cmp.Or(x.Ad, "1202"+fake.Digits(14, "ad"))
			m.Referral = p.referral(x)
		}
	default:
		return fmt.Errorf("messengertest: act: there is no extra of the type %q", x.Type)
	}
	if m.Text == "" && len(m.Attachments) == 0 {
		return errors.New("messengertest: act: a message has a text or attachments")
	}
	return nil
}

// referral is how the customer came.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_referrals
func (p *platform) referral(x extra) *referral {
	r := &referral{Ref: x.Ref, Source: x.Source, Type: "OPEN_THREAD", Ad: x.Ad}
	switch {
	case r.Ad != "":
		r.Source = cmp.Or(r.Source, "ADS")
		r.About = map[string]string{"ad_title": "Autumn", "photo_url": "https://scontent.fbcdn.example/ad.jpg", "post_id": fake.Digits(16, "post")}
	default:
		r.Source = cmp.Or(r.Source, "SHORTLINK")
	}
	return r
}

func stickerOf(kind, link string) attachment {
	return attachment{Type: kind, Payload: &payload{URL: linkOr(link), Sticker: "369239263222822"}}
}

// linkOr is an address, or one of a file of Meta's.
func linkOr(link string) string {
	return cmp.Or(link, "https://scontent.fbcdn.example/v/"+fake.Digits(12, "file")+".jpg?oh=1&oe=2")
}
