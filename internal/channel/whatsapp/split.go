package whatsapp

import (
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// maxContacts is how many entries of contacts[] are looked at.
const maxContacts = 1_000

// The arrays of a value that hold events.
const (
	messages = "messages"
	statuses = "statuses"
	failures = "errors"
)

// Split cuts a webhook into its messages, statuses and errors. What has none of them
// is one event as a whole: a change of another kind, and what is of no documented
// form. https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) {
	c := cutter{Cutter: meta.Cutter{Scanner: scan.Of(r.Body)}}
	c.Body([]string{business}, c.entry)
	if !c.OK() {
		return nil, hub.E(hub.Unparsable, "whatsapp: split", fmt.Errorf("no webhook body, seen at byte %d of %d", c.Offset(), len(r.Body)))
	}
	return c.out, nil
}

// cutter collects the events of a body.
type cutter struct {
	meta.Cutter
	out []channel.Slice
}

// frame is what stands around the events of one change, each value as received.
type frame struct {
	entry, at []byte // the WhatsApp Business Account's id; when Meta sent it
	field     []byte
	metadata  []byte
	number    []byte // phone_number_id
	contacts  []contact
	events    []event
}

// event is an element of one of the arrays, or with no list what has none of them.
type event struct {
	list string
	raw  []byte
}

// entry consumes what concerns one WhatsApp Business Account.
func (c *cutter) entry() {
	start := c.Part()
	var (
		id, at, listed []byte
		changes        []frame
	)
	for name := range c.Members {
		switch string(name) {
		case "id":
			c.Once(&id)
		case "time":
			c.Once(&at)
		case "changes":
			if listed != nil {
				c.Fail()
			}
			if c.Peek() == '[' {
				listed = name
			}
			for range c.Elements {
				changes = append(changes, c.change())
			}
		default:
			c.Value()
		}
	}
	if listed == nil {
		changes = []frame{{events: []event{{raw: c.Since(start)}}}}
	}
	for i := range changes {
		changes[i].entry, changes[i].at = id, at
		c.cut(&changes[i])
	}
}

// change consumes one change: a field's name and its value.
func (c *cutter) change() (f frame) {
	start := c.Part()
	var (
		value []byte
		known bool
	)
	for name := range c.Members {
		switch string(name) {
		case "field":
			c.Once(&f.field)
		case "value":
			if value != nil {
				c.Fail()
			}
			c.Peek()
			at := c.Offset()
			known = c.value(&f)
			value = c.Since(at)
		default:
			c.Value()
		}
	}
	if value == nil {
		value = c.Since(start)
	}
	if !known || scan.Text(f.field) != "" && !scan.Is(f.field, "messages") {
		f.events = []event{{raw: value}}
	}
	return f
}

// value consumes a change's value and reports whether it has an array of events.
func (c *cutter) value(f *frame) (known bool) {
	var seen [4]bool
	list := func(i int) bool {
		if seen[i] {
			c.Fail()
		}
		seen[i] = true
		return c.Peek() == '['
	}
	for name := range c.Members {
		switch string(name) {
		case "metadata":
			if f.metadata != nil {
				c.Fail()
			}
			f.metadata = name
			for name := range c.Members {
				if string(name) == "phone_number_id" {
					c.Once(&f.number)
				} else {
					c.Value()
				}
			}
		case "contacts":
			list(0)
			for range c.Elements {
				if raw := c.Value(); len(f.contacts) < maxContacts && c.OK() {
					f.contacts = append(f.contacts, contactOf(raw))
				}
			}
		case messages:
			known = list(1) || known
			c.events(f, messages)
		case statuses:
			known = list(2) || known
			c.events(f, statuses)
		case failures:
			known = list(3) || known
			c.events(f, failures)
		default:
			c.Value()
		}
	}
	return known
}

func (c *cutter) events(f *frame, list string) {
	for range c.Elements {
		c.Part()
		f.events = append(f.events, event{list, c.Value()})
	}
}

// cut makes the slices of one change.
func (c *cutter) cut(f *frame) {
	if !c.OK() {
		return
	}
	for _, e := range f.events {
		var to contact
		s, _ := subjectOf(e.list, e.raw)
		if s != nil {
			to = contactFor(s.person(), f.contacts).short()
		}
		slice := channel.Slice{
			Account: scan.Name(f.number),
			Raw:     e.raw,
			Head:    f.head(e.list, to.raw).Bytes(),
		}
		if s != nil {
			slice.Event, slice.Hash = s.event(), s.hash()
			if slice.Account != "" {
				slice.User = s.whose(to).id()
			}
		} else {
			slice.Hash = meta.HashOf(slice.Head, e.raw)
		}
		if slice.Event == "" {
			slice.Event = madeID(slice.Hash)
		}
		c.out = append(c.out, slice)
	}
}

// head is what Parse needs of the frame. The contact is that of the event's own person.
func (f *frame) head(list string, contact []byte) meta.Head {
	h := meta.Head{List: list, Entry: f.entry, Number: f.number, Contact: contact}
	switch list {
	case "":
		h.At, h.Field = f.at, f.field
	case failures: // these have no time of their own
		h.At = f.at
	}
	return h
}

// madeID names an event that came without an id, the same at every delivery.
func madeID(hash string) string { return "sha256-" + hash }
