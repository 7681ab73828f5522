package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/fnv"
)

// roll is what the dice say about one call.
type roll struct {
	hit  bool
	bits uint64 // for what the fault chooses: entries, error codes
}

// ask rolls the dice for one identity. What they say depends on the seed, the rule,
// the identity and how often this rule was asked about it, but not on what else
// happens in between, so a run with many clients can be repeated. Only which calls a
// count leaves over depends on their order.
func (r *rule) ask(seed int64, identity string) roll {
	h := fnv.New64a()
	h.Write([]byte(identity))
	key := h.Sum64()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.before[key]
	r.before[key]++
	r.asked++
	text := make([]byte, 0, 32+len(r.name)+len(identity))
	text = binary.BigEndian.AppendUint64(text, uint64(seed))
	text = binary.BigEndian.AppendUint32(text, n)
	text = binary.BigEndian.AppendUint32(text, uint32(len(r.name)))
	text = append(append(text, r.name...), identity...)
	sum := sha256.Sum256(text)
	if float64(binary.BigEndian.Uint64(sum[:])>>11)/(1<<53) >= r.Rate || r.Count > 0 && r.struck >= r.Count {
		return roll{}
	}
	r.struck++
	return roll{true, binary.BigEndian.Uint64(sum[8:])}
}

// fraction is a number from 0 to just under 1.
func (d roll) fraction() float64 { return float64(d.bits>>11) / (1 << 53) }

// some marks some of n entries, in any place: at least one, and not all if there
// are several.
func (d roll) some(n int) []bool {
	marked, count := make([]bool, n), 0
	for i := range marked {
		// https://prng.di.unimi.it/splitmix64.c
		z := d.bits + uint64(i+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		if marked[i] = (z^z>>31)&1 == 1; marked[i] {
			count++
		}
	}
	if one := int(d.bits % uint64(n)); count == 0 || count == n && n > 1 {
		marked[one] = count == 0
	}
	return marked
}
