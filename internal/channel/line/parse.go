package line

import (
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) {
	s := scanner{b: raw}
	s.must('{')
	start := s.i
	var e event
	s.event(&e)
	s.end()
	account := destination(head)
	if s.bad || account == "" {
		return channel.Event{}, unparsable("not an event")
	}
	out := channel.Event{
		Kind:        channel.EventOther,
		Type:        text(e.kind),
		ID:          text(e.id),
		At:          hub.Millis(whole(e.at)),
		Account:     account,
		Standby:     is(e.mode, "standby"),
		Redelivered: e.mark >= 0,
	}
	if out.ID == "" {
		out.ID = madeID(e.hash(raw[start:]))
	}
	out.User, out.UserKind, out.Actor = e.from()
	if out.UserKind == hub.Person {
		// One person has one id in all accounts of a provider.
		out.Aliases = []channel.Alias{{Kind: channel.AliasUser, Value: out.User}}
	}
	if token := text(e.reply); !out.Standby && !isDummy(token) {
		out.Reply = hub.Secret(token)
	}
	if err := e.fill(&out); err != nil {
		return channel.Event{}, err
	}
	return out, nil
}

// fill reads what belongs to the event's type. A type that is not here stays an
// EventOther.
func (e *event) fill(out *channel.Event) error {
	switch out.Type {
	case "message":
		out.Kind, out.Message = channel.EventMessage, e.message.read()
		if out.Message.ID == "" {
			return unparsable("a message without id")
		}
	case "postback":
		if e.postback.menu {
			return nil // the customer turned a page of the menu, and said nothing
		}
		out.Kind = channel.EventMessage
		out.Message = channel.Message{ID: out.ID, Type: hub.Choice, Text: text(e.postback.date), Data: text(e.postback.data)}
	case "follow", "join":
		out.Kind, out.Subscribed = channel.EventSubscription, true
	case "unfollow", "leave":
		out.Kind = channel.EventSubscription
	case "unsend":
		out.Kind = channel.EventAction
		out.Action = channel.Action{Kind: channel.Unsend, Target: text(e.unsent)}
	case "messageEdited":
		if !is(e.message.kind, "text") {
			return nil
		}
		out.Kind = channel.EventAction
		out.Action = channel.Action{Kind: channel.Edit, Target: text(e.message.id), Value: text(e.message.text)}
	case "accountLink":
		out.Kind = channel.EventLink
		out.Link.OK, out.Link.Nonce = is(e.link.result, "ok"), text(e.link.nonce)
		if out.Link.Nonce == "" {
			return unparsable("a link without nonce")
		}
	default:
		return nil
	}
	if out.Kind == channel.EventAction {
		if out.Action.Target == "" {
			return unparsable("an action without its message")
		}
		// In a group LINE may leave out who it was; only its author changes a message.
		if out.Action.Actor = out.Actor; out.Actor == "" {
			out.Action.Actor = out.User
		}
	}
	switch {
	case out.User == "" && (out.Kind != channel.EventLink || out.Link.OK):
		return unparsable("nobody's event")
	case out.At == 0:
		return unparsable("an event without time")
	}
	return nil
}

func unparsable(why string) error { return hub.E(hub.Unparsable, "line: parse", errors.New(why)) }

func (m *message) read() channel.Message {
	out := channel.Message{ID: text(m.id), Quotes: text(m.quoted)}
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
	case is(m.kind, "sticker"):
		out.Type, out.Text = hub.Sticker, m.words()
	case is(m.kind, "location"):
		out.Type, out.Text = hub.Location, m.place()
	default:
		out.Type = hub.OtherMsg
	}
	switch out.Type {
	case hub.Image, hub.Video, hub.Audio, hub.File:
		out.Media = m.media(out)
	}
	return out
}

// media points to what LINE keeps under the message's id, or to another's address.
// https://developers.line.biz/en/reference/messaging-api/#get-content
func (m *message) media(of channel.Message) []channel.Media {
	file := channel.Media{Type: of.Type, ID: of.ID}
	if is(m.provider, "external") {
		if file.ID, file.URL = "", text(m.url); file.URL == "" {
			return nil
		}
	}
	if of.Type == hub.File {
		file.Name, file.Size = of.Text, whole(m.size)
	}
	return []channel.Media{file}
}

// words are what a person reads of a sticker: what the customer put on it, or else
// what LINE says that it means. Its picture is not given out.
func (m *message) words() string {
	if written := text(m.text); written != "" {
		return written
	}
	var words []string
	for _, k := range m.keywords {
		if word := text(k); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
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

// whole reads a whole number of at most 13 digits, as a message key holds of a time;
// 0 if it is none.
func whole(value []byte) int64 {
	if len(value) > 13 {
		return 0
	}
	var n int64
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
