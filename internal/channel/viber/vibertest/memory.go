package vibertest

import (
	"encoding/json"
	"slices"
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
	p.journal.Record("customer", customerEntry{b.ID, id, *b.customers[id]})
}

// recall reads what was recorded. Entries of accounts that are gone are passed over.
func (p *platform) recall() {
	p.journal.Replay(func(kind string, entry json.RawMessage) {
		switch kind {
		case "name":
			if e, ok := recorded[nameEntry](entry); ok {
				p.names[e.ID] = e.Name
			}
		case "customer":
			e, ok := recorded[customerEntry](entry)
			if b, err := p.bot(e.Account); ok && err == nil {
				b.customers[e.ID] = &e.customer
			}
		case "accepted":
			e, ok := recorded[acceptedEntry](entry)
			if b, err := p.bot(e.Account); ok && err == nil && e.Sent != nil {
				b.sent[tokenText(e.Sent.Token)] = e.Sent
			}
		case "told":
			e, ok := recorded[toldEntry](entry)
			if b, err := p.bot(e.Account); ok && err == nil && b.sent[e.Token] != nil {
				s := b.sent[e.Token]
				s.Owed = slices.DeleteFunc(s.Owed, func(state string) bool { return state == e.State })
			}
		case "welcomed":
			e, ok := recorded[welcomedEntry](entry)
			if b, err := p.bot(e.Account); ok && err == nil {
				b.welcomed[e.Event] = true
			}
		}
	})
	for _, b := range p.bots {
		for _, s := range b.sent {
			if len(s.Owed) > 0 && b.Webhook != "" {
				w := p.news(b, s, faults{}, tokenText(s.Token))
				w.tries = restartTries
				go w.tell()
			}
		}
	}
}

func recorded[T any](entry json.RawMessage) (T, bool) {
	var e T
	err := json.Unmarshal(entry, &e)
	return e, err == nil
}
