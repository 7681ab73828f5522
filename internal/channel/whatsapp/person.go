package whatsapp

import (
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// groupPrefix stands before a group's id in Slice.User and Outgoing.To; a person's id is
// that of waid.Person.
const groupPrefix = "group:"

// person is who somebody is to WhatsApp.
type person = waid.Person

// personOf reads the two members that name somebody. A BSUID in the place of the
// phone number is recognised as one.
func personOf(user, phone []byte) (p person) {
	if id := scan.Text(user); waid.IsUser(id) {
		p.User = id
	}
	switch id := scan.Word(phone); {
	case waid.IsPhone(id):
		p.Phone = id
	case p.User == "" && waid.IsUser(id):
		p.User = id
	}
	return p
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
		if p.Same(c.person) || p == (person{}) && len(list) == 1 {
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
	c.raw, c.about = []byte(`{"user_id":"`+c.User+`","wa_id":"`+c.Phone+`"}`), nil
	return c
}

// profile is what the entry tells of its person.
func (c contact) profile(p person) channel.Profile {
	return channel.Profile{
		Name:     hub.Personal(scan.Text(scan.Get(c.about, "name"))),
		Username: hub.Personal(strings.TrimPrefix(scan.Text(scan.Get(c.about, "username")), "@")),
		Phone:    hub.Personal(p.Phone),
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
		return w.person.ID()
	}
	return w.parent
}

// whoseIs reads what id gives; an id of another form, a parent's too, is nobody's.
func whoseIs(id string) whose {
	if group, ok := strings.CutPrefix(id, groupPrefix); ok {
		return whose{group: group}
	}
	return whose{person: waid.Named(id)}
}

// Names are the aliases that a user's id is by itself: a BSUID is the person's own, and
// "wa:" with digits a phone number. Groups have none.
func (a *Adapter) Names(user string) []channel.Alias { return whoseIs(user).Aliases() }

// mark tells an event whose it is.
func (w whose) mark(e *channel.Event, c contact) {
	e.User = w.id()
	switch {
	case w.group != "":
		e.UserKind, e.Actor = hub.Group, w.person.ID()
	case e.User != "":
		e.UserKind, e.Aliases, e.Profile = hub.Person, w.Aliases(), c.profile(w.person)
	}
}
