package twilio

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
	"omnihub/internal/channel/waid"
	"omnihub/internal/hub"
)

// maxRef is the longest of our own names of a message.
const maxRef = 512

// head is what goes with an event of what stands around it.
type head struct {
	// Ref is our own name of the message that a status callback is about, from the
	// query of the URL that Twilio was given with the send.
	Ref string `json:"ref,omitempty"`
}

// Split reads the one event of a request: a customer's message, a status callback, or
// something else that Twilio signed, which is kept. The parameters stand in the body,
// or in the query of a GET.
// https://www.twilio.com/docs/messaging/guides/webhook-request
func (a *Adapter) Split(r *channel.Request) ([]channel.Slice, error) {
	raw := r.Body
	if r.Method == "GET" {
		raw = []byte(r.RawQuery)
	}
	e, err := read("twilio: split", raw)
	if err != nil {
		return nil, err
	}
	var h head
	if e.kind == status {
		h.Ref = refIn(r.RawQuery)
	}
	around, err := json.Marshal(h)
	if err != nil {
		return nil, hub.E(hub.Internal, "twilio: split", errors.New("encode the head"))
	}
	return []channel.Slice{{
		Account: e.account, User: e.person.ID(), Event: e.id, Head: around, Raw: raw, Hash: e.hash,
	}}, nil
}

// refIn is our own name of a message in a callback's query.
func refIn(query string) string {
	if !strings.Contains(query, refParameter+"=") {
		return ""
	}
	f, ok := formOf(query)
	ref, _ := f.find(refParameter)
	if !ok || len(ref) > maxRef || strings.IndexFunc(ref, func(c rune) bool { return c < ' ' || c >= 0x7f }) >= 0 {
		return ""
	}
	return ref
}

// The kinds of requests.
const (
	message = "message"
	status  = "status"
	foreign = "other" // a form that is neither
	data    = "json"
)

// entry is a request's event, as far as routing needs it.
type entry struct {
	form    form
	kind    string
	account string // the number, with "+"
	person  waid.Person
	id      string
	hash    string
	state   string // of a status: MessageStatus
}

// read looks at the parameters, or at JSON, of which Twilio signs some too.
func read(op string, raw []byte) (entry, error) {
	if isJSON(raw) {
		if !scan.Valid(raw) {
			return entry{}, hub.E(hub.Unparsable, op, errors.New("not JSON"))
		}
		hash := hashOf([]pair{{data, string(raw)}})
		return entry{kind: data, hash: hash, id: madeID(hash)}, nil
	}
	f, ok := formOf(string(raw))
	if !ok || len(f) == 0 {
		return entry{}, hub.E(hub.Unparsable, op, errors.New("no parameters"))
	}
	e := entry{form: f, kind: foreign, hash: hashOf(f), state: f.short("MessageStatus")}
	if e.state == "" {
		e.state = f.short("SmsStatus") // the older name, which both kinds of requests have
	}
	e.id = madeID(e.hash)
	from, to := f.short("From"), f.short("To")
	sid := f.messageSID()
	switch {
	case e.state != "" && e.state != "received":
		e.kind = status
		e.account, e.person = numberAt(from), f.personOf(to)
	default:
		e.kind = message
		e.account, e.person = numberAt(to), f.personOf(from)
	}
	if sid == "" || e.account == "" { // no message, or none of WhatsApp's
		e.kind, e.person = foreign, waid.Person{}
		return e, nil
	}
	if e.id = sid; e.kind == status {
		e.id += ":" + e.state
	}
	return e, nil
}

// isJSON reports whether a body is no form. No parameter's name begins so.
func isJSON(body []byte) bool {
	body = bytes.TrimLeft(body, " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

// numberAt is the phone number of an account's address, with its "+"; "" for an
// address that is none of WhatsApp's.
func numberAt(address string) string {
	if p := personAt(address); p.Phone != "" {
		return "+" + p.Phone
	}
	return ""
}

// messageSID is the message's id, which has two letters and 32 hexadecimal digits.
func (f form) messageSID() string {
	for _, name := range []string{"MessageSid", "SmsMessageSid", "SmsSid"} {
		if sid := f.text(name); isSID(sid, "SM") || isSID(sid, "MM") {
			return sid
		}
	}
	return ""
}

// isSID reports whether the id is one of Twilio's of that kind.
func isSID(id, kind string) bool {
	return len(id) == 34 && id[:2] == kind && strings.Trim(id[2:], "0123456789abcdefABCDEF") == ""
}

// hashOf is the hash of parameters, however they were spelled and ordered.
func hashOf(f form) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range f {
		for _, part := range []string{p.name, p.value} {
			binary.BigEndian.PutUint64(size[:], uint64(len(part)))
			h.Write(size[:])
			h.Write([]byte(part))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// madeID names an event that came without an id, the same at every delivery.
func madeID(hash string) string { return "sha256-" + hash }
