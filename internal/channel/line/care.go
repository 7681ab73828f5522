package line

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// endless is the life from which on a token counts as one that does not end: LINE tells
// about a century for the long-lived ones.
const endless = 10 * 365 * 24 * time.Hour

var (
	botForm  = regexp.MustCompile(`^U[0-9a-f]{32}$`)
	liffForm = regexp.MustCompile(`^[0-9]{6,20}-[A-Za-z0-9]{4,20}$`)
	// loginForm is a channel's id, basicForm a basic or premium id.
	loginForm = regexp.MustCompile(`^[0-9]{6,20}$`)
	basicForm = regexp.MustCompile(`^@[A-Za-z0-9._-]{2,30}$`)
)

// Check asks LINE whose the channel token is, and when it ends.
// https://developers.line.biz/en/reference/messaging-api/#get-bot-info
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "line: check"
	if acct.External != "" && !botForm.MatchString(acct.External) {
		return channel.Standing{}, hub.E(hub.BadRequest, op,
			errors.New("the external id is the bot's own user id, U and 32 of the digits 0 to 9 and a to f; it is not the id with @"))
	}
	for _, f := range []struct {
		name string
		form *regexp.Regexp
		want string
	}{
		{LIFFID, liffForm, "the LIFF id has the form 1234567890-AbcdEfgh; it is not the address of the LIFF app"},
		{LoginChannelID, loginForm, "login_channel_id is a channel id, digits only"},
		{BasicID, basicForm, "basic_id begins with @ and has letters, digits and the marks . _ -"},
	} {
		if v := acct.Secrets[f.name].Reveal(); v != "" && !f.form.MatchString(v) {
			return channel.Standing{}, hub.E(hub.BadRequest, op, errors.New(f.want))
		}
	}
	var bot struct {
		UserID      string `json:"userId"`
		BasicID     string `json:"basicId"`
		DisplayName string `json:"displayName"`
	}
	if _, err := a.ask(ctx, op, bearing(acct, http.MethodGet, "/v2/bot/info", nil), &bot); err != nil {
		return channel.Standing{}, err
	}
	if !botForm.MatchString(bot.UserID) {
		return channel.Standing{}, hub.E(hub.Transient, op, errors.New("LINE answered without the bot's user id"))
	}
	if acct.External != "" && acct.External != bot.UserID {
		return channel.Standing{}, hub.E(hub.NotFound, op,
			fmt.Errorf("the channel token is another account's, whose external id is %s", bot.UserID))
	}
	out := channel.Standing{External: bot.UserID, Name: bot.DisplayName}
	if out.Name == "" {
		out.Name = bot.BasicID
	}
	if basicForm.MatchString(bot.BasicID) {
		out.Fields = channel.Secrets{BasicID: hub.Secret(bot.BasicID)}
	}
	if app, login := acct.Secrets[LIFFID].Reveal(), acct.Secrets[LoginChannelID].Reveal(); app != "" && login != "" && !strings.HasPrefix(app, login+"-") {
		out.Advice = append(out.Advice, "The LIFF app is another LINE Login channel's than login_channel_id names: sign-ins will be refused.")
	}
	expires, told, err := a.expires(ctx, op, acct.Secrets[ChannelToken])
	if err != nil {
		return channel.Standing{}, err
	}
	out.Expires = expires
	switch {
	case !told:
		out.Advice = append(out.Advice, "LINE does not tell when this channel token ends: issue a long-lived one, which does not.")
	case expires != 0:
		out.Advice = append(out.Advice, "This channel token ends: issue a long-lived one, which does not.")
	}
	return out, nil
}

// expires asks when a token ends; 0 = never. There are two calls for two kinds of
// tokens, and kinds of which LINE tells nothing. LINE tells seconds, which count from
// the time of its own answer.
// https://developers.line.biz/en/reference/messaging-api/#verify-channel-access-token
// https://developers.line.biz/en/reference/messaging-api/#verify-channel-access-token-v2-1
func (a *Adapter) expires(ctx context.Context, op string, token hub.Secret) (at hub.Millis, told bool, err error) {
	given := url.Values{"access_token": {token.Reveal()}}
	r := call.Request{Method: http.MethodPost, Path: "/v2/oauth/verify", Form: given, Bearer: token}
	if strings.Count(token.Reveal(), ".") == 2 { // a JSON Web Token
		r = call.Request{Method: http.MethodGet, Path: "/oauth2/v2.1/verify?" + given.Encode(), Bearer: token}
	}
	var life struct {
		Seconds int64 `json:"expires_in"`
	}
	header, err := a.ask(ctx, op, r, &life)
	switch hub.CodeOf(err) {
	case "":
	case hub.BadRequest, hub.TokenExpired, hub.NotFound: // it was good a moment ago: this call does not know its kind
		return 0, false, nil
	default:
		return 0, false, err
	}
	now, err := http.ParseTime(header.Get("Date"))
	switch {
	case life.Seconds >= int64(endless/time.Second):
		return 0, true, nil
	case err != nil || life.Seconds <= 0:
		return 0, false, nil
	}
	return hub.Millis(now.Add(time.Duration(life.Seconds) * time.Second).UnixMilli()), true, nil
}

type endpoint struct {
	Endpoint string `json:"endpoint"`
}

