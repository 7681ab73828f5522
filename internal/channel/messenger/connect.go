package messenger

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// permissions are what the Page's token needs: to send, and to subscribe to webhooks.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/app-review
var permissions = []string{"pages_messaging", "pages_manage_metadata"}

// fields are the webhook fields that Parse reads.
// https://developers.facebook.com/docs/graph-api/webhooks/reference/page
var fields = []string{
	"messages", "messaging_postbacks", "message_deliveries", "message_echoes", "message_reads", "message_edits",
	"message_reactions", "messaging_referrals", "messaging_optins", "messaging_handovers",
	"messaging_policy_enforcement", "messaging_account_linking", "standby",
}

// Check asks whose the token is, when it ends, what it may do, and whether the app secret
// is that of the token's app.
// https://developers.facebook.com/docs/graph-api/reference/debug_token
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "messenger: check"
	if acct.External != "" && !isID(acct.External) {
		return channel.Standing{}, hub.E(hub.BadRequest, op, errors.New("the external id is no Page id: it has digits only"))
	}
	if app := acct.Secrets[AppID].Reveal(); app != "" && !isID(app) {
		return channel.Standing{}, hub.E(hub.BadRequest, op, errors.New("app_id is no app's id: it has digits only"))
	}
	token := acct.Secrets[AccessToken]
	me, err := a.graph.Ask(ctx, op, http.MethodGet, "/me", url.Values{"fields": {"id,name"}}, token)
	if err != nil {
		return channel.Standing{}, err
	}
	out := channel.Standing{External: scan.Word(scan.Get(me, "id")), Name: scan.Text(scan.Get(me, "name"))}
	if !isID(out.External) {
		return channel.Standing{}, hub.E(hub.Transient, op, errors.New("the answer names no Page"))
	}
	told, err := a.inspect(ctx, op, acct)
	switch {
	case err != nil:
		return channel.Standing{}, err
	case told == nil:
		out.Advice = append(out.Advice, "When the token ends, what it may do and whether the app secret is right could not be asked: enter app_id beside it.")
	default:
		if err := told.Vet(op, []string{"PAGE"}, acct.Secrets[AppID].Reveal(), permissions, out.External); err != nil {
			return channel.Standing{}, err
		}
		out.Expires = told.Expires
		if told.DataExpires != 0 {
			out.Advice = append(out.Advice, "Meta shows names and pictures to this token until "+told.DataExpires.Time().Format(time.DateOnly)+"; generate a new one before.")
		}
	}
	if acct.External != "" && acct.External != out.External {
		return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("the token is another Page's than the external id names"))
	}
	return out, nil
}

// inspect asks about the account's token with the credential of the app that app_id
// names, or else of the token's own app: so it is known whether app_secret is right, too.
// Nil without an error means that Meta does not tell.
func (a *Adapter) inspect(ctx context.Context, op string, acct channel.Account) (*meta.Token, error) {
	token, app := acct.Secrets[AccessToken], acct.Secrets[AppID].Reveal()
	named := app != ""
	if !named {
		body, err := a.graph.Ask(ctx, op, http.MethodGet, "/app", url.Values{"fields": {"id"}}, token)
		if hub.CodeOf(err).Retryable() {
			return nil, err
		}
		app = scan.Word(scan.Get(body, "id"))
	}
	by := meta.AppToken(app, acct.Secrets[AppSecret])
	if by == "" {
		by = token
	}
	told, err := a.graph.Inspect(ctx, op, token, by)
	f, _ := meta.FailureIn(err)
	switch {
	case err == nil:
		return &told, nil
	case hub.CodeOf(err).Retryable():
		return nil, err
	case by == token:
		return nil, nil
	case named && f.Number == 100:
		return nil, hub.E(hub.AccountBroken, op, errors.New("the token was made for another app than app_id names"))
	case named:
		return nil, hub.E(hub.AccountBroken, op, errors.New("app_id and app_secret do not belong together, or the app is not active"))
	}
	return nil, hub.E(hub.AccountBroken, op, errors.New("app_secret is not the secret of the app that the token was made for"))
}

// appToken is the app's own credential; "" without an app_id that can be one.
func appToken(acct channel.Account) hub.Secret {
	app := acct.Secrets[AppID].Reveal()
	if !isID(app) {
		return ""
	}
	return meta.AppToken(app, acct.Secrets[AppSecret])
}

// Register subscribes the app to the Page, and with an app_id also enters the webhook's
// URL at the app, unless it stands there with all the fields; it then is the URL of all
// the app's Pages. Fields that the app had beside ours stay.
// https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
func (a *Adapter) Register(ctx context.Context, acct channel.Account) error {
	const op = "messenger: register"
	if err := page(op, acct); err != nil {
		return err
	}
	if by := appToken(acct); by != "" && acct.Webhook != "" {
		app := acct.Secrets[AppID].Reveal()
		stands, err := a.graph.Webhook(ctx, op, app, by, object)
		if err != nil {
			return err
		}
		if stands.URL != acct.Webhook || !stands.Has(fields) {
			wanted := slices.Concat(fields, slices.DeleteFunc(stands.Fields, func(f string) bool { return slices.Contains(fields, f) }))
			if err := a.graph.SetWebhook(ctx, op, app, by, object, acct.Webhook, acct.Secrets[VerifyToken], wanted); err != nil {
				return err
			}
		}
	}
	return a.graph.Subscribe(ctx, op, acct.External, acct.Secrets[AccessToken], fields)
}

// Unregister ends the app's subscription to the Page. The app's webhook URL stays: it is
// that of its other Pages too.
func (a *Adapter) Unregister(ctx context.Context, acct channel.Account) error {
	const op = "messenger: unregister"
	if err := page(op, acct); err != nil {
		return err
	}
	return a.graph.Unsubscribe(ctx, op, acct.External, acct.Secrets[AccessToken])
}

// Registered tells whether the Page's webhooks with all the fields come to the app, and
// with an app_id also whether the app sends them to acct.Webhook.
func (a *Adapter) Registered(ctx context.Context, acct channel.Account) (bool, error) {
	const op = "messenger: registered"
	if err := page(op, acct); err != nil {
		return false, err
	}
	apps, err := a.graph.Subscriptions(ctx, op, acct.External, acct.Secrets[AccessToken])
	if err != nil {
		return false, err
	}
	by, app := appToken(acct), acct.Secrets[AppID].Reveal()
	subscribed := false
	for _, s := range apps {
		subscribed = subscribed || s.Has(fields) && (by == "" || s.App == app)
	}
	if !subscribed || by == "" || acct.Webhook == "" {
		return subscribed, nil
	}
	at, err := a.graph.Webhook(ctx, op, app, by, object)
	return err == nil && at.URL == acct.Webhook && at.Has(fields), err
}

// page refuses an account that names no Page.
func page(op string, acct channel.Account) error {
	if !isID(acct.External) {
		return hub.E(hub.BadRequest, op, errors.New("the external id is no Page id: it has digits only"))
	}
	return nil
}
