package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"omnihub/internal/bus"
	"omnihub/internal/chat"
	"omnihub/internal/contact"
	"omnihub/internal/hub"
	"omnihub/internal/omnilink"
	"omnihub/internal/queue"
)

// letter is a dead message with what can be told of it without its content.
type letter struct {
	queue.Dead
	kind      string // "event", "chunk", "order", "profile", "contact.created", "schedule", "unreadable"
	team      hub.TeamID
	account   hub.AccountID
	channel   hub.Channel
	trace     string
	reason    string         // of the last failure, where somebody noted it
	published *hub.Published // of a rule's dead letter
}

// read tells what a dead message is. The account of an order stands in its message,
// which is read if the table Messages is given.
func (c *control) read(ctx context.Context, d queue.Dead) letter {
	l := letter{Dead: d, kind: "unreadable", reason: d.Notes["ERROR_CODE"]}
	if d.Notes["RULE_ARN"] != "" {
		if p, err := bus.ReadEvent(d.Body); err == nil {
			account, _ := p.Detail["account"].(string)
			kind, _ := p.Detail["channel"].(string)
			l.kind, l.team, l.account, l.channel, l.published = p.Kind, p.Team, hub.AccountID(account), hub.Channel(kind), &p
			return l
		}
	}
	var form struct {
		Home, K string
		Kind    string `json:"detail-type"`
	}
	if json.Unmarshal([]byte(d.Body), &form) != nil {
		return l
	}
	switch {
	case d.Source == "" && d.Notes["RULE_ARN"] == "":
		l.kind = "schedule"
	case form.K != "":
		if o, err := chat.ReadOrder(d.Body); err == nil {
			l.kind, l.team, l.trace = "order", o.Ref.Team, o.Intent.Trace
			if c.store.Tables.Messages != "" {
				if stored, err := c.store.Send(ctx, o.Ref, o.Intent.Key); err == nil {
					l.account, l.channel = stored.Intent.Account, stored.Intent.Channel
				}
			}
		}
	case form.Kind != "":
		if t, err := omnilink.ReadTold(d.Body); err == nil {
			l.kind, l.team, l.trace = t.Kind, t.Team, t.Trace
		}
	case form.Home != "":
		if a, err := contact.ReadAsk(d.Body); err == nil {
			l.kind, l.team, l.account, l.channel = "profile", a.Team, a.Account, a.Channel
		}
	default:
		if e, err := chat.ReadEnvelope(d.Body); err == nil {
			l.kind, l.team, l.account, l.channel, l.trace = "event", e.Team, e.Account, e.Channel, e.Trace
			if e.Chunk != nil {
				l.kind, l.reason = "chunk", string(e.Chunk.Reason)
			}
		}
	}
	return l
}

// choice is which dead messages are meant.
type choice struct {
	team, account, filter, since *string
	from                         hub.Millis
}

func (f flags) choice() *choice {
	return &choice{
		team: f.String("team", "", ""), account: f.String("account", "", ""), filter: f.String("filter", "", ""), since: f.String("since", "", ""),
	}
}

// all tells that nothing was chosen.
func (s *choice) all() bool { return *s.team+*s.account+*s.filter+*s.since == "" }

// fits tells whether a dead message is meant: put on the queue since, of the team and
// the account, and with a kind, channel, trace, id or reason that holds the filter's text.
func (s *choice) fits(l letter) bool {
	return l.Sent >= s.from && (*s.team == "" || string(l.team) == *s.team) && (*s.account == "" || string(l.account) == *s.account) &&
		holds(*s.filter, l.kind, string(l.channel), l.trace, l.ID, l.reason)
}

// line is a dead message in a list.
func (c *control) line(l letter) string {
	return strings.Join([]string{
		l.ID, age(l.Sent, c.now()) + " old", fmt.Sprintf("%d receives", l.Receives), l.kind, dash(string(l.team)), dash(string(l.account)),
		dash(l.reason), dash(l.trace),
	}, "  ")
}
