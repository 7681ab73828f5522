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

const maxRef = 512 // the longest Outgoing.Ref

var (
	kinds = []channel.EventKind{
		channel.EventMessage, channel.EventAction, channel.EventReceipt, channel.EventWatermark, channel.EventSubscription,
		channel.EventIdentity, channel.EventLink, channel.EventEcho,
		channel.EventEntry, channel.EventNotice, channel.EventOther,
	}
	topics    = []string{"template.status", "template.quality", "template.category", "number.quality", "account"}
	phoneForm = regexp.MustCompile(`^[1-9][0-9]{5,14}$`)
)

// faultsOf tells what an event of its kind lacks, or bears without need. Single tells
// that a connection has one account, which its events need not name.
func faultsOf(e channel.Event, c channel.Capabilities, single bool) []string {
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
	must(e.Account != "" || e.User == "" || single, "the account of a user")
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
	must(e.Entry.Ad == "" || c.EntryWindow > 0 || c.EntryFree > 0, "no advertisement, since the channel says that it opens and pays for nothing")
	out = append(out, faultsOfKind(e, c)...)

	// Members of other kinds are empty.
	shown := e
	switch e.Kind {
	case channel.EventMessage:
		shown.Message, shown.Entry = channel.Message{}, channel.Entry{}
	case channel.EventEcho:
		shown.Message, shown.Echo = channel.Message{}, channel.Echo{}
	case channel.EventEntry:
		shown.Entry = channel.Entry{}
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
	members := func(e channel.Event) string {
		return fmt.Sprintf("%v %v %v %v %v %v %v %v %v", e.Message, e.Action, e.Receipt, e.Watermark, e.Subscribed, e.Link, e.Notice, e.Echo, e.Entry)
	}
	must(members(shown) == members(channel.Event{}), "nothing in the members of other kinds")
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
	case channel.EventMessage, channel.EventEcho:
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
		if e.Kind == channel.EventEcho {
			must(c.Echoes, "no echo, since the channel says that it shows none")
			must(e.Reply == "", "no reply token of an echo: nobody asked")
			must(m.Type != hub.Choice && m.Type != hub.Form, "what the account's side can write in an echo")
			must(len(e.Echo.Ref) <= maxRef, "a reference in an echo that could be ours")
		}
	case channel.EventEntry:
		must(e.User != "", "the user of an entry")
		must(e.Entry != (channel.Entry{}), "how the customer came with an entry")
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
