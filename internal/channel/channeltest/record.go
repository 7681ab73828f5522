package channeltest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

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
	ID     string          `json:"id"`
	Type   hub.MessageType `json:"type"`
	Text   string          `json:"text,omitempty"`
	Data   string          `json:"data,omitempty"`
	Media  []media         `json:"media,omitempty"`
	Quotes string          `json:"quotes,omitempty"`
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
	switch e.Kind {
	case channel.EventMessage:
		m := message{ID: e.Message.ID, Type: e.Message.Type, Text: e.Message.Text, Data: e.Message.Data, Quotes: e.Message.Quotes}
		for _, file := range e.Message.Media {
			m.Media = append(m.Media, media(file))
		}
		out.Message = &m
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

var (
	kinds = []channel.EventKind{
		channel.EventMessage, channel.EventAction, channel.EventReceipt, channel.EventWatermark, channel.EventSubscription,
		channel.EventIdentity, channel.EventLink, channel.EventNotice, channel.EventOther,
	}
	topics    = []string{"template.status", "template.quality", "template.category", "number.quality", "account"}
	phoneForm = regexp.MustCompile(`^[1-9][0-9]{5,14}$`)
)

// faultsOf tells what an event of its kind lacks, or bears without need.
func faultsOf(e channel.Event, c channel.Capabilities) []string {
	var out []string
	must := func(ok bool, what string) {
		if !ok {
			out = append(out, "want "+what)
		}
	}
	must(slices.Contains(kinds, e.Kind), "a known kind")
	must((e.User == "") == (e.UserKind == ""), "a kind of user with each user, and with no other")
	must(e.UserKind == "" || e.UserKind == hub.Person || e.UserKind == hub.Group, "a known kind of user")
	must(e.UserKind != hub.Group || c.Groups, "no group, since the channel says that it has none")
	must(e.Account != "" || e.User == "", "the account of a user")
	must(!e.Standby || e.Reply == "", "no reply token in standby")
	for _, a := range append(slices.Clone(e.Aliases), e.Former...) {
		must(a.Kind == channel.AliasUser && a.Value != "" || a.Kind == channel.AliasPhone && phoneForm.MatchString(a.Value.Reveal()),
			"aliases of known kinds and forms")
	}
	must(len(e.Aliases) == 0 || e.UserKind == hub.Person, "aliases of persons only")
	must(len(e.Aliases) < 2 || c.Aliases, "one alias, since the channel says that persons have one id")
	if len(e.Aliases) > 0 && e.Kind != channel.EventIdentity {
		must(slices.ContainsFunc(e.Aliases, func(a channel.Alias) bool { return strings.HasSuffix(e.User, a.Value.Reveal()) }),
			"the user's own id among the aliases")
	}
	must(len(e.Former) == 0 || e.Kind == channel.EventIdentity, "former ids with a change of identity only")
	must(e.Profile.Phone == "" || phoneForm.MatchString(e.Profile.Phone.Reveal()), "a phone number in E.164 digits")
	out = append(out, faultsOfKind(e, c)...)

	// Members of other kinds are empty.
	shown := e
	switch e.Kind {
	case channel.EventMessage:
		shown.Message = channel.Message{}
	case channel.EventAction:
		shown.Action = channel.Action{}
	case channel.EventReceipt:
		shown.Receipt = channel.Receipt{}
	case channel.EventWatermark:
		shown.Watermark = channel.Watermark{}
	case channel.EventSubscription:
		shown.Subscribed = false
	case channel.EventLink:
		shown.Link = hub.AccountLink{}
	case channel.EventNotice:
		shown.Notice = channel.Notice{}
	}
	rest := fmt.Sprint(shown.Message, shown.Action, shown.Receipt, shown.Watermark, shown.Subscribed, shown.Link, shown.Notice)
	none := channel.Event{}
	must(rest == fmt.Sprint(none.Message, none.Action, none.Receipt, none.Watermark, none.Subscribed, none.Link, none.Notice),
		"nothing in the members of other kinds")
	return out
}

func faultsOfKind(e channel.Event, c channel.Capabilities) []string {
	var out []string
	must := func(ok bool, what string) {
		if !ok {
			out = append(out, "want "+what)
		}
	}
	switch e.Kind {
	case channel.EventMessage:
		m := e.Message
		must(e.User != "" && m.ID != "" && m.Type != "", "user, id and type of a message")
		must(m.Data == "" || m.Type == hub.Choice || m.Type == hub.Form, "data with choices and forms only")
		must(m.Type != hub.Choice || m.Data != "", "what a choice bears")
		var answers map[string]any
		must(m.Type != hub.Form || m.Data == "" || json.Unmarshal([]byte(m.Data), &answers) == nil && answers != nil,
			"a form's answers as a JSON object, or none")
		for _, file := range m.Media {
			must(slices.Contains([]hub.MessageType{hub.Image, hub.Video, hub.Audio, hub.File, hub.Sticker}, file.Type), "media of known types")
			must(file.ID != "" || file.URL != "", "where a medium is")
			must(file.Size >= 0, "a medium's size")
		}
	case channel.EventAction:
		a := e.Action
		must(slices.Contains([]channel.ActionKind{channel.Reaction, channel.Edit, channel.Unsend}, a.Kind), "a known action")
		must(e.User != "" && a.Target != "" && a.Actor != "", "user, target and actor of an action")
		must(a.Kind != channel.Unsend || a.Value == "", "no value of an unsend")
		must(e.UserKind != hub.Person || e.Actor == "", "no actor but in a group")
	case channel.EventReceipt:
		r := e.Receipt
		must(e.User != "" && (r.Target != "" || r.Ref != ""), "the message of a receipt, and its user")
		must(slices.Contains(c.Receipts, r.State), "a state that the channel says to report")
		must((r.State == hub.Failed) == (r.Code != ""), "a code of each failure, and of nothing else")
		must(r.Detail == "" || r.Code != "", "a detail of failures only")
		must(r.Ref == "" || c.ReceiptRef, "no name of ours, since the channel says that it gives none back")
	case channel.EventWatermark:
		must(e.User != "" && e.Watermark.UpTo > 0, "user and time of a watermark")
		must(e.Watermark.State == hub.Delivered || e.Watermark.State == hub.Read, "a watermark of delivery or reading")
	case channel.EventSubscription:
		must(e.User != "", "the user of a subscription")
	case channel.EventIdentity:
		must(e.User != "" && len(e.Aliases) > 0 && len(e.Former) > 0, "user, new and former ids of a change of identity")
		must(c.Aliases, "no change of identity, since the channel says that persons have one id")
	case channel.EventLink:
		must(e.Link.Nonce != "", "the nonce of a link")
		must(!e.Link.OK || e.User != "", "the user of a link")
	case channel.EventNotice:
		must(e.User == "", "no user of a notice")
		must(slices.Contains(topics, e.Notice.Topic), "a known topic of a notice")
	}
	return out
}
