package whatsapp

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/call"
	"omnihub/internal/hub"
)

// product is what every body names.
const product = "whatsapp"

// Send sends. A template that WhatsApp holds back to watch its quality counts as
// accepted; what becomes of it comes as a status.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "whatsapp: send"
	body, err := bodyOf(op, m)
	if err != nil {
		return channel.Sent{}, err
	}
	return a.post(ctx, op, acct, body, m.Try)
}

// Typing marks the customer's message as read and shows that an answer is being
// written, until it comes and for 25 seconds at most.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators
func (a *Adapter) Typing(ctx context.Context, acct channel.Account, _, message string) error {
	return a.seen(ctx, "whatsapp: typing", acct, receipt{MessageID: message, Typing: &typing{"text"}})
}

// MarkRead marks a message of the customer's and those before it as read.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/mark-message-as-read
func (a *Adapter) MarkRead(ctx context.Context, acct channel.Account, _, message string) error {
	return a.seen(ctx, "whatsapp: read", acct, receipt{MessageID: message})
}

func (a *Adapter) seen(ctx context.Context, op string, acct channel.Account, body receipt) error {
	if body.MessageID == "" {
		return hub.E(hub.Unsupported, op, errors.New("no message to show it at"))
	}
	body.Product, body.Status = product, "read"
	_, err := a.post(ctx, op, acct, body, 0)
	return err
}

// post makes the call once.
func (a *Adapter) post(ctx context.Context, op string, acct channel.Account, body any, try int) (channel.Sent, error) {
	if acct.External == "" || strings.Trim(acct.External, "0123456789") != "" {
		return channel.Sent{}, hub.E(hub.AccountBroken, op, errors.New("the external id is no phone_number_id"))
	}
	answer, err := a.client.Do(ctx, call.Request{
		Op:     op,
		Method: http.MethodPost,
		Path:   "/" + version + "/" + acct.External + "/messages",
		Bearer: acct.Secrets[AccessToken],
		Body:   body,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	return outcome(op, answer, try)
}
