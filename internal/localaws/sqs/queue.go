package sqs

import (
	"math/rand/v2"
	"time"
)

// dedupWindow is how long a FIFO queue knows a deduplication id.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
const dedupWindow = 5 * time.Minute

// queue is one queue with its messages. A message is visible, or it is in hidden
// until its time; a visible message of a standard queue is in ready. A FIFO queue
// keeps its messages in groups, and those groups in open that may deliver.
type queue struct {
	name     string
	fifo     bool
	settings settings
	tags     map[string]string
	created  time.Time
	modified time.Time
	purged   time.Time

	messages map[uint64]*message
	ready    pile[*message] // by place
	hidden   pile[*message] // by the end of hiding
	groups   map[string]*group
	open     pile[*group] // by the place of the first message
	inFlight int
	delayed  int
	oldest   time.Time // no message is older

	sightings map[string]*sighting
	recent    []*sighting // the same, oldest first

	waiters []chan struct{} // receives that wait, oldest first; closed to wake

	shuffle    *rand.Rand
	duplicates float64
}

// message is one message: what was sent, and what has happened to it since.
type message struct {
	number uint64 // its key on disk and in receipt handles
	letter
	state
	group *group
	index int
}

func (m *message) slot() *int    { return &m.index }
func (m *message) visible() bool { return m.Until.IsZero() }

// letter is what was sent. It never changes and is stored once.
type letter struct {
	ID            string
	Body          string
	MD5           string
	Attributes    map[string]attribute `json:",omitempty"`
	AttributesMD5 string               `json:",omitempty"`
	Trace         string               `json:",omitempty"` // AWSTraceHeader
	Sender        string
	Group         string `json:",omitempty"`
	Sent          time.Time
}

// state is what changes: where the message is, and who has received it.
type state struct {
	Queue    string
	Place    uint64    // order in the queue; also the sequence number
	Enqueued time.Time // retention counts from here
	Dedup    string    `json:",omitempty"`
	Count    int       `json:",omitempty"` // receives
	First    time.Time // first receive
	Received time.Time // last receive
	Until    time.Time // hidden until then; zero if visible
	Delayed  bool      `json:",omitempty"` // hidden by a delay, not by a receive
	Source   string    `json:",omitempty"` // ARN of the queue that gave up on it
}

// group is the messages of one message group that are in a FIFO queue, in order.
type group struct {
	id    string
	queue []*message
	busy  int  // messages in flight
	held  bool // a receive is choosing from it
	index int
}

func (g *group) slot() *int { return &g.index }

// sighting is a deduplication id that was used, and the answer to its repetitions.
type sighting struct {
	Key      string
	ID       string
	Sequence uint64
	At       time.Time
}

func newQueue(name string, fifo bool) *queue {
	return &queue{
		name: name, fifo: fifo,
		messages:  map[uint64]*message{},
		groups:    map[string]*group{},
		sightings: map[string]*sighting{},
		ready:     pile[*message]{less: func(a, b *message) bool { return a.Place < b.Place }},
		hidden:    pile[*message]{less: func(a, b *message) bool { return a.Until.Before(b.Until) }},
		open:      pile[*group]{less: func(a, b *group) bool { return a.queue[0].Place < b.queue[0].Place }},
	}
}

func (q *queue) counts() QueueCounts {
	return QueueCounts{Visible: len(q.messages) - q.inFlight - q.delayed, InFlight: q.inFlight, Delayed: q.delayed}
}

// attach puts a message into the queue, in memory.
func (q *queue) attach(m *message) {
	m.Queue, m.index = q.name, -1
	if len(q.messages) == 0 || m.Enqueued.Before(q.oldest) {
		q.oldest = m.Enqueued
	}
	q.messages[m.number] = m
	if q.fifo {
		g := q.groups[m.Group]
		if g == nil {
			g = &group{id: m.Group, index: -1}
			q.groups[m.Group] = g
		}
		g.queue = append(g.queue, m)
		m.group = g
	}
	if m.visible() {
		q.offer(m)
	} else {
		q.cover(m)
	}
}

