package meta

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel/call"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Subscribe lets the app of the token get the account's webhooks, with the fields and no
// others. The account is the id in the path ("me" for Instagram Login). Errors as of Ask.
// https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
func (g *Graph) Subscribe(ctx context.Context, op, account string, token hub.Secret, fields []string) error {
	body, err := g.Ask(ctx, op, http.MethodPost, Path(account, "subscribed_apps"),
		url.Values{"subscribed_fields": {strings.Join(fields, ",")}}, token)
	return succeeded(op, body, err)
}

// Unsubscribe ends it. It may be repeated.
func (g *Graph) Unsubscribe(ctx context.Context, op, account string, token hub.Secret) error {
	body, err := g.Ask(ctx, op, http.MethodDelete, Path(account, "subscribed_apps"), nil, token)
	return succeeded(op, body, err)
}

// Subscription is an app that gets an account's webhooks.
type Subscription struct {
	App    string // its id
	Fields []string
}

// Subscriptions lists the apps that get the account's webhooks, as far as Meta shows them
// to the token. Errors as of Ask.
func (g *Graph) Subscriptions(ctx context.Context, op, account string, token hub.Secret) ([]Subscription, error) {
	body, err := g.Ask(ctx, op, http.MethodGet, Path(account, "subscribed_apps"), nil, token)
	if err != nil {
		return nil, err
	}
	var out []Subscription
	for app := range scan.Each(scan.Get(body, "data")) {
		out = append(out, Subscription{App: scan.Name(scan.Get(app, "id")), Fields: namesOf(scan.Get(app, "subscribed_fields"))})
	}
	return out, nil
}

// Has reports whether all of the fields come.
func (s Subscription) Has(fields []string) bool {
	return !slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(s.Fields, f) })
}

// SetWebhook enters the URL to which an app's webhooks of an object ("page",
// "instagram") go, with the app's own credential; what was entered before is replaced.
// Meta asks the URL for the verify token at once. Errors as of Ask, and Refused if the
// URL did not answer as it must.
// https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (g *Graph) SetWebhook(ctx context.Context, op, app string, by hub.Secret, object, webhook string, verify hub.Secret, fields []string) error {
	body, err := g.ask(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: Path(app, "subscriptions"), Bearer: by, Form: url.Values{
			"object": {object}, "callback_url": {webhook}, "verify_token": {verify.Reveal()},
			"fields": {strings.Join(fields, ",")}, "include_values": {"true"},
		},
	})
	if f, ok := FailureIn(err); ok && f.Number == 2200 {
		return hub.E(hub.Refused, op, errors.New("the webhook's URL was not confirmed: it must be reachable, and its connection saved with this verify token"))
	}
	return succeeded(op, body, err)
}

// Webhook is where an app's webhooks of one object go.
type Webhook struct {
	URL string // "" = none is entered
	Subscription
}

// Webhook tells where an app's webhooks of an object go, with the app's own credential.
// Errors as of Ask.
func (g *Graph) Webhook(ctx context.Context, op, app string, by hub.Secret, object string) (Webhook, error) {
	body, err := g.Ask(ctx, op, http.MethodGet, Path(app, "subscriptions"), nil, by)
	if err != nil {
		return Webhook{}, err
	}
	for s := range scan.Each(scan.Get(body, "data")) {
		if scan.Is(scan.Get(s, "object"), object) && string(scan.Get(s, "active")) != "false" {
			return Webhook{scan.Text(scan.Get(s, "callback_url")), Subscription{app, namesOf(scan.Get(s, "fields"))}}, nil
		}
	}
	return Webhook{}, nil
}

// namesOf are the names of fields: texts, or objects with a name and a version.
func namesOf(list []byte) (out []string) {
	for field := range scan.Each(list) {
		name := scan.Name(field)
		if name == "" {
			name = scan.Name(scan.Get(field, "name"))
		}
		out = append(out, name)
	}
	return out
}

// succeeded reads the answer of calls that tell no more than that.
func succeeded(op string, body []byte, err error) error {
	if err == nil && !isTrue(scan.Get(body, "success")) {
		return hub.E(hub.Transient, op, errors.New("the answer says that it was not done"))
	}
	return err
}
