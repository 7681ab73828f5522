package meta

import (
	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// maxMark is the longest text that an entry or an echo carries on, in bytes.
const maxMark = 2 << 10

// read fills in what happened, or says why the item cannot be read.
func (i *Item) read(e *channel.Event) (why string) {
	switch i.Key {
	case KeyPolicy:
		if i.Account == "" {
			return "no account"
		}
		e.Kind, e.Notice = channel.EventNotice, policyOf(i.Body)
		return ""
	case KeyMessage, KeyPostback, KeyReaction, KeyEdit, KeyDelivery, KeyRead, KeyReferral:
	default:
		return ""
	}
	switch {
	case i.Account == "":
		return "no account"
	case i.self, i.ByAccount && i.Key != KeyMessage: // nothing that a customer did
		return ""
	case i.User == "":
		return "a " + i.Key + " of nobody"
	}
	switch i.Key {
	case KeyMessage:
		i.message(e)
	case KeyPostback:
		e.Kind, e.Message = channel.EventMessage, postbackOf(i.Body)
		e.Message.ID = e.ID
		e.Entry = EntryOf(scan.Get(i.Body, "referral"))
	case KeyReferral:
		if entry := EntryOf(i.Body); entry != (channel.Entry{}) {
			e.Kind, e.Entry = channel.EventEntry, entry
		}
	case KeyReaction:
		i.reaction(e)
	case KeyEdit:
		if target := scan.Name(scan.Get(i.Body, "mid")); target != "" {
			i.act(e, channel.Action{Kind: channel.Edit, Target: target, Value: scan.Text(scan.Get(i.Body, "text"))})
		}
	case KeyDelivery:
		i.mark(e, hub.Delivered)
	case KeyRead:
		i.mark(e, hub.Read)
	}
	return ""
}

// message reads what a customer wrote, or the account's side.
func (i *Item) message(e *channel.Event) {
	m := i.Message
	if m.Deleted {
		if target := scan.Name(m.ID); target != "" && !i.ByAccount {
			i.act(e, channel.Action{Kind: channel.Unsend, Target: target})
		}
		return
	}
	e.Kind, e.Message = channel.EventMessage, i.content()
	e.Message.ID = e.ID
	e.Message.Quotes = scan.Name(scan.Get(m.ReplyTo, "mid"))
	e.Entry = EntryOf(m.Referral)
	if i.ByAccount {
		e.Kind, e.Entry = channel.EventEcho, channel.Entry{}
		e.Echo = channel.Echo{Ref: refOf(m.Metadata), App: scan.Name(m.App)}
	}
}

// refOf is the text that we put beside a message, if it can be ours.
func refOf(metadata []byte) string {
	const longest = 512 // of Outgoing.Ref
	ref := scan.Text(metadata)
	if len(ref) > longest {
		return ""
	}
	for _, c := range []byte(ref) {
		if c <= ' ' || c > '~' {
			return ""
		}
	}
	return ref
}

// EntryOf reads how a customer came: of m.me and ig.me links, and of advertisements.
// The zero Entry means that it tells nothing.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_referrals
func EntryOf(referral []byte) channel.Entry {
	out := channel.Entry{
		Source: scan.Name(scan.Get(referral, "source")),
		Ref:    scan.Text(scan.Get(referral, "ref")),
		Ad:     scan.Name(scan.Get(referral, "ad_id")),
	}
	if len(out.Ref) > maxMark {
		out.Ref = ""
	}
	return out
}

func (i *Item) act(e *channel.Event, a channel.Action) {
	a.Actor = i.User
	e.Kind, e.Action = channel.EventAction, a
}

// reaction reads an emoji that was put to a message, or taken back.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-reactions
func (i *Item) reaction(e *channel.Event) {
	a := channel.Action{Kind: channel.Reaction, Target: scan.Name(scan.Get(i.Body, "mid"))}
	if a.Target == "" {
		return
	}
	switch scan.Name(scan.Get(i.Body, "action")) {
	case "react":
		if a.Value = emojiOf(i.Body); a.Value == "" {
			a.Value = emoji["other"]
		}
	case "unreact":
	default:
		return
	}
	i.act(e, a)
}

// emoji are what people see of the names of reactions.
var emoji = map[string]string{
	"smile": "😆", "angry": "😠", "sad": "😢", "wow": "😮", "love": "❤", "like": "👍", "dislike": "👎", "other": "❔",
}

// emojiOf is the emoji of a reaction, by itself or by its name.
func emojiOf(body []byte) string {
	if e := scan.Name(scan.Get(body, "emoji")); e != "" {
		return e
	}
	name := scan.Name(scan.Get(body, "reaction"))
	if e := emoji[name]; e != "" {
		return e
	}
	return name
}

// mark reads that messages of ours moved on: all until a time, or one.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/message-reads
func (i *Item) mark(e *channel.Event, state hub.State) {
	if upTo := Millis(scan.Get(i.Body, "watermark")); upTo != 0 {
		e.Kind, e.Watermark = channel.EventWatermark, channel.Watermark{UpTo: upTo, State: state}
	} else if target := scan.Name(scan.Get(i.Body, "mid")); target != "" {
		e.Kind, e.Receipt = channel.EventReceipt, channel.Receipt{Target: target, State: state}
	}
}

// policyOf reads that Meta warns, blocks or frees the account.
// https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events/messaging_policy_enforcement
func policyOf(body []byte) channel.Notice {
	detail := map[string]string{"event": KeyPolicy}
	for _, name := range []string{"action", "reason"} {
		if text := scan.Text(scan.Get(body, name)); text != "" && len(text) <= maxMark {
			detail[name] = text
		}
	}
	return channel.Notice{Topic: "account", Detail: detail}
}
