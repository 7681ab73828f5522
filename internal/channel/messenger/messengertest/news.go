package messengertest

import (
	"encoding/json"
	"slices"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// What is told of a message of the hub's.
const (
	newsEcho      = "echo"
	newsDelivered = "delivered"
	newsRead      = "read"
)

// owed is what will be told of a message, by the fault plan.
func (p *platform) owed(g *page, f faults, name string) []string {
	list := []string{newsEcho, newsDelivered}
	if p.Hit(float64(f.StatusRead), "read", name) {
		list = append(list, newsRead)
	}
	got := slices.DeleteFunc(list, func(what string) bool { return !g.gets(fieldOf(what)) })
	return p.Owed(f.StatusPlan, name, got...)
}

// fieldOf is the webhook field in which something is told.
func fieldOf(what string) string {
	return map[string]string{newsEcho: "message_echoes", newsDelivered: "message_deliveries", newsRead: "message_reads"}[what]
}

// about makes the item that tells something of a message; p.Mu is held.
func (p *platform) about(g *page, s *sent, what string) item {
	who := g.byID[s.Person]
	now := p.Now().UnixMilli()
	i := item{Sender: who.party(), Recipient: &party{ID: g.ExternalID}, Timestamp: now, field: fieldOf(what)}
	switch what {
	case newsDelivered:
		i.Delivery = &delivery{IDs: []string{s.ID}, Watermark: s.At.UnixMilli()}
	case newsRead:
		i.Read = &read{Watermark: max(s.At.UnixMilli(), now)}
	default:
		i.Sender, i.Recipient = i.Recipient, i.Sender
		i.Timestamp = s.At.UnixMilli()
		i.Message = &message{ID: s.ID, Echo: true, App: json.Number(g.app.ID), Metadata: s.Ref, Text: s.Text}
		if s.Kind != "text" {
			i.Message.Text = ""
			i.Message.Attachments = []attachment{{Type: s.Kind, Payload: s.Payload}}
		}
	}
	return i
}

// party is the customer as webhooks name him.
func (w *person) party() *party {
	if w.Ref != "" {
		return &party{Ref: w.Ref}
	}
	return &party{ID: w.ID}
}

// hook makes the webhook of one item; the time of its entry is a little later.
func (g *page) hook(i item, now time.Time) fake.Webhook {
	e := entry{ID: g.ExternalID, Time: now.UnixMilli()}
	if g.elsewhere {
		e.Standby = []item{i}
	} else {
		e.Messaging = []item{i}
	}
	return g.signed(metatest.Encode(webhook{"page", []entry{e}}))
}

// news plans when things are told of a message.
func (p *platform) news(g *page, s *sent, f faults, name string) *fake.Telling {
	return p.Telling(fake.News{
		Owed:    s.Owed,
		Webhook: func(what string) fake.Webhook { return g.hook(p.about(g, s, what), p.Now()) },
		Told:    func(what string) { p.Journal.Record("told", toldEntry{g.ID, s.ID, what}) },
	}, f.StatusPlan, name)
}
