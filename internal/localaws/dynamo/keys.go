package dynamo

import (
	"encoding/binary"
	"strings"

	"omnihub/internal/localaws/dynamo/attr"
	"omnihub/internal/localaws/dynamo/expr"
	"omnihub/internal/localaws/wire"
)

// Rows lie in the order of a row key: 8 bytes hash of the partition key, its length,
// the partition key, the sort key. So a partition is one range of keys in the order
// of its sort keys, and a segment of a scan is one range of hashes. An entry of an
// index has the index's keys, the sort key with an end mark, then the row key of
// its item, which breaks ties.

// hash64 is FNV-1a with a last mixing, since the top bits order and split the keys.
func hash64(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>33
}

// partition is the part of a row key that all items of one partition key share.
func partition(hash attr.Value) string {
	key := hash.Key()
	b := make([]byte, 0, 10+len(key))
	b = binary.BigEndian.AppendUint64(b, hash64(key))
	b = binary.BigEndian.AppendUint16(b, uint16(len(key)))
	return string(append(b, key...))
}

// The end mark of a sort key in an index: below every continuation of the key.
const (
	endMark   = "\x00\x01"
	pastMark  = "\x00\x02"
	escapedNo = "\x00\xff" // stands for a zero byte in the key
)

func escape(key string) string { return strings.ReplaceAll(key, "\x00", escapedNo) }

// successor is the first string that does not begin with prefix, empty if there is none.
func successor(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

// bounds turns a key condition into a range of row keys, or of entries of an index.
func bounds(r expr.Range, index bool) (low, high string) {
	base := partition(r.Hash)
	before := func(v attr.Value) string { return base + v.Key() }
	after := func(v attr.Value) string { return base + v.Key() + "\x00" }
	if index {
		before = func(v attr.Value) string { return base + escape(v.Key()) + endMark }
		after = func(v attr.Value) string { return base + escape(v.Key()) + pastMark }
	}
	low, high = base, successor(base)
	switch r.Op {
	case "=":
		low, high = before(r.Low), after(r.Low)
	case "<":
		high = before(r.Low)
	case "<=":
		high = after(r.Low)
	case ">":
		low = after(r.Low)
	case ">=":
		low = before(r.Low)
	case "BETWEEN":
		low, high = before(r.Low), after(r.High)
	case "begins_with":
		low = base + r.Low.Key()
		if index {
			low = base + escape(r.Low.Key())
		}
		high = successor(low)
	}
	return low, high
}

// keyAttribute is one element of a key.
type keyAttribute struct {
	Name string
	Kind attr.Kind
}

// keySchema is the key of a table or index. Sort has no name if there is none.
type keySchema struct{ Hash, Sort keyAttribute }

func (k *keySchema) each(do func(a keyAttribute, maxSize int) error) error {
	err := do(k.Hash, maxHash)
	if err == nil && k.Sort.Name != "" {
		err = do(k.Sort, maxSort)
	}
	return err
}

// The longest values of keys, in bytes.
const (
	maxHash = 2048
	maxSort = 1024
)

func (k *keySchema) has(name string) bool {
	return name == k.Hash.Name || name == k.Sort.Name && name != ""
}

func (k *keySchema) forQuery() expr.Keys {
	return expr.Keys{Hash: k.Hash.Name, Range: k.Sort.Name, HashKind: k.Hash.Kind, RangeKind: k.Sort.Kind}
}

// checkSize refuses empty and too large values of keys.
func checkSize(a keyAttribute, v attr.Value, maxSize int) error {
	if v.Text == "" {
		kind := map[attr.Kind]string{attr.S: "string", attr.B: "binary"}[v.Kind]
		return wire.Validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, a.Name)
	}
	return checkLength(v, maxSize)
}

