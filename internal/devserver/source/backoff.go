package source

import (
	"context"
	"time"
)

// backoff is how long to wait between tries: longer after each, up to a limit.
type backoff struct{ next time.Duration }

// Retries wait so long, doubled each time.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// coming is how long the next wait is.
func (b *backoff) coming() time.Duration { return max(b.next, firstRetry) }

// wait waits, or answers false when ctx ends.
func (b *backoff) wait(ctx context.Context) bool {
	d := b.coming()
	b.next = min(2*d, lastRetry)
	return pause(ctx, d)
}

// reset begins anew, after something went well.
func (b *backoff) reset() { b.next = 0 }
