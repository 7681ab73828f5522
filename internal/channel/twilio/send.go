package twilio

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// refParameter is the parameter of a callback's URL that holds Outgoing.Ref.
const refParameter = "ref"

// overrides ask Twilio to try a callback again that failed in any way; without them it
// does so only if it could not connect. They are no part of the URL that it calls.
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
const overrides = "rc=5&rp=all"

// Send sends. What becomes of it, most refusals too, comes as status callbacks.
// https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "twilio: send"
	l, err := lineOf(op, acct, m.To)
	if err != nil {
		return channel.Sent{}, err
	}
	fields, err := l.fields(op, acct, m)
	if err != nil {
		return channel.Sent{}, err
	}
	answer, err := a.api.Do(ctx, call.Request{
		Op: op, Method: http.MethodPost, Path: l.path("/Messages.json"), Basic: l.basic, Form: fields,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	if err := outcome(op, answer); err != nil {
		return channel.Sent{}, err
	}
	return accepted(answer.Body), nil
}

// line is the line between a number of ours and a customer.
type line struct {
	basic    *call.Basic
	sid      string // of the Twilio account
	from, to string // addresses
}

func lineOf(op string, acct channel.Account, to hub.Personal) (line, error) {
	l := line{sid: acct.Secrets[AccountSID].Reveal(), to: addressOf(waid.Named(to.Reveal()))}
	l.basic = &call.Basic{User: l.sid, Password: acct.Secrets[AuthToken]}
	digits, plus := strings.CutPrefix(acct.External, "+")
	switch {
	case acct.Secrets[AuthToken] == "":
		return l, hub.E(hub.TokenExpired, op, errors.New("no auth token"))
	case !isSID(l.sid, "AC"):
		return l, hub.E(hub.AccountBroken, op, errors.New("account_sid is no Account SID"))
	case !plus || !waid.IsPhone(digits):
		return l, hub.E(hub.AccountBroken, op, errors.New("the external id is no phone number with its +"))
	case l.to == "":
		return l, hub.E(hub.Unreachable, op, errors.New("the recipient is no id of WhatsApp"))
	}
	l.from = scheme + acct.External
	return l, nil
}

// path is a resource's of the account.
func (l line) path(resource string) string {
	return "/2010-04-01/Accounts/" + l.sid + resource
}

// fields are the parameters of a send.
func (l line) fields(op string, acct channel.Account, m channel.Outgoing) (url.Values, error) {
	out := url.Values{"From": {l.from}, "To": {l.to}}
	if service := acct.Secrets[MessagingServiceSID].Reveal(); service != "" {
		if !isSID(service, "MG") {
			return nil, hub.E(hub.AccountBroken, op, errors.New("messaging_service_sid is no SID of a Messaging Service"))
		}
		out.Set("MessagingServiceSid", service)
	}
	if acct.Webhook != "" {
		callback, err := callbackOf(acct.Webhook, m.Ref)
		if err != nil {
			return nil, hub.E(hub.AccountBroken, op, err)
		}
		out.Set("StatusCallback", callback)
	}
	if err := fill(out, m.Content); err != nil {
		return nil, hub.E(hub.Unsupported, op, err)
	}
	if bearsFile(m.Content, out) && isOff(acct.Secrets[AttachmentsOut]) {
		return nil, hub.E(hub.Unsupported, op, errors.New("attachments to customers are switched off for this number (attachments_out)"))
	}
	return out, nil
}

// callbackOf is where Twilio tells what becomes of a message: the account's webhook,
// with our name of the message.
func callbackOf(webhook, ref string) (string, error) {
	u, err := url.Parse(webhook)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", errors.New("the webhook is no address of the web")
	case strings.Contains(u.Host, "_"):
		return "", errors.New("the webhook's host has an underscore, and Twilio sends no callbacks to such a host")
	}
	if ref == "" {
		return webhook + "#" + overrides, nil
	}
	return webhook + "?" + refParameter + "=" + url.QueryEscape(ref) + "#" + overrides, nil
}
