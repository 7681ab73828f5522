package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"omnihub/internal/localaws/sqs"
	"omnihub/internal/localaws/wire"
)

const (
	maxEntries    = 10
	maxTotal      = 1 << 20 // bytes of all entries of a call; the total must be less
	maxDetailType = 128     // characters
	principal     = "events.amazonaws.com"
)

// entry is one event as PutEvents takes it. An entry that lacks a member, or has an
// unusable one, fails alone.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html
type entry struct {
	Source, DetailType, Detail, EventBusName, TraceHeader string
	Resources                                             []string
	Time                                                  *float64 // Unix seconds

	bus string
}

// size counts an entry as AWS documents it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
func (in *entry) size() int {
	n := len(in.Source) + len(in.DetailType) + len(in.Detail)
	for _, resource := range in.Resources {
		n += len(resource)
	}
	if in.Time != nil {
		n += 14
	}
	return n
}

// check refuses an entry that AWS would refuse.
func (in *entry) check() error {
	for _, m := range []struct{ name, value string }{{"Source", in.Source}, {"DetailType", in.DetailType}, {"Detail", in.Detail}} {
		if m.value == "" {
			return wire.Errorf("InvalidArgument", "Parameter %s is not valid. Reason: %s is a required argument.", m.name, m.name)
		}
	}
	if utf8.RuneCountInString(in.DetailType) > maxDetailType {
		return wire.Errorf("InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType has more than %d characters.", maxDetailType)
	}
	if strings.HasPrefix(in.Source, "aws.") {
		return wire.Errorf("NotAuthorizedForSourceException", "Not authorized for the source.")
	}
	if !strings.HasPrefix(strings.TrimLeft(in.Detail, " \t\r\n"), "{") || !json.Valid([]byte(in.Detail)) {
		return wire.Errorf("MalformedDetail", "Detail is malformed.")
	}
	if in.Time != nil && (math.Abs(*in.Time) > 1e11 || *in.Time < 0) {
		return wire.Errorf("InvalidArgument", "Parameter Time is not valid.")
	}
	return nil
}

// result is the answer to one entry.
type result struct {
	EventId      string `json:",omitempty"`
	ErrorCode    string `json:",omitempty"`
	ErrorMessage string `json:",omitempty"`
}

// putEvents publishes events. A bus that does not exist swallows them, as with AWS;
// here the log tells.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
func (e *Engine) putEvents(r *wire.Request) (any, error) {
	var in struct{ Entries []entry }
	if err := r.Decode(&in); err != nil {
		return nil, err
	}
	switch n := len(in.Entries); {
	case n < 1:
		return nil, constraint("[]", "entries", "Member must have length greater than or equal to 1")
	case n > maxEntries:
		return nil, constraint(fmt.Sprintf("[%d entries]", n), "entries", fmt.Sprint("Member must have length less than or equal to ", maxEntries))
	}
	total, buses := 0, map[string]bool{}
	for i := range in.Entries {
		entry := &in.Entries[i]
		var err error
		if entry.bus, err = e.busName(entry.EventBusName); err != nil {
			return nil, err
		}
		buses[entry.bus] = true
		total += entry.size()
	}
	names := slices.Sorted(maps.Keys(buses))
	r.Resource = strings.Join(names, ",")
	for _, name := range names {
		if err := r.Allow("events:PutEvents", e.busARN(name)); err != nil {
			return nil, err
		}
	}
	if total >= maxTotal {
		return nil, wire.Validation("Total size of the entries in the request is over the limit.")
	}
	out := struct {
		FailedEntryCount int
		Entries          []result
	}{Entries: make([]result, len(in.Entries))}
	now := e.cfg.Clock()
	for i := range in.Entries {
		id, err := e.put(r, i, &in.Entries[i], now)
		if err == nil {
			out.Entries[i].EventId = id
			continue
		}
		out.FailedEntryCount++
		refused := &wire.Error{Code: "InternalFailure", Message: "The entry was not published."}
		errors.As(err, &refused)
		out.Entries[i].ErrorCode, out.Entries[i].ErrorMessage = refused.Code, refused.Message
	}
	return out, nil
}

