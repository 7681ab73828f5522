package viber

import (
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Parse reads one event of Split. A documented event that names nobody, or no message,
// is kept as another.
func (a *Adapter) Parse(_, raw []byte) (channel.Event, error) {
	c, _, ok := callbackOf(raw)
	if !ok {
		return channel.Event{}, hub.E(hub.Unparsable, "viber: parse", errors.New("not an event"))
	}
	out := channel.Event{
		Kind: channel.EventOther,
		Type: c.kind,
		ID:   c.id(),
		At:   timeOf(c.at),
		User: c.person(),
	}
	if out.User == "" {
		return out, nil
	}
	out.UserKind = hub.Person
	token := c.messageToken()
	switch c.kind {
	case onMessage:
		out.Profile = profileOf(c.sender)
		if token != "" {
			out.Kind, out.Message = channel.EventMessage, messageOf(c.message)
			out.Message.ID = token
		}
	case onSubscribed, onUnsubscribed:
		out.Kind, out.Subscribed = channel.EventSubscription, c.kind == onSubscribed
		out.Profile = profileOf(c.user)
	case onStarted:
		// The customer came to the chat and may write; the account may not yet.
		out.Kind, out.Profile = channel.EventEntry, profileOf(c.user)
		out.Entry = channel.Entry{Source: scan.Text(c.opened), Ref: scan.Text(c.context)}
		if out.Entry.Source == "" {
			out.Entry.Source = "open"
		}
	case onDelivered, onSeen, onFailed:
		if token != "" {
			out.Kind, out.Receipt = channel.EventReceipt, receiptOf(c.kind, token)
		}
	}
	return out, nil
}

// receiptOf tells of a message by its token. That a message has "failed" the customer's
// client has refused to show it; why stands in words only.
// https://developers.viber.com/docs/api/rest-bot-api/#failed-callback
func receiptOf(kind, token string) channel.Receipt {
	switch kind {
	case onDelivered:
		return channel.Receipt{Target: token, State: hub.Delivered}
	case onSeen:
		return channel.Receipt{Target: token, State: hub.Read}
	}
	return channel.Receipt{Target: token, State: hub.Failed, Code: hub.Permanent}
}

// timeOf is the time of what happened, in milliseconds; a retry tells the same. What is
// no time of this age, as in Viber's own examples, counts as none.
func timeOf(value []byte) hub.Millis {
	const digits = 13 // from 2001 to 2286
	if len(value) != digits || value[0] == '0' {
		return 0
	}
	return hub.Millis(scan.Whole(value, digits))
}

// profileOf reads what an event tells of its user.
// https://developers.viber.com/docs/api/rest-bot-api/#subscribed
func profileOf(user []byte) channel.Profile {
	out := channel.Profile{
		Name:     hub.Personal(scan.Text(scan.Get(user, "name"))),
		Language: scan.Text(scan.Get(user, "language")),
	}
	if picture := scan.Text(scan.Get(user, "avatar")); strings.HasPrefix(picture, "https://") {
		out.Picture = hub.Personal(picture)
	}
	return out
}
