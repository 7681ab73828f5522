package scan

import (
	"strings"
	"testing"
)

func TestOrdinaryFindsTheFirstByteThatMatters(t *testing.T) {
	for _, filler := range []string{"a", "\x7f", "\x80", "\xff", "!", "#", "[", "]", " "} {
		for n := range 40 {
			for _, end := range []byte{'"', '\\', 0, 0x1f, '\n'} {
				text := strings.Repeat(filler, n) + string([]byte{end}) + strings.Repeat("\"", 9)
				if got := ordinary([]byte(text)); got != n {
					t.Fatalf("%q: got %d, want %d", text, got, n)
				}
			}
			if got := ordinary([]byte(strings.Repeat(filler, n))); got != n {
				t.Fatalf("%d of %q: got %d, want %d", n, filler, got, n)
			}
		}
	}
}
