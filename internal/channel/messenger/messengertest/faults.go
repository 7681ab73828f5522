package messengertest

import (
	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// faults is a fault plan. Of a send Messenger tells its echo, that it was delivered, and
// read.
type faults struct{ fake.StatusPlan }

// of are the faults of the calls of a Page.
func (f faults) of(g *page) faults {
	if fake.Spares(f.Plan, g) {
		f.Calls = fake.Calls{}
	}
	return f
}

// fault answers in place of Messenger if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	return p.Fault(x.W, x.R, x.faults.Calls, name, func() { x.refuse(tooMany()) }, func() { x.refuse(unavailable()) })
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	return p.Spoil(x.faults.Calls, name, func() { x.refuse(metatest.Unknown()) })
}
