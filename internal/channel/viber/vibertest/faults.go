package vibertest

import (
	"net/http"

	"omnihub/internal/channel/fake"
)

// faults is a fault plan. Of a send Viber tells that it was delivered, and read. What
// Rate429 refuses is Viber's status 12, under HTTP 200 as all its errors.
type faults struct {
	fake.StatusPlan

	// InboundDelivered tells of customers' own messages that they were delivered, too.
	InboundDelivered bool `json:"inbound_delivered"`
}

// of are the faults of the calls of a bot.
func (f faults) of(b *bot) faults {
	if fake.Spares(f.Plan, b) {
		f.Calls = fake.Calls{}
	}
	return f
}

// fault answers a send in place of Viber if the plan says so: too many, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	return p.Fault(x.w, x.r, x.faults.Calls, name,
		func() { x.refuse(refuse(tooMany, "Too many requests")) },
		func() { x.fail(http.StatusInternalServerError) })
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	return p.Spoil(x.faults.Calls, name, func() { x.fail(http.StatusInternalServerError) })
}
