//go:build !chaos

package failpoint

// Hit does nothing.
func (Point) Hit() {}
