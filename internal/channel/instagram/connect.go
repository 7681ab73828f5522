package instagram

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// The permissions that the calls need.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api
var pagePermissions = []string{"instagram_basic", "instagram_manage_messages", "pages_manage_metadata"}

const loginPermissions = "instagram_business_basic and instagram_business_manage_messages"

// accessOff is the subcode that tells that the owner has turned the access to messages
// off.
const accessOff = 2534041

// Check asks who the account is, when its token ends and what it may do, and whether the
// account's messages may be read at all.
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "instagram: check"
	r, err := a.route(op, acct, hub.BadRequest)
	if err != nil {
		return channel.Standing{}, err
	}
	var s channel.Standing
	if r.login {
		s, err = r.byLogin(ctx, op)
	} else {
		s, err = r.byPage(ctx, op, acct)
	}
	if err != nil {
		return channel.Standing{}, err
	}
	if acct.External != "" && acct.External != s.External {
		return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("these are the credentials of another account: the external id is that of the professional account to which the token belongs"))
	}
	// The one call that shows whether messages can be had.
	query := url.Values{"platform": {"instagram"}, "limit": {"1"}}
	_, err = r.Ask(ctx, op, http.MethodGet, meta.Path(r.node, "conversations"), query, r.Token)
	if f, ok := meta.FailureIn(err); ok && f.Subcode == accessOff {
		return channel.Standing{}, told(op, err, "the access to messages is off: in the Instagram app turn on Settings, Messages, Connected tools, Allow access to messages")
	}
	if err != nil {
		return channel.Standing{}, told(op, err, "the account's messages cannot be read: the token needs "+r.permissions())
	}
	return s, nil
}

func (r route) permissions() string {
	if r.login {
		return loginPermissions
	}
	return strings.Join(pagePermissions, ", ")
}

// byLogin asks a token of Instagram Login who it is. Meta does not tell when it ends;
// Refresh does.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started
func (r route) byLogin(ctx context.Context, op string) (channel.Standing, error) {
	body, err := r.Ask(ctx, op, http.MethodGet, meta.Path("me"), url.Values{"fields": {"user_id,username,name"}}, r.Token)
	if err != nil {
		return channel.Standing{}, told(op, err, "Instagram does not tell whose token this is: it needs "+loginPermissions)
	}
	if first := scan.First(scan.Get(body, "data")); first != nil { // Meta's page shows a list
		body = first
	}
	s := channel.Standing{External: scan.Name(scan.Get(body, "user_id")), Name: handle(body)}
	if s.External == "" {
		return s, hub.E(hub.AccountBroken, op, errors.New("the token is of no professional account"))
	}
	return s, nil
}

// handle is the account's name as people know it.
func handle(account []byte) string {
	if user := scan.Text(scan.Get(account, "username")); user != "" {
		return "@" + user
	}
	return scan.Text(scan.Get(account, "name"))
}

// byPage asks a Page's token what it may do, and the Page for its account.
func (r route) byPage(ctx context.Context, op string, acct channel.Account) (channel.Standing, error) {
	var s channel.Standing
	token, err := r.inspect(ctx, op, acct)
	if err != nil {
		return s, err
	}
	body, err := r.Ask(ctx, op, http.MethodGet, meta.Path(r.node), url.Values{"fields": {"id,name,instagram_business_account{id,username,name}"}}, r.Token)
	if err != nil {
		return s, told(op, err, "the Page of page_id is not there for this token")
	}
	account := scan.Get(body, "instagram_business_account")
	if s.External = scan.Name(scan.Get(account, "id")); s.External == "" {
		return s, hub.E(hub.AccountBroken, op, errors.New("the Page has no Instagram professional account linked to it"))
	}
	if lacks := token.Lacks(pagePermissions, r.node, s.External); len(lacks) > 0 {
		return s, hub.E(hub.AccountBroken, op, fmt.Errorf("the token lacks permissions: %s", strings.Join(lacks, ", ")))
	}
	s.Name, s.Expires = handle(account), token.Expires
	if token.DataExpires != 0 {
		s.Advice = append(s.Advice, "The app may read people's data until "+time.UnixMilli(int64(token.DataExpires)).UTC().Format("2006-01-02")+
			" only: log in to Facebook again before, or use the token of a system user.")
	}
	return s, nil
}

// inspect asks Meta about the token, by the app's own credential, which shows whether
// app_secret is the app's.
func (r route) inspect(ctx context.Context, op string, acct channel.Account) (meta.Token, error) {
	body, err := r.Ask(ctx, op, http.MethodGet, meta.Path("app"), url.Values{"fields": {"id"}}, r.Token)
	if err != nil {
		return meta.Token{}, told(op, err, "Meta does not tell which app the token is of")
	}
	by := meta.AppToken(scan.Name(scan.Get(body, "id")), acct.Secrets[AppSecret])
	if by == "" {
		by = r.Token
	}
	t, err := r.Inspect(ctx, op, r.Token, by)
	switch code := hub.CodeOf(err); {
	case err != nil && by != r.Token && code != hub.Transient && code != hub.RateLimited:
		return t, hub.E(hub.AccountBroken, op, fmt.Errorf("app_secret is not the secret of the app that the token was made with: %w", causeOf(err)))
	case err != nil:
		return t, told(op, err, "Meta does not tell what the token may do")
	case !t.Valid:
		return t, hub.E(hub.TokenExpired, op, fmt.Errorf("the token is not valid any more: %s", t.Failure))
	case t.Kind == "USER":
		return t, hub.E(hub.AccountBroken, op, errors.New("the token is a person's: take the Page's own token"))
	case t.Profile != "" && t.Profile != r.node:
		return t, hub.E(hub.NotFound, op, errors.New("the token is that of another Page than page_id"))
	}
	return t, nil
}

// causeOf is an error's cause, without its operation.
func causeOf(err error) error {
	var e *hub.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// told gives an error of a call words for people; the codes are those of
// channel.Connector's Check. No error stays none.
func told(op string, err error, words string) *hub.Error {
	var cause *hub.Error
	if !errors.As(err, &cause) {
		return nil
	}
	code := cause.Code
	switch code {
	case hub.Transient, hub.RateLimited, hub.Internal: // nothing is known yet
		return cause
	case hub.TokenExpired:
		words = "the access token is refused"
	default:
		code = hub.AccountBroken
	}
	e := hub.E(code, op, fmt.Errorf("%s: %w", words, cause.Err))
	e.RetryAfter = cause.RetryAfter
	return e
}
