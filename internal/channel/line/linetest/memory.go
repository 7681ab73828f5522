package linetest

import (
	"encoding/json"
	"time"
)

// What the platform records, so that it still knows its customers, tokens and retry
// keys after a restart of the local stack.
type (
	nameEntry     struct{ ID, Name string }
	customerEntry struct {
		Account, ID string
		customer
	}
	tokenEntry struct {
		Account, Token, To string
		Event, Delivered   time.Time
		Used               bool
	}
	acceptanceEntry struct {
		Account, Key, Body string
		At                 time.Time
		Request            string
		Sent               []sentMessage
	}
	countEntry struct {
		Account, Month string
		Count          int
	}
	// endpointEntry is a webhook URL that was entered by a call, in place of the one
	// that the account was configured with; another configuration counts more.
	endpointEntry struct{ Account, Configured, URL string }
)

func (p *platform) rememberCustomer(a *account, id string) {
	p.journal.Record("customer", customerEntry{a.ID, id, *a.customers[id]})
}

func (p *platform) rememberToken(a *account, name string, t *token) {
	p.journal.Record("token", tokenEntry{a.ID, name, t.to, t.event, t.delivered, t.used})
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
			if e, ok := recorded[customerEntry](entry); ok {
				if a, err := p.account(e.Account); err == nil {
					a.customers[e.ID] = &e.customer
				}
			}
		case "token":
			if e, ok := recorded[tokenEntry](entry); ok {
				if a, err := p.account(e.Account); err == nil {
					a.tokens[e.Token] = &token{to: e.To, event: e.Event, delivered: e.Delivered, used: e.Used}
				}
			}
		case "accepted":
			if e, ok := recorded[acceptanceEntry](entry); ok {
				if a, err := p.account(e.Account); err == nil {
					a.accepted[e.Key] = acceptance{body: e.Body, at: e.At, request: e.Request, sent: e.Sent}
				}
			}
		case "endpoint":
			if e, ok := recorded[endpointEntry](entry); ok {
				if a, err := p.account(e.Account); err == nil && a.configured == e.Configured {
					a.Webhook = e.URL
				}
			}
		case "counted":
			if e, ok := recorded[countEntry](entry); ok {
				if a, err := p.account(e.Account); err == nil {
					a.pushed[e.Month] += max(1, e.Count)
				}
			}
		}
	})
}

func recorded[T any](entry json.RawMessage) (T, bool) {
	var e T
	err := json.Unmarshal(entry, &e)
	return e, err == nil
}
