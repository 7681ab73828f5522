package vibertest

import (
	"encoding/json"

	"omnihub/internal/channel/fake"
)

// What the platform records, so that it still knows its customers, what they were
// shown, and what it has not told yet, after a restart of the local stack. Webhooks are
// those of the Config again.
type (
	nameEntry     struct{ ID, Name string }
	customerEntry struct {
		Account, ID string
		customer
	}
	acceptedEntry struct {
		Account string
		Sent    *sent
	}
	toldEntry     struct{ Account, Token, State string }
	welcomedEntry struct{ Account, Event string }
)

func (p *platform) rememberCustomer(b *bot, id string) {
	p.Journal.Record("customer", customerEntry{b.ID, id, *b.customers[id]})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.Journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "name":
			if e, ok := fake.Recorded[nameEntry](entry); ok {
				p.names[e.ID] = e.Name
			}
		case "customer":
			if e, b, ok := fake.RecordedOf[customerEntry](p.Core, entry); ok {
				b.customers[e.ID] = &e.customer
			}
		case "accepted":
			if e, b, ok := fake.RecordedOf[acceptedEntry](p.Core, entry); ok && e.Sent != nil {
				b.sent[tokenText(e.Sent.Token)] = e.Sent
			}
		case "told":
			if e, b, ok := fake.RecordedOf[toldEntry](p.Core, entry); ok && b.sent[e.Token] != nil {
				b.sent[e.Token].Owed = fake.Strike(b.sent[e.Token].Owed, e.State)
			}
		case "welcomed":
			if e, b, ok := fake.RecordedOf[welcomedEntry](p.Core, entry); ok {
				b.welcomed[e.Event] = true
			}
		}
	})
	for _, b := range p.Accounts {
		for _, s := range b.sent {
			if len(s.Owed) > 0 && b.Webhook != "" {
				p.news(b, s, faults{}, tokenText(s.Token)).AfterRestart()
			}
		}
	}
}
