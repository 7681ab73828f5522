package main

import (
	"context"

	"omnihub/internal/erasure"
)

// handler runs each minute.
type handler struct {
	Worker *erasure.Worker
}

// result is what a run answers, for whoever fired it by hand.
type result struct {
	Worked int `json:"worked"` // on how many erasures
}

// Handle works on the erasures that are due. It needs nothing of the schedule's input, and
// may run twice at a time.
func (h *handler) Handle(ctx context.Context) (result, error) {
	n, err := h.Worker.Due(ctx)
	return result{Worked: n}, err
}
