package instagramtest

import (
	"net/http"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// faults is a fault plan. Of a send Instagram tells its echo, and that it was read.
type faults struct{ fake.StatusPlan }

// of are the faults of the calls of an account.
func (f faults) of(a *account) faults {
	if fake.Spares(f.Plan, a) {
		f.Calls = fake.Calls{}
	}
	return f
}

// fault answers in place of Instagram if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	return p.Fault(x.W, x.R, x.faults.Calls, name, func() {
		r := tooFast()
		r.Status = http.StatusTooManyRequests
		x.refuse(r)
	}, func() { x.refuse(unavailable()) })
}

// spoil loses the answer of what was done, if the plan says so.
func (p *platform) spoil(x *exchange, name string) bool {
	return p.Spoil(x.faults.Calls, name, func() { x.refuse(metatest.Unknown()) })
}
