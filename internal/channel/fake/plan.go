package fake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Calls are the faults of a platform's API. Rates lie between 0 and 1; but for the last
// three members they concern the calls that send.
type Calls struct {
	Rate429        float64 `json:"rate429"`
	RetryAfter     int     `json:"retry_after"` // seconds, told with each refusal of Rate429
	Rate500        float64 `json:"rate500"`
	Timeout        float64 `json:"timeout"`          // no answer, and nothing done
	AcceptThenDrop float64 `json:"accept_then_drop"` // done, but the connection ends without an answer
	AcceptThen500  float64 `json:"accept_then_500"`  // done, but answered 500 by what stands before the platform
	ExpiredToken   bool    `json:"expired_token"`    // every call is refused: its token is good no more
	DelayMS        int     `json:"delay_ms"`         // before each call is looked at
	Down           bool    `json:"down"`             // an outage: every call fails, and nothing is done
}

// Plan is what every platform's fault plan has. A fake embeds it in its own, beside what
// only its platform knows.
type Plan struct {
	Seed int64 `json:"seed"`

	// Account is the one whose calls the faults of calls befall, by either name; "" = all.
	Account string `json:"account"`
	Calls

	// Of all webhooks.
	DuplicateWebhooks int  `json:"duplicate_webhooks"` // how often each comes again, afterwards
	ShuffleWebhooks   bool `json:"shuffle_webhooks"`   // those of the same moment change places
}

// StatusPlan is the Plan of a platform that tells by webhooks what became of a send.
type StatusPlan struct {
	Plan

	StatusRead    Rate    `json:"status_read"`    // the customer reads it: a rate, or true or false
	StatusLateMS  int     `json:"status_late_ms"` // each webhook comes up to so much later, in real time
	StatusEarly   float64 `json:"status_early"`   // all of a send's come before the send is answered
	StatusMissing float64 `json:"status_missing"` // one never comes
	StatusShuffle bool    `json:"status_shuffle"` // those of one send come in any order
}

// Common is the part that all plans share.
func (p Plan) Common() Plan { return p }

// Check tells what is out of range. A fake whose plan has numbers of its own looks at
// them beside it: see NotBelowZero.
func (p Plan) Check() error {
	if err := areRates(p.Rate429, p.Rate500, p.Timeout, p.AcceptThenDrop, p.AcceptThen500); err != nil {
		return err
	}
	return NotBelowZero(p.RetryAfter, p.DelayMS, p.DuplicateWebhooks)
}

// Check tells what is out of range.
func (p StatusPlan) Check() error {
	if err := areRates(float64(p.StatusRead), p.StatusEarly, p.StatusMissing); err != nil {
		return err
	}
	if err := NotBelowZero(p.StatusLateMS); err != nil {
		return err
	}
	return p.Plan.Check()
}

func areRates(list ...float64) error {
	for _, r := range list {
		if r < 0 || r > 1 {
			return errors.New("a rate lies between 0 and 1")
		}
	}
	return nil
}

// NotBelowZero is the error of a number below 0; nil if there is none.
func NotBelowZero(list ...int) error {
	for _, n := range list {
		if n < 0 {
			return errors.New("a number is below 0")
		}
	}
	return nil
}

// Rate is a share between 0 and 1, also written as true or false.
type Rate float64

// UnmarshalJSON reads either form.
func (r *Rate) UnmarshalJSON(data []byte) error {
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

// Delay waits before a call is looked at, as the plan says; false if the caller has left
// meanwhile.
func (f Calls) Delay(ctx context.Context) bool {
	if f.DelayMS <= 0 {
		return true
	}
	select {
	case <-time.After(time.Duration(f.DelayMS) * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// Strict decodes one JSON value and refuses what it does not know.
func Strict(data []byte, into any) error {
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
