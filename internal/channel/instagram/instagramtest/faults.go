package instagramtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"omnihub/internal/channel/fake"
)

// faults is a fault plan. Rates lie between 0 and 1.
type faults struct {
	Seed int64 `json:"seed"`

	// Account is the one whose calls the faults of calls befall, by either name; "" = all.
	Account string `json:"account"`

	// Of calls that send or that show typing or reading.
	Rate429        float64 `json:"rate429"`
	RetryAfter     int     `json:"retry_after"` // seconds, told with each 429 of Rate429
	Rate500        float64 `json:"rate500"`
	Timeout        float64 `json:"timeout"`          // no answer, and nothing done
	AcceptThenDrop float64 `json:"accept_then_drop"` // done, but the connection ends without an answer
	AcceptThen500  float64 `json:"accept_then_500"`  // done, but answered 500

	// Of all calls.
	ExpiredToken bool `json:"expired_token"` // every call is refused: the token has expired
	DelayMS      int  `json:"delay_ms"`      // before each call is looked at
	Down         bool `json:"down"`          // an outage: every call fails, and nothing is done

	// Of all webhooks.
	DuplicateWebhooks int  `json:"duplicate_webhooks"` // how often each comes again, afterwards
	ShuffleWebhooks   bool `json:"shuffle_webhooks"`   // those of the same moment change places

	// Of the webhooks about a send: its echo, and that it was read.
	StatusRead    rate    `json:"status_read"`    // the customer reads it: a rate, or true or false
	StatusLateMS  int     `json:"status_late_ms"` // each comes up to so much later, in real time
	StatusEarly   float64 `json:"status_early"`   // all of a send's come before the send is answered
	StatusMissing float64 `json:"status_missing"` // one never comes
	StatusShuffle bool    `json:"status_shuffle"` // those of one send come in any order
}

// of are the faults of the calls of an account.
func (f faults) of(a *account) faults {
	if f.Account == "" || a != nil && (f.Account == a.ID || f.Account == a.ExternalID) {
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
			return fmt.Errorf("instagramtest: faults: %w", err)
		}
	}
	for _, rate := range []float64{f.Rate429, f.Rate500, f.Timeout, f.AcceptThenDrop, f.AcceptThen500,
		float64(f.StatusRead), f.StatusEarly, f.StatusMissing} {
		if rate < 0 || rate > 1 {
			return errors.New("instagramtest: faults: a rate lies between 0 and 1")
		}
	}
	for _, n := range []int{f.RetryAfter, f.DelayMS, f.DuplicateWebhooks, f.StatusLateMS} {
		if n < 0 {
			return errors.New("instagramtest: faults: a number is below 0")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.account(f.Account); err != nil && f.Account != "" {
		return fmt.Errorf("instagramtest: faults: no account %q", f.Account)
	}
	p.faults = f
	p.dice = &fake.Dice{Seed: f.Seed}
	p.courier.Shuffle(f.ShuffleWebhooks, uint64(f.Seed))
	return nil
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
