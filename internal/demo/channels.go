package main

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
	"omnihub/internal/hub"
	"omnihub/internal/store"
)

// talk is what a scene has to know of a channel.
type talk struct {
	channel, customer string
	id                *regexp.Regexp // the customer's id in a webhook
	begins            func(p *play, t talk) error
	tap               fake.Act  // of the button "Tea"
	ends              hub.State // how an answer ends that the customer reads
	inbox             bool      // the account's side can write in the platform's own inbox, and the hub is told
}

var (
	onMessenger = talk{
		channel: messenger, customer: "mia", id: regexp.MustCompile(`"sender":\{"id":"(\d+)"`),
		tap: fake.Act{Button: "tea"}, ends: hub.Read, inbox: true,
	}
	onInstagram = talk{
		channel: instagram, customer: "ines", id: regexp.MustCompile(`"sender":\{"id":"(\d+)"`),
		tap: fake.Act{Button: "tea"}, ends: hub.Read, inbox: true,
	}
	onTwilio = talk{ // buttons stand in templates there
		channel: twilio, customer: "tom", id: regexp.MustCompile(`ExternalUserId=whatsapp%3A([^&]+)`),
		tap: fake.Act{Extra: extra(map[string]any{"type": "button", "id": "tea", "title": "Tea"})}, ends: hub.Read,
	}
	onViber = talk{
		channel: viber, customer: "vera", id: regexp.MustCompile(`"id":"([A-Za-z0-9+/]{22}==)"`),
		begins: welcomed, tap: fake.Act{Button: "tea"}, ends: hub.Read,
	}
)

// does lets the customer of a talk act.
func (p *play) does(t talk, what string, act fake.Act) (fake.Delivery, error) {
	act.From = t.customer
	d, err := p.stack.Customer(p.ctx, t.channel, act)
	if err != nil {
		return d, err
	}
	if found := t.id.FindStringSubmatch(d.Body); found != nil && p.ids[t.customer] == "" {
		p.ids[t.customer] = found[1]
	}
	p.tell("arrived", "webhook of %s: %s, answered %s", t.customer, what, statuses(d.Statuses))
	return d, nil
}

// talks is the scene of a channel.
func talks(t talk) func(p *play) error {
	return func(p *play) error {
		if err := p.stack.Faults(p.ctx, map[string]any{t.channel: map[string]any{"seed": 1, "status_read": true}}); err != nil {
			return err
		}
		if t.begins != nil {
			if err := t.begins(p, t); err != nil {
				return err
			}
		}
		for _, part := range []func(p *play, t talk) error{ping, tapped, colleague, expired} {
			if err := part(p, t); err != nil {
				return err
			}
		}
		return p.stack.Faults(p.ctx, map[string]any{t.channel: nil})
	}
}

// ping is answered, and the answer is read; an image is stored as one.
func ping(p *play, t talk) error {
	if _, err := p.does(t, `"ping"`, fake.Act{Text: "ping"}); err != nil {
		return err
	}
	th, err := p.rest(t.channel, t.customer)
	if err != nil {
		return err
	}
	answer := lastOf(th, false)
	p.expect("the answer", answer.Text, "pong")
	p.expect("the answer ends as", stateOf(th, answer), t.ends)
	if _, err := p.does(t, "an image", fake.Act{Image: "https://example.com/shoe.jpg"}); err != nil {
		return err
	}
	if th, err = p.rest(t.channel, t.customer); err != nil {
		return err
	}
	p.expect("what came is stored as", lastOf(th, true).Type, hub.Image)
	return nil
}

// tapped shows buttons to the customer, who taps one.
func tapped(p *play, t talk) error {
	th, err := p.rest(t.channel, t.customer)
	if err != nil {
		return err
	}
	question := hub.Content{Type: hub.Buttons, Text: "Tea or coffee?", Buttons: []hub.Button{{Title: "Tea", Data: "tea"}, {Title: "Coffee", Data: "coffee"}}}
	if err := p.view.show(p.ctx, th, hub.ClassTransactional, question); err != nil {
		return err
	}
	if th, err = p.rest(t.channel, t.customer); err != nil {
		return err
	}
	p.expect("the question ends as", stateOf(th, lastOf(th, false)), t.ends)
	if _, err := p.does(t, "a tap on Tea", t.tap); err != nil {
		return err
	}
	if th, err = p.rest(t.channel, t.customer); err != nil {
		return err
	}
	choice := lastOf(th, true)
	p.expect("the tap is stored as", fmt.Sprintf("%s %s %s", choice.Type, choice.Text, choice.Data), fmt.Sprintf("%s Tea tea", hub.Choice))
	return nil
}

