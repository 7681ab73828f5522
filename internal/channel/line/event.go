package line

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// event is a webhook event as LINE documents it, each value as received.
// https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
type event struct {
	kind, mode, id, at, reply []byte
	source                    source
	message                   message
	mark                      int // where the value true of isRedelivery starts; -1 = not redelivered
}

type source struct{ kind, user, group, room []byte }

type message struct {
	kind, id, text, file, title, address, latitude, longitude []byte
}

// event consumes one event. Members of an undocumented type count as absent: one
// odd event must not take the others of its webhook with it. Of members with one
// name the last counts, as everywhere.
func (s *scanner) event() event {
	e := event{mark: -1}
	start := s.i
	for name := range s.members {
		switch string(name) {
		case "type":
			e.kind = s.value()
		case "mode":
			e.mode = s.value()
		case "timestamp":
			e.at = s.value()
		case "webhookEventId":
			e.id = s.value()
		case "replyToken":
			e.reply = s.value()
		case "source":
			e.source = s.source()
		case "deliveryContext":
			e.mark = -1
			for name := range s.members {
				value := s.value()
				if string(name) != "isRedelivery" {
					continue
				}
				e.mark = -1
				if string(value) == "true" {
					e.mark = s.i - len(value) - start
				}
			}
		case "message":
			e.message = s.message()
		default:
			s.value()
		}
	}
	return e
}

// source consumes a source. https://developers.line.biz/en/reference/messaging-api/#source-user
func (s *scanner) source() (o source) {
	for name := range s.members {
		switch string(name) {
		case "type":
			o.kind = s.value()
		case "userId":
			o.user = s.value()
		case "groupId":
			o.group = s.value()
		case "roomId":
			o.room = s.value()
		default:
			s.value()
		}
	}
	return o
}

// message consumes a message. https://developers.line.biz/en/reference/messaging-api/#message-event
func (s *scanner) message() (m message) {
	for name := range s.members {
		switch string(name) {
		case "type":
			m.kind = s.value()
		case "id":
			m.id = s.value()
		case "text":
			m.text = s.value()
		case "fileName":
			m.file = s.value()
		case "title":
			m.title = s.value()
		case "address":
			m.address = s.value()
		case "latitude":
			m.latitude = s.value()
		case "longitude":
			m.longitude = s.value()
		default:
			s.value()
		}
	}
	return m
}

// from is the channel user: the person, or the group or room that shares a thread.
func (e *event) from() (user string, kind hub.UserKind, actor string) {
	switch {
	case is(e.source.kind, "user"):
		return text(e.source.user), hub.Person, ""
	case is(e.source.kind, "group"):
		return text(e.source.group), hub.Group, text(e.source.user)
	case is(e.source.kind, "room"):
		return text(e.source.room), hub.Group, text(e.source.user)
	}
	return "", "", ""
}

