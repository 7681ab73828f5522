package instagram

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

const (
	noConsent = 230 // the person has not written to the account
	noObject  = 33  // beside 100: no such person, or one who blocked the account
)

// Profile asks who a customer is. Instagram tells it of people who have written, and not
// of those who blocked the account. The picture's address dies after a few days.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/user-profile
func (a *Adapter) Profile(ctx context.Context, acct channel.Account, user string) (channel.Profile, error) {
	const op = "instagram: profile"
	r, err := a.route(op, acct, hub.AccountBroken)
	if err != nil {
		return channel.Profile{}, err
	}
	if !isID(user) {
		return channel.Profile{}, hub.E(hub.Unreachable, op, errors.New("the customer's id is none of Instagram"))
	}
	body, err := r.Ask(ctx, op, http.MethodGet, meta.Path(user), url.Values{"fields": {"name,username,profile_pic"}}, r.Token)
	if f, ok := meta.FailureIn(err); ok && (f.Number == noConsent || f.Number == 100 && f.Subcode == noObject) {
		return channel.Profile{}, hub.E(hub.Unreachable, op, errors.New(f.String()))
	}
	if err != nil {
		return channel.Profile{}, err
	}
	text := func(name string) hub.Personal { return hub.Personal(scan.Text(scan.Get(body, name))) }
	return channel.Profile{Name: text("name"), Username: text("username"), Picture: text("profile_pic")}, nil
}
