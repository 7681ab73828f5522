package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// permissions are what the token needs: to send, and to see the number and subscribe to
// its webhooks.
var permissions = []string{"whatsapp_business_messaging", "whatsapp_business_management"}

// Check asks about the token, and then about the number.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
// https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "whatsapp: check"
	if !isID(acct.External) {
		return channel.Standing{}, hub.E(hub.BadRequest, op,
			errors.New("the external id is the phone_number_id, digits only; it is not the phone number"))
	}
	for _, name := range []string{WABAID, AppID} {
		if id := acct.Secrets[name].Reveal(); id != "" && !isID(id) {
			return channel.Standing{}, hub.E(hub.BadRequest, op, fmt.Errorf("%s has digits only", name))
		}
	}
	if n := acct.Secrets[DisplayNumber].Reveal(); n != "" && !waid.IsPhone(waid.Digits(n)) {
		return channel.Standing{}, hub.E(hub.BadRequest, op, errors.New("display_number is the phone number with its country: +886 2 7700 1234"))
	}
	token, told, err := a.inspect(ctx, op, acct)
	if err != nil {
		return channel.Standing{}, err
	}
	var out channel.Standing
	waba := acct.Secrets[WABAID].Reveal()
	if told {
		needed := permissions
		if waba == "" { // they may be limited to accounts by whose id it is not known here
			needed = nil
		}
		if err := token.Vet(op, []string{"SYSTEM_USER", "USER"}, acct.Secrets[AppID].Reveal(), needed, waba); err != nil {
			return channel.Standing{}, err
		}
		out.Expires = token.Expires
		if token.Expires != 0 {
			out.Advice = append(out.Advice, "This access token ends: generate one of a system user that never expires.")
		}
	} else {
		out.Advice = append(out.Advice, "When the token ends and what it may do could not be asked: enter app_id beside the app secret.")
	}
	if waba == "" {
		out.Advice = append(out.Advice, "Without waba_id it cannot be told whether the token has all permissions, and whether webhooks come.")
	}
	if err := a.number(ctx, op, acct, &out); err != nil {
		return channel.Standing{}, err
	}
	return out, nil
}

// inspect asks about the account's token: with the app's own credential if app_id is
// known, else with the token itself. It reports whether Meta tells.
func (a *Adapter) inspect(ctx context.Context, op string, acct channel.Account) (meta.Token, bool, error) {
	token := acct.Secrets[AccessToken]
	by := appToken(acct)
	known := by != ""
	if !known {
		by = token
	}
	told, err := a.graph.Inspect(ctx, op, token, by)
	switch code := hub.CodeOf(err); {
	case err == nil:
		return told, true, nil
	case code.Retryable():
		return told, false, err
	case known:
		return told, false, hub.E(hub.AccountBroken, op, errors.New("app_id and app_secret do not belong together, or the app is not active"))
	case code == hub.TokenExpired:
		return told, false, hub.E(code, op, fmt.Errorf("the access token is refused by Meta: %w", errors.Unwrap(err)))
	}
	return told, false, nil
}

// appToken is the app's own credential; "" without an app_id.
func appToken(acct channel.Account) hub.Secret {
	app := acct.Secrets[AppID].Reveal()
	if !isID(app) {
		return ""
	}
	return meta.AppToken(app, acct.Secrets[AppSecret])
}

// hindrances are the states of a number in which nothing can be sent with it.
var hindrances = []string{"PENDING", "DELETED", "MIGRATED", "BANNED", "DISCONNECTED", "UNVERIFIED"}

// number asks about the phone number.
func (a *Adapter) number(ctx context.Context, op string, acct channel.Account, out *channel.Standing) error {
	body, err := a.graph.Ask(ctx, op, http.MethodGet, meta.Path(acct.External),
		url.Values{"fields": {"id,display_phone_number,verified_name,quality_rating,name_status,status,platform_type,account_mode"}}, acct.Secrets[AccessToken])
	if err != nil {
		return careful(op, err)
	}
	word := func(name string) string { return scan.Word(scan.Get(body, name)) }
	if out.External = word("id"); out.External != acct.External {
		return hub.E(hub.NotFound, op, errors.New("the answer is about another number than the external id names"))
	}
	display := scan.Text(scan.Get(body, "display_phone_number"))
	if display == "" {
		return hub.E(hub.NotFound, op, errors.New("the external id is something else's, but no phone number's: copy the phone number ID from WhatsApp Manager"))
	}
	if waid.IsPhone(waid.Digits(display)) {
		out.Fields = channel.Secrets{DisplayNumber: hub.Secret(display)}
	}
	if given := waid.Digits(acct.Secrets[DisplayNumber].Reveal()); given != "" && given != waid.Digits(display) {
		out.Advice = append(out.Advice, "The number is "+display+", but display_number names another: links would open a chat with that one.")
	}
	if out.Name = scan.Text(scan.Get(body, "verified_name")); out.Name == "" {
		out.Name = display
	} else {
		out.Name += " (" + display + ")"
	}
	status := word("status")
	for _, h := range hindrances {
		if status == h {
			return hub.E(hub.AccountBroken, op, fmt.Errorf("the number is not in use, its state at Meta is %s: put it right in WhatsApp Manager, Phone numbers", h))
		}
	}
	if platform := word("platform_type"); platform != "" && platform != "CLOUD_API" {
		return hub.E(hub.AccountBroken, op, errors.New("the number is not registered for the Cloud API: register it in WhatsApp Manager, Phone numbers"))
	}
	for _, x := range []struct{ name, value, advice string }{
		{"status", "FLAGGED", "Meta has flagged the number: its quality is low, and without improvement its limits fall."},
		{"status", "RESTRICTED", "Meta has restricted the number: it takes fewer business-started conversations, or none, for now."},
		{"status", "RATE_LIMITED", "The number has reached its limit of business-started conversations."},
		{"quality_rating", "RED", "The number's quality rating is RED: people block or report it."},
		{"quality_rating", "YELLOW", "The number's quality rating is YELLOW: some people block or report it."},
		{"name_status", "DECLINED", "Meta declined the display name: choose another in WhatsApp Manager."},
		{"name_status", "EXPIRED", "The display name's approval has expired: ask for it again in WhatsApp Manager."},
		{"account_mode", "SANDBOX", "This is a test number: it reaches only the people on its list in the app."},
	} {
		if word(x.name) == x.value {
			out.Advice = append(out.Advice, x.advice)
		}
	}
	return nil
}

// careful gives an error of the Graph API the codes and the words that an account's care
// knows.
func careful(op string, err error) error {
	f, told := meta.FailureIn(err)
	why := func(code hub.Code, words string) error {
		return hub.E(code, op, fmt.Errorf("%s (%w)", words, errors.Unwrap(err)))
	}
	switch code := hub.CodeOf(err); {
	case f.Number == 33 || f.Number == 100 && f.Subcode == 33:
		return why(hub.NotFound, "there is no such number or account, or it is not assigned to the token's system user")
	case code == hub.TokenExpired && told:
		return why(code, "the access token is refused by Meta")
	case code == hub.AccountBroken:
		return why(code, "it is not allowed by Meta: the token lacks a permission ("+strings.Join(permissions, ", ")+"), or the account is locked")
	case code == hub.TokenExpired, code == hub.Transient, code == hub.RateLimited:
		return err
	}
	return why(hub.BadRequest, "no such request is taken by Meta")
}

// isID reports whether it can be an id of the Graph API.
func isID(id string) bool {
	return id != "" && len(id) <= 32 && strings.Trim(id, "0123456789") == ""
}
