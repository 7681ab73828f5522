package instagram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// loginFields are subscribed to with Instagram Login. Which events come, the app's own
// page says; that the account is subscribed to any field is what lets them through.
// https://developers.facebook.com/docs/instagram-platform/webhooks
var loginFields = []string{"messages", "messaging_postbacks", "messaging_seen", "message_reactions", "messaging_referral", "standby"}

// pageField is the field of the linked Page that lets the account's events through: any
// field does. Messenger subscribes to more of them in the same place.
// https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook
const pageField = "messages"

// Register subscribes the connection's app to the account's events. The webhook's URL
// itself is the app's: for Instagram Meta takes it on the app's own page only, where it
// asks for the verify token.
func (a *Adapter) Register(ctx context.Context, acct channel.Account) error {
	const op = "instagram: register"
	r, err := a.route(op, acct, hub.BadRequest)
	if err != nil {
		return err
	}
	fields := loginFields
	if !r.login {
		if fields, err = r.subscribed(ctx, op); err != nil {
			return err
		}
		if !slices.Contains(fields, pageField) { // what Messenger has there stays
			fields = append(fields, pageField)
		}
	}
	return broken(told(op, r.Subscribe(ctx, op, r.node, r.Token, fields), r.refusal()))
}

// Unregister ends it. A Page's subscription that has more than Register entered is
// Messenger's too, and stays.
func (a *Adapter) Unregister(ctx context.Context, acct channel.Account) error {
	const op = "instagram: unregister"
	r, err := a.route(op, acct, hub.BadRequest)
	if err != nil {
		return err
	}
	if !r.login {
		fields, err := r.subscribed(ctx, op)
		if err != nil || slices.ContainsFunc(fields, func(f string) bool { return f != pageField }) {
			return err
		}
	}
	return broken(told(op, r.Unsubscribe(ctx, op, r.node, r.Token), r.refusal()))
}

// Registered tells whether the connection's app gets the account's events. Meta does not
// tell to which URL.
func (a *Adapter) Registered(ctx context.Context, acct channel.Account) (bool, error) {
	const op = "instagram: registered"
	r, err := a.route(op, acct, hub.BadRequest)
	if err != nil {
		return false, err
	}
	fields, err := r.subscribed(ctx, op)
	return len(fields) > 0, err
}

// subscribed are the fields by which the token's own app gets the account's events.
func (r route) subscribed(ctx context.Context, op string) ([]string, error) {
	list, err := r.Subscriptions(ctx, op, r.node, r.Token)
	if err != nil {
		return nil, broken(told(op, err, r.refusal()))
	}
	var out []string
	for _, s := range list {
		out = append(out, s.Fields...)
	}
	return out, nil
}

// refusal is why Meta may not let the app subscribe.
func (r route) refusal() string {
	if r.login {
		return "Instagram does not let the app subscribe: the token needs " + loginPermissions
	}
	return "Meta does not let the app subscribe to the Page: the token needs pages_manage_metadata"
}

// broken makes an interface of an error that may be nil.
func broken(e *hub.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// Refresh makes a new token of Instagram Login, good for 60 days, out of one that is a
// day old at least. A Page's token cannot be renewed by a call.
// https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
func (a *Adapter) Refresh(ctx context.Context, acct channel.Account) (channel.Secrets, hub.Millis, error) {
	const op = "instagram: refresh"
	r, err := a.route(op, acct, hub.BadRequest)
	if err != nil || !r.login {
		return nil, 0, err
	}
	query := url.Values{"grant_type": {"ig_refresh_token"}, "access_token": {r.Token.Reveal()}}
	answer, err := a.renewal.Do(ctx, call.Request{Op: op, Method: http.MethodGet, Path: "/refresh_access_token?" + query.Encode(), Bearer: r.Token})
	var e *hub.Error
	if errors.As(err, &e) && e.Code == hub.Unclear { // an old token lives on beside a new one
		err = hub.E(hub.Transient, op, e.Err)
	}
	if err == nil {
		err = notRenewed(op, answer)
	}
	if err != nil {
		return nil, 0, err
	}
	token := scan.Text(scan.Get(answer.Body, "access_token"))
	if !scan.Valid(answer.Body) || token == "" {
		return nil, 0, hub.E(hub.Transient, op, errors.New("the answer has no access token"))
	}
	return channel.Secrets{AccessToken: hub.Secret(token)}, endOf(answer), nil
}

// notRenewed is why an answer brings no token; nil for a good one.
func notRenewed(op string, answer call.Answer) error {
	if answer.Status/100 == 2 {
		return nil
	}
	code, why := hub.Transient, "no error of the Graph API"
	if f, ok := meta.FailureOf(answer.Body); ok {
		why = f.String()
		if code = codeOf(f); code == "" {
			code = meta.MessagingCode(f)
		}
	} else if answer.Status == http.StatusUnauthorized {
		code = hub.TokenExpired
	}
	words := "not renewed"
	switch code {
	case hub.TokenExpired, hub.AccountBroken:
	case hub.RateLimited:
		e := hub.E(code, op, errors.New(why))
		e.RetryAfter = answer.RetryAfter()
		return e
	case hub.Permanent: // what a token meets that is too young
		code, words = hub.Transient, "not renewed: a token must be a day old, and not yet at its end"
	default:
		code = hub.Transient
	}
	return hub.E(code, op, fmt.Errorf("%s: status %d, %s", words, answer.Status, why))
}

// endOf is when the token of an answer ends, by the platform's own clock; 0 = not told.
func endOf(answer call.Answer) hub.Millis {
	seconds, ok := meta.Number(scan.Get(answer.Body, "expires_in"))
	at, err := http.ParseTime(strings.TrimSpace(answer.Header.Get("Date")))
	if !ok || err != nil {
		return 0
	}
	return hub.MillisOf(at.Add(time.Duration(seconds) * time.Second))
}
