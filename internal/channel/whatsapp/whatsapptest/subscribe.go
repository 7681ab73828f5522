package whatsapptest

import (
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel/meta/metatest"
)

// maxAlternate is the longest URL that may take the place of the app's.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
const maxAlternate = 200

// route is where a number's webhooks of a field go; "" = nowhere. Only some fields follow
// the alternate URL of the WhatsApp Business Account.
func (n *number) route(field string) string {
	switch {
	case n.unsubscribed:
		return ""
	case field == "messages" && n.alternate != "":
		return n.alternate
	}
	return n.Webhook
}

// change changes the numbers of which a condition holds, and keeps it; p.Mu is held.
func (p *platform) change(of func(*number) bool, change func(*number)) {
	for _, n := range p.Accounts {
		if of(n) {
			change(n)
			p.Journal.Record("webhook", webhookEntry{n.ID, n.configured, n.Webhook, n.alternate, n.unsubscribed, n.app.fields})
		}
	}
}

// tellSubscribed lists the apps that get the webhooks of a WhatsApp Business Account.
// https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/subscribed_apps
func (p *platform) tellSubscribed(x *exchange, caller *number, id string) *refusal {
	if id != caller.waba {
		return x.Missing()
	}
	type about struct {
		Link string `json:"link"`
		Name string `json:"name"`
		ID   string `json:"id"`
	}
	type row struct {
		App      about  `json:"whatsapp_business_api_data"`
		Override string `json:"override_callback_uri,omitempty"`
	}
	list := []row{}
	p.Mu.Lock()
	if !caller.unsubscribed {
		list = append(list, row{about{"https://www.facebook.com/games/?app_id=" + caller.app.id, "Omnihub", caller.app.id}, caller.alternate})
	}
	p.Mu.Unlock()
	x.Answer(200, map[string]any{"data": list})
	return nil
}

// subscribe lets the webhooks of a WhatsApp Business Account come to the caller's app: at
// the app's own URL, or at another, which is asked for its challenge at once.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
func (p *platform) subscribe(x *exchange, caller *number, id string) *refusal {
	if id != caller.waba {
		return x.Missing()
	}
	given := x.parameters()
	at := given.Get("override_callback_uri")
	if at != "" {
		p.Mu.Lock()
		before := caller.unsubscribed
		p.Mu.Unlock()
		switch {
		case before:
			return metatest.Invalid("Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp Business Account")
		case len(at) > maxAlternate || !takes(at):
			return metatest.Invalid("Param override_callback_uri must be a valid URI")
		case given.Get("verify_token") == "":
			return required("verify_token")
		}
		if refused := p.confirm(x, at, given.Get("verify_token")); refused != nil {
			return refused
		}
	}
	p.Mu.Lock()
	p.change(func(n *number) bool { return n.waba == id }, func(n *number) { n.alternate, n.unsubscribed = at, false })
	p.Mu.Unlock()
	x.success()
	return nil
}

// unsubscribe ends it, with the alternate URL.
func (p *platform) unsubscribe(x *exchange, caller *number, id string) *refusal {
	if id != caller.waba {
		return x.Missing()
	}
	p.Mu.Lock()
	p.change(func(n *number) bool { return n.waba == id }, func(n *number) { n.alternate, n.unsubscribed = "", true })
	p.Mu.Unlock()
	x.success()
	return nil
}

// tellApp tells where an app's webhooks go.
// https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (p *platform) tellApp(x *exchange, caller *number, id string) *refusal {
	if id != caller.app.id {
		return x.Missing()
	}
	type field struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	type row struct {
		Object   string  `json:"object"`
		Callback string  `json:"callback_url"`
		Active   bool    `json:"active"`
		Fields   []field `json:"fields"`
	}
	list := []row{}
	p.Mu.Lock()
	if caller.Webhook != "" {
		r := row{objectName, caller.Webhook, true, []field{}}
		for _, name := range caller.app.fields {
			r.Fields = append(r.Fields, field{name, "v24.0"})
		}
		list = append(list, r)
	}
	p.Mu.Unlock()
	x.Answer(200, map[string]any{"data": list})
	return nil
}

// setApp enters the URL of an app's webhooks, which is asked for its challenge at once.
func (p *platform) setApp(x *exchange, caller *number, id string) *refusal {
	given := x.parameters()
	at, fields := given.Get("callback_url"), strings.Split(given.Get("fields"), ",")
	switch {
	case id != caller.app.id:
		return x.Missing()
	case given.Get("object") != objectName:
		return metatest.Invalid("Param object must be one of {%s}", objectName)
	case !takes(at):
		return metatest.Invalid("Param callback_url must be a valid URI")
	case slices.ContainsFunc(fields, func(f string) bool {
		return !slices.Contains(everything(), f) && f != "history" && f != "smb_message_echoes"
	}):
		return metatest.Invalid("Param fields holds a field that %s does not have", objectName)
	}
	if refused := p.confirm(x, at, given.Get("verify_token")); refused != nil {
		return refused
	}
	p.Mu.Lock()
	caller.app.fields = fields
	p.change(func(n *number) bool { return n.app == caller.app }, func(n *number) { n.Webhook = at })
	p.Mu.Unlock()
	x.success()
	return nil
}

// confirm asks a URL for the challenge.
func (p *platform) confirm(x *exchange, at, verify string) *refusal {
	h, err := metatest.NewHandshake(at, "", "", verify)
	if err != nil {
		return unconfirmed(0)
	}
	answer, err := h.Shake(x.R.Context(), p.Client, false)
	switch {
	case err != nil || answer.Status != 200:
		return unconfirmed(answer.Status)
	case answer.Body != h.Challenge:
		return &refusal{Status: 400, Code: 2200, Message: "(#2200) Callback verification failed with the following errors: Wrong challenge"}
	}
	return nil
}

// takes reports whether Meta takes a URL: https, but here also the machine itself.
func takes(at string) bool {
	u, err := url.Parse(at)
	if err != nil || u.Host == "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
}
