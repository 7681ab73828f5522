package main

import (
	"context"

	"omnihub/internal/chat"
)

// handler runs each minute.
type handler struct {
	Reconciler *chat.Reconciler
}

// result is what a run answers, for whoever fired it by hand.
type result struct {
	HandedOn int `json:"handed_on"`
}

// Handle hands on what is due. It needs nothing of the schedule's input.
func (h *handler) Handle(ctx context.Context) (result, error) {
	defer h.Reconciler.Metrics.Flush()
	n, err := h.Reconciler.Due(ctx)
	return result{HandedOn: n}, err
}
