// Package linetest is a fake LINE platform: it takes calls of the Messaging API,
// refuses what LINE refuses, and signs and delivers the webhooks of customers' acts.
// It is written from LINE's reference alone and shares no code with package line.
//
// https://developers.line.biz/en/reference/messaging-api/
package linetest

import (
	"time"

	"omnihub/internal/channel/fake"
)

const kind = "line"

// platform is LINE, as far as the accounts of its Config are concerned.
type platform struct {
	*fake.Core[*account, faults]
	// Guarded by Mu.
	names  map[string]string // platform id → what the tester calls it
	grants map[string]grant  // authorization codes and access tokens of LINE Login
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
	p := &platform{names: map[string]string{}, grants: map[string]grant{}}
	p.Core = fake.NewCore[faults](kind, c, func(a fake.Account) *account {
		return &account{
			Account:    a,
			configured: a.Webhook,
			customers:  map[string]*customer{},
			tokens:     map[string]*token{},
			accepted:   map[string]acceptance{},
			pushed:     map[string]int{},
		}
	})
	p.recall()
	return p
}

// faults is a fault plan. The faults of calls count for reply and push.
type faults struct {
	fake.Plan

	MonthlyQuota   *int `json:"monthly_quota"`    // recipients of pushes per account and month; absent = no limit
	TokenExpiresIn int  `json:"token_expires_in"` // seconds that the tokens still live; 0 = they do not end
	WebhookOff     bool `json:"webhook_off"`      // "Use webhook" is switched off
}

// Check tells what is out of range.
func (f faults) Check() error {
	quota := 0
	if f.MonthlyQuota != nil {
		quota = *f.MonthlyQuota
	}
	if err := fake.NotBelowZero(quota, f.TokenExpiresIn); err != nil {
		return err
	}
	return f.Plan.Check()
}

// of are the faults of the calls of an account.
func (f faults) of(a *account) faults {
	if fake.Spares(f.Plan, a) {
		f = faults{Plan: f.Plan}
		f.Calls = fake.Calls{}
	}
	return f
}
