package whatsapptest

import (
	"net/http"

	"omnihub/internal/channel/fake"
	"omnihub/internal/channel/meta/metatest"
)

// faults is a fault plan. Of a send WhatsApp tells that it was sent, delivered, and read.
type faults struct {
	fake.StatusPlan

	// What the calls tell by which an account is checked.
	TokenExpiresIn     int      `json:"token_expires_in"`    // seconds that the token still lives; 0 = it does not end
	MissingPermissions []string `json:"missing_permissions"` // that the token lacks
	NumberStatus       string   `json:"number_status"`       // "" = CONNECTED
	QualityRating      string   `json:"quality_rating"`      // "" = GREEN

	// FailByStatus accepts a send outside the window, and fails it by a status, as
	// Meta mostly does, instead of refusing it.
	FailByStatus bool `json:"fail_by_status"`
}

// Check tells what is out of range.
func (f faults) Check() error {
	if err := fake.NotBelowZero(f.TokenExpiresIn); err != nil {
		return err
	}
	return f.StatusPlan.Check()
}

// of are the faults of the calls of a number.
func (f faults) of(n *number) faults {
	if fake.Spares(f.Plan, n) {
		f.Calls = fake.Calls{}
		f.TokenExpiresIn, f.MissingPermissions, f.NumberStatus, f.QualityRating = 0, nil, "", ""
	}
	return f
}

// fault answers in place of WhatsApp if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, name string) bool {
	return p.Fault(x.W, x.R, x.faults.Calls, name, func() {
		r := refuse(130429, "")
		r.Status = http.StatusTooManyRequests
		x.refuse(r)
	}, func() { x.refuse(refuse(131000, "")) })
}

// spoil loses the answer of what was done, if the plan says so. An error of WhatsApp's
// own number would say that nothing was sent.
func (p *platform) spoil(x *exchange, name string) bool {
	return p.Spoil(x.faults.Calls, name, func() { x.refuse(metatest.Unknown()) })
}
