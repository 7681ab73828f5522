// Package sqs is Amazon SQS as the local cloud offers it: standard and FIFO queues
// in memory under one lock, each acknowledged change on disk before its answer.
package sqs

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/wire"
)

// Config is what an engine needs.
type Config struct {
	Disk            *disk.Store // nil keeps everything in memory
	Clock           wire.Clock  // nil is time.Now
	Region, Account string      // parts of every ARN; the account is also in queue URLs
	VisibilityScale float64     // multiplies every visibility timeout; 0 means 1

	// Before runs before an operation touches anything; an error is the answer, and
	// nothing happened. After runs when all is on disk; an error takes the place of
	// the answer. Either may be nil.
	Before, After func(operation, caller string) error
	// Partial says how many of the n entries of a batch call are served; the others
	// fail through no fault of the sender. Nil serves all.
	Partial func(operation, caller string, n int) int
}

// Engine holds the queues of one account in one region.
type Engine struct {
	cfg Config

	mu     sync.Mutex
	queues map[string]*queue
	tasks  []*task   // move tasks, oldest first
	last   uint64    // the last number given out: of messages, places and tasks
	leased uint64    // numbers up to here are spent if the process dies
	ops    []disk.Op // changes that the running call has made
	closed bool
}

// Open loads the queues from the disk.
func Open(cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.VisibilityScale == 0 {
		cfg.VisibilityScale = 1
	}
	e := &Engine{cfg: cfg, queues: map[string]*queue{}}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("sqs: open: %w", err)
	}
	return e, nil
}

// operation runs one call: decoding, permission, the change, and the wait for disk.
type operation func(e *Engine, r *wire.Request) (any, error)

// Do runs one operation.
func (e *Engine) Do(r *wire.Request) (any, error) {
	run := operations[r.Operation]
	if run == nil {
		return nil, wire.Unsupported("the SQS operation %s", r.Operation)
	}
	if e.cfg.Before != nil {
		if err := e.cfg.Before(r.Operation, r.Caller); err != nil {
			return nil, err
		}
	}
	out, err := run(e, r)
	if err == nil && e.cfg.After != nil {
		err = e.cfg.After(r.Operation, r.Caller)
	}
	return out, err
}

// Filled by the files that implement them; never changed afterwards.
var operations = map[string]operation{
	"CreateQueue":                onAccount("CreateQueue", (*Engine).createQueue),
	"GetQueueUrl":                onAccount("GetQueueUrl", (*Engine).getQueueURL),
	"ListQueues":                 onAccount("ListQueues", (*Engine).listQueues),
	"DeleteQueue":                onQueue("DeleteQueue", (*Engine).deleteQueue),
	"PurgeQueue":                 onQueue("PurgeQueue", (*Engine).purgeQueue),
	"GetQueueAttributes":         onQueue("GetQueueAttributes", (*Engine).getQueueAttributes),
	"SetQueueAttributes":         onQueue("SetQueueAttributes", (*Engine).setQueueAttributes),
	"TagQueue":                   onQueue("TagQueue", (*Engine).tagQueue),
	"UntagQueue":                 onQueue("UntagQueue", (*Engine).untagQueue),
	"ListQueueTags":              onQueue("ListQueueTags", (*Engine).listQueueTags),
	"ListDeadLetterSourceQueues": onQueue("ListDeadLetterSourceQueues", (*Engine).listDeadLetterSourceQueues),

	"SendMessage":                  onQueue("SendMessage", (*Engine).sendMessage),
	"SendMessageBatch":             onQueue("SendMessage", (*Engine).sendMessageBatch),
	"ReceiveMessage":               (*Engine).receiveMessage,
	"DeleteMessage":                onQueue("DeleteMessage", (*Engine).deleteMessage),
	"DeleteMessageBatch":           onQueue("DeleteMessage", (*Engine).deleteMessageBatch),
	"ChangeMessageVisibility":      onQueue("ChangeMessageVisibility", (*Engine).changeMessageVisibility),
	"ChangeMessageVisibilityBatch": onQueue("ChangeMessageVisibility", (*Engine).changeMessageVisibilityBatch),

	"StartMessageMoveTask":  onAccount("StartMessageMoveTask", (*Engine).startMessageMoveTask),
	"ListMessageMoveTasks":  onAccount("ListMessageMoveTasks", (*Engine).listMessageMoveTasks),
	"CancelMessageMoveTask": onAccount("CancelMessageMoveTask", (*Engine).cancelMessageMoveTask),
}

// at names the queue of a call by its URL.
type at struct{ QueueUrl string }

func (a at) url() string { return a.QueueUrl }

