package whatsapptest

import (
	"errors"
	"fmt"
	"time"

	"omnihub/internal/channel/fake"
)

// statusByHand tells any state of a message of the hub's.
func (p *platform) statusByHand(n *number, a fake.Act, x extra, at time.Time) (update, error) {
	id := x.Message
	if id == "" && a.From != "" {
		who, err := p.person(n, a.From)
		if err != nil {
			return update{}, err
		}
		id = n.chat(who.Key).last
	}
	s := n.sent[id]
	if s == nil {
		return update{}, errors.New("whatsapptest: act: a status is of a message that the hub sent: name it, or a customer who got one")
	}
	switch x.Status {
	case "sent", "delivered", "read", "played":
	case "failed":
		if x.Code == 0 {
			x.Code = 131026
		}
	default:
		return update{}, errors.New("whatsapptest: act: a status is sent, delivered, read, played or failed")
	}
	c := p.status(n, s, x.Status, x.Code, x.Details, at)
	return update{n: n, change: &c, message: s.ID}, nil
}

// newTemplate makes a template that can be sent.
func (p *platform) newTemplate(n *number, x extra) (update, error) {
	t, err := defineTemplate(x.Template)
	if err != nil {
		return update{}, err
	}
	p.templates[t.key(n.waba)] = t
	p.Journal.Record("template", templateEntry{WABA: n.waba, Template: t})
	return update{n: n}, nil
}

// templateUpdate tells that a template changed.
// https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update
type templateUpdate struct {
	Event    string       `json:"event"`
	ID       int64        `json:"message_template_id"`
	Name     string       `json:"message_template_name"`
	Language string       `json:"message_template_language"`
	Reason   *string      `json:"reason"`
	Category string       `json:"message_template_category"`
	Disable  *disableInfo `json:"disable_info,omitempty"`
	Other    *otherInfo   `json:"other_info,omitempty"`
}

type disableInfo struct {
	Date string `json:"disable_date"`
}

type otherInfo struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

// states are what the events make of a template; "" leaves it as it is.
var states = map[string]string{
	"APPROVED": "APPROVED", "REINSTATED": "APPROVED", "REJECTED": "REJECTED", "PENDING": "PENDING", "IN_APPEAL": "PENDING",
	"PAUSED": "PAUSED", "DISABLED": "DISABLED", "DELETED": "DELETED", "PENDING_DELETION": "", "ARCHIVED": "ARCHIVED",
	"LOCKED": "LOCKED", "FLAGGED": "", "LIMIT_EXCEEDED": "",
}

// templateStatus tells that a template changed, and lets it change.
func (p *platform) templateStatus(n *number, x extra, at time.Time) (update, error) {
	t := p.templates[(&template{Name: x.Name, Language: x.Language}).key(n.waba)]
	if t == nil {
		return update{}, errors.New("whatsapptest: act: there is no such template in this language; make it by an act of type template")
	}
	state, ok := states[x.Event]
	if !ok {
		return update{}, fmt.Errorf("whatsapptest: act: a template has no event %q", x.Event)
	}
	changed := *t
	if state != "" {
		changed.Status = state
	}
	p.templates[t.key(n.waba)] = &changed
	p.Journal.Record("template", templateEntry{WABA: n.waba, Template: &changed, Gone: state == "DELETED"})
	if state == "DELETED" {
		delete(p.templates, t.key(n.waba))
	}
	u := templateUpdate{Event: x.Event, ID: t.id(n.waba), Name: t.Name, Language: t.Language, Reason: &x.Reason, Category: t.Category}
	switch {
	case x.Reason != "":
	case x.Event == "PENDING_DELETION":
		u.Reason = nil
	case x.Event == "REJECTED":
		*u.Reason = "INVALID_FORMAT"
	default:
		*u.Reason = "NONE"
	}
	if x.Title != "" {
		u.Other = &otherInfo{x.Title, x.Details}
	}
	if x.Date != "" {
		u.Disable = &disableInfo{x.Date}
	}
	return update{n: n, change: &change{Value: u, Field: "message_template_status_update"}, time: at.Unix()}, nil
}
