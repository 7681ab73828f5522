package viber

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// reads are the events that a webhook is registered for. Viber sends messages whatever
// is asked for. https://developers.viber.com/docs/api/rest-bot-api/#event-types-filtering
func reads() []string {
	return []string{onDelivered, onSeen, onFailed, onSubscribed, onUnsubscribed, onStarted}
}

// info is what Viber tells of a bot.
// https://developers.viber.com/docs/api/rest-bot-api/#get-account-info
type info struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Webhook string   `json:"webhook"` // "" or absent = none
	Events  []string `json:"event_types"`
}

func (a *Adapter) info(ctx context.Context, op string, acct channel.Account) (info, error) {
	var out info
	r, answer, err := a.ask(ctx, op, acct, "get_account_info", struct{}{}, &out)
	switch {
	case err != nil:
		return info{}, about(err)
	case *r.Status != 0:
		return info{}, unwell(op, answer, r)
	case out.ID == "":
		return info{}, failure(op, hub.Transient, "the answer does not name the bot", answer, r)
	}
	return out, nil
}

// Check asks whose the token is. That webhooks go elsewhere, or that some are missing,
// is advice.
func (a *Adapter) Check(ctx context.Context, acct channel.Account) (channel.Standing, error) {
	const op = "viber: check"
	if _, err := senderOf(acct.Secrets); err != nil {
		return channel.Standing{}, hub.E(hub.BadRequest, op, err)
	}
	got, err := a.info(ctx, op, acct)
	switch {
	case err != nil:
		return channel.Standing{}, err
	case acct.External != "" && acct.External != got.ID:
		return channel.Standing{}, hub.E(hub.NotFound, op, errors.New("the token is another bot's"))
	}
	return channel.Standing{External: got.ID, Name: got.Name, Advice: got.advice(acct.Webhook)}, nil
}

func (i info) advice(ours string) (out []string) {
	switch {
	case ours == "":
	case i.Webhook == "":
		out = append(out, "Viber sends this bot's events nowhere: actualize the connection.")
	case i.Webhook != ours:
		where := "another address"
		if u, err := url.Parse(i.Webhook); err == nil && u.Hostname() != "" {
			where = u.Hostname()
		}
		if u, err := url.Parse(ours); err == nil && u.Hostname() == where {
			where = "another address there"
		}
		out = append(out, "Viber sends this bot's events to "+where+": actualize the connection to have them here, where they will then end.")
	default:
		var lacking []string
		for _, event := range reads() {
			if !slices.Contains(i.Events, event) {
				lacking = append(lacking, event)
			}
		}
		if len(i.Events) > 0 && len(lacking) > 0 {
			out = append(out, "Viber does not send these events here: "+strings.Join(lacking, ", ")+". Actualize the connection to have them.")
		}
	}
	return out
}

// Register enters our webhook in place of any other. Viber calls it before it answers,
// and takes it only if that is answered with 200.
// https://developers.viber.com/docs/api/rest-bot-api/#setting-a-webhook
func (a *Adapter) Register(ctx context.Context, acct channel.Account) error {
	const op = "viber: register"
	if acct.Webhook == "" {
		return unknownWebhook(op)
	}
	return a.setWebhook(ctx, op, acct, struct {
		URL       string   `json:"url"`
		Events    []string `json:"event_types"`
		SendName  bool     `json:"send_name"`
		SendPhoto bool     `json:"send_photo"`
	}{acct.Webhook, reads(), true, true})
}

// Unregister leaves the bot without a webhook, if it is ours: Viber has one for each
// bot, and another's may have taken our place.
// https://developers.viber.com/docs/api/rest-bot-api/#removing-your-webhook
func (a *Adapter) Unregister(ctx context.Context, acct channel.Account) error {
	const op = "viber: unregister"
	if acct.Webhook == "" {
		return unknownWebhook(op)
	}
	got, err := a.info(ctx, op, acct)
	if err != nil || got.Webhook != acct.Webhook {
		return err
	}
	return a.setWebhook(ctx, op, acct, struct {
		URL string `json:"url"`
	}{})
}

func unknownWebhook(op string) error {
	return hub.E(hub.BadRequest, op, errors.New("the connection's webhook address is not known"))
}

func (a *Adapter) setWebhook(ctx context.Context, op string, acct channel.Account, body any) error {
	r, answer, err := a.ask(ctx, op, acct, "set_webhook", body, &struct{}{})
	switch {
	case err != nil:
		return about(err)
	case *r.Status == invalidURL:
		return failure(op, hub.Refused, "Viber does not take the webhook: "+unreached(r.Words), answer, r)
	case *r.Status != 0:
		return unwell(op, answer, r)
	}
	return nil
}

// unreached puts into our own words what Viber's say of a webhook that it tried out;
// they come from its HTTP client.
func unreached(words string) string {
	words = strings.ToLower(words)
	for _, known := range []struct{ sign, means string }{
		{"ssl", "it does not trust the certificate; it must be a certificate authority's, with the chain"},
		{"certificate", "it does not trust the certificate; it must be a certificate authority's, with the chain"},
		{"refused", "nothing listens at the address"},
		{"unknownhost", "it does not know the host"},
		{"timeout", "it was not answered in time"},
		{"timed out", "it was not answered in time"},
	} {
		if strings.Contains(words, known.sign) {
			return known.means
		}
	}
	return "it called the address and was not answered with 200"
}

// Registered tells whether Viber sends to our webhook. It has one for each bot, and the
// last one that was entered wins.
func (a *Adapter) Registered(ctx context.Context, acct channel.Account) (bool, error) {
	got, err := a.info(ctx, "viber: registered", acct)
	return err == nil && acct.Webhook != "" && got.Webhook == acct.Webhook, err
}

// unwell is an error of Viber's about the bot.
func unwell(op string, answer call.Answer, r reply) error {
	code, why := meaning(r)
	switch code {
	case hub.TokenExpired, hub.AccountBroken:
	case hub.RateLimited:
		e := failure(op, code, why, answer, r)
		e.RetryAfter = max(answer.RetryAfter(), firstWait)
		return e
	case hub.Permanent:
		if *r.Status == badData || *r.Status == missingData {
			return failure(op, hub.BadRequest, why, answer, r)
		}
		return failure(op, hub.AccountBroken, "Viber refuses", answer, r)
	default:
		code = hub.AccountBroken
	}
	return failure(op, code, why, answer, r)
}

// about gives an error of a call a code that a check knows.
func about(err error) error {
	var e *hub.Error
	if errors.As(err, &e) && e.Code == hub.Permanent {
		return hub.E(hub.AccountBroken, e.Op, e.Err)
	}
	return err
}
