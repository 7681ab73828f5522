package viber

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// Send sends to who subscribed or wrote. Viber has no key that makes a repeated send
// safe, and gives our reference back with the customer's next message only.
// https://developers.viber.com/docs/api/rest-bot-api/#send-message
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "viber: send"
	if m.To == "" {
		return channel.Sent{}, hub.E(hub.Unreachable, op, errors.New("nobody to send to"))
	}
	from, err := senderOf(acct.Secrets)
	if err != nil {
		return channel.Sent{}, hub.E(hub.AccountBroken, op, err)
	}
	body, err := bodyOf(m.Content, message{Receiver: m.To.Reveal(), Sender: from}, m.Ref)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Unsupported, op, err)
	}
	answer, err := a.post(ctx, op, acct, "send_message", json.RawMessage(body))
	if err != nil {
		return channel.Sent{}, err
	}
	return outcome(op, answer, m.Try)
}

// Answer makes the welcome for who opens a conversation: the one message that may go
// to somebody who has not subscribed or written, and it must be the webhook's own
// answer.
// https://developers.viber.com/docs/api/rest-bot-api/#sending-a-welcome-message
func (a *Adapter) Answer(creds channel.Credentials, s channel.Slice, content hub.Content) ([]byte, bool) {
	c, _, ok := callbackOf(s.Raw)
	if !ok || c.kind != onStarted || c.person() == "" {
		return nil, false
	}
	from, err := senderOf(creds.Secrets)
	if err != nil {
		return nil, false
	}
	body, err := bodyOf(content, message{Sender: from}, "")
	return body, err == nil
}

// post makes one call; the token stands in the header.
func (a *Adapter) post(ctx context.Context, op string, acct channel.Account, name string, body any) (call.Answer, error) {
	return a.client.Do(ctx, call.Request{
		Op:          op,
		Method:      http.MethodPost,
		Path:        "/pa/" + name,
		Bearer:      acct.Secrets[AuthToken],
		TokenHeader: "X-Viber-Auth-Token",
		Body:        body,
	})
}

// Preview is the body of a send without its receiver and sender.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	body, err := bodyOf(m, message{}, "")
	if err != nil {
		return nil, hub.E(hub.Unsupported, "viber: preview", err)
	}
	return body, nil
}
