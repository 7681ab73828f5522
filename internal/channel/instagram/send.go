package instagram

import (
	"context"
	"encoding/json"
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/hub"
)

// Send sends. Instagram has no place for our own name of a message: its echo bears the
// id that the answer told.
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/features/send-message
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "instagram: send"
	message, err := meta.MessageOf(m.Content, "", meta.OneRatio)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Unsupported, op, err)
	}
	kind, tag, err := meta.TypeOf(op, m)
	if err != nil {
		return channel.Sent{}, err
	}
	r, err := a.route(op, acct, hub.AccountBroken)
	if err != nil {
		return channel.Sent{}, err
	}
	if r.login {
		kind = "" // Meta's page knows the tag only
	}
	return a.post(ctx, op, r, m.To, meta.Send{Type: kind, Tag: tag, Message: message})
}

// Typing shows that an answer is being written, until it comes.
// https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/messaging-api/sender-actions
func (a *Adapter) Typing(ctx context.Context, acct channel.Account, user, _ string) error {
	return a.act(ctx, "instagram: typing", acct, user, meta.ActionTyping)
}

// MarkRead marks all that the customer has written as seen: Instagram knows no single
// message.
func (a *Adapter) MarkRead(ctx context.Context, acct channel.Account, user, _ string) error {
	return a.act(ctx, "instagram: read", acct, user, meta.ActionSeen)
}

func (a *Adapter) act(ctx context.Context, op string, acct channel.Account, user, action string) error {
	r, err := a.route(op, acct, hub.AccountBroken)
	if err == nil {
		_, err = a.post(ctx, op, r, hub.Personal(user), meta.Send{Action: action})
	}
	return err
}

// post makes the call once.
func (a *Adapter) post(ctx context.Context, op string, r route, to hub.Personal, body meta.Send) (channel.Sent, error) {
	if !isID(to.Reveal()) {
		return channel.Sent{}, hub.E(hub.Unreachable, op, errors.New("the recipient is no id of Instagram"))
	}
	body.Recipient = meta.Recipient{ID: to.Reveal()}
	return r.Send(ctx, op, meta.Path(r.node, "messages"), r.Token, body)
}

// Preview is Instagram's message object.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	return meta.PreviewOf("instagram: preview", m, meta.OneRatio)
}
