package sqs

import (
	"time"

	"omnihub/internal/localaws/wire"
)

// hidden is for how long a message that a receive gives out is hidden.
func (e *Engine) hidden(r *wire.Request, q *queue, m *message, visibility time.Duration) time.Duration {
	visibility = e.scaled(visibility)
	if r.Hide == nil {
		return visibility
	}
	return r.Hide(m.digest(), q.fifo, visibility)
}

// digest is equal for equal messages: of a FIFO queue by the deduplication id, else
// by the body.
func (m *message) digest() string {
	if m.Dedup != "" {
		return m.Group + " " + m.Dedup
	}
	return m.MD5
}

// Knows tells whether the service has an operation here.
func (e *Engine) Knows(operation string) bool { return operations[operation] != nil }

// Digest is that of the message that a receipt handle of a queue names, as
// wire.Request.Hide is told it; the handle itself if there is no such message.
func (e *Engine) Digest(queue, handle string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if q := e.queues[queue]; q != nil {
		if m, _, _ := q.find(handle); m != nil {
			return m.digest()
		}
	}
	return handle
}
