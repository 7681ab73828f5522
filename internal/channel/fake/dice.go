package fake

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
)

// Dice decides about faults. What it says depends on the seed, on what is asked and
// on how often that was asked before, but not on what other calls ask in between: a
// run with many clients can be repeated. It is safe for concurrent use.
type Dice struct {
	Seed int64

	mu    sync.Mutex
	asked map[string]int
}

// Hit reports whether a fault of this rate (0 to 1) strikes the call that key names.
func (d *Dice) Hit(rate float64, fault, key string) bool {
	if rate <= 0 {
		return false
	}
	name := fmt.Sprintf("%q %q", fault, key)
	d.mu.Lock()
	if d.asked == nil {
		d.asked = map[string]int{}
	}
	n := d.asked[name]
	d.asked[name]++
	d.mu.Unlock()
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", d.Seed, n, name))
	return float64(binary.BigEndian.Uint64(sum[:])>>11)/(1<<53) < rate
}
