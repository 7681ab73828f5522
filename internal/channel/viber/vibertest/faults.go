package vibertest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"omnihub/internal/channel/fake"
)

// faults is a fault plan. Rates lie between 0 and 1.
type faults struct {
	Seed int64 `json:"seed"`

	// Account is the bot whose calls the faults of calls befall, by either name; "" = all.
	Account string `json:"account"`

	// Of calls that send.
	Rate429        float64 `json:"rate429"`     // Viber's status 12, under HTTP 200 as all its errors
	RetryAfter     int     `json:"retry_after"` // seconds, in a header of each answer of Rate429
	Rate500        float64 `json:"rate500"`
	Timeout        float64 `json:"timeout"`          // no answer, and nothing done
	AcceptThenDrop float64 `json:"accept_then_drop"` // done, but the connection ends without an answer
	AcceptThen500  float64 `json:"accept_then_500"`  // done, but answered 500 by what stands before Viber

	// Of all calls.
	ExpiredToken bool `json:"expired_token"` // the token is not valid any more
	DelayMS      int  `json:"delay_ms"`      // before each call is looked at
	Down         bool `json:"down"`          // an outage: every call fails, and nothing is done

	// Of all webhooks.
	DuplicateWebhooks int  `json:"duplicate_webhooks"` // how often each comes again, afterwards
	ShuffleWebhooks   bool `json:"shuffle_webhooks"`   // those of the same moment change places

	// Of the webhooks that tell what became of a send: delivered, by default.
	StatusRead    rate    `json:"status_read"`    // the customer reads it: a rate, or true or false
	StatusLateMS  int     `json:"status_late_ms"` // each comes up to so much later, in real time
	StatusEarly   float64 `json:"status_early"`   // all of a send's come before the send is answered
	StatusMissing float64 `json:"status_missing"` // one never comes
	StatusShuffle bool    `json:"status_shuffle"` // those of one send come in any order

	// InboundDelivered tells of customers' own messages that they were delivered, too.
	InboundDelivered bool `json:"inbound_delivered"`
}

// of are the faults of the calls of a bot.
func (f faults) of(b *bot) faults {
	if f.Account == "" || b != nil && (f.Account == b.ID || f.Account == b.ExternalID) {
		return f
	}
	f.Rate429, f.Rate500, f.Timeout, f.AcceptThenDrop, f.AcceptThen500 = 0, 0, 0, 0, 0
	f.ExpiredToken, f.DelayMS, f.Down = false, 0, false
	return f
}

// rate is a share between 0 and 1, also written as true or false.
type rate float64

func (r *rate) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		*r = 1
		return nil
	case "false":
		*r = 0
		return nil
	}
	return json.Unmarshal(data, (*float64)(r))
}

// SetFaults replaces the fault plan.
func (p *platform) SetFaults(plan json.RawMessage) error {
	var f faults
	if len(plan) > 0 {
		if err := strict(plan, &f); err != nil {
			return fmt.Errorf("vibertest: faults: %w", err)
		}
	}
	for _, rate := range []float64{f.Rate429, f.Rate500, f.Timeout, f.AcceptThenDrop, f.AcceptThen500,
		float64(f.StatusRead), f.StatusEarly, f.StatusMissing} {
		if rate < 0 || rate > 1 {
			return errors.New("vibertest: faults: a rate lies between 0 and 1")
		}
	}
	for _, n := range []int{f.RetryAfter, f.DelayMS, f.DuplicateWebhooks, f.StatusLateMS} {
		if n < 0 {
			return errors.New("vibertest: faults: a number is below 0")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.bot(f.Account); err != nil && f.Account != "" {
		return fmt.Errorf("vibertest: faults: no account %q", f.Account)
	}
	p.faults = f
	p.dice = &fake.Dice{Seed: f.Seed}
	p.courier.Shuffle(f.ShuffleWebhooks, uint64(f.Seed))
	return nil
}

// fault answers a send in place of Viber if the plan says so: too many, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	switch f := x.faults; {
	case dice.Hit(f.Rate429, "429", name):
		if f.RetryAfter > 0 {
			x.w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		x.refuse(refuse(tooMany, "Too many requests"))
	case dice.Hit(f.Rate500, "500", name):
		x.fail(http.StatusInternalServerError)
	case dice.Hit(f.Timeout, "timeout", name):
		<-x.r.Context().Done()
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	p.mu.Lock()
	dice := p.dice
	p.mu.Unlock()
	switch {
	case dice.Hit(x.faults.AcceptThenDrop, "drop", name):
		panic(http.ErrAbortHandler)
	case dice.Hit(x.faults.AcceptThen500, "late 500", name):
		x.fail(http.StatusInternalServerError)
		return true
	}
	return false
}

// share is a number from 0 up to 1 that depends on the seed and the name alone.
func share(seed int64, name string) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, name))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
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
