package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
)

// By which ids a webhook of WhatsApp names its customer.
const (
	byPhone = "phone"
	byUser  = "user"
	byBoth  = "both"
)

// write lets a customer of WhatsApp write, at a second of its own, and answers the
// message's id.
func (p *play) write(from, text, shown string) (string, error) {
	return p.act(fmt.Sprintf("webhook of %s, by %s: %q", from, shown, text), fake.Act{
		From: from, Text: text, Extra: extra(map[string]any{"type": "identity", "show": shown}),
	})
}

// act lets a customer of WhatsApp act, a second after the act before.
func (p *play) act(what string, act fake.Act) (string, error) {
	now := time.Now().Add(-20 * time.Second).Truncate(time.Second)
	if p.second = p.second.Add(time.Second); p.second.Before(now) {
		p.second = now
	}
	act.At = p.second.UnixMilli()
	d, err := p.stack.Customer(p.ctx, whatsApp, act)
	if err != nil {
		return "", err
	}
	if id := nameIn(d.Body); id != "" {
		p.ids[act.From] = id
	}
	p.tell("arrived", "%s, answered %s", what, statuses(d.Statuses))
	return d.Message, nil
}

// short is enough of a hashed id to know it by.
func short(u hub.UserKey) string { return string(u)[:6] + "…" }

func extra(members map[string]any) json.RawMessage {
	text, _ := json.Marshal(members) // texts and numbers can always be written
	return text
}

// nameIn is the id by which a webhook names its customer to the hub: the user id, or
// else the phone number.
func nameIn(body string) string {
	var w struct {
		Entry []struct {
			Changes []struct {
				Value struct {
					Contacts []struct {
						Phone string `json:"wa_id"`
						User  string `json:"user_id"`
					}
				}
			}
		}
	}
	if json.Unmarshal([]byte(body), &w) != nil || len(w.Entry) == 0 || len(w.Entry[0].Changes) == 0 || len(w.Entry[0].Changes[0].Value.Contacts) == 0 {
		return ""
	}
	c := w.Entry[0].Changes[0].Value.Contacts[0]
	if c.User != "" {
		return c.User
	}
	return "wa:" + c.Phone
}

func known(p *play) error {
	if _, err := p.write("ana", "ping", byPhone); err != nil {
		return err
	}
	if _, _, err := p.settle(whatsApp, "ana"); err != nil {
		return err
	}
	phone := p.ids["ana"]
	if _, err := p.write("ana", "ping", byUser); err != nil {
		return err
	}
	before, _, err := p.settle(whatsApp, "ana")
	if err != nil {
		return err
	}
	user := p.ids["ana"]
	p.expect("messages of the user id, of which nobody knows yet whose it is", before.count(true), 1)

	if _, err := p.write("ana", "ping", byBoth); err != nil {
		return err
	}
	th, calls, err := p.settle(whatsApp, "ana")
	if err != nil {
		return err
	}
	byNumber, err := p.view.thread(p.ctx, accounts[whatsApp], phone)
	if err != nil {
		return err
	}
	p.expect("the phone number and the user id lead to one thread", short(th.User), short(byNumber.User))
	p.expect("messages in it", th.count(true), 3)
	p.expect("answers sent", len(calls), 3)
	p.expect("answers in it", th.count(false), 3)
	p.expect("one conversation is open, with the bot's floor", th.Conversation != "" && th.BotMaySpeak(), true)
	person, err := p.view.contact(p.ctx, th)
	if err != nil {
		return err
	}
	for _, e := range person.Edges {
		p.tell("joined", "home %.6s… with home %.6s…: %s (%s)", e.A, e.B, e.Evidence, e.Detail)
	}
	p.expect("homes of the contact", len(person.Homes), 2)
	p.expect("edges between them, with their evidence", len(person.Edges) == 1 && person.Edges[0].Evidence == hub.EvidenceAlias, true)
	return recycled(p, phone, user, th)
}

