package dynamo

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrderedIsASortedMap compares random histories with a plain map, with so many
// keys that chunks split and vanish.
func TestOrderedIsASortedMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o ordered
		model := map[string]*row{}
		keys := rapid.IntRange(0, 2000)
		name := func(n int) string { return fmt.Sprintf("%04d", n) }
		for range rapid.IntRange(1, 6).Draw(t, "runs") {
			from, step, put := keys.Draw(t, "from"), rapid.SampledFrom([]int{1, -1, 7, 619}).Draw(t, "step"), rapid.IntRange(0, 2).Draw(t, "what") > 0
			for i := range rapid.IntRange(1, 700).Draw(t, "count") {
				key := name(((from+i*step)%2000 + 2000) % 2000)
				if put {
					r := &row{}
					o.put(key, r)
					model[key] = r
				} else {
					o.remove(key)
					delete(model, key)
				}
			}
		}
		low, high := name(keys.Draw(t, "low")), name(keys.Draw(t, "high"))
		if rapid.Bool().Draw(t, "unbounded") {
			low, high = "", ""
		}
		var want []string
		for key, r := range model {
			if o.get(key) != r {
				t.Fatalf("%s: got another row", key)
			}
			if key >= low && (high == "" || key < high) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		for _, backward := range []bool{false, true} {
			var got []string
			o.walk(low, high, backward, func(key string, r *row) bool {
				got = append(got, key)
				return true
			})
			if backward {
				slices.Reverse(got)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("from %q to %q, backward %v: got %d keys, want %d", low, high, backward, len(got), len(want))
			}
		}
		if o.count != len(model) || o.get("none") != nil {
			t.Fatalf("got %d rows, want %d", o.count, len(model))
		}
		for _, chunk := range o.chunks {
			if len(chunk) == 0 || len(chunk) > chunkSize {
				t.Fatalf("got a chunk of %d", len(chunk))
			}
		}
	})
}
