package line

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// event is a webhook event as LINE documents it, each value as received.
// https://developers.line.biz/en/reference/messaging-api/#webhook-event-objects
type event struct {
	kind, mode, id, at, reply []byte
	source                    source
	message                   message
	postback                  postback
	unsent                    []byte // the id of the message
	link                      link
	mark                      int // where the value true of isRedelivery starts; -1 = not redelivered
}

type source struct{ kind, user, group, room []byte }

type message struct {
	kind, id, text, quoted []byte
	provider, url          []byte // of a medium
	file, size             []byte
	title, address         []byte
	latitude, longitude    []byte
	keywords               [][]byte // of a sticker, the first few
}

type postback struct {
	data, date []byte
	menu       bool // it tells how the switch to another rich menu ended
}

type link struct{ result, nonce []byte }

// event consumes one event. Members of an undocumented type count as absent: one
// odd event must not take the others of its webhook with it. Of members with one
// name the last counts, as everywhere.
func (s *scanner) event(e *event) {
	e.mark = -1
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
			s.source(&e.source)
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
			s.message(&e.message)
		case "postback":
			s.postback(&e.postback)
		case "unsend":
			e.unsent = nil
			for name := range s.members {
				if value := s.value(); string(name) == "messageId" {
					e.unsent = value
				}
			}
		case "link":
			s.link(&e.link)
		default:
			s.value()
		}
	}
}

// source consumes a source. https://developers.line.biz/en/reference/messaging-api/#source-user
func (s *scanner) source(o *source) {
	*o = source{}
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
}

// maxKeywords is how many of a sticker's keywords are read.
const maxKeywords = 3

// message consumes a message. https://developers.line.biz/en/reference/messaging-api/#message-event
func (s *scanner) message(m *message) {
	*m = message{}
	for name := range s.members {
		switch string(name) {
		case "type":
			m.kind = s.value()
		case "id":
			m.id = s.value()
		case "text":
			m.text = s.value()
		case "quotedMessageId":
			m.quoted = s.value()
		case "contentProvider":
			m.provider, m.url = nil, nil
			for name := range s.members {
				switch value := s.value(); string(name) {
				case "type":
					m.provider = value
				case "originalContentUrl":
					m.url = value
				}
			}
		case "fileName":
			m.file = s.value()
		case "fileSize":
			m.size = s.value()
		case "title":
			m.title = s.value()
		case "address":
			m.address = s.value()
		case "latitude":
			m.latitude = s.value()
		case "longitude":
			m.longitude = s.value()
		case "keywords":
			m.keywords = nil
			for range s.elements {
				if value := s.value(); len(m.keywords) < maxKeywords {
					m.keywords = append(m.keywords, value)
				}
			}
		default:
			s.value()
		}
	}
}

// postback consumes what a tapped button bears, and what its dialog added.
// https://developers.line.biz/en/reference/messaging-api/#postback-event
func (s *scanner) postback(p *postback) {
	*p = postback{}
	for name := range s.members {
		switch string(name) {
		case "data":
			p.data = s.value()
		case "params":
			p.date, p.menu = nil, false
			for name := range s.members {
				switch value := s.value(); string(name) {
				case "date", "time", "datetime":
					p.date = value
				case "newRichMenuAliasId", "status": // a switch that failed has the status only
					p.menu = true
				}
			}
		default:
			s.value()
		}
	}
}

// link consumes the end of an account link.
// https://developers.line.biz/en/reference/messaging-api/#account-link-event
func (s *scanner) link(l *link) {
	*l = link{}
	for name := range s.members {
		switch string(name) {
		case "result":
			l.result = s.value()
		case "nonce":
			l.nonce = s.value()
		default:
			s.value()
		}
	}
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
				var e event
				s.event(&e)
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
