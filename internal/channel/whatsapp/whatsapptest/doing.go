package whatsapptest

import (
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// guise is how a webhook names a customer.
type guise struct {
	who                     *person
	user                    string // the BSUID in this portfolio
	show, username, profile string
}

// guise of a customer; an identity beside another act changes it for that act.
func (p *platform) guise(n *number, who *person, x extra) guise {
	g := guise{who, p.userID(n.waba, who), who.Show, who.Username, who.Profile}
	if x.Type == "identity" {
		if x.Show != "" {
			g.show = x.Show
		}
		if x.Username != nil {
			g.username = *x.Username
		}
		if x.Name != "" {
			g.profile = x.Name
		}
	}
	return g
}

func (g guise) phone() string {
	if g.show == showUser {
		return ""
	}
	return g.who.Phone
}

func (g guise) userID() string {
	if g.show == showPhone {
		return ""
	}
	return g.user
}

// name is what the webhook calls the customer by.
func (g guise) name() string {
	if phone := g.phone(); phone != "" {
		return phone
	}
	return g.user
}

func (g guise) contact() contact {
	return contact{Profile: profile{g.profile, g.username}, WaID: g.phone(), UserID: g.userID()}
}

// doing is what a customer does; p.Mu is held.
func (p *platform) doing(n *number, a fake.Act, x extra, set int, at time.Time) (update, error) {
	if a.From == "" {
		return update{}, errors.New("whatsapptest: act: who is it from?")
	}
	if x.Show != "" && x.Show != showPhone && x.Show != showUser && x.Show != showBoth {
		return update{}, errors.New("whatsapptest: act: show is phone, user or both")
	}
	if x.Type == "recycled" {
		if x.Text == "" {
			return update{}, errors.New("whatsapptest: act: recycled lacks a text")
		}
		if err := p.recycle(n, a.From, x.Of); err != nil {
			return update{}, err
		}
		x.Type = "text"
	}
	who, err := p.person(n, a.From)
	if err != nil {
		return update{}, err
	}
	if who.Phone == "" {
		return update{}, fmt.Errorf("whatsapptest: act: the number of %q is somebody else's now; only a new customer can act", a.From)
	}
	c := n.chat(who.Key)
	switch {
	case a.Block, a.Follow:
		c.blocked = a.Block
		p.rememberChat(n, who.Key, c)
		return update{n: n}, nil
	case x.Type == "identity" && set == 1:
		return update{n: n}, p.settleOn(n, who, x)
	case x.Type == "change_number", x.Type == "change_user_id":
		return p.changed(n, who, a, x, at)
	case c.blocked:
		return update{}, errors.New("whatsapptest: act: the customer has blocked the number; only follow is possible")
	}
	g := p.guise(n, who, x)
	m := message{From: g.phone(), FromUserID: g.userID(), ID: a.ID, Timestamp: seconds(at)}
	if m.ID == "" {
		m.ID = messageID(fromCustomer, g.name())
	}
	if err := p.say(&m, n, c, g, a, x); err != nil {
		return update{}, err
	}
	if at.After(c.lastIn) {
		c.lastIn = at
	}
	p.rememberChat(n, who.Key, c)
	p.rememberGot(n, m.ID, who.Key)
	change := n.messages(value{Contacts: []contact{g.contact()}, Messages: []message{m}})
	return update{n: n, change: &change, message: m.ID}, nil
}

// settleOn keeps an identity.
func (p *platform) settleOn(n *number, who *person, x extra) error {
	if x.Phone != "" && x.Phone != who.Phone {
		if !phoneForm.MatchString(x.Phone) || p.phones[x.Phone] != nil {
			return errors.New("whatsapptest: act: identity: the phone number is somebody's, or is none")
		}
		delete(p.phones, who.Phone)
		who.Phone = x.Phone
	}
	if x.User != "" && x.User != who.IDs[n.waba] {
		if !userForm.MatchString(x.User) || p.ids[idKey(n.waba, x.User)] != nil {
			return errors.New("whatsapptest: act: identity: the user_id is somebody's, or is none")
		}
		who.IDs[n.waba] = x.User
	}
	g := p.guise(n, who, x)
	who.Show, who.Username, who.Profile = g.show, g.username, g.profile
	p.keep(who)
	return nil
}

// changed gives a customer another number and BSUID. Neither kind of this message
// brings contacts.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system
func (p *platform) changed(n *number, who *person, a fake.Act, x extra, at time.Time) (update, error) {
	before := p.guise(n, who, x)
	old := before.phone()
	if err := p.move(who, x.Phone); err != nil {
		return update{}, err
	}
	now := p.guise(n, who, x)
	m := message{From: old, ID: a.ID, Timestamp: seconds(at), Type: "system"}
	s := system{WaID: now.phone(), UserID: now.userID(), Previous: before.userID(), Type: "user_changed_number",
		Body: "User " + now.profile + " changed from " + old + " to " + now.phone()}
	if x.Type == "change_user_id" || old == "" {
		m.From, s.WaID, s.Type = "", "", "user_changed_user_id"
		s.UserID, s.Previous = now.user, before.user
		s.Body = "User " + now.profile + " changed from " + s.Previous + " to " + s.UserID
	}
	if m.ID == "" {
		customer := m.From
		if customer == "" {
			customer = s.Previous
		}
		m.ID = messageID(fromCustomer, customer)
	}
	m.System = s
	p.rememberGot(n, m.ID, who.Key)
	change := n.messages(value{Messages: []message{m}})
	return update{n: n, change: &change, message: m.ID}, nil
}

type system struct {
	Body     string `json:"body"`
	WaID     string `json:"wa_id,omitempty"`
	UserID   string `json:"user_id,omitempty"`
	Previous string `json:"previous_user_id,omitempty"`
	Type     string `json:"type"`
}