// colleague writes to the customer in the platform's own inbox.
func colleague(p *play, t talk) error {
	if !t.inbox {
		return nil
	}
	if _, err := p.does(t, "an echo of the platform's inbox", fake.Act{Extra: extra(map[string]any{"type": "echo", "text": "Your tea is ready"})}); err != nil {
		return err
	}
	th, err := p.rest(t.channel, t.customer)
	if err != nil {
		return err
	}
	theirs := lastOf(th, false)
	p.expect("the log shows what was written elsewhere", fmt.Sprintf("%q, class %q", theirs.Text, theirs.Class), `"Your tea is ready", class ""`)
	return nil
}

// expired lets the platform refuse the account's credentials for a while.
func expired(p *play, t talk) error {
	if err := p.stack.Faults(p.ctx, map[string]any{t.channel: map[string]any{"expired_token": true}}); err != nil {
		return err
	}
	seen, err := p.stack.Events(p.ctx, 0)
	if err != nil {
		return err
	}
	before, err := p.stack.Sent(p.ctx, t.channel, t.customer)
	if err != nil {
		return err
	}
	if _, err := p.does(t, `"ping", while the credentials are refused`, fake.Act{Text: "ping"}); err != nil {
		return err
	}
	th, err := p.rest(t.channel, t.customer)
	if err != nil {
		return err
	}
	p.expect("the answer waits as", stateOf(th, lastOf(th, false)), hub.Queued)
	told, err := p.stack.Events(p.ctx, seen[len(seen)-1].Number)
	if err != nil {
		return err
	}
	facts := ""
	for _, e := range told {
		var d struct{ Account string }
		if e.DetailType == hub.AccountTokenExpired && json.Unmarshal(e.Detail, &d) == nil {
			facts += e.DetailType + " " + d.Account
		}
	}
	p.expect("the bus tells", facts, hub.AccountTokenExpired+" "+string(accounts[t.channel]))
	if err := p.stack.Faults(p.ctx, map[string]any{t.channel: map[string]any{"status_read": true}}); err != nil {
		return err
	}
	if err := p.pass(10 * time.Minute); err != nil {
		return err
	}
	th, calls, err := p.settle(t.channel, t.customer)
	if err != nil {
		return err
	}
	p.expect("ten minutes after they are taken again, the answer is", stateOf(th, lastOf(th, false)), t.ends)
	p.expect("messages sent meanwhile", messages(calls)-messages(before), 1)
	return nil
}

// welcomed lets a customer open the chat, who is welcomed in the webhook's own answer.
func welcomed(p *play, t talk) error {
	d, err := p.does(t, "the chat was opened", fake.Act{Extra: extra(map[string]any{"type": "conversation_started"})})
	if err != nil {
		return err
	}
	p.expect("the webhook's answer brings a welcome that the platform takes", strings.Contains(d.Answer, "Welcome to the demo shop.") && d.Refused == "", true)
	th, err := p.rest(t.channel, t.customer)
	if err != nil {
		return err
	}
	p.expect("the log shows the welcome", strings.HasPrefix(lastOf(th, false).Text, "Welcome to the demo shop."), true)
	return nil
}

// messages counts calls that the customer sees.
func messages(calls []fake.Call) int {
	n := 0
	for _, c := range calls {
		if c.Text != "" {
			n++
		}
	}
	return n
}

// lastOf is the newest message of one side; an empty one if there is none.
func lastOf(th thread, inbound bool) store.Logged {
	for i := len(th.log) - 1; i >= 0; i-- {
		if th.log[i].Inbound == inbound {
			return th.log[i]
		}
	}
	return store.Logged{}
}

// stateOf is how a message of ours fares. Some platforms tell until when all was
// delivered or read, and name no message.
func stateOf(th thread, m store.Logged) hub.State {
	s := m.Stamps
	if s.Final() && s.State() != hub.Failed {
		at := hub.MillisOf(m.Key.At().Time())
		if th.DeliveredUpTo >= at {
			s.Delivered = max(s.Delivered, th.DeliveredUpTo)
		}
		if th.ReadUpTo >= at {
			s.Read = max(s.Read, th.ReadUpTo)
		}
	}
	return s.State()
}
