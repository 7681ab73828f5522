package template

import (
	"slices"

	"omnihub/internal/localaws/policy"
)

// attached is the policy of a queue.
type attached struct {
	id     string // logical id of the AWS::SQS::QueuePolicy
	policy *policy.Policy
}

// queuePolicy reads an AWS::SQS::QueuePolicy and puts it on its queues.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queuepolicy.html
func (r *resolver) queuePolicy(m *Model, res *resource) error {
	o, err := r.properties(res.id+" ("+res.kind+")", field(res.node, "Properties"))
	if err != nil {
		return err
	}
	text := o.literal("PolicyDocument")
	if text == "" {
		o.fail(nil, "PolicyDocument is missing")
	}
	judge, err := policy.Parse(text)
	if err != nil {
		o.fail(o.get("PolicyDocument"), "PolicyDocument: %v", err)
	}
	urls := o.texts("Queues")
	if len(urls) == 0 {
		o.fail(nil, "Queues is missing")
	}
	for _, url := range urls {
		i := slices.IndexFunc(m.Queues, func(q Queue) bool { return q.URL == url })
		if i < 0 {
			o.fail(o.get("Queues"), "Queues: %s is no queue of this template", url)
			continue
		}
		q := &m.Queues[i]
		if other := r.policies[q.ID].id; other != "" && other != res.id {
			o.fail(o.get("Queues"), "queue %s has the policy %s already, and CloudFormation would keep only the last of them: write one", q.ID, other)
		}
		r.policies[q.ID] = attached{res.id, judge}
		q.Policy = text
	}
	return o.done()
}

// letsSend reports whether the queue's policy lets the event bus send for a source: a
// rule or a bus.
func (r *resolver) letsSend(q *Queue, source string) bool {
	return r.policies[q.ID].policy.Allows(policy.Call{Service: eventsService, Action: "sqs:SendMessage", Resource: q.ARN, Source: source, Account: r.o.Account})
}
