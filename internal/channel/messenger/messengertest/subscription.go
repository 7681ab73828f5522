package messengertest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel/meta/metatest"
)

// subscribed is the app's subscription to the Page of its token.
// https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps
func (p *platform) subscribed(x *exchange) *refusal {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	g := x.page
	if !g.token.has("pages_manage_metadata") {
		return lacking("pages_manage_metadata")
	}
	switch x.R.Method {
	case http.MethodGet:
		data := []any{}
		if len(g.Fields) > 0 {
			data = append(data, map[string]any{"link": "https://hub.example/", "name": "Omnihub", "id": g.app.ID, "subscribed_fields": g.Fields})
		}
		x.Answer(http.StatusOK, map[string]any{"data": data})
		return nil
	case http.MethodDelete:
		g.Fields = nil
	case http.MethodPost:
		fields, refused := fieldsOf(x.R.URL.Query().Get("subscribed_fields"))
		if refused != nil {
			return refused
		}
		g.Fields = fields
	default:
		return x.Missing()
	}
	p.Journal.Record("subscribed", subscribedEntry{g.ID, g.Fields})
	x.Answer(http.StatusOK, map[string]bool{"success": true})
	return nil
}

// fieldsOf reads a list of webhook fields.
func fieldsOf(list string) ([]string, *refusal) {
	var out []string
	for _, name := range strings.Split(list, ",") {
		if !slices.Contains(append(allFields(), "feed", "ratings", "mention", "leadgen"), name) {
			return nil, metatest.Invalid("Param subscribed_fields must be one of {%s} - got %q", strings.Join(allFields(), ", "), name)
		}
		out = append(out, name)
	}
	return out, nil
}

// subscriptions is the app's webhook.
// https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (p *platform) subscriptions(x *exchange) *refusal {
	switch x.R.Method {
	case http.MethodGet:
		p.Mu.Lock()
		defer p.Mu.Unlock()
		data, stands := []any{}, ""
		for _, g := range p.Accounts {
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
		x.Answer(http.StatusOK, map[string]any{"data": data})
		return nil
	case http.MethodPost:
		return p.enter(x)
	}
	return x.Missing()
}

// enter makes an URL the app's webhook, if it answers as it must.
func (p *platform) enter(x *exchange) *refusal {
	form, err := url.ParseQuery(string(x.Body))
	if err != nil {
		return metatest.Invalid("Invalid parameter")
	}
	value := func(name string) string {
		if v := form.Get(name); v != "" {
			return v
		}
		return x.R.URL.Query().Get(name)
	}
	for _, name := range []string{"object", "callback_url", "verify_token", "fields"} {
		if value(name) == "" {
			return metatest.Invalid("The parameter %s is required.", name)
		}
	}
	if value("object") != "page" {
		return metatest.Invalid("Param object must be one of {page}")
	}
	fields, refused := fieldsOf(value("fields"))
	if refused != nil {
		return refused
	}
	if !p.confirmed(x.R.Context(), value("callback_url"), value("verify_token")) {
		return &refusal{Status: 400, Code: 2200, Message: "(#2200) Callback verification failed with the following errors: HTTP Status Code = 403; HTTP Message = Forbidden"}
	}
	p.Mu.Lock()
	defer p.Mu.Unlock()
	x.app.Webhook, x.app.Fields = value("callback_url"), fields
	p.Journal.Record("app", *x.app)
	x.Answer(http.StatusOK, map[string]bool{"success": true})
	return nil
}

// confirmed asks a webhook for the challenge.
func (p *platform) confirmed(ctx context.Context, address, verify string) bool {
	h, err := metatest.NewHandshake(address, "", "", verify)
	if err != nil {
		return false
	}
	answer, err := h.Shake(ctx, p.Client, false)
	return err == nil && answer.Status == http.StatusOK && answer.Body == h.Challenge
}
