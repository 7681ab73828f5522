package line

import (
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// maxDigits is how many digits a time may have, as a message key holds of it, and a size.
const maxDigits = 13

// Parse reads one event of Split.
func (a *Adapter) Parse(head, raw []byte) (channel.Event, error) {
	r := reader{scan.Of(raw)}
	r.Must('{')
	start := r.Offset()
	var e event
	r.event(&e)
	r.End()
	account := destination(head)
	if !r.OK() || account == "" {
		return channel.Event{}, unparsable("not an event")
	}
	out := channel.Event{
		Kind:        channel.EventOther,
		Type:        short(e.kind),
		ID:          short(e.id),
		At:          hub.Millis(scan.Whole(e.at, maxDigits)),
		Account:     account,
		Standby:     scan.Is(e.mode, "standby"),
		Redelivered: e.mark >= 0,
	}
	if out.ID == "" {
		out.ID = madeID(e.hash(raw[start:]))
	}
	if out.User, out.UserKind, out.Actor = e.from(); out.User == "" {
		out.UserKind, out.Actor = "", "" // a source that does not say whose
	}
	if out.UserKind == hub.Person {
		// One person has one id in all accounts of a provider.
		out.Aliases = []channel.Alias{{Kind: channel.AliasUser, Value: hub.Personal(out.User)}}
	}
	if token := scan.Text(e.reply); !out.Standby && !isDummy(token) {
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
		data, date := scan.Text(e.postback.data), scan.Text(e.postback.date)
		if e.postback.menu || data == "" {
			return nil // the customer turned a page of the menu, or tapped what bears nothing
		}
		out.Kind = channel.EventMessage
		out.Message = channel.Message{ID: out.ID, Type: hub.Choice, Text: date, Data: data}
	case "follow", "join":
		out.Kind, out.Subscribed = channel.EventSubscription, true
	case "unfollow", "leave":
		out.Kind = channel.EventSubscription
	case "unsend":
		out.Kind = channel.EventAction
		out.Action = channel.Action{Kind: channel.Unsend, Target: short(e.unsent)}
	case "messageEdited":
		if !scan.Is(e.message.kind, "text") {
			return nil
		}
		out.Kind = channel.EventAction
		out.Action = channel.Action{Kind: channel.Edit, Target: short(e.message.id), Value: scan.Text(e.message.text)}
	case "accountLink":
		out.Kind = channel.EventLink
		out.Link.OK, out.Link.Nonce = scan.Is(e.link.result, "ok"), scan.Text(e.link.nonce)
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
	out := channel.Message{ID: short(m.id), Quotes: short(m.quoted)}
	switch {
	case scan.Is(m.kind, "text"):
		out.Type, out.Text = hub.Text, scan.Text(m.text)
	case scan.Is(m.kind, "image"):
		out.Type = hub.Image
	case scan.Is(m.kind, "video"):
		out.Type = hub.Video
	case scan.Is(m.kind, "audio"):
		out.Type = hub.Audio
	case scan.Is(m.kind, "file"):
		out.Type, out.Text = hub.File, scan.Text(m.file)
	case scan.Is(m.kind, "sticker"):
		out.Type, out.Text = hub.Sticker, m.words()
	case scan.Is(m.kind, "location"):
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
	if scan.Is(m.provider, "external") {
		if file.ID, file.URL = "", scan.Text(m.url); file.URL == "" {
			return nil
		}
	}
	if of.Type == hub.File {
		file.Name, file.Size = of.Text, scan.Whole(m.size, maxDigits)
	}
	return []channel.Media{file}
}

// words are what a person reads of a sticker: what the customer put on it, or else
// what LINE says that it means. Its picture is not given out.
func (m *message) words() string {
	if written := scan.Text(m.text); written != "" {
		return written
	}
	var words []string
	for _, k := range m.keywords {
		if word := scan.Text(k); word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, ", ")
}

// place is what a person reads of a location: its title and address, or else the
// coordinates.
func (m *message) place() string {
	title, address := scan.Text(m.title), scan.Text(m.address)
	switch {
	case title == "" && address == "" && scan.IsNumber(m.latitude) && scan.IsNumber(m.longitude):
		return string(m.latitude) + "," + string(m.longitude)
	case title == "" || address == "":
		return title + address
	}
	return title + "\n" + address
}

// isDummy recognises the token of a made-up event, which some consoles send to
// test a webhook URL: 32 times 0 or f.
func isDummy(token string) bool {
	return len(token) == 32 && (strings.Trim(token, "0") == "" || strings.Trim(token, "f") == "")
}
