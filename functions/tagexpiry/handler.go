package main

import (
	"context"

	"omnihub/internal/tag"
)

// handler runs each hour at its last minute. The run of 15:59 UTC, which is 23:59 in
// Taipei, is the daily check; the others go on with what it left, and are idle else.
type handler struct {
	Check *tag.Check
}

// Handle ends the tags whose validity is over. It needs nothing of the schedule's input,
// and may run twice at a time.
func (h *handler) Handle(ctx context.Context) (tag.Checked, error) {
	return h.Check.Due(ctx)
}
