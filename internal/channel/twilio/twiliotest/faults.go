package twiliotest

import "omnihub/internal/channel/fake"

// faults is a fault plan. The faults of calls befall the sends of the Account that it
// names, and with it its Twilio account's other calls. Of a send Twilio tells by status
// callbacks that it was sent, delivered, and read.
type faults struct {
	fake.StatusPlan

	// RefuseAtOnce refuses in the answer what Twilio accepts and fails by a status
	// callback: outside the window, not on WhatsApp, blocked …
	RefuseAtOnce bool `json:"refuse_at_once"`
}

// of are the faults of the calls of a number, or of an account's other calls.
func (f faults) of(n *number) faults {
	if fake.Spares(f.Plan, n) {
		f.Calls = fake.Calls{}
	}
	return f
}

// fault answers a send in place of Twilio if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	return p.Fault(x.w, x.r, x.faults.Calls, name, func() { x.refuse(refuse(20429)) }, func() { x.refuse(refuse(20500)) })
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	return p.Spoil(x.faults.Calls, name, func() { x.refuse(refuse(20500)) })
}
