package meta

import (
	"errors"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// Messaging is the envelope that Messenger and Instagram share: a body names its
// object and has entries, one for each account, whose items stand in "messaging", in
// "standby" while another app has the conversation, or in "changes" as a field and its
// value. An adapter keeps one of these for each channel and hands its Split and Parse
// on:
//
//	var envelope = meta.Messaging{Name: "instagram", Objects: []string{"instagram", "page"}, Finish: finish}
//
//	func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) { return envelope.Split(r) }
//	func (a *Adapter) Parse(head, raw []byte) (channel.Event, error)     { return envelope.Parse(head, raw) }
//
// All that either channel sends is read here: messages with attachments, quick replies,
// replies and referrals, postbacks, echoes, delivery and read marks (a watermark, or a
// message's id as Instagram has it), reactions, edits, deletions (Instagram's
// is_deleted), referrals, policy notices. Whatever else there is comes out as
// channel.EventOther. What a channel sees in another way it puts right in Finish, which
// gets the item as received.
//
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks
// https://developers.facebook.com/documentation/business-messaging/instagram-messaging/webhooks
type Messaging struct {
	Name    string   // the channel's, in errors
	Objects []string // the values of "object" that are this channel's
	// Finish changes an event that was read, before Parse gives it out; nil = nothing to
	// change. ID, Account and User are Split's too, and stay as they are. Its error is
	// Parse's.
	Finish func(i *Item, e *channel.Event) error
}

// The lists of an entry in which items stand.
const (
	listMessaging = "messaging"
	listStandby   = "standby"
	listChanges   = "changes"
)

// Split cuts a webhook into its items, in the body's order. What stands in an entry of
// no known form is one event of the account as a whole. Errors: hub.Unparsable.
func (m Messaging) Split(r *channel.Request) ([]channel.Slice, error) {
	c := cutter{Cutter: Cutter{Scanner: scan.Of(r.Body)}}
	c.Body(m.Objects, c.entry)
	if !c.OK() {
		return nil, hub.E(hub.Unparsable, m.Name+": split", fmt.Errorf("no webhook body, seen at byte %d of %d", c.Offset(), len(r.Body)))
	}
	return c.out, nil
}

// Parse reads one event of Split. Errors: hub.Unparsable.
func (m Messaging) Parse(head, raw []byte) (channel.Event, error) {
	unparsable := func(why string) error { return hub.E(hub.Unparsable, m.Name+": parse", errors.New(why)) }
	h, ok := HeadOf(head)
	of, whole := partsOf(raw)
	if !ok || !whole {
		return channel.Event{}, unparsable("not an event")
	}
	i := itemOf(h, raw, of)
	e := channel.Event{Kind: channel.EventOther, Type: i.kind, ID: i.event(), At: i.At, Account: i.Account, User: i.User, Standby: i.Standby}
	if e.User != "" {
		e.UserKind = hub.Person
	}
	if why := i.read(&e); why != "" {
		return channel.Event{}, unparsable(why)
	}
	if m.Finish != nil {
		if err := m.Finish(i, &e); err != nil {
			return channel.Event{}, err
		}
	}
	return e, nil
}
