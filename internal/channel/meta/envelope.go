package meta

import "omnihub/internal/channel"

// cutter collects the items of a body.
type cutter struct {
	Cutter
	out []channel.Slice
}

// piece is one item before its entry is known whole.
type piece struct {
	list       string
	field, raw []byte
	parts      parts
}

// entry consumes what concerns one account.
func (c *cutter) entry() {
	start := c.Part()
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
			c.Once(&id)
		case "time":
			c.Once(&at)
		case listMessaging:
			list(0, listMessaging)
		case listStandby:
			list(1, listStandby)
		case listChanges:
			list(2, listChanges)
		case "field":
			c.Once(&field)
		case "value": // a change that stands in its entry itself
			c.Once(&value)
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
		c.cut(Head{List: p.list, Entry: id, At: at, Field: p.field}, p)
	}
}

// piece consumes one element of a list: an item, or a field and its value.
func (c *cutter) piece(list string) piece {
	start := c.Part()
	out := piece{list: list}
	var value []byte
	for name := range c.Members {
		switch string(name) {
		case "field":
			c.Once(&out.field)
			out.parts.see(name, out.field)
		case "value":
			c.Once(&value)
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
func (c *cutter) cut(h Head, p piece) {
	if !c.OK() {
		return
	}
	i := itemOf(h, p.raw, p.parts)
	event := i.event()
	c.out = append(c.out, channel.Slice{
		Account: i.Account, User: i.User, Event: event, Head: h.Bytes(), Raw: p.raw, Hash: i.hash(event),
	})
}
