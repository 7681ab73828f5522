package line

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
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

// reader reads a webhook as LINE documents it.
type reader struct{ scan.Scanner }

// event consumes one event. Members of an undocumented type count as absent: one
// odd event must not take the others of its webhook with it. Of members with one
// name the last counts, as everywhere.
func (r *reader) event(e *event) {
	e.mark = -1
	start := r.Offset()
	for name := range r.Members {
		switch string(name) {
		case "type":
			e.kind = r.Value()
		case "mode":
			e.mode = r.Value()
		case "timestamp":
			e.at = r.Value()
		case "webhookEventId":
			e.id = r.Value()
		case "replyToken":
			e.reply = r.Value()
		case "source":
			r.source(&e.source)
		case "deliveryContext":
			e.mark = -1
			for name := range r.Members {
				value := r.Value()
				if string(name) != "isRedelivery" {
					continue
				}
				e.mark = -1
				if string(value) == "true" {
					e.mark = r.Offset() - len(value) - start
				}
			}
		case "message":
			r.message(&e.message)
		case "postback":
			r.postback(&e.postback)
		case "unsend":
			e.unsent = nil
			for name := range r.Members {
				if value := r.Value(); string(name) == "messageId" {
					e.unsent = value
				}
			}
		case "link":
			r.link(&e.link)
		default:
			r.Value()
		}
	}
}

// source consumes a source. https://developers.line.biz/en/reference/messaging-api/#source-user
func (r *reader) source(o *source) {
	*o = source{}
	for name := range r.Members {
		switch string(name) {
		case "type":
			o.kind = r.Value()
		case "userId":
			o.user = r.Value()
		case "groupId":
			o.group = r.Value()
		case "roomId":
			o.room = r.Value()
		default:
			r.Value()
		}
	}
}

// maxKeywords is how many of a sticker's keywords are read.
const maxKeywords = 3

// message consumes a message. https://developers.line.biz/en/reference/messaging-api/#message-event
func (r *reader) message(m *message) {
	*m = message{}
	for name := range r.Members {
		switch string(name) {
		case "type":
			m.kind = r.Value()
		case "id":
			m.id = r.Value()
		case "text":
			m.text = r.Value()
		case "quotedMessageId":
			m.quoted = r.Value()
		case "contentProvider":
			m.provider, m.url = nil, nil
			for name := range r.Members {
				switch value := r.Value(); string(name) {
				case "type":
					m.provider = value
				case "originalContentUrl":
					m.url = value
				}
			}
		case "fileName":
			m.file = r.Value()
		case "fileSize":
			m.size = r.Value()
		case "title":
			m.title = r.Value()
		case "address":
			m.address = r.Value()
		case "latitude":
			m.latitude = r.Value()
		case "longitude":
			m.longitude = r.Value()
		case "keywords":
			m.keywords = nil
			for range r.Elements {
				if value := r.Value(); len(m.keywords) < maxKeywords {
					m.keywords = append(m.keywords, value)
				}
			}
		default:
			r.Value()
		}
	}
}

// postback consumes what a tapped button bears, and what its dialog added.
// https://developers.line.biz/en/reference/messaging-api/#postback-event
func (r *reader) postback(p *postback) {
	*p = postback{}
	for name := range r.Members {
		switch string(name) {
		case "data":
			p.data = r.Value()
		case "params":
			p.date, p.menu = nil, false
			for name := range r.Members {
				switch value := r.Value(); string(name) {
				case "date", "time", "datetime":
					p.date = value
				case "newRichMenuAliasId", "status": // a switch that failed has the status only
					p.menu = true
				}
			}
		default:
			r.Value()
		}
	}
}

// link consumes the end of an account link.
// https://developers.line.biz/en/reference/messaging-api/#account-link-event
func (r *reader) link(l *link) {
	*l = link{}
	for name := range r.Members {
		switch string(name) {
		case "result":
			l.result = r.Value()
		case "nonce":
			l.nonce = r.Value()
		default:
			r.Value()
		}
	}
}

// from is the channel user: the person, or the group or room that shares a thread.
func (e *event) from() (user string, kind hub.UserKind, actor string) {
	switch {
	case scan.Is(e.source.kind, "user"):
		return short(e.source.user), hub.Person, ""
	case scan.Is(e.source.kind, "group"):
		return short(e.source.group), hub.Group, short(e.source.user)
	case scan.Is(e.source.kind, "room"):
		return short(e.source.room), hub.Group, short(e.source.user)
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

// maxEvents is how many events a webhook may have. LINE states no number; its own have a
// few.
const maxEvents = 10_000

// Split cuts a webhook into its events. https://developers.line.biz/en/reference/messaging-api/#request-body
func (a *Adapter) Split(req *channel.Request) ([]channel.Slice, error) {
	var (
		r           = reader{scan.Of(req.Body)}
		destination []byte
		listed      bool
		out         []channel.Slice
	)
	r.Must('{')
	for name := range r.Members {
		switch string(name) {
		case "destination":
			if destination != nil {
				r.Fail() // named twice: whose is it?
			}
			destination = r.Value()
		case "events":
			if listed {
				r.Fail()
			}
			listed = true
			r.Must('[')
			for range r.Elements {
				r.Must('{')
				start := r.Offset()
				var e event
				r.event(&e)
				if !r.OK() {
					break
				}
				if len(out) == maxEvents {
					r.Fail()
					break
				}
				raw := r.Since(start)
				user, _, _ := e.from()
				slice := channel.Slice{User: user, Event: short(e.id), Raw: raw, Hash: e.hash(raw)}
				if slice.Event == "" {
					slice.Event = madeID(slice.Hash)
				}
				out = append(out, slice)
			}
		default:
			r.Value()
		}
	}
	r.End()
	account := scan.Text(destination)
	if !r.OK() || !listed || account == "" {
		return nil, hub.E(hub.Unparsable, "line: split", fmt.Errorf("no webhook body, seen at byte %d of %d", r.Offset(), len(req.Body)))
	}
	head := headOf(destination)
	for i := range out {
		out[i].Account, out[i].Head = account, head
	}
	return out, nil
}

func headOf(destination []byte) []byte {
	head := append([]byte(`{"destination":`), destination...)
	return append(head, '}')
}

// short is an id or a token as a text; one too long is none.
func short(value []byte) string {
	if len(value) > scan.MaxName {
		return ""
	}
	return scan.Text(value)
}

// destination reads the account that a webhook's body, or a Slice's head, is for,
// and no further; "" if it cannot be read.
func destination(body []byte) string {
	s := scan.Of(body)
	var out []byte
	for name := range s.Members {
		value := s.Value()
		if string(name) == "destination" {
			out = value
			break
		}
	}
	return scan.Text(out)
}
