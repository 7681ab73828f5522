package meta

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"omnihub/internal/channel"
	"omnihub/internal/channel/scan"
)

const (
	// maxParts is how many entries and items a webhook may have in all; Meta puts at
	// most 1,000 updates into one.
	// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
	maxParts = 10_000
	// maxName is the longest id, name or time, in bytes.
	maxName = 256
)

// cutter collects the items of a body. A member of the frame around them that is there
// twice makes the body ambiguous (whose are they?) and is a fault.
type cutter struct {
	scan.Scanner
	objects []string
	parts   int
	out     []channel.Slice
}

func (c *cutter) body() {
	var object, entries []byte
	c.Must('{')
	for name := range c.Members {
		switch string(name) {
		case "object":
			c.once(&object)
		case "entry":
			if entries != nil || c.Peek() != '[' {
				c.Fail()
			}
			entries = name
			for range c.Elements {
				c.entry()
			}
		default:
			c.Value()
		}
	}
	c.End()
	if entries == nil || !c.ours(object) {
		c.Fail()
	}
}

func (c *cutter) ours(object []byte) bool {
	for _, name := range c.objects {
		if scan.Is(object, name) {
			return true
		}
	}
	return false
}

// once consumes a value that may be there once only.
func (c *cutter) once(to *[]byte) {
	if *to != nil {
		c.Fail()
	}
	*to = c.Value()
}

// part counts what an array holds.
func (c *cutter) part() {
	if c.parts++; c.parts > maxParts {
		c.Fail()
	}
}

// piece is one item before its entry is known whole.
type piece struct {
	list       string
	field, raw []byte
	parts      parts
}

// entry consumes what concerns one account.
func (c *cutter) entry() {
	c.part()
	c.Peek()
	start := c.Offset()
	var (
		id, at, field, value []byte
		seen                 [3]bool
		known                bool
		pieces               []piece
	)
	list := func(i int, name string) {
		if seen[i] {
			c.Fail()
		}
		seen[i] = true
		known = known || c.Peek() == '['
		for range c.Elements {
			pieces = append(pieces, c.piece(name))
		}
	}
	for name := range c.Members {
		switch string(name) {
		case "id":
			c.once(&id)
		case "time":
			c.once(&at)
		case listMessaging:
			list(0, listMessaging)
		case listStandby:
			list(1, listStandby)
		case listChanges:
			list(2, listChanges)
		case "field":
			c.once(&field)
		case "value": // a change that stands in its entry itself
			c.once(&value)
			of, _ := partsOf(value)
			pieces = append(pieces, piece{list: listChanges, raw: value, parts: of})
		default:
			c.Value()
		}
	}
	if !known && value == nil {
		pieces = append(pieces, piece{raw: c.Since(start), field: field})
	}
	for _, p := range pieces {
		if p.list == listChanges && p.field == nil {
			p.field = field
		}
		c.cut(head{list: p.list, account: id, at: at, field: p.field}, p)
	}
}

// piece consumes one element of a list: an item, or a field and its value.
func (c *cutter) piece(list string) piece {
	c.part()
	c.Peek()
	start := c.Offset()
	out := piece{list: list}
	var value []byte
	for name := range c.Members {
		switch string(name) {
		case "field":
			c.once(&out.field)
			out.parts.see(name, out.field)
		case "value":
			c.once(&value)
			out.parts.see(name, value)
		default:
			out.parts.see(name, c.Value())
		}
	}
	out.raw = c.Since(start)
	if value != nil && out.parts.sender == nil && out.parts.recipient == nil {
		out.raw = value
		out.parts, _ = partsOf(value)
	}
	return out
}

// cut makes the slice of one item.
func (c *cutter) cut(h head, p piece) {
	if !c.OK() {
		return
	}
	i := itemOf(h, p.raw, p.parts)
	event := i.event()
	c.out = append(c.out, channel.Slice{
		Account: i.Account, User: i.User, Event: event, Head: h.bytes(), Raw: p.raw, Hash: i.hash(event),
	})
}

// head is what goes with an item of what stands around it, each value as received.
type head struct {
	list    string // in which the item stood; "" = none
	account []byte // the entry's id
	at      []byte // the entry's time
	field   []byte // of a change
}

// bytes writes what Parse needs.
func (h head) bytes() []byte {
	out := make([]byte, 0, 96)
	out = append(out, `{"list":"`...)
	out = append(out, h.list...)
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
	member("entry", h.account)
	member("time", h.at)
	member("field", h.field)
	return append(out, '}')
}

// headOf reads what bytes wrote.
func headOf(b []byte) (h head, ok bool) {
	s := scan.Of(b)
	s.Must('{')
	for name := range s.Members {
		switch string(name) {
		case "list":
			h.list = scan.Text(s.Value())
		case "entry":
			h.account = s.Value()
		case "time":
			h.at = s.Value()
		case "field":
			h.field = s.Value()
		default:
			s.Value()
		}
	}
	s.End()
	return h, s.OK()
}

// word is an id or a name as a text; one too long is none.
func word(value []byte) string {
	if len(value) > maxName {
		return ""
	}
	return scan.Word(value)
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