// detach takes a message out of the queue, in memory.
func (q *queue) detach(m *message) {
	if !m.visible() {
		q.uncover(m)
	} else if m.index >= 0 {
		q.ready.drop(m)
	}
	delete(q.messages, m.number)
	if g := m.group; g != nil {
		for i, other := range g.queue {
			if other == m {
				if i == 0 {
					g.queue[0] = nil
					g.queue = g.queue[1:]
				} else {
					g.queue = append(g.queue[:i], g.queue[i+1:]...)
				}
				break
			}
		}
		m.group = nil
		q.settle(g)
	}
}

// hide makes a visible message invisible until a time.
func (q *queue) hide(m *message, until time.Time) {
	if m.index >= 0 {
		q.ready.drop(m)
	}
	m.Until = until
	q.cover(m)
}

// show makes a hidden message visible.
func (q *queue) show(m *message) {
	q.uncover(m)
	m.Until, m.Delayed = time.Time{}, false
	q.offer(m)
}

func (q *queue) cover(m *message) {
	q.hidden.add(m)
	if m.Delayed {
		q.delayed++
	} else {
		q.inFlight++
		if m.group != nil {
			m.group.busy++
		}
	}
	if m.group != nil {
		q.settle(m.group)
	}
}

func (q *queue) uncover(m *message) {
	q.hidden.drop(m)
	if m.Delayed {
		q.delayed--
		return
	}
	q.inFlight--
	if m.group != nil {
		m.group.busy--
	}
}

// offer makes a visible message available to receives.
func (q *queue) offer(m *message) {
	if m.group != nil {
		q.settle(m.group)
		return
	}
	q.ready.add(m)
	q.wake(len(q.ready.items))
}

// settle puts a group where it belongs: into open if its first message is visible
// and none is in flight, out of the queue if it is empty.
func (q *queue) settle(g *group) {
	if len(g.queue) == 0 {
		delete(q.groups, g.id)
	}
	can := !g.held && len(g.queue) > 0 && g.busy == 0 && g.queue[0].visible()
	switch {
	case !can && g.index >= 0:
		q.open.drop(g)
	case can && g.index >= 0:
		q.open.fix(g)
	case can:
		q.open.add(g)
		q.wake(len(q.open.items))
	}
}

// wake ends the waiting of the n receives that have waited longest.
func (q *queue) wake(n int) {
	for ; n > 0 && len(q.waiters) > 0; n-- {
		close(q.waiters[0])
		q.waiters = q.waiters[1:]
	}
}

// leave ends the waiting of one receive. If it was woken and goes without looking,
// another one looks in its place.
func (q *queue) leave(waiter chan struct{}) {
	for i, other := range q.waiters {
		if other == waiter {
			q.waiters = append(q.waiters[:i:i], q.waiters[i+1:]...)
			return
		}
	}
	q.wake(len(q.ready.items) + len(q.open.items))
}

// advance brings the queue to the present: messages whose hiding is over appear,
// deduplication ids are forgotten, messages past their retention are removed.
func (e *Engine) advance(q *queue) {
	now := e.cfg.Clock()
	for len(q.hidden.items) > 0 && !q.hidden.items[0].Until.After(now) {
		q.show(q.hidden.items[0])
	}
	for len(q.recent) > 0 && now.Sub(q.recent[0].At) >= dedupWindow {
		e.forget(q, q.recent[0])
		q.recent = q.recent[1:]
	}
	if len(q.messages) == 0 || now.Sub(q.oldest) < q.settings.retention {
		return
	}
	q.oldest = now
	for _, m := range q.messages {
		if now.Sub(m.Enqueued) >= q.settings.retention {
			e.remove(q, m)
		} else if m.Enqueued.Before(q.oldest) {
			q.oldest = m.Enqueued
		}
	}
}

// remove deletes a message for good.
func (e *Engine) remove(q *queue, m *message) {
	q.detach(m)
	e.erase(m)
}

// bury moves a message to the dead-letter queue. It keeps its id, its attributes
// and its receive count. On a FIFO queue the message id takes the place of the
// deduplication id and the retention starts anew; on a standard queue the message
// expires as it would have.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func (e *Engine) bury(q, grave *queue, m *message) {
	q.detach(m)
	m.Place, m.Source = e.next(), e.arn(q.name)
	if q.fifo {
		m.Dedup, m.Enqueued = m.ID, e.cfg.Clock()
	}
	grave.attach(m)
	e.save(m)
}
