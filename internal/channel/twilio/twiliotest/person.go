package twiliotest

import (
	"errors"
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// person is somebody who uses WhatsApp.
type person struct {
	Key     string            // what the tester called the customer first
	Phone   string            // digits
	Profile string            // the name that the person goes by
	Show    string            // what webhooks tell: showPhone, showUser, showBoth
	IDs     map[string]string // the business-scoped user id (BSUID) for each account of Twilio's
}

const (
	showPhone = "phone" // no BSUID
	showUser  = "user"  // as of people with a username: no number
	showBoth  = "both"
)

var (
	phoneForm = regexp.MustCompile(`^[1-9][0-9]{6,14}$`)
	userForm  = regexp.MustCompile(`^[A-Z]{2}\.[0-9A-Za-z]{1,128}$`)
)

// person finds or makes the customer whom a tester names: by any name, a phone number,
// or a BSUID; p.Mu is held.
func (p *platform) person(n *number, name string) *person {
	if userForm.MatchString(name) {
		if who := p.ids[idKey(n.owner.SID, name)]; who != nil {
			return who
		}
		return p.introduce(&person{Key: name, Phone: p.freePhone(name), Show: showUser, IDs: map[string]string{n.owner.SID: name}})
	}
	if phone := strings.TrimPrefix(name, "+"); phoneForm.MatchString(phone) {
		if who := p.phones[phone]; who != nil {
			return who
		}
		return p.introduce(&person{Key: phone, Phone: phone})
	}
	if who := p.people[name]; who != nil {
		return who
	}
	return p.introduce(&person{Key: name, Phone: p.freePhone(name), Profile: name})
}

// introduce notes a new customer.
func (p *platform) introduce(who *person) *person {
	if who.Show == "" {
		who.Show = showBoth
	}
	if who.Profile == "" {
		who.Profile = "WhatsApp " + who.Key[len(who.Key)-4:]
	}
	if who.IDs == nil {
		who.IDs = map[string]string{}
	}
	p.keep(who)
	return who
}

// keep files a person and records it.
func (p *platform) keep(who *person) {
	p.file(who)
	p.Journal.Record("person", who)
}

// file makes a person found under all names.
func (p *platform) file(who *person) {
	if before := p.people[who.Key]; before != nil && before != who {
		*before = *who
		who = before
	}
	p.people[who.Key], p.phones[who.Phone] = who, who
	for sid, id := range who.IDs {
		p.ids[idKey(sid, id)] = who
	}
}

func idKey(sid, id string) string { return sid + " " + id }

// userID is the person's BSUID for an account of Twilio's.
func (p *platform) userID(o *owner, who *person) string {
	if who.IDs[o.SID] == "" {
		who.IDs[o.SID] = "TW." + fake.Digits(20, "user", o.SID, who.Key)
		p.keep(who)
	}
	return who.IDs[o.SID]
}

// freePhone derives a number that is nobody's.
func (p *platform) freePhone(names ...string) string {
	for {
		phone := "8869" + fake.Digits(8, names...)
		if p.phones[phone] == nil {
			return phone
		}
		names = append(names, "other")
	}
}

// addressed finds whom an address is; nil if it is nobody's. p.Mu is held.
func (p *platform) addressed(o *owner, address string) *person {
	id := strings.TrimPrefix(address, "whatsapp:")
	if phone, ok := strings.CutPrefix(id, "+"); ok {
		return p.phones[phone]
	}
	return p.ids[idKey(o.SID, id)]
}

// label is what the tester calls a customer, if that is not the id itself.
func (who *person) label(id string) string {
	if who == nil || who.Key == id {
		return ""
	}
	return who.Key
}

// settleOn keeps an identity.
func (p *platform) settleOn(who *person, x extra) error {
	switch x.Show {
	case "", showPhone, showUser, showBoth:
	default:
		return errors.New("twiliotest: act: show is phone, user or both")
	}
	if x.Show != "" {
		who.Show = x.Show
	}
	if x.Name != "" {
		who.Profile = x.Name
	}
	p.keep(who)
	return nil
}
