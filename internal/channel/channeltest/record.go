package channeltest

import (
	"omnihub/internal/channel"
	"omnihub/internal/hub"
)

// parsed is a channel.Event with the reply token in clear, since samples' are made up.
type parsed struct {
	Kind        channel.EventKind `json:"kind"`
	Type        string            `json:"type,omitempty"`
	ID          string            `json:"id"`
	At          hub.Millis        `json:"at,omitempty"`
	Account     string            `json:"account,omitempty"`
	User        string            `json:"user,omitempty"`
	UserKind    hub.UserKind      `json:"user_kind,omitempty"`
	Actor       string            `json:"actor,omitempty"`
	Reply       string            `json:"reply,omitempty"`
	Standby     bool              `json:"standby,omitempty"`
	Redelivered bool              `json:"redelivered,omitempty"`

	Aliases []alias  `json:"aliases,omitempty"`
	Former  []alias  `json:"former,omitempty"`
	Profile *profile `json:"profile,omitempty"`

	Message    *message   `json:"message,omitempty"`
	Action     *action    `json:"action,omitempty"`
	Receipt    *receipt   `json:"receipt,omitempty"`
	Watermark  *watermark `json:"watermark,omitempty"`
	Subscribed *bool      `json:"subscribed,omitempty"`
	Link       *link      `json:"link,omitempty"`
	Notice     *notice    `json:"notice,omitempty"`
	Echo       *echo      `json:"echo,omitempty"`
	Entry      *entry     `json:"entry,omitempty"`
}

type alias struct {
	Kind  channel.AliasKind `json:"kind"`
	Value string            `json:"value"`
}

type profile struct {
	Name     string `json:"name,omitempty"`
	Username string `json:"username,omitempty"`
	Picture  string `json:"picture,omitempty"`
	Language string `json:"language,omitempty"`
	Phone    string `json:"phone,omitempty"`
	Status   string `json:"status,omitempty"`
}

type message struct {
	ID       string          `json:"id"`
	Type     hub.MessageType `json:"type"`
	Text     string          `json:"text,omitempty"`
	Data     string          `json:"data,omitempty"`
	Postback bool            `json:"postback,omitempty"`
	Media    []media         `json:"media,omitempty"`
	Quotes   string          `json:"quotes,omitempty"`
}

type media struct {
	Type hub.MessageType `json:"type"`
	ID   string          `json:"id,omitempty"`
	URL  string          `json:"url,omitempty"`
	MIME string          `json:"mime,omitempty"`
	Name string          `json:"name,omitempty"`
	Size int64           `json:"size,omitempty"`
}

type action struct {
	Kind   channel.ActionKind `json:"kind"`
	Target string             `json:"target"`
	Value  string             `json:"value,omitempty"`
	Actor  string             `json:"actor"`
}

type receipt struct {
	Target string    `json:"target,omitempty"`
	Ref    string    `json:"ref,omitempty"`
	State  hub.State `json:"state"`
	Code   hub.Code  `json:"code,omitempty"`
	Detail string    `json:"detail,omitempty"`
}

type watermark struct {
	UpTo  hub.Millis `json:"up_to"`
	State hub.State  `json:"state"`
}

type link struct {
	OK    bool   `json:"ok"`
	Nonce string `json:"nonce"`
}

type notice struct {
	Topic  string            `json:"topic"`
	Detail map[string]string `json:"detail,omitempty"`
}

type echo struct {
	Ref string `json:"ref,omitempty"`
	App string `json:"app,omitempty"`
}

type entry struct {
	Source string `json:"source,omitempty"`
	Ref    string `json:"ref,omitempty"`
	Ad     string `json:"ad,omitempty"`
}

// aliasesOf shows aliases as they are.
func aliasesOf(list []channel.Alias) (out []alias) {
	for _, a := range list {
		out = append(out, alias{a.Kind, a.Value.Reveal()})
	}
	return out
}

// profileOf shows a profile as it is.
func profileOf(p channel.Profile) profile {
	return profile{p.Name.Reveal(), p.Username.Reveal(), p.Picture.Reveal(), p.Language, p.Phone.Reveal(), p.Status.Reveal()}
}

// parsedOf shows the members that belong to the event's kind; faultsOf complains of
// the others.
func parsedOf(e channel.Event) parsed {
	out := parsed{
		Kind: e.Kind, Type: e.Type, ID: e.ID, At: e.At, Account: e.Account, User: e.User, UserKind: e.UserKind,
		Actor: e.Actor, Reply: e.Reply.Reveal(), Standby: e.Standby, Redelivered: e.Redelivered,
	}
	out.Aliases, out.Former = aliasesOf(e.Aliases), aliasesOf(e.Former)
	if p := profileOf(e.Profile); p != (profile{}) {
		out.Profile = &p
	}
	if e.Entry != (channel.Entry{}) || e.Kind == channel.EventEntry {
		way := entry(e.Entry)
		out.Entry = &way
	}
	switch e.Kind {
	case channel.EventMessage, channel.EventEcho:
		m := message{ID: e.Message.ID, Type: e.Message.Type, Text: e.Message.Text, Data: e.Message.Data, Postback: e.Message.Postback, Quotes: e.Message.Quotes}
		for _, file := range e.Message.Media {
			m.Media = append(m.Media, media(file))
		}
		out.Message = &m
		if e.Kind == channel.EventEcho {
			by := echo(e.Echo)
			out.Echo = &by
		}
	case channel.EventAction:
		a := action(e.Action)
		out.Action = &a
	case channel.EventReceipt:
		r := receipt(e.Receipt)
		out.Receipt = &r
	case channel.EventWatermark:
		w := watermark(e.Watermark)
		out.Watermark = &w
	case channel.EventSubscription:
		out.Subscribed = &e.Subscribed
	case channel.EventLink:
		l := link(e.Link)
		out.Link = &l
	case channel.EventNotice:
		n := notice(e.Notice)
		out.Notice = &n
	}
	return out
}
