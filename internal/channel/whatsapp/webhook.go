package whatsapp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// business is Meta's name of what webhooks of WhatsApp are about.
const business = "whatsapp_business_account"

// fields are the webhook fields that Parse reads.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
var fields = []string{
	"messages", "message_template_status_update", "message_template_quality_update", "template_category_update",
	"phone_number_quality_update", "phone_number_name_update", "account_update", "account_alerts", "account_review_update",
	"business_capability_update",
}

// Register lets the webhooks of the number's WhatsApp Business Account come. With an
// app_id it enters the URL at the app, which is that of all the app's accounts; fields
// that the app had beside ours stay. Without one it enters the URL for this account
// alone: messages and statuses then come, but notices go where the app's own URL leads.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
func (a *Adapter) Register(ctx context.Context, acct channel.Account) error {
	const op = "whatsapp: register"
	if err := placed(op, acct); err != nil {
		return err
	}
	if acct.Webhook == "" || acct.Secrets[VerifyToken] == "" {
		return hub.E(hub.BadRequest, op, errors.New("the webhook's URL or its verify token is not known"))
	}
	if by := appToken(acct); by != "" {
		app := acct.Secrets[AppID].Reveal()
		stands, err := a.graph.Webhook(ctx, op, app, by, business)
		if err != nil {
			return appFailure(op, err)
		}
		if stands.URL != acct.Webhook || !stands.Has(fields) {
			wanted := slices.Concat(fields, slices.DeleteFunc(stands.Fields, func(f string) bool { return slices.Contains(fields, f) }))
			if err := a.graph.SetWebhook(ctx, op, app, by, business, acct.Webhook, acct.Secrets[VerifyToken], wanted); err != nil {
				return appFailure(op, err)
			}
		}
		return a.subscribe(ctx, op, acct, nil)
	}
	if err := a.subscribe(ctx, op, acct, nil); err != nil { // Meta wants it before the other
		return err
	}
	return a.subscribe(ctx, op, acct, &alternate{acct.Webhook, acct.Secrets[VerifyToken].Reveal()})
}

// alternate is a URL for the webhooks of one WhatsApp Business Account.
type alternate struct {
	URL    string `json:"override_callback_uri"`
	Verify string `json:"verify_token"`
}

// subscribe lets the account's webhooks come to the token's app, at its own URL or at an
// alternate one.
func (a *Adapter) subscribe(ctx context.Context, op string, acct channel.Account, at *alternate) error {
	r := call.Request{Op: op, Method: http.MethodPost, Path: "/" + version + subscriptions(acct), Bearer: acct.Secrets[AccessToken]}
	if at != nil {
		r.Body = at
	}
	answer, err := a.client.Do(ctx, r)
	if err == nil {
		_, err = outcome(op, answer, 0)
	}
	f, _ := meta.FailureOf(answer.Body)
	var e *hub.Error
	switch {
	case errors.As(err, &e) && f.Number == 2200:
		return hub.E(hub.Refused, op, errors.New("the webhook's URL was not confirmed: it must be reachable, and its connection saved with this verify token"))
	case errors.As(err, &e) && f.Number == 100 && f.Subcode == 33:
		return hub.E(hub.NotFound, op, errors.New("there is no WhatsApp Business Account of this waba_id, or it is not assigned to the token's system user"))
	case e != nil && e.Code == hub.Unclear: // it may be done again
		return hub.E(hub.Transient, op, e.Err)
	case err != nil:
		return careful(op, err)
	case string(scan.Get(answer.Body, "success")) != "true":
		return hub.E(hub.Transient, op, errors.New("the answer says that it was not done"))
	}
	return nil
}

// Unregister ends the app's subscription to the number's WhatsApp Business Account. It
// is refused if that has further numbers: their webhooks come by the same subscription.
// The app's URL stays.
func (a *Adapter) Unregister(ctx context.Context, acct channel.Account) error {
	const op = "whatsapp: unregister"
	if err := placed(op, acct); err != nil {
		return err
	}
	numbers, err := a.graph.Ask(ctx, op, http.MethodGet, meta.Path(acct.Secrets[WABAID].Reveal(), "phone_numbers")+"?fields=id", nil, acct.Secrets[AccessToken])
	if err != nil {
		return careful(op, err)
	}
	for number := range scan.Each(scan.Get(numbers, "data")) {
		if scan.Word(scan.Get(number, "id")) != acct.External {
			return hub.E(hub.Refused, op, errors.New("the WhatsApp Business Account has other numbers, whose webhooks come by the same subscription: it stays"))
		}
	}
	body, err := a.graph.Ask(ctx, op, http.MethodDelete, subscriptions(acct), nil, acct.Secrets[AccessToken])
	switch {
	case err != nil:
		return careful(op, err)
	case string(scan.Get(body, "success")) != "true":
		return hub.E(hub.Transient, op, errors.New("the answer says that it was not done"))
	}
	return nil
}

// Registered tells whether the app is subscribed to the number's WhatsApp Business
// Account, and whether the webhooks go to acct.Webhook: to the account's alternate URL,
// or else to the app's own. Without an app_id that one is not known, and is taken for
// ours, as it is entered by hand; without a waba_id nothing is known, and the answer is
// no.
func (a *Adapter) Registered(ctx context.Context, acct channel.Account) (bool, error) {
	const op = "whatsapp: registered"
	if acct.Secrets[AccessToken] == "" {
		return false, hub.E(hub.TokenExpired, op, errors.New("no access token"))
	}
	if placed(op, acct) != nil {
		return false, nil
	}
	body, err := a.graph.Ask(ctx, op, http.MethodGet, subscriptions(acct), nil, acct.Secrets[AccessToken])
	if err != nil {
		return false, careful(op, err)
	}
	app, subscribed := acct.Secrets[AppID].Reveal(), false
	for row := range scan.Each(scan.Get(body, "data")) {
		if at := scan.Text(scan.Get(row, "override_callback_uri")); at != "" {
			if at == acct.Webhook {
				return true, nil
			}
			continue
		}
		id := scan.Word(scan.Get(scan.Get(row, "whatsapp_business_api_data"), "id"))
		subscribed = subscribed || app == "" || id == app
	}
	by := appToken(acct)
	if !subscribed || by == "" {
		return subscribed, nil
	}
	at, err := a.graph.Webhook(ctx, op, app, by, business)
	if err != nil {
		return false, appFailure(op, err)
	}
	return at.URL == acct.Webhook && at.URL != "" && at.Has(fields[:1]), nil
}

// subscriptions is the path of the apps that get the account's webhooks.
func subscriptions(acct channel.Account) string {
	return meta.Path(acct.Secrets[WABAID].Reveal(), "subscribed_apps")
}

// placed refuses an account of which it is not known where it belongs at Meta.
func placed(op string, acct channel.Account) error {
	if !isID(acct.Secrets[WABAID].Reveal()) {
		return hub.E(hub.BadRequest, op, errors.New("waba_id, the id of the WhatsApp Business Account, is missing or no number: "+
			"without it the app must be subscribed by hand"))
	}
	return nil
}

// appFailure is the failure of a call with the app's own credential.
func appFailure(op string, err error) error {
	if code := hub.CodeOf(err); code.Retryable() || code == hub.Refused {
		return err
	}
	return hub.E(hub.AccountBroken, op, errors.New("app_id and app_secret do not belong together, or the app is not active"))
}
