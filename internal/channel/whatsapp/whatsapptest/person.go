package whatsapptest

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"omnihub/internal/channel/fake"
)

// person is somebody who uses WhatsApp.
type person struct {
	Key      string            // what the tester called the customer first
	Phone    string            // digits; "" = the number is now somebody else's
	Former   string            // the number before the last change
	Profile  string            // the name that the person goes by
	Username string            // with "@", or ""
	Show     string            // what webhooks tell: showPhone, showUser, showBoth
	IDs      map[string]string // the business-scoped user id (BSUID) in each WABA's portfolio
	Changes  int               // how often the number changed
}

const (
	showPhone = "phone" // as before 2026: numbers, no BSUIDs
	showUser  = "user"  // as of people with a username: BSUIDs, no numbers
	showBoth  = "both"
)

var (
	phoneForm = regexp.MustCompile(`^[1-9][0-9]{6,14}$`)
	// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
	userForm = regexp.MustCompile(`^[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}$`)
)

// person finds or makes the customer whom a tester names: by any name, by the phone
// number that is the customer's now, or by a BSUID; p.Mu is held.
func (p *platform) person(n *number, name string) (*person, error) {
	if userForm.MatchString(name) {
		who := p.ids[idKey(n.waba, name)]
		switch {
		case who == nil:
			who = &person{Key: name, IDs: map[string]string{n.waba: name}}
			who.Phone = p.freePhone(name)
			return p.introduce(who), nil
		case who.IDs[n.waba] != name:
			return nil, fmt.Errorf("whatsapptest: act: %s is not the customer's id any more", name)
		}
		return who, nil
	}
	if phone := strings.TrimPrefix(name, "+"); phoneForm.MatchString(phone) {
		if who := p.phones[phone]; who != nil {
			return who, nil
		}
		key := phone
		for i := 2; p.people[key] != nil; i++ { // who had the number before keeps the key
			key = fmt.Sprint(phone, "#", i)
		}
		return p.introduce(&person{Key: key, Phone: phone}), nil
	}
	if who := p.people[name]; who != nil {
		return who, nil
	}
	return p.introduce(&person{Key: name, Phone: p.freePhone(name), Profile: name}), nil
}

// introduce notes a new customer.
func (p *platform) introduce(who *person) *person {
	who.Show = showBoth
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

// file makes a person found under all names; past BSUIDs go on leading to the person.
func (p *platform) file(who *person) {
	if before := p.people[who.Key]; before != nil && before != who {
		if p.phones[before.Phone] == before {
			delete(p.phones, before.Phone)
		}
		*before = *who
		who = before
	}
	p.people[who.Key] = who
	if p.phones[who.Former] == who {
		delete(p.phones, who.Former)
	}
	if who.Phone != "" {
		p.phones[who.Phone] = who
	}
	for waba, id := range who.IDs {
		p.ids[idKey(waba, id)] = who
	}
}

func idKey(waba, id string) string { return waba + " " + id }

// userID is the person's BSUID for a WABA's portfolio.
func (p *platform) userID(waba string, who *person) string {
	if who.IDs[waba] == "" {
		who.IDs[waba] = newUserID(waba, who)
		p.keep(who)
	}
	return who.IDs[waba]
}

func newUserID(waba string, who *person) string {
	return "TW." + fake.Digits(20, "user", waba, who.Key, fmt.Sprint(who.Changes))
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

// move gives a person another number, and with it other BSUIDs.
func (p *platform) move(who *person, phone string) error {
	if phone == "" {
		phone = p.freePhone(who.Key, fmt.Sprint(who.Changes+1))
	}
	if !phoneForm.MatchString(phone) {
		return errors.New("whatsapptest: act: a phone number is 7 to 15 digits, with the country and without +")
	}
	if p.phones[phone] != nil {
		return fmt.Errorf("whatsapptest: act: %s is somebody's number; see recycled", phone)
	}
	who.Former, who.Phone = who.Phone, phone
	who.Changes++
	for waba := range who.IDs {
		who.IDs[waba] = newUserID(waba, who)
	}
	p.keep(who)
	return nil
}

// recycle makes a new customer who has another's number: the former one, if that
// number was changed, else the one that the other thereby loses.
func (p *platform) recycle(n *number, name, of string) error {
	if p.people[name] != nil || phoneForm.MatchString(name) || userForm.MatchString(name) {
		return errors.New("whatsapptest: act: only a new customer with a name of its own gets a recycled number")
	}
	other := p.people[of]
	if other == nil {
		var err error
		if !phoneForm.MatchString(of) && !userForm.MatchString(of) {
			return fmt.Errorf("whatsapptest: act: there is no customer %q whose number could be recycled", of)
		}
		if other, err = p.person(n, of); err != nil {
			return err
		}
	}
	phone := other.Former
	if phone == "" || p.phones[phone] != nil {
		phone = other.Phone
		delete(p.phones, phone)
		other.Former, other.Phone = phone, ""
		p.keep(other)
	}
	if phone == "" {
		return fmt.Errorf("whatsapptest: act: %q has no number to give", of)
	}
	p.introduce(&person{Key: name, Phone: phone, Profile: name})
	return nil
}

// label is what the tester calls a customer, if that is not the id itself.
func (who *person) label(id string) string {
	if who == nil || who.Key == id {
		return ""
	}
	return who.Key
}
