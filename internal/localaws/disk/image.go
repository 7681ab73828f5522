package disk

import (
	"maps"
	"slices"
	"sync"
)

// Image is what a store holds, in memory. The zero value holds nothing.
type Image struct {
	mu      sync.Mutex
	buckets map[string]map[string][]byte // no value is changed
}

// Record is a store without a file: it begins with what the image holds, and writes into it.
func (i *Image) Record() *Store { return &Store{image: i, records: true} }

// Start is a store without a file: it begins with what the image holds, and what is written
// goes nowhere, as in the in-memory mode.
func (i *Image) Start() *Store { return &Store{image: i} }

// Copy is an image that holds the same, and goes its own way from here.
func (i *Image) Copy() *Image {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := &Image{buckets: map[string]map[string][]byte{}}
	for name, b := range i.buckets {
		c.buckets[name] = maps.Clone(b)
	}
	return c
}

func (i *Image) apply(ops []Op) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.buckets == nil {
		i.buckets = map[string]map[string][]byte{}
	}
	for _, op := range ops {
		b := i.buckets[op.Bucket]
		if b == nil {
			b = map[string][]byte{}
			i.buckets[op.Bucket] = b
		}
		if op.Value == nil {
			delete(b, string(op.Key))
		} else {
			b[string(op.Key)] = op.Value
		}
	}
}

func (i *Image) load(bucket string, each func(key, value []byte) error) error {
	i.mu.Lock()
	b := maps.Clone(i.buckets[bucket])
	i.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if err := each([]byte(key), b[key]); err != nil {
			return err
		}
	}
	return nil
}
