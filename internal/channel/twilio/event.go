package twilio

import (
	"encoding/json"
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Parse reads the event of Split. Twilio tells no time of anything.
func (a *Adapter) Parse(around, raw []byte) (channel.Event, error) {
	const op = "twilio: parse"
	var h head
	if json.Unmarshal(around, &h) != nil {
		return channel.Event{}, hub.E(hub.Unparsable, op, errors.New("not an event"))
	}
	r, err := read(op, raw)
	if err != nil {
		return channel.Event{}, err
	}
	e := channel.Event{Kind: channel.EventOther, ID: r.id, Account: r.account, Type: r.kind}
	if e.User = r.person.ID(); e.User != "" {
		e.UserKind, e.Aliases = hub.Person, r.person.Aliases()
	}
	switch r.kind {
	case message:
		err = r.message(&e)
	case status:
		err = r.receipt(&e, h)
	}
	if err != nil {
		return channel.Event{}, hub.E(hub.Unparsable, op, err)
	}
	return e, nil
}

// message fills in what the customer wrote.
func (r entry) message(e *channel.Event) error {
	if e.User == "" {
		return errors.New("a message without sender")
	}
	f := r.form
	if e.Type = f.short("MessageType"); e.Type == "" {
		e.Type = message
	}
	e.Kind, e.Message = channel.EventMessage, f.content()
	e.Message.ID, e.Message.Quotes = r.id, f.short("OriginalRepliedMessageSid")
	e.Profile = channel.Profile{
		Name:  hub.Personal(f.field("ProfileName")),
		Phone: hub.Personal(r.person.Phone),
	}
	if source := f.short("ReferralSourceType"); source != "" {
		e.Entry.Source, e.Entry.Ref = source, f.click()
		if source == "ad" {
			e.Entry.Ad = f.short("ReferralSourceId")
		}
	}
	return nil
}

// click is the id of the tap on the advertisement, which Meta's reports ask for.
func (f form) click() string {
	const longest = 1 << 10 // bytes; nobody states any
	if id := f.text("ReferralCtwaClid"); len(id) <= longest {
		return id
	}
	return ""
}

// states are what a status means; any other one is kept raw.
// https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
var states = map[string]hub.State{
	"sent": hub.Sent, "delivered": hub.Delivered, "read": hub.Read, "undelivered": hub.Failed, "failed": hub.Failed,
}

// receipt fills in how a message of ours fares.
func (r entry) receipt(e *channel.Event, h head) error {
	e.Type = r.state
	state, known := states[r.state]
	if !known {
		return nil
	}
	if e.User == "" {
		return errors.New("a status without recipient")
	}
	e.Kind = channel.EventReceipt
	e.Receipt = channel.Receipt{Target: r.form.messageSID(), Ref: h.Ref, State: state}
	if state == hub.Failed {
		e.Receipt.Code = hub.Permanent
		if n, ok := number(r.form.short("ErrorCode")); ok {
			e.Receipt.Detail = itoa(n)
			if code := codeOf(n); code != "" {
				e.Receipt.Code = code
			}
		}
	}
	return nil
}

// field is a parameter's value, or if there is no such parameter what the context of
// the channel's metadata says, which repeats WhatsApp's own fields.
// https://www.twilio.com/docs/whatsapp/api
func (f form) field(name string) string {
	if value := f.text(name); value != "" {
		return value
	}
	metadata, ok := f.find("ChannelMetadata")
	if !ok || !scan.Valid([]byte(metadata)) {
		return ""
	}
	return scan.Text(scan.Get(scan.Get(scan.Get([]byte(metadata), "data"), "context"), name))
}
