package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

// By which ids a webhook of WhatsApp names its customer.
const (
	byPhone = "phone"
	byUser  = "user"
	byBoth  = "both"
)

// whatsApp is the channel whose customers have several ids, and times in seconds.
const whatsApp = "whatsapp"

// shows are the ids by which a customer's messages come, by turns. Each customer
// begins elsewhere; some always come by both.
func (c customer) shows(i int) string {
	if c.channel != whatsApp {
		return ""
	}
	if c.number%8 == 7 {
		return byBoth
	}
	return []string{byPhone, byUser, byBoth}[(c.number/2+i)%3]
}

// said are the kinds of messages beside ping, by channel. A tap is a ping by a button.
var said = map[string][]string{
	"line":   {"text", "image", "sticker", "location", "file", "video", "audio", "postback", "text"},
	whatsApp: {"text", "image", "sticker", "location", "document", "audio", "contacts", "order", "unsupported", "tap", "text"},
}

// act lets a customer write n times, each time at a second of its own, and do what
// else customers do. The webhooks are kept.
func (r *run) act(ctx context.Context, who customer, wave, n int) ([]*hook, error) {
	if n <= 0 {
		return nil, nil
	}
	var hooks []*hook
	now := r.now().Truncate(time.Second)
	for i := range n {
		kind := "ping"
		if list := said[who.channel]; r.random.IntN(4) == 0 {
			kind = list[r.random.IntN(len(list))]
		}
		h, err := r.say(ctx, who, kind, who.shows(wave*perWave+i), now.Add(time.Duration(i-n)*time.Second))
		if err != nil {
			return nil, err
		}
		hooks = append(hooks, h)
	}
	more, err := r.beside(ctx, who, wave, hooks, now)
	return append(hooks, more...), err
}

// say makes one message.
func (r *run) say(ctx context.Context, who customer, kind, shown string, at time.Time) (*hook, error) {
	h := &hook{team: demoTeam, customer: who, mark: r.mark(), kind: kind, shown: shown, at: at.UnixMilli(), answered: kind == "ping"}
	a := fake.Act{From: who.name, At: h.at, Hold: true}
	if who.channel != whatsApp {
		a.ID = fmt.Sprintf("5%03d%014d", r.Seed%1000, r.marks)
	}
	filling := ""
	extra := func(members map[string]any) { a.Extra, _ = json.Marshal(members) } // texts and numbers can always be written
	switch kind {
	case "ping":
		a.Text = "ping"
	case "text":
		filling = r.filling()
		a.Text = h.mark + placeholder
	case "postback":
		a.Postback, h.answered = "ping", true
	case "tap":
		a.Button, h.answered = "ping", true
	case "image":
		if a.Image = h.mark; who.channel == whatsApp {
			a.Image = ""
			extra(map[string]any{"type": "image", "caption": h.mark})
		}
	case "sticker":
		a.Sticker = "446/" + fmt.Sprint(r.marks)
	case "location":
		extra(map[string]any{"type": kind, "title": h.mark, "address": h.mark, "latitude": 25.03, "longitude": 121.56})
		if who.channel == whatsApp {
			extra(map[string]any{"type": kind, "name": h.mark, "address": h.mark, "latitude": 25.03, "longitude": 121.56})
		}
	case "file", "document":
		extra(map[string]any{"type": kind, "name": h.mark + ".pdf", "size": 1000})
		if who.channel == whatsApp {
			extra(map[string]any{"type": kind, "name": h.mark + ".pdf", "caption": h.mark})
		}
	case "video", "audio":
		extra(map[string]any{"type": kind, "duration": 1000})
		if who.channel == whatsApp {
			extra(map[string]any{"type": kind, "voice": true})
		}
	case "contacts":
		extra(map[string]any{"type": kind, "contacts": []any{map[string]any{"name": map[string]string{"formatted_name": h.mark}}}})
	case "order":
		extra(map[string]any{"type": kind, "catalog": "c1", "text": h.mark, "items": []any{map[string]any{"product_retailer_id": h.mark, "quantity": 1}}})
	case "unsupported":
		extra(map[string]any{"type": kind, "kind": "poll"})
	}
	if shown != "" && len(a.Extra) == 0 {
		a.Extra = json.RawMessage(`{"type":"identity","show":"` + shown + `"}`)
	} else if shown != "" {
		h.shown = byBoth // the fake has one extra only
	}
	d, err := r.stack.Customer(ctx, who.channel, a)
	if err != nil && kind == "tap" { // nothing was shown to the customer that could be tapped
		return r.say(ctx, who, "ping", shown, at)
	}
	if err != nil {
		return nil, err
	}
	h.carry(d)
	h.act, h.filling = a, filling
	r.learn(h)
	if filling != "" {
		h.body = strings.Replace(h.body, placeholder, filling, 1)
		h.head = r.webhooks[h.team+who.channel].signed(h.head, h.body)
	}
	return h, nil
}

