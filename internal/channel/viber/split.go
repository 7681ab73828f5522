package viber

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// The events that Viber documents.
// https://developers.viber.com/docs/api/rest-bot-api/#callbacks
const (
	onWebhook      = "webhook"
	onSubscribed   = "subscribed"
	onUnsubscribed = "unsubscribed"
	onStarted      = "conversation_started"
	onMessage      = "message"
	onDelivered    = "delivered"
	onSeen         = "seen"
	onFailed       = "failed"
)

// callback is a webhook's body, which is one event; each value as received.
type callback struct {
	kind            string // event
	token, at       []byte // message_token, timestamp
	user, sender    []byte
	userID, message []byte
	opened, context []byte // type and context of conversation_started
	raw             []byte
	host            [2]int // where the value of chat_hostname stands in raw
}

// callbackOf reads a body. A member that tells whose event it is, or which, may be
// there once only: ok tells whether that is so and the body is a JSON object.
func callbackOf(body []byte) (c callback, at int, ok bool) {
	s := scan.Of(body)
	s.Must('{')
	start := s.Offset()
	var event, host []byte
	once := func(to *[]byte) {
		if *to != nil {
			s.Fail()
		}
		*to = s.Value()
	}
	for name := range s.Members {
		switch string(name) {
		case "event":
			once(&event)
		case "message_token":
			once(&c.token)
		case "timestamp":
			once(&c.at)
		case "user":
			once(&c.user)
		case "sender":
			once(&c.sender)
		case "user_id":
			once(&c.userID)
		case "message":
			once(&c.message)
		case "chat_hostname":
			once(&host)
			c.host = [2]int{s.Offset() - len(host) - start, s.Offset() - start}
		case "type":
			c.opened = s.Value()
		case "context":
			c.context = s.Value()
		default:
			s.Value()
		}
	}
	if !s.OK() {
		return c, s.Offset(), false
	}
	c.raw = s.Since(start)
	s.End()
	c.kind = scan.Text(event)
	return c, s.Offset(), s.OK() && c.kind != ""
}

// Split takes a webhook for its one event, which is for the connection's account: the
// body does not name it. The event by which Viber tries out a webhook is none.
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) {
	c, at, ok := callbackOf(r.Body)
	if !ok {
		return nil, hub.E(hub.Unparsable, "viber: split", fmt.Errorf("no webhook body, seen at byte %d of %d", at, len(r.Body)))
	}
	if c.kind == onWebhook {
		return nil, nil
	}
	return []channel.Slice{{User: c.person(), Event: c.id(), Head: []byte("{}"), Raw: c.raw, Hash: c.hash()}}, nil
}

// person is whose event it is; "" = nobody's.
func (c *callback) person() string {
	switch c.kind {
	case onMessage:
		return idOf(c.sender)
	case onSubscribed, onStarted:
		return idOf(c.user)
	case onUnsubscribed, onDelivered, onSeen, onFailed:
		return named(c.userID)
	}
	for _, id := range []string{named(c.userID), idOf(c.user), idOf(c.sender)} {
		if id != "" {
			return id
		}
	}
	return ""
}

func idOf(user []byte) string { return named(scan.Get(user, "id")) }

// named is an id as a text; one too long is none.
func named(id []byte) string {
	if len(id) > scan.MaxName {
		return ""
	}
	return scan.Text(id)
}

// messageToken is the exact text of message_token: a whole number of 64 bits, more
// than a float64 can hold. "" = there is none.
func (c *callback) messageToken() string {
	const digits = 20
	token := scan.Word(c.token)
	if token == "" || len(token) > digits || strings.Trim(token, "0123456789") != "" {
		return ""
	}
	return token
}

// id is the event's name and its message_token; what becomes of a message comes once
// for each person, whose id goes along as a hash. It is made from the payload if Viber
// gives no token.
func (c *callback) id() string {
	token := c.messageToken()
	if token == "" {
		return "sha256-" + c.hash()
	}
	kind := c.kind
	if strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz_") != "" || len(kind) > 64 {
		kind = "sha256-" + short(kind) // so that no name can pass for one with a token
	}
	out := kind + ":" + token
	switch c.kind {
	case onDelivered, onSeen, onFailed:
		out += ":" + short(c.person())
	}
	return out
}

// hash is the same for every delivery of an event, whichever of Viber's hosts sends it.
func (c *callback) hash() string {
	h := sha256.New()
	h.Write(c.raw[:c.host[0]])
	h.Write(c.raw[c.host[1]:])
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
