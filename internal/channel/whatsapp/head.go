package whatsapp

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"omnihub/internal/channel/scan"
)

// maxName is the longest id, name or time of the frame that goes with an event.
const maxName = 256

// head is what goes with an event of what stands around it, each value as received.
type head struct {
	list    string // the array that the event stood in; "" = none
	entry   []byte // the WhatsApp Business Account's id
	at      []byte // of the webhook, in seconds
	field   []byte // of an event with no list
	number  []byte // phone_number_id
	contact contact
}

// head writes what Parse needs. The contact is that of the event's own person.
func (f *frame) head(list string, c contact) []byte {
	out := make([]byte, 0, 160+len(c.raw))
	out = append(out, `{"list":"`...)
	out = append(out, list...)
	out = append(out, '"')
	member := func(name string, value []byte) {
		if value == nil || len(value) > maxName {
			return
		}
		out = append(out, `,"`...)
		out = append(out, name...)
		out = append(out, `":`...)
		out = append(out, value...)
	}
	member("entry", f.entry)
	if list == "" || list == failures { // these have no time of their own
		member("time", f.at)
	}
	if list == "" {
		member("field", f.field)
	}
	member("number", f.number)
	if c.raw != nil {
		out = append(out, `,"contact":`...)
		out = append(out, c.raw...)
	}
	return append(out, '}')
}

// headOf reads what head wrote.
func headOf(b []byte) (h head, ok bool) {
	s := scan.Of(b)
	s.Must('{')
	for name := range s.Members {
		switch string(name) {
		case "list":
			h.list = scan.Text(s.Value())
		case "entry":
			h.entry = s.Value()
		case "time":
			h.at = s.Value()
		case "field":
			h.field = s.Value()
		case "number":
			h.number = s.Value()
		case "contact":
			if raw := s.Value(); s.OK() {
				h.contact = contactOf(raw)
			}
		default:
			s.Value()
		}
	}
	s.End()
	return h, s.OK()
}

// account is the platform's name of the account: the id of a phone number.
func account(number []byte) string {
	if len(number) > maxName {
		return ""
	}
	return scan.Word(number)
}

// hashOf is the hash of byte strings, none of which can pass for part of another.
func hashOf(parts ...[]byte) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write(p)
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

// madeID names an event that came without an id, the same at every delivery.
func madeID(hash string) string { return "sha256-" + hash }