// put publishes one entry and returns the event's id.
func (e *Engine) put(r *wire.Request, i int, in *entry, now time.Time) (string, error) {
	if err := in.check(); err != nil {
		return "", err
	}
	if r.Leaves(i) {
		return "", unserved(i)
	}
	ev := &event{id: newID(), bus: in.bus, source: in.Source, kind: in.DetailType, resources: in.Resources, trace: in.TraceHeader,
		account: e.cfg.Account, region: e.cfg.Region, time: now, ingested: now}
	if in.Time != nil {
		ev.time = time.Unix(int64(*in.Time), 0)
	}
	var detail bytes.Buffer
	if err := json.Compact(&detail, []byte(in.Detail)); err != nil {
		return "", err
	}
	ev.detail = detail.String()
	p := Published{ID: ev.id, Bus: in.bus, Source: in.Source, DetailType: in.DetailType, Time: ev.time.UTC().Truncate(time.Second), Detail: ev.detail}
	if e.cfg.FailEntry != nil {
		if err := e.cfg.FailEntry(r.Caller, i, p); err != nil {
			return "", err
		}
	}
	ev.write()
	e.publish(ev, &p)
	e.journal.add(&p)
	return ev.id, nil
}

// publish gives an event to the targets of all rules that select it.
func (e *Engine) publish(ev *event, p *Published) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	b := e.buses[ev.bus]
	if b == nil {
		p.Failures = append(p.Failures, Failure{Code: "NO_RESOURCE", Message: "Event bus " + ev.bus + " does not exist."})
		e.cfg.Log.Warn("event for a bus that does not exist", "bus", ev.bus, "source", ev.source, "event", ev.id)
		return
	}
	if len(b.active) == 0 {
		return
	}
	tree := ev.tree()
	for _, r := range b.active {
		if !r.pattern.Match(tree) {
			continue
		}
		p.Rules = append(p.Rules, r.Name)
		count := Count{Matched: 1}
		for _, t := range r.targets {
			failed := e.deliver(ev, r, t)
			switch {
			case failed == nil:
				count.Delivered++
				continue
			case failed.DeadLettered:
				count.DeadLettered++
			default:
				count.Dropped++
			}
			p.Failures = append(p.Failures, *failed)
		}
		e.journal.count(r.arn, count)
	}
}

// deliver puts the event into the target's queue, or else into its dead-letter
// queue, or tells the log that it is lost. It returns what went wrong.
func (e *Engine) deliver(ev *event, r *rule, t *target) *Failure {
	failed := &Failure{Rule: r.Name, Target: t.Id, Queue: t.Arn}
	body, err := t.render(ev, r)
	if err != nil {
		failed.Code, failed.Message = "INVALID_JSON", err.Error()
	} else {
		err = e.cfg.Queues.Deliver(sqs.Delivery{Queue: t.Arn, Service: principal, Source: r.arn, Body: body, Group: t.group, Trace: ev.trace})
		if err == nil {
			return nil
		}
		failed.Code, failed.Message = explain(err)
	}
	note := []any{"rule", r.arn, "target", t.Id, "queue", t.Arn, "event", ev.id, "code", failed.Code, "reason", failed.Message}
	if t.grave == "" {
		e.cfg.Log.Warn("event not delivered: dropped, the target has no dead-letter queue", note...)
		return failed
	}
	err = e.cfg.Queues.Deliver(sqs.Delivery{Queue: t.grave, Service: principal, Source: r.arn, Body: ev.text, Strings: map[string]string{
		"RULE_ARN": r.arn, "TARGET_ARN": t.Arn, "ERROR_CODE": failed.Code, "ERROR_MESSAGE": failed.Message}})
	if err != nil {
		_, why := explain(err)
		e.cfg.Log.Warn("event not delivered: dropped, the dead-letter queue refuses it", append(note, "deadletters", t.grave, "refusal", why)...)
		return failed
	}
	failed.DeadLettered = true
	e.cfg.Log.Warn("event not delivered: sent to the dead-letter queue", append(note, "deadletters", t.grave)...)
	return failed
}

// explain is the error code of a dead letter, and its text.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq
func explain(err error) (code, message string) {
	var refused *wire.Error
	if !errors.As(err, &refused) {
		return "INTERNAL_ERROR", "the queue failed"
	}
	switch refused.Code {
	case "QueueDoesNotExist":
		return "NO_RESOURCE", refused.Message
	case "AccessDeniedException":
		return "NO_PERMISSIONS", refused.Message
	}
	return "INVALID_PARAMETER", refused.Message
}