// beside is what a customer does beside writing: reacts, takes a message back, speaks
// in a group and corrects that; and a visitor comes or goes who never writes.
func (r *run) beside(ctx context.Context, who customer, wave int, hooks []*hook, now time.Time) ([]*hook, error) {
	if who.channel == whatsApp {
		h, err := r.react(ctx, who, wave, hooks[0].message, now)
		return []*hook{h}, err
	}
	var more []*hook
	add := func(h *hook, a fake.Act) error {
		h.team, h.customer, h.mark, h.at = demoTeam, who, r.mark(), now.UnixMilli()
		a.From, a.At, a.Hold = who.name, h.at, true
		d, err := r.stack.Customer(ctx, who.channel, a)
		if err != nil {
			return err
		}
		id := h.message
		if h.carry(d); h.want != wantMessage {
			h.message = id
		}
		r.learn(h)
		more = append(more, h)
		return nil
	}
	for _, h := range hooks {
		if h.kind != "text" || r.random.IntN(3) != 0 {
			continue
		}
		h.unsent = true
		extra, _ := json.Marshal(map[string]string{"type": "unsend", "message": h.message})
		if err := add(&hook{kind: "unsend", want: wantAction, target: h.message}, fake.Act{Extra: extra}); err != nil {
			return nil, err
		}
	}
	if wave == 0 && who.number%10 == 2 {
		group := fmt.Sprintf("%s group %d", canaryName, who.number)
		id := fmt.Sprintf("6%03d%014d", r.Seed%1000, r.marks)
		words, _ := json.Marshal(map[string]string{"type": "group_text", "group": group, "text": marker + " in a group"})
		if err := add(&hook{kind: "group text", group: true}, fake.Act{ID: id, Extra: words}); err != nil {
			return nil, err
		}
		edit, _ := json.Marshal(map[string]string{"type": "edit", "group": group, "message": id, "text": marker + " corrected"})
		if err := add(&hook{kind: "edit", want: wantAction, target: id, group: true}, fake.Act{Extra: edit}); err != nil {
			return nil, err
		}
	}
	if who.number%10 == 4 {
		visitor := who
		visitor.name = fmt.Sprintf("%s visitor %d", canaryName, who.number)
		who = visitor
		a := fake.Act{Follow: true}
		if r.came[who.name] {
			a = fake.Act{Block: true}
		}
		r.came[who.name] = a.Follow
		if err := add(&hook{kind: map[bool]string{true: "follow", false: "block"}[a.Follow], want: wantFact}, a); err != nil {
			return nil, err
		}
	}
	return more, nil
}

// react lets a customer react to the hub's last message, or, if there is none, to the
// customer's own.
func (r *run) react(ctx context.Context, who customer, wave int, own string, at time.Time) (*hook, error) {
	emoji := []string{"👍", "❤️", "😂", "🙏"}[wave%4]
	act := fake.Act{From: who.name, At: at.UnixMilli(), Hold: true}
	extra := map[string]string{"type": "reaction", "emoji": emoji}
	encode := func() {
		act.Extra, _ = json.Marshal(extra) // texts can always be written
	}
	encode()
	d, err := r.stack.Customer(ctx, who.channel, act)
	if err != nil {
		extra["message"] = own
		encode()
		if d, err = r.stack.Customer(ctx, who.channel, act); err != nil {
			return nil, err
		}
	}
	h := &hook{team: demoTeam, customer: who, mark: r.mark(), kind: "reaction", want: wantAction, emoji: emoji, at: act.At}
	h.carry(d)
	h.message = ""
	h.target, err = targetOf(d.Body)
	return h, err
}
