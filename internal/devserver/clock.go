package main

import (
	"sync/atomic"
	"time"
)

// clock is the hub's one clock: the machine's, moved forward by an offset.
type clock struct{ offset atomic.Int64 }

// Now is the hub's time.
func (c *clock) Now() time.Time { return time.Now().Add(c.Offset()) }

// Offset is how far the hub's clock is ahead.
func (c *clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

// Set moves the clock.
func (c *clock) Set(offset time.Duration) { c.offset.Store(int64(offset)) }
