package whatsapptest

import (
	"context"
	"net/http"
	"strings"

	"omnihub/internal/channel/fake"
)

// chatLink is the page of a wa.me link to one of the numbers; false for another request.
func (p *platform) chatLink(w http.ResponseWriter, r *http.Request) bool {
	return fake.ChatLink(w, r, func(digits string) bool { return p.shown(digits) != nil },
		func(ctx context.Context, digits, from, text string) (fake.Delivery, error) {
			return p.Act(ctx, fake.Act{Account: p.shown(digits).ID, From: from, Text: text})
		})
}

// shown is the number that customers see as these digits; nil if none is.
func (p *platform) shown(digits string) *number {
	for _, n := range p.Accounts {
		if n.display == digits {
			return n
		}
	}
	return nil
}

// displayOf is an account's phone number: its secret display_number, or one made from
// its id.
func displayOf(a fake.Account) string {
	given := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, a.Secrets["display_number"])
	if given != "" {
		return given
	}
	return "88627" + fake.Digits(7, "display", a.ExternalID)
}
