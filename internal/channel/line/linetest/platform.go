// Package linetest is a fake LINE platform: it takes calls of the Messaging API,
// refuses what LINE refuses, and signs and delivers the webhooks of customers' acts.
// It is written from LINE's reference alone and shares no code with package line.
//
// https://developers.line.biz/en/reference/messaging-api/
package linetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "line"

// platform is LINE, as far as the accounts of its Config are concerned.
type platform struct {
	now     func() time.Time
	ledger  *fake.Ledger
	courier fake.Courier
	journal *fake.Journal

	mu       sync.Mutex
	accounts []*account
	names    map[string]string // platform id → what the tester calls it
	faults   faults
	dice     *fake.Dice
}

// account is a LINE official account.
type account struct {
	fake.Account
	configured string                // the webhook URL of the Config
	customers  map[string]*customer  // by userId, groupId
	tokens     map[string]*token     // reply tokens
	accepted   map[string]acceptance // by retry key
	pushed     map[string]int        // recipients counted, by month
}

// token is a reply token: for one use, within a minute of the (re)delivery of its
// webhook and 20 minutes of the event.
type token struct {
	to        string
	event     time.Time
	delivered time.Time
	used      bool
}

// acceptance remembers a push under its retry key, for 24 hours.
type acceptance struct {
	body    string
	at      time.Time
	request string
	sent    []sentMessage
}

// New makes a fake LINE platform.
func New(c fake.Config) fake.Platform {
	p := &platform{
		now:     c.Now,
		ledger:  c.Ledger,
		courier: fake.Courier{Client: c.Client},
		journal: c.Journal,
		names:   map[string]string{},
		dice:    &fake.Dice{},
	}
	if p.now == nil {
		p.now = time.Now
	}
	if p.ledger == nil {
		p.ledger = fake.NewLedger()
	}
	for _, a := range c.Accounts {
		p.accounts = append(p.accounts, &account{
			Account:    a,
			configured: a.Webhook,
			customers:  map[string]*customer{},
			tokens:     map[string]*token{},
			accepted:   map[string]acceptance{},
			pushed:     map[string]int{},
		})
	}
	p.recall()
	return p
}

// Pending counts the webhooks that are still to be delivered.
func (p *platform) Pending() int { return p.courier.Pending() }

// account finds an account by either of its names, or the first; p.mu is held.
func (p *platform) account(name string) (*account, error) {
	if name == "" && len(p.accounts) > 0 {
		return p.accounts[0], nil
	}
	for _, a := range p.accounts {
		if name != "" && (a.ID == name || a.ExternalID == name) {
			return a, nil
		}
	}
	return nil, fmt.Errorf("linetest: act: no account %q", name)
}

// faults is a fault plan. Rates lie between 0 and 1 and count for reply and push.
type faults struct {
	Seed           int64   `json:"seed"`
	Account        string  `json:"account"` // whose calls these befall, by either name; "" = all
	Rate429        float64 `json:"rate429"`
	RetryAfter     int     `json:"retry_after"` // seconds, told with each 429 of Rate429
	Rate500        float64 `json:"rate500"`
	Timeout        float64 `json:"timeout"`          // no answer, and nothing done
	AcceptThenDrop float64 `json:"accept_then_drop"` // done, but the connection ends without an answer
	AcceptThen500  float64 `json:"accept_then_500"`  // done, but answered 500

	ExpiredToken bool `json:"expired_token"` // every call is a 401
	MonthlyQuota *int `json:"monthly_quota"` // recipients of pushes per account and month; absent = no limit
	DelayMS      int  `json:"delay_ms"`      // before each call is looked at
	Down         bool `json:"down"`          // an outage: every call fails, and nothing is done

	TokenExpiresIn int  `json:"token_expires_in"` // seconds that the tokens still live; 0 = they do not end
	WebhookOff     bool `json:"webhook_off"`      // "Use webhook" is switched off

	DuplicateWebhooks int  `json:"duplicate_webhooks"` // how often each webhook comes again, afterwards
	ShuffleWebhooks   bool `json:"shuffle_webhooks"`   // webhooks of the same moment change places
}

// of are the faults of the calls of an account.
func (f faults) of(a *account) faults {
	if f.Account == "" || a != nil && (f.Account == a.ID || f.Account == a.ExternalID) {
		return f
	}
	return faults{Seed: f.Seed, DuplicateWebhooks: f.DuplicateWebhooks, ShuffleWebhooks: f.ShuffleWebhooks}
}

// SetFaults replaces the fault plan.
func (p *platform) SetFaults(plan json.RawMessage) error {
	var f faults
	if len(plan) > 0 {
		if err := strict(plan, &f); err != nil {
			return fmt.Errorf("linetest: faults: %w", err)
		}
	}
	for _, rate := range []float64{f.Rate429, f.Rate500, f.Timeout, f.AcceptThenDrop, f.AcceptThen500} {
		if rate < 0 || rate > 1 {
			return errors.New("linetest: faults: a rate lies between 0 and 1")
		}
	}
	if f.RetryAfter < 0 || f.TokenExpiresIn < 0 || f.DelayMS < 0 || f.DuplicateWebhooks < 0 || f.MonthlyQuota != nil && *f.MonthlyQuota < 0 {
		return errors.New("linetest: faults: a number is below 0")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.account(f.Account); err != nil && f.Account != "" {
		return fmt.Errorf("linetest: faults: no account %q", f.Account)
	}
	p.faults = f
	p.dice = &fake.Dice{Seed: f.Seed}
	p.courier.Shuffle(f.ShuffleWebhooks, uint64(f.Seed))
	return nil
}

// strict decodes one JSON value and refuses what it does not know.
func strict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}
