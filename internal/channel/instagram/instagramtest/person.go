package instagramtest

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// person is somebody who uses Instagram.
type person struct {
	Key      string // what the tester called the person first
	Name     string
	Username string
}

// idForm is that of a person's id at an account (IGSID).
var idForm = regexp.MustCompile(`^[0-9]{10,20}$`)

var notOfUsernames = regexp.MustCompile(`[^a-z0-9._]+`)

// person finds or makes the one whom a tester names.
func (p *platform) person(name string) *person {
	who := p.people[name]
	if who == nil {
		who = &person{Key: name, Name: name, Username: strings.Trim(notOfUsernames.ReplaceAllString(strings.ToLower(name), "_"), "_.")}
		if idForm.MatchString(name) {
			who.Name, who.Username = "Instagram "+name[len(name)-4:], "ig_"+name[len(name)-4:]
		}
		if who.Username == "" {
			who.Username = "ig_" + fake.Digits(6, "username", name)
		}
		p.keepPerson(who)
	}
	return who
}

func (p *platform) keepPerson(who *person) {
	p.people[who.Key] = who
	p.Journal.Record("person", who)
}

// idOf is the person's id at an account; a name that has an id's form is one.
func (a *account) idOf(who *person) string {
	if idForm.MatchString(who.Key) {
		return who.Key
	}
	return "1" + fake.Digits(15, "igsid", a.ExternalID, who.Key)
}

// chat finds or makes what an account and a person have had; p.Mu is held.
func (a *account) chat(who *person) *chat {
	id := a.idOf(who)
	c := a.chats[id]
	if c == nil {
		c = &chat{key: who.Key}
		a.chats[id] = c
	}
	return c
}

// label is what the tester calls a customer, if that is not the id itself.
func (c *chat) label(id string) string {
	if c == nil || c.key == id {
		return ""
	}
	return c.key
}

// add files a message; p.Mu is held.
func (p *platform) add(a *account, id string, c *chat, e entryOfChat) {
	c.keep(e)
	p.Journal.Record("message", messageEntry{a.ID, id, c.key, e})
}

func (c *chat) keep(e entryOfChat) {
	for i := range c.log {
		if c.log[i].ID == e.ID {
			c.log[i] = e
			return
		}
	}
	c.log = fake.Newest(append(c.log, e), maxLog)
}

// last is the newest message of one side; "" if there is none.
func (c *chat) last(ours bool) string {
	for i := len(c.log) - 1; i >= 0; i-- {
		if c.log[i].Ours == ours && !c.log[i].Erased {
			return c.log[i].ID
		}
	}
	return ""
}

// find is a message of the chat; nil if there is none.
func (c *chat) find(id string) *entryOfChat {
	for i := range c.log {
		if c.log[i].ID == id {
			return &c.log[i]
		}
	}
	return nil
}

// acted notes that the customer did something, which opens the window.
func (p *platform) acted(a *account, id string, c *chat, at time.Time, ad bool) {
	if at.After(c.lastIn) {
		c.lastIn = at
	}
	if ad && at.After(c.ad) {
		c.ad = at
	}
	p.rememberChat(a, id, c)
}

// lookUp finds the chat with a person's id; nil if the account has had nothing with that
// person.
func (a *account) lookUp(id string) *chat {
	c := a.chats[id]
	if c == nil || c.lastIn.IsZero() {
		return nil
	}
	return c
}

var errNobody = errors.New("instagramtest: act: who is it from?")
