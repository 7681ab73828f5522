package vibertest

import (
	"fmt"
	"net/url"
	"slices"

	"omnihub/internal/channel/fake"
)

// The events of a webhook: those that always come, and those that may be left out.
// https://developers.viber.com/docs/api/rest-bot-api/#event-types-filtering
var (
	always   = []string{"message", "subscribed", "unsubscribed"}
	optional = []string{"delivered", "seen", "failed", "conversation_started"}
)

// setWebhook enters a webhook in place of any other, or takes it out. It is called at
// once, and entered only if it answers 200.
// https://developers.viber.com/docs/api/rest-bot-api/#setting-a-webhook
func (p *platform) setWebhook(x *exchange) {
	address, given := x.in.take("url")
	target := x.in.text("url", false, 2000)
	x.in.flag("send_name")
	x.in.flag("send_photo")
	events := x.in.events()
	x.in.only()
	switch {
	case x.in.fault != nil:
		x.refuse(x.in.fault)
		return
	case !given || string(address) == "null":
		x.refuse(refuse(missingData, "url is missing"))
		return
	case target == "":
		p.enter(x.bot, "", nil)
		x.answer(status{0, "ok"})
		return
	}
	if why := unusable(target); why != "" {
		x.refuse(refuse(invalidURL, "%s", why))
		return
	}
	p.Mu.Lock()
	hook := x.bot.signed(fake.JSON(event("webhook", newToken(), p.Now())))
	p.Mu.Unlock()
	hook.URL = target
	switch got, _ := p.Courier.Exchange(x.r.Context(), hook); got {
	case 200:
	case 0:
		x.refuse(refuse(invalidURL, "Result[HttpRequest[POST  HTTP/1.1] > HttpResponse[null 0 null]] java.net.ConnectException: Connection refused"))
		return
	default:
		x.refuse(refuse(invalidURL, "Result[HttpRequest[POST  HTTP/1.1] > HttpResponse[HTTP/1.1 %d]]", got))
		return
	}
	p.enter(x.bot, target, events)
	if events == nil {
		events = optional
	}
	token := newToken()
	x.answer(struct {
		status
		Host   string   `json:"chat_hostname"`
		Events []string `json:"event_types"`
	}{status{0, "ok"}, host(token), append(slices.Clone(always), events...)})
}

// enter makes an address the bot's webhook.
func (p *platform) enter(b *bot, target string, events []string) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	b.Webhook, b.events = target, events
}

// unusable tells why Viber does not call an address at all. It takes https only; here
// the machine itself may be reached by http.
func unusable(target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "":
		return "invalidUrl"
	case u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost"):
		return ""
	}
	return fmt.Sprintf("invalidUrl: webhook is not secure (%s)", u.Scheme)
}

// events reads event_types: those that may be left out, of the ones that are asked for;
// nil = all.
func (o *object) events() []string {
	raw, ok := o.take("event_types")
	if !ok {
		return nil
	}
	var names []string
	if fake.Strict(raw, &names) != nil {
		o.refuse(badData, "event_types is no array of strings")
	}
	out := []string{}
	for _, name := range names {
		switch {
		case slices.Contains(optional, name):
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		case !slices.Contains(always, name):
			o.refuse(badData, "event_types: %q is unknown", name)
		}
	}
	return out
}