// hash is the same for every delivery of an event: it is taken of the bytes as at
// the first delivery, with isRedelivery false.
func (e *event) hash(raw []byte) string {
	if e.mark >= 0 {
		first := make([]byte, 0, len(raw)+1)
		first = append(first, raw[:e.mark]...)
		first = append(first, "false"...)
		raw = append(first, raw[e.mark+len("true"):]...)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// madeID names an event that came without an id, the same at every delivery.
func madeID(hash string) string { return "sha256-" + hash }

// Split cuts a webhook into its events. https://developers.line.biz/en/reference/messaging-api/#request-body
func (a *Adapter) Split(body []byte) ([]channel.Slice, error) {
	var (
		s           = scanner{b: body}
		destination []byte
		listed      bool
		out         []channel.Slice
	)
	s.must('{')
	for name := range s.members {
		switch string(name) {
		case "destination":
			if destination != nil {
				s.fail() // named twice: whose is it?
			}
			destination = s.value()
		case "events":
			if listed {
				s.fail()
			}
			listed = true
			s.must('[')
			for range s.elements {
				s.must('{')
				start := s.i
				e := s.event()
				if s.bad {
					break
				}
				raw := body[start:s.i:s.i]
				user, _, _ := e.from()
				slice := channel.Slice{User: user, Event: text(e.id), Raw: raw, Hash: e.hash(raw)}
				if slice.Event == "" {
					slice.Event = madeID(slice.Hash)
				}
				out = append(out, slice)
			}
		default:
			s.value()
		}
	}
	s.end()
	account := text(destination)
	if s.bad || !listed || account == "" {
		return nil, hub.E(hub.Unparsable, "line: split", fmt.Errorf("no webhook body, seen at byte %d of %d", s.i, len(body)))
	}
	head := headOf(destination)
	for i := range out {
		out[i].Account, out[i].Head = account, head
	}
	return out, nil
}

// must fails unless c comes next.
func (s *scanner) must(c byte) {
	if s.peek() != c {
		s.fail()
	}
}

func headOf(destination []byte) []byte {
	head := append([]byte(`{"destination":`), destination...)
	return append(head, '}')
}

// destination reads the account that a webhook's body, or a Slice's head, is for,
// and no further; "" if it cannot be read.
func destination(body []byte) string {
	s := scanner{b: body}
	var out []byte
	for name := range s.members {
		value := s.value()
		if string(name) == "destination" {
			out = value
			break
		}
	}
	return text(out)
}

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) {
	s := scanner{b: raw}
	s.must('{')
	start := s.i
	e := s.event()
	s.end()
	account := destination(head)
	if s.bad || account == "" {
		return channel.Event{}, unparsable("not an event")
	}
	out := channel.Event{
		Kind:        channel.EventOther,
		Type:        text(e.kind),
		ID:          text(e.id),
		At:          millis(e.at),
		Account:     account,
		Standby:     is(e.mode, "standby"),
		Redelivered: e.mark >= 0,
	}
	if out.ID == "" {
		out.ID = madeID(e.hash(raw[start:]))
	}
	out.User, out.UserKind, out.Actor = e.from()
	if token := text(e.reply); !out.Standby && !isDummy(token) {
		out.Reply = hub.Secret(token)
	}
	if out.Type != "message" {
		return out, nil
	}
	out.Kind = channel.EventMessage
	out.Message = e.message.read()
	switch {
	case out.Message.ID == "":
		return channel.Event{}, unparsable("a message without id")
	case out.User == "":
		return channel.Event{}, unparsable("a message without sender")
	case out.At == 0:
		return channel.Event{}, unparsable("a message without time")
	}
	return out, nil
}

func unparsable(why string) error { return hub.E(hub.Unparsable, "line: parse", errors.New(why)) }

func (m *message) read() channel.Message {
	out := channel.Message{ID: text(m.id)}
	switch {
	case is(m.kind, "text"):
		out.Type, out.Text = hub.Text, text(m.text)
	case is(m.kind, "image"):
		out.Type = hub.Image
	case is(m.kind, "video"):
		out.Type = hub.Video
	case is(m.kind, "audio"):
		out.Type = hub.Audio
	case is(m.kind, "file"):
		out.Type, out.Text = hub.File, text(m.file)
	case is(m.kind, "sticker"): // a message sticker carries the words that the customer put on it
		out.Type, out.Text = hub.Sticker, text(m.text)
	case is(m.kind, "location"):
		out.Type, out.Text = hub.Location, m.place()
	default:
		out.Type = hub.OtherMsg
	}
	return out
}

// place is what a person reads of a location: its title and address, or else the
// coordinates.
func (m *message) place() string {
	title, address := text(m.title), text(m.address)
	switch {
	case title == "" && address == "" && isNumber(m.latitude) && isNumber(m.longitude):
		return string(m.latitude) + "," + string(m.longitude)
	case title == "" || address == "":
		return title + address
	}
	return title + "\n" + address
}

func isNumber(value []byte) bool {
	return len(value) > 0 && (value[0] == '-' || value[0]-'0' <= 9)
}

// isDummy recognises the token of a made-up event, which some consoles send to
// test a webhook URL: 32 times 0 or f.
func isDummy(token string) bool {
	return len(token) == 32 && (strings.Trim(token, "0") == "" || strings.Trim(token, "f") == "")
}

// millis reads a time in milliseconds; 0 if it is none, or one that a message key
// (13 digits) cannot hold.
func millis(value []byte) hub.Millis {
	if len(value) > 13 {
		return 0
	}
	var at hub.Millis
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0
		}
		at = at*10 + hub.Millis(c-'0')
	}
	return at
}