func checkLength(v attr.Value, maxSize int) error {
	if len(v.Text) > maxSize && v.Kind != attr.N {
		if maxSize == maxHash {
			return wire.Validation("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
		}
		return wire.Validation("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

var errSchema = wire.Validation("The provided key element does not match the schema")

// ofKey is the row key of a Key parameter, which holds the key and nothing else.
func (k *keySchema) ofKey(key attr.Item) (string, error) {
	count := 0
	err := k.each(func(a keyAttribute, maxSize int) error {
		count++
		v := key.Get(a.Name)
		if v.Kind != a.Kind {
			return errSchema
		}
		return checkSize(a, v, maxSize)
	})
	if err == nil && len(key) != count {
		err = errSchema
	}
	if err != nil {
		return "", err
	}
	return k.row(key), nil
}

// ofItem is the row key of a whole item.
func (k *keySchema) ofItem(it attr.Item) (string, error) {
	err := k.each(func(a keyAttribute, maxSize int) error {
		switch v := it.Get(a.Name); v.Kind {
		case attr.None:
			return wire.Validation("One or more parameter values were invalid: Missing the key %s in the item", a.Name)
		case a.Kind:
			return checkSize(a, v, maxSize)
		default:
			return wire.Validation("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", a.Name, a.Kind, v.Kind)
		}
	})
	if err != nil {
		return "", err
	}
	return k.row(it), nil
}

func (k *keySchema) row(it attr.Item) string {
	key := partition(it.Get(k.Hash.Name))
	if k.Sort.Name != "" {
		key += it.Get(k.Sort.Name).Key()
	}
	return key
}

// keys are the key attributes of an item.
func (k *keySchema) keys(it attr.Item) attr.Item { return it.Only(k.has) }

// index is a global secondary index.
type index struct {
	Name       string
	Key        keySchema
	Projection string   // ALL, KEYS_ONLY, INCLUDE
	Include    []string // the attributes of INCLUDE
	rows       ordered
	projected  map[string]bool // names that entries hold; nil for all
}

// prepare computes what entries hold, given the key of the table.
func (x *index) prepare(table *keySchema) {
	x.projected = nil
	if x.Projection != "ALL" {
		x.projected = map[string]bool{}
		for _, name := range append([]string{table.Hash.Name, table.Sort.Name, x.Key.Hash.Name, x.Key.Sort.Name}, x.Include...) {
			x.projected[name] = true
		}
	}
}

func (x *index) holds(name string) bool { return x.projected == nil || x.projected[name] }

// project is what an entry shows of an item.
func (x *index) project(it attr.Item) attr.Item {
	if x.projected == nil {
		return it
	}
	return it.Only(x.holds)
}

// entry is the key of an item's entry, false if the item is not in the index.
func (x *index) entry(it attr.Item, row string) (string, bool) {
	hash, sort := it.Get(x.Key.Hash.Name), attr.Value{}
	if hash.Kind != x.Key.Hash.Kind || hash.Text == "" {
		return "", false
	}
	if x.Key.Sort.Name != "" {
		if sort = it.Get(x.Key.Sort.Name); sort.Kind != x.Key.Sort.Kind || sort.Text == "" {
			return "", false
		}
	}
	return partition(hash) + escape(sort.Key()) + endMark + row, true
}

// check refuses an item whose index key has a wrong type or size.
func (x *index) check(it attr.Item) error {
	return x.Key.each(func(a keyAttribute, maxSize int) error {
		v := it.Get(a.Name)
		switch {
		case v.Kind == attr.None:
			return nil
		case v.Kind != a.Kind:
			return wire.Validation("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", a.Name, a.Kind, v.Kind, x.Name)
		case v.Text == "":
			kind := map[attr.Kind]string{attr.S: "string", attr.B: "binary"}[v.Kind]
			return wire.Validation("One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", kind, x.Name, a.Name)
		}
		return checkSize(a, v, maxSize)
	})
}

// price is what a change of an item costs in the index, 0 if its entry stays as it is.
func (x *index) price(old, new attr.Item, row string) float64 {
	oldKey, was := "", false
	if old != nil {
		oldKey, was = x.entry(old, row)
	}
	newKey, is := "", false
	if new != nil {
		newKey, is = x.entry(new, row)
	}
	if !was && !is {
		return 0
	}
	before, after := x.project(old), x.project(new)
	switch {
	case !was:
		return writeUnits(after.Size())
	case !is:
		return writeUnits(before.Size())
	case oldKey != newKey:
		return writeUnits(before.Size()) + writeUnits(after.Size())
	case before.Equal(after):
		return 0
	}
	return max(writeUnits(before.Size()), writeUnits(after.Size()))
}
