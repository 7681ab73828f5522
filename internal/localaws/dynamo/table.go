package dynamo

import (
	"encoding/binary"
	"strconv"
	"strings"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/dynamo/attr"
)

// maxItemSize is the largest item, in bytes of its size formula.
const maxItemSize = 400 * 1024

// row is one stored item. Its data changes under the writer lock only; whoever
// reads copies the string under the reader lock.
type row struct {
	data string // attr encoding
	size int
}

// table is one table: its definition, its rows, and the orders in which they are read.
type table struct {
	definition
	rows   ordered
	bytes  int64
	expiry ordered // by time and row key, of the rows that will expire
	stream *stream // nil if off
}

// change is what a write makes of one row, worked out and not yet done.
type change struct {
	table    *table
	key      string
	old, new attr.Item // nil for none
	row      *row      // the present row, nil for none
	data     string    // encoding of new
	size     int       // of new
	expired  bool      // made by the time-to-live service
}

// look is the row at a key and its item.
func (t *table) look(key string) (*row, attr.Item) {
	r := t.rows.get(key)
	if r == nil {
		return nil, nil
	}
	return r, attr.Decode(r.data)
}

// check refuses an item that is too large, or whose index keys are unusable, and
// returns its size.
func (t *table) check(it attr.Item) (size int, err error) {
	if size = it.Size(); size > maxItemSize {
		return 0, errTooLarge
	}
	for _, x := range t.Indexes {
		if err := x.check(it); err != nil {
			return 0, err
		}
	}
	return size, nil
}

// plan works out a change of the row at a key into new, of a size that check gave;
// nil deletes it.
func (t *table) plan(key string, r *row, old, new attr.Item, size int) *change {
	c := &change{table: t, key: key, row: r, old: old, new: new}
	if new != nil {
		c.size, c.data = size, new.Encode()
	}
	return c
}

// usage is what the change consumes. A transaction pays twice for the table.
func (c *change) usage(factor float64) usage {
	size := c.size
	if c.row != nil {
		size = max(size, c.row.size)
	}
	u := usage{table: factor * writeUnits(size)}
	for _, x := range c.table.Indexes {
		if units := x.price(c.old, c.new, c.key); units > 0 {
			u.addIndex(x.Name, units)
		}
	}
	return u
}

// changes tells whether the row will be another one than it is.
func (c *change) changes() bool {
	if c.row == nil || c.new == nil {
		return c.row != nil || c.new != nil
	}
	return c.row.data != c.data
}

// apply makes the change in memory and returns its disk operations. Hold the writer lock.
func (e *Engine) apply(c *change) []disk.Op {
	if !c.changes() {
		return nil
	}
	before, op := c.table.store(c)
	if c.table.stream == nil {
		return []disk.Op{op}
	}
	return append(e.record(c.table.stream, c, before), op)
}

// store makes a change of rows and indexes in memory. It returns the encoding of what
// was there, and the row's disk operation.
func (t *table) store(c *change) (before string, op disk.Op) {
	r := c.row
	if r == nil {
		r = &row{}
		t.rows.put(c.key, r)
	} else {
		before = r.data
	}
	t.bytes += int64(c.size - r.size)
	for _, x := range t.Indexes {
		x.move(c, r)
	}
	t.reschedule(c, r)
	r.data, r.size = c.data, c.size
	op = disk.Op{Bucket: t.bucket(), Key: []byte(c.key), Value: []byte(c.data)}
	if c.new == nil {
		t.rows.remove(c.key)
		op.Value = nil
	}
	return before, op
}

// move brings the entry of a row to where its new item belongs.
func (x *index) move(c *change, r *row) {
	oldKey, was := "", false
	if c.old != nil {
		oldKey, was = x.entry(c.old, c.key)
	}
	newKey, is := "", false
	if c.new != nil {
		newKey, is = x.entry(c.new, c.key)
	}
	if was && (!is || oldKey != newKey) {
		x.rows.remove(oldKey)
	}
	if is && (!was || oldKey != newKey) {
		x.rows.put(newKey, r)
	}
}

// expiryKey orders rows by the second in which they expire; false if they do not.
func (t *table) expiryKey(it attr.Item, key string) (string, bool) {
	if t.TTL == "" || it == nil {
		return "", false
	}
	v := it.Get(t.TTL)
	whole, _, _ := strings.Cut(v.Text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if v.Kind != attr.N || err != nil || seconds <= 0 {
		return "", false
	}
	return secondKey(seconds) + key, true
}

func secondKey(seconds int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(max(seconds, 0))))
}

func (t *table) reschedule(c *change, r *row) {
	oldKey, was := t.expiryKey(c.old, c.key)
	newKey, is := t.expiryKey(c.new, c.key)
	if was && (!is || oldKey != newKey) {
		t.expiry.remove(oldKey)
	}
	if is && (!was || oldKey != newKey) {
		t.expiry.put(newKey, r)
	}
}

// admit puts a row that was loaded into every order. The item is that of the row.
func (t *table) admit(key string, r *row, it attr.Item) {
	c := &change{table: t, key: key, new: it}
	t.rows.put(key, r)
	t.bytes += int64(r.size)
	for _, x := range t.Indexes {
		x.move(c, r)
	}
	t.reschedule(c, r)
}

// bucket is where the rows lie on disk.
func (t *table) bucket() string { return bucketRows + t.ID }
