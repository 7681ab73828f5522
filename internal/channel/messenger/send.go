package messenger

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Send sends. Its Ref goes along as metadata and comes back in the message's echo.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages
func (a *Adapter) Send(ctx context.Context, acct channel.Account, m channel.Outgoing) (channel.Sent, error) {
	const op = "messenger: send"
	kind, tag, err := meta.TypeOf(op, m)
	if err != nil {
		return channel.Sent{}, err
	}
	message, err := meta.MessageOf(m.Content, m.Ref, meta.TwoRatios)
	if err != nil {
		return channel.Sent{}, hub.E(hub.Unsupported, op, err)
	}
	body := meta.Send{Type: kind, Tag: tag, Message: message}
	if m.Content.ReplyTo != "" {
		body.ReplyTo = &meta.Quoted{ID: m.Content.ReplyTo}
	}
	return a.post(ctx, op, acct, m.To.Reveal(), body)
}

// Typing shows that an answer is being written, until it comes and for 20 seconds at
// most.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/sender-actions
func (a *Adapter) Typing(ctx context.Context, acct channel.Account, user, _ string) error {
	_, err := a.post(ctx, "messenger: typing", acct, user, meta.Send{Action: meta.ActionTyping})
	return err
}

// MarkRead marks all that the customer wrote as read.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/send-messages/sender-actions
func (a *Adapter) MarkRead(ctx context.Context, acct channel.Account, user, _ string) error {
	_, err := a.post(ctx, "messenger: read", acct, user, meta.Send{Action: meta.ActionSeen})
	return err
}

// post makes the call once.
func (a *Adapter) post(ctx context.Context, op string, acct channel.Account, to string, body meta.Send) (channel.Sent, error) {
	if !isID(acct.External) {
		return channel.Sent{}, hub.E(hub.AccountBroken, op, errors.New("the external id is no Page id"))
	}
	if body.Recipient = meta.RecipientOf(to); body.Recipient.UserRef == "" && !isID(to) {
		return channel.Sent{}, hub.E(hub.Unreachable, op, errors.New("the recipient is no id of Messenger"))
	}
	return a.graph.Send(ctx, op, meta.Path(acct.External, "messages"), acct.Secrets[AccessToken], body)
}

// isID reports whether an id has the form of a Page's and a person's: digits.
func isID(id string) bool {
	return id != "" && len(id) <= 32 && strings.Trim(id, "0123456789") == ""
}

// Profile asks for the person's name and picture. Meta shows them to apps with the
// feature Business Asset User Profile Access.
// https://developers.facebook.com/docs/messenger-platform/identity/user-profile
func (a *Adapter) Profile(ctx context.Context, acct channel.Account, user string) (channel.Profile, error) {
	const op = "messenger: profile"
	if !isID(user) {
		return channel.Profile{}, hub.E(hub.Unreachable, op, errors.New("no page-scoped id"))
	}
	body, err := a.graph.Ask(ctx, op, http.MethodGet, meta.Path(user), url.Values{"fields": {"first_name,last_name,profile_pic"}}, acct.Secrets[AccessToken])
	if err != nil {
		return channel.Profile{}, profileError(op, err)
	}
	first, last := scan.Text(scan.Get(body, "first_name")), scan.Text(scan.Get(body, "last_name"))
	p := channel.Profile{Name: hub.Personal(strings.TrimSpace(first + " " + last))}
	if picture := scan.Text(scan.Get(body, "profile_pic")); strings.HasPrefix(picture, "https://") {
		p.Picture = hub.Personal(picture)
	}
	return p, nil
}

// profileError sees a refusal as one about the person: error 100 is that there is no
// such profile, or none for this app, and a missing permission is nothing that hinders
// messages.
func profileError(op string, err error) error {
	f, told := meta.FailureIn(err)
	switch code := hub.CodeOf(err); {
	case told && f.Number == 100 && code != hub.Transient:
		return hub.E(hub.Unreachable, op, errors.Unwrap(err))
	case code == hub.AccountBroken:
		return hub.E(hub.Permanent, op, errors.Unwrap(err))
	}
	return err
}

// Preview is Messenger's message object.
func (a *Adapter) Preview(m hub.Content) (json.RawMessage, error) {
	return meta.PreviewOf("messenger: preview", m, meta.TwoRatios)
}
