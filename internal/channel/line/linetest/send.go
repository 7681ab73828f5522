package linetest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"omnihub/internal/channel/fake"
)

const (
	tokenLife = time.Minute      // of a reply token, after each delivery of its webhook
	eventLife = 20 * time.Minute // of a reply token, after its event
	keyLife   = 24 * time.Hour   // of a retry key
)

type sentMessage struct {
	ID         string `json:"id"`
	QuoteToken string `json:"quoteToken"`
}

// sendRequest is the body of a reply or a push.
type sendRequest struct {
	ReplyToken *string           `json:"replyToken"`
	To         *string           `json:"to"`
	Messages   []json.RawMessage `json:"messages"`
}

var retryKeyForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// reply answers an event. https://developers.line.biz/en/reference/messaging-api/#send-reply-message
func (p *platform) reply(x *exchange, f faults) {
	in, ok := x.sendRequest()
	if !ok || p.fault(x, f, "reply", deref(in.ReplyToken)) {
		return
	}
	if x.r.Header.Get("X-Line-Retry-Key") != "" {
		x.refuse(400, "The retry key is not supported by this API")
		return
	}
	if in.ReplyToken == nil {
		x.refuse(400, "The property, 'replyToken', in the request body is invalid (line: -, column: -)")
		return
	}
	p.Mu.Lock()
	now, t := p.Now(), x.account.tokens[*in.ReplyToken]
	if t == nil || t.used || now.Sub(t.delivered) > tokenLife || now.Sub(t.event) > eventLife {
		p.Mu.Unlock()
		x.refuse(400, "Invalid reply token")
		return
	}
	t.used = true
	p.rememberToken(x.account, *in.ReplyToken, t)
	sent := newMessages(len(in.Messages))
	p.deliver(x.account, t.to, in.Messages)
	p.note(x, fake.Call{Kind: "reply", To: t.to, Text: textOf(in.Messages), ID: sent[0].ID, ReplyToken: *in.ReplyToken})
	p.Mu.Unlock()
	p.accepted(x, f, "reply", *in.ReplyToken, sent)
}

// push sends to a customer or a group at any time.
// https://developers.line.biz/en/reference/messaging-api/#send-push-message
func (p *platform) push(x *exchange, f faults) {
	in, ok := x.sendRequest()
	key := x.r.Header.Get("X-Line-Retry-Key")
	name := key
	if name == "" {
		name = string(x.body)
	}
	if !ok || p.fault(x, f, "push", name) {
		return
	}
	if key != "" && !retryKeyForm.MatchString(key) {
		x.refuse(400, "The retry key is invalid")
		return
	}
	to := deref(in.To)
	if !userForm.MatchString(to) && !groupForm.MatchString(to) {
		x.refuse(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
		return
	}
	sent, done := p.pushOnce(x, f, strings.ToLower(key), to, in.Messages)
	if done {
		p.accepted(x, f, "push", name, sent)
	}
}

// pushOnce accepts a push, or answers why not; looking and accepting are one step,
// so that of two requests with one retry key one is sent.
func (p *platform) pushOnce(x *exchange, f faults, key, to string, messages []json.RawMessage) ([]sentMessage, bool) {
	p.Mu.Lock()
	defer p.Mu.Unlock()
	now := p.Now()
	if first, ok := x.account.accepted[key]; ok && key != "" && now.Sub(first.at) < keyLife {
		if first.body != string(x.body) {
			x.refuse(400, "The retry key was used with another request")
			return nil, false
		}
		x.w.Header().Set("x-line-accepted-request-id", first.request)
		x.answer(409, refusal{Message: "The retry key is already accepted", SentMessages: first.sent})
		return nil, false
	}
	who := x.account.customers[to]
	if who == nil || isGroup(to) && who.Blocked {
		x.refuse(400, "Failed to send messages")
		return nil, false
	}
	if who.reached(to, now) { // those who do not get it are not counted
		count := who.recipients(to)
		if f.MonthlyQuota != nil && x.account.pushed[p.month()]+count > *f.MonthlyQuota {
			x.refuse(429, "You have reached your monthly limit.")
			return nil, false
		}
		x.account.pushed[p.month()] += count
		p.Journal.Record("counted", countEntry{x.account.ID, p.month(), count})
	}
	sent := newMessages(len(messages))
	if key != "" {
		x.account.accepted[key] = acceptance{body: string(x.body), at: now, request: x.request, sent: sent}
		p.Journal.Record("accepted", acceptanceEntry{x.account.ID, key, string(x.body), now, x.request, sent})
	}
	p.deliver(x.account, to, messages)
	p.note(x, fake.Call{Kind: "push", To: to, Text: textOf(messages), ID: sent[0].ID, RetryKey: key})
	return sent, true
}

// deliver shows accepted messages to the customer, if they reach him; p.Mu is held.
func (p *platform) deliver(a *account, to string, messages []json.RawMessage) {
	if who := a.customers[to]; who.reached(to, p.Now()) {
		who.show(messages)
		p.rememberCustomer(a, to)
	}
}

// note puts an accepted call into the ledger; p.Mu is held.
func (p *platform) note(x *exchange, c fake.Call) {
	c.Channel, c.Account, c.Name = kind, x.account.ID, p.names[c.To]
	c.Body, c.At = string(x.body), p.Now().UnixMilli()
	c.Dropped = !x.account.customers[c.To].reached(c.To, p.Now())
	p.Ledger.Add(c)
}

// fault answers in place of LINE if the plan says so: 429, 500, or never.
func (p *platform) fault(x *exchange, f faults, what, name string) bool {
	return p.Fault(x.w, x.r, f.Calls, what+" "+name,
		func() { x.refuse(429, "The API rate limit has been exceeded. Try again later.") },
		func() { x.refuse(500, "Internal error") })
}

// accepted answers a call that was accepted, unless the plan spoils the answer.
func (p *platform) accepted(x *exchange, f faults, what, name string, sent []sentMessage) {
	if !p.Spoil(f.Calls, what+" "+name, func() { x.refuse(500, "Internal error") }) {
		x.answer(200, map[string]any{"sentMessages": sent})
	}
}

// sendRequest reads the body and looks at its messages, or answers what is wrong
// with it.
func (x *exchange) sendRequest() (sendRequest, bool) {
	var in sendRequest
	if err := json.Unmarshal(x.body, &in); err != nil {
		x.refuse(400, "The request body could not be parsed as JSON (line: 1, column: 1)")
		return in, false
	}
	var wrong []detail
	if n := len(in.Messages); n < 1 || n > 5 {
		wrong = append(wrong, detail{"Size must be between 1 and 5", "messages"})
	}
	for i, raw := range in.Messages {
		outer, inner := inspect(raw, fmt.Sprintf("messages[%d]", i))
		if len(inner) > 0 {
			x.answer(400, refusal{Message: fmt.Sprintf("A message (messages[%d]) in the request body is invalid", i), Details: inner})
			return in, false
		}
		wrong = append(wrong, outer...)
	}
	if len(wrong) > 0 {
		x.invalid(wrong)
		return in, false
	}
	return in, true
}

func newMessages(n int) []sentMessage {
	out := make([]sentMessage, n)
	for i := range out {
		out[i] = sentMessage{ID: messageID(), QuoteToken: quoteToken()}
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
