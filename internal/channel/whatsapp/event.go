package whatsapp

import (
	"errors"

	"omnihub/internal/channel"
	"omnihub/internal/channel/meta"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// subject is an event about somebody: a message or a status.
type subject interface {
	person() person        // whom its own members name
	whose(c contact) whose // with what the contact adds
	event() string         // its stable id; "" = none
	hash() string          // the same at every delivery
	read(e *channel.Event) error
}

// subjectOf reads an element of an array, and tells whether it is a JSON object; nil
// if the array's elements are about nobody.
func subjectOf(list string, raw []byte) (s subject, ok bool) {
	switch list {
	case messages:
		return messageOf(raw)
	case statuses:
		return statusOf(raw)
	}
	return nil, false
}

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) {
	h, ok := meta.HeadOf(head)
	if !ok {
		return channel.Event{}, unparsable("not an event")
	}
	e := channel.Event{Kind: channel.EventOther, Account: scan.Name(h.Number)}
	if s, ok := subjectOf(h.List, raw); s != nil {
		switch {
		case !ok:
			return channel.Event{}, unparsable("not an object")
		case e.Account == "":
			return channel.Event{}, unparsable("no phone_number_id")
		}
		if e.ID = s.event(); e.ID == "" {
			e.ID = madeID(s.hash())
		}
		c := contactOf(h.Contact)
		s.whose(c).mark(&e, c)
		if err := s.read(&e); err != nil {
			return channel.Event{}, err
		}
		return e, nil
	}
	if !scan.Valid(raw) {
		return channel.Event{}, unparsable("not JSON")
	}
	e.ID, e.At = madeID(meta.HashOf(head, raw)), millis(h.At)
	switch h.List {
	case failures:
		if !scan.IsObject(raw) {
			return channel.Event{}, unparsable("not an object")
		}
		e.Kind, e.Type, e.Notice = channel.EventNotice, failures, failureNotice(raw)
	case "":
		e.Type = scan.Text(h.Field)
		if notice, ok := noticeOf(e.Type, raw); ok {
			e.Kind, e.Notice = channel.EventNotice, notice
		}
	default:
		return channel.Event{}, unparsable("not an event")
	}
	return e, nil
}

func unparsable(why string) error { return hub.E(hub.Unparsable, "whatsapp: parse", errors.New(why)) }

// millis reads a time in seconds; 0 if it is none.
func millis(value []byte) hub.Millis {
	if len(scan.Word(value)) > len("9999999999") {
		return 0
	}
	return meta.Millis(value)
}
