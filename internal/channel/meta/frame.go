package meta

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"omnihub/internal/channel/scan"
	"omnihub/internal/hub"
)

// maxParts is how many entries, and items in them, a webhook may have in all; Meta puts
// at most 1,000 updates into one.
// https://developers.facebook.com/docs/graph-api/webhooks/getting-started
const maxParts = 10_000

// Cutter reads the frame that all of Meta's webhooks share. A member of the frame that
// is there twice makes the body ambiguous (whose are its items?) and is a fault.
type Cutter struct {
	scan.Scanner
	parts int
}

// Body reads a body of one of the objects; entry consumes each element of its array
// "entry".
func (c *Cutter) Body(objects []string, entry func()) {
	var object, entries []byte
	c.Must('{')
	for name := range c.Members {
		switch string(name) {
		case "object":
			c.Once(&object)
		case "entry":
			if entries != nil || c.Peek() != '[' {
				c.Fail()
			}
			entries = name
			for range c.Elements {
				entry()
			}
		default:
			c.Value()
		}
	}
	c.End()
	if entries == nil || !isOne(objects, object) {
		c.Fail()
	}
}

func isOne(names []string, value []byte) bool {
	for _, name := range names {
		if scan.Is(value, name) {
			return true
		}
	}
	return false
}

// Once consumes a value that may be there once only.
func (c *Cutter) Once(to *[]byte) {
	if *to != nil {
		c.Fail()
	}
	*to = c.Value()
}

// Part counts an entry or an item, which comes next, and tells where it starts.
func (c *Cutter) Part() (start int) {
	if c.parts++; c.parts > maxParts {
		c.Fail()
	}
	c.Peek()
	return c.Offset()
}

// Head is what goes with an item of what stands around it, each value as received; nil =
// it is not there, or is too long to be a name.
type Head struct {
	List    string // the array in which the item stood; "" = none
	Entry   []byte // the entry's id
	At      []byte // the entry's time
	Field   []byte // of a change
	Number  []byte // of WhatsApp: phone_number_id
	Contact []byte // of WhatsApp: who the item is about; of any length
}

// Bytes writes a channel.Slice's Head.
func (h Head) Bytes() []byte {
	out := make([]byte, 0, 128+len(h.Contact))
	out = append(out, `{"list":"`...)
	out = append(out, h.List...)
	out = append(out, '"')
	add := func(name string, value []byte, longest int) {
		if value == nil || len(value) > longest {
			return
		}
		out = append(out, `,"`...)
		out = append(out, name...)
		out = append(out, `":`...)
		out = append(out, value...)
	}
	add("entry", h.Entry, scan.MaxName)
	add("time", h.At, scan.MaxName)
	add("field", h.Field, scan.MaxName)
	add("number", h.Number, scan.MaxName)
	add("contact", h.Contact, len(h.Contact))
	return append(out, '}')
}

// HeadOf reads what Bytes wrote.
func HeadOf(b []byte) (h Head, ok bool) {
	s := scan.Of(b)
	s.Must('{')
	for name := range s.Members {
		value := s.Value()
		switch string(name) {
		case "list":
			h.List = scan.Text(value)
		case "entry":
			h.Entry = value
		case "time":
			h.At = value
		case "field":
			h.Field = value
		case "number":
			h.Number = value
		case "contact":
			h.Contact = value
		}
	}
	s.End()
	return h, s.OK()
}

// HashOf is the hash of byte strings, none of which can pass for part of another.
func HashOf(parts ...[]byte) string {
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

// Lasting are the pieces of an item that are the same at every delivery: all but the
// addresses of media, stories and advertisements' pictures, which are signed for some
// time and may be others the next time. An address is a text under a name that ends in
// "url".
func Lasting(item []byte) [][]byte {
	l := lasting{Scanner: scan.Of(item), pieces: make([][]byte, 0, 4)}
	if bytes.Contains(item, []byte(`url"`)) {
		l.walk()
	}
	return append(l.pieces, item[l.end:])
}

// lasting collects the pieces; the last one ended, with its address, at end.
type lasting struct {
	scan.Scanner
	pieces [][]byte
	end    int
}

func (l *lasting) walk() {
	switch l.Peek() {
	case '{':
		for name := range l.Members {
			if !bytes.HasSuffix(name, []byte("url")) || l.Peek() != '"' {
				l.walk()
				continue
			}
			start, end := l.Offset(), l.end
			if l.Value(); l.OK() {
				l.pieces, l.end = append(l.pieces, l.Since(end)[:start-end]), l.Offset()
			}
		}
	case '[':
		for range l.Elements {
			l.walk()
		}
	default:
		l.Value()
	}
}

// Millis reads a time in milliseconds, or in seconds if it has at most 10 digits, with
// or without quotes; 0 if it is none, or one that a message key (13 digits) cannot hold.
func Millis(value []byte) hub.Millis {
	text := scan.Word(value)
	at := hub.Millis(scan.Whole([]byte(text), 13))
	if len(text) <= 10 {
		at *= 1000
	}
	return at
}
