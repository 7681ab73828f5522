package instagramtest

import (
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// What is told of a send.
const (
	newsEcho = "echo" // that it was sent
	newsRead = "read" // that the customer saw it; Instagram tells nothing of delivery
)

// owed is what will be told of a send, by the fault plan and the app's subscription.
func (p *platform) owed(a *account, f faults, name string) []string {
	if !a.told() {
		return nil
	}
	list := []string{newsEcho}
	if p.Hit(float64(f.StatusRead), "read", name) {
		list = append(list, newsRead)
	}
	return p.Owed(f.StatusPlan, name, list...)
}

// about makes the webhook that tells something of a send; p.Mu is held.
func (p *platform) about(a *account, s *sent, what string) fake.Webhook {
	now := p.Now().UnixMilli()
	i := item{Sender: party{a.ExternalID}, Recipient: party{s.To}, Timestamp: s.At.UnixMilli()}
	if what == newsRead {
		i = item{Sender: party{s.To}, Recipient: party{a.ExternalID}, Timestamp: now, Read: &read{s.ID}}
	} else {
		m := &message{Mid: s.ID, Echo: true}
		switch s.Kind {
		case "text":
			m.Text = s.Text
		case "template":
			m.Attachments = []attachment{{"template", &payload{Template: s.Template}}}
		default: // the file is Meta's own copy of it
			m.Attachments = []attachment{{s.Kind, &payload{URL: linkOr("")}}}
		}
		i.Message = m
	}
	return a.signed(metatest.Encode(webhook{"instagram", []entry{{ID: a.ExternalID, Time: now, Messaging: []item{i}}}}), "")
}

// news plans when things are told of a send.
func (p *platform) news(a *account, s *sent, f faults, name string) *fake.Telling {
	return p.Telling(fake.News{
		Owed:    s.Owed,
		Webhook: func(what string) fake.Webhook { return p.about(a, s, what) },
		Told:    func(what string) { p.Journal.Record("told", toldEntry{a.ID, s.ID, what}) },
	}, f.StatusPlan, name)
}
