package main

import (
	"context"

	"omnihub/internal/account"
)

// handler runs each hour.
type handler struct {
	Keeper *account.Keeper
}

// Handle looks after the accounts that are due. It needs nothing of the schedule's
// input, and may run twice at a time: an account is written by one of them.
func (h *handler) Handle(ctx context.Context) (account.Looked, error) {
	defer h.Keeper.Metrics.Flush()
	return h.Keeper.Due(ctx)
}
