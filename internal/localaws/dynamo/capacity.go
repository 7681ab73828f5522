package dynamo

import (
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/wire"
)

// usage is what one call consumed of a table and its indexes, in capacity units.
// The rules are those of
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
type usage struct {
	table   float64
	indexes map[string]float64
}

func (u *usage) addIndex(name string, units float64) {
	if u.indexes == nil {
		u.indexes = map[string]float64{}
	}
	u.indexes[name] += units
}

func (u *usage) total() float64 {
	sum := u.table
	for _, units := range u.indexes {
		sum += units
	}
	return sum
}

// writeUnits is the price of writing an item of a size: one unit for each KB begun.
func writeUnits(size int) float64 { return math.Max(1, math.Ceil(float64(size)/1024)) }

// readUnits is the price of reading so many bytes: for each 4 KB begun a half, one
// if consistent, two in a transaction. Reading nothing costs as the smallest item.
func readUnits(size int, each float64) float64 {
	return each * math.Max(1, math.Ceil(float64(size)/4096))
}

const (
	eventually    = 0.5
	consistently  = 1
	transactional = 2
)

func readMode(consistent bool) float64 {
	if consistent {
		return consistently
	}
	return eventually
}

// bill collects what a call consumed, table by table.
type bill struct {
	write  bool
	split  bool // transactions also name the read or write units by themselves
	tables map[string]*usage
}

func (b *bill) of(table string) *usage {
	if b.tables == nil {
		b.tables = map[string]*usage{}
	}
	u := b.tables[table]
	if u == nil {
		u = &usage{}
		b.tables[table] = u
	}
	return u
}

// add joins what one action consumed to the bill.
func (b *bill) add(table string, u usage) {
	sum := b.of(table)
	sum.table += u.table
	for name, units := range u.indexes {
		sum.addIndex(name, units)
	}
}

func (b *bill) names() []string {
	names := make([]string, 0, len(b.tables))
	for name := range b.tables {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// charge puts the bill on the request for the meter.
func (b *bill) charge(r *wire.Request) {
	for _, u := range b.tables {
		if b.write {
			r.Write += u.total()
		} else {
			r.Read += u.total()
		}
	}
	if len(b.tables) > 0 {
		r.Resource = strings.Join(b.names(), ",")
	}
}

// checkCapacity checks a ReturnConsumedCapacity.
func checkCapacity(mode string) error {
	return oneOf("returnConsumedCapacity", mode, "NONE", "TOTAL", "INDEXES")
}

// oneOf checks that a member is empty or one of the words.
func oneOf(member, value string, words ...string) error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	return wire.Validation("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
		value, member, strings.Join(words, ", "))
}

// appendTo writes the ConsumedCapacity of an answer: an object for one table, or a
// list of them.
func (b *bill) appendTo(o *object, mode string, list bool) {
	if mode != "TOTAL" && mode != "INDEXES" {
		return
	}
	var all []byte
	for i, name := range b.names() {
		if i > 0 {
			all = append(all, ',')
		}
		all = append(all, b.entry(name, mode == "INDEXES")...)
	}
	if list {
		all = append(append([]byte{'['}, all...), ']')
	}
	o.raw("ConsumedCapacity", all)
}

func (b *bill) entry(name string, indexes bool) []byte {
	u := b.tables[name]
	var o object
	o.text("TableName", name)
	b.units(&o, u.total())
	if indexes {
		var table object
		b.units(&table, u.table)
		o.raw("Table", table.end())
		if len(u.indexes) > 0 {
			var all object
			names := make([]string, 0, len(u.indexes))
			for index := range u.indexes {
				names = append(names, index)
			}
			sort.Strings(names)
			for _, index := range names {
				var one object
				b.units(&one, u.indexes[index])
				all.raw(index, one.end())
			}
			o.raw("GlobalSecondaryIndexes", all.end())
		}
	}
	return o.end()
}

func (b *bill) units(o *object, units float64) {
	o.number("CapacityUnits", units)
	switch {
	case b.split && b.write:
		o.number("WriteCapacityUnits", units)
	case b.split:
		o.number("ReadCapacityUnits", units)
	}
}

// object writes a JSON object member by member.
type object struct{ buf []byte }

func (o *object) name(name string) {
	if o.buf == nil {
		o.buf = append(make([]byte, 0, 256), '{')
	} else {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(attr.AppendString(o.buf, name), ':')
}

func (o *object) raw(name string, json []byte) {
	o.name(name)
	o.buf = append(o.buf, json...)
}

func (o *object) text(name, value string) {
	o.name(name)
	o.buf = attr.AppendString(o.buf, value)
}

func (o *object) number(name string, n float64) {
	o.name(name)
	o.buf = strconv.AppendFloat(o.buf, n, 'f', -1, 64)
}

func (o *object) item(name string, it attr.Item) {
	o.name(name)
	o.buf = attr.AppendItem(o.buf, it)
}

func (o *object) items(name string, items []attr.Item) {
	o.name(name)
	o.buf = append(o.buf, '[')
	for i, it := range items {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = attr.AppendItem(o.buf, it)
	}
	o.buf = append(o.buf, ']')
}

// end is the finished object.
func (o *object) end() wire.Raw {
	if o.buf == nil {
		return wire.Raw("{}")
	}
	return append(o.buf, '}')
}
