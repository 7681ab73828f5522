package linetest

import (
	"encoding/json"
	"time"

	"omnihub/internal/channel/fake"
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
	p.Journal.Record("customer", customerEntry{a.ID, id, *a.customers[id]})
}

func (p *platform) rememberToken(a *account, name string, t *token) {
	p.Journal.Record("token", tokenEntry{a.ID, name, t.to, t.event, t.delivered, t.used})
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
			if e, a, ok := fake.RecordedOf[customerEntry](p.Core, entry); ok {
				a.customers[e.ID] = &e.customer
			}
		case "token":
			if e, a, ok := fake.RecordedOf[tokenEntry](p.Core, entry); ok {
				a.tokens[e.Token] = &token{to: e.To, event: e.Event, delivered: e.Delivered, used: e.Used}
			}
		case "accepted":
			if e, a, ok := fake.RecordedOf[acceptanceEntry](p.Core, entry); ok {
				a.accepted[e.Key] = acceptance{body: e.Body, at: e.At, request: e.Request, sent: e.Sent}
			}
		case "endpoint":
			if e, a, ok := fake.RecordedOf[endpointEntry](p.Core, entry); ok && a.configured == e.Configured {
				a.Webhook = e.URL
			}
		case "counted":
			if e, a, ok := fake.RecordedOf[countEntry](p.Core, entry); ok {
				a.pushed[e.Month] += max(1, e.Count)
			}
		}
	})
}
