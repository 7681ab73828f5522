package dynamo

import "sort"

// ordered is a sorted map from keys to rows. It is a list of short sorted chunks:
// a look-up is two binary searches, an insert moves at most one chunk, and a walk
// in either direction is a walk over memory.
type ordered struct {
	chunks [][]entry // none is empty
	count  int
}

type entry struct {
	key string
	row *row
}

const chunkSize = 256

// find returns the place of the first key that is not below key.
func (o *ordered) find(key string) (chunk, i int) {
	chunk = sort.Search(len(o.chunks), func(c int) bool {
		last := o.chunks[c]
		return last[len(last)-1].key >= key
	})
	if chunk < len(o.chunks) {
		entries := o.chunks[chunk]
		i = sort.Search(len(entries), func(i int) bool { return entries[i].key >= key })
	}
	return chunk, i
}

func (o *ordered) get(key string) *row {
	c, i := o.find(key)
	if c < len(o.chunks) && o.chunks[c][i].key == key {
		return o.chunks[c][i].row
	}
	return nil
}

// put adds a row or replaces the one at the key.
func (o *ordered) put(key string, r *row) {
	c, i := o.find(key)
	switch {
	case len(o.chunks) == 0:
		o.chunks = [][]entry{make([]entry, 0, chunkSize)}
	case c == len(o.chunks):
		c--
		i = len(o.chunks[c])
	case o.chunks[c][i].key == key:
		o.chunks[c][i].row = r
		return
	}
	o.count++
	entries := o.chunks[c]
	if len(entries) == chunkSize {
		cut := chunkSize / 2
		if c == len(o.chunks)-1 && i == chunkSize {
			cut = chunkSize // keys that come in order leave full chunks behind
		}
		upper := append(make([]entry, 0, chunkSize), entries[cut:]...)
		clear(entries[cut:])
		o.chunks[c] = entries[:cut]
		o.chunks = append(o.chunks, nil)
		copy(o.chunks[c+2:], o.chunks[c+1:])
		o.chunks[c+1] = upper
		if i > cut || i == chunkSize {
			c, i = c+1, i-cut
		}
		entries = o.chunks[c]
	}
	entries = append(entries, entry{})
	copy(entries[i+1:], entries[i:])
	entries[i] = entry{key, r}
	o.chunks[c] = entries
}

// remove takes the key away if it is there.
func (o *ordered) remove(key string) {
	c, i := o.find(key)
	if c == len(o.chunks) || o.chunks[c][i].key != key {
		return
	}
	o.count--
	entries := o.chunks[c]
	copy(entries[i:], entries[i+1:])
	entries[len(entries)-1] = entry{}
	if o.chunks[c] = entries[:len(entries)-1]; len(entries) == 1 {
		o.chunks = append(o.chunks[:c], o.chunks[c+1:]...)
	}
}

// walk calls each for the keys from low (with it) to high (without it) until each
// returns false; backward walks from high down to low. An empty high is no bound.
func (o *ordered) walk(low, high string, backward bool, each func(key string, r *row) bool) {
	if !backward {
		c, i := o.find(low)
		for ; c < len(o.chunks); c, i = c+1, 0 {
			for _, e := range o.chunks[c][i:] {
				if high != "" && e.key >= high || !each(e.key, e.row) {
					return
				}
			}
		}
		return
	}
	c, i := len(o.chunks), 0
	if high != "" {
		c, i = o.find(high)
	}
	for {
		if i--; i < 0 {
			if c--; c < 0 {
				return
			}
			i = len(o.chunks[c]) - 1
		}
		if e := o.chunks[c][i]; e.key < low || !each(e.key, e.row) {
			return
		}
	}
}
