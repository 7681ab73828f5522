package messengertest

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// subscribed is the app's subscription to the Page of its token.
// https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
func (p *platform) subscribed(x *exchange) *refusal {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := x.page
	if !g.token.has("pages_manage_metadata") {
		return lacking("pages_manage_metadata")
	}
	switch x.r.Method {
	case http.MethodGet:
		data := []any{}
		if len(g.Fields) > 0 {
			data = append(data, map[string]any{"link": "https://hub.example/", "name": "Omnihub", "id": g.app.ID, "subscribed_fields": g.Fields})
		}
		x.answer(http.StatusOK, map[string]any{"data": data})
		return nil
	case http.MethodDelete:
		g.Fields = nil
	case http.MethodPost:
		fields, refused := fieldsOf(x.r.URL.Query().Get("subscribed_fields"))
		if refused != nil {
			return refused
		}
		g.Fields = fields
	default:
		return missing(x.r.Method)
	}
	p.journal.Record("subscribed", subscribedEntry{g.ID, g.Fields})
	x.answer(http.StatusOK, map[string]bool{"success": true})
	return nil
}

// fieldsOf reads a list of webhook fields.
func fieldsOf(list string) ([]string, *refusal) {
	var out []string
	for _, name := range strings.Split(list, ",") {
		if !slices.Contains(append(allFields(), "feed", "ratings", "mention", "leadgen"), name) {
			return nil, invalid("Param subscribed_fields must be one of {%s} - got %q", strings.Join(allFields(), ", "), name)
		}
		out = append(out, name)
	}
	return out, nil
}

// subscriptions is the app's webhook.
// https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (p *platform) subscriptions(x *exchange) *refusal {
	switch x.r.Method {
	case http.MethodGet:
		p.mu.Lock()
		defer p.mu.Unlock()
		data, stands := []any{}, ""
		for _, g := range p.pages {
			if g.app == x.app && stands == "" {
				stands = g.url()
			}
		}
		if stands != "" && len(x.app.Fields) > 0 {
			fields := []any{}
			for _, name := range x.app.Fields {
				fields = append(fields, map[string]string{"name": name, "version": "v25.0"})
			}
			data = append(data, map[string]any{"object": "page", "callback_url": stands, "active": true, "fields": fields})
		}
		x.answer(http.StatusOK, map[string]any{"data": data})
		return nil
	case http.MethodPost:
		return p.enter(x)
	}
	return missing(x.r.Method)
}

// enter makes an URL the app's webhook, if it answers as it must.
func (p *platform) enter(x *exchange) *refusal {
	form, err := url.ParseQuery(string(x.body))
	if err != nil {
		return invalid("Invalid parameter")
	}
	value := func(name string) string {
		if v := form.Get(name); v != "" {
			return v
		}
		return x.r.URL.Query().Get(name)
	}
	for _, name := range []string{"object", "callback_url", "verify_token", "fields"} {
		if value(name) == "" {
			return invalid("The parameter %s is required.", name)
		}
	}
	if value("object") != "page" {
		return invalid("Param object must be one of {page}")
	}
	fields, refused := fieldsOf(value("fields"))
	if refused != nil {
		return refused
	}
	if !p.confirmed(x.r.Context(), value("callback_url"), value("verify_token")) {
		return &refusal{status: 400, code: 2200, message: "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403; HTTP Message = Forbidden"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	x.app.Webhook, x.app.Fields = value("callback_url"), fields
	p.journal.Record("app", *x.app)
	x.answer(http.StatusOK, map[string]bool{"success": true})
	return nil
}

// confirmed asks a webhook for the challenge.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started#verification-requests
func (p *platform) confirmed(ctx context.Context, address, verify string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	challenge := digits(10, string(random(8)))
	query := u.Query()
	query.Set("hub.mode", "subscribe")
	query.Set("hub.challenge", challenge)
	query.Set("hub.verify_token", verify)
	u.RawQuery = query.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	return resp.StatusCode == http.StatusOK && subtle.ConstantTimeCompare(answer, []byte(challenge)) == 1
}
