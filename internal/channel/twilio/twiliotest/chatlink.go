package twiliotest

import (
	"context"
	"net/http"

	"omnihub/internal/channel/fake"
)

// chatLink is the page of a wa.me link to one of the numbers; false for another request.
func (p *platform) chatLink(w http.ResponseWriter, r *http.Request) bool {
	of := func(digits string) *number {
		for _, n := range p.Accounts {
			if n.ExternalID == "+"+digits {
				return n
			}
		}
		return nil
	}
	return fake.ChatLink(w, r, func(digits string) bool { return of(digits) != nil },
		func(ctx context.Context, digits, from, text string) (fake.Delivery, error) {
			return p.Act(ctx, fake.Act{Account: of(digits).ID, From: from, Text: text})
		})
}
