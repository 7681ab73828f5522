package sqs

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"time"

	"omnihub/internal/localaws/wire"
)

// handle makes the receipt handle of a message's latest receive. It names the
// message and the receive, and bears a checksum over both and the queue, so that
// foreign text is told from an old handle without keeping a list.
func handle(q *queue, m *message) string {
	b := binary.BigEndian.AppendUint64(nil, m.number)
	b = binary.BigEndian.AppendUint32(b, uint32(m.Count))
	return base64.StdEncoding.EncodeToString(append(b, checksum(q, b)...))
}

func checksum(q *queue, b []byte) []byte {
	sum := sha256.Sum256(append([]byte(q.name+"\x00"), b...))
	return sum[:15]
}

// find reads a receipt handle. The message is nil if it is not in the queue any
// more; latest tells whether the handle is of its last receive.
func (q *queue) find(handle string) (m *message, latest bool, fault *wire.Error) {
	if handle == "" {
		return nil, false, missing("ReceiptHandle")
	}
	b, err := base64.StdEncoding.DecodeString(handle)
	if err != nil || len(b) != 27 || subtle.ConstantTimeCompare(b[12:], checksum(q, b[:12])) != 1 {
		return nil, false, badHandle(handle)
	}
	m = q.messages[binary.BigEndian.Uint64(b)]
	return m, m != nil && uint32(m.Count) == binary.BigEndian.Uint32(b[8:]), nil
}

func expired(handle string) *wire.Error {
	return invalidValue(handle, "ReceiptHandle", "The receipt handle has expired.")
}

type deletion struct{ ReceiptHandle string }

type deleteInput struct {
	at
	deletion
}

type deleteBatchInput struct {
	at
	Entries []struct {
		Id string
		deletion
	}
}

func (e *Engine) deleteMessage(_ *wire.Request, q *queue, in *deleteInput) (any, error) {
	if fault := e.delete(q, in.deletion); fault != nil {
		return nil, fault
	}
	return struct{}{}, nil
}

func (e *Engine) deleteMessageBatch(r *wire.Request, q *queue, in *deleteBatchInput) (any, error) {
	var ids []string
	for _, entry := range in.Entries {
		ids = append(ids, entry.Id)
	}
	return runBatch(e, r, "DeleteMessageBatchRequestEntry", ids, func(i int) (done, *wire.Error) {
		return done{ids[i]}, e.delete(q, in.Entries[i].deletion)
	})
}

// delete removes a message. One that is gone already is a success; a FIFO queue
// insists on a handle that is still in force, a standard queue takes old ones.
func (e *Engine) delete(q *queue, d deletion) *wire.Error {
	m, latest, fault := q.find(d.ReceiptHandle)
	switch {
	case fault != nil || m == nil:
		return fault
	case q.fifo && (!latest || m.visible()):
		return expired(d.ReceiptHandle)
	}
	e.remove(q, m)
	return nil
}

type extension struct {
	ReceiptHandle     string
	VisibilityTimeout *int
}

type changeInput struct {
	at
	extension
}

type changeBatchInput struct {
	at
	Entries []struct {
		Id string
		extension
	}
}

func (e *Engine) changeMessageVisibility(_ *wire.Request, q *queue, in *changeInput) (any, error) {
	if fault := e.change(q, in.extension); fault != nil {
		return nil, fault
	}
	return struct{}{}, nil
}

func (e *Engine) changeMessageVisibilityBatch(r *wire.Request, q *queue, in *changeBatchInput) (any, error) {
	var ids []string
	for _, entry := range in.Entries {
		ids = append(ids, entry.Id)
	}
	return runBatch(e, r, "ChangeMessageVisibilityBatchRequestEntry", ids, func(i int) (done, *wire.Error) {
		return done{ids[i]}, e.change(q, in.Entries[i].extension)
	})
}

// change lets the visibility timeout of a message in flight start anew, with
// another length; at most 12 hours may pass since its receive.
func (e *Engine) change(q *queue, x extension) *wire.Error {
	if x.VisibilityTimeout == nil {
		return missing("VisibilityTimeout")
	}
	timeout := time.Duration(*x.VisibilityTimeout) * time.Second
	if timeout < 0 || timeout > 12*time.Hour {
		return invalidValue(*x.VisibilityTimeout, "VisibilityTimeout", "Must be between 0 and 43200.")
	}
	m, latest, fault := q.find(x.ReceiptHandle)
	now := e.cfg.Clock()
	switch {
	case fault != nil:
		return fault
	case m == nil:
		return invalidValue(x.ReceiptHandle, "ReceiptHandle", "Message does not exist or is not available for visibility timeout change.")
	case q.fifo && !latest:
		return expired(x.ReceiptHandle)
	case m.visible() || m.Delayed:
		return wire.Errorf("MessageNotInflight", "The message referred to isn't in flight.")
	case now.Add(timeout).Sub(m.Received) > 12*time.Hour:
		return invalidValue(*x.VisibilityTimeout, "VisibilityTimeout", "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]")
	}
	if timeout == 0 {
		q.show(m)
	} else {
		m.Until = now.Add(e.scaled(timeout))
		q.hidden.fix(m)
	}
	e.save(m)
	return nil
}
