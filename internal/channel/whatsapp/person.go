package whatsapp

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Ids of channel users, as they stand in Slice.User and Outgoing.To: a business-scoped
// user id as it is ("TW.13491208655302741918"), a phone number or a group with its
// kind before it.
const (
	phonePrefix = "wa:"    // and digits
	groupPrefix = "group:" // and the group's id
)

// person is who somebody is to WhatsApp. Either name may be missing.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
type person struct {
	user  string // business-scoped user id (BSUID), of one business portfolio
	phone string // digits
}

// personOf reads the two members that name somebody. A BSUID in the place of the
// phone number is recognised as one.
func personOf(user, phone []byte) (p person) {
	if id := scan.Text(user); isUser(id) {
		p.user = id
	}
	switch id := scan.Word(phone); {
	case isPhone(id):
		p.phone = id
	case p.user == "" && isUser(id):
		p.user = id
	}
	return p
}

// isUser reports whether the id has the form of a BSUID: a country's two letters, a
// point, and up to 128 letters and digits. A parent's has a second point.
func isUser(id string) bool {
	if len(id) < 4 || len(id) > 3+128 || id[2] != '.' || !isUpper(id[0]) || !isUpper(id[1]) {
		return false
	}
	for _, c := range []byte(id[3:]) {
		if c-'0' > 9 && c|0x20-'a' > 25 {
			return false
		}
	}
	return true
}

func isUpper(c byte) bool { return c-'A' <= 25 }

// isPhone reports whether the id is a phone number as WhatsApp writes it: of E.164
// the digits only.
func isPhone(id string) bool {
	return len(id) >= 6 && len(id) <= 15 && id[0] != '0' && strings.Trim(id, "0123456789") == ""
}

// id is the name under which the person has a thread; "" if there is none.
func (p person) id() string {
	switch {
	case p.user != "":
		return p.user
	case p.phone != "":
		return phonePrefix + p.phone
	}
	return ""
}

// same reports whether both may be one person: what both have in common is equal.
func (p person) same(q person) bool {
	if p.user != "" && q.user != "" {
		return p.user == q.user
	}
	return p.phone != "" && p.phone == q.phone
}

// and adds what the other one tells of the same person.
func (p person) and(q person) person {
	if p.user == "" {
		p.user = q.user
	}
	if p.phone == "" {
		p.phone = q.phone
	}
	return p
}

// aliases are all the person's ids, the one of id first.
func (p person) aliases() (out []channel.Alias) {
	if p.user != "" {
		out = append(out, channel.Alias{Kind: channel.AliasUser, Value: hub.Personal(p.user)})
	}
	if p.phone != "" {
		out = append(out, channel.Alias{Kind: channel.AliasPhone, Value: hub.Personal(p.phone)})
	}
	return out
}

// contact is an entry of contacts[], which stands beside the messages and statuses
// of its person.
type contact struct {
	person
	raw, about []byte // the entry as received, and its profile
}

// maxContact is the longest entry that goes with an event whole; a name has at most
// 25 letters.
const maxContact = 1 << 10

func contactOf(raw []byte) contact {
	c := contact{raw: raw}
	var user, phone []byte
	s := scan.Of(raw)
	for name := range s.Members {
		switch string(name) {
		case "user_id":
			user = s.Value()
		case "wa_id":
			phone = s.Value()
		case "profile":
			c.about = s.Value()
		default:
			s.Value()
		}
	}
	c.person = personOf(user, phone)
	return c
}

// contactFor finds the entry about a person. One that nothing else names is whom the
// only entry is about.
func contactFor(p person, list []contact) contact {
	for _, c := range list {
		if p.same(c.person) || p == (person{}) && len(list) == 1 {
			return c
		}
	}
	return contact{}
}

// short is the entry as it goes with an event: if it is too long, its ids only.
func (c contact) short() contact {
	if len(c.raw) <= maxContact {
		return c
	}
	c.raw, c.about = []byte(`{"user_id":"`+c.user+`","wa_id":"`+c.phone+`"}`), nil
	return c
}

// profile is what the entry tells of its person.
func (c contact) profile(p person) channel.Profile {
	return channel.Profile{
		Name:     hub.Personal(scan.Text(scan.Get(c.about, "name"))),
		Username: hub.Personal(strings.TrimPrefix(scan.Text(scan.Get(c.about, "username")), "@")),
		Phone:    hub.Personal(p.phone),
	}
}

// whose is the channel user of an event: a person, or a group with its member who
// acted.
type whose struct {
	person
	group  string
	parent string // of a person with no other id
}

func (w whose) id() string {
	switch {
	case w.group != "":
		return groupPrefix + w.group
	case w.person != person{}:
		return w.person.id()
	}
	return w.parent
}

// whoseIs reads what id gives; an id of another form, a parent's too, is nobody's.
func whoseIs(id string) whose {
	switch kind, rest, _ := strings.Cut(id, ":"); {
	case kind+":" == phonePrefix && isPhone(rest):
		return whose{person: person{phone: rest}}
	case kind+":" == groupPrefix:
		return whose{group: rest}
	case isUser(id):
		return whose{person: person{user: id}}
	}
	return whose{}
}

// Names are the aliases that a user's id is by itself: a BSUID is the person's own, and
// "wa:" with digits a phone number. Groups have none.
func (a *Adapter) Names(user string) []channel.Alias { return whoseIs(user).aliases() }

// mark tells an event whose it is.
func (w whose) mark(e *channel.Event, c contact) {
	e.User = w.id()
	switch {
	case w.group != "":
		e.UserKind, e.Actor = hub.Group, w.person.id()
	case e.User != "":
		e.UserKind, e.Aliases, e.Profile = hub.Person, w.aliases(), c.profile(w.person)
	}
}