// Register enters the webhook's URL, and lets LINE call it: the hub's own edge answers,
// and refuses a signature that is not of the connection's channel secret.
// https://developers.line.biz/en/reference/messaging-api/#webhook-settings
func (a *Adapter) Register(ctx context.Context, acct channel.Account) error {
	const op = "line: register"
	if acct.Webhook == "" {
		return hub.E(hub.BadRequest, op, errors.New("the webhook's URL is not known"))
	}
	at := endpoint{acct.Webhook}
	if _, err := a.ask(ctx, op, bearing(acct, http.MethodPut, "/v2/bot/channel/webhook/endpoint", at), nil); err != nil {
		if hub.CodeOf(err) == hub.BadRequest {
			return hub.E(hub.BadRequest, op, errors.New("LINE takes no such webhook URL: it must begin with https and have at most 500 characters"))
		}
		return err
	}
	var tried struct {
		Success bool   `json:"success"`
		Status  int    `json:"statusCode"`
		Reason  string `json:"reason"`
	}
	if _, err := a.ask(ctx, op, bearing(acct, http.MethodPost, "/v2/bot/channel/webhook/test", at), &tried); err != nil {
		return err
	}
	if !tried.Success {
		return hub.E(hub.Refused, op, errors.New(why(tried.Reason, tried.Status)))
	}
	switch _, active, err := a.endpoint(ctx, op, acct); {
	case err != nil:
		return err
	case !active:
		return hub.E(hub.AccountBroken, op, errors.New("the webhook is entered and answers, but is switched off: "+
			"switch \"Use webhook\" on in the LINE Developers Console, Messaging API"))
	}
	return nil
}

// why tells what came of LINE's test of a webhook.
// https://developers.line.biz/en/docs/messaging-api/check-webhook-error-statistics/
func why(reason string, status int) string {
	switch {
	case reason == "COULD_NOT_CONNECT":
		return "LINE could not connect to the webhook: its host is not to be reached, or its certificate is not accepted"
	case reason == "REQUEST_TIMEOUT":
		return "the webhook did not answer LINE in time"
	case reason == "ERROR_STATUS_CODE" && status == http.StatusUnauthorized:
		return "the webhook refused LINE's signature: the channel secret is another channel's, or was issued again"
	case reason == "ERROR_STATUS_CODE" && status == http.StatusNotFound:
		return "the webhook answered LINE that it knows no such connection"
	case reason == "ERROR_STATUS_CODE":
		return fmt.Sprintf("the webhook answered LINE with status %d", status)
	}
	return "the webhook did not answer LINE as it must"
}

// Unregister is refused: LINE has no call that takes a webhook out. What it goes on
// sending to a connection that is gone is answered 404.
func (a *Adapter) Unregister(context.Context, channel.Account) error {
	return hub.E(hub.Refused, "line: unregister", errors.New("LINE has no call that takes a webhook out: "+
		"switch \"Use webhook\" off in the LINE Developers Console, Messaging API"))
}

// Registered tells whether the URL is entered at LINE and switched on there.
func (a *Adapter) Registered(ctx context.Context, acct channel.Account) (bool, error) {
	at, active, err := a.endpoint(ctx, "line: registered", acct)
	return active && at != "" && at == acct.Webhook, err
}

// endpoint is the webhook's URL that is entered at LINE, "" if there is none, and
// whether it is used.
func (a *Adapter) endpoint(ctx context.Context, op string, acct channel.Account) (at string, active bool, err error) {
	var set struct {
		endpoint
		Active bool `json:"active"`
	}
	_, err = a.ask(ctx, op, bearing(acct, http.MethodGet, "/v2/bot/channel/webhook/endpoint", nil), &set)
	if hub.CodeOf(err) == hub.NotFound {
		return "", false, nil
	}
	return set.Endpoint, set.Active, err
}

func bearing(acct channel.Account, method, path string, body any) call.Request {
	return call.Request{Method: method, Path: path, Bearer: acct.Secrets[ChannelToken], Body: body}
}

// ask makes a call that may be repeated, and reads its answer, if into is given. Errors:
// those of channel.Connector.
func (a *Adapter) ask(ctx context.Context, op string, r call.Request, into any) (http.Header, error) {
	r.Op = op
	out, err := a.client.Do(ctx, r)
	switch {
	case hub.CodeOf(err) == hub.Unclear: // whatever was done may be done again
		return nil, hub.E(hub.Transient, op, errors.Unwrap(err))
	case err != nil:
		return nil, err
	case out.Status/100 == 2:
		if into != nil && json.Unmarshal(out.Body, into) != nil {
			return nil, failure(op, hub.Transient, "an answer that cannot be read", out)
		}
		return out.Header, nil
	case out.Status == http.StatusUnauthorized:
		return nil, failure(op, hub.TokenExpired, "LINE refuses the channel token: it was issued again, has ended, or is cut short", out)
	case out.Status == http.StatusForbidden:
		return nil, failure(op, hub.AccountBroken, "the account may not do this: look at its plan and state in Official Account Manager", out)
	case out.Status == http.StatusNotFound:
		return nil, failure(op, hub.NotFound, "LINE knows nothing of it", out)
	case out.Status == http.StatusTooManyRequests:
		return nil, failure(op, hub.RateLimited, "too many requests", out)
	case out.Status/100 == 4 && out.Status != http.StatusRequestTimeout:
		return nil, failure(op, hub.BadRequest, "LINE takes no such request", out)
	}
	return nil, failure(op, hub.Transient, "LINE does not answer", out)
}
