package dynamo

import (
	"maps"
	"slices"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// maxBatchWrite is how many items one BatchWriteItem may write.
const maxBatchWrite = 25

func (c *call) batchWriteItem(in *batchWriteItemRequest) (any, error) {
	if err := checkOptions("", &returns{"", in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics}); err != nil {
		return nil, err
	}
	if len(in.RequestItems) == 0 {
		return nil, wire.Validation("The requestItems parameter is required for BatchWriteItem")
	}
	type entry struct {
		*write
		request string // the table as the request names it
	}
	var entries []entry
	for _, request := range sortedKeys(in.RequestItems) {
		list := in.RequestItems[request]
		name, err := c.allowed("BatchWriteItem", request, "")
		if err != nil {
			return nil, err
		}
		if len(list) == 0 || len(entries)+len(list) > maxBatchWrite {
			return nil, wire.Validation("1 validation error detected: Value '{%s=[...]}' at 'requestItems' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 25, Member must have length greater than or equal to 1]", name)
		}
		for _, one := range list {
			if (one.PutRequest == nil) == (one.DeleteRequest == nil) {
				return nil, wire.Validation("A WriteRequest must contain exactly one of PutRequest and DeleteRequest")
			}
			w := &write{table: name}
			if one.PutRequest != nil {
				w.verb, w.item = "Put", one.PutRequest.Item
			} else {
				w.verb, w.item = "Delete", one.DeleteRequest.Key
			}
			entries = append(entries, entry{w, request})
		}
	}
	serve := c.served("BatchWriteItem", len(entries))
	b := &bill{write: true}
	err := c.writing(func() error {
		changes := make([]*change, len(entries))
		seen := map[string]bool{}
		for i, w := range entries {
			t, err := c.e.table(w.table)
			if err != nil {
				return err
			}
			keys := w.item
			if w.verb == "Put" {
				keys = t.Key.keys(w.item)
			}
			key, err := t.Key.ofKey(keys)
			if err != nil {
				return err
			}
			if seen[w.table+"/"+key] {
				return wire.Validation("Provided list of item keys contains duplicates")
			}
			seen[w.table+"/"+key] = true
			if changes[i], err = w.plan(t, key); err != nil {
				return err
			}
		}
		var ops []disk.Op
		for i, w := range entries {
			if c.serves(i, serve) {
				b.add(w.table, changes[i].usage(1))
				ops = append(ops, c.e.apply(changes[i])...)
			}
		}
		c.e.cfg.Disk.Append(ops...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	b.charge(c.Request)
	left := map[string][]byte{}
	for i, w := range entries {
		if c.serves(i, serve) {
			continue
		}
		var inner, outer object
		if w.verb == "Put" {
			inner.item("Item", w.item)
		} else {
			inner.item("Key", w.item)
		}
		outer.raw(w.verb+"Request", inner.end())
		if left[w.request] != nil {
			left[w.request] = append(left[w.request], ',')
		}
		left[w.request] = append(left[w.request], outer.end()...)
	}
	var o, unprocessed object
	for _, request := range sortedKeys(left) {
		unprocessed.raw(request, append(append([]byte{'['}, left[request]...), ']'))
	}
	o.raw("UnprocessedItems", unprocessed.end())
	b.appendTo(&o, in.ReturnConsumedCapacity, true)
	return o.end(), nil
}