// onQueue makes the operation of a call on one queue.
func onQueue[In interface{ url() string }](action string, do func(*Engine, *wire.Request, *queue, *In) (any, error)) operation {
	return func(e *Engine, r *wire.Request) (any, error) {
		in := new(In)
		if err := r.Decode(in); err != nil {
			return nil, err
		}
		if err := e.allow(r, action, (*in).url()); err != nil {
			return nil, err
		}
		if p, ok := any(in).(interface{ prepare() }); ok {
			p.prepare()
		}
		return e.locked(func() (any, error) {
			q := e.queues[r.Resource]
			if q == nil {
				return nil, noQueue()
			}
			e.advance(q)
			return do(e, r, q, in)
		})
	}
}

// named is a call that says itself what it is about.
type named interface {
	// resource is a queue's name, or "" for the whole account.
	resource() string
}

// onAccount makes the operation of a call that does not name its queue by URL.
func onAccount[In named](action string, do func(*Engine, *wire.Request, *In) (any, error)) operation {
	return func(e *Engine, r *wire.Request) (any, error) {
		in := new(In)
		if err := r.Decode(in); err != nil {
			return nil, err
		}
		arn := "*"
		if r.Resource = (*in).resource(); r.Resource != "" {
			arn = e.arn(r.Resource)
		}
		if err := r.Allow("sqs:"+action, arn); err != nil {
			return nil, err
		}
		return e.locked(func() (any, error) { return do(e, r, in) })
	}
}

// locked runs do alone, puts its changes on disk as one batch and waits for them,
// and so for everything that do may have seen.
func (e *Engine) locked(do func() (any, error)) (any, error) {
	out, ticket, err := func() (any, disk.Ticket, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		out, err := do()
		return out, e.commit(), err
	}()
	if failed := ticket.Wait(); failed != nil {
		return nil, fmt.Errorf("sqs: write: %w", failed)
	}
	return out, err
}

// allow resolves the URL into r.Resource and asks whether the caller may.
func (e *Engine) allow(r *wire.Request, action, url string) error {
	if url == "" {
		return missing("QueueUrl")
	}
	path, name, found := cutLast(url, "/")
	if _, account, _ := cutLast(path, "/"); !found || account != e.cfg.Account || name == "" {
		return wire.Errorf("InvalidAddress", "The address %s is not valid for this endpoint.", url)
	}
	r.Resource = name
	return r.Allow("sqs:"+action, e.arn(name))
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func (e *Engine) arn(name string) string {
	return "arn:aws:sqs:" + e.cfg.Region + ":" + e.cfg.Account + ":" + name
}

// nameOf is the queue that an ARN of this account and region names, or "".
func (e *Engine) nameOf(arn string) string {
	name, found := strings.CutPrefix(arn, e.arn(""))
	if !found {
		return ""
	}
	return name
}

func (e *Engine) queueURL(r *wire.Request, name string) string {
	host := r.Host
	if host == "" {
		host = "localhost"
	}
	return "http://" + host + "/" + e.cfg.Account + "/" + name
}

// next gives out a number that was never given out before, larger than all before.
func (e *Engine) next() uint64 {
	e.last++
	if e.last > e.leased {
		e.leased = e.last + 10_000
		e.saveLease()
	}
	return e.last
}

// QueueCounts is how many messages a queue holds, by state.
type QueueCounts struct{ Visible, InFlight, Delayed int }

// Counts returns the counts of all queues by name, in one snapshot.
func (e *Engine) Counts() map[string]QueueCounts {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.commit()
	counts := make(map[string]QueueCounts, len(e.queues))
	for name, q := range e.queues {
		e.advance(q)
		counts[name] = q.counts()
	}
	return counts
}

// Waiting returns how many receives wait for messages of a queue.
func (e *Engine) Waiting(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	if q := e.queues[name]; q != nil {
		return len(q.waiters)
	}
	return 0
}

// SetShuffle makes a standard queue deliver as badly as the contract of SQS allows:
// in random order, and each message with the given probability a second time at
// once. A zero seed and no duplicates end it.
func (e *Engine) SetShuffle(name string, seed int64, duplicates float64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	q := e.queues[name]
	switch {
	case q == nil:
		return fmt.Errorf("sqs: shuffle: no queue %q", name)
	case q.fifo:
		return fmt.Errorf("sqs: shuffle: %q is a FIFO queue", name)
	}
	q.shuffle, q.duplicates = nil, duplicates
	if seed != 0 || duplicates > 0 {
		q.shuffle = rand.New(rand.NewPCG(uint64(seed), 1))
	}
	return nil
}

// Sweep does what is due by the clock: messages appear and expire, move tasks go
// on, waiting receives look again. Call it every second and after the clock jumped.
func (e *Engine) Sweep() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, q := range e.queues {
		e.advance(q)
	}
	for _, t := range e.tasks {
		e.step(t)
	}
	e.commit()
}

// Close ends the waiting receives.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, q := range e.queues {
		q.wake(len(q.waiters))
	}
}
