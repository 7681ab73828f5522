package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// dice are thrown for what is asked. A throw depends on the seed, on what is asked and
// on how often that was asked before, but not on what else is asked in between.
type dice struct {
	seed  int64
	asked map[string]int
}

// throw answers a number from 0 to below 1.
func (d *dice) throw(what ...string) float64 {
	name := fmt.Sprintf("%q", what)
	if d.asked == nil {
		d.asked = map[string]int{}
	}
	d.asked[name]++
	n := d.asked[name]
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %d %s", d.seed, n, name))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}
