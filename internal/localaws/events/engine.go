// Package events is Amazon EventBridge as far as the local cloud offers it: buses,
// rules with event patterns, and targets that are queues of the same local cloud.
// What a rule selects is in its queues, and on disk, when PutEvents answers.
package events

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"omnihub/internal/localaws/disk"
	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

// Config is what an engine needs.
type Config struct {
	Disk            *disk.Store  // nil keeps everything in memory; the same one as that of the queues
	Clock           wire.Clock   // nil is time.Now
	Region, Account string       // parts of every ARN
	Queues          queues       // the engine of SQS
	Log             *slog.Logger // told of what is not delivered, without content; nil is silence

	// Before runs before an operation touches anything; an error is the answer, and
	// nothing happened. After runs when all is on disk; an error takes the place of
	// the answer. Either may be nil.
	Before, After func(operation, caller string) error
	// FailEntry may make entry i, counted from 0, of a call of PutEvents fail, and
	// tells by a *wire.Error with which code; another error is an InternalFailure.
	// Entries that are refused anyway are not asked about. Nil fails none.
	FailEntry func(caller string, i int, entry Published) error
}

// queues takes messages for queues by their ARN.
type queues interface {
	Deliver(sqs.Delivery) error
}

// Engine holds the buses of one account in one region.
type Engine struct {
	cfg Config

	mu    sync.RWMutex // held to read while events are published
	buses map[string]*bus

	journal journal
}

// Open loads buses, rules and targets from the disk.
func Open(cfg Config) (*Engine, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{cfg: cfg, buses: map[string]*bus{}}
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("events: open: %w", err)
	}
	return e, nil
}

// operation runs one call under the engine's lock and returns what it changed.
type operation func(*Engine, *wire.Request) (any, []disk.Op, error)

var operations = map[string]operation{
	"CreateEventBus":    (*Engine).createEventBus,
	"DeleteEventBus":    (*Engine).deleteEventBus,
	"DescribeEventBus":  (*Engine).describeEventBus,
	"ListEventBuses":    (*Engine).listEventBuses,
	"PutRule":           (*Engine).putRule,
	"DeleteRule":        (*Engine).deleteRule,
	"DescribeRule":      (*Engine).describeRule,
	"ListRules":         (*Engine).listRules,
	"EnableRule":        (*Engine).enableRule,
	"DisableRule":       (*Engine).disableRule,
	"PutTargets":        (*Engine).putTargets,
	"RemoveTargets":     (*Engine).removeTargets,
	"ListTargetsByRule": (*Engine).listTargetsByRule,
	"TestEventPattern":  (*Engine).testEventPattern,
}

// Do runs one operation, and answers when what it changed or saw is on disk.
func (e *Engine) Do(r *wire.Request) (any, error) {
	run := operations[r.Operation]
	if run == nil && r.Operation != "PutEvents" {
		return nil, wire.Unsupported("the EventBridge operation %s", r.Operation)
	}
	if e.cfg.Before != nil {
		if err := e.cfg.Before(r.Operation, r.Caller); err != nil {
			return nil, err
		}
	}
	out, err := e.run(r, run)
	if err == nil && e.cfg.After != nil {
		err = e.cfg.After(r.Operation, r.Caller)
	}
	return out, err
}

func (e *Engine) run(r *wire.Request, run operation) (any, error) {
	var out any
	var err error
	var ticket disk.Ticket
	if run == nil {
		out, err = e.putEvents(r)
		ticket = e.cfg.Disk.Tip()
	} else {
		out, ticket, err = e.change(r, run)
	}
	if failed := ticket.Wait(); failed != nil {
		return nil, fmt.Errorf("events: write: %w", failed)
	}
	return out, err
}

func (e *Engine) change(r *wire.Request, run operation) (any, disk.Ticket, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	out, ops, err := run(e, r)
	return out, e.cfg.Disk.Append(ops...), err
}

func (e *Engine) arn(rest string) string {
	return "arn:aws:events:" + e.cfg.Region + ":" + e.cfg.Account + ":" + rest
}

func (e *Engine) busARN(name string) string { return e.arn("event-bus/" + name) }

// ruleARN leaves the default bus out, as AWS does.
func (e *Engine) ruleARN(bus, rule string) string {
	if bus == defaultBus {
		return e.arn("rule/" + rule)
	}
	return e.arn("rule/" + bus + "/" + rule)
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