// recycled moves ana, who was known by a phone number and by a user id, to another number;
// then somebody else gets the old one.
func recycled(p *play, phone, user string, th thread) error {
	last := 0
	seen, err := p.stack.Events(p.ctx, 0)
	if err != nil {
		return err
	}
	if len(seen) > 0 {
		last = seen[len(seen)-1].Number
	}
	if _, err := p.act("ana changes her number", fake.Act{From: "ana", Extra: extra(map[string]any{"type": "change_number"})}); err != nil {
		return err
	}
	// The webhook of a change does not name its customer as others do.
	if _, err := p.act(`webhook of ben, who got the number: "hello"`, fake.Act{
		From: "ben", Extra: extra(map[string]any{"type": "recycled", "of": "ana", "text": "hello"}),
	}); err != nil {
		return err
	}
	ben, _, err := p.settle(whatsApp, "ben")
	if err != nil {
		return err
	}
	p.expect("ben has a thread of his own", ben.User != th.User && ben.count(true) == 1, true)
	his, err := p.view.contact(p.ctx, ben)
	if err != nil {
		return err
	}
	p.expect("homes of ben's contact", len(his.Homes), 1)
	names := map[hub.HomeID]string{}
	for id, name := range map[string]string{phone: "her number", user: "her user id"} {
		names[p.view.pepper.Home(accounts[whatsApp], id, 0)] = name
	}
	if err := p.asked(his.Root, last, names); err != nil {
		return err
	}

	if _, err := p.write("ana", "hello again", byBoth); err != nil {
		return err
	}
	again, _, err := p.settle(whatsApp, "ana")
	if err != nil {
		return err
	}
	p.expect("ana goes by another user id now", p.ids["ana"] != user, true)
	p.expect("and still has her thread", short(again.User), short(th.User))
	p.expect("messages in it", again.count(true), 4)
	return nil
}

// asked looks what a member of the team is asked of ben, on the bus after an event and in
// the API, once match has done its work too: whether he is ana, once for each of her homes,
// which have names. His webhook bore her number with another user id; that home of hers
// which is of her user id has the number in its profile.
func (p *play) asked(ben hub.HomeID, last int, names map[hub.HomeID]string) error {
	if err := p.stack.Idle(p.ctx, time.Minute); err != nil {
		return err
	}
	events, err := p.stack.Events(p.ctx, last)
	if err != nil {
		return err
	}
	of := func(a, b string) string {
		other := hub.HomeID(a)
		if other == ben {
			other = hub.HomeID(b)
		}
		return cmp.Or(names[other], string(other))
	}
	told, listed := map[string][]string{}, map[string][]string{}
	for _, e := range events {
		var d struct{ A, B, Reason string }
		if e.DetailType == hub.ContactCandidate && json.Unmarshal(e.Detail, &d) == nil && slices.Contains([]string{d.A, d.B}, string(ben)) {
			p.tell("bus", "%s: home %.6s… and home %.6s…, %s", e.DetailType, d.A, d.B, d.Reason)
			told[of(d.A, d.B)] = append(told[of(d.A, d.B)], d.Reason)
		}
	}
	// Match may see that the numbers are the same before inbound has said what the webhook
	// shows: that takes the place of it, and is told.
	if list := told["her number"]; len(list) > 1 && list[0] == hub.ReasonPhone {
		told["her number"] = list[1:]
	}
	want := map[string][]string{"her number": {hub.ReasonOtherID}, "her user id": {hub.ReasonPhone}}
	p.expect("a member of the team is asked to decide", told, want)
	list, err := p.calls(marketer, "GET", "/contacts/"+p.name(string(ben), "ben")+"/candidates", nil, "200")
	if err != nil {
		return err
	}
	as, bs, decisions := each(list, "items", "a"), each(list, "items", "b"), each(list, "items", "decision")
	for i, reason := range each(list, "items", "reason") {
		with := of(as[i], bs[i])
		listed[with] = append(listed[with], reason+decisions[i])
	}
	p.expect("once for each of her homes, and nothing is decided", listed, want)
	return nil
}
