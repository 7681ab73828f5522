package sqs

import (
	"net/http"

	"omnihub/internal/localaws/policy"
	"omnihub/internal/localaws/wire"
)

// Delivery is a message that a service of AWS sends in its own name.
type Delivery struct {
	Queue   string // ARN
	Service string // principal of the service: "events.amazonaws.com"
	Source  string // ARN of what the service acts for: aws:SourceArn
	Body    string
	Group   string            // MessageGroupId
	Trace   string            // AWSTraceHeader
	Strings map[string]string // message attributes, of the type String
}

// Deliver puts a message into a queue whose policy lets the service send. The message
// can be received at once, but is on disk only when the disk's tip of now is: who
// tells others of it waits for that. An error is a *wire.Error: QueueDoesNotExist,
// AccessDeniedException, or what SendMessage would answer.
func (e *Engine) Deliver(d Delivery) error {
	p := posting{MessageBody: &d.Body, MessageGroupId: d.Group}
	if len(d.Strings) > 0 {
		p.MessageAttributes = make(map[string]attribute, len(d.Strings))
	}
	for name, value := range d.Strings {
		p.MessageAttributes[name] = attribute{DataType: "String", StringValue: &value}
	}
	if d.Trace != "" {
		p.MessageSystemAttributes = map[string]attribute{"AWSTraceHeader": {DataType: "String", StringValue: &d.Trace}}
	}
	p.prepare()
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.commit()
	q := e.queues[e.nameOf(d.Queue)]
	if q == nil {
		return noQueue()
	}
	e.advance(q)
	if err := e.admits(q, d); err != nil {
		return err
	}
	if fault := q.lacks(&p); fault != nil {
		return fault
	}
	if _, fault := e.send(&wire.Request{Caller: d.Service}, q, &p); fault != nil {
		return fault
	}
	return nil
}

// admits asks the queue's policy. A service, unlike a role of the account, may send
// only where a policy says so.
func (e *Engine) admits(q *queue, d Delivery) error {
	call := policy.Call{Service: d.Service, Action: "sqs:SendMessage", Resource: e.arn(q.name), Source: d.Source, Account: e.cfg.Account}
	if q.settings.policy.Allows(call) {
		return nil
	}
	why := "no resource-based policy allows the sqs:SendMessage action for " + d.Source
	if q.settings.unread != nil {
		why = "the queue's policy cannot be read by the local cloud: " + q.settings.unread.Error()
	}
	return &wire.Error{Code: "AccessDeniedException", Status: http.StatusForbidden,
		Message: d.Service + " is not authorized to perform: sqs:SendMessage on resource: " + call.Resource + " because " + why}
}
