package instagramtest

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"omnihub/internal/channel/meta/metatest"
)

// token is what stands behind an access token.
type token struct {
	Value   string
	Issued  time.Time
	Expires time.Time // zero = never
	Revoked bool
	Scopes  []string
}

// The permissions that the two routes need.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
var (
	pageScopes  = []string{"instagram_basic", "instagram_manage_messages", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"}
	loginScopes = []string{"instagram_business_basic", "instagram_business_manage_messages"}
)

// longLife is how long a token of Instagram Login is good.
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
const longLife = 60 * 24 * time.Hour

// issue makes the token of the account's secrets known, if it is not; a Page's token
// never ends.
func (p *platform) issue(a *account) {
	value := a.Secrets["access_token"]
	if value == "" || a.tokens[value] != nil {
		return
	}
	t := &token{Value: value, Issued: p.Now(), Scopes: pageScopes}
	if !a.byPage() {
		t.Expires, t.Scopes = t.Issued.Add(longLife), loginScopes
	}
	p.keepToken(a, t)
}

func (p *platform) keepToken(a *account, t *token) {
	a.tokens[t.Value] = t
	p.Journal.Record("token", tokenEntry{a.ID, t})
}

// refused tells what Meta says of a token; nil if it is good.
// https://developers.facebook.com/docs/facebook-login/guides/access-tokens/debugging
func (t *token) refused(now time.Time) *refusal {
	switch {
	case t.Revoked:
		return metatest.Revoked(http.StatusUnauthorized)
	case !t.Expires.IsZero() && !now.Before(t.Expires):
		return metatest.Expired(t.Expires, now)
	}
	return nil
}

// has reports whether a token has a permission.
func (t *token) has(scope string) bool { return slices.Contains(t.Scopes, scope) }

// setToken makes the account's token what the tester wants it to be.
func (p *platform) setToken(a *account, x extra) error {
	t := a.tokens[a.Secrets["access_token"]]
	if x.Token != "" {
		t = a.tokens[x.Token]
	}
	if t == nil {
		return errors.New("instagramtest: act: the account has no such token")
	}
	now := p.Now()
	if x.ExpiresIn != nil {
		t.Expires = now.Add(time.Duration(*x.ExpiresIn) * time.Second)
	}
	if x.Age != nil {
		t.Issued = now.Add(-time.Duration(*x.Age) * time.Second)
	}
	if x.Scopes != nil {
		t.Scopes = x.Scopes
	}
	t.Revoked = x.Revoked
	p.keepToken(a, t)
	return nil
}
