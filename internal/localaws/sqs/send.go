package sqs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"omnihub/internal/localaws/wire"
)

// posting is what a sender wants sent.
type posting struct {
	MessageBody             *string
	DelaySeconds            *int
	MessageAttributes       map[string]attribute
	MessageSystemAttributes map[string]attribute
	MessageDeduplicationId  string
	MessageGroupId          string

	md5, attributesMD5, systemMD5 string
	size                          int
	fault                         *wire.Error // what is wrong whatever the queue
}

type sendInput struct {
	at
	posting
}

type sendBatchInput struct {
	at
	Entries []sendEntry
}

type sendEntry struct {
	Id string
	posting
}

// sent is the answer to one posting.
type sent struct {
	Id                           string `json:",omitempty"`
	MessageId                    string
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty"`
	SequenceNumber               string `json:",omitempty"`
}

func (in *sendInput) prepare() { in.posting.prepare() }

func (in *sendBatchInput) prepare() {
	for i := range in.Entries {
		in.Entries[i].prepare()
	}
}

// prepare does the part of the work that needs no lock: checks and digests.
func (p *posting) prepare() {
	p.fault = p.check()
	if p.fault != nil {
		return
	}
	p.md5 = md5Hex(*p.MessageBody)
	p.attributesMD5, p.systemMD5 = digest(p.MessageAttributes), digest(p.MessageSystemAttributes)
}

func (p *posting) check() *wire.Error {
	if p.MessageBody == nil || *p.MessageBody == "" {
		return missing("MessageBody")
	}
	p.size = len(*p.MessageBody)
	if !legalText(*p.MessageBody) {
		return illegalText()
	}
	if d := p.DelaySeconds; d != nil && (*d < 0 || *d > 900) {
		return invalidValue(*d, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")
	}
	if len(p.MessageAttributes) > 10 {
		return invalid("Number of message attributes [%d] exceeds the allowed maximum [10].", len(p.MessageAttributes))
	}
	for name, a := range p.MessageAttributes {
		if fault := a.check(name); fault != nil {
			return fault
		}
		p.size += len(name) + len(a.DataType) + len(a.bytes())
	}
	for name, a := range p.MessageSystemAttributes {
		if name != "AWSTraceHeader" || a.DataType != "String" || a.StringValue == nil {
			return invalid("Message system attribute name '%s' or its type is invalid.", name)
		}
		if fault := a.check(name); fault != nil {
			return fault
		}
	}
	if id := p.MessageGroupId; !tokenLike(id) {
		return invalidValue(id, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if id := p.MessageDeduplicationId; !tokenLike(id) {
		return invalidValue(id, "MessageDeduplicationId", "MessageDeduplicationId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	return nil
}

// tokenLike reports whether s is empty or a legal group or deduplication id.
func tokenLike(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7E {
			return false
		}
	}
	return len(s) <= 128
}

// lacks names the FIFO parameter that a posting should have and has not.
func (q *queue) lacks(p *posting) *wire.Error {
	if !q.fifo {
		return nil
	}
	if p.MessageGroupId == "" {
		return missing("MessageGroupId")
	}
	if p.MessageDeduplicationId == "" && !q.settings.contentDedup {
		return invalid("The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
	}
	return nil
}

func (e *Engine) sendMessage(r *wire.Request, q *queue, in *sendInput) (any, error) {
	if fault := q.lacks(&in.posting); fault != nil {
		return nil, fault
	}
	out, fault := e.send(r, q, &in.posting)
	if fault != nil {
		return nil, fault
	}
	return out, nil
}

func (e *Engine) sendMessageBatch(r *wire.Request, q *queue, in *sendBatchInput) (any, error) {
	ids, total := []string{}, 0
	for _, entry := range in.Entries {
		ids = append(ids, entry.Id)
		total += entry.size
	}
	if err := checkBatch("SendMessageBatchRequestEntry", ids); err != nil {
		return nil, err
	}
	if total > maxBody {
		return nil, wire.Errorf("BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxBody, total)
	}
	for i := range in.Entries {
		if fault := q.lacks(&in.Entries[i].posting); fault != nil {
			return nil, invalid("%s", fault.Message) // for the whole batch, and with this code
		}
	}
	return runBatch(e, r, "SendMessageBatchRequestEntry", ids, func(i int) (sent, *wire.Error) {
		answer, fault := e.send(r, q, &in.Entries[i].posting)
		if fault != nil {
			return sent{}, fault
		}
		answer.Id = ids[i]
		return *answer, nil
	})
}

// send puts one message into the queue, or recognises it as sent before.
func (e *Engine) send(r *wire.Request, q *queue, p *posting) (*sent, *wire.Error) {
	const otherType = "The request include parameter that is not valid for this queue type."
	switch {
	case p.fault != nil:
		return nil, p.fault
	case p.size > q.settings.maxSize:
		return nil, invalid("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.settings.maxSize)
	case q.fifo && p.DelaySeconds != nil && *p.DelaySeconds != 0:
		return nil, invalidValue(*p.DelaySeconds, "DelaySeconds", otherType)
	case !q.fifo && p.MessageDeduplicationId != "":
		return nil, invalidValue(p.MessageDeduplicationId, "MessageDeduplicationId", otherType)
	}
	out := &sent{MD5OfMessageBody: p.md5, MD5OfMessageAttributes: p.attributesMD5, MD5OfMessageSystemAttributes: p.systemMD5}
	now := e.cfg.Clock()
	m := &message{letter: letter{
		Body: *p.MessageBody, MD5: p.md5, Attributes: p.MessageAttributes, AttributesMD5: p.attributesMD5,
		Sender: r.Caller, Group: p.MessageGroupId, Sent: now,
	}}
	if trace, ok := p.MessageSystemAttributes["AWSTraceHeader"]; ok {
		m.Trace = *trace.StringValue
	}
	var key string
	if q.fifo {
		if m.Dedup = p.MessageDeduplicationId; m.Dedup == "" {
			sum := sha256.Sum256([]byte(m.Body))
			m.Dedup = hex.EncodeToString(sum[:])
		}
		if key = m.Dedup; q.settings.perGroup {
			key = m.Group + "\x00" + m.Dedup
		}
		if before := q.sightings[key]; before != nil {
			out.MessageId, out.SequenceNumber = before.ID, sequence(before.Sequence)
			return out, nil
		}
	}
	m.ID, m.number = newID(), e.next()
	m.Place, m.Enqueued = m.number, now
	delay := q.settings.delay
	if p.DelaySeconds != nil && !q.fifo {
		delay = time.Duration(*p.DelaySeconds) * time.Second
	}
	if delay > 0 {
		m.Until, m.Delayed = now.Add(delay), true
	}
	e.add(q, m)
	out.MessageId = m.ID
	if q.fifo {
		out.SequenceNumber = sequence(m.Place)
		e.remember(q, &sighting{Key: key, ID: m.ID, Sequence: m.Place, At: now})
	}
	return out, nil
}

// sequence writes a place as a sequence number: 20 digits, growing.
func sequence(place uint64) string {
	return strconv.FormatUint(10_000_000_000_000_000_000+place, 10)
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
